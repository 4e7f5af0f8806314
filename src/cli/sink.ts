/**
 * Where what was fetched goes.
 *
 * @module
 */

import type { Exchange } from "./exchange.ts";
import type { BadInput, Input } from "./inputs.ts";

/** One input that is being fetched. */
export interface Job {
  /** Its place among the inputs, from 0. */
  readonly index: number;
  readonly input: Input;
  /** What tells it from a plain GET of its URL; empty for that. */
  readonly variant: string;
  /** How long it has taken so far, in milliseconds. */
  readonly durationMs: number;
}

/** An input that brought nothing. */
export interface FailedJob {
  readonly index: number;
  readonly input: Input | BadInput;
  readonly attempts: number;
  readonly durationMs: number;
}

/** Where the outcomes of `get` go. All of its methods may be called for several jobs at once. */
export interface Sink {
  /** Whether it has the outcome of a job from an earlier run. */
  has?(job: Job): Promise<boolean>;
  /**
   * Fetches what a job asks for, and takes it to its end.
   *
   * @returns What is wrong with the response, if its status is no success and it was taken all the same.
   * @throws {Error} If nothing comes, or it can't be kept, or does not come to its end: that job has failed then.
   */
  take(job: Job, exchange: Exchange): Promise<Error | undefined>;
  /** Takes a failure without a body. */
  fail?(job: FailedJob, error: unknown): Promise<void>;
  /** A job was stopped, and has no outcome. */
  skip?(index: number): void;
  /** How many jobs have all that they need, and only wait for an earlier one that has not ended. */
  readonly stranded?: number;
}
