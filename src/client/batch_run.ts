/**
 * What a batch needs to know: its requests, its bounds, and who it works with.
 *
 * @module
 */

import type { Allowance } from "../lanes/allowance.ts";
import type { Runnable } from "../lanes/claimant.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Call, CallContext, CallSink } from "../policies/call.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { Closable } from "./dispatcher.ts";
import type { Outcome } from "./outcome.ts";
import type { FetchRequest, RequestSource } from "./request.ts";

/** Takes the outcomes of a batch. */
export interface OutcomeConsumer {
  /** How many outcomes it holds that were not taken yet. */
  readonly held: number;
  /** Whether it is asked for an outcome that has not come, and all that it holds come after that one. */
  readonly awaitsEarlier: boolean;
  /** Takes an outcome; of a failed request, `reason` is what it has failed of, which need be no error. */
  onOutcome(outcome: Outcome<unknown>, reason: unknown): void;
  /** There will be no further outcome; the source threw, if there is a failure. */
  onEnd(failure: { readonly reason: unknown } | undefined): void;
  /** The batch was aborted: there will be no further outcome, and those held are of no use. */
  onStop(reason: unknown): void;
}

/** What a batch runs on. */
export interface BatchRun {
  readonly source: RequestSource;
  /** How many requests may be in flight. */
  readonly concurrency: number;
  /** How many requests may wait while others go on. */
  readonly maxWaiting: number;
  /** How many may be in flight or held by the consumer, unless it awaits one that sleeps. */
  readonly window: number;
  readonly priority: number;
  /**
   * Whether it pulls without a permit, and its requests wait for theirs: so that what a request starts belongs to the caller of
   * the batch, and not to the one that passes a permit on.
   */
  readonly pullsAhead: boolean;
  readonly signal: AbortSignal | undefined;
  /** How long the whole batch may take, in milliseconds, and what that is timed by. */
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly consumer: OutcomeConsumer;
  /** What the requests have in common. */
  readonly contextOf: (allowance: Allowance) => CallContext;
  readonly scheduler: Pick<Scheduler, "join" | "quit" | "dispatch" | "makeRoom" | "now">;
  readonly starter: BatchStarter;
  /** Begins a request that is more than a URL whose lane is known, or throws what is wrong with it. */
  readonly begin: (request: FetchRequest, batch: BatchSink) => Call;
}

/** Where the requests of a batch have their outcomes. */
export interface BatchSink extends CallSink {
  /** What they have in common. */
  readonly context: CallContext;
}

/** What starts the requests of a batch. */
export interface BatchStarter {
  /** The time on the client's clock. */
  now(): number;
  /** Begins a request for a URL whose lane is known; gives nothing for any other. */
  tryBegin(context: CallContext, url: string, sink: CallSink): Call | undefined;
  /** What the client was closed with, once it was. */
  readonly closing: { readonly reason: unknown } | undefined;
  /** Sets a call going; gives it back if it has been admitted, and must be run. */
  launch(call: Call): Runnable | undefined;
  /** Aborts what is in flight of a batch. */
  abortAll(allowance: Allowance, abort: (call: Call) => void): void;
  /** Has the batch told of the client's closing. */
  add(batch: Closable): void;
  /** The batch is over. */
  delete(batch: Closable): void;
}
