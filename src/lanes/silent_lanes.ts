/**
 * The rule that silent origins must not hold the permits that others could use.
 *
 * @module
 */

import type { Allowance } from "./allowance.ts";
import { type Lane, SILENT_MS } from "./lane.ts";
import type { LanesAside } from "./lanes_aside.ts";
import { SmallShare } from "./small_share.ts";

/** How often attempts look again for silent origins, in milliseconds. */
export const LOOK_AGAIN_MS = 1_000;
/**
 * A timer that is late by this many milliseconds shows that the program has blocked the event loop: answers may have arrived
 * unread.
 */
const DEAF_MS = 500;

/** An attempt in flight. */
export interface AttemptUnderWay {
  readonly lane: Lane;
  /** When the attempt was sent, on the client's clock. */
  readonly startedAtMs: number;
  /** Whether its headers have come. */
  readonly hasHeaders: boolean;
  /** The limits of the attempt's batch; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /** Whether its call still waits for the attempt. */
  readonly isPending: boolean;
  /** Whether its request may be sent again, and has not given way before. */
  readonly mayGiveWay: boolean;
  /** Ends the attempt; its request gets in line again. */
  giveWay(): void;
}

/** The source of the lanes and attempts of a client. */
export interface AttemptSource {
  /** Returns the lanes that requests have led to. */
  lanesMet(): Iterable<Lane>;
  /** Returns the attempts that wait for their origins, and those whose headers have come. */
  attempts(): Iterable<AttemptUnderWay>;
}

/** The scheduler's permits, as far as {@linkcode SilentLanes} has to know them. */
export interface PermitView {
  /** How many permits there are. */
  readonly capacity: number;
  /** Whether all permits are out, and another batch or a request whose origin answers wants one. */
  isWantedBeside(allowance: Allowance | undefined): boolean;
}

/**
 * Keeps requests to silent origins, such as hosts behind a firewall that drops everything, from taking all permits until they
 * time out. An origin is silent if an attempt waits for it and nothing has come from it for 5 s, and for twice as long as its
 * slowest answer took.
 *
 * While requests to other origins want permits, silent origins may hold a quarter of them. No more requests are sent there.
 * Attempts in flight beyond that give way, the latest first, and go again in their turn, once for each request. The others have
 * their whole time.
 *
 * There are no timers here: whichever code waits for an attempt calls `look`, after 5 s and then every second.
 */
export class SilentLanes {
  readonly #view: PermitView;
  /** The source of the lanes and the attempts in flight; the dispatcher sets it. Without it, no attempts are known. */
  source: AttemptSource | undefined = undefined;
  #lookedAtMs = -Infinity;
  /** Until when nothing is judged, because answers may have arrived unread. */
  #deafUntilMs = -Infinity;
  /** The permits of silent lanes. */
  readonly #share: SmallShare;
  readonly #aside: LanesAside;
  /** When an origin last served a request, on the client's clock. */
  servedAtMs: number = -Infinity;
  /** When the latest attempt began that an origin has served, on the client's clock. */
  servedBeganAtMs: number = -Infinity;
  /** When an attempt last gave way to find out whether others are served, on the client's clock. */
  #foundOutAtMs = -Infinity;

  /** Creates the rule without silent lanes. `aside` holds the lanes that stand aside, silent ones among them. */
  constructor(view: PermitView, aside: LanesAside) {
    this.#view = view;
    this.#share = new SmallShare(view);
    this.#aside = aside;
  }

  /**
   * Finds out which origins are silent, and makes those attempts give way that hold too many permits. Called when an attempt has
   * waited for a while.
   *
   * @param nowMs The time on the client's clock.
   * @param dueAtMs When the look was due, on that clock.
   */
  look(nowMs: number, dueAtMs: number): void {
    const hears = this.hears(nowMs, dueAtMs);
    if (this.source === undefined || nowMs === this.#lookedAtMs || !hears) return;
    this.#lookedAtMs = nowMs;
    let isAnySilent = false;
    for (const lane of this.source.lanesMet()) {
      isAnySilent ||= lane.inFlight > 0 && lane.hasGoneSilent(nowMs);
    }
    if (!isAnySilent) return;
    const attempts = [...this.source.attempts()];
    const alive = new Set(attempts.filter(({ hasHeaders }) => hasHeaders).map(({ lane }) => lane));
    const silent = attempts
      .filter(({ lane, startedAtMs }) =>
        !alive.has(lane) && nowMs - startedAtMs >= lane.silentAfterMs && lane.hasGoneSilent(nowMs)
      )
      .sort((one, other) => one.startedAtMs - other.startedAtMs);
    for (const { lane } of silent) this.#silence(lane, nowMs);
    this.#makeRoom(silent, nowMs);
  }

  /** Whether a timer that was due at that time is punctual, so that all answers have been read. */
  hears(nowMs: number, dueAtMs: number): boolean {
    if (nowMs - dueAtMs >= DEAF_MS) this.#deafUntilMs = nowMs + DEAF_MS;
    return nowMs >= this.#deafUntilMs;
  }

  /** Counts a permit that a silent lane takes or gives back. */
  count(permits: 1 | -1): void {
    this.#share.inFlight += permits;
  }

  /** Ends the silence of a lane from which something has come. */
  noteAnswer(lane: Lane): void {
    this.#share.inFlight -= lane.inFlight;
    lane.isSilent = false;
    this.#aside.delete(lane);
    lane.refresh();
  }

  /** Whether silent lanes hold their share of the permits, or of the concurrency of a batch. */
  areFull(allowance: Allowance | undefined): boolean {
    return this.#share.isFull(allowance);
  }

  #silence(lane: Lane, nowMs: number): void {
    if (lane.isSilent) return;
    lane.isSilent = true;
    lane.silentSinceMs = nowMs;
    lane.isClear = false;
    lane.listens = true;
    this.#share.inFlight += lane.inFlight;
  }

  /** Makes attempts give way that are in excess of the silent lanes' share. */
  #makeRoom(silent: readonly AttemptUnderWay[], nowMs: number): void {
    let left = silent.length;
    for (const attempt of silent.toReversed()) {
      const { lane, allowance, startedAtMs } = attempt;
      if (left <= this.#share.room(allowance)) return;
      if (!attempt.isPending || !attempt.mayGiveWay) continue;
      // Successes of the silent origin itself say nothing about other origins.
      if (this.servedAtMs >= startedAtMs && this.servedAtMs > lane.answeredAtMs) {
        const isWanted = this.#view.isWantedBeside(undefined) ||
          (allowance !== undefined && isFull(allowance));
        if (!isWanted) continue;
        // The network itself may be silent: one attempt makes room to find that out. Only if another batch or a single request
        // wants the permit, since all requests of its own batch may wait for the same origin.
      } else if (!this.#view.isWantedBeside(allowance) || !this.#mayFindOut(nowMs)) continue;
      left--;
      attempt.giveWay();
    }
  }

  /** Whether an attempt may give way although no origin is known to serve others: at most one in a while. */
  #mayFindOut(nowMs: number): boolean {
    if (this.servedAtMs < this.#foundOutAtMs && nowMs - this.#foundOutAtMs < SILENT_MS) return false;
    this.#foundOutAtMs = nowMs;
    return true;
  }
}

/** Whether a batch would pull further requests if it had room for them. */
function isFull({ hasMore, active, concurrency, asleep, maxWaiting }: Allowance): boolean {
  return hasMore && active >= concurrency && asleep < maxWaiting;
}
