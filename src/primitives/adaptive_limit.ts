/**
 * A limit that finds out by itself how much a service can take.
 *
 * @module
 */

import type { AdaptiveLimitRules } from "./adaptive_limit_options.ts";
import { assertClock, assertFunction, assertNonNegative, shapeError } from "./argument_checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import "./dispose_symbols.ts";
import { LimitEstimator } from "./limit_estimator.ts";
import type { Permit } from "./permit.ts";
import { type AcquireOptions, Semaphore } from "./semaphore.ts";

/** What work says of the service: it took its time, it was refused or took too long, or it says nothing. */
export type LimitOutcome = "success" | "dropped" | "ignored";

/** Options of {@linkcode AdaptiveLimit}. */
export interface AdaptiveLimitOptions extends AdaptiveLimitRules {
  /**
   * Whether an error of `run` says that too much was in flight. All other errors say nothing. By default, those do whose `name` is
   * `TimeoutError`, and those whose `status` is 429, 503, 504 or 529. If it throws, the error says nothing.
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
   * Gives the permit back, and notes how long it was held. Only the first call does anything.
   *
   * @param outcome What the work says of the service. @default {"success"}
   * @throws {TypeError} If `outcome` is none; the permit is given back all the same.
   */
  release(outcome?: LimitOutcome): void;
  /** Gives the permit back, and notes nothing: how the work has ended is not known. */
  [Symbol.dispose](): void;
}

/**
 * Lets as much work be in flight as a service takes without making it wait; the rest waits here. It is a `Semaphore` whose capacity follows
 * from how long the work takes, and from how much of it is refused.
 *
 * Each window of `windowMs` ends in one decision. With `"gradient"` the limit is the one up to which latencies do not grow, and √limit more,
 * as in Netflix's concurrency-limits; with `"aimd"` it grows by one (Chiu and Jain, 1989). With both it doubles until it is too high for the
 * first time; it falls by a tenth to a half where more than 2 % is dropped, unless that does not help; and it does not grow while
 * less than half of it is used. An outlier, a mix of fast and slow work, or a service that becomes slower for good do not
 * lower it for long: a lower limit is only kept if it lowers latencies. Every ten seconds the limit is a fifth lower for one window,
 * to measure latencies without a queue.
 *
 * A limit that falls takes nothing away; it admits no caller until enough has been given back. Order, priorities and aborts are those of
 * `Semaphore`. There are no timers.
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
  /** Counts what is in flight. Its capacity is the limit; one that is set from outside holds until the limit changes. */
  readonly semaphore: Semaphore;
  readonly #estimator: LimitEstimator;
  readonly #clock: Clock;
  readonly #isOverload: (error: unknown) => boolean;

  /**
   * Creates a limit with nothing in flight.
   *
   * @param options Options.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: AdaptiveLimitOptions = {}) {
    this.#estimator = new LimitEstimator(options);
    const { isOverload = isOverloadError, clock = systemClock } = options;
    assertFunction("create adaptive limit", "isOverload", isOverload);
    assertClock("create adaptive limit", "clock", clock);
    this.#isOverload = isOverload;
    this.#clock = clock;
    this.semaphore = new Semaphore(this.#estimator.limit);
  }

  /** How much may be in flight now. */
  get limit(): number {
    return this.semaphore.capacity;
  }

  /** The highest that the limit may become. */
  get max(): number {
    return this.#estimator.max;
  }

  /** How much is in flight; above `limit` for a while after it has fallen. */
  get inFlight(): number {
    return this.semaphore.inUse;
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.semaphore.waiting;
  }

  /**
   * Takes a permit, waiting for it if need be. The caller gives it back with what the work says of the service: its time counts from now.
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
   * Takes a permit if one is free, and no caller waits.
   *
   * @returns The permit, or `undefined`.
   */
  tryAcquire(): AdaptivePermit | undefined {
    const permit = this.semaphore.tryAcquire();
    return permit === undefined ? undefined : this.#hold(permit);
  }

  /**
   * Runs a function under a permit, and notes how long it took if it has succeeded, or that it was dropped if its error says so.
   *
   * An abort while waiting rejects at once, and `fn` is not called. An abort while `fn` runs is for `fn` to react to: until
   * it has really ended it keeps its permit, and the caller waits.
   *
   * @typeParam T What the function gives.
   * @param fn What to run.
   * @param options Options.
   * @returns What `fn` gives.
   * @throws {TypeError} If `fn` is not a function, `priority` is not a number, or `signal` no signal.
   * @throws {RangeError} If `priority` is `NaN`.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before `fn` is called; what `fn` throws.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: AcquireOptions): Promise<T> {
    try {
      assertFunction("run under limit", "fn", fn);
    } catch (error) {
      // Bad arguments reject, as everything does that goes wrong in a function that returns a promise.
      return Promise.reject(error);
    }
    const { signal, priority } = options ?? {};
    return this.semaphore.run(() => this.#measure(fn), { signal, priority });
  }

  /**
   * Notes what has become of work that was counted in {@linkcode AdaptiveLimit.semaphore}, before its permit is given back.
   *
   * @param latencyMs How long it took, in milliseconds: a number of at least 0.
   * @param outcome What it says of the service. @default {"success"}
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
      // What the work has thrown is what matters to its caller.
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
    // A clock may have been set back.
    this.record(Math.max(0, this.#clock.now() - startedAtMs), outcome);
  }
}

/** Statuses of a service that has too much to do. */
const OVERLOAD: ReadonlySet<unknown> = new Set([429, 503, 504, 529]);

function isOverloadError(error: unknown): boolean {
  const { name, status } = (error ?? {}) as { readonly name?: unknown; readonly status?: unknown };
  return name === "TimeoutError" || OVERLOAD.has(status);
}
