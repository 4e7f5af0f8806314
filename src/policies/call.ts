/**
 * One request on its way through the stations.
 *
 * @module
 */

import { type SlipstreamErrorOptions, TimeoutError } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { PreparedRequest } from "../http/request.ts";
import { redactUrl } from "../http/url.ts";
import type { AbortTarget } from "../primitives/abort_listeners.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import type { Permit } from "../primitives/permit.ts";
import type { LinkedItem } from "../primitives/linked_queue.ts";
import type { Flight } from "../primitives/flight_table.ts";
import type { StandardSchemaV1 } from "../schemas/standard_schema.ts";
import type { ValueSource } from "./event.ts";
import type { Origin } from "./origin.ts";
import type { Reply } from "./reply.ts";

/** What holds for a call: the client's options under the request's own. */
export interface Settings {
  readonly as: "json" | "text" | "bytes";
  readonly schema: StandardSchemaV1 | undefined;
  /** Whether the schema is applied. */
  readonly validate: boolean;
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxRetries: number;
  readonly maxBodyBytes: number;
  readonly cache: "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";
  readonly readCache: boolean;
  readonly writeCache: boolean;
  readonly priority: number;
  readonly notFoundIsFinal: boolean;
  /** Whether the request may be sent twice; its method decides when nothing was said. */
  readonly idempotent: boolean | undefined;
}

/** Where the next attempt goes. */
export interface Target {
  readonly origin: Origin;
  /** The absolute URL. */
  readonly url: string;
  /** All headers, the client's and the mirror's included. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
}

/** What the cache needs to know of the latest attempt, in milliseconds since 1970. */
export interface Exchange {
  sentAtMs: number;
  answeredAtMs: number;
}

/** Who looks after a call while it is under way. */
export interface CallOwner {
  /** Answers the caller once; later answers are ignored. */
  settle(call: Call, ok: boolean, value: unknown): void;
  /** The body of an attempt has ended; maybe after the caller was answered with the response. */
  onBodyEnd(call: Call): void;
}

/** Who waits for the answer. */
export interface CallSink {
  /** Takes the value, or the error; called once. */
  onSettled(call: Call, ok: boolean, value: unknown): void;
}

/** What a call needs from the start. */
export interface CallOptions {
  readonly id: number;
  readonly owner: CallOwner;
  readonly sink: CallSink;
  readonly request: PreparedRequest;
  /** The origin of an absolute URL; mirrors find their own. */
  readonly origin: Origin | undefined;
  readonly settings: Settings;
  readonly signals: readonly AbortSignal[];
  /** Whether the caller gets the response itself, its body unread. */
  readonly streams: boolean;
  readonly startedAtMs: number;
  /** Whether nobody waits for it. @default {false} */
  readonly isBackground?: boolean | undefined;
}

/**
 * One request on its way: made when the caller calls, handed from station to station, and answered once. It is at one
 * station at a time, so that whoever aborts it has one thing to stop.
 */
export class Call implements AbortTarget, DeadlineTarget, LinkedItem<Call> {
  readonly id: number;
  readonly request: PreparedRequest;
  readonly origin: Origin | undefined;
  readonly settings: Settings;
  readonly streams: boolean;
  readonly isBackground: boolean;
  readonly startedAtMs: number;
  /** Attempts made so far, over all rounds and mirrors. */
  attempts = 0;
  /** Where the value came from; final when the call has settled. */
  from: ValueSource = "network";
  /** From the call to the answer, in milliseconds; 0 until then. */
  durationMs = 0;
  settled = false;
  /** Whether no time has passed since `startedAtMs`: the caller has not been returned to. */
  isFresh = true;
  /** Whether nothing can happen to it any more: it has settled, and the body that it was answered with has ended. */
  forgotten = false;
  /** When the total deadline passes, on the client's clock. */
  deadlineAtMs: number = Infinity;
  deadline: Deadline | undefined;
  /** The caller's signals, listened to until the call has settled and its body has ended. */
  readonly signals: readonly AbortSignal[];
  target: Target | undefined;
  /** What the circuit breaker said when it let the call pass. */
  ticket = 0;
  /** The request's own headers, and the conditions of the cache. */
  headers: HeaderMap;
  /** Whether the cache has added conditions: a 304 is then for the cache, and no value. */
  isValidating = false;
  /** When the latest attempt was sent and answered, and the bytes of its body, for the cache; absent when it has no use. */
  exchange: Exchange | undefined;
  /** The permit of the attempt that is about to start. */
  permit: Permit | undefined;
  /** The attempt under way: what to stop. */
  attempt: { cancel(reason: unknown): void } | undefined;
  /** The execution that this call waits for, maybe with others; its worker is the call that does the work. */
  flight: Flight<string, Reply, Call> | undefined;
  /** Neighbours among the calls that are waited for. */
  previous: Call | undefined;
  next: Call | undefined;
  readonly sink: CallSink;
  readonly #owner: CallOwner;
  #controller: AbortController | undefined;
  #cancellation: { readonly reason: unknown } | undefined;

  /** Begins. */
  constructor(options: CallOptions) {
    this.id = options.id;
    this.#owner = options.owner;
    this.sink = options.sink;
    this.request = options.request;
    this.headers = options.request.headers;
    this.origin = options.origin;
    this.settings = options.settings;
    this.signals = options.signals;
    this.streams = options.streams;
    this.startedAtMs = options.startedAtMs;
    this.isBackground = options.isBackground ?? false;
  }

  /** Aborts when the work is of no use any more; made when a station first has to wait. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancellation !== undefined) this.#controller.abort(this.#cancellation.reason);
    }
    return this.#controller.signal;
  }

  /** Answers the caller with the reason, and stops the work unless others wait for it; also the body that it reads. */
  abort(reason: unknown): void {
    if (this.settled) return this.cancel(reason);
    this.#owner.settle(this, false, reason);
    if (this.flight === undefined) this.cancel(reason);
    else if (this.flight.leave()) this.flight.worker?.cancel(reason);
  }

  /** Stops the work, wherever it is. */
  cancel(reason: unknown): void {
    if (this.#cancellation !== undefined) return;
    this.#cancellation = { reason };
    this.attempt?.cancel(reason);
    this.#controller?.abort(reason);
  }

  /** What the work has been stopped for. */
  get reason(): unknown {
    return this.#cancellation?.reason;
  }

  /** Throws the reason if the work has been stopped. */
  throwIfCancelled(): void {
    if (this.#cancellation !== undefined) throw this.#cancellation.reason;
  }

  /** The work has ended: nobody can join it any more. */
  endFlight(): void {
    if (this.flight?.worker === this) this.flight.end();
  }

  /** Whether the work has been stopped. */
  get cancelled(): boolean {
    return this.#cancellation !== undefined;
  }

  /** The body of an attempt has ended. */
  onBodyEnd(): void {
    this.#owner.onBodyEnd(this);
  }

  onAbort(signal: AbortSignal): void {
    this.abort(signal.reason);
  }

  /** The total deadline passed. */
  onDeadline(): void {
    const about = this.describe();
    const timeoutMs = this.settings.totalTimeoutMs;
    const message = `${about.method} ${about.url} took longer than 'totalTimeoutMs': ${timeoutMs}`;
    this.abort(new TimeoutError(message, { ...about, kind: "total", timeoutMs }));
  }

  /** What an error says of this call. */
  describe(): SlipstreamErrorOptions & { readonly url: string; readonly method: string } {
    return {
      url: redactUrl(this.target?.url ?? this.request.url),
      method: this.request.method,
      attempts: this.attempts,
    };
  }
}
