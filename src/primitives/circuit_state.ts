/**
 * The states of a circuit.
 *
 * @module
 */

import { CircuitOpenError } from "../errors.ts";

/** A state without a probe and without an isolation. `sinceMs` is the beginning of the cooldown. */
export type Rest = { readonly kind: "closed" } | {
  readonly kind: "open";
  sinceMs: number;
  readonly cooldownMs: number;
};

/**
 * The state in which one call passes as a probe. `sinceMs` is when the probe began, `-Infinity` if none is in flight;
 * `cooldownMs` is the length of the cooldown before it.
 */
export type HalfOpen = { readonly kind: "half-open"; sinceMs: number; readonly cooldownMs: number };

/** The state in which no call passes until all `holders` have ended their isolation; then the circuit returns to `rest`. */
export type Isolated = { readonly kind: "isolated"; holders: number; rest: Rest };

/** The whole state of a circuit, without its counts. */
export type State = Rest | HalfOpen | Isolated;

/** The state in which all calls pass. */
export const CLOSED: Rest = { kind: "closed" };

/**
 * Returns how long ago the cooldown or the probe began. If the clock went back, that beginning moves to the new time, so that
 * neither lasts longer than its full length from then on.
 */
export function elapsedMs(state: { sinceMs: number }, nowMs: number): number {
  state.sinceMs = Math.min(state.sinceMs, nowMs);
  return nowMs - state.sinceMs;
}

/** Returns the state to restore after an isolation. A half-open circuit becomes an open one whose cooldown is over: a probe is due. */
export function toRest(state: Rest | HalfOpen): Rest {
  return state.kind === "half-open"
    ? { kind: "open", sinceMs: -Infinity, cooldownMs: state.cooldownMs }
    : state;
}

/** Creates the error for a refused call. */
export function openError(state: State, retryAfterMs: number, name: string | undefined): CircuitOpenError {
  const circuit = name === undefined ? "Circuit" : `Circuit of ${name}`;
  const hope = retryAfterMs === Infinity ? "" : `; it may be tried again in ${Math.ceil(retryAfterMs)} ms`;
  return new CircuitOpenError(`${circuit} is ${state.kind}${hope}`, { retryAfterMs });
}
