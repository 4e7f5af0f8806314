/**
 * Origins from which nothing comes must not hold what others could use.
 *
 * @module
 */

import type { Allowance } from "./allowance.ts";
import { type Lane, SILENT_MS } from "./lane.ts";
import type { LanesAside } from "./lanes_aside.ts";
import { SmallShare } from "./small_share.ts";

/** How long it is until that is looked at again, in milliseconds. */
export const LOOK_AGAIN_MS = 1_000;
/** So late a timer comes only where the program keeps the event loop from everything, also from what has come meanwhile; in milliseconds. */
const DEAF_MS = 500;
/** One of so many permits, as a mean, finds out whether silent origins serve what they were not asked for yet. */
const PERMITS_FOR_SCOUT = 10;

/** An attempt in flight. */
export interface AttemptUnderWay {
  readonly lane: Lane;
  /** When it was sent, on the client's clock. */
  readonly sentAtMs: number;
  /** Whether its headers have come. */
  readonly hasHeaders: boolean;
  /** What its batch may have in flight; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /** Whether it is still waited for. */
  readonly isPending: boolean;
  /** Whether it may be sent again, and was not for this reason. */
  readonly mayGiveWay: boolean;
  /** Ends it; its request gets in line again. */
  giveWay(): void;
}

/** What knows what is in flight. */
export interface AttemptSource {
  /** The lanes that requests have led to. */
  lanesMet(): Iterable<Lane>;
  /** Attempts that wait for their origins, and those whose headers have come. */
  attempts(): Iterable<AttemptUnderWay>;
}

/** What there is to know of permits. */
export interface PermitView {
  /** How many permits there are. */
  readonly capacity: number;
  /** Whether there is no permit left, and somebody wants one that waits for no silent origin, and is not this batch. */
  isWantedBeside(allowance: Allowance | undefined): boolean;
  /** Lets a lane claim again. */
  reconsiderLane(lane: Lane): void;
}

/**
 * Keeps requests to silent origins, such as hosts behind a firewall that drops everything, from taking all permits until they time out.
 * Silent is an origin from which nothing comes for 5 s, and for twice as long as any answer has taken, while an attempt waits for it. While
 * other origins serve requests that want them, a quarter of the permits is left to silent ones: no more are sent there, and what is
 * in flight beyond that is ended, the latest first, and sent again in its turn, once for each request. The others have their whole time.
 * Besides, scouts go one by one: an origin may only be silent about what it was asked for so far.
 *
 * There are no timers here: whoever waits for an attempt looks, after 5 s and then every second.
 */
export class SilentLanes {
  readonly #view: PermitView;
  /** Knows what is in flight; without it, nothing is. */
  source: AttemptSource | undefined = undefined;
  #lookedAtMs = -Infinity;
  /** Until when it is not looked, for what has come may not have been read. */
  #deafUntilMs = -Infinity;
  /** What silent lanes hold. */
  readonly #share: SmallShare;
  readonly #aside: LanesAside;
  /** When an origin has served a request last, on the client's clock. */
  servedAtMs: number = -Infinity;
  /** When one more request may go to a silent origin. */
  #nextScoutAtMs = -Infinity;
  /** When an attempt has given way last to find out whether others are served. */
  #foundOutAtMs = -Infinity;
  /** How long it is until the next one may. */
  #findOutGapMs = SILENT_MS;

  /** Begins without silent lanes; what has been set aside may be one of them. */
  constructor(view: PermitView, aside: LanesAside) {
    this.#view = view;
    this.#share = new SmallShare(view);
    this.#aside = aside;
  }

