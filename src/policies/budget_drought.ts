/**
 * The shared state of the requests that wait for the retry budget.
 *
 * @module
 */

import type { Scheduler } from "../lanes/scheduler.ts";

/** A drought is over when no request has waited for this time, in milliseconds: as long as a budget remembers retries. */
const OVER_MS = 10_000;

/** The gap between two scouts: a share of the drought's age, with a minimum and a maximum in milliseconds. */
const SCOUT_SHARE = 0.1;
const SCOUT_GAP_MS = 500;
const LONGEST_SCOUT_GAP_MS = 5_000;

/** How many scouts a drought earns for each retry that the budget pays for, and the most that it can save up. */
const SCOUTS_PER_RETRY = 0.25;
const MOST_SCOUTS = 30;

/**
 * In an outage of all origins, no origin serves an attempt that began after a request had failed. If this share of the waiting
 * requests, or more, has seen that since, only some origins or URLs fail.
 */
const INFORMED_SHARE = 0.1;

/** The parts of the scheduler that know whether origins serve requests, and how much of the time counts. */
export type DroughtScheduler = Pick<Scheduler, "silentLanes" | "workingTime">;

/**
 * A time in which the retry budget is empty and requests wait for it. An outage uses the budget up, which would then be missing
 * for long afterwards. So from time to time one request goes without the budget, as a scout; if it is served, there are retries
 * for others again. As long as no origin has served anything since the drought began, the client's own network may be down, or a
 * gateway before all origins. That counts as an outage, in which the budget's time stands still.
 */
export class BudgetDrought {
  readonly #scheduler: DroughtScheduler;
  #waiting = 0;
  /** How many requests have waited in this drought; and how many of them failed first, and then an origin served others. */
  #entered = 0;
  #informed = 0;
  #sinceMs = -Infinity;
  #untilMs = -Infinity;
  #scoutAtMs = -Infinity;
  #scouts = 0;
  /** Retries that other requests have paid for by their success. */
  #granted = 0;
  /** When the drought began to count as an outage; `undefined` if it does not. */
  #outageAtMs: number | undefined;

  /** Creates the state of a client without a drought. */
  constructor(scheduler: DroughtScheduler) {
    this.#scheduler = scheduler;
  }

  /** Notes that the budget has paid for a retry. */
  notePaid(): void {
    this.#scouts = Math.min(MOST_SCOUTS, this.#scouts + SCOUTS_PER_RETRY);
  }

  /** Grants two retries, because one has succeeded. */
  grantTwo(): void {
    this.#granted += 2;
  }

  /** Takes a granted retry, if there is one. */
  tryTakeGranted(): boolean {
    if (this.#granted === 0) return false;
    this.#granted--;
    return true;
  }

  /**
   * Notes that a request begins to wait.
   *
   * @param failingSinceMs When the request first failed, on the client's clock.
   * @param nowMs The time on the client's clock.
   */
  enter(failingSinceMs: number, nowMs: number): void {
    if (this.#waiting++ === 0 && nowMs - this.#untilMs >= OVER_MS) {
      this.#sinceMs = this.#scoutAtMs = nowMs;
      this.#entered = this.#informed = this.#granted = 0;
    }
    this.#entered++;
    if (this.#scheduler.silentLanes.servedBeganAtMs > failingSinceMs) this.#informed++;
  }

  /** Notes that a request does not wait any more. */
  leave(nowMs: number): void {
    if (--this.#waiting > 0) return;
    this.#untilMs = nowMs;
    this.#endOutage(nowMs);
  }

  /** Returns how long the drought has lasted, in milliseconds. */
  ageMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }

  /** Whether the drought is like an outage of all origins, whose end a scout will find. */
  isOutage(nowMs: number): boolean {
    const { silentLanes, workingTime } = this.#scheduler;
    const isOutage = silentLanes.servedBeganAtMs < this.#sinceMs && this.#scouts >= 1 &&
      this.#informed < INFORMED_SHARE * this.#entered;
    if (!isOutage) this.#endOutage(nowMs);
    else if (this.#outageAtMs === undefined) workingTime.begin(this.#outageAtMs = nowMs);
    return isOutage;
  }

  /** Sends a scout, if one is due. */
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
