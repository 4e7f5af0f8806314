/**
 * The states of a circuit.
 *
 * @module
 */

import { CircuitOpenError } from "../errors.ts";
import type { Clock } from "./clock.ts";

/** What a circuit comes to rest in. `untilMs` is the end of the cooldown. */
export type Rest = { readonly kind: "closed" } | { readonly kind: "open"; untilMs: number };

/** Lets one call pass. `untilMs` is the end of its lease, `-Infinity` while there is none. */
export type HalfOpen = { readonly kind: "half-open"; untilMs: number };

/** Lets no call pass. `rest` is what the circuit returns to when nobody holds it isolated any more. */
export type Isolated = { readonly kind: "isolated"; holders: number; rest: Rest };

/** Everything that tells one circuit from another, but for its counts. */
export type State = Rest | HalfOpen | Isolated;

/** Lets all calls pass. */
export const CLOSED: Rest = { kind: "closed" };

/** How long the state refuses calls from now on. */
export function remainingMs(state: State, clock: Clock, cooldownMs: number): number {
  if (state.kind === "closed") return 0;
  if (state.kind === "isolated") return Infinity;
  const nowMs = clock.now();
  // No more than one cooldown is ever left, unless the clock went back.
  state.untilMs = Math.min(state.untilMs, nowMs + cooldownMs);
  return Math.max(0, state.untilMs - nowMs);
}

/** What is left of a state when the circuit is isolated: of a probe, that one is due. */
export function toRest(state: Rest | HalfOpen): Rest {
  return state.kind === "half-open" ? { kind: "open", untilMs: -Infinity } : state;
}

/** What a refused call is told. */
export function openError(state: State, retryAfterMs: number, name: string | undefined): CircuitOpenError {
  const circuit = name === undefined ? "Circuit" : `Circuit of ${name}`;
  const hope = retryAfterMs === Infinity ? "" : `; it may be tried again in ${Math.ceil(retryAfterMs)} ms`;
  return new CircuitOpenError(`${circuit} is ${state.kind}${hope}`, { retryAfterMs });
}
