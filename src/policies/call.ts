/**
 * A call: one request of a caller, from its beginning to its answer.
 *
 * @module
 */

import { type SlipstreamErrorOptions, TimeoutError } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { PreparedRequest, RequestAdditions } from "../http/request.ts";
import { redactUrl } from "../http/url.ts";
import type { Allowance } from "../lanes/allowance.ts";
import type { Runnable } from "../lanes/claimant.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Receipt } from "../lanes/receipt.ts";
import type { Errand } from "../lanes/errand.ts";
import { abortIfPossible, hasAborted } from "../primitives/abort_across_requests.ts";
import type { AbortTarget } from "../primitives/abort_listeners.ts";
import type { CallerScope } from "../primitives/caller_scope.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import type { LinkedItem } from "../primitives/linked_queue.ts";
import type { ValueSource } from "./event.ts";
import { Journey, type Target } from "./journey.ts";
import type { Mirror } from "./mirror.ts";
import type { ReplyHead } from "./reply_head.ts";
import type { Settings } from "./settings.ts";

/** The default patience of requests of a batch: they wait out an outage of at most this age, in milliseconds. */
const PATIENCE_MS = 30_000;

/** The owner of calls, which looks after them while they are in flight: the dispatcher. */
export interface CallOwner {
  /** Answers the caller once; later answers are ignored. */
  settle(call: Call, ok: boolean, value: unknown): void;
  /** Notes that the body of an attempt has ended. The caller may have got the response before. */
  onBodyEnd(call: Call): void;
  /** Notes that no caller wants the result of a call any more. */
  onCancel(call: Call): void;
  /** Returns the number of the next call. */
  nextId(): number;
  /**
   * Returns all URLs that name the resource of a call, and those to which redirects have led it, as a parser writes them, without
   * fragments.
   */
  placesOf(call: Call): readonly string[];
  /** The reason with which the client was closed; `undefined` while it is open. */
  readonly closing: { readonly reason: unknown } | undefined;
  /** The straight way, for calls that were admitted to it. */
  readonly straight: {
    /** Runs a call, and answers its callers. Never rejects. */
    run(call: Call): Promise<void>;
  };
}

/** The receiver of a call's result. */
export interface CallSink {
  /** Takes the value or the error; called once. */
  onSettled(call: Call, ok: boolean, value: unknown): void;
}

/** The sink of calls for which no caller waits, or waits any more. */
export const NO_CALLER: CallSink = { onSettled() {} };

/** The properties that all requests of a batch share, or all plain requests of a client. */
export interface CallContext {
  readonly settings: Settings;
  /** The caller's signals. Each has a listener until the call has settled and its body has ended. */
  readonly signals: readonly AbortSignal[];
  /** The headers of the batch. */
  readonly headers: HeaderMap;
  /** The additions to each request of the batch; absent for none. */
  readonly additions?: RequestAdditions | undefined;
  /** The limits on what the batch may have in flight; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /**
   * The async context in which the middleware of the batch runs, whichever request makes room for an attempt; absent for a single
   * request, and without middleware.
   */
  readonly scope?: CallerScope | undefined;
  /** Whether the caller gets the response itself, its body unread. */
  readonly streams: boolean;
  /** Whether a response without a success status is an error, as for callers that get the value. */
  readonly rejectsStatus: boolean;
  /** Whether a part of this client reads the body, chunk by chunk, instead of the caller. */
  readonly readsChunks?: boolean | undefined;
  /** The mirrors to ask after the others, in this order. */
  readonly avoided?: readonly Mirror[] | undefined;
  /** Whether the call continues the work of an earlier call, such as a download. */
  readonly continues?: boolean | undefined;
  /** How many attempts the earlier calls of the same stream have made; they count in errors. Absent for none. */
  readonly earlierAttempts?: number | undefined;
  /** How much of the total time had passed before the call began, in milliseconds; absent for none. */
  readonly spentMs?: number | undefined;
  /** Whether no caller waits for the call. */
  readonly isBackground: boolean;
  /** The owner of the calls. */
  readonly owner: CallOwner;
  /** The headers of each `fetch` on the straight way; absent if these calls must not go that way. */
  readonly straightHeaders: HeaderMap | undefined;
}

