/**
 * The errors that Slipstream throws. All of them are {@linkcode SlipstreamError}s; a caller's own abort reason and a
 * programming error (`TypeError`, `RangeError`) pass through as they are.
 *
 * @module
 */

/** The data that every error carries about the request that it ended. */
export interface SlipstreamErrorOptions {
  /** The URL, with user info and sensitive query values replaced. */
  readonly url?: string | undefined;
  /** The request method, upper case. */
  readonly method?: string | undefined;
  /** How many attempts were made, over all rounds and mirrors. */
  readonly attempts?: number | undefined;
  /** Further details of the failure; JSON-safe. Where several mirrors failed, `mirrors` says how each one did. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** The error that caused this one. Where several mirrors failed, an `AggregateError` that also holds the errors of the other mirrors. */
  readonly cause?: unknown;
}

/** An error as data, as {@linkcode SlipstreamError.toJSON} returns it. */
export interface ErrorJson {
  /** The class name. */
  readonly name: string;
  /** The message. */
  readonly message: string;
  /** Every other field of the error that is not empty. */
  readonly [field: string]: unknown;
}

/**
 * The property of the errors' prototypes that lists the names of their classes. It costs nothing per error, works across two
 * copies of this module, and lets a bundler leave out the classes that a program does not use.
 */
const BRAND = "~slipstream";

/**
 * The base of every error of this module.
 *
 * @example Everything that a request can fail of
 * ```ts
 * import { createClient, SlipstreamError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 404 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof SlipstreamError && outcome.error.method === "GET");
 * ```
 */
export class SlipstreamError extends Error {
  /** The class name, also across realms and copies of this module. */
  override readonly name: string = "SlipstreamError";
  /** The URL, with user info and sensitive query values replaced; absent when no request was involved. */
  readonly url: string | undefined;
  /** The request method, upper case. */
  readonly method: string | undefined;
  /** How many attempts were made, over all rounds and mirrors. */
  readonly attempts: number;
  /**
   * Further details of the failure. Where several mirrors failed, `mirrors` says how each one did. Where a due retry was not
   * made, `notRetried` says why: the retry budget was used up, the wait would have been too long, or the origin was down. After
   * redirects, `redirectedTo` is the URL that answered.
   */
  readonly context: Readonly<Record<string, unknown>>;

  /** Creates the error. */
  constructor(message: string, options: SlipstreamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.url = options.url;
    this.method = options.method;
    this.attempts = options.attempts ?? 0;
    this.context = options.context ?? {};
  }

  /**
   * Returns the error as data, for logs; `JSON.stringify` calls this method. The data contains everything that the message says,
   * and the causes, each with its name, its message and its own causes. It contains no empty fields, and no response headers,
   * because these may hold secrets. Numbers that JSON does not know, such as `Infinity`, become text.
   *
   * @returns A plain object that holds only JSON values.
   *
   * @example An error in a log
   * ```ts
   * import { HttpError } from "@slipstream/fetch";
   * import { assertEquals } from "@std/assert";
   *
   * const error = new HttpError("GET https://a.test/ was answered with 503", { status: 503, headers: new Headers(), attempts: 4 });
   *
   * assertEquals(
   *   JSON.stringify(error),
   *   '{"name":"HttpError","message":"GET https://a.test/ was answered with 503","status":503,"attempts":4}',
   * );
   * ```
   */
  toJSON(): ErrorJson {
    return new ErrorTeller().tell(this);
  }

  /** @internal The names of the error's classes, for the guards. */
  get "~slipstream"(): readonly string[] {
    return ["SlipstreamError"];
  }
}

/**
 * No attempt brought a usable response: the connection failed, or for the reason that the subclass names.
 *
 * @example A connection that fails
 * ```ts
 * import { createClient, NetworkError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.reject(new TypeError("no route")), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof NetworkError && outcome.error.attempts === 1);
 * ```
 */
