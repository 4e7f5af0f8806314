/**
 * The contract of the policies: each takes the next handler and gives back one that does more.
 *
 * @module
 */

import type { Scheduler } from "../lanes/scheduler.ts";
import type { Backoff } from "../primitives/backoff.ts";
import type { RetryBudget } from "../primitives/retry_budget.ts";
import type { Runtime } from "../runtime/contract.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { BudgetDrought } from "./budget_drought.ts";
import type { Call } from "./call.ts";
import type { Reporter } from "./event.ts";
import type { HedgingSlot } from "./hedging.ts";
import type { Middleware } from "./middleware.ts";
import type { Reply } from "./reply.ts";

/** Brings a call to its reply. Any response is a reply; only what brought none is thrown. */
export type Handler = (call: Call) => Promise<Reply>;

/** Puts something around a handler; applied once, when the client is made. */
export type Policy = (next: Handler) => Handler;

/** The numbers that policies count. */
export interface Counters {
  retried: number;
  hedged: number;
  hedgesWon: number;
  fresh: number;
  stale: number;
  shared: number;
  bytes: number;
}

/** Sends a request, and promises its response: a `fetch`, as far as it is needed here. */
export type FetchFunction = (input: string, init?: RequestInit) => Promise<Response>;

/** What differs between runtimes for an attempt. */
export type AttemptRuntime = Pick<
  Runtime,
  "decodes" | "decodesIdentity" | "showsRedirects" | "isOutOfDescriptors" | "isRedirectFailure"
>;

/** What the policies of one client share. */
export interface Environment {
  /** The client's own, or else the global one of the moment. */
  readonly fetch: FetchFunction;
  /** What is around each attempt, outermost first; `undefined` for nothing. */
  readonly use: readonly Middleware[] | undefined;
  /** What is around each request on the wire, outermost first; `undefined` for nothing. */
  readonly useOnHops: readonly Middleware[] | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Deadlines that no caller waits for: they do not keep the process alive. */
  readonly idleDeadlines: Deadlines;
  /** What of the runtime matters to an attempt. */
  readonly runtime: AttemptRuntime;
  /** Whether what a call does ends with the incoming request that has made it, so that what others wait for may never come. */
  readonly timersBelongToRequests: boolean;
  readonly scheduler: Scheduler;
  readonly reporter: Reporter;
  readonly counters: Counters;
  /** What sends second attempts beside slow ones; `undefined` for nothing. */
  readonly hedging: HedgingSlot<Environment> | undefined;
  /** What bounds the retries of all calls together; `undefined` for no bound. */
  readonly budget: RetryBudget | undefined;
  /** What those know together that wait for it. */
  readonly drought: BudgetDrought;
  /** The pause before a retry. */
  readonly backoff: Backoff;
  /** Whether the caller has said how long that is, so that it is never shorter. */
  readonly keepsBackoff: boolean;
  /** The pause of an origin that asks for one without saying how long, by how many of them have been in vain. */
  readonly unnamedPauseMs: (fruitlessPauses: number) => number;
  /** Whether a 429 makes all requests to its origin wait, or only the request that got it. */
  readonly pauseOn429: "origin" | "request";
  /** Whether breakers count failures in a row, of whichever requests, in place of their share. */
  readonly countsInARow: boolean;
  /** Whether an error is a failure of its origin. */
  readonly isFailure: ((error: unknown) => boolean) | undefined;
  /** Whether an error of `fetch` says nothing of the origin, because a proxy or a resolver has failed before it. */
  readonly isOwnFailure: ((error: unknown) => boolean) | undefined;
  /**
   * Keeps work that no caller waits for, until it ends, so that closing can wait for it.
   *
   * @param work The work.
   * @param call A call that it consists of, or the rest of one whose caller has been answered: closing stops it.
   */
  readonly inBackground: (work: Promise<unknown>, call?: Call) => void;
}
