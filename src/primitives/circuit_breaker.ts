/**
 * A circuit breaker.
 *
 * @module
 */

import { assertFunction, assertSignal } from "./argument_checks.ts";
import { type CircuitBreakerOptions, type CircuitSettings, toCircuitSettings } from "./circuit_options.ts";
import { CLOSED, elapsedMs, openError, type State, toRest } from "./circuit_state.ts";
import { SHORTEST_WAIT_MS } from "./clock.ts";
import "./dispose_symbols.ts";
import type { FailureCounter } from "./failure_counter.ts";
import { Observers } from "./observers.ts";

/**
 * The state of a circuit breaker. `"closed"`: admits all calls. `"open"`: refuses calls. `"half-open"`: admits one call as a
 * probe. `"isolated"`: refuses calls until the isolation ends.
 */
export type CircuitState = "closed" | "open" | "half-open" | "isolated";

/** The result of a call. `"ignored"` says nothing about the service, for example because the caller gave up. */
export type CircuitResult = "success" | "failure" | "ignored";

/** A transition of a circuit breaker. */
export interface CircuitStateChange {
  /** The state before the transition. */
  readonly from: CircuitState;
  /** The state after the transition. */
  readonly to: CircuitState;
  /** The time of the transition on the breaker's clock, in milliseconds. */
  readonly atMs: number;
  /** The breaker's name, if it has one. */
  readonly name?: string | undefined;
}

/** Options of {@linkcode CircuitBreaker.run}. */
export interface CircuitBreakerRunOptions {
  /** The signal with which the caller gives up. If `fn` fails with the reason of the aborted signal, the call counts as `"ignored"`. */
  readonly signal?: AbortSignal | undefined;
}

/** A ticket that no call has. */
const NO_PROBE = -1;

/** The promise callbacks that count the result of a call. */
interface Handlers {
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: (error: unknown) => never;
}

/**
 * Stops calls to a service that fails, and finds out by single probes when the service is back.
 *
 * A closed circuit admits all calls, and opens after too many failures. An open circuit refuses calls with a `CircuitOpenError`.
 * When the cooldown has passed, the next call makes the circuit half-open and is its probe; other calls are refused until the
 * probe settles. If the probe succeeds, the circuit closes. If it fails, the circuit opens for twice the previous cooldown. A
 * probe that does not settle within `probeTimeoutMs` counts as failed; if it succeeds later, it still closes the circuit. Results
 * of other calls that were admitted before the last transition change nothing.
 *
 * There are no timers: an open circuit stays `"open"` until a call comes after its cooldown. The pattern is Michael Nygard's
 * (Release It!, 2007).
 *
 * @example Two failures open it
 * ```ts
 * import { CircuitBreaker } from "@slipstream/fetch/primitives";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const breaker = new CircuitBreaker({ threshold: 2, cooldownMs: 30_000 });
 * const fail = () => breaker.run(() => Promise.reject(new Error("down")));
 * await assertRejects(fail, Error, "down");
 * await assertRejects(fail, Error, "down");
 *
 * assertEquals(breaker.state, "open");
 * await assertRejects(fail, Error, "is open");
 * ```
 */
export class CircuitBreaker {
  readonly #settings: CircuitSettings;
  readonly #counter: FailureCounter;
  readonly #observers: Observers<CircuitStateChange> = new Observers();
  #state: State = CLOSED;
  /** The ticket whose results count now. All calls that a closed circuit admits share one; each probe has its own. */
  #generation = 0;
  #handlers: Handlers = this.#handlersOf(0);
  /** The ticket of the latest probe. Its success closes the circuit, however late, unless the circuit was isolated or reset meanwhile. */
  #probe = NO_PROBE;

  /**
   * Creates a closed circuit.
   *
   * @param options Options.
   * @throws {TypeError} If an option does not exist or is of the wrong type, or options of both ways of counting are mixed.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: CircuitBreakerOptions = {}) {
    this.#settings = toCircuitSettings(options);
    this.#counter = this.#settings.counter;
  }

  /** The state. After the cooldown it is still `"open"`, until a call is admitted as a probe. */
  get state(): CircuitState {
    return this.#state.kind;
  }

  /** Whether the circuit is closed and counts no failure, so that a new one could replace it. */
  get isQuiet(): boolean {
    return this.#state.kind === "closed" && this.#counter.isQuiet;
  }

  /** How long the circuit stays open at first, in milliseconds. */
  get cooldownMs(): number {
    return this.#settings.cooldownMs;
  }

  /** When the current cooldown began, on the breaker's clock; `-Infinity` if the circuit is not open. */
  get openedAtMs(): number {
    return this.#state.kind === "open" ? this.#state.sinceMs : -Infinity;
  }

  /** How long calls will be refused from now on, in milliseconds: 0 if a call is admitted now, `Infinity` while isolated. */
  get retryAfterMs(): number {
    return this.refusesForMs();
  }