  /**
   * Some attempt has waited for a while: finds out which origins are silent, and has those give way that hold too much.
   *
   * @param nowMs The time on the client's clock.
   * @param dueAtMs When it should have been looked.
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
      .filter(({ lane, sentAtMs }) =>
        !alive.has(lane) && nowMs - sentAtMs >= lane.silentAfterMs && lane.hasGoneSilent(nowMs)
      )
      .sort((one, other) => one.sentAtMs - other.sentAtMs);
    for (const { lane } of silent) this.#silence(lane, nowMs);
    this.#makeRoom(silent, nowMs);
    if (nowMs >= this.#nextScoutAtMs) this.#sendScout(attempts, nowMs);
  }

  /** Lets one more request go to the silent origin that was asked for nothing new for longest, if somebody waits for it. */
  #sendScout(attempts: readonly AttemptUnderWay[], nowMs: number): void {
    const fresh = attempts.filter(({ sentAtMs }) => nowMs - sentAtMs < SILENT_MS);
    const asked = new Set(fresh.map(({ lane }) => lane));
    let chosen: Lane | undefined;
    for (const lane of this.source!.lanesMet()) {
      if (!lane.isSilent || lane.queued === 0 || asked.has(lane)) continue;
      if (chosen === undefined || lane.scoutedAtMs < chosen.scoutedAtMs) chosen = lane;
    }
    if (chosen === undefined) return;
    const { concurrency = Infinity } = chosen.head?.waiter.errand.allowance ?? {};
    const permits = Math.min(this.#view.capacity, concurrency);
    this.#nextScoutAtMs = nowMs + SILENT_MS * PERMITS_FOR_SCOUT / permits;
    chosen.mayScout = true;
    this.#view.reconsiderLane(chosen);
  }

  /** Whether a timer that was due then is punctual, so that what has come was read. */
  hears(nowMs: number, dueAtMs: number): boolean {
    if (nowMs - dueAtMs >= DEAF_MS) this.#deafUntilMs = nowMs + DEAF_MS;
    return nowMs >= this.#deafUntilMs;
  }

  /** A permit is taken, or given back, for a silent lane. */
  count(permits: 1 | -1): void {
    this.#share.inFlight += permits;
  }

  /** Something has come from a silent lane: others may go now. */
  noteAnswer(lane: Lane): void {
    this.#share.inFlight -= lane.inFlight;
    lane.isSilent = false;
    this.#aside.delete(lane);
    lane.refresh();
  }

  /** Whether silent lanes hold as much as they may have while others want permits; and a batch, of what it may have in flight. */
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

  /** Has attempts give way that are more than silent origins may have. */
  #makeRoom(silent: readonly AttemptUnderWay[], nowMs: number): void {
    let left = silent.length;
    for (const attempt of silent.toReversed()) {
      const { lane, allowance, sentAtMs } = attempt;
      if (left <= this.#share.room(allowance)) return;
      if (!attempt.isPending || !attempt.mayGiveWay) continue;
      // What the silent origin itself has served says nothing of others.
      if (this.servedAtMs >= sentAtMs && this.servedAtMs > lane.answeredAtMs) {
        const isWanted = this.#view.isWantedBeside(undefined) ||
          (allowance !== undefined && isFull(allowance));
        if (!isWanted) continue;
        // It may be the network itself that is silent: one makes room to find that out. All of its own batch may be for the same origin.
      } else if (!this.#view.isWantedBeside(allowance) || !this.#mayFindOut(nowMs)) continue;
      left--;
      attempt.giveWay();
    }
  }

  /** Whether one may give way although nobody is known to be served: the longer that goes on, the more seldom. */
  #mayFindOut(nowMs: number): boolean {
    if (this.servedAtMs >= this.#foundOutAtMs) this.#findOutGapMs = SILENT_MS;
    else if (nowMs - this.#foundOutAtMs < this.#findOutGapMs) return false;
    else this.#findOutGapMs *= 2;
    this.#foundOutAtMs = nowMs;
    return true;
  }
}

/** Whether a batch would pull further requests if it had places for them. */
function isFull({ hasMore, active, concurrency, asleep, maxWaiting }: Allowance): boolean {
  return hasMore && active >= concurrency && asleep < maxWaiting;
}
