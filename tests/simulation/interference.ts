/**
 * Interference by users: when the client calls a user's callback, the callback throws, or uses the client itself.
 *
 * @module
 */

import type { Step } from "./plan.ts";

/** The place where a client calls a user's callback. */
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

/** A single act of a user's callback. */
export interface InterferencePlan {
  readonly hook: Hook;
  /** The number of the callback's call at which it acts, from 1. */
  readonly nth: number;
  /** The step that the callback plays; without it, the callback throws. */
  readonly step?: Step | undefined;
}

/** The error that a user's callback throws. */
export class HookError extends Error {}

/** Counts the calls of users' callbacks, and acts in them as the plan says. */
export class Interference {
  /** Whether a callback is playing a step right now. The result of the interrupted request may already be certain then. */
  isUnderWay = false;
  readonly #plans: readonly InterferencePlan[];
  readonly #play: (step: Step) => void;
  readonly #counts = new Map<Hook, number>();

  /** Creates the interference of a plan; `play` plays a step. */
  constructor(plans: readonly InterferencePlan[], play: (step: Step) => void) {
    this.#plans = plans;
    this.#play = play;
  }

  /** Counts a call of a callback, and acts if the plan says so. */
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