/** The one thing that a call waits for: a turn, the end of a backoff, or an attempt. */
export interface Pending {
  /** Stops it: the call does not want its result any more. */
  cancel(reason: unknown, call: Call): void;
  /** Names what the call waits for, as an error says it: "a retry". Absent for an attempt. */
  purpose?(nowMs: number): string;
  /** The other call whose response the call waits for, if it does. */
  readonly leader?: Call | undefined;
}

/** The callers that share one execution (single-flight). */
export interface Flight {
  /** How many calls share it, the one that executes it included. */
  members: number;
  /** The calls that wait for the one that executes it. */
  readonly followers: Call[];
  /** The latest of their total deadlines, on the client's clock. */
  deadlineAtMs: number;
}

/** One logical request: begun when the caller makes it, and answered once. A call waits for one thing at a time. */
export class Call implements AbortTarget, DeadlineTarget, LinkedItem<Call>, Errand, Runnable {
  /** The number of the call, counted from 1 in each client. */
  id = 0;
  /** The URL as the caller gave it; relative when mirrors complete it. */
  readonly url: string;
  readonly context: CallContext;
  readonly settings: Settings;
  sink: CallSink;
  /** The position of the call in its batch, and the batch's input there. */
  index = 0;
  given: unknown = undefined;
  priority: number;
  startedAtMs = 0;
  deadline: Deadline | undefined = undefined;
  /** How many attempts the call has made so far, over all rounds and mirrors. */
  attempts = 0;
  /** The source of the value; final when the call has settled. */
  from: ValueSource = "network";
  /** The head of the response that brought the value; set when the call settles. */
  head: ReplyHead | undefined = undefined;
  /** The time from the call to the response, in milliseconds; 0 until then. */
  durationMs = 0;
  settled = false;
  /** Whether the call is about to stop its work, so that no other call may join it. */
  isLeaving = false;
  /** Whether the work of the call is over; the calls that wait for it are about to get their answers. */
  hasEnded = false;
  /** Whether the batch counts the call among those that wait. */
  isAsleep = false;
  /** Whether an attempt of the call's own holds a permit. */
  isInFlight = false;
  /** Whether the call is in the dispatcher's list of calls in flight. */
  isListed = false;
  /** The key by which the call shares limits with others. */
  limitKey: string | undefined = undefined;
  /** The receipt of an attempt on the straight way, under limits that the origin has stated. */
  receipt: Receipt | undefined = undefined;
  /** The lane of an absolute URL; each mirror has its own. */
  lane: Lane | undefined = undefined;
  /** The turn, backoff or attempt that the call waits for; cancelling it stops the call. */
  pending: Pending | undefined = undefined;
  /** The callers that share this call's execution, if another call has ever joined it. */
  flight: Flight | undefined = undefined;
  /** The call whose execution this one shares. */
  leader: Call | undefined = undefined;
  /**
   * The entry in the table of calls that may be joined: the hash of the URL and the headers, the next entry, and whether the call
   * is there.
   */
  hash = 0;
  chain: Call | undefined = undefined;
  isInTable = false;
  /** The neighbours in the list of calls in flight. */
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;

  // State of an attempt on the straight way.
  /** The URL that the attempt is sent to. */
  sentUrl = "";
  /** Whether the runtime's own `fetch` has sent it and follows no redirect, so that the URL that answers is `sentUrl`. */
  isSentAsIs = false;
  /** The ticket of the lane's breaker. */
  ticket = 0;
  attemptedAtMs = 0;
  controller: AbortController | undefined = undefined;
  /** Whether the call has gone on without the attempt's result. */
  hasLeft = false;
  /** The request with all its parts, once they were needed. */
  prepared: PreparedRequest | undefined;
  #journey: Journey | undefined = undefined;
  /** Whether the work has been stopped because no caller wants its result any more. Only the call writes it. */
  cancelled = false;
  /** The reason why the work was stopped. */
  reason: unknown = undefined;

  /**
   * Creates a call that has not been sent.
   *
   * @param context The properties that it shares with other calls.
   * @param request Its URL, or the request with all its parts.
   * @param sink The receiver of its result.
   */
  constructor(context: CallContext, request: string | PreparedRequest, sink: CallSink) {
    this.context = context;
    this.settings = context.settings;
    this.priority = context.settings.priority;
    this.sink = sink;
    if (typeof request === "string") {
      this.url = request;
      this.prepared = undefined;
    } else {
      this.url = request.url;
      this.prepared = request;
    }
  }

  /** Runs the call on the straight way, to which it has been admitted. */
  run(): void {
    this.context.owner.straight.run(this);
  }

