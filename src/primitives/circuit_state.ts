/**
 * The states of a circuit.
 *
 * @module
 */

import { CircuitOpenError } from "../errors.ts";

/** What a circuit comes to rest in. `sinceMs` is the beginning of the cooldown. */
export type Rest = { readonly kind: "closed" } | {
  readonly kind: "open";
  sinceMs: number;
  readonly cooldownMs: number;
};

/**
 * Lets one call pass. `sinceMs` is the beginning of its lease, `-Infinity` while there is none; `cooldownMs` is what has
 * passed before it.
 */
export type HalfOpen = { readonly kind: "half-open"; sinceMs: number; readonly cooldownMs: number };

/** Lets no call pass. `rest` is what the circuit returns to when nothing holds it isolated any more. */
export type Isolated = { readonly kind: "isolated"; holders: number; rest: Rest };

/** Everything that tells one circuit from another, but for its counts. */
export type State = Rest | HalfOpen | Isolated;

/** Lets all calls pass. */
export const CLOSED: Rest = { kind: "closed" };

/** How long ago the cooldown or the lease began; a clock that went back makes it begin again, but not last longer. */
export function elapsedMs(state: { sinceMs: number }, nowMs: number): number {
  state.sinceMs = Math.min(state.sinceMs, nowMs);
  return nowMs - state.sinceMs;
}

/** What is left of a state when the circuit is isolated: of a probe, that one is due. */
export function toRest(state: Rest | HalfOpen): Rest {
  return state.kind === "half-open"
    ? { kind: "open", sinceMs: -Infinity, cooldownMs: state.cooldownMs }
    : state;
}

/** What a refused call is told. */
export function openError(state: State, retryAfterMs: number, name: string | undefined): CircuitOpenError {
  const circuit = name === undefined ? "Circuit" : `Circuit of ${name}`;
  const hope = retryAfterMs === Infinity ? "" : `; it may be tried again in ${Math.ceil(retryAfterMs)} ms`;
  return new CircuitOpenError(`${circuit} is ${state.kind}${hope}`, { retryAfterMs });
}
