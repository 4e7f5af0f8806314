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

/** What a circuit breaker does with calls: lets them pass, refuses them, lets one try, refuses them until told otherwise. */
export type CircuitState = "closed" | "open" | "half-open" | "isolated";

/** How a call went: `"ignored"` says nothing about the service, as when the caller gave up. */
export type CircuitResult = "success" | "failure" | "ignored";

/** A transition of a circuit breaker. */
export interface CircuitStateChange {
  /** The state before. */
  readonly from: CircuitState;
  /** The state after. */
  readonly to: CircuitState;
  /** When it happened, on the breaker's clock, in milliseconds. */
  readonly atMs: number;
  /** The breaker's name, if it has one. */
  readonly name?: string | undefined;
}

/** Options of {@linkcode CircuitBreaker.run}. */
export interface CircuitBreakerRunOptions {
  /** What the caller gives up with: if it has aborted, its reason as an error counts neither as failure nor as success. */
  readonly signal?: AbortSignal | undefined;
}

/** No call's ticket. */
const NO_PROBE = -1;

/** What is done with the result of a call. */
interface Handlers {
  readonly onSuccess: (value: unknown) => unknown;
  readonly onFailure: (error: unknown) => never;
}

/**
 * Stops calling a service that fails, and finds out by single probes when it is back.
 *
 * Closed, it lets all calls pass, and opens at too many failures. Open, it refuses them with a `CircuitOpenError`. When the
 * cooldown has passed the next call makes it half-open, and is its probe; the others are refused until the probe has
 * succeeded, which closes the circuit, or failed, which opens it for twice the cooldown of before. A probe that has not settled
 * within its time has failed; its success counts also later. Results of other calls that were admitted before the last transition
 * change nothing.
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
  /** Of the tickets that count: one for all calls of a closed circuit, one for each probe. */
  #generation = 0;
  #handlers: Handlers = this.#handlersOf(0);
  /** The ticket of the latest probe: its success closes the circuit, however late, unless that was isolated or reset meanwhile. */
  #probe = NO_PROBE;

  /**
   * Creates a closed circuit.
   *
   * @param options Options.
   * @throws {TypeError} If an option is of the wrong type, or belongs to the other way of counting.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: CircuitBreakerOptions = {}) {
    this.#settings = toCircuitSettings(options);
    this.#counter = this.#settings.counter;
  }

  /** The state. It is `"open"` until a call is let through as a probe, also when the cooldown has passed. */
  get state(): CircuitState {
    return this.#state.kind;
  }

  /** Whether the circuit is closed and counts no failure, so that it might as well be a new one. */
  get isQuiet(): boolean {
    return this.#state.kind === "closed" && this.#counter.isQuiet;
  }

  /** How long the circuit stays open at first, in milliseconds. */
  get cooldownMs(): number {
    return this.#settings.cooldownMs;
  }

  /** When the present cooldown began, on the breaker's clock; `-Infinity` while there is none. */
  get openedAtMs(): number {
    return this.#state.kind === "open" ? this.#state.sinceMs : -Infinity;
  }

  /** How long a call would be refused from now on, in milliseconds: 0 if it is admitted, `Infinity` while isolated. */
  get retryAfterMs(): number {
    return this.refusesForMs();
  }

  /**
   * How long a call would be refused from now on, where a cooldown of that length is enough.
   *
   * @param maxCooldownMs How much of a longer cooldown is waited for, in milliseconds.
   * @returns Milliseconds: 0 if it is admitted, `Infinity` while isolated.
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
    // The probe has not settled in time: its cooldown began when its time was over.
    this.#become({
      kind: "open",
      sinceMs: nowMs + leftMs,
      cooldownMs: Math.min(2 * state.cooldownMs, longestMs),
    });
    return this.refusesForMs(maxCooldownMs);
  }

  /**
   * Calls a function if the circuit admits it, and counts how it ends.
   *
   * An abort is for `fn` to react to.
   *
   * @typeParam T What the function gives.
   * @param fn What to call.
   * @param options Options.
   * @returns What `fn` gives.
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
      // A refusal and bad arguments reject, as everything does that goes wrong in a function that returns a promise.
      return Promise.reject(error);
    }
  }

  /**
   * Admits a call, for callers that can't use `run`. Each ticket is settled once.
   *
   * @param maxCooldownMs By how much of a longer cooldown the call is admitted as a probe, in milliseconds.
   * @returns The ticket for `settle`.
   * @throws {CircuitOpenError} If the circuit refuses the call.
   */
  enter(maxCooldownMs: number = Infinity): number {
    return this.#state.kind === "closed" ? this.#generation : this.#enterAsProbe(maxCooldownMs);
  }

  /**
   * Counts how an admitted call went. Does nothing when the circuit has changed, or another probe was let through, since;
   * unless it is the latest probe's success.
   *
   * @param ticket The call's ticket.
   * @param result How it went.
   * @param startedAtMs When it began, on the breaker's clock, if that is known: a success of a call that began before the first of
   * several failures says nothing of them, and by share of failures one that comes late says nothing if five calls that began after it have
   * succeeded.
   * @param nowMs What the breaker's clock says, for a caller that has just read it.
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
   * Opens the circuit, whatever it has counted: somebody knows by other means that the service is down. It is closed again as ever, by a
   * probe that succeeds. Does nothing unless it is closed.
   */
  trip(): void {
    if (this.#state.kind === "closed") this.#open(this.#settings.cooldownMs);
  }

  /**
   * Refuses all calls, whatever the service does, until what is returned is disposed; if several hold the circuit isolated,
   * until all have. Then it is closed or open as it was; a probe that was in flight has lost its meaning. Results of calls
   * that were admitted before do not count, however late they come.
   *
   * @returns Ends the isolation; only the first disposal does anything.
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
   * Closes the circuit, and forgets all results, also those still to come of calls that were admitted before. While it is
   * isolated it stays so, and is closed afterwards.
   */
  reset(): void {
    this.#counter.clear();
    this.#probe = NO_PROBE;
    if (this.#state.kind === "isolated") this.#state.rest = CLOSED;
    else if (this.#state.kind === "closed") this.#replace(CLOSED);
    else this.#become(CLOSED);
  }

  /**
   * Has every state change told to a listener: one event each, in order. What a listener throws is dropped.
   *
   * @param listener What to call, synchronously.
   * @returns Ends it.
   */
  on(listener: (change: CircuitStateChange) => void): Disposable {
    assertFunction("listen to circuit breaker", "listener", listener);
    return this.#observers.add(listener);
  }

  /** With handlers that all calls of one generation share: no closure a call, and no async function around it. */
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
    // A listener may change the state once more: the ticket is the one of this change.
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
      // The caller is to get the error of the call, not this one; and a call that can't be judged has not gone well.
      return "failure";
    }
  }

  /** Takes on a state of its own kind, in which older tickets mean nothing. */
  #replace(state: State): void {
    this.#state = state;
    this.#handlers = this.#handlersOf(++this.#generation);
  }

  /** Takes on a state of another kind, and says so. */
  #become(state: State): void {
    const from = this.#state.kind;
    this.#replace(state);
    if (this.#observers.size === 0) return;
    const { clock, name } = this.#settings;
    this.#observers.notify({ from, to: state.kind, atMs: clock.now(), name });
  }
}
