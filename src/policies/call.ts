/**
 * One request on its way.
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

/** How old an outage may be that requests of a batch wait out by default, in milliseconds. */
const PATIENCE_MS = 30_000;

/** What looks after a call while it is in flight. */
export interface CallOwner {
  /** Answers the caller once; later answers are ignored. */
  settle(call: Call, ok: boolean, value: unknown): void;
  /** The body of an attempt has ended; maybe after the caller was answered with the response. */
  onBodyEnd(call: Call): void;
  /** The result of a call is not wanted any more. */
  onCancel(call: Call): void;
  /** The number of the next call. */
  nextId(): number;
  /** All URLs that a call may lead to, as a parser writes them, and without fragments. */
  placesOf(call: Call): readonly string[];
  /** What the client was closed with, once it was. */
  readonly closing: { readonly reason: unknown } | undefined;
  /** Where calls go that were admitted on the straight way. */
  readonly straight: {
    /** Runs a call, and answers it. Never rejects. */
    run(call: Call): Promise<void>;
  };
}

/** What waits for the response. */
export interface CallSink {
  /** Takes the value, or the error; called once. */
  onSettled(call: Call, ok: boolean, value: unknown): void;
}

/** Takes what no caller waits for, or waits for any more. */
export const NO_CALLER: CallSink = { onSettled() {} };

/** What all requests of a batch, or all plain ones of a client, have in common. */
export interface CallContext {
  readonly settings: Settings;
  /** The caller's signals, listened to until the call has settled and its body has ended. */
  readonly signals: readonly AbortSignal[];
  /** The headers of the batch. */
  readonly headers: HeaderMap;
  /** What is added to each of them; absent for nothing. */
  readonly additions?: RequestAdditions | undefined;
  /** What its batch may have in flight; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /** Where the middleware of its batch runs, whoever makes room for it; absent for a single request, and without middleware. */
  readonly scope?: CallerScope | undefined;
  /** Whether the caller gets the response itself, its body unread. */
  readonly streams: boolean;
  /** Whether a response whose status is no success is an error, as for callers that get its value. */
  readonly rejectsStatus: boolean;
  /** Whether a part of this client reads the response, chunk by chunk, instead of the caller. */
  readonly readsChunks?: boolean | undefined;
  /** The mirrors that are asked after the others, in this order. */
  readonly avoided?: readonly Mirror[] | undefined;
  /** Whether it goes on with what an earlier call has begun, such as a download. */
  readonly continues?: boolean | undefined;
  /** How much of its total time had passed before it began, in milliseconds; absent for nothing. */
  readonly spentMs?: number | undefined;
  /** Whether no caller waits for it. */
  readonly isBackground: boolean;
  /** What looks after the calls. */
  readonly owner: CallOwner;
  /** What is sent with each `fetch` on the straight way; absent when that is not for these calls. */
  readonly straightHeaders: HeaderMap | undefined;
}

/** What a call waits for: a turn, the end of a backoff, or an attempt. */
export interface Pending {
  /** Stops it: the call does not want its result any more. */
  cancel(reason: unknown, call: Call): void;
  /** What it stands for, as an error says it: "a retry". Absent for an attempt. */
  purpose?(nowMs: number): string;
  /** The call whose request it waits for, if it is that. */
  readonly leader?: Call | undefined;
}

/** The callers that wait for one execution. */
export interface Flight {
  /** How many there are, the one that executes it included. */
  members: number;
  /** All but that one. */
  readonly followers: Call[];
  /** When the total deadline of the most patient of them passes, on the client's clock. */
  deadlineAtMs: number;
}

