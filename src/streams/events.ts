/**
 * Reads server-sent events, over as many connections as necessary.
 *
 * @module
 */

import { InvalidDataError, isHttpError, isInvalidDataError, isOfflineError } from "../errors.ts";
import { isRetryableStatus, isSafeMethod } from "../http/classify.ts";
import { type HeaderMap, trimSpace } from "../http/headers.ts";
import { splitOutsideQuotes } from "../http/quoted_text.ts";
import type { ServerSentEvent } from "../http/server_sent_event.ts";
import { MAX_PAUSE_MS } from "../lanes/pause.ts";
import type { ItemSource } from "../policies/item_source.ts";
import type { StreamContext, StreamRequest } from "../policies/opener.ts";
import { currentRuntime } from "../runtime/current.ts";
import { decodeBody } from "../schemas/decode.ts";
import { BodyReader } from "./body_reader.ts";
import { EventParser } from "./event_parser.ts";
import { Interruption } from "./interruption.ts";
import { lastEventIdHeader } from "./last_event_id.ts";
import { LineSplitter } from "./line_splitter.ts";
import { Reconnection } from "./reconnection.ts";
import { checkTextual } from "./textual.ts";
import { leavesTime, totalLimit } from "./total_time.ts";

const MAX_EVENT_BYTES = 16_777_216;
const NO_CONTENT = 204;
/** The data with which many language models end their stream, and a hint for the error when it is parsed as JSON. */
const USUAL_END = "[DONE]";
const THE_END = ` with '${USUAL_END}', which 'doneData' would take for the end,`;

/** Options of {@linkcode eventSource}. */
export interface EventSourceOptions {
  /** Whether to connect again after a connection has ended, and how many connections in a row may be in vain. */
  readonly reconnect?: false | { readonly maxAttempts?: number | undefined } | undefined;
  /** The id of the last event that the caller has already. */
  readonly lastEventId?: string | undefined;
  /** The data of the event that marks the end of the stream. */
  readonly doneData?: string | undefined;
  /** The largest accepted event, in bytes. */
  readonly maxEventBytes?: number | undefined;
}

type Event = ServerSentEvent<unknown>;

/**
 * Creates a source of the events of a stream, which connects again after the stream has ended (HTML §9.2, "Server-sent events").
 *
 * @param request The request.
 * @param context The parts of the client that it needs.
 * @param options The options of the stream.
 * @returns The source of the events.
 * @throws {TypeError} If `as` is `"bytes"`, if `lastEventId` contains a NUL, or if `reconnect` is set for a request that may be
 * sent only once.
 */
export function eventSource(
  request: StreamRequest,
  context: StreamContext,
  options: EventSourceOptions,
): ItemSource<Event> {
  const { reconnect, lastEventId } = options;
  checkTextual(request.settings.as, "receive events");
  if (reconnect && !request.isRepeatable) {
    throw new TypeError(
      "Cannot receive events as 'reconnect' must be false for a request that may be sent only once: say 'idempotent: true' if it may be repeated",
    );
  }
  if (lastEventId?.includes("\0")) {
    throw new TypeError("Cannot receive events as 'lastEventId' must have no NUL in it");
  }
  return new EventStream(request, context, options);
}

