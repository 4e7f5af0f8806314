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
  /** Ends the wait: the caller leaves the queue and rejects at once, with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Higher goes first; equal ones go in the order in which they came. Any number but `NaN`.
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

/** The account of a semaphore, for code that decides by itself where a permit goes. */
export let ledgerOf: (semaphore: Semaphore) => PermitLedger;

/**
 * Lets at most `capacity` units of work run at once; the others wait.
 *
 * It is fair: higher priorities go first, equal ones go in the order in which they came, and none overtakes. The head of
 * the queue waits until its whole weight is free, so that light work can't starve heavy work, and those behind it wait with
 * it. A permit that is given back goes straight to the queue; newcomers can't snatch it.
 *
 * In workers at the edge (workerd) an incoming request that only waits for what another one holds is taken for hung and ended. There,
 * make a semaphore in the request that uses it, or share it by giving it to clients as their `concurrency`, which see to that.
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
   * Creates a semaphore with everything free.
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

  /** How many units are in use; above `capacity` for a while after it was lowered. */
  get inUse(): number {
    return this.#ledger.inUse;
  }

  /** How many callers wait, whatever their weights. */
  get waiting(): number {
    return this.#ledger.waiters.size;
  }

  /**
   * Takes a permit, waiting for it if need be. The caller gives it back, in a `finally` or with `using`.
   *
   * An abort while waiting rejects at once, and lets callers pass that this one held up. An abort after the permit was
   * granted changes nothing, also when the caller has not got to see the permit yet.
   *
   * @param weight How much of the capacity to take: an integer of at least 0; 0 never waits.
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
   * Takes a permit if that is possible at once: enough is free, and no caller waits.
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
   * Runs a function under a permit, which is given back when the function's result has settled, however that ends.
   *
   * An abort while waiting rejects at once, and `fn` is not called. An abort while `fn` runs is for `fn` to react to: until
   * it has really ended it keeps the permit, and the caller waits.
   *
   * @typeParam T What the function gives.
   * @param fn What to run.
   * @param options Options.
   * @returns What `fn` gives.
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
   * Changes the capacity. Raising it wakes callers that now fit; lowering it takes nothing away, but admits no caller until
   * enough has been given back. A caller that waits with a weight over the new capacity goes on waiting, with all behind it,
   * until the capacity is raised again or its signal aborts.
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

  /** Waits if need be; then runs a function, or hands out the permit itself where there is none. */
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
      // What follows a promise runs in the async context of whoever has said what follows: here of the caller. What is called by the one
      // who gives the permit back would run in the context of that one.
      return granted.then(() => callAndGive(ledger, weight, fn, signal));
    } catch (error) {
      // Everything rejects that goes wrong in a function that returns a promise.
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

/** A caller in the queue. */
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
