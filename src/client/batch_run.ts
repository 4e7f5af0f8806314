/**
 * What a batch is made of: its source, its bounds, and the parts that it works with.
 *
 * @module
 */

import type { Allowance } from "../lanes/allowance.ts";
import type { Runnable } from "../lanes/claimant.ts";
import type { PermitRound } from "../lanes/permit_round.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Call, CallContext, CallSink } from "../policies/call.ts";
import type { Closings } from "../policies/opener.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { Outcome } from "./outcome.ts";
import type { FetchRequest, RequestSource } from "./request.ts";

/** Takes the outcomes of a batch. */
export interface OutcomeConsumer {
  /** How many outcomes the consumer holds that its reader has not taken yet. */
  readonly held: number;
  /** Whether the reader waits for an outcome that has not come, while all held outcomes come after that one. */
  readonly awaitsEarlier: boolean;
  /** Takes an outcome. For a failed request, `reason` is the reason of the failure, which need not be an error. */
  onOutcome(outcome: Outcome<unknown>, reason: unknown): void;
  /**
   * Takes the end of the batch: no outcome follows. `failure` is there if the batch itself has failed, for example because its
   * source threw.
   */
  onEnd(failure: { readonly reason: unknown } | undefined): void;
  /** Takes the abort of the batch: no outcome follows, and held outcomes are of no use. */
  onStop(reason: unknown): void;
}

/** The bounds of a batch, and the parts that it works with. */
export interface BatchRun {
  readonly source: RequestSource;
  /** How many requests may be in flight. */
  readonly concurrency: number;
  /** How many requests may wait while others go on. */
  readonly maxWaiting: number;
  /** How many requests may be in flight, and outcomes held by the consumer, together; unless the consumer waits for a sleeping request. */
  readonly window: number;
  readonly priority: number;
  /**
   * Whether the batch pulls without a permit, and each request waits for its own. In a worker, a request is then sent in the
   * incoming request of the batch's caller, and not in the one that passes a permit on.
   */
  readonly pullsAhead: boolean;
  readonly signal: AbortSignal | undefined;
  /** How long the whole batch may take, in milliseconds, and the timers for that. */
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly consumer: OutcomeConsumer;
  /** Makes the context that the requests have in common. */
  readonly contextOf: (allowance: Allowance) => CallContext;
  readonly scheduler: Pick<Scheduler, "makeRoom" | "now"> & {
    readonly round: Pick<PermitRound, "join" | "quit" | "dispatch">;
  };
  readonly starter: BatchStarter;
  readonly closings: Closings;
  /** Begins a request that is more than a URL whose lane is known; throws if it is malformed. */
  readonly begin: (request: FetchRequest, batch: BatchSink) => Call;
}

/** Takes the results of a batch's requests. */
export interface BatchSink extends CallSink {
  /** The context that the requests have in common. */
  readonly context: CallContext;
}

/** Starts the requests of a batch. */
export interface BatchStarter {
  /** Begins a request for a URL whose lane is known; returns nothing for any other. */
  tryBegin(context: CallContext, url: string, sink: CallSink): Call | undefined;
  /** Starts a call. Returns the call if it was admitted at once; then the batch must run it. */
  launch(call: Call): Runnable | undefined;
  /** Aborts the calls of a batch. */
  abortAll(allowance: Allowance, abort: (call: Call) => void): void;
}