export class NetworkError extends SlipstreamError {
  /** `"NetworkError"`. */
  override readonly name: string = "NetworkError";

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "NetworkError"];
  }
}

/** Options of an {@linkcode HttpError}. */
export interface HttpErrorOptions extends SlipstreamErrorOptions {
  /** The response status. */
  readonly status: number;
  /** The response headers. */
  readonly headers: Headers;
  /**
   * The beginning of the response body: up to 2,048 bytes, as text. Empty when it could not be read. `client.fetch` returns the
   * whole body.
   */
  readonly body?: string | undefined;
  /** How long the server asked the client to wait, in milliseconds; absent when it did not say. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The server answered with a status that is no success.
 *
 * @example A status that is no success
 * ```ts
 * import { createClient, HttpError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 500 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof HttpError && outcome.error.status === 500);
 * ```
 */
export class HttpError extends NetworkError {
  /** `"HttpError"`. */
  override readonly name: string = "HttpError";
  /** The response status. */
  readonly status: number;
  /** The response headers. */
  readonly headers: Headers;
  /**
   * The beginning of the response body: up to 2,048 bytes, as text. Empty when it could not be read. `client.fetch` returns the
   * whole body.
   */
  readonly body: string;
  /** How long the server asked the client to wait, in milliseconds; absent when it did not say. */
  readonly retryAfterMs: number | undefined;

  /** Creates the error. */
  constructor(message: string, options: HttpErrorOptions) {
    super(message, options);
    this.status = options.status;
    this.headers = options.headers;
    this.body = options.body ?? "";
    this.retryAfterMs = options.retryAfterMs;
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "NetworkError", "HttpError"];
  }
}

/** Options of a {@linkcode TimeoutError}. */
export interface TimeoutErrorOptions extends SlipstreamErrorOptions {
  /** Which deadline passed. */
  readonly kind: "attempt" | "batch" | "idle" | "total";
  /** The deadline, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * A deadline passed: that of one attempt (`timeoutMs`), of a wait for the next bytes of a body that the caller streams
 * (`idleTimeoutMs`), of the whole request (`totalTimeoutMs`), or of a whole batch (`batchTimeoutMs`).
 *
 * @example A server that takes too long
 * ```ts
 * import { createClient, TimeoutError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => new Promise<Response>(() => {}), maxRetries: 0, timeoutMs: 20 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof TimeoutError && outcome.error.kind === "attempt");
 * ```
 */
export class TimeoutError extends NetworkError {
  /** `"TimeoutError"`. */
  override readonly name: string = "TimeoutError";
  /** Which deadline passed. */
  readonly kind: "attempt" | "batch" | "idle" | "total";
  /** The deadline, in milliseconds. */
  readonly timeoutMs: number;

  /** Creates the error. */
  constructor(message: string, options: TimeoutErrorOptions) {
    super(message, options);
    this.kind = options.kind;
    this.timeoutMs = options.timeoutMs;
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "NetworkError", "TimeoutError"];
  }
}

/** Options of a {@linkcode CircuitOpenError}. */
export interface CircuitOpenErrorOptions extends SlipstreamErrorOptions {
  /** How long it is until the breaker may admit a probe, in milliseconds; `Infinity` while the program isolates the breaker by hand. */
  readonly retryAfterMs: number;
}

/**
 * A circuit breaker refused the call without making it. Where a client refuses it, the message also says what failed last at the
 * origin.
 *
 * @example How long to wait
 * ```ts
 * import { CircuitOpenError } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new CircuitOpenError("https://a.test is down", { retryAfterMs: 1_000 });
 * assertEquals(error.retryAfterMs, 1_000);
 * ```
 */
export class CircuitOpenError extends NetworkError {
  /** `"CircuitOpenError"`. */
  override readonly name: string = "CircuitOpenError";
  /** How long it is until the breaker may admit a probe, in milliseconds; `Infinity` while the program isolates the breaker by hand. */
  readonly retryAfterMs: number;