  /**
   * Returns how long a call will be refused from now on, if it passes `maxCooldownMs` to `enter`.
   *
   * @param maxCooldownMs The cooldown after which the call may be a probe even if the circuit's own cooldown is longer, in
   * milliseconds.
   * @returns Milliseconds: 0 if the call is admitted now, `Infinity` while isolated.
   */
  refusesForMs(maxCooldownMs: number = Infinity): number {
    const state = this.#state;
    if (state.kind === "closed") return 0;
    if (state.kind === "isolated") return Infinity;
    const { clock, probeTimeoutMs, maxCooldownMs: longestMs } = this.#settings;
    const nowMs = clock.now();
    if (state.kind === "open") {
      const waitMs = Math.min(state.cooldownMs, maxCooldownMs) - elapsedMs(state, nowMs);
      return waitMs > SHORTEST_WAIT_MS ? waitMs : 0;
    }
    const leftMs = probeTimeoutMs - elapsedMs(state, nowMs);
    if (state.sinceMs === -Infinity) return 0;
    if (leftMs > SHORTEST_WAIT_MS) return leftMs;
    // The probe has not settled in time: the next cooldown began when that time was over.
    this.#become({
      kind: "open",
      sinceMs: nowMs + leftMs,
      cooldownMs: Math.min(2 * state.cooldownMs, longestMs),
    });
    return this.refusesForMs(maxCooldownMs);
  }

  /**
   * Calls a function if the circuit admits the call, and counts the result.
   *
   * An abort during the call does nothing by itself: `fn` has to react to it.
   *
   * @typeParam T The type of the function's result.
   * @param fn The function to call.
   * @param options Options.
   * @returns The result of `fn`.
   * @throws {TypeError} If `fn` is not a function, or `signal` no signal.
   * @throws {CircuitOpenError} If the circuit refuses the call; `fn` is not called then.
   * @throws {unknown} The signal's reason, if it has aborted already; what `fn` throws.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: CircuitBreakerRunOptions): Promise<T> {
    try {
      assertFunction("run through circuit breaker", "fn", fn);
      const signal = options?.signal;
      assertSignal("run through circuit breaker", signal);
      if (signal?.aborted) return Promise.reject(signal.reason);
      const ticket = this.enter();
      return signal === undefined ? this.#call(fn, ticket) : this.#callAbortably(fn, signal, ticket);
    } catch (error) {
      // A function that returns a promise reports every error as a rejection: refusals, and bad arguments, too.
      return Promise.reject(error);
    }
  }

  /**
   * Admits a call, for callers that can't use `run`. The caller must settle each ticket once.
   *
   * @param maxCooldownMs The cooldown after which the call may be a probe even if the circuit's own cooldown is longer, in
   * milliseconds.
   * @returns The ticket, to pass to `settle`.
   * @throws {CircuitOpenError} If the circuit refuses the call.
   */
  enter(maxCooldownMs: number = Infinity): number {
    return this.#state.kind === "closed" ? this.#generation : this.#enterAsProbe(maxCooldownMs);
  }

  /**
   * Counts the result of an admitted call. Does nothing if the state has changed since the call was admitted, or another probe
   * was admitted; only a success of the latest probe counts even then.
   *
   * @param ticket The call's ticket.
   * @param result The result of the call.
   * @param startedAtMs When the call began, on the breaker's clock, if the caller knows it. It matters only if failures are
   * counted by ratio. A success does not end a run of failures whose first call began later. A failure does not count if the five
   * latest successes are of calls that began later.
   * @param nowMs The time on the breaker's clock, from a caller that has just read it.
   */
  settle(ticket: number, result: CircuitResult, startedAtMs?: number, nowMs?: number): void {
    const { kind } = this.#state;
    if (ticket !== this.#generation) {
      if (ticket === this.#probe && result === "success" && kind === "open") this.#close();
    } else if (kind === "closed") {
      if (result === "success") this.#counter.success(startedAtMs, nowMs);
      else if (result === "failure" && this.#counter.failure(startedAtMs)) {
        this.#open(this.#settings.cooldownMs);
      }
    } else if (kind === "half-open") {
      if (result === "success") this.#close();
      else if (result === "failure") {
        this.#open(Math.min(2 * this.#state.cooldownMs, this.#settings.maxCooldownMs));
      } else this.#giveProbeBack();
    }
  }

  /**
   * Opens a closed circuit, whatever it has counted, for a caller that knows by other means that the service is down. As usual, a
   * probe that succeeds closes the circuit again. Does nothing in other states.
   */
  trip(): void {
    if (this.#state.kind === "closed") this.#open(this.#settings.cooldownMs);
  }

  /**
   * Refuses all calls until the caller disposes of the result; after several calls of `isolate`, until all results are disposed
   * of. Then the circuit is closed or open as it was before. A half-open circuit becomes an open one whose next call is a probe.
   * Results of calls that were admitted before the isolation do not count, however late they come.
   *
   * @returns A disposable that ends the isolation; only the first disposal does anything.
   */
  isolate(): Disposable {
    const state = this.#state;
    if (state.kind === "isolated") state.holders++;
    else {
      this.#probe = NO_PROBE;
      this.#become({ kind: "isolated", holders: 1, rest: toRest(state) });
    }
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#endIsolation();
        isHeld = false;
      },
    };
  }

  /**
   * Closes the circuit and drops all counted results. Results of calls that were admitted before do not count either. An isolated
   * circuit stays isolated, and is closed afterwards.
   */
  reset(): void {
    this.#counter.clear();
    this.#probe = NO_PROBE;
    if (this.#state.kind === "isolated") this.#state.rest = CLOSED;
    else if (this.#state.kind === "closed") this.#replace(CLOSED);
    else this.#become(CLOSED);
  }

  /**
   * Adds a listener that is called with every state change, in order. Errors of listeners are dropped.
   *
   * @param listener The listener, called synchronously.
   * @returns A disposable that removes the listener.
   * @throws {TypeError} If `listener` is not a function.
   */
  on(listener: (change: CircuitStateChange) => void): Disposable {
    assertFunction("listen to circuit breaker", "listener", listener);
    return this.#observers.add(listener);
  }

  /** Calls `fn` with handlers that all calls with one ticket share. This saves a closure per call, and an async function around it. */
  #call<T>(fn: () => T | PromiseLike<T>, ticket: number): Promise<T> {
    const isCurrent = ticket === this.#generation;
    const { onSuccess, onFailure } = isCurrent ? this.#handlers : this.#handlersOf(ticket);
    try {
      return Promise.resolve(fn()).then(onSuccess, onFailure) as Promise<T>;
    } catch (error) {
      return Promise.reject(error).catch(onFailure);
    }
  }

  async #callAbortably<T>(
    fn: () => T | PromiseLike<T>,
    signal: AbortSignal,
    ticket: number,
  ): Promise<T> {
    let value: T;
    try {
      value = await fn();
    } catch (error) {
      this.settle(ticket, this.#judge(error, signal));
      throw error;
    }
    this.settle(ticket, "success");
    return value;
  }

  #handlersOf(ticket: number): Handlers {
    return {
      onSuccess: (value) => {
        this.settle(ticket, "success");
        return value;
      },
      onFailure: (error) => {
        this.settle(ticket, this.#judge(error, undefined));
        throw error;
      },
    };
  }

  #enterAsProbe(maxCooldownMs: number): number {
    const waitMs = this.refusesForMs(maxCooldownMs);
    const state = this.#state;
    if (waitMs > 0 || state.kind === "closed" || state.kind === "isolated") {
      throw openError(state, waitMs, this.#settings.name);
    }
    // Take the ticket before the transition, because a listener may change the state once more.
    const ticket = this.#probe = this.#generation + 1;
    const sinceMs = this.#settings.clock.now();
    const { cooldownMs } = state;
    if (state.kind === "half-open") this.#replace({ kind: "half-open", sinceMs, cooldownMs });
    else this.#become({ kind: "half-open", sinceMs, cooldownMs });
    return ticket;
  }

  #open(cooldownMs: number): void {
    this.#become({ kind: "open", sinceMs: this.#settings.clock.now(), cooldownMs });
  }

  #close(): void {
    this.#counter.clear();
    this.#become(CLOSED);
  }

  /** Ends a probe that was ignored: the circuit stays half-open, and the next call is a probe. */
  #giveProbeBack(): void {
    const { cooldownMs } = this.#state as { readonly cooldownMs: number };
    this.#replace({ kind: "half-open", sinceMs: -Infinity, cooldownMs });
  }

  #endIsolation(): void {
    const state = this.#state;
    if (state.kind === "isolated" && --state.holders === 0) this.#become(state.rest);
  }

  #judge(error: unknown, signal: AbortSignal | undefined): CircuitResult {
    if (signal?.aborted && error === signal.reason) return "ignored";
    const { isFailure } = this.#settings;
    try {
      return isFailure === undefined || isFailure(error) ? "failure" : "success";
    } catch {
      // The caller must get the error of its call, not that of `isFailure`. A call that can't be judged counts as a failure.
      return "failure";
    }
  }

  /** Sets the state without an event. Older tickets lose their meaning. */
  #replace(state: State): void {
    this.#state = state;
    this.#handlers = this.#handlersOf(++this.#generation);
  }

  /** Sets a state of another kind, and notifies the listeners. */
  #become(state: State): void {
    const from = this.#state.kind;
    this.#replace(state);
    if (this.#observers.size === 0) return;
    const { clock, name } = this.#settings;
    this.#observers.notify({ from, to: state.kind, atMs: clock.now(), name });
  }
}
