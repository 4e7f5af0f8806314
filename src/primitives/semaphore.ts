/**
 * A weighted, fair semaphore.
 *
 * @module
 */

import { argumentError, assertSignal, shapeError } from "./argument_checks.ts";
import { Permit } from "./permit.ts";
import { PermitLedger, PermitWaiter } from "./permit_ledger.ts";

/** Options of {@linkcode Semaphore.acquire}. */
export interface AcquireOptions {
  /** Ends the wait: the call leaves the queue and rejects at once with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The priority in the queue: higher goes first; equal ones go in the order of arrival. Any number but `NaN`.
   *
   * @default {0}
   */
  readonly priority?: number | undefined;
}

/** Options of {@linkcode Semaphore.run}. */
export interface SemaphoreRunOptions extends AcquireOptions {
  /**
   * How much of the capacity the function takes: an integer of at least 0.
   *
   * @default {1}
   */
  readonly weight?: number | undefined;
}

/** Returns the ledger of a semaphore, for code that puts waiters of its own into the queue. */
export let ledgerOf: (semaphore: Semaphore) => PermitLedger;

/**
 * Lets at most `capacity` units of work run at once; the others wait.
 *
 * The queue is fair: higher priorities go first, equal ones go in the order of arrival, and no caller overtakes another. The
 * caller at the head waits until its whole weight is free, so that light work can't starve heavy work; all callers behind it
 * wait, too. A released permit goes straight to the queue, so that a newcomer can't snatch it.
 *
 * Workers at the edge (workerd) end an incoming request as hung if it only waits for a permit that another incoming request
 * holds. There, create the semaphore in the request that uses it. Or share it by passing it to clients as their
 * `concurrency`: the clients prevent this.
 *
 * @example At most two at once
 * ```ts
 * import { Semaphore } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(2);
 * let most = 0;
 * const work = async () => {
 *   most = Math.max(most, semaphore.inUse);
 *   await Promise.resolve();
 * };
 * await Promise.all(Array.from({ length: 10 }, () => semaphore.run(work)));
 *
 * assertEquals(most, 2);
 * assertEquals(semaphore.inUse, 0);
 * ```
 */
export class Semaphore {
  static {
    ledgerOf = (semaphore) => semaphore.#ledger;
  }

  readonly #ledger: PermitLedger;

  /**
   * Creates a semaphore whose whole capacity is free.
   *
   * @param capacity How many units may be in use at once: a positive integer, or `Infinity` for no limit.
   * @throws {TypeError} If `capacity` is not a number.
   * @throws {RangeError} If `capacity` is neither a positive integer nor `Infinity`.
   */
  constructor(capacity: number) {
    assertCapacity("create semaphore", capacity);
    this.#ledger = new PermitLedger(capacity);
  }

  /** How many units may be in use at once. */
  get capacity(): number {
    return this.#ledger.capacity;
  }

  /** How many units are in use; after `resize` has lowered the capacity, this may exceed `capacity` for a while. */
  get inUse(): number {
    return this.#ledger.inUse;
  }

  /** How many callers wait; a caller counts as one whatever its weight. */
  get waiting(): number {
    return this.#ledger.waiters.size;
  }

  /**
   * Takes a permit, waiting for it if need be. The caller must release it, in a `finally` or with `using`.
   *
   * An abort during the wait rejects at once, and admits callers behind this one that now fit. An abort after the grant
   * changes nothing, even if the caller's `await` has not resumed yet.
   *
   * @param weight How much of the capacity to take: an integer of at least 0; 0 never waits. @default {1}
   * @param options Options.
   * @returns The permit.
   * @throws {TypeError} If `weight` or `priority` is not a number, or `signal` no signal.
   * @throws {RangeError} If `weight` is no integer of at least 0, or over the capacity; if `priority` is `NaN`.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before the permit is granted.
   */
  acquire(weight?: number, options?: AcquireOptions): Promise<Permit> {
    return this.#enter(weight, options);
  }

  /**
   * Takes a permit if it can do so at once: if enough capacity is free and no caller waits.
   *
   * @param weight How much of the capacity to take: an integer of at least 0; 0 always succeeds.
   * @returns The permit, or `undefined`.
   * @throws {TypeError} If `weight` is not a number.
   * @throws {RangeError} If `weight` is no integer of at least 0, or over the capacity.
   */
  tryAcquire(weight = 1): Permit | undefined {
    this.#assertWeight(weight);
    return this.#ledger.take(weight) ? new Permit(weight, this.#ledger.give) : undefined;
  }

