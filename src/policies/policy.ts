/**
 * The contract of the policies: each takes the next handler and returns a handler that does more.
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

/** Brings a call to its reply. Any response is a reply, whatever its status; a handler rejects only if there is no response. */
export type Handler = (call: Call) => Promise<Reply>;

/** Wraps a handler; applied once, when the client is created. */
export type Policy = (next: Handler) => Handler;

/** The counters of the policies, for the client's statistics. */
export interface Counters {
  retried: number;
  hedged: number;
  hedgesWon: number;
  fresh: number;
  stale: number;
  shared: number;
  bytes: number;
}

/** Sends a request, and promises its response: the part of `fetch` that the client needs. */
export type FetchFunction = (input: string, init?: RequestInit) => Promise<Response>;

/** The part of the runtime that an attempt needs. */
export type AttemptRuntime = Pick<
  Runtime,
  "decodes" | "decodesIdentity" | "showsRedirects" | "isOutOfDescriptors" | "isRedirectFailure"
>;

/** The objects that all policies of one client share. */
export interface Environment {
  /** The client's own `fetch`, or else the global one at the time of the call. */
  readonly fetch: FetchFunction;
  /** Whether `fetch` is the client's own. */
  readonly hasOwnFetch: boolean;
  /** The middleware around each attempt, outermost first; `undefined` for none. */
  readonly use: readonly Middleware[] | undefined;
  /** The middleware around each request on the wire, outermost first; `undefined` for none. */
  readonly useOnHops: readonly Middleware[] | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Deadlines that no caller waits for: they do not keep the process alive. */
  readonly idleDeadlines: Deadlines;
  /** The runtime's part in an attempt. */
  readonly runtime: AttemptRuntime;
  /**
   * Whether the runtime stops a call's timers and sockets when the incoming request that made it ends. Then nothing may rely on
   * another request's timer or response.
   */
  readonly timersBelongToRequests: boolean;
  readonly scheduler: Scheduler;
  readonly reporter: Reporter;
  readonly counters: Counters;
  /** The hedging of the client; `undefined` if it does not hedge. */
  readonly hedging: HedgingSlot<Environment> | undefined;
  /** The retry budget of all calls together; `undefined` for no bound. */
  readonly budget: RetryBudget | undefined;
  /** The state that the calls share that wait for the budget. */
  readonly drought: BudgetDrought;
  /** The pause before a retry. */
  readonly backoff: Backoff;
  /** Whether the caller has configured the backoff, so that no pause is cut short. */
  readonly keepsBackoff: boolean;
  /**
   * Computes the pause of an origin that asks for one without a length, in milliseconds, from the number of pauses in vain so
   * far.
   */
  readonly unnamedPauseMs: (fruitlessPauses: number) => number;
  /** Whether a 429 makes all requests to its origin wait, or only the request that got it. */
  readonly pauseOn429: "origin" | "request";
  /** Whether breakers count consecutive failures, of whichever requests, instead of the share of failures. */
  readonly countsInARow: boolean;
  /** The caller's function that tells whether an error is a failure of its origin. */
  readonly isFailure: ((error: unknown) => boolean) | undefined;
  /**
   * The function that tells whether an error of `fetch` says nothing about the origin, because a proxy or a resolver failed
   * before it.
   */
  readonly isOwnFailure: ((error: unknown) => boolean) | undefined;
  /**
   * Keeps track of work that no caller waits for, until it ends, so that closing can wait for it.
   *
   * @param work The work.
   * @param call A call that the work consists of, or whose caller has been answered while the work goes on: closing stops it.
   */
  readonly inBackground: (work: Promise<unknown>, call?: Call) => void;
}
