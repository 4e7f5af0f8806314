/**
 * Who bounds what is in flight.
 *
 * @module
 */

import type { AdaptiveLimit } from "../primitives/adaptive_limit.ts";
import { Semaphore } from "../primitives/semaphore.ts";
import { hasMethods } from "./option_rules.ts";

/** Whether a value is an `AdaptiveLimit`; its class, which few use, is not loaded for that. */
export function isAdaptiveLimit(value: unknown): value is AdaptiveLimit {
  return hasMethods(value, "record", "tryAcquire") &&
    (value as Partial<AdaptiveLimit>).semaphore instanceof Semaphore;
}