  /**
   * Runs a function under a permit, and releases the permit when the function's result has settled, also after a failure.
   *
   * An abort during the wait rejects at once, and `fn` is not called. An abort while `fn` runs does nothing by itself: `fn`
   * has to react to it. `fn` keeps the permit, and the caller waits, until its result has settled.
   *
   * @typeParam T The type of the function's result.
   * @param fn The function to run.
   * @param options Options.
   * @returns The result of `fn`.
   * @throws {TypeError} If `fn` is not a function, `weight` or `priority` is not a number, or `signal` no signal.
   * @throws {RangeError} If `weight` is no integer of at least 0, or over the capacity; if `priority` is `NaN`.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before `fn` is called; what `fn` throws.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: SemaphoreRunOptions): Promise<T> {
    if (typeof fn !== "function") {
      return Promise.reject(shapeError("run under permit", "fn", "a function", fn));
    }
    return this.#enter(options?.weight, options, fn);
  }

  /**
   * Changes the capacity. A higher capacity admits the callers that now fit. A lower one revokes no permit, but admits no caller
   * until enough permits are released. A caller that waits with a weight over the new capacity goes on waiting, and so do all
   * callers behind it, until the capacity is raised again or its signal aborts.
   *
   * @param capacity A positive integer, or `Infinity`.
   * @throws {TypeError} If `capacity` is not a number.
   * @throws {RangeError} If `capacity` is neither a positive integer nor `Infinity`.
   */
  resize(capacity: number): void {
    assertCapacity("resize semaphore", capacity);
    this.#ledger.capacity = capacity;
    this.#ledger.admit();
  }

  /** Takes a permit, waiting if need be. Then runs `fn` under it, or returns the permit itself if there is no `fn`. */
  #enter<T>(weight = 1, options?: AcquireOptions, fn?: Work<T>): Promise<T> {
    try {
      this.#assertWeight(weight);
      const priority = options?.priority;
      if (priority !== undefined && (typeof priority !== "number" || Number.isNaN(priority))) {
        throw argumentError("acquire permit", "priority", "a number", priority);
      }
      const signal = options?.signal;
      assertSignal("acquire permit", signal);
      if (signal?.aborted) throw signal.reason;
      const ledger = this.#ledger;
      if (ledger.take(weight)) {
        return fn === undefined
          ? Promise.resolve(new Permit(weight, ledger.give) as T)
          : callAndGive(ledger, weight, fn);
      }
      const granted = new Promise<Permit>((resolve, reject) => {
        ledger.enqueue(new Caller(ledger, weight, priority, signal, resolve, reject));
      });
      if (fn === undefined) return granted as Promise<T>;
      // A `then` callback runs in the async context of the code that called `then`: here in that of the caller. If the ledger
      // called `fn` itself, `fn` would run in the context of the code that released the permit.
      return granted.then(() => callAndGive(ledger, weight, fn, signal));
    } catch (error) {
      // A function that returns a promise reports every error as a rejection, bad arguments included.
      return Promise.reject(error);
    }
  }

  #assertWeight(weight: number): void {
    if (Number.isSafeInteger(weight) && weight >= 0 && weight <= this.capacity) return;
    const rule = `an integer from 0 to ${this.capacity}`;
    throw argumentError("acquire permit", "weight", rule, weight);
  }
}

type Work<T> = () => T | PromiseLike<T>;

/** A call of `acquire` or `run` in the queue. */
class Caller extends PermitWaiter {
  readonly #resolve: (permit: Permit) => void;
  override readonly reject: (reason: unknown) => void;

  constructor(
    ledger: PermitLedger,
    weight: number,
    priority: number | undefined,
    signal: AbortSignal | undefined,
    resolve: (permit: Permit) => void,
    reject: (reason: unknown) => void,
  ) {
    super(ledger, weight, priority, signal);
    this.#resolve = resolve;
    this.reject = reject;
  }

  grant(): void {
    this.#resolve(new Permit(this.weight, this.ledger.give));
  }
}

async function callAndGive<T>(
  ledger: PermitLedger,
  weight: number,
  fn: Work<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    if (signal?.aborted) throw signal.reason;
    return await fn();
  } finally {
    ledger.give(weight);
  }
}

function assertCapacity(action: string, capacity: number): void {
  if (capacity === Infinity || (Number.isSafeInteger(capacity) && capacity >= 1)) return;
  throw argumentError(action, "capacity", "a positive integer or Infinity", capacity);
}