  /** Creates the error. */
  constructor(message: string, options: CircuitOpenErrorOptions) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "NetworkError", "CircuitOpenError"];
  }
}

/** Options of an {@linkcode OverloadError}. */
export interface OverloadErrorOptions extends SlipstreamErrorOptions {
  /** The option whose limit the request exceeded. */
  readonly limit: "maxQueue" | "maxQueueMs";
  /** The value of that option: a number of requests, or of milliseconds. */
  readonly max: number;
  /** How many other requests stood in line. */
  readonly queued: number;
  /** How long this request stood in line, in milliseconds. */
  readonly waitedMs: number;
}

/**
 * The client has too much to do, and refused the request without sending it: as many requests stood in line as `maxQueue` allows,
 * or this one had stood in line for `maxQueueMs`. The client does not retry it.
 *
 * @example One at once, and none waits
 * ```ts
 * import { createClient, OverloadError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ concurrency: 1, fetch: () => Promise.resolve(Response.json(1)), maxQueue: 0 });
 * const first = client.json("https://example.com/a");
 * const second = await client.outcome("https://example.com/b");
 * assert(!second.ok && second.error instanceof OverloadError);
 * await first;
 * ```
 */
export class OverloadError extends NetworkError {
  /** `"OverloadError"`. */
  override readonly name: string = "OverloadError";
  /** The option whose limit the request exceeded. */
  readonly limit: "maxQueue" | "maxQueueMs";
  /** The value of that option: a number of requests, or of milliseconds. */
  readonly max: number;
  /** How many other requests stood in line. */
  readonly queued: number;
  /** How long this request stood in line, in milliseconds. */
  readonly waitedMs: number;

  /** Creates the error. */
  constructor(message: string, options: OverloadErrorOptions) {
    super(message, options);
    this.limit = options.limit;
    this.max = options.max;
    this.queued = options.queued;
    this.waitedMs = options.waitedMs;
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "NetworkError", "OverloadError"];
  }
}

/**
 * The client is offline and the cache does not hold the resource.
 *
 * @example Nothing but the cache
 * ```ts
 * import { createClient, OfflineError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(Response.json(1)), maxRetries: 0, offline: true });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof OfflineError);
 * ```
 */
export class OfflineError extends NetworkError {
  /** `"OfflineError"`. */
  override readonly name: string = "OfflineError";

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "NetworkError", "OfflineError"];
  }
}

/** Options of a {@linkcode DataNotFoundError}. */
export interface DataNotFoundErrorOptions extends SlipstreamErrorOptions {
  /** The response status. */
  readonly status: 403 | 404 | 410;
  /** The response headers; none by default. */
  readonly headers?: Headers | undefined;
  /**
   * The beginning of the response body: up to 2,048 bytes, as text. Empty when it could not be read. `client.fetch` returns the
   * whole body.
   */
  readonly body?: string | undefined;
}

/**
 * The server answered that the resource does not exist (404) or no longer exists (410). Some servers answer 403 for a missing
 * file. A data source that knows this throws this error for such a 403 too, with the `HttpError` as its cause.
 *
 * @example A file that does not exist
 * ```ts
 * import { createClient, DataNotFoundError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 404 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof DataNotFoundError);
 * ```
 */
export class DataNotFoundError extends SlipstreamError {
  /** `"DataNotFoundError"`. */
  override readonly name: string = "DataNotFoundError";
  /** The response status. */
  readonly status: 403 | 404 | 410;
  /** The response headers. */
  readonly headers: Headers;
  /**
   * The beginning of the response body: up to 2,048 bytes, as text. Empty when it could not be read. `client.fetch` returns the
   * whole body.
   */
  readonly body: string;

  /** Creates the error. */
  constructor(message: string, options: DataNotFoundErrorOptions) {
    super(message, options);
    this.status = options.status;
    this.headers = options.headers ?? new Headers();
    this.body = options.body ?? "";
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "DataNotFoundError"];
  }
}

