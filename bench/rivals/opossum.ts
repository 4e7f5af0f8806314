/**
 * opossum: a circuit breaker.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
// @ts-types="npm:@types/opossum@8.1.9"
import CircuitBreaker from "npm:opossum@10.0.0";
import type { Run } from "../support/rival_terms.ts";

/** Creates a function that runs tasks through a closed circuit, without a timeout. */
export function breaker(): Run {
  const circuit = new CircuitBreaker(<T>(task: () => Promise<T>) => task(), { timeout: false });
  return <T>(task: () => Promise<T>) => circuit.fire(task) as Promise<T>;
}
