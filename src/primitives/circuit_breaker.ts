/**
 * A circuit breaker.
 *
 * @module
 */

import { assertFunction } from "./argument_checks.ts";
import { type CircuitBreakerOptions, type CircuitSettings, toCircuitSettings } from "./circuit_options.ts";
import { CLOSED, type HalfOpen, openError, remainingMs, type State, toRest } from "./circuit_state.ts";
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
 * succeeded, which closes the circuit, or failed, which opens it for another cooldown. A probe that has not settled within a
 * cooldown is replaced by the next call. Results of calls that were admitted before the last transition change nothing.
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
  #change: PromiseWithResolvers<void> | undefined;

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

  /** How long a call would be refused from now on, in milliseconds: 0 if it is admitted, `Infinity` while isolated. */
  get retryAfterMs(): number {
    const { clock, cooldownMs } = this.#settings;
    return remainingMs(this.#state, clock, cooldownMs);
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
   * @throws {TypeError} If `fn` is not a function.
   * @throws {CircuitOpenError} If the circuit refuses the call; `fn` is not called then.
   * @throws {unknown} The signal's reason, if it has aborted already; what `fn` throws.
   */
  run<T>(fn: () => T | PromiseLike<T>, options?: CircuitBreakerRunOptions): Promise<T> {
    try {
      assertFunction("run through circuit breaker", "fn", fn);
      const signal = options?.signal;
      if (signal?.aborted) return Promise.reject(signal.reason);
      const ticket = this.enter();
      return signal === undefined ? this.#call(fn, ticket) : this.#callAbortably(fn, signal, ticket);
    } catch (error) {
      // A refusal and bad arguments reject, as everything does that goes wrong in a function that returns a promise.
      return Promise.reject(error);
    }
  }

  /**
   * Admits a call, for who can't use `run`. Each ticket is settled once.
   *
   * @returns The ticket for `settle` and `holds`.
   * @throws {CircuitOpenError} If the circuit refuses the call.
   */
  enter(): number {
    return this.#state.kind === "closed" ? this.#generation : this.#enterAsProbe();
  }

  /** Counts how an admitted call went. Does nothing when the circuit has changed, or another probe was let through, since. */
  settle(ticket: number, result: CircuitResult): void {
    if (ticket !== this.#generation) return;
    const { kind } = this.#state;
    if (kind === "closed") {
      if (result === "success") this.#counter.success();
      else if (result === "failure" && this.#counter.failure()) this.#open();
    } else if (kind === "half-open") {
      if (result === "success") this.#close();
      else if (result === "failure") this.#open();
      else this.#giveProbeBack();
    }
  }

  /**
   * Whether the result of an admitted call would still count, so that the call is worth making: the circuit has not changed
   * since, and if it is a probe, no other one was let through in its place.
   */
  holds(ticket: number): boolean {
    return ticket === this.#generation;
  }

  /**
   * Refuses all calls, whatever the service does, until what is returned is disposed; if several hold the circuit isolated,
   * until all have. Then it is closed or open as it was; a probe that was under way has lost its meaning. Results of calls
   * that were admitted before do not count.
   *
   * @returns Ends the isolation; only the first disposal does anything.
   */
  isolate(): Disposable {
    const state = this.#state;
    if (state.kind === "isolated") state.holders++;
    else this.#become({ kind: "isolated", holders: 1, rest: toRest(state) });
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#endIsolation();
        isHeld = false;
      },
    };
  }

  /** Closes the circuit, and forgets all results. While it is isolated it stays so, and is closed afterwards. */
  reset(): void {
    this.#counter.clear();
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

  /**
   * Waits for the next state change, or for a probe that ends without a verdict, so that another one may be made. The end of
   * a cooldown is neither: who waits to be admitted waits for `retryAfterMs` at most as well.
   *
   * @returns A promise that resolves then; the same one for all who ask in the meantime.
   */
  changed(): Promise<void> {
    this.#change ??= Promise.withResolvers();
    return this.#change.promise;
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

  #enterAsProbe(): number {
    const waitMs = this.retryAfterMs;
    if (waitMs > 0) throw openError(this.#state, waitMs, this.#settings.name);
    const probing: HalfOpen = { kind: "half-open", untilMs: this.#untilMs() };
    // A listener may change the state once more: the ticket is the one of this change.
    const ticket = this.#generation + 1;
    if (this.#state.kind === "half-open") this.#replace(probing);
    else this.#become(probing);
    return ticket;
  }

  #open(): void {
    this.#become({ kind: "open", untilMs: this.#untilMs() });
  }

  #close(): void {
    this.#counter.clear();
    this.#become(CLOSED);
  }

  #giveProbeBack(): void {
    this.#replace({ kind: "half-open", untilMs: -Infinity });
    this.#resolveChange();
  }

  #endIsolation(): void {
    const state = this.#state;
    if (state.kind === "isolated" && --state.holders === 0) this.#become(state.rest);
  }

  #untilMs(): number {
    return this.#settings.clock.now() + this.#settings.cooldownMs;
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
    this.#resolveChange();
    if (this.#observers.size === 0) return;
    const { clock, name } = this.#settings;
    this.#observers.notify({ from, to: state.kind, atMs: clock.now(), name });
  }

  #resolveChange(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }
}
