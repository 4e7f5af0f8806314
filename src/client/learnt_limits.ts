/**
 * Lanes that learn the limits of their origins from responses.
 *
 * @module
 */

import { statesLimits } from "../http/rate_limit_headers.ts";
import type { Lane, Learner, StatedAnswer } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Reporter } from "../policies/event.ts";
import type { LearnerContext, LearnLimits } from "./limit_learning.ts";

/** The parts of a client that its learning lanes use. */
export interface LearningContext extends LearnerContext {
  readonly reporter: Reporter;
  readonly scheduler: () => Scheduler;
}

/** The code that learns limits, once it is loaded. */
let loaded: typeof import("./limit_learning.ts") | undefined;

/** Loads the code that learns limits, which most clients never need. */
export async function loadLimitLearning(): Promise<typeof import("./limit_learning.ts")> {
  return loaded ??= await import("./limit_learning.ts");
}

/**
 * Gives lanes a learner of their limits. If the option says how responses state limits, each lane has the learner from the
 * beginning. Otherwise a lane gets it when a response has the usual headers: its first one, or one that is no success. The client
 * never looks at the headers of other responses. A lane that is getting the learner sends nothing before the code is loaded.
 */
export class LearntLimits {
  readonly #option: LearnLimits;
  readonly #context: LearningContext;
  readonly #isExpected: boolean;
  #learner: Learner | undefined;
  #hasWarned = false;
  /** The steps that wait for the code, in their order. */
  readonly #waiting: ((learner: Learner) => void)[] = [];

  /** Creates the learning of a client, whose code is not loaded yet. */
  constructor(option: LearnLimits, context: LearningContext) {
    this.#option = option;
    this.#context = context;
    this.#isExpected = typeof option !== "boolean";
  }

  /** Gives a new lane the learner, if the option says how responses state limits. */
  adopt(lane: Lane): void {
    if (this.#isExpected) this.#withLearner(lane, (learner) => this.#prepare(lane, learner));
  }

  #prepare(lane: Lane, learner: Learner): void {
    const nowMs = this.#context.clock.now();
    lane.prepare(learner);
    lane.keepBook(learner.begin(0, nowMs));
    for (const line of lane.keyed?.values() ?? []) line.book = learner.begin(0, nowMs);
    this.#context.scheduler().examine(lane);
  }

  /** Returns the book that a new limit key begins with, if the option says how responses state limits. */
  bookOfKey(lane: Lane): ReturnType<Learner["begin"]> | undefined {
    if (!this.#isExpected || lane.isPreparing) return undefined;
    return lane.learner?.begin(0, this.#context.clock.now());
  }

  /** Takes a response that may be the first one of its lane to state limits, or a later one while the code is being loaded. */
  hear(lane: Lane, answer: StatedAnswer): void {
    if (this.#option !== true || !(lane.isPreparing || statesLimits(answer.headers))) return;
    this.#withLearner(lane, (learner) => {
      lane.prepare(learner);
      learner.learn(lane, answer);
      this.#context.scheduler().examine(lane);
    });
  }

  #withLearner(lane: Lane, use: (learner: Learner) => void): void {
    const create = ({ limitLearner }: typeof import("./limit_learning.ts")): Learner =>
      this.#learner ??= limitLearner(this.#option, this.#context, (...said) => this.#warn(...said));
    if (loaded !== undefined) return use(create(loaded));
    lane.isPreparing = true;
    // The lane also learns from the responses that come meanwhile, in their order.
    lane.listens = true;
    lane.refresh();
    this.#waiting.push(use);
    loadLimitLearning().then((code) => {
      // Several imports of one module need not resolve in their order.
      for (const step of this.#waiting.splice(0)) step(create(code));
    }, (error: unknown) => {
      this.#waiting.length = 0;
      this.#warn("the code that learns limits was not loaded: nothing is learnt", error);
      lane.isPreparing = false;
      this.#context.scheduler().examine(lane);
    });
  }

  /** Reports a warning, once. */
  #warn(message: string, error?: unknown): void {
    const { clock, reporter } = this.#context;
    if (this.#hasWarned || !reporter.active) return;
    this.#hasWarned = true;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "fetch", message, error });
  }
}