/** One problem that a schema found. */
export interface DataIssue {
  /** A description of the problem. */
  readonly message: string;
  /** The place of the problem: keys and indices from the root, joined by dots; empty for the root itself. */
  readonly path: string;
}

/**
 * Why the client refused a payload. The payload is not JSON, is cut short, is larger than `maxBodyBytes` or than one value of the
 * engine can be (or a part of it exceeds a limit of its own), does not fit the schema, has another content type, or links to a
 * next page that can't be followed. A downloaded file is longer than announced, does not have its digest, is another part than
 * the client asked for, or is another version than the bytes already delivered.
 */
export type InvalidDataReason =
  | "not-json"
  | "truncated"
  | "too-large"
  | "schema"
  | "content-type"
  | "link"
  | "length"
  | "digest"
  | "range"
  | "changed";

/** Options of an {@linkcode InvalidDataError}. */
export interface InvalidDataErrorOptions extends SlipstreamErrorOptions {
  /** Why the client refused the payload. */
  readonly reason: InvalidDataReason;
  /** The problems that the schema found; empty for other reasons. */
  readonly issues?: readonly DataIssue[] | undefined;
  /** Where the text stops being JSON, in characters from its start; only for text that is not JSON, or that ends early. */
  readonly position?: number | undefined;
}

/**
 * The response arrived whole, but its content can't be used.
 *
 * @example A page where JSON was promised
 * ```ts
 * import { createClient, InvalidDataError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("<html>")), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && outcome.error instanceof InvalidDataError && outcome.error.reason === "not-json");
 * ```
 */
export class InvalidDataError extends SlipstreamError {
  /** `"InvalidDataError"`. */
  override readonly name: string = "InvalidDataError";
  /** Why the client refused the payload. */
  readonly reason: InvalidDataReason;
  /** The problems that the schema found; empty for other reasons. */
  readonly issues: readonly DataIssue[];
  /** Where the text stops being JSON, in characters from its start; absent for other reasons. */
  readonly position: number | undefined;

  /** Creates the error. */
  constructor(message: string, options: InvalidDataErrorOptions) {
    super(message, options);
    this.reason = options.reason;
    this.issues = options.issues ?? [];
    this.position = options.position;
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "InvalidDataError"];
  }
}

/** Options of a {@linkcode WriteError}. */
export interface WriteErrorOptions extends SlipstreamErrorOptions {
  /** The path of the file; absent for a stream. */
  readonly path?: string | undefined;
}

/**
 * The client could not write the received bytes to their target: the disk is full, the folder is missing or write-protected,
 * something else has the file's name, or the stream failed. `cause` is the error of the runtime or of the stream.
 *
 * @example A stream that fails
 * ```ts
 * import { createClient, WriteError } from "@slipstream/fetch";
 * import { assertInstanceOf } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("1")) });
 * const full = new WritableStream<Uint8Array>({ write: () => Promise.reject(new Error("full")) });
 * const error = await client.download("https://example.com/a", full).catch((reason: unknown) => reason);
 * assertInstanceOf(error, WriteError);
 * ```
 */
export class WriteError extends SlipstreamError {
  /** `"WriteError"`. */
  override readonly name: string = "WriteError";
  /** The path of the file; absent for a stream. */
  readonly path: string | undefined;

  /** Creates the error. */
  constructor(message: string, options: WriteErrorOptions = {}) {
    super(message, options);
    this.path = options.path;
  }

  /** @internal The names of the error's classes, for the guards. */
  override get "~slipstream"(): readonly string[] {
    return ["SlipstreamError", "WriteError"];
  }
}

/**
 * Whether a value is a {@linkcode SlipstreamError}, also one of another realm or copy of this module.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isSlipstreamError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 404 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isSlipstreamError(outcome.error));
 * ```
 */
export function isSlipstreamError(value: unknown): value is SlipstreamError {
  return hasBrand(value, "SlipstreamError");
}

/**
 * Whether a value is a {@linkcode NetworkError} or one of its subclasses, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isNetworkError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 500 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isNetworkError(outcome.error)); // an HttpError is one
 * ```
 */
