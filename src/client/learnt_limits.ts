/**
 * Lanes that learn from answers what their origin's limits are.
 *
 * @module
 */

import type { LimitHeaders } from "../http/limit_headers.ts";
import type { LimitReading } from "../http/limit_reading.ts";
import { statesLimits } from "../http/rate_limit_headers.ts";
import type { Lane, Learner, StatedAnswer } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Reporter } from "../policies/event.ts";
import type { Clock } from "../primitives/clock.ts";

/** How limits are learnt: by the usual headers, by headers of a service, by a function, or not at all. */
export type LearnLimits =
  | boolean
  | LimitHeaders
  | readonly LimitHeaders[]
  | ((headers: Headers) => readonly LimitReading[]);

/** What surrounds the lanes of a client. */
export interface LearningSurroundings {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly scheduler: () => Scheduler;
  /** How long a quota that is used up is believed in, in milliseconds. */
  readonly maxWaitMs: number;
}

interface Code {
  readonly LimitLearner: typeof import("../lanes/limit_learner.ts").LimitLearner;
  readonly readLimitHeaders: typeof import("../http/limit_headers.ts").readLimitHeaders;
  readonly readCountedHeaders: typeof import("../http/limit_headers.ts").readCountedHeaders;
}

/** The code that learns, once it was needed. */
let loaded: Code | undefined;

/** Loads the code that learns, which most clients never need. */
export async function loadLimitLearner(): Promise<Code> {
  if (loaded !== undefined) return loaded;
  const [{ LimitLearner }, { readLimitHeaders, readCountedHeaders }] = await Promise.all([
    import("../lanes/limit_learner.ts"),
    import("../http/limit_headers.ts"),
  ]);
  return loaded ??= { LimitLearner, readLimitHeaders, readCountedHeaders };
}

/**
 * Gives lanes what learns their limits. Where it is said how, each lane has it from the beginning. Otherwise a lane gets it when an answer
 * has the usual headers: its first one, or one that is no success. The headers of all other answers are never looked at. A lane that is to
 * have it sends nothing before the code is there.
 */
export class LearntLimits {
  readonly #option: LearnLimits;
  readonly #surroundings: LearningSurroundings;
  readonly #isExpected: boolean;
  #learner: Learner | undefined;
  #hasWarned = false;

  /** Creates it; nothing is loaded yet. */
  constructor(option: LearnLimits, surroundings: LearningSurroundings) {
    this.#option = option;
    this.#surroundings = surroundings;
    this.#isExpected = typeof option !== "boolean";
  }

  /** A lane was made. */
  adopt(lane: Lane): void {
    if (this.#isExpected) this.#withLearner(lane, (learner) => this.#prepare(lane, learner));
  }

  #prepare(lane: Lane, learner: Learner): void {
    const nowMs = this.#surroundings.clock.now();
    lane.prepare(learner);
    lane.keepBook(learner.begin(0, nowMs));
    for (const line of lane.keyed?.values() ?? []) line.book = learner.begin(0, nowMs);
    this.#surroundings.scheduler().examine(lane);
  }

  /** The book that a new limit key begins with, where it is known that answers state limits. */
  bookOfKey(lane: Lane): ReturnType<Learner["begin"]> | undefined {
    if (!this.#isExpected || lane.isPreparing) return undefined;
    return lane.learner?.begin(0, this.#surroundings.clock.now());
  }

  /** An answer has come that may be the first one of its lane to state limits. */
  hear(lane: Lane, answer: StatedAnswer): void {
    if (this.#option !== true || !statesLimits(answer.headers)) return;
    this.#withLearner(lane, (learner) => {
      lane.prepare(learner);
      learner.learn(lane, answer);
      this.#surroundings.scheduler().examine(lane);
    });
  }

  #withLearner(lane: Lane, use: (learner: Learner) => void): void {
    if (loaded !== undefined) this.#learner ??= this.#create(loaded);
    if (this.#learner !== undefined) return use(this.#learner);
    lane.isPreparing = true;
    lane.refresh();
    loadLimitLearner().then((code) => use(this.#learner ??= this.#create(code)), (error: unknown) => {
      this.#warn("the code that learns limits was not loaded: nothing is learnt", error);
      lane.isPreparing = false;
      lane.refresh();
      this.#surroundings.scheduler().examine(lane);
    });
  }

  #create({ LimitLearner, readLimitHeaders, readCountedHeaders }: Code): Learner {
    const option = this.#option;
    const { clock, maxWaitMs } = this.#surroundings;
    if (typeof option === "function") {
      return new LimitLearner({ read: (headers) => this.#ask(option, headers), maxWaitMs });
    }
    if (typeof option === "boolean") {
      return new LimitLearner({ read: (headers) => readLimitHeaders(headers, clock.wallNow()), maxWaitMs });
    }
    const sources = Array.isArray(option) ? option as readonly LimitHeaders[] : [option as LimitHeaders];
    return new LimitLearner({ read: (headers) => readCountedHeaders(headers, sources), maxWaitMs });
  }

  /** The caller's own code may throw, and give anything. */
  #ask(read: (headers: Headers) => readonly LimitReading[], headers: Headers): readonly LimitReading[] {
    try {
      const readings: unknown = read(headers);
      if (Array.isArray(readings)) {
        return readings.filter((reading) => typeof reading === "object" && reading);
      }
      this.#warn(`'learnLimits' must give an array: received ${typeof readings}`);
    } catch (error) {
      this.#warn("'learnLimits' threw: nothing is learnt of this answer", error);
    }
    return [];
  }

  /** Says once that something is wrong. */
  #warn(message: string, error?: unknown): void {
    const { clock, reporter } = this.#surroundings;
    if (this.#hasWarned || !reporter.active) return;
    this.#hasWarned = true;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "fetch", message, error });
  }
}
