/**
 * Makes the learner of limits that `learnLimits` asks for; loaded when it is needed.
 *
 * @module
 */

import { type LimitHeaders, readCountedHeaders, readLimitHeaders } from "../http/limit_headers.ts";
import type { LimitReading } from "../http/limit_reading.ts";
import type { Learner } from "../lanes/lane.ts";
import { LimitLearner } from "../lanes/limit_learner.ts";
import { describeKind } from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";

/** How a client learns limits: from the usual headers, from headers of a service, by a function, or not at all. */
export type LearnLimits =
  | boolean
  | LimitHeaders
  | readonly LimitHeaders[]
  | ((headers: Headers) => readonly LimitReading[]);

/** The parts of a client that its learner uses. */
export interface LearnerContext {
  readonly clock: Clock;
  /** How long requests wait at most for a quota that is used up, in milliseconds. */
  readonly maxWaitMs: number;
}

/** Reports a warning. */
export type Warn = (message: string, error?: unknown) => void;

/**
 * Makes the learner of the limits of a client's lanes.
 *
 * @param option How responses state limits.
 * @param context The parts of the client.
 * @param warn Called when a caller's own function throws, or returns no array.
 */
export function limitLearner(
  option: LearnLimits,
  { clock, maxWaitMs }: LearnerContext,
  warn: Warn,
): Learner {
  if (typeof option === "function") {
    return new LimitLearner({ read: (headers) => ask(option, headers, warn), maxWaitMs });
  }
  if (typeof option === "boolean") {
    return new LimitLearner({ read: (headers) => readLimitHeaders(headers, clock.wallNow()), maxWaitMs });
  }
  const sources = Array.isArray(option) ? option as readonly LimitHeaders[] : [option as LimitHeaders];
  // The caller answers for the headers that it names.
  return new LimitLearner({ read: (headers) => readCountedHeaders(headers, sources), maxWaitMs: Infinity });
}

/** Calls the caller's own function, which may throw, or return anything. */
function ask(
  read: (headers: Headers) => readonly LimitReading[],
  headers: Headers,
  warn: Warn,
): readonly LimitReading[] {
  try {
    const readings: unknown = read(headers);
    if (Array.isArray(readings)) return readings.filter((reading) => typeof reading === "object" && reading);
    warn(`'learnLimits' must give an array: received ${describeKind(readings)}`);
  } catch (error) {
    warn("'learnLimits' threw: nothing is learnt of this answer", error);
  }
  return [];
}
