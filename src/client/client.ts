/**
 * The interface of a client, as callers see it.
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
  OnlyOptions,
  OnlyRequest,
  OnlyRequests,
  RequestOf,
  RequestSource,
  RequestSpec,
  ValueOf,
  ValuesOf,
  WithSchema,
} from "./request.ts";
import type { ClientStats } from "./stats.ts";
import type { EventsOptions, LinesOptions, Page, PagesOptions } from "./stream_options.ts";

/**
 * Fetches many resources in parallel, under control. Every request ends in exactly one way: a value, or an error that says what
 * happened.
 *
 * All methods that make requests take a `signal`. When it aborts, they reject at once with the signal's own `reason`: while the
 * request waits for a token or a permit, between two attempts, or in the middle of a body. The client then stops the attempt in
 * flight, unless other callers wait for its response, and starts nothing more.
 */
export interface Client extends AsyncDisposable {
  /**
   * Fetches JSON. The client sends concurrent GETs for the same URL with the same headers and settings once, also in a batch;
   * each caller gets a value of its own. With `idempotent: false`, the client sends each one.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` take precedence.
   * @returns The parsed body, or the schema's output; `undefined` for 204, 205, 304 and empty bodies.
   * @throws {NetworkError} If no attempt brought a response; `TimeoutError`, `CircuitOpenError`, `OfflineError` and
   * `OverloadError` say why.
   * @throws {HttpError} If the status of the last response was no success.
   * @throws {DataNotFoundError} If that status was 404 or 410.
   * @throws {InvalidDataError} If the body is not JSON, or does not fit the schema.
   * @throws {TypeError} If the URL or an option is malformed; before anything is sent.
   * @throws {RangeError} If the value of an option is out of range.
   */
  json<S extends StandardSchemaV1>(
    request: WithSchema<RequestSpec, S>,
    options?: CallOptions,
  ): Promise<InferOutput<S>>;
  /** Fetches JSON, and validates it by a schema in the options. */
  json<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: WithSchema<CallOptions, S>,
  ): Promise<InferOutput<S>>;
  /** Fetches JSON of a type that the caller states and the client does not check; `unknown` by default. */
  json<T = unknown>(request: FetchRequest, options?: CallOptions): Promise<NoInfer<T>>;

  /** Fetches text, decoded as UTF-8; otherwise like {@linkcode Client.json}. */
  text<S extends StandardSchemaV1>(
    request: WithSchema<RequestSpec, S>,
    options?: CallOptions,
  ): Promise<InferOutput<S>>;
  /** Fetches text, and validates it by a schema in the options. */
  text<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: WithSchema<CallOptions, S>,
  ): Promise<InferOutput<S>>;
  /** Fetches text without a schema. */
  text(request: FetchRequest, options?: CallOptions): Promise<string>;

  /** Fetches bytes in an array that no other caller has; otherwise like {@linkcode Client.json}. */
  bytes<S extends StandardSchemaV1>(
    request: WithSchema<RequestSpec, S>,
    options?: CallOptions,
  ): Promise<InferOutput<S>>;
  /** Fetches bytes, and validates them by a schema in the options. */
  bytes<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: WithSchema<CallOptions, S>,
  ): Promise<InferOutput<S>>;
  /** Fetches bytes without a schema. */
  bytes(request: FetchRequest, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Fetches like {@linkcode Client.json}, or as `as` says, and never rejects because of the request: every ending is an outcome,
   * also a malformed request, an abort and a closed client.
   *
   * @param request A URL, or a URL with options.
   * @param options Options; those of `request` take precedence.
   * @returns The outcome; its `index` is 0. Rejects only if `options` are malformed.
   */
  outcome<const R extends FetchRequest, const O extends CallOptions = CallOptions>(
    request: R & OnlyRequest<R>,
    options?: OnlyOptions<O, CallOptions>,
  ): Promise<Outcome<ValueOf<O, R>>>;

  /**
   * A drop-in `fetch` that can replace the global one, under the same limits and with the same retries as every other request. It
   * resolves with a response of any status. The client retries a status that is worth a retry, and returns the last response. The
   * body streams: `timeoutMs` bounds the time up to the headers, and then `idleTimeoutMs` bounds each wait of the body's reader.
   * The response holds its permit until the last byte has come or the reader cancels the body. While other requests wait for a
   * permit, the client receives a small unread body in advance. An unread body ends after `timeoutMs`, or when the runtime
   * collects it as garbage. The client reads the body of a `Request`, given as the input or as `init`, first, so that it can send
   * it again; it sends a body of more than 1 MiB once. An abort cancels a stream that is not sent yet.
   *
   * @param input The URL or `Request`. `blob:`, `data:` and `file:` go as they are, and past all limits, to the function that
   * sends requests: by default to the runtime's own `fetch`.
   * @param init As for `fetch`. The client passes members that only a runtime knows on to the runtime; also `cache`, for a
   * runtime that has a cache of its own.
   * @param options Options of the request, as for the other methods.
   * @returns The response.
   * @throws {NetworkError} If no attempt brought a response.
   * @throws {TypeError} If an argument is malformed; before anything is sent.
   * @throws {RangeError} If the value of an option is out of range.
   */
  readonly fetch:
    & typeof globalThis.fetch
    & ((input: string | URL | Request, init?: RequestInit, options?: FetchOptions) => Promise<Response>);

  /**
   * Fetches many resources, all or nothing.
   *
   * @param requests The requests. The client pulls each one when it can start it.
   * @param options Options for each of them and for the batch.
   * @returns The values, in input order. Rejects with the first failure, and aborts the rest.
   */
  all<const R extends RequestSource, const O extends BatchOptions = BatchOptions>(
    requests: R & OnlyRequests<R>,
    options?: OnlyOptions<O, BatchOptions>,
  ): Promise<ValuesOf<R, O>>;

  /**
   * Fetches many resources, each with its outcome.
   *
   * @param requests The requests. The client pulls each one when it can start it.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes, in input order. Never rejects for a request; only if the signal aborts, the client closes before all
   * have started, `options` are malformed, or `requests` throws; or if it is no array and takes longer than `batchTimeoutMs`.
   */
  settle<const R extends RequestSource, const O extends BatchOptions = BatchOptions>(
    requests: R & OnlyRequests<R>,
    options?: OnlyOptions<O, BatchOptions>,
  ): Promise<OutcomesOf<ValuesOf<R, O>>>;

  /**
   * Fetches many resources, and yields outcomes as requests complete, or in input order with `ordered: true`. It pulls a request
   * when it can start it and the consumer keeps up: in either order, it holds at most `concurrency + maxWaiting + prefetch`
   * requests and outcomes, however many there are in all. Leaving the loop early, or the scope of `await using`, aborts the
   * requests in flight and closes `requests`.
   *
   * @param requests The requests.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes. Throws when the signal aborts; and, after all started requests have ended, when `requests` throws, and
   * for the other reasons for which {@linkcode Client.settle} rejects.
   */
  stream<const R extends RequestSource, const O extends BatchOptions = BatchOptions>(
    requests: R & OnlyRequests<R>,
    options?: OnlyOptions<O, BatchOptions>,
  ): AsyncIterableIterator<Outcome<ValueOf<O, RequestOf<R>>>> & AsyncDisposable;

  /**
   * Fetches many resources under names.
   *
   * @param requests The requests by name: an object, or a map with strings as keys.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes under the same names; like {@linkcode Client.settle} in everything else.
   */
  record<const K extends string, const R extends FetchRequest, const O extends BatchOptions = BatchOptions>(
    requests: ReadonlyMap<K, R>,
    options?: OnlyOptions<O, BatchOptions>,
  ): Promise<Record<K, Outcome<ValueOf<O, R>>>>;
  /** Fetches many resources under the names of an object's members. */
  record<
    const R extends { readonly [Name in keyof R]: FetchRequest },
    const O extends BatchOptions = BatchOptions,
  >(
    requests: R & OnlyRequests<R> & { readonly [Symbol.iterator]?: undefined },
    options?: OnlyOptions<O, BatchOptions>,
  ): Promise<{ -readonly [Name in keyof R]: Outcome<ValueOf<O, R[Name]>> }>;
  /** Fetches many URLs under names that may be a type parameter of the caller. */
  record<const K extends string, const O extends BatchOptions = BatchOptions>(
    requests: { readonly [Name in K]: string | URL } & { readonly [Symbol.iterator]?: undefined },
    options?: OnlyOptions<O, BatchOptions>,
  ): Promise<Record<K, Outcome<ValueOf<O>>>>;

  /**
   * Creates a client with other defaults under the same limits. It shares permits, rate limits, circuit breakers, the retry
   * budget, `fetch`, the clock and listeners with this client. Its headers are added to this client's, and replace those with the
   * same name. Its middleware runs inside this client's. Every other given option replaces this client's. Its numbers are its
   * own, except `inFlight` and `origins`. Closing it ends only its own requests; closing this client closes it too.
   *
   * @param options The options that differ from this client's.
   * @returns The client.
   * @throws {TypeError} If an option does not exist, has the wrong type, or is one of the limits that are shared.
   * @throws {RangeError} If the value of an option is out of range.
   */
  extend(options: ExtendOptions): Client;

  /**
   * Fetches the lines of a text one by one, while the text arrives: a log, or JSON values, one a line (NDJSON, JSON Lines). Lines
   * end with LF or CRLF, and the last one need not have an end; a CR alone is a part of its line. Empty lines of a text count as
   * lines; the client skips them among JSON values.
   *
   * The client sends nothing before the consumer asks for the first line, and receives no more than the consumer takes. The
   * request holds its permit until the last line has come or the consumer leaves the loop. `timeoutMs` bounds the time up to the
   * headers, and then `idleTimeoutMs` bounds each wait. A body that breaks off rejects with a `NetworkError` after its whole
   * lines; the client does not ask for it again. If the body breaks off before the first line, the client asks the next of
   * several base URLs instead; so it does if the first line is not JSON or does not fit the schema.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` take precedence.
   * @returns The lines in order: text, JSON values, or the schema's outputs. Leaving the loop early, or the scope of
   * `await using`, cancels the body. An abort rejects at once with the signal's own reason.
   * @throws {NetworkError} Rejects, also with a subclass of it, as {@linkcode Client.json} does.
   * @throws {InvalidDataError} Rejects, after the lines before it, at a line that is not JSON, does not fit the schema, or is
   * longer than `maxLineBytes`; `context.line` is its number, from 1.
   * @throws {TypeError} If the URL or an option is malformed.
   * @throws {RangeError} If the value of an option is out of range.
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
    request: WithSchema<RequestSpec, S>,
    options?: LinesOptions,
  ): AsyncIterableIterator<InferOutput<S>, undefined> & AsyncDisposable;
  /** Fetches lines that are JSON values, and validates them by a schema in the options. */
  lines<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: WithSchema<LinesOptions, S>,
  ): AsyncIterableIterator<InferOutput<S>, undefined> & AsyncDisposable;
  /** Fetches lines that are JSON values of a type that the caller states and the client does not check. */
  lines<T = unknown>(
    request: FetchRequest,
    options: LinesOptions & { readonly as: "json" },
  ): AsyncIterableIterator<NoInfer<T>, undefined> & AsyncDisposable;
  /** Fetches lines that are JSON values, because the request says so. */
  lines<T = unknown>(
    request: RequestSpec & { readonly as: "json" },
    options?: LinesOptions,
  ): AsyncIterableIterator<NoInfer<T>, undefined> & AsyncDisposable;
  /** Fetches the lines of a text. */
  lines(
    request: FetchRequest,
    options?: LinesOptions & { readonly as?: "text" | undefined },
  ): AsyncIterableIterator<string, undefined> & AsyncDisposable;
  /** Fetches lines that are text or JSON values, as options say that the compiler does not know. */
  lines(
    request: FetchRequest,
    options?: LinesOptions,
  ): AsyncIterableIterator<unknown, undefined> & AsyncDisposable;

  /**
   * Receives server-sent events, as the HTML standard defines them, over as many connections as it takes. When the stream ends,
   * breaks off, or brings nothing for `idleTimeoutMs`, the client connects again, and says with `Last-Event-ID` where to go on.
   * Before that it waits without a permit: for the time that the server has asked for with `retry` (an hour at most), or 3 s, and
   * up to a half more. The wait doubles with each further connection that brings nothing, up to a minute. The server ends the
   * events for good with a 204, and the caller by leaving the loop.
   *
   * The first connection fails as any request does. A later connection that fails has had the usual retries; it then counts as
   * one that brought nothing, but a final refusal, such as a 404, ends the events. After a connection that broke off without an
   * event, the client asks the other base URLs first. It asks them at once if the response was no stream of events. A request
   * whose method may change something, such as a POST, has a single connection, whose end is the end of the events, unless
   * `reconnect` says otherwise; so has a request that may be sent only once. `totalTimeoutMs` bounds each connection; when it
   * passes, the events end.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` take precedence.
   * @returns The events in order. Leaving the loop early, or the scope of `await using`, cancels the body. An abort rejects at
   * once with the signal's own reason.
   * @throws {NetworkError} Rejects, also with a subclass of it, as {@linkcode Client.json} does; for a body that breaks off, only
   * where there is no reconnection.
   * @throws {InvalidDataError} Rejects if the content type is not `text/event-stream`; and, after the events before it, at an
   * event that is not JSON, does not fit the schema, or is larger than `maxEventBytes`.
   * @throws {TypeError} If the URL or an option is malformed.
   * @throws {RangeError} If the value of an option is out of range.
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
    request: WithSchema<RequestSpec, S>,
    options?: EventsOptions,
  ): AsyncIterableIterator<ServerSentEvent<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Receives events whose data is JSON, and validates it by a schema in the options. */
  events<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: WithSchema<EventsOptions, S>,
  ): AsyncIterableIterator<ServerSentEvent<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Receives events whose data is JSON of a type that the caller states and the client does not check. */
  events<T = unknown>(
    request: FetchRequest,
    options: EventsOptions & { readonly as: "json" },
  ): AsyncIterableIterator<ServerSentEvent<NoInfer<T>>, undefined> & AsyncDisposable;
  /** Receives events whose data is JSON, because the request says so. */
  events<T = unknown>(
    request: RequestSpec & { readonly as: "json" },
    options?: EventsOptions,
  ): AsyncIterableIterator<ServerSentEvent<NoInfer<T>>, undefined> & AsyncDisposable;
  /** Receives events whose data is text. */
  events(
    request: FetchRequest,
    options?: EventsOptions & { readonly as?: "text" | undefined },
  ): AsyncIterableIterator<ServerSentEvent, undefined> & AsyncDisposable;
  /** Receives events whose data is text or JSON, as options say that the compiler does not know. */
  events(
    request: FetchRequest,
    options?: EventsOptions,
  ): AsyncIterableIterator<ServerSentEvent<unknown>, undefined> & AsyncDisposable;

  /**
   * Fetches a list page by page. The client fetches each page when the consumer asks for it, under the same limits and with the
   * same retries as any request. While the circuit breaker is open, pages wait, as requests of a batch do. The `Link` header
   * (`rel="next"`, RFC 8288) or `options.next` says where the next page is. The client asks for it as it did for the first one.
   * Headers that must not reach another origin stay with the first page's origin: once a page is of another origin, the client
   * sends them no more, as with redirects. It sends only the headers of a request that `next` returns.
   *
   * @param request The first page: a URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options of each page; those of a request take precedence.
   * @returns The pages in order. Leaving the loop early, or the scope of `await using`, aborts what is in flight. An abort
   * rejects at once with the signal's own reason.
   * @throws {NetworkError} Rejects at a page that can't be fetched, also with a subclass of it, as {@linkcode Client.json} does.
   * @throws {InvalidDataError} Rejects at a page that is not JSON or does not fit the schema; and if a link leads back to an
   * earlier page, or is no http(s) URL.
   * @throws {TypeError} If the URL or an option is malformed.
   * @throws {RangeError} If the value of an option is out of range.
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
    request: WithSchema<RequestSpec, S>,
    options?: PagesOptions<InferOutput<S>>,
  ): AsyncIterableIterator<Page<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Fetches pages, and validates them by a schema in the options. */
  pages<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: WithSchema<PagesOptions<InferOutput<S>>, S>,
  ): AsyncIterableIterator<Page<InferOutput<S>>, undefined> & AsyncDisposable;
  /** Fetches pages that are decoded as the options say. */
  pages<A extends "text" | "bytes">(
    request: FetchRequest,
    options: PagesOptions<BodyOf<A>> & { readonly as: A },
  ): AsyncIterableIterator<Page<BodyOf<A>>, undefined> & AsyncDisposable;
  /** Fetches pages of a type that the caller states and the client does not check; `unknown` by default. */
  pages<T = unknown>(
    request: FetchRequest,
    options?: PagesOptions<NoInfer<T>>,
  ): AsyncIterableIterator<Page<NoInfer<T>>, undefined> & AsyncDisposable;

  /**
   * Downloads a file to the disk or into a stream. It needs the memory of a few chunks, and receives no faster than the target
   * takes them.
   *
   * When a body breaks off, the client asks for the rest (`Range`, RFC 9110 §14), if the server has said how long the file is and
   * how to tell its versions apart (a strong `ETag`, or a `Last-Modified` of more than a minute before), or if a `digest` is
   * given. Otherwise the download begins anew, which it can't once a stream has received bytes. It never mixes bytes of two
   * versions. After a break, the client first asks each of the other base URLs, at once; so it does when a whole file does not
   * have its `digest`. When no base URL is left, the usual backoff follows, without a permit; `maxRetries` such rounds in a row
   * may bring nothing new. `timeoutMs` bounds the time up to the headers, `idleTimeoutMs` each wait for bytes, and
   * `totalTimeoutMs` everything.
   *
   * The file gets its name only when it is whole and correct. Until then the client writes it to `<name>.part`, and describes it
   * in `<name>.part.json`; both get a shorter name where these would be too long. It holds up to 256 KiB in memory first.
   * Whatever fails, an earlier file of the same name stays; a file that replaces it grants no rights that the earlier one did not
   * grant. A part that can be resumed stays too. The next download of the same URL to the same file, also in another process,
   * asks the server whether the file is still the same, and resumes the part. All other failures leave nothing behind. An HTML
   * page without a validator does not count as a new version of a file of another type, but as a break: the network may want a
   * log-in first. The folder must exist; the client does not force the file to the disk (`fsync`).
   *
   * The client does not decode the file: it sends `accept-encoding: identity`, unless the request has that header or
   * `compression` is on. It does not cache downloads unless `cache` says so. A 304 to a condition of the request's own leaves
   * everything as it is; a 304 to a request without a condition is an error. The client calls `onProgress` with each chunk; its
   * `bytes` are those of the file so far.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param to The path of the file, its `file:` URL, or a stream. A stream is closed at the end, and aborted after a failure.
   * @param options Options; those of `request` take precedence.
   * @returns The result of the download. An abort rejects at once with the signal's own reason.
   * @throws {NetworkError} Rejects, also with a subclass of it or a `DataNotFoundError`, as {@linkcode Client.json} does.
   * @throws {InvalidDataError} Rejects if the file does not have its `digest`, is longer than announced or than `maxBodyBytes`,
   * or can't be resumed because it has changed, is not known to be the same, or an HTML page came in its place.
   * @throws {WriteError} Rejects if the file can't be written; also if another download writes to the same file, or a folder, a
   * device or a pipe has its name.
   * @throws {TypeError} If the URL or an option is malformed.
   * @throws {RangeError} If the value of an option is out of range.
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

  /** Returns the client's numbers since its creation. */
  stats(): ClientStats;

  /**
   * Adds a listener to all events of this client, its extensions and the client that it extends.
   *
   * @param listener Called with each event, in order. It must be quick; if it throws, the other listeners get a warning event,
   * and requests go on.
   * @returns Removes the listener when disposed.
   * @throws {TypeError} If `listener` is not a function.
   */
  on(listener: (event: ClientEvent) => void): Disposable;

  /**
   * Aborts all requests in flight, and refuses every later one. A batch ends with the outcomes of the requests that had started,
   * and rejects with the reason if some had not, or if a source that is no array had not come to its end. Background refreshes of
   * the cache have five seconds to end, and are not retried. A second call aborts nothing more.
   *
   * @param reason What requests reject with. @default {an `AbortError`}
   * @returns Resolves when everything has been released, after five seconds at the latest.
   */
  close(reason?: unknown): Promise<void>;
}
