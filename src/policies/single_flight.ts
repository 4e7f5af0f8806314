/**
 * Station 2, single-flight: identical concurrent GETs share one execution.
 *
 * @module
 */

import { isSafeMethod } from "../http/classify.ts";
import { isEmpty } from "../http/headers.ts";
import { withoutFragment } from "../http/url.ts";
import { type Flight, FlightTable } from "../primitives/flight_table.ts";
import { StringMap } from "../primitives/string_map.ts";
import type { StandardSchemaV1 } from "../schemas/standard_schema.ts";
import type { Call, Settings } from "./call.ts";
import type { Environment, Policy } from "./policy.ts";
import { Reply } from "./reply.ts";

/**
 * Lets a call that asks for the same as one under way wait for that one's reply. Calls are the same when URL, headers and
 * options are, and nothing was sent in between that may have changed something. Each decodes its own value, and each may be aborted alone: the work goes on as long as one waits for it.
 *
 * @param environment What the stations share.
 * @returns The policy.
 */
export function singleFlight({ counters }: Environment): Policy {
  const flights = new Flights();
  return (next) => (call) => {
    if (!isSharable(call) || call.cancelled) {
      return isSafeMethod(call.request.method) ? next(call) : next(call).finally(() => flights.forget(call));
    }
    const joined = flights.join(call);
    if (joined === undefined) {
      const promise = next(call);
      // Who has left by now leaves nothing to share.
      if (!call.cancelled) call.flight = flights.start(call, promise);
      return promise;
    }
    call.flight = joined;
    const leader = joined.worker!;
    // The work may take as long as the most patient of those who wait for it.
    leader.deadlineAtMs = Math.max(leader.deadlineAtMs, call.deadlineAtMs);
    counters.shared++;
    return joined.promise!.then((reply) => sharedReply(call, leader, reply), (error) => {
      call.attempts = leader.attempts;
      throw error;
    });
  };
}

function sharedReply(call: Call, leader: Call, reply: Reply): Reply {
  call.attempts = leader.attempts;
  call.target = leader.target;
  const { head, body, openBody } = reply;
  const shared = new Reply(head, { from: "shared", body, openBody });
  shared.retryAfterMs = reply.retryAfterMs;
  // The cache may have it too, whoever else is left.
  shared.shared = reply.shared;
  return shared;
}

function isSharable({ request, streams }: Call): boolean {
  return !streams && request.method === "GET" && request.init === undefined;
}

/**
 * The executions under way, by what they ask for. Nearly always nobody asks for the same with other options, so these
 * become part of a key only when somebody does.
 */
class Flights {
  readonly #plain = new FlightTable<string, Reply, Call>(new StringMap());
  readonly #withSettings = new FlightTable<string, Reply, Call>();
  /** The latest change of a URL, as long as somebody waits for what was asked for before one. */
  readonly #changes = new Map<string, number>();
  #changeCount = 0;
  /** The latest change that is not remembered by itself, and counts for all. */
  #forgottenChange = 0;

  /** A resource may have changed: who asks from now on must not get what was asked for before. */
  forget({ request }: Call): void {
    if (this.#plain.size === 0) return;
    this.#changeCount++;
    if (this.#changes.size < MAX_CHANGES) {
      this.#changes.set(withoutFragment(request.url), this.#changeCount);
    } else {
      this.#changes.clear();
      this.#forgottenChange = this.#changeCount;
    }
  }

  join(call: Call): Flight<string, Reply, Call> | undefined {
    const key = this.#keyOf(call);
    const leader = this.#plain.peek(key)?.worker;
    if (leader !== undefined && areSame(leader.settings, call.settings)) return this.#plain.join(key);
    return this.#withSettings.size === 0 ? undefined : this.#withSettings.join(fullKey(key, call.settings));
  }

  start(call: Call, promise: Promise<Reply>): Flight<string, Reply, Call> {
    const key = this.#keyOf(call);
    return this.#plain.peek(key) === undefined
      ? this.#plain.start(key, call, promise)
      : this.#withSettings.start(fullKey(key, call.settings), call, promise);
  }

  #keyOf({ request: { url, headers } }: Call): string {
    const resource = withoutFragment(url);
    const key = isEmpty(headers)
      ? resource
      : `${resource}\n${JSON.stringify(Object.entries(headers).sort())}`;
    if (this.#changeCount === 0) return key;
    if (this.#plain.size === 0) this.#changes.clear();
    const change = this.#changes.get(resource) ?? this.#forgottenChange;
    return change === 0 ? key : `${key}\n${change}`;
  }
}

/** So many changes are remembered by themselves. */
const MAX_CHANGES = 1_000;

/** What a shared execution depends on; whom it is urgent for, it does not. */
function shareable({ priority: _, ...settings }: Settings): Omit<Settings, "priority"> {
  return settings;
}

function areSame(settings: Settings, others: Settings): boolean {
  if (settings === others) return true;
  const theirs: Readonly<Record<string, unknown>> = { ...shareable(others) };
  return Object.entries(shareable(settings)).every(([name, value]) => theirs[name] === value);
}

const schemaNumbers = new WeakMap<StandardSchemaV1, number>();
let lastSchemaNumber = 0;

function fullKey(key: string, settings: Settings): string {
  const { schema, ...rest } = shareable(settings);
  if (schema !== undefined && !schemaNumbers.has(schema)) schemaNumbers.set(schema, ++lastSchemaNumber);
  const schemaNumber = schema === undefined ? 0 : schemaNumbers.get(schema);
  const values = Object.entries(rest).map(([name, value]) => `${name}=${value}`).sort();
  return `${key}\n${schemaNumber}\n${values.join()}`;
}
