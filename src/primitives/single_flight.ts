/**
 * Single-flight: concurrent callers of one key share one execution.
 *
 * The idea and the name are those of Go's `golang.org/x/sync/singleflight`; that each caller may leave alone, and the work
 * is aborted when the last one has left, is added.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import { assertFunction, assertSignal } from "./argument_checks.ts";
import { deferredAcrossRequests } from "./deferred.ts";

/** Options of {@linkcode SingleFlight.run}. */
export interface SingleFlightRunOptions {
  /** Takes this caller out: it rejects at once with the signal's reason; the others go on. */
  readonly signal?: AbortSignal | undefined;
}

/** One execution. A caller may hold it for longer than it lasts, so that it lets go of the rest when it has settled. */
interface Flight<T> {
  /** What it gives, the same for all. */
  promise: Promise<T> | undefined;
  /** Stops the work. */
  controller: AbortController | undefined;
  /** How many callers wait. */
  members: number;
}

/**
 * Lets concurrent callers of one key share one execution. Nothing is kept once it has settled, failures included: a failure
 * is shared by the callers that waited for it, and the next caller starts anew.
 *
 * @typeParam K What tells executions apart; compared as a `Map` does.
 * @typeParam T What they give. All callers of one execution get the very same value.
 *
 * @example Two callers, one execution
 * ```ts
 * import { SingleFlight } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const flights = new SingleFlight<string, number>();
 * let executions = 0;
 * const load = () => flights.run("answer", async () => {
 *   executions++;
 *   await Promise.resolve();
 *   return 42;
 * });
 *
 * assertEquals(await Promise.all([load(), load()]), [42, 42]);
 * assertEquals(executions, 1);
 * ```
 */
export class SingleFlight<K, T> {
  readonly #flights = new Map<K, Flight<T>>();

  /** How many executions are in flight. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * Joins the execution of `key`, or starts one.
   *
   * @param key What is wanted.
   * @param fn Does the work. Its signal is aborted, with the reason of the last caller that left, when all have left. A caller
   * that comes while it is called, or that it causes itself, joins it too.
   * @param options Options.
   * @returns What the execution gives; rejects with what it throws, or with the reason of the caller's own signal.
   * @throws {TypeError} If `fn` is not a function, or `signal` no signal.
   */
  run(
    key: K,
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    options?: SingleFlightRunOptions,
  ): Promise<T> {
    const signal = options?.signal;
    try {
      assertFunction("run single-flight", "fn", fn);
      assertSignal("run single-flight", signal);
    } catch (error) {
      // Bad arguments reject, as everything does that goes wrong in a function that returns a promise.
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    const flight = this.#join(key) ?? this.#start(key, fn);
    if (signal === undefined) return flight.promise!;
    if (!signal.aborted) return this.#waitFor(key, flight, signal);
    // The work itself has aborted its caller.
    this.#leave(key, flight, signal.reason);
    flight.promise?.catch(() => {});
    return Promise.reject(signal.reason);
  }

  #join(key: K): Flight<T> | undefined {
    const flight = this.#flights.get(key);
    if (flight !== undefined) flight.members++;
    return flight;
  }

  #start(key: K, fn: (signal: AbortSignal) => T | PromiseLike<T>): Flight<T> {
    const controller = new AbortController();
    const { promise, resolve, reject } = deferredAcrossRequests<T>();
    const flight: Flight<T> = { promise, controller, members: 1 };
    this.#flights.set(key, flight);
    const end = () => {
      flight.promise = undefined;
      flight.controller = undefined;
      this.#forget(key, flight);
    };
    promise.then(end, end);
    try {
      // After it is registered: the work may cause further callers before it returns.
      resolve(fn(controller.signal));
    } catch (error) {
      reject(error);
    }
    return flight;
  }

  /** The result for one caller, which leaves when its signal aborts. */
  #waitFor(key: K, flight: Flight<T>, signal: AbortSignal): Promise<T> {
    const promise = flight.promise!;
    return new Promise<T>((resolve, reject) => {
      const target: AbortTarget = {
        onAbort: () => {
          reject(signal.reason);
          this.#leave(key, flight, signal.reason);
        },
      };
      addAbortListener(signal, target);
      const stopListening = () => removeAbortListener(signal, target);
      promise.then(stopListening, stopListening);
      promise.then(resolve, reject);
    });
  }

  /** A caller does not wait any more. The last one stops the work, and the next caller starts anew. */
  #leave(key: K, flight: Flight<T>, reason: unknown): void {
    if (--flight.members > 0) return;
    this.#forget(key, flight);
    flight.controller?.abort(reason);
  }

  /** Another execution may be in flight under the key. */
  #forget(key: K, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
