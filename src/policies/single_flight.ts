/**
 * Single-flight: identical concurrent GETs share one execution.
 *
 * @module
 */

import { type HeaderMap, isEmpty } from "../http/headers.ts";
import { withoutFragment } from "../http/url.ts";
import { fallAsleep } from "../lanes/errand.ts";
import type { Call } from "./call.ts";
import { Reply } from "./reply.ts";
import type { Settings } from "./settings.ts";

const SMALLEST = 64;
/** The prime of the hash function FNV-1a. */
const PRIME = 0x01000193;
/** How many changed URLs are remembered while calls are in flight that began before the change. */
const MOST_CHANGES = 1_000;
/**
 * With how many calls of the same hash a call is compared. More of them in flight are requests for one URL that differ in their
 * settings, such as in a timeout that each caller computes, and comparing all of them would take quadratic time.
 */
const MOST_COMPARED = 8;

/**
 * The calls in flight that others of the same client may join: identical requests, under the same settings. The entries of this
 * hash table are linked through the calls themselves. So an entry costs a hash and no memory, where the primitive `SingleFlight`
 * would make a promise and an entry in a map for each request; and an ended call leaves nothing behind.
 */
export class Flights {
  #heads: (Call | undefined)[] = new Array<Call | undefined>(SMALLEST).fill(undefined);
  #mask = SMALLEST - 1;
  #size = 0;
  /** The changed URLs, each with the number of the latest call that had begun by then. */
  readonly #changes = new Map<string, number>();
  /** No call up to this number is joined, whatever its URL, because some changes are not remembered. */
  #forgottenId = -1;

  /** How many calls may be joined. */
  get size(): number {
    return this.#size;
  }

