/**
 * What those requests know together that wait for a budget of retries.
 *
 * @module
 */

import type { Scheduler } from "../lanes/scheduler.ts";

/** A drought lasts until no request has waited for so long, in milliseconds: as long as a budget remembers retries. */
const OVER_MS = 10_000;

/** How long it is until the next scout may go: a share of how long the drought has lasted, and so many milliseconds at least and at most. */
const SCOUT_SHARE = 0.1;
const SCOUT_GAP_MS = 500;
const LONGEST_SCOUT_GAP_MS = 5_000;

/** So many scouts there are for each retry that the budget has paid for, and so many at the most. */
const SCOUTS_PER_RETRY = 0.25;
const MOST_SCOUTS = 30;

/** If as large a share of the requests knows that their origins serve others meanwhile, it is for what they ask for that they fail. */
const FEW_OF_THEM = 0.1;

/** What knows whether origins serve requests, and how much of the time counts. */
export type DroughtScheduler = Pick<Scheduler, "silentLanes" | "workingTime">;

/**
 * A time in which the budget has no retry for some that wait for it. What an outage has used up would be missing for long after it: so from
 * time to time one request goes without the budget, as a scout, and if it is served there are retries for others again. As long as no origin
 * has served anything since the drought began, the client's own network may be away. That is an outage like one of an origin: the budget's time
 * stands still in it.
 */
export class BudgetDrought {
  readonly #scheduler: DroughtScheduler;
  #waiting = 0;
  /** How many have waited in it, and how many of them knew that others were served. */
  #entered = 0;
  #informed = 0;
  #sinceMs = -Infinity;
  #untilMs = -Infinity;
  #scoutAtMs = -Infinity;
  #scouts = 0;
  /** Retries that others have paid for by their success. */
  #granted = 0;
  /** Since when it counts as an outage. */
  #outageAtMs: number | undefined;

  /** Begins without a drought. */
  constructor(scheduler: DroughtScheduler) {
    this.#scheduler = scheduler;
  }

  /** The budget has paid for a retry. */
  notePaid(): void {
    this.#scouts = Math.min(MOST_SCOUTS, this.#scouts + SCOUTS_PER_RETRY);
  }

  /** A retry has succeeded: it pays for two others. */
  grantTwo(): void {
    this.#granted += 2;
  }

  /** Takes a retry that another one has paid for. */
  tryTakeGranted(): boolean {
    if (this.#granted === 0) return false;
    this.#granted--;
    return true;
  }

  /**
   * A request begins to wait.
   *
   * @param areOthersServed Whether its origin has served others since it has failed first.
   * @param nowMs The time on the client's clock.
   */
  enter(areOthersServed: boolean, nowMs: number): void {
    if (this.#waiting++ === 0 && nowMs - this.#untilMs >= OVER_MS) {
      this.#sinceMs = this.#scoutAtMs = nowMs;
      this.#entered = this.#informed = this.#granted = 0;
    }
    this.#entered++;
    if (areOthersServed) this.#informed++;
  }

  /** A request waits no more. */
  leave(nowMs: number): void {
    if (--this.#waiting > 0) return;
    this.#untilMs = nowMs;
    this.#endOutage(nowMs);
  }

  /** How long the drought has lasted, in milliseconds. */
  ageMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }

  /** Whether it is like an outage of all origins, the end of which a scout will find. */
  isOutage(nowMs: number): boolean {
    const { silentLanes, workingTime } = this.#scheduler;
    const isOutage = silentLanes.servedAtMs < this.#sinceMs && this.#scouts >= 1 &&
      this.#informed < FEW_OF_THEM * this.#entered;
    if (!isOutage) this.#endOutage(nowMs);
    else if (this.#outageAtMs === undefined) workingTime.begin(this.#outageAtMs = nowMs);
    return isOutage;
  }

  /** Sends a scout, if it is time for one. */
  trySendScout(nowMs: number): boolean {
    if (nowMs < this.#scoutAtMs || this.#scouts < 1) return false;
    this.#scouts--;
    const gapMs = Math.max(SCOUT_GAP_MS, SCOUT_SHARE * this.ageMs(nowMs));
    this.#scoutAtMs = nowMs + Math.min(gapMs, LONGEST_SCOUT_GAP_MS);
    return true;
  }

  #endOutage(nowMs: number): void {
    if (this.#outageAtMs === undefined) return;
    this.#scheduler.workingTime.end(this.#outageAtMs, nowMs);
    this.#outageAtMs = undefined;
  }
}
