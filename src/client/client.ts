/**
 * What a client is: the contract that callers see.
 *
 * @module
 */

import type { ServerSentEvent } from "../http/server_sent_event.ts";
import type { DownloadResult, DownloadTarget } from "../policies/download_terms.ts";
import type { ClientEvent } from "../policies/event.ts";
import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";
import type { DownloadOptions } from "./download_options.ts";
import type { ExtendOptions } from "./options.ts";
import type { Outcome, OutcomesOf } from "./outcome.ts";
import type {
  BatchOptions,
  BodyOf,
  CallOptions,
  FetchOptions,
  FetchRequest,
  OnlyRequest,
  OnlyRequests,
  RequestOf,
  RequestSource,
  RequestSpec,
  ValueOf,
  ValuesOf,
} from "./request.ts";
import type { ClientStats } from "./stats.ts";
import type { EventsOptions, LinesOptions, Page, PagesOptions } from "./stream_options.ts";

/**
 * Fetches many resources in parallel, under control. Every request ends in exactly one way: a value, or an error that says
 * what happened.
 *
 * All methods that make requests take a `signal`; when it aborts, they reject at once with its very own `reason`, wherever
 * the request is: waiting for a token or a permit, between two attempts, or in the middle of a body. What is in flight is
 * then stopped, and nothing more is started.
 */