export function isNetworkError(value: unknown): value is NetworkError {
  return hasBrand(value, "NetworkError");
}

/**
 * Whether a value is an {@linkcode HttpError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isHttpError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 500 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isHttpError(outcome.error) && outcome.error.status === 500);
 * ```
 */
export function isHttpError(value: unknown): value is HttpError {
  return hasBrand(value, "HttpError");
}

/**
 * Whether a value is a {@linkcode TimeoutError} of this module, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isTimeoutError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => new Promise<Response>(() => {}), maxRetries: 0, timeoutMs: 20 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isTimeoutError(outcome.error));
 * ```
 */
export function isTimeoutError(value: unknown): value is TimeoutError {
  return hasBrand(value, "TimeoutError");
}

/**
 * Whether a value is a {@linkcode CircuitOpenError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { CircuitOpenError, isCircuitOpenError } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const error: unknown = new CircuitOpenError("https://a.test is down", { retryAfterMs: 1_000 });
 * assertEquals(isCircuitOpenError(error) && error.retryAfterMs, 1_000);
 * ```
 */
export function isCircuitOpenError(value: unknown): value is CircuitOpenError {
  return hasBrand(value, "CircuitOpenError");
}

/**
 * Whether a value is an {@linkcode OverloadError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isOverloadError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ concurrency: 1, fetch: () => Promise.resolve(Response.json(1)), maxQueue: 0 });
 * const first = client.json("https://example.com/a");
 * const second = await client.outcome("https://example.com/b");
 * assert(!second.ok && isOverloadError(second.error));
 * await first;
 * ```
 */
export function isOverloadError(value: unknown): value is OverloadError {
  return hasBrand(value, "OverloadError");
}

/**
 * Whether a value is an {@linkcode OfflineError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isOfflineError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(Response.json(1)), maxRetries: 0, offline: true });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isOfflineError(outcome.error));
 * ```
 */
export function isOfflineError(value: unknown): value is OfflineError {
  return hasBrand(value, "OfflineError");
}

/**
 * Whether a value is a {@linkcode DataNotFoundError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isDataNotFoundError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("", { status: 410 })), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isDataNotFoundError(outcome.error));
 * ```
 */
export function isDataNotFoundError(value: unknown): value is DataNotFoundError {
  return hasBrand(value, "DataNotFoundError");
}

/**
 * Whether a value is an {@linkcode InvalidDataError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isInvalidDataError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("[1,")), maxRetries: 0 });
 * const outcome = await client.outcome("https://example.com/a");
 * assert(!outcome.ok && isInvalidDataError(outcome.error) && outcome.error.reason === "truncated");
 * ```
 */
export function isInvalidDataError(value: unknown): value is InvalidDataError {
  return hasBrand(value, "InvalidDataError");
}

/**
 * Whether a value is a {@linkcode WriteError}, also of another realm.
 *
 * @example Tell it from others
 * ```ts
 * import { createClient, isWriteError } from "@slipstream/fetch";
 * import { assert } from "@std/assert";
 *
 * await using client = createClient({ fetch: () => Promise.resolve(new Response("1")) });
 * const full = new WritableStream<Uint8Array>({ write: () => Promise.reject(new Error("full")) });
 * const error = await client.download("https://example.com/a", full).catch((reason: unknown) => reason);
 * assert(isWriteError(error));
 * ```
 */
export function isWriteError(value: unknown): value is WriteError {
  return hasBrand(value, "WriteError");
}

function hasBrand(value: unknown, name: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  const names = (value as { readonly [BRAND]?: unknown })[BRAND];
  return Array.isArray(names) && names.includes(name);
}

/** The fields of this module's errors that go into JSON, in this order. Headers do not, because they may hold secrets. */
const FIELDS = [
  "status",
  "url",
  "method",
  "attempts",
  "retryAfterMs",
  "kind",
  "timeoutMs",
  "limit",
  "max",
  "queued",
  "waitedMs",
  "reason",
  "issues",
  "position",
  "path",
  "context",
  "body",
];

