/**
 * A concurrency limit that adapts to how much a service can take.
 *
 * @module
 */

import type { AdaptiveLimitRules } from "./adaptive_limit_options.ts";
import {
  assertClock,
  assertFunction,
  assertNonNegative,
  assertPromptFunction,
  shapeError,
} from "./argument_checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import "./dispose_symbols.ts";
import { LimitEstimator } from "./limit_estimator.ts";
import type { Permit } from "./permit.ts";
import { type AcquireOptions, Semaphore } from "./semaphore.ts";

/**
 * What the end of a piece of work says about the load of the service. `"success"`: its latency counts. `"dropped"`: the service
 * refused it, or took too long. `"ignored"`: nothing.
 */
export type LimitOutcome = "success" | "dropped" | "ignored";

/** Options of {@linkcode AdaptiveLimit}. */
export interface AdaptiveLimitOptions extends AdaptiveLimitRules {
  /**
   * Whether an error of `run` means that too much was in flight, so that it counts as `"dropped"`. All other errors are
   * `"ignored"`, also if this function throws. By default, it is `true` for errors whose `name` is `TimeoutError`, and for those
   * whose `status` is 429, 503, 504 or 529.
   */
  readonly isOverload?: ((error: unknown) => boolean) | undefined;
  /**
   * The source of time.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/** A permit of an {@linkcode AdaptiveLimit}, held until it is released. */
export interface AdaptivePermit extends Disposable {
  /**
   * Gives the permit back, and records how long it was held. Only the first call does anything.
   *
   * @param outcome What the work says about the service. @default {"success"}
   * @throws {TypeError} If `outcome` is no {@linkcode LimitOutcome}; the permit is given back all the same.
   */
  release(outcome?: LimitOutcome): void;
  /** Gives the permit back as `"ignored"`, because the outcome of the work is not known. */
  [Symbol.dispose](): void;
}

/**
 * Lets as much work be in flight as a service can handle without queueing it; the rest waits here. It is a `Semaphore` whose
 * capacity follows the latencies of the work, and the share of it that is dropped.
 *
 * Each window of `windowMs` ends in one decision. With `"gradient"`, the limit becomes the highest one at which latencies do not
 * grow, plus √limit, as in Netflix's concurrency-limits. With `"aimd"`, it grows by one (Chiu and Jain, 1989). With both, it
 * doubles until it is too high for the first time. It falls by a tenth to a half if more than 2 % of the work is dropped, unless
 * a lower limit does not help. It does not grow while less than half of it is used.
 *
 * With `"gradient"`, a lower limit is kept only if it lowers latencies. So an outlier, a mix of fast and slow work, or a service
 * that becomes slower for good does not lower the limit for long. About every ten seconds the limit is 15 % lower for one window,
 * to measure latencies without a queue; if latencies are lower then, it goes on falling. After the very first window it is half
 * as high, for the same reason.
 *
 * A limit that falls revokes no permit, but admits no caller until enough permits are released. Order, priorities and aborts are
 * those of `Semaphore`. There are no timers.
 *
 * @example A service that takes 32 requests at once
 * ```ts
 * import { AdaptiveLimit } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const limit = new AdaptiveLimit({ initial: 4, max: 100 });
 * const bodies = await Promise.all(["a", "b", "c"].map((name) => limit.run(() => Promise.resolve(name))));
 *
 * assertEquals([bodies, limit.inFlight, limit.limit], [["a", "b", "c"], 0, 4]);
 * ```
 */
export class AdaptiveLimit {
  /** The semaphore of the work in flight. Its capacity is the limit; a `resize` from outside holds until the limit changes next. */
  readonly semaphore: Semaphore;
  readonly #estimator: LimitEstimator;
  readonly #clock: Clock;
  readonly #isOverload: (error: unknown) => boolean;

  /**
   * Creates a limit with no work in flight.
   *
   * @param options Options.
   * @throws {TypeError} If an option does not exist, or is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: AdaptiveLimitOptions = {}) {
    this.#estimator = new LimitEstimator(options);
    const { isOverload = isOverloadError, clock = systemClock } = options;
    assertPromptFunction("create adaptive limit", "isOverload", isOverload);
    assertClock("create adaptive limit", "clock", clock);
    this.#isOverload = isOverload;
    this.#clock = clock;
    this.semaphore = new Semaphore(this.#estimator.limit);
  }

  /** How many units of work may be in flight now. */
  get limit(): number {
    return this.semaphore.capacity;
  }

  /** The highest value that the limit may reach. */
  get max(): number {
    return this.#estimator.max;
  }

