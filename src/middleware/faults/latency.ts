/**
 * Latencies: how long a simulated server takes to answer.
 *
 * @module
 */

import { argumentError, assertNonNegative } from "../../primitives/argument_checks.ts";

/**
 * A latency, in milliseconds: a constant; log-normal with a median and a 99th percentile, like most servers; or uniform between
 * two bounds.
 */
export type Latency =
  | number
  | { readonly medianMs: number; readonly p99Ms: number }
  | { readonly minMs: number; readonly maxMs: number };

/** Returns one latency, in milliseconds. A constant latency does not call `random`. */
export type LatencySampler = (random: () => number) => number;

/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.3263478740408408;

/**
 * Creates a sampler of a latency.
 *
 * @param latency The distribution.
 * @param action The action for the error, as in "Cannot {action} as …".
 * @returns The sampler, and whether it calls `random`.
 * @throws {TypeError | RangeError} If the distribution has the wrong shape or is out of range.
 */
export function latencySampler(
  latency: Latency,
  action: string,
): { readonly sample: LatencySampler; readonly isRandom: boolean } {
  if (typeof latency === "number") {
    assertNonNegative(action, "latency", latency);
    return { sample: () => latency, isRandom: false };
  }
  if (typeof latency === "object" && latency !== null) {
    if ("medianMs" in latency) {
      return { sample: logNormal(latency.medianMs, latency.p99Ms, action), isRandom: true };
    }
    if ("minMs" in latency) return { sample: uniform(latency.minMs, latency.maxMs, action), isRandom: true };
  }
  throw argumentError(action, "latency", "milliseconds, { medianMs, p99Ms } or { minMs, maxMs }", latency);
}

function logNormal(medianMs: number, p99Ms: number, action: string): LatencySampler {
  if (!Number.isFinite(medianMs) || medianMs <= 0) {
    throw argumentError(action, "latency.medianMs", "a positive number", medianMs);
  }
  if (!Number.isFinite(p99Ms) || p99Ms < medianMs) {
    throw argumentError(action, "latency.p99Ms", "a number of at least 'latency.medianMs'", p99Ms);
  }
  const sigma = Math.log(p99Ms / medianMs) / Z99;
  return (random) => medianMs * Math.exp(sigma * standardNormal(random));
}

function uniform(minMs: number, maxMs: number, action: string): LatencySampler {
  assertNonNegative(action, "latency.minMs", minMs);
  if (!Number.isFinite(maxMs) || maxMs < minMs) {
    throw argumentError(action, "latency.maxMs", "a number of at least 'latency.minMs'", maxMs);
  }
  return (random) => minMs + (maxMs - minMs) * random();
}

/** Returns a normally distributed number from two uniform ones (the Box–Muller transform). */
function standardNormal(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