/** One logical request: made when the caller calls, and answered once. It waits for one thing at a time. */
export class Call implements AbortTarget, DeadlineTarget, LinkedItem<Call>, Errand, Runnable {
  /** Counted from 1 in each client. */
  id = 0;
  /** The URL as it was given; relative when mirrors complete it. */
  readonly url: string;
  readonly context: CallContext;
  readonly settings: Settings;
  sink: CallSink;
  /** Where it stands in its batch, and what was asked for there. */
  index = 0;
  given: unknown = undefined;
  priority: number;
  startedAtMs = 0;
  deadline: Deadline | undefined = undefined;
  /** Attempts made so far, over all rounds and mirrors. */
  attempts = 0;
  /** Where the value came from; final when the call has settled. */
  from: ValueSource = "network";
  /** What the response says that the value came with; there when the call settles. */
  head: ReplyHead | undefined = undefined;
  /** From the call to the response, in milliseconds; 0 until then. */
  durationMs = 0;
  settled = false;
  /** Whether its work is about to be stopped, so that no other may join it. */
  isLeaving = false;
  /** Whether its work is over; others that wait for it are about to be answered. */
  hasEnded = false;
  /** Whether its batch counts it among those that wait. */
  isAsleep = false;
  /** Whether an attempt of its own holds a permit. */
  isInFlight = false;
  /** Whether it is in the list of those that are in flight. */
  isListed = false;
  /** What it shares limits with others by. */
  limitKey: string | undefined = undefined;
  /** What an attempt on the straight way counts in. */
  receipt: Receipt | undefined = undefined;
  /** The lane of an absolute URL; mirrors have their own. */
  lane: Lane | undefined = undefined;
  /** What stops it: a turn, a backoff or an attempt that it waits for. */
  pending: Pending | undefined = undefined;
  /** The callers that wait for it, if it has ever been joined. */
  flight: Flight | undefined = undefined;
  /** The call that this one waits for. */
  leader: Call | undefined = undefined;
  /** In the table of what is in flight: the hash of its URL, its neighbour, and whether it is there. */
  hash = 0;
  chain: Call | undefined = undefined;
  isInTable = false;
  /** Neighbours among the calls that are in flight. */
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;

  // Of an attempt on the straight way.
  /** What it is sent to. */
  sentUrl = "";
  /** Whether it was sent by the `fetch` of the runtime, which follows no redirect, so that this is the URL that answered. */
  isSentAsIs = false;
  /** What the lane's breaker said. */
  ticket = 0;
  attemptedAtMs = 0;
  controller: AbortController | undefined = undefined;
  /** Whether the call has gone on without the attempt's result. */
  hasLeft = false;
  /** The request, once its parts were needed. */
  prepared: PreparedRequest | undefined;
  #journey: Journey | undefined = undefined;
  /** Whether the work has been stopped: its result is not wanted any more. Only the call writes it. */
  cancelled = false;
  /** What the work has been stopped for. */
  reason: unknown = undefined;

  /**
   * Begins.
   *
   * @param context What it has in common with others.
   * @param request Its URL, or the request with all its parts.
   * @param sink What gets the result.
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

  /** Goes the straight way; it has been admitted. */
  run(): void {
    this.context.owner.straight.run(this);
  }

  /** What the general way keeps of it; made when it is first needed. */
  get journey(): Journey {
    return this.#journey ??= new Journey();
  }

  /** What the attempt in flight on the general way is sent to, or was. */
  get target(): Target | undefined {
    return this.#journey?.target;
  }

  /** The request with all its parts. One that came as a URL alone is a GET of something absolute. */
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

  /** The request's own headers, and the conditions of the cache. */
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

  /** Whether no caller waits for it. */
  get isBackground(): boolean {
    return this.context.isBackground;
  }

  /** What its batch may have in flight; one that goes on for others only is no part of its batch any more. */
  get allowance(): Allowance | undefined {
    return this.settled ? undefined : this.context.allowance;
  }

  /** Whether it was begun by a batch, which is patient, even if it goes on for others only. */
  get isOfBatch(): boolean {
    return this.context.allowance !== undefined;
  }

  /** Whether one of its signals has aborted, and it is about to be told; or its work is about to be stopped. */
  get isAborted(): boolean {
    if (this.isLeaving) return !this.cancelled;
    const { signals, allowance } = this.context;
    if (this.settled || (signals.length === 0 && allowance?.signal === undefined)) return false;
    return (allowance?.signal !== undefined && hasAborted(allowance.signal)) || signals.some(hasAborted);
  }

