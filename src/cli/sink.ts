/**
 * Where what was fetched goes.
 *
 * @module
 */

import type { ValueSource } from "../policies/event.ts";
import type { BadInput, Input } from "./inputs.ts";
import type { ResumePoint, Transfer } from "./transfer.ts";

/** One input, and what has become of it. */
export interface Job {
  /** Its place among the inputs, from 0. */
  readonly index: number;
  readonly input: Input;
  /** What tells it from a plain GET of its URL; empty for that. */
  readonly variant: string;
  readonly attempts: number;
  readonly from: ValueSource;
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
  /** What it has of a body from an earlier run, if that can be continued. */
  find?(job: Job): Promise<ResumePoint | undefined>;
  /**
   * Takes the body of an answer, to its end.
   *
   * @param failure What is wrong with the answer, if its status is no success.
   * @throws {Error} If it can't be kept, or does not come to its end: that job has failed then.
   */
  take(job: Job, transfer: Transfer, failure?: Error): Promise<void>;
  /** Takes a failure without a body. */
  fail?(job: FailedJob, error: unknown): Promise<void>;
  /** A job was stopped, and has no outcome. */
  skip?(index: number): void;
}