  /**
   * Looks for an identical call. If there is none, this call may be joined from now on, unless too many calls resemble it.
   *
   * @returns The call to join.
   */
  enter(call: Call): Call | undefined {
    // The caller wants each of these requests to be sent, and once.
    if (call.settings.idempotent === false) return undefined;
    const hash = call.hash = hashOf(call.url, (call.prepared ?? call.context).headers);
    const place = hash & this.#mask;
    let compared = 0;
    for (let other = this.#heads[place]; other !== undefined; other = other.chain) {
      if (other.hash !== hash) continue;
      if (areAlike(call, other) && !other.cancelled && !other.isLeaving && !this.#isOutdated(other)) {
        return other;
      }
      if (++compared === MOST_COMPARED) return undefined;
    }
    call.chain = this.#heads[place];
    call.isInTable = true;
    this.#heads[place] = call;
    if (++this.#size > this.#heads.length) this.#grow();
    return undefined;
  }

  /** Removes a call that has ended. */
  remove(call: Call): void {
    if (!call.isInTable) return;
    call.isInTable = false;
    if (--this.#size === 0 && this.#changes.size > 0) this.#changes.clear();
    const place = call.hash & this.#mask;
    const head = this.#heads[place];
    if (head === call) {
      this.#heads[place] = call.chain;
    } else {
      let other = head!;
      while (other.chain !== call) other = other.chain!;
      other.chain = call.chain;
    }
    call.chain = undefined;
  }

  /**
   * Notes that resources may have changed: requests from now on must not get responses to earlier requests. Checks a call for
   * changes only when another would join it, since many calls may be in flight, and their URLs may be written in many ways.
   *
   * @param places All URLs that the changed resource may have, as a parser writes them.
   * @param latestId The number of the latest call that has begun.
   */
  forget(places: readonly string[], latestId: number): void {
    if (this.#changes.size >= MOST_CHANGES) {
      this.#changes.clear();
      this.#forgottenId = latestId;
    }
    for (const place of places) this.#changes.set(place, latestId);
  }

  #isOutdated(call: Call): boolean {
    if (call.id <= this.#forgottenId) return true;
    if (this.#changes.size === 0) return false;
    return call.context.owner.placesOf(call).some((place) => (this.#changes.get(place) ?? 0) >= call.id);
  }

  #grow(): void {
    const heads = this.#heads;
    this.#heads = new Array<Call | undefined>(2 * heads.length).fill(undefined);
    this.#mask = this.#heads.length - 1;
    for (const head of heads) {
      for (let call = head; call !== undefined;) {
        const { chain } = call;
        const place = call.hash & this.#mask;
        call.chain = this.#heads[place];
        this.#heads[place] = call;
        call = chain;
      }
    }
  }
}

/**
 * Returns a hash of a URL without its fragment, and of the values of headers in any order. It uses every letter: URLs may differ
 * anywhere, and requests for one URL in a token or a range.
 */
function hashOf(url: string, headers: HeaderMap): number {
  const fragment = url.indexOf("#");
  const length = fragment === -1 ? url.length : fragment;
  let hash = 0;
  for (let index = 0; index < length; index++) hash = Math.imul(hash ^ url.charCodeAt(index), PRIME);
  let sum = 0;
  for (const name in headers) {
    const value = headers[name]!;
    let own = 0;
    for (let index = 0; index < value.length; index++) {
      own = Math.imul(own ^ value.charCodeAt(index), PRIME);
    }
    sum = (sum + own) | 0;
  }
  hash = Math.imul(hash ^ sum, PRIME);
  return hash ^ (hash >>> 15);
}

function areAlike(call: Call, other: Call): boolean {
  // An extension of the client sends other headers, through other middleware, to other mirrors.
  if (call.context.owner !== other.context.owner) return false;
  if (call.url !== other.url && withoutFragment(call.url) !== withoutFragment(other.url)) return false;
  return haveSameSettings(call.settings, other.settings) &&
    haveSameHeaders(call.headers, other.request.headers) &&
    call.patienceMs === other.patienceMs;
}

/**
 * Whether two calls have the same settings, as far as a shared execution depends on them: not on the priority or the progress
 * listener.
 */
function haveSameSettings(settings: Settings, others: Settings): boolean {
  if (settings === others) return true;
  const theirs: Readonly<Record<string, unknown>> = { ...others };
  return Object.entries(settings).every(([name, value]) =>
    name === "priority" || name === "onProgress" || theirs[name] === value
  );
}

function haveSameHeaders(headers: HeaderMap, others: HeaderMap): boolean {
  if (headers === others) return true;
  if (isEmpty(headers) !== isEmpty(others)) return false;
  const names = Object.keys(headers);
  return names.length === Object.keys(others).length && names.every((name) => headers[name] === others[name]);
}

/** Makes a call wait for another call's answer. Each may be aborted alone: the work goes on as long as one call waits for it. */
export function join(call: Call, leader: Call): void {
  leader.flight ??= { members: leader.settled ? 0 : 1, followers: [], deadlineAtMs: leader.deadlineAtMs };
  leader.flight.members++;
  leader.flight.followers.push(call);
  call.leader = leader;
  // The work may take as long as the most patient of its callers allows.
  leader.flight.deadlineAtMs = Math.max(leader.flight.deadlineAtMs, call.deadlineAtMs);
  fallAsleep(call);
}

/** Stops a call's wait for another call, which goes on for the rest. */
export function leave(call: Call, leader: Call): void {
  const { followers } = leader.flight!;
  followers.splice(followers.indexOf(call), 1);
  leader.flight!.members--;
  call.leader = undefined;
}

/** Returns the reply of a leader's execution, for a call that has waited for it. */
export function sharedReply(call: Call, leader: Call, reply: Reply): Reply {
  call.attempts = leader.attempts;
  const { head, body, openBody, target } = reply;
  // A stale reply is stale for all.
  const from = reply.from === "stale" ? "stale" : "shared";
  const shared = new Reply(head, { from, body, openBody, target });
  shared.retryAfterMs = reply.retryAfterMs;
  shared.failures = reply.failures;
  // Only an error tells why there was no further attempt.
  if (reply.status >= 400) call.journey.notRetried = leader.journey.notRetried;
  // The cache may share the bytes, too, even if no other caller is left.
  shared.shared = reply.shared;
  return shared;
}