  /** The state of the call on the general way; created when it is first needed. */
  get journey(): Journey {
    return this.#journey ??= new Journey();
  }

  /** The target of the latest attempt on the general way. */
  get target(): Target | undefined {
    return this.#journey?.target;
  }

  /** The requests to which redirects have led the call. */
  get redirectedTo(): Journey["redirectedTo"] {
    return this.#journey?.redirectedTo;
  }

  /** The request with all its parts. A call that was given only a URL is a GET of that absolute URL. */
  get request(): PreparedRequest {
    return this.prepared ??= {
      method: "GET",
      url: this.url,
      absolute: true,
      origin: undefined,
      headers: this.context.headers,
      body: null,
      repeatable: this.settings.idempotent ?? true,
      init: undefined,
    };
  }

  /** The request's own headers, with the conditions of the cache. */
  get headers(): HeaderMap {
    return this.#journey?.ownHeaders ?? this.request.headers;
  }

  /** Whether the caller gets the response itself, its body unread. */
  get streams(): boolean {
    return this.context.streams;
  }

  /** Whether the caller reads the body of a failure, too. */
  get readsFailures(): boolean {
    return this.context.streams && !this.context.rejectsStatus;
  }

  /** Whether no caller waits for the call. */
  get isBackground(): boolean {
    return this.context.isBackground;
  }

  /**
   * The limits of the call's batch. A call that has settled and goes on only for others does not belong to its batch any more.
   */
  get allowance(): Allowance | undefined {
    return this.settled ? undefined : this.context.allowance;
  }

  /** Whether a batch, which is patient, has begun the call, even if it goes on only for others. */
  get isOfBatch(): boolean {
    return this.context.allowance !== undefined;
  }

  /** Whether one of the call's signals has aborted and is about to notify the call, or the call is about to stop its work. */
  get isAborted(): boolean {
    if (this.isLeaving) return !this.cancelled;
    const { signals, allowance } = this.context;
    if (this.settled || (signals.length === 0 && allowance?.signal === undefined)) return false;
    return (allowance?.signal !== undefined && hasAborted(allowance.signal)) || signals.some(hasAborted);
  }

  /** The total time that the call may take from its beginning, in milliseconds. */
  get timeLeftMs(): number {
    return this.settings.totalTimeoutMs - (this.context.spentMs ?? 0);
  }

  /** When the total deadline passes, on the client's clock: the latest one of all callers that wait for this call. */
  get deadlineAtMs(): number {
    return this.flight?.deadlineAtMs ?? this.startedAtMs + this.timeLeftMs;
  }

  /** When an attempt on the straight way times out, on the client's clock. */
  get timeoutAtMs(): number {
    return this.attemptedAtMs + this.settings.timeoutMs;
  }

  /** How old an outage may be for the call to wait for its end, in milliseconds; 0 if the call does not wait. */
  get patienceMs(): number {
    const { onOpen, patienceMs = PATIENCE_MS, maxRetries } = this.settings;
    const waits = onOpen ?? (this.isOfBatch && maxRetries !== 0 ? "wait" : "fail");
    return waits === "wait" ? patienceMs : 0;
  }

  get isCostly(): boolean {
    return this.#journey?.isCostly === true && this.lane !== undefined &&
      this.context.allowance !== undefined;
  }

  get batchBeganAtMs(): number {
    return this.context.allowance?.beganAtMs ?? -Infinity;
  }

  /**
   * Whether the call goes on although nothing has ever come from its origin: if the caller has set `patienceMs`; or it is a
   * single request that does not wait out outages, and just makes its usual retries.
   */
  get waitsForUnanswered(): boolean {
    const { onOpen, patienceMs } = this.settings;
    return patienceMs !== undefined || (!this.isOfBatch && onOpen !== "wait");
  }

  /** A signal that aborts when no caller needs the work any more; created when it is first needed. */
  get signal(): AbortSignal {
    const { journey } = this;
    if (journey.controller === undefined) {
      journey.controller = new AbortController();
      if (this.cancelled) journey.controller.abort(this.reason);
    }
    return journey.controller.signal;
  }