  /** How many units of work are in flight; this may exceed `limit` for a while after the limit has fallen. */
  get inFlight(): number {
    return this.semaphore.inUse;
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.semaphore.waiting;
  }

  /**
   * Takes a permit, waiting for it if need be. The caller must release it, with the outcome of the work. The latency of the work
   * counts from the grant.
   *
   * @param options Options.
   * @returns The permit.
   * @throws {TypeError} If `priority` is not a number, or `signal` no signal.
   * @throws {RangeError} If `priority` is `NaN`.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before the permit is granted.
   */
  async acquire(options?: AcquireOptions): Promise<AdaptivePermit> {
    return this.#hold(await this.semaphore.acquire(1, options));
  }

  /**
   * Takes a permit if one is free and no caller waits.
   *
   * @returns The permit, or `undefined`.
   */
  tryAcquire(): AdaptivePermit | undefined {
    const permit = this.semaphore.tryAcquire();
    return permit === undefined ? undefined : this.#hold(permit);
  }

  /**
   * Runs a function under a permit, and records its latency if it succeeds, or a drop if its error is one of overload.
   *
   * An abort during the wait rejects at once, and `fn` is not called. An abort while `fn` runs does nothing by itself: `fn` has
   * to react to it. `fn` keeps the permit, and the caller waits, until its result has settled.
   *
   * @typeParam T The type of the function's result.
   * @param fn The function to run.
   * @param options Options.
   * @returns The result of `fn`.
   * @throws {TypeError} If `fn` is not a function, `priority` is not a number, or `signal` no signal.
   * @throws {RangeError} If `priority` is `NaN`.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before `fn` is called; what `fn` throws.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: AcquireOptions): Promise<T> {
    try {
      assertFunction("run under limit", "fn", fn);
    } catch (error) {
      // A function that returns a promise reports every error as a rejection, bad arguments included.
      return Promise.reject(error);
    }
    const { signal, priority } = options ?? {};
    return this.semaphore.run(() => this.#measure(fn), { signal, priority });
  }

  /**
   * Records the outcome of work whose permit was taken directly from {@linkcode AdaptiveLimit.semaphore}. Call this before that
   * permit is released, because the work in flight counts, too.
   *
   * @param latencyMs How long the work took, in milliseconds: a number of at least 0.
   * @param outcome What the work says about the service. @default {"success"}
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If `latencyMs` is out of its range.
   */
  record(latencyMs: number, outcome: LimitOutcome = "success"): void {
    if (outcome === "ignored") return;
    if (outcome !== "success" && outcome !== "dropped") {
      throw shapeError("record sample", "outcome", "'success', 'dropped' or 'ignored'", outcome);
    }
    assertNonNegative("record sample", "latencyMs", latencyMs);
    const isDropped = outcome === "dropped";
    if (this.#estimator.note(latencyMs, this.semaphore.inUse, isDropped, this.#clock.now())) {
      this.semaphore.resize(this.#estimator.limit);
    }
  }

  async #measure<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    const startedAtMs = this.#clock.now();
    let outcome: LimitOutcome = "success";
    try {
      return await fn();
    } catch (error) {
      outcome = this.#outcomeOf(error);
      throw error;
    } finally {
      this.#end(startedAtMs, outcome);
    }
  }

  #outcomeOf(error: unknown): LimitOutcome {
    try {
      return this.#isOverload(error) ? "dropped" : "ignored";
    } catch {
      // The caller must get the error of its work, not that of `isOverload`.
      return "ignored";
    }
  }

  #hold(permit: Permit): AdaptivePermit {
    const startedAtMs = this.#clock.now();
    let isHeld = true;
    const release = (outcome: LimitOutcome = "success"): void => {
      if (!isHeld) return;
      isHeld = false;
      try {
        this.#end(startedAtMs, outcome);
      } finally {
        permit.release();
      }
    };
    return { release, [Symbol.dispose]: () => release("ignored") };
  }

  #end(startedAtMs: number, outcome: LimitOutcome): void {
    // The latency would be negative if the clock was set back.
    this.record(Math.max(0, this.#clock.now() - startedAtMs), outcome);
  }
}

/** The statuses of an overloaded service. */
const OVERLOAD: ReadonlySet<unknown> = new Set([429, 503, 504, 529]);

function isOverloadError(error: unknown): boolean {
  const { name, status } = (error ?? {}) as { readonly name?: unknown; readonly status?: unknown };
  return name === "TimeoutError" || OVERLOAD.has(status);
}