export interface Client extends AsyncDisposable {
  /**
   * Fetches JSON. Several GETs for the same at the same time, with the same headers and settings, are sent once, also in a batch; each
   * caller gets a value of its own. With `idempotent: false` each is sent.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` go first.
   * @returns The parsed body, or what the schema makes of it; `undefined` for 204, 205, 304 and empty bodies.
   * @throws {NetworkError} If no attempt brought a response; `TimeoutError`, `CircuitOpenError`, `OfflineError` say why.
   * @throws {HttpError} If the last response's status was no success.
   * @throws {DataNotFoundError} If it was 404 or 410.
   * @throws {InvalidDataError} If the body is not JSON, or does not fit the schema.
   * @throws {TypeError} If the URL or an option is malformed; before anything is sent.
   */
  json<S extends StandardSchemaV1>(
    request: RequestSpec & { readonly schema: S },
    options?: CallOptions,
  ): Promise<InferOutput<S>>;
  /** Fetches JSON, for a schema in the options. */
  json<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: CallOptions & { readonly schema: S },
  ): Promise<InferOutput<S>>;
  /** Fetches JSON of a type that the caller states, and that nothing checks; `unknown` if none is stated. */
  json<T = unknown>(request: FetchRequest, options?: CallOptions): Promise<NoInfer<T>>;

  /** Fetches text, decoded as UTF-8; otherwise like {@linkcode Client.json}. */
  text<S extends StandardSchemaV1>(
    request: RequestSpec & { readonly schema: S },
    options?: CallOptions,
  ): Promise<InferOutput<S>>;
  /** Fetches text, for a schema in the options. */
  text<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: CallOptions & { readonly schema: S },
  ): Promise<InferOutput<S>>;
  /** Fetches text that no schema has changed. */
  text(request: FetchRequest, options?: CallOptions): Promise<string>;

  /** Fetches bytes, which are the caller's own; otherwise like {@linkcode Client.json}. */
  bytes<S extends StandardSchemaV1>(
    request: RequestSpec & { readonly schema: S },
    options?: CallOptions,
  ): Promise<InferOutput<S>>;
  /** Fetches bytes, for a schema in the options. */
  bytes<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: CallOptions & { readonly schema: S },
  ): Promise<InferOutput<S>>;
  /** Fetches bytes that no schema has changed. */
  bytes(request: FetchRequest, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Fetches like {@linkcode Client.json}, or as `as` says, and never rejects for the request: whatever becomes of it is an
   * outcome, also a malformed request, an abort, and a client that is closed.
   *
   * @param request A URL, or a URL with options.
   * @param options Options; those of `request` go first.
   * @returns The outcome; its `index` is 0. Rejects only if `options` are malformed.
   */
  outcome<const R extends FetchRequest, const O extends CallOptions = CallOptions>(
    request: R & OnlyRequest<R>,
    options?: O,
  ): Promise<Outcome<ValueOf<O, R>>>;

  /**
   * A drop-in `fetch`, which goes the same way as every other request, and can replace the global one. Any status resolves; one
   * that is worth a retry is retried, and the last response is returned. The body streams: `timeoutMs` is for the time up to the
   * headers, and then `idleTimeoutMs` for each wait of its reader. A permit is held until the last byte has come, or the body is
   * cancelled; an unread one is received while others wait, if it is small, and ends after `timeoutMs`, or when it is collected.
   * The body of a `Request`, be it the input or `init`, is read first, so that it can be sent again; one of more than 1 MiB is sent
   * once. An abort cancels a stream that was to be sent.
   *
   * @param input The URL or `Request`. `blob:`, `data:` and `file:` go to the runtime's own `fetch` as they are.
   * @param init As for `fetch`; members that only a runtime knows are handed on, and so is `cache`, for a runtime with a cache of its own.
   * @param options Options of the request, as for the other methods.
   * @returns The response.
   * @throws {NetworkError} If no attempt brought a response.
   * @throws {TypeError} If an argument is malformed; before anything is sent.
   */
  readonly fetch:
    & typeof globalThis.fetch
    & ((input: string | URL | Request, init?: RequestInit, options?: FetchOptions) => Promise<Response>);

  /**
   * Fetches many, all or nothing.
   *
   * @param requests The requests; pulled as they can be started.
   * @param options Options for each of them and for the batch.
   * @returns The values, in input order. Rejects with the first failure, and aborts the rest.
   */
  all<const R extends RequestSource, const O extends BatchOptions = BatchOptions>(
    requests: R & OnlyRequests<R>,
    options?: O,
  ): Promise<ValuesOf<R, O>>;

  /**
   * Fetches many, each with its outcome.
   *
   * @param requests The requests; pulled as they can be started.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes, in input order. Never rejects for a request; only if the signal aborts, `options` are malformed, or
   * `requests` throws.
   */
  settle<const R extends RequestSource, const O extends BatchOptions = BatchOptions>(
    requests: R & OnlyRequests<R>,
    options?: O,
  ): Promise<OutcomesOf<ValuesOf<R, O>>>;

  /**
   * Fetches many, and yields outcomes as requests complete, or in input order with `ordered: true`. Pulls as they can be
   * started and taken: it holds at most `concurrency + maxWaiting + prefetch` of them, however many there are, in either order. Leaving the
   * loop early, or the scope of `await using`, aborts what is in flight and closes `requests`.
   *
   * @param requests The requests.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes. Throws when the signal aborts, and when `requests` throws, after what had started has ended.
   */
  stream<const R extends RequestSource, const O extends BatchOptions = BatchOptions>(
    requests: R & OnlyRequests<R>,
    options?: O,
  ): AsyncIterableIterator<Outcome<ValueOf<O, RequestOf<R>>>> & AsyncDisposable;

  /**
   * Fetches many under names.
   *
   * @param requests The requests by name: an object, or a map with strings as keys.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes under the same names; like {@linkcode Client.settle} in everything else.
   */
  record<const K extends string, const R extends FetchRequest, const O extends BatchOptions = BatchOptions>(
    requests: ReadonlyMap<K, R>,
    options?: O,
  ): Promise<Record<K, Outcome<ValueOf<O, R>>>>;
  /** Fetches many under the names of an object's members. */
  record<
    const R extends { readonly [Name in keyof R]: FetchRequest },
    const O extends BatchOptions = BatchOptions,
  >(
    requests: R & OnlyRequests<R> & { readonly [Symbol.iterator]?: undefined },
    options?: O,
  ): Promise<{ -readonly [Name in keyof R]: Outcome<ValueOf<O, R[Name]>> }>;

  /**
   * Makes a client with other defaults under the same limits: it shares permits, rate limits, circuit breakers, retry budget, `fetch`, clock
   * and listeners with this one. Headers are laid over this client's, middleware goes inside of this client's, and everything
   * else that is given replaces. Its numbers are its own, but for `inFlight` and `origins`. Closing it ends its own requests; closing this client
   * closes it too.
   *
   * @param options What is different.
   * @returns The client.
   * @throws {TypeError} If an option does not exist, has the wrong type, or is one of the limits that are shared.
   * @throws {RangeError} If the value of an option is out of range.
   */
  extend(options: ExtendOptions): Client;

  /**
   * Fetches the lines of a text one by one, while it comes: a log, or JSON values of which each line has one (NDJSON, JSON Lines).
   * Lines end with LF or CRLF, and the last one may have no end; a CR alone is a part of its line. Empty lines are lines of a text,
   * and are passed over among JSON values.
   *
   * Nothing is sent before the first line is asked for, and no more is received than what is taken: a permit is held until the last
   * line has come, or the loop is left. `timeoutMs` is for the time up to the headers, and then `idleTimeoutMs` for each wait. A body
   * that breaks off rejects with a `NetworkError` after its whole lines; it is not asked for again. Before the first line, the next of
   * several base URLs is asked instead, as it is when that line is not JSON or does not fit the schema.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` go first.
   * @returns The lines in order: text, JSON values, or what the schema makes of these. Leaving the loop early, or the scope of
   * `await using`, cancels the body. An abort rejects at once with the signal's own reason.
   * @throws {NetworkError} Rejects, also with a subclass of it, as {@linkcode Client.json} does.
   * @throws {InvalidDataError} Rejects, after the lines before it, at a line that is not JSON, does not fit the schema, or is longer
   * than `maxLineBytes`; `context.line` is its number, from 1.
   * @throws {TypeError} If the URL or an option is malformed.
   *
   * @example Records, as they come
   * ```ts
   * import { createClient } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   * import * as v from "valibot";
   *
   * await using client = createClient({
   *   fetch: () => Promise.resolve(new Response('{"lap":1}\n{"lap":2}\n')), // leave it out to use the network
   * });
   * const laps: number[] = [];
   * for await (const { lap } of client.lines("https://example.com/laps.ndjson", { schema: v.object({ lap: v.number() }) })) {
   *   laps.push(lap);
   * }
   * assertEquals(laps, [1, 2]);
   * ```
   */
  lines<S extends StandardSchemaV1>(
    request: RequestSpec & { readonly schema: S },
    options?: LinesOptions,
  ): AsyncIterableIterator<InferOutput<S>, undefined> & AsyncDisposable;
  /** Fetches lines that are JSON values, for a schema in the options. */
  lines<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: LinesOptions & { readonly schema: S },
  ): AsyncIterableIterator<InferOutput<S>, undefined> & AsyncDisposable;
  /** Fetches lines that are JSON values of a type that the caller states, and that nothing checks. */
  lines<T = unknown>(
    request: FetchRequest,
    options: LinesOptions & { readonly as: "json" },
  ): AsyncIterableIterator<NoInfer<T>, undefined> & AsyncDisposable;
  /** Fetches JSON values, as the request says. */
  lines<T = unknown>(
    request: RequestSpec & { readonly as: "json" },
    options?: LinesOptions,
  ): AsyncIterableIterator<NoInfer<T>, undefined> & AsyncDisposable;
  /** Fetches the lines of a text. */
  lines(
    request: FetchRequest,
    options?: LinesOptions,
  ): AsyncIterableIterator<string, undefined> & AsyncDisposable;

  /**
   * Receives server-sent events, as the HTML standard has them, over as many connections as it takes. When the stream ends or breaks off,
   * or brings nothing for `idleTimeoutMs`, there is a new connection, which says with `Last-Event-ID` where to go on. Before it there is
   * a wait without a permit: what the server has asked for with `retry`, or 3 s, and up to a half more; it doubles with each further
   * connection that brings nothing, up to a minute. The server ends the events for good with a 204, and the caller by leaving the loop.
   *
   * The first connection fails as any request does. Each later one is retried as usual as well, and then counts as one that brought
   * nothing, unless it was refused for good, as with a 4xx. After a connection that broke off without an event, the others of several base
   * URLs are asked first, and at once if what it brought were no events at all. A request whose method may change something, as a POST,
   * has one connection, whose end is the end of the events, unless `reconnect` says otherwise; so has one that may be sent only once.
   * `totalTimeoutMs` bounds each connection, and ends the events.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` go first.
   * @returns The events in order. Leaving the loop early, or the scope of `await using`, cancels the body. An abort rejects at once
   * with the signal's own reason.
   * @throws {NetworkError} Rejects, also with a subclass of it, as {@linkcode Client.json} does; a body that breaks off only without
   * reconnection.
   * @throws {InvalidDataError} Rejects if the content type is not `text/event-stream`; and, after the events before it, at an event
   * that is not JSON, does not fit the schema, or is larger than `maxEventBytes`.
   * @throws {TypeError} If the URL or an option is malformed.
   *
   * @example A stream that ends
   * ```ts
   * import { createClient } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   *
   * const headers = { "content-type": "text/event-stream" };
   * await using client = createClient({ // leave fetch out to use the network
   *   fetch: () => Promise.resolve(new Response("data: Hello\n\nevent: end\ndata: 2\nid: 7\n\n", { headers })),
   * });
   * const events = await Array.fromAsync(client.events("https://example.com/events", { reconnect: false }));
   * assertEquals(events, [{ event: "message", data: "Hello", id: "" }, { event: "end", data: "2", id: "7" }]);
   * ```
   *
   * @example The tokens of a language model
   * ```ts
   * import { createClient } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   * import * as v from "valibot";
   *
   * const body = 'data: {"token":"Box"}\n\ndata: {"token":" now"}\n\ndata: [DONE]\n\n';
   * const headers = { "content-type": "text/event-stream" };
   * await using client = createClient({ fetch: () => Promise.resolve(new Response(body, { headers })) });
   * let text = "";
   * const request = { url: "https://llm.example.com/v1/completions", method: "POST", body: '{"stream":true}' };
   * for await (const { data } of client.events(request, { schema: v.object({ token: v.string() }), doneData: "[DONE]" })) {
   *   text += data.token;
   * }
   * assertEquals(text, "Box now");
   * ```
   */
  events<S extends StandardSchemaV1>(
    request: RequestSpec & { readonly schema: S },
    options?: EventsOptions,
  ): AsyncIterableIterator<ServerSentEvent<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Receives events whose data is JSON, for a schema in the options. */
  events<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: EventsOptions & { readonly schema: S },
  ): AsyncIterableIterator<ServerSentEvent<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Receives events whose data is JSON of a type that the caller states, and that nothing checks. */
  events<T = unknown>(
    request: FetchRequest,
    options: EventsOptions & { readonly as: "json" },
  ): AsyncIterableIterator<ServerSentEvent<NoInfer<T>>, undefined> & AsyncDisposable;
  /** Receives events whose data is JSON, as the request says. */
  events<T = unknown>(
    request: RequestSpec & { readonly as: "json" },
    options?: EventsOptions,
  ): AsyncIterableIterator<ServerSentEvent<NoInfer<T>>, undefined> & AsyncDisposable;
  /** Receives events whose data is text. */
  events(
    request: FetchRequest,
    options?: EventsOptions,
  ): AsyncIterableIterator<ServerSentEvent, undefined> & AsyncDisposable;

  /**
   * Fetches a list page by page. Each page is fetched when it is asked for, under the same limits and with the same retries as any
   * request; as requests of a batch do, pages wait while the circuit breaker is open. The next page is where the `Link` header says
   * (`rel="next"`, RFC 8288), or `options.next`. It is asked for as the first one was. Headers that must not reach another origin stay
   * at home: once a page is of another origin, they are not sent any more, as with redirects; only the headers of a request that `next`
   * returns are.
   *
   * @param request The first page: a URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options of each page; those of a request go first.
   * @returns The pages in order. Leaving the loop early, or the scope of `await using`, aborts what is in flight. An abort rejects at
   * once with the signal's own reason.
   * @throws {NetworkError} Rejects at a page that can't be fetched, also with a subclass of it, as {@linkcode Client.json} does.
   * @throws {InvalidDataError} Rejects at a page that is not JSON or does not fit the schema; and if a link leads back to a page that was
   * there before, or nowhere.
   * @throws {TypeError} If the URL or an option is malformed.
   *
   * @example A list whose pages have links
   * ```ts
   * import { createClient } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   *
   * await using client = createClient({ // leave fetch out to use the network
   *   fetch: (url) => {
   *     const isFirst = !String(url).includes("?");
   *     return Promise.resolve(Response.json(isFirst ? [1, 2] : [3], isFirst ? { headers: { link: '<?page=2>; rel="next"' } } : {}));
   *   },
   * });
   * const items: number[] = [];
   * for await (const { value } of client.pages<number[]>("https://api.example.com/items")) items.push(...value);
   * assertEquals(items, [1, 2, 3]);
   * ```
   *
   * @example A list with a cursor
   * ```ts
   * import { createClient } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   * import * as v from "valibot";
   *
   * await using client = createClient({ // leave fetch out to use the network
   *   fetch: (url) => Promise.resolve(Response.json(String(url).includes("?") ? { ids: [3] } : { ids: [1, 2], cursor: "b" })),
   * });
   * const ids: number[] = [];
   * const pages = client.pages("https://api.example.com/items", {
   *   schema: v.object({ ids: v.array(v.number()), cursor: v.optional(v.string()) }),
   *   next: ({ value }) => value.cursor && `?cursor=${value.cursor}`,
   * });
   * for await (const { value } of pages) ids.push(...value.ids);
   * assertEquals(ids, [1, 2, 3]);
   * ```
   */
  pages<S extends StandardSchemaV1>(
    request: RequestSpec & { readonly schema: S },
    options?: PagesOptions<InferOutput<S>>,
  ): AsyncIterableIterator<Page<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Fetches pages, for a schema in the options. */
  pages<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: PagesOptions<InferOutput<S>> & { readonly schema: S },
  ): AsyncIterableIterator<Page<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Fetches pages that are decoded as the options say. */
  pages<A extends "text" | "bytes">(
    request: FetchRequest,
    options: PagesOptions<BodyOf<A>> & { readonly as: A },
  ): AsyncIterableIterator<Page<BodyOf<A>>, undefined> & AsyncDisposable;
  /** Fetches pages of a type that the caller states, and that nothing checks; `unknown` if none is stated. */
  pages<T = unknown>(
    request: FetchRequest,
    options?: PagesOptions<NoInfer<T>>,
  ): AsyncIterableIterator<Page<NoInfer<T>>, undefined> & AsyncDisposable;

  /**
   * Downloads a file to the disk, or into a stream, with the memory of a few chunks, and no faster than they are taken.
   *
   * A body that breaks off is resumed: the client asks for the rest (`Range`, RFC 9110 §14), if the server has said how long the file is
   * and how to tell its versions apart (a strong `ETag`, or a `Last-Modified` of more than a minute before), or a `digest` is given.
   * Otherwise it begins anew, which a stream that has been given bytes can't. Bytes of two versions are never mixed. With several base
   * URLs, each of the others is asked first then, at once; so it is when the whole of a file does not have its `digest`. When none is
   * left, the usual backoff follows, without a permit, and `maxRetries` such rounds in a row may bring nothing new. `timeoutMs` is for the time up to the headers, `idleTimeoutMs` for each wait for bytes, `totalTimeoutMs`
   * for everything.
   *
   * A file has its name when it is whole and right, and not before: it is written to `<name>.part`, and `<name>.part.json` says what that
   * is, with a shorter name where these would be too long; up to 256 KiB are held in memory first. Whatever fails, a file that was there
   * before stays; the one that takes its place gives no rights that it did not give. A part that can be resumed stays too, and the next download of the same URL to the same file resumes it, in another process as well, after asking the server whether it is
   * still the same; else nothing is left. A page of HTML without a validator is not taken for a new version of a file of another type, but
   * for a break: the network may want a log-in first. The folder must exist; nothing is forced to the disk (`fsync`).
   *
   * What comes is not decoded: `accept-encoding: identity` is sent, unless the request has that header or `compression` is on.
   * Downloads are not cached unless `cache` says so, and a 304 to a condition of the request's own leaves everything as it is; to no
   * condition it is an error. `onProgress` is called with each chunk; its `bytes` are those of the file so far.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param to The path of the file, its `file:` URL, or a stream. A stream is closed at the end, and aborted after a failure.
   * @param options Options; those of `request` go first.
   * @returns How it has ended. An abort rejects at once with the signal's own reason.
   * @throws {NetworkError} Rejects, also with a subclass of it or a `DataNotFoundError`, as {@linkcode Client.json} does.
   * @throws {InvalidDataError} Rejects if the file is not what `digest` says, longer than announced or than `maxBodyBytes`, or can't be gone
   * on with because it has changed, or because a page of HTML comes in its place.
   * @throws {WriteError} Rejects if it can't be written; also if another download goes to the same file, or a folder, a device or a
   * pipe has its name.
   * @throws {TypeError} If the URL or an option is malformed.
   *
   * @example Into a stream, with a digest
   * ```ts
   * import { createClient } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   *
   * await using client = createClient({
   *   fetch: () => Promise.resolve(new Response("The quick brown fox")), // leave it out to use the network
   * });
   * let text = "";
   * const decoder = new TextDecoder();
   * const target = new WritableStream<Uint8Array>({ write: (chunk) => void (text += decoder.decode(chunk, { stream: true })) });
   * const { bytes } = await client.download("https://example.com/fox.txt", target, {
   *   digest: { algorithm: "md5", value: "a2004f37730b9445670a738fa0fc9ee5" },
   * });
   * assertEquals([bytes, text], [19, "The quick brown fox"]);
   * ```
   */
  download(request: FetchRequest, to: DownloadTarget, options?: DownloadOptions): Promise<DownloadResult>;

  /** The numbers since the client was made. */
  stats(): ClientStats;

  /**
   * Listens to everything that happens.
   *
   * @param listener Called with each event, in order; it must be quick, and it can't break anything by throwing.
   * @returns Stops listening when disposed.
   */
  on(listener: (event: ClientEvent) => void): Disposable;

  /**
   * Aborts what is in flight, and refuses everything from now on. A batch ends with the outcomes of what had started, and
   * rejects with the reason if its requests were not all started. What is being refreshed for the cache in the background has
   * five seconds to end, and is not tried again. Calling it again does nothing.
   *
   * @param reason What requests reject with. @default {an `AbortError`}
   * @returns When everything has been released.
   */
  close(reason?: unknown): Promise<void>;
}