  /**
   * Answers the caller with the reason, and stops the work unless other calls wait for it. Also stops a body that the caller
   * reads.
   */
  abort(reason: unknown): void {
    if (this.settled) {
      // Stop the body that the caller reads, but not the work for others.
      if (this.flight === undefined || this.flight.members === 0) this.cancel(reason);
      return;
    }
    this.isLeaving = this.leader === undefined && (this.flight === undefined || this.flight.members === 1);
    this.context.owner.settle(this, false, reason);
    const { leader } = this;
    if (leader !== undefined) {
      if (--leader.flight!.members === 0) leader.cancel(reason);
    } else if (this.flight === undefined || --this.flight.members === 0) {
      this.cancel(reason);
    }
  }

  get wasTakenOn(): boolean {
    return this.attempts > 0 || this.context.continues === true;
  }

  refuseSingles(error: Error): boolean {
    const followers = this.flight?.followers.filter(({ settled }) => !settled) ?? [];
    if (followers.every(({ allowance }) => allowance === undefined)) return false;
    for (const follower of followers) {
      if (follower.allowance !== undefined) continue;
      follower.attempts = this.attempts;
      follower.abort(error);
    }
    this.abort(error);
    return true;
  }

  /** Stops the work, wherever it is. */
  cancel(reason: unknown): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.reason = reason;
    this.pending?.cancel(reason, this);
    this.#journey?.granted?.withdraw();
    this.context.owner.onCancel(this);
    const controller = this.#journey?.controller;
    if (controller !== undefined) abortIfPossible(controller, reason);
    this.#cancelBody(reason);
  }

  /** Cancels a stream that was not sent yet, as `fetch` does (fetch standard, "abort a fetch() call"). */
  #cancelBody(reason: unknown): void {
    const body = this.prepared?.body;
    // The outcome of the cancellation does not matter.
    if (body instanceof ReadableStream && !body.locked) body.cancel(reason).catch(() => {});
  }

  /** Throws the reason if the work has been stopped. */
  throwIfCancelled(): void {
    if (this.cancelled) throw this.reason;
  }

  /** Notes that the body of an attempt has ended. */
  onBodyEnd(): void {
    this.context.owner.onBodyEnd(this);
  }

  onAbort(signal: AbortSignal): void {
    this.abort(signal.reason);
  }

  get isTimeout(): boolean {
    return true;
  }

  /** Times out: the total deadline has passed. */
  onDeadline(): void {
    const { totalTimeoutMs } = this.settings;
    this.#timeOut("total", totalTimeoutMs, this.startedAtMs + this.timeLeftMs);
  }

  /** Times out: the batch of the call has taken longer than `timeoutMs` milliseconds. */
  onBatchDeadline(timeoutMs: number): void {
    this.#timeOut("batch", timeoutMs, this.context.allowance!.endsAtMs);
  }

  /** Aborts the call with a timeout error that says what the deadline interrupted, and what had failed before. */
  #timeOut(kind: "batch" | "total", timeoutMs: number, atMs: number): void {
    const about = this.describe();
    const what = kind === "total" ? "took" : "was given up, as its batch took";
    const message = `${about.method} ${about.url} ${what} longer than '${kind}TimeoutMs': ${timeoutMs}` +
      this.#activity(atMs);
    const cause = this.leader?.journey.failure ?? this.journey.failure;
    this.abort(new TimeoutError(message, { ...about, kind, timeoutMs, cause }));
  }

  /** Names what the call is doing, as the end of a sentence; empty for a step that does not name itself, such as a schema. */
  #activity(atMs: number): string {
    if (this.settled) return ", before its body had ended";
    if (this.leader !== undefined) return ", while it waited for another request for the same";
    if (this.isInFlight) return `, while attempt ${this.attempts} was in flight`;
    // Other callers that wait for this call may have more time, so it may still be pending.
    const purpose = this.pending?.purpose?.(atMs);
    return purpose === undefined ? "" : `, while it waited for ${purpose}`;
  }

  /** How many attempts were made so far, those of the earlier calls of the same stream included. */
  get attemptsInAll(): number {
    return this.attempts + (this.context.earlierAttempts ?? 0);
  }

  /** Returns the facts of this call for an error; of an attempt that brought something, with the attempt's own target. */
  describe(
    target: Target | undefined = this.target,
  ): SlipstreamErrorOptions & { readonly url: string; readonly method: string; readonly attempts: number } {
    return {
      url: redactUrl(target?.url ?? (this.sentUrl === "" ? this.url : this.sentUrl)),
      method: this.prepared?.method ?? "GET",
      attempts: this.attemptsInAll,
    };
  }
}