/** The fields of all other errors that go into JSON; what else these errors hold is unknown. */
const FOREIGN_FIELDS = ["code"];

/**
 * How many levels of errors and records, and how many errors in all, are told with their causes. Of any others only name and
 * message are told: errors that hold each other many times would take exponential time, and very deep ones overflow the stack.
 */
const MOST_LEVELS = 500;
const MOST_ERRORS = 10_000;

/** Tells errors as data. */
class ErrorTeller {
  /** The errors and records from the outermost one to the one that is being told, so that a cycle of causes ends. */
  readonly #path: unknown[] = [];
  #told = 0;

  tell(error: Error): ErrorJson {
    const json: Record<string, unknown> = { name: String(error.name), message: String(error.message) };
    if (this.#path.length >= MOST_LEVELS || ++this.#told > MOST_ERRORS) return json as unknown as ErrorJson;
    this.#path.push(error);
    const values = error as unknown as Readonly<Record<string, unknown>>;
    for (const field of isSlipstreamError(error) ? FIELDS : FOREIGN_FIELDS) {
      const value = this.#toJson(values[field]);
      if (!isEmpty(value)) json[field] = value;
    }
    const { cause, errors } = values;
    if (Array.isArray(errors)) json.errors = errors.map((each) => this.#toJson(each));
    const causeJson = this.#toJson(cause);
    if (causeJson !== undefined) json.cause = causeJson;
    this.#path.pop();
    return json as unknown as ErrorJson;
  }

  /** Returns a value as JSON can hold it; `undefined` for an error that is being told already. */
  #toJson(value: unknown): unknown {
    if (isError(value)) return this.#path.includes(value) ? undefined : this.tell(value);
    if (value === undefined) return undefined;
    const depth = this.#path.length;
    try {
      return this.#toData(value);
    } catch {
      // The value refers to itself, or JSON can't express it, as with a function.
      this.#path.length = depth;
      return Object.prototype.toString.call(value);
    }
  }

  /** Returns the data of a value, with the errors in it, which JSON would make empty. */
  #toData(value: unknown): unknown {
    if (!isRecord(value)) return JSON.parse(JSON.stringify(value, (_key, member) => numberToJson(member)));
    if (this.#path.includes(value)) throw new TypeError("The value refers to itself");
    this.#path.push(value);
    const data = Array.isArray(value)
      ? value.map((each) => this.#memberToData(each) ?? null)
      : Object.fromEntries(
        Object.entries(value).map(([key, member]) => [key, this.#memberToData(member)])
          .filter(([, member]) => member !== undefined),
      );
    this.#path.pop();
    return data;
  }

  #memberToData(member: unknown): unknown {
    if (isError(member)) return this.#toJson(member);
    // JSON leaves these out.
    return ["undefined", "function", "symbol"].includes(typeof member) ? undefined : this.#toData(member);
  }
}

/** Returns any error as data, as {@linkcode SlipstreamError.toJSON} does; JSON would make the errors of other classes empty. */
export function errorToJson(error: Error): ErrorJson {
  return new ErrorTeller().tell(error);
}

/** Tells whether a value is an array, or an object without a form of its own in JSON. */
function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !("toJSON" in value);
}

/** Replaces a number that JSON does not know, such as `Infinity`, which would become `null`. */
function numberToJson(value: unknown): unknown {
  const isUnknown = typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value));
  return isUnknown ? String(value) : value;
}

/** Tells whether a value is an error, also one of another realm: test frameworks (Jest) run programs in a realm of their own. */
export function isError(value: unknown): value is Error {
  if (value instanceof Error || isSlipstreamError(value)) return true;
  return /^\[object (?:Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
}

/** Returns the message of an error, or any other thrown value as a string. */
export function messageOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === undefined || value === "";
  return Object.keys(value).length === 0;
}