  /** How long it may take in all, in milliseconds, from when it began. */
  get timeLeftMs(): number {
    return this.settings.totalTimeoutMs - (this.context.spentMs ?? 0);
  }

  /** When the total deadline passes, on the client's clock: that of the most patient caller that waits for it. */
  get deadlineAtMs(): number {
    return this.flight?.deadlineAtMs ?? this.startedAtMs + this.timeLeftMs;
  }

  /** When an attempt on the straight way has taken too long, on the client's clock. */
  get timeoutAtMs(): number {
    return this.attemptedAtMs + this.settings.timeoutMs;
  }

  /** How old an outage may be that it waits out, in milliseconds; 0 for none. */
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

  /** Whether it waits also for an origin from which nothing has ever come; a single request that waits for none has its retries, as ever. */
  get waitsForUnanswered(): boolean {
    const { onOpen, patienceMs } = this.settings;
    return patienceMs !== undefined || (!this.isOfBatch && onOpen !== "wait");
  }

  /** Aborts when the work is of no use any more; made when it is first needed. */
  get signal(): AbortSignal {
    const { journey } = this;
    if (journey.controller === undefined) {
      journey.controller = new AbortController();
      if (this.cancelled) journey.controller.abort(this.reason);
    }
    return journey.controller.signal;
  }

  /** Answers the caller with the reason, and stops the work unless others wait for it; also the body that it reads. */
  abort(reason: unknown): void {
    if (this.settled) {
      // The body that it reads, but not what others wait for.
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

  /** A stream that was not sent yet is cancelled, as `fetch` does it (fetch standard, "abort a fetch() call"). */
  #cancelBody(reason: unknown): void {
    const body = this.prepared?.body;
    // How that ends does not matter.
    if (body instanceof ReadableStream && !body.locked) body.cancel(reason).catch(() => {});
  }

  /** Throws the reason if the work has been stopped. */
  throwIfCancelled(): void {
    if (this.cancelled) throw this.reason;
  }

  /** The body of an attempt has ended. */
  onBodyEnd(): void {
    this.context.owner.onBodyEnd(this);
  }

  onAbort(signal: AbortSignal): void {
    this.abort(signal.reason);
  }

  /** The total deadline passed. */
  onDeadline(): void {
    const { totalTimeoutMs } = this.settings;
    this.#timeOut("total", totalTimeoutMs, this.startedAtMs + this.timeLeftMs);
  }

  /** The batch of the call has taken longer than so many milliseconds. */
  onBatchDeadline(timeoutMs: number): void {
    this.#timeOut("batch", timeoutMs, this.context.allowance!.endsAtMs);
  }

  /** A deadline passed: the error says what that interrupted, and what had failed before. */
  #timeOut(kind: "batch" | "total", timeoutMs: number, atMs: number): void {
    const about = this.describe();
    const what = kind === "total" ? "took" : "was given up, as its batch took";
    const message = `${about.method} ${about.url} ${what} longer than '${kind}TimeoutMs': ${timeoutMs}` +
      this.#activity(atMs);
    const cause = this.leader?.journey.failure ?? this.journey.failure;
    this.abort(new TimeoutError(message, { ...about, kind, timeoutMs, cause }));
  }

  /** What it is doing at this moment, as the end of a sentence; empty for what no step has announced, such as a schema. */
  #activity(atMs: number): string {
    if (this.settled) return ", before its body had ended";
    if (this.leader !== undefined) return ", while it waited for another request for the same";
    if (this.isInFlight) return `, while attempt ${this.attempts} was in flight`;
    // Other callers that wait for it may have more time.
    const purpose = this.pending?.purpose?.(atMs);
    return purpose === undefined ? "" : `, while it waited for ${purpose}`;
  }

  /** What an error says of this call; of an attempt that brought something, its own target. */
  describe(
    target: Target | undefined = this.target,
  ): SlipstreamErrorOptions & { readonly url: string; readonly method: string; readonly attempts: number } {
    return {
      url: redactUrl(target?.url ?? (this.sentUrl === "" ? this.url : this.sentUrl)),
      method: this.prepared?.method ?? "GET",
      attempts: this.attempts,
    };
  }
}
