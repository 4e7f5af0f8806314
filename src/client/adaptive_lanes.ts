/**
 * Lanes whose limits adapt themselves to how much their origin takes.
 *
 * @module
 */

import type { Lane } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Reporter } from "../policies/event.ts";
import { type AdaptiveLimitRules, limitSettings } from "../primitives/adaptive_limit_options.ts";
import type { Clock } from "../primitives/clock.ts";
import type { LimitEstimator } from "../primitives/limit_estimator.ts";

/** The parts of a client that its adaptive lanes use. */
export interface AdaptiveContext {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly scheduler: () => Scheduler;
}

type Estimator = typeof LimitEstimator;

/** The code of estimators, once it is loaded. */
let loaded: Estimator | undefined;

/** Loads the code of estimators, which few clients need. */
export async function loadEstimator(): Promise<Estimator> {
  return loaded ??= (await import("../primitives/limit_estimator.ts")).LimitEstimator;
}

/**
 * Gives each lane an estimator of its limit. The first lane loads the code of estimators; until it is there, lanes keep the limit
 * that they begin with.
 */
export class AdaptiveLanes {
  /** The limit that lanes begin with. */
  readonly initial: number;
  readonly #rules: AdaptiveLimitRules;
  readonly #context: AdaptiveContext;
  /** Lanes that were made before the code was there. */
  readonly #early: Lane[] = [];

  /**
   * Checks the rules; nothing is loaded yet.
   *
   * @param rules The rules of the limits.
   * @param context The parts of the client.
   * @throws {TypeError} If a rule is of the wrong type.
   * @throws {RangeError} If one is out of its range.
   */
  constructor(rules: AdaptiveLimitRules, context: AdaptiveContext) {
    this.#rules = limitSettings(rules);
    this.initial = this.#rules.initial!;
    this.#context = context;
  }

  /** Makes the limit of a lane adapt itself. */
  adopt(lane: Lane): void {
    if (loaded !== undefined) return this.#follow(lane, loaded);
    if (this.#early.push(lane) > 1) return;
    loadEstimator().then(
      (estimator) => {
        for (const early of this.#early.splice(0)) this.#follow(early, estimator);
      },
      (error: unknown) => this.#warn(error),
    );
  }

  #follow(lane: Lane, estimator: Estimator): void {
    this.#context.scheduler().reports.isAdaptive = true;
    lane.limit.follow(new estimator(this.#rules));
  }

  #warn(error: unknown): void {
    const { clock, reporter } = this.#context;
    this.#early.length = 0;
    if (!reporter.active) return;
    const message =
      `the code of adaptive limits was not loaded: each origin keeps its limit of ${this.initial}`;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "fetch", message, error });
  }
}
