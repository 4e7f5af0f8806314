/**
 * Single-flight: concurrent callers of one key share one execution.
 *
 * The idea and the name come from Go's `golang.org/x/sync/singleflight`. In addition, each caller may leave on its own, and the
 * work is aborted when the last caller has left.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import { assertFunction, assertSignal } from "./argument_checks.ts";
import { deferredAcrossRequests } from "./deferred.ts";

/** Options of {@linkcode SingleFlight.run}. */
export interface SingleFlightRunOptions {
  /** Makes this caller leave: its call rejects at once with the signal's reason; the other callers go on. */
  readonly signal?: AbortSignal | undefined;
}

/** One execution. A caller may hold the object long after the execution has settled; so it drops its other members then. */
interface Flight<T> {
  /** The result, the same for all callers; `undefined` when it has settled. */
  promise: Promise<T> | undefined;
  /** Aborts the work; `undefined` when it has settled. */
  controller: AbortController | undefined;
  /** How many callers wait. */
  members: number;
}

/**
 * Lets concurrent callers of one key share one execution. When the execution has settled, nothing of it is kept. The callers that
 * waited for it share its result, also a failure; the next caller starts a new execution.
 *
 * @typeParam K The type of the keys, which are compared as in a `Map`.
 * @typeParam T The type of the results. All callers of one execution get the very same value.
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
   * @param key The key.
   * @param fn Does the work. When all callers have left, its signal aborts with the reason of the last one. A call of `run` that
   * `fn` itself makes for the same key joins the execution, too.
   * @param options Options.
   * @returns The result of the execution. Rejects with the error of `fn`, or with the reason of the caller's own signal.
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
      // A function that returns a promise reports every error as a rejection, bad arguments included.
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    const flight = this.#join(key) ?? this.#start(key, fn);
    if (signal === undefined) return flight.promise!;
    if (!signal.aborted) return this.#waitFor(key, flight, signal);
    // `fn` has aborted its own caller's signal before it returned.
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
    // Call `fn` after the flight is registered: `fn` may call `run` for the same key before it returns.
    const work = new Promise<T>((resolve) => resolve(fn(controller.signal)));
    // Only callers listen to the flight's promise, so that the runtime reports a failure that none of them handles.
    work.then((value) => {
      end();
      resolve(value);
    }, (error) => {
      end();
      reject(error);
    });
    return flight;
  }

  /** Returns the result for one caller, which leaves when its signal aborts. */
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

  /** Takes out one caller. The last one to leave aborts the work, and the next caller starts a new execution. */
  #leave(key: K, flight: Flight<T>, reason: unknown): void {
    if (--flight.members > 0) return;
    this.#forget(key, flight);
    flight.controller?.abort(reason);
  }

  /** Removes an execution from the map, unless a newer execution is in flight under the same key. */
  #forget(key: K, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
