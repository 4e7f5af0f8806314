/**
 * What users do in the middle of things: where the client calls them back, they throw, or call the client.
 *
 * @module
 */

import type { Step } from "./plan.ts";

/** Where a client calls its user back. */
export type Hook =
  | "event"
  | "progress"
  | "schema"
  | "retryOn"
  | "isFailure"
  | "limitKey"
  | "middleware"
  | "source"
  | "path"
  | "partition"
  | "sink";

/** What is done there, once. */
export interface InterferencePlan {
  readonly hook: Hook;
  /** At which of the calls back, from 1. */
  readonly nth: number;
  /** Something that happens at other times too; absent for an error that is thrown. */
  readonly step?: Step | undefined;
}

/** What a user's function throws. */
export class HookError extends Error {}

/** Counts how often users are called back, and has them do what the plan says. */
export class Interference {
  /** Whether something is being done in the middle of something else, whose end may be certain by then. */
  isUnderWay = false;
  readonly #plans: readonly InterferencePlan[];
  readonly #play: (step: Step) => void;
  readonly #counts = new Map<Hook, number>();

  /** Takes the plan, and what has a step happen. */
  constructor(plans: readonly InterferencePlan[], play: (step: Step) => void) {
    this.#plans = plans;
    this.#play = play;
  }

  /** A user is called back. */
  at(hook: Hook): void {
    if (this.#plans.length === 0) return;
    const count = (this.#counts.get(hook) ?? 0) + 1;
    this.#counts.set(hook, count);
    for (const { hook: other, nth, step } of this.#plans) {
      if (other !== hook || nth !== count) continue;
      if (step === undefined) throw new HookError(`thrown by ${hook} ${nth}`);
      const wasUnderWay = this.isUnderWay;
      this.isUnderWay = true;
      this.#play(step);
      this.isUnderWay = wasUnderWay;
    }
  }
}