class EventStream implements ItemSource<Event> {
  readonly #request: StreamRequest;
  readonly #context: StreamContext;
  readonly #doneData: string | undefined;
  readonly #maxEventBytes: number;
  readonly #isText: boolean;
  readonly #parser: EventParser;
  readonly #interruption: Interruption;
  /** Absent if the stream never connects again. */
  readonly #reconnection: Reconnection | undefined;
  #body: BodyReader | undefined;
  #splitter: LineSplitter | undefined;
  /** When the present connection attempt began, and when its response arrived; on the client's clock. */
  #beganAtMs = 0;
  #connectedAtMs: number | undefined;
  #gotEvents = false;
  /** Whether a connection has succeeded once: then a later error is no reason to give up. */
  #wasConnected = false;
  #hasEnded = false;
  /** The error of the event after the last one that the reader got. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(request: StreamRequest, context: StreamContext, options: EventSourceOptions) {
    // By default, connect again only for a safe method. To repeat another request after it has ended well would carry it out
    // again and again.
    const isSubscription = request.isRepeatable && isSafeMethod(request.method);
    const { reconnect = isSubscription ? {} : false, lastEventId = "", doneData } = options;
    const { maxEventBytes = MAX_EVENT_BYTES } = options;
    this.#request = request;
    this.#context = context;
    this.#doneData = doneData;
    this.#maxEventBytes = maxEventBytes;
    const { as, schema } = request.settings;
    this.#isText = as === "text" && schema === undefined;
    this.#parser = new EventParser({ lastEventId, maxEventBytes });
    this.#interruption = new Interruption(context, request.signals);
    if (reconnect === false) return;
    const { maxAttempts = Infinity } = reconnect;
    this.#reconnection = new Reconnection({ maxAttempts, random: context.random });
  }

  async read(): Promise<readonly Event[] | undefined> {
    while (this.#failure === undefined && !this.#hasEnded) {
      const events = await this.#readOnce();
      if (events.length > 0) return events;
    }
    this.close();
    if (this.#failure !== undefined) throw this.#failure.reason;
    return undefined;
  }

  /** Takes one step: connects, and reads the events of a chunk, or ends the connection if there is none. */
  async #readOnce(): Promise<readonly Event[]> {
    let chunk: Uint8Array<ArrayBuffer> | undefined;
    try {
      if (this.#body === undefined) await this.#connect();
      if (this.#hasEnded) return [];
      chunk = await this.#body!.next();
    } catch (error) {
      await this.#disconnect(error);
      return [];
    }
    if (chunk !== undefined) return await this.#take(chunk);
    await this.#disconnect(undefined);
    return [];
  }

  async #connect(): Promise<void> {
    const body = this.#body = new BodyReader(this.#request.open);
    this.#splitter = new LineSplitter({ maxLineBytes: this.#maxEventBytes, endsAtCr: true });
    this.#gotEvents = false;
    this.#beganAtMs = this.#context.clock.now();
    const response = await body.open({ headers: this.#headers() });
    this.#connectedAtMs = this.#context.clock.now();
    this.#wasConnected = true;
    // A 204 tells the client to stop connecting.
    if (response.status === NO_CONTENT) this.#hasEnded = true;
    else this.#checkContentType(response);
  }

  #headers(): HeaderMap {
    const { accept = "text/event-stream", "cache-control": caching = "no-store" } = this.#request.headers;
    const id = lastEventIdHeader(this.#parser.lastEventId);
    return {
      accept,
      // A browser handles its cache itself. Another origin might not allow a page to set this header (CORS).
      ...currentRuntime.showsRedirects ? { "cache-control": caching } : {},
      ...id === undefined ? {} : { "last-event-id": id },
    };
  }

  #checkContentType({ headers }: Response): void {
    const received = headers.get("content-type");
    if (essenceOf(received ?? "") === "text/event-stream") return;
    const about = this.#request.describe();
    throw new InvalidDataError(
      `The response to ${about.method} ${about.url} is no stream of events: its content type must be` +
        ` 'text/event-stream', and is ${received === null ? "absent" : `'${received}'`}`,
      { ...about, reason: "content-type" },
    );
  }

  async #take(chunk: Uint8Array<ArrayBuffer>): Promise<readonly Event[]> {
    const splitter = this.#splitter!;
    const limit = totalLimit(this.#request, this.#beganAtMs);
    const events: Event[] = [];
    for (const line of splitter.push(chunk)) {
      const event = this.#parser.push(line);
      if (event === undefined) continue;
      this.#gotEvents = true;
      if (event.data === this.#doneData) {
        this.#hasEnded = true;
        return events;
      }
      try {
        const data = this.#isText ? event.data : this.#decode(event);
        events.push({
          ...event,
          data: data instanceof Promise ? await this.#interruption.settle(data, limit) : data,
        });
      } catch (reason) {
        // Give the events before this one first.
        this.#failure = { reason };
        return events;
      }
    }
    if (this.#parser.isTooLarge || splitter.tooLongAt !== undefined) {
      this.#failure = { reason: this.#tooLarge() };
    }
    return events;
  }

  #decode({ event, data, id }: ServerSentEvent): unknown {
    const { schema, validate } = this.#request.settings;
    return decodeBody(data, {
      as: "json",
      schema: validate ? schema : undefined,
      describe: () => ({ ...this.#request.describe(), context: { event, id } }),
      part: () => `An event '${event}'${data === USUAL_END ? THE_END : ""} in the response`,
    });
  }

  #tooLarge(): InvalidDataError {
    const about = this.#request.describe();
    const context = { lastEventId: this.#parser.lastEventId };
    return new InvalidDataError(
      `An event in the response to ${about.method} ${about.url} is larger than 'maxEventBytes': ${this.#maxEventBytes}`,
      { ...about, reason: "too-large", context },
    );
  }

  /** Handles the end or the failure of a connection: waits until the next one may follow, or ends the stream. */
  async #disconnect(error: unknown): Promise<void> {
    const { clock } = this.#context;
    const lastedMs = this.#connectedAtMs === undefined ? 0 : clock.now() - this.#connectedAtMs;
    // Ask a mirror that has failed without any event after the other mirrors from now on.
    const isFruitless = error !== undefined && this.#connectedAtMs !== undefined && !this.#gotEvents;
    const hasOther = isFruitless && this.#request.isRepeatable && this.#request.leaveMirror(error);
    this.#body?.close();
    this.#body = undefined;
    this.#connectedAtMs = undefined;
    this.#parser.reset();
    if (hasOther && isInvalidDataError(error)) return;
    const reconnection = this.#reconnection;
    const mayPass = error === undefined || (this.#wasConnected && mayPassSoon(error));
    if (this.#hasEnded) return;
    if (reconnection === undefined || !mayPass || !reconnection.mayFollow(lastedMs, this.#gotEvents)) {
      this.#hasEnded = true;
      if (error !== undefined) this.#failure = { reason: error };
      return;
    }
    const waitMs = Math.max(reconnection.waitMs(this.#parser.retryMs), retryAfterMs(error));
    if (error !== undefined) this.#request.noteRetry(error, waitMs);
    // The event's listener may have left the stream.
    if (this.#hasEnded) return;
    await this.#interruption.delay(waitMs);
  }

  close(): void {
    this.#hasEnded = true;
    this.#interruption.stop();
    this.#body?.close();
  }
}

/**
 * Returns the last of the media types in a `Content-Type`, without its parameters (fetch standard, "extract a MIME type").
 */
function essenceOf(contentType: string): string | undefined {
  return splitOutsideQuotes(contentType, ",", "quote")
    .map((type) => trimSpace(type.split(";", 1)[0]!).toLowerCase())
    .filter((type) => type.includes("/"))
    .at(-1);
}

/** Whether a later connection may succeed after an error. */
function mayPassSoon(error: unknown): boolean {
  if (isOfflineError(error)) return false;
  if (isHttpError(error)) return isRetryableStatus(error.status);
  return leavesTime(error);
}

/** Returns how long the server or the breaker wants no request, in milliseconds; at most as long as an origin can be paused. */
function retryAfterMs(error: unknown): number {
  const { retryAfterMs = 0 } = (error ?? {}) as { readonly retryAfterMs?: number | undefined };
  return Math.min(retryAfterMs, MAX_PAUSE_MS);
}
