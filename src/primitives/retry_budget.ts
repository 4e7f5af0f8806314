/**
 * A budget of retries.
 *
 * @module
 */

import { assertClock, assertNonNegative, assertOptions, assertPositive } from "./argument_checks.ts";
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
   * How many retries a second there are at least, so that a client with few requests may retry at all: a number of at least 0.
   *
   * @default {10}
   */
  readonly minPerSecond?: number | undefined;
  /**
   * How long a request pays for, and a retry counts, in milliseconds: a positive number. Both expire in steps of a tenth of it.
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

/** What rounding may cost: a budget this short of a whole retry has it. */
const ROUNDING = 1e-9;

/**
 * The time of a budget, which stands still while an origin is down for one of the clients that share it, and none serves anything: what
 * happens then says nothing of how much may be retried after it. A budget of another copy of this module has one of its own.
 */
export function workingTimeOf(budget: RetryBudget): WorkingTime {
  return times.get(budget) ?? new WorkingTime();
}

// A static block would keep the class in every bundle.
const times = new WeakMap<RetryBudget, WorkingTime>();

/**
 * Keeps retries a small share of the requests, so that a service that is down is not flooded: at each retry, the retries of
 * the window (this one included) are at most `ratio` times its requests, or `minPerSecond` times its length if that is more.
 *
 * While an origin is down for a client that uses it, and no other one serves anything, time stands still for it, for a minute of each outage
 * at most. So it does while the client's own network seems to be away.
 *
 * The idea is that of the retry budgets of Twitter's Finagle. There are no timers, and memory does not grow.
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
   * Creates a budget that knows of no requests yet.
   *
   * @param options Options.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: RetryBudgetOptions = {}) {
    assertOptions("create retry budget", options);
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

  /** How many retries there are now, with the fraction; never below 0. */
  get balance(): number {
    return Math.max(0, this.#balanceAt(this.#clock.now()));
  }

  /**
   * Notes a request, but not its retries.
   *
   * @param nowMs What the clock said just now, for a caller that has just read it.
   */
  deposit(nowMs: number = this.#clock.now()): void {
    // Called for each request: without an outage, it calls nothing else than it has to.
    const { outages, idleMs } = this.#time;
    this.#requests.add(outages === 0 ? nowMs - idleMs : this.#time.at(nowMs));
  }

  /**
   * Takes a retry.
   *
   * @param nowMs What the clock said just now, for a caller that has just read it.
   * @returns Whether there was one; if not, the request should fail with what it has.
   */
  tryWithdraw(nowMs: number = this.#clock.now()): boolean {
    if (this.#balanceAt(nowMs) < 1 - ROUNDING) return false;
    this.#retries.add(this.#time.at(nowMs));
    return true;
  }

  /**
   * Gives a retry back, as if it had not been made, and another one with it: a retry that succeeds shows that retries are of
   * use again, so that what an outage has used up is soon there. A caller that does so for each retry that succeeds lets the
   * retries that fail be at most the budget, and as many as succeed.
   *
   * @param nowMs What the clock said just now, for a caller that has just read it.
   */
  restore(nowMs: number = this.#clock.now()): void {
    this.#retries.remove(2, this.#time.at(nowMs));
  }

  #balanceAt(nowMs: number): number {
    const timeMs = this.#time.at(nowMs);
    return Math.max(this.#ratio * this.#requests.total(timeMs), this.#reserve) - this.#retries.total(timeMs);
  }
}
