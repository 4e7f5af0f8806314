/**
 * The interface of outputs: where the outcomes of `get` go.
 *
 * @module
 */

import type { Exchange } from "./exchange.ts";
import type { BadInput, Input } from "./inputs.ts";

/** One input that is being fetched. */
export interface Job {
  /** The index among the inputs, from 0. */
  readonly index: number;
  readonly input: Input;
  /** A text that tells the request from a plain GET of its URL; empty for a plain GET. */
  readonly variant: string;
  /** How long the job has taken so far, in milliseconds. */
  readonly durationMs: number;
}

/** An input that has failed without a response to keep. */
export interface FailedJob {
  readonly index: number;
  readonly input: Input | BadInput;
  readonly attempts: number;
  readonly durationMs: number;
}

/** An output for the outcomes of `get`. Several jobs may call its methods at once. */
export interface Sink {
  /** Returns whether the sink has the outcome of a job from an earlier run. It may ask the server through the exchange. */
  has?(job: Job, exchange: Exchange): Promise<boolean>;
  /**
   * Sends the request of a job, and receives the response to its end.
   *
   * @returns The error of the response, if its status is no success and the sink has taken its body all the same.
   * @throws {Error} If no response comes, or its body breaks off or can't be kept: the job has failed then.
   */
  take(job: Job, exchange: Exchange): Promise<Error | undefined>;
  /** Records the failure of a job that has no response to keep. */
  fail?(job: FailedJob, error: unknown): Promise<void>;
  /** Notes that a job was stopped and has no outcome. */
  skip?(index: number): void;
  /** How many jobs have received everything, and wait only for their turn behind an earlier job that has not ended. */
  readonly stranded?: number;
}
