/**
 * A budget of retries.
 *
 * @module
 */

import { assertClock, assertNonNegative, assertOnlyOptions, assertPositive } from "./argument_checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import { WindowedCount } from "./windowed_count.ts";
import { WorkingTime } from "./working_time.ts";

/** Options of {@linkcode RetryBudget}. */
export interface RetryBudgetOptions {
  /**
   * How many retries each request pays for: a number of at least 0.
   *
   * @default {0.2}
   */
  readonly ratio?: number | undefined;
  /**
   * How many retries per second the budget has at least, so that a client with few requests may retry at all: a number of at
   * least 0.
   *
   * @default {10}
   */
  readonly minPerSecond?: number | undefined;
  /**
   * How long requests and retries count, in milliseconds: a positive number. They expire in steps of a tenth of this time.
   *
   * @default {10_000}
   */
  readonly windowMs?: number | undefined;
  /**
   * The source of time.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/** The tolerance for rounding errors: a budget that lacks no more than this for a whole retry has the retry. */
const ROUNDING = 1e-9;

/**
 * Returns the working time of a budget, which clients that share the budget share, too. It stands still while an origin is down
 * for one of these clients and no other origin serves anything, because that time says nothing about how much may be retried
 * afterwards. For a budget of another copy of this module, whose time can't be reached, it returns a new one.
 */
export function workingTimeOf(budget: RetryBudget): WorkingTime {
  return times.get(budget) ?? new WorkingTime();
}

// A map outside the class: a static block, as in `Semaphore`, would keep the class in every bundle.
const times = new WeakMap<RetryBudget, WorkingTime>();

/**
 * Keeps retries a small share of the requests, so that they do not flood a service that is down. At each retry, the retries in
 * the window (this one included) are at most `ratio` times the requests in the window, or `minPerSecond` times its length if that
 * is more.
 *
 * In a client, the budget's time stands still while an origin is down and no other origin serves anything, for at most a minute
 * of each outage. It also stands still while the client's own network seems to be down.
 *
 * The idea comes from the retry budgets of Twitter's Finagle. There are no timers, and memory does not grow.
 *
 * @example Half a retry for each request
 * ```ts
 * import { RetryBudget } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0 });
 * for (let request = 0; request < 4; request++) budget.deposit();
 *
 * assertEquals([budget.tryWithdraw(), budget.tryWithdraw(), budget.tryWithdraw()], [true, true, false]);
 * ```
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #reserve: number;
  readonly #clock: Clock;
  readonly #requests: WindowedCount;
  readonly #retries: WindowedCount;
  readonly #time = new WorkingTime();

  /**
   * Creates a budget without requests.
   *
   * @param options Options.
   * @throws {TypeError} If an option does not exist, or is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: RetryBudgetOptions = {}) {
    assertOnlyOptions("create retry budget", options, ["ratio", "minPerSecond", "windowMs", "clock"]);
    const { ratio = 0.2, minPerSecond = 10, windowMs = 10_000, clock = systemClock } = options;
    assertNonNegative("create retry budget", "ratio", ratio);
    assertNonNegative("create retry budget", "minPerSecond", minPerSecond);
    assertPositive("create retry budget", "windowMs", windowMs);
    assertClock("create retry budget", "clock", clock);
    const nowMs = clock.now();
    this.#ratio = ratio;
    this.#reserve = minPerSecond * windowMs / 1_000;
    this.#clock = clock;
    this.#requests = new WindowedCount(windowMs, nowMs);
    this.#retries = new WindowedCount(windowMs, nowMs);
    times.set(this, this.#time);
  }

  /** How many retries the budget has now, with the fraction; never below 0. */
  get balance(): number {
    return Math.max(0, this.#balanceAt(this.#clock.now()));
  }

  /**
   * Adds a request, which pays for `ratio` retries. Call this once per request, and not for its retries.
   *
   * @param nowMs The clock's time, from a caller that has just read it.
   */
  deposit(nowMs: number = this.#clock.now()): void {
    // This runs for each request, so it saves the call of `at` if there is no outage.
    const { outages, idleMs } = this.#time;
    this.#requests.add(outages === 0 ? nowMs - idleMs : this.#time.at(nowMs));
  }

  /**
   * Takes a retry if the budget has one.
   *
   * @param nowMs The clock's time, from a caller that has just read it.
   * @returns Whether a retry was taken; if not, the request should fail with the error that it has.
   */
  tryWithdraw(nowMs: number = this.#clock.now()): boolean {
    if (this.#balanceAt(nowMs) < 1 - ROUNDING) return false;
    this.#retries.add(this.#time.at(nowMs));
    return true;
  }

  /**
   * Gives back a retry that has succeeded, and another one with it: the success shows that retries are of use again. So the
   * budget soon has the retries again that an outage has used up. If a caller does this for each retry that succeeds, the failed
   * retries are at most the budget plus as many as have succeeded.
   *
   * @param nowMs The clock's time, from a caller that has just read it.
   */
  restore(nowMs: number = this.#clock.now()): void {
    this.#retries.remove(2, this.#time.at(nowMs));
  }

  #balanceAt(nowMs: number): number {
    const timeMs = this.#time.at(nowMs);
    return Math.max(this.#ratio * this.#requests.total(timeMs), this.#reserve) - this.#retries.total(timeMs);
  }
}
