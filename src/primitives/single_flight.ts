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
import { deferred } from "./deferred.ts";
import { type Flight, FlightTable } from "./flight_table.ts";

/** Options of {@linkcode SingleFlight.run}. */
export interface SingleFlightRunOptions {
  /** Takes this caller out: it rejects at once with the signal's reason; the others go on. */
  readonly signal?: AbortSignal | undefined;
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
  readonly #flights = new FlightTable<K, T, AbortController>();

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
    const flight = this.#flights.join(key) ?? this.#start(key, fn);
    if (signal === undefined) return flight.promise!;
    if (!signal.aborted) return waitFor(flight, signal);
    // The work itself has aborted its caller.
    if (flight.leave()) flight.worker?.abort(signal.reason);
    flight.promise?.catch(() => {});
    return Promise.reject(signal.reason);
  }

  #start(key: K, fn: (signal: AbortSignal) => T | PromiseLike<T>): Flight<K, T, AbortController> {
    const controller = new AbortController();
    const { promise, resolve, reject } = deferred<T>();
    const flight = this.#flights.start(key, controller, promise);
    const end = () => flight.end();
    promise.then(end, end);
    try {
      // After it is registered: the work may cause further callers before it returns.
      resolve(fn(controller.signal));
    } catch (error) {
      reject(error);
    }
    return flight;
  }
}

/** The flight's result for one member, which leaves when its signal aborts. */
function waitFor<K, T>(flight: Flight<K, T, AbortController>, signal: AbortSignal): Promise<T> {
  const promise = flight.promise!;
  return new Promise<T>((resolve, reject) => {
    const target: AbortTarget = {
      onAbort() {
        reject(signal.reason);
        if (flight.leave()) flight.worker?.abort(signal.reason);
      },
    };
    addAbortListener(signal, target);
    const stopListening = () => removeAbortListener(signal, target);
    promise.then(stopListening, stopListening);
    promise.then(resolve, reject);
  });
}
