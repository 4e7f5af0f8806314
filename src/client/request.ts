/**
 * The requests of callers: a URL, or a URL with options.
 *
 * @module
 */

import type { QueryInit } from "../http/query.ts";
import type { PartialSettings } from "../policies/settings.ts";
import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";

/** Names and values of headers; `undefined` leaves one out. */
export type HeaderRecord = Readonly<Record<string, string | undefined>>;

/** Options of one request; each overrides the batch's and the client's. */
export interface RequestOptions extends PartialSettings {
  /** A signal that aborts the request: it rejects at once with the signal's own reason, whatever it is doing. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Headers of this request, added to the client's; a header replaces one of the same name. On Deno, a `host` header needs a
   * `transport`.
   */
  readonly headers?: HeaderRecord | Headers | undefined;
  /**
   * A value to send as JSON, with a `content-type` of `application/json` unless the headers have another one. The method is POST
   * then, unless the request says otherwise.
   */
  readonly json?: unknown;
  /**
   * Parameters that the client appends to those of the URL; `undefined` and `null` leave one out, an array repeats it. A
   * parameter of a request replaces the batch's parameter of the same name. TypeScript accepts a value of an interface type only
   * as a copy: `{ ...filter }`.
   */
  readonly query?: QueryInit | undefined;
}

/** Options of a single request. The members that must be left out make an option in the wrong place an error, instead of a silent no-op. */
export interface CallOptions extends RequestOptions {
  /** Only in the request itself. */
  readonly url?: undefined;
  /** Only in the request itself: `{ url, method }`. */
  readonly method?: undefined;
  /** Only in the request itself: `{ url, method, body }`. */
  readonly body?: undefined;
  /** Only in the request itself: `{ url, key }`. */
  readonly key?: undefined;
  /** For batches only. */
  readonly batchTimeoutMs?: undefined;
  /** For batches and clients only. */
  readonly concurrency?: undefined;
  /** For batches only. */
  readonly ordered?: undefined;
  /** For batches only. */
  readonly prefetch?: undefined;
  /** For `client.fetch()` only. */
  readonly redirect?: undefined;
}

/** Options of {@linkcode Client.fetch}, besides the standard ones. */
export interface FetchOptions extends RequestOptions {
  /** A `Response` is not decoded. */
  readonly as?: undefined;
  /** A `Response` is not decoded. */
  readonly schema?: undefined;
}

/** The types of a body; for JSON there is `json`. Whether bytes may be in shared memory is up to the runtime. */
export type RequestBody =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** A request with its options. */
export interface RequestSpec extends RequestOptions {
  /** The URL: absolute, or relative to the client's `baseUrls`. */
  readonly url: string | URL;
  /**
   * The method; letters are turned to upper case.
   * @default {"GET"}
   */
  readonly method?: string | undefined;
  /**
   * The body, unless there is `json`. The client can't send a stream or an async iterable twice, so it never retries a request
   * with one. In browsers, which don't send streams, it reads the stream to its end first. On Deno, a stream goes without a
   * length, whatever the headers say. The client copies bytes, parameters and forms without files when it takes the request, so
   * that the caller can fill them anew for the next one; a `Blob` never changes.
   */
  readonly body?: RequestBody | null | undefined;
  /** A name of the caller's own. The client does not send it, and returns it in `outcome.request`. */
  readonly key?: string | undefined;
  /** For the batch as a whole only. */
  readonly batchTimeoutMs?: undefined;
  /** For the batch as a whole and for clients only. */
  readonly concurrency?: undefined;
  /** For the batch as a whole only. */
  readonly ordered?: undefined;
  /** For the batch as a whole only. */
  readonly prefetch?: undefined;
  /** For `client.fetch()` only, as every `Request` is. */
  readonly redirect?: undefined;
}

/** Anything that names a resource. */
export type FetchRequest = string | URL | RequestSpec;

/** Many requests, which the client pulls one by one as permits allow. A string is no source, although it is iterable. */
export type RequestSource = (Iterable<FetchRequest> | AsyncIterable<FetchRequest>) & object;

/** Options of a batch. Those that requests have too apply to each of its requests. */
export interface BatchOptions extends RequestOptions {
  /**
   * How long the whole batch may take, in milliseconds, from when it pulls its first request. Then its requests in flight fail
   * with a `TimeoutError` of kind `"batch"`. So do the requests of an array that have not started; a batch with another source
   * ends with that error. A cache that may answer a failure with a stale response does so for requests in flight, shortly before.
   * @default {Infinity}
   */
  readonly batchTimeoutMs?: number | undefined;
  /**
   * How many requests of this batch may be in flight at once; the client's own limit applies too. Requests that wait (for their
   * turn, in a backoff) are not in flight.
   * @default {the client's `concurrency`}
   */
  readonly concurrency?: number | undefined;
  /**
   * Whether a stream yields outcomes in input order, instead of as they complete. The stream holds up to `prefetch` outcomes that
   * come before their turn. While requests wait (in a backoff, for the end of a pause) and the consumer waits for an earlier
   * outcome, the batch starts others. Their outcomes count against the client's `maxWaiting`, together with the waiting requests.
   * Lower `maxWaiting` where bodies are large.
   * @default {false}
   */
  readonly ordered?: boolean | undefined;
  /**
   * How many outcomes of a stream may wait for its consumer before the batch starts no further request. See `ordered` for
   * outcomes that come before their turn.
   * @default {the `concurrency` of the batch}
   */
  readonly prefetch?: number | undefined;
  /** Each request has its own. */
  readonly url?: undefined;
  /** Each request has its own: `{ url, method }`. */
  readonly method?: undefined;
  /** Each request has its own: `{ url, method, body }`. */
  readonly body?: undefined;
  /** Each request has its own: `{ url, key }`. */
  readonly key?: undefined;
  /** For `client.fetch()` only. */
  readonly redirect?: undefined;
}

/** The type of the value of a request `R` with options `O`; options in the request take precedence. */
export type ValueOf<O, R = string> = R extends { readonly schema: infer S extends StandardSchemaV1 }
  ? InferOutput<S>
  : O extends { readonly schema: infer S extends StandardSchemaV1 } ? InferOutput<S>
  : R extends { readonly as: infer A extends "json" | "text" | "bytes" } ? BodyOf<A>
  : O extends { readonly as: infer A extends "json" | "text" | "bytes" } ? BodyOf<A>
  : unknown;

/**
 * Options, or a request, with a schema of type `S`. It takes the place of the schema of any type, and is not intersected with it:
 * the compiler would refuse a schema whose methods have result types that depend on `this`.
 */
export type WithSchema<O, S extends StandardSchemaV1> = Omit<O, "schema"> & { readonly schema: S };

/** The type of a body that is decoded as `A`. */
export type BodyOf<A> = A extends "text" ? string : A extends "bytes" ? Uint8Array<ArrayBuffer> : unknown;

/**
 * The types of the values of requests `R` with options `O`: one for each request, where their number is known. The first
 * condition holds for `any` alone, of which nothing is known.
 */
export type ValuesOf<R, O> = 0 extends 1 & R ? ValueOf<O>[]
  : R extends readonly unknown[] ? { -readonly [Index in keyof R]: ValueOf<O, R[Index]> }
  : ValueOf<O, RequestOf<R>>[];

/** The type of the requests of a source. */
export type RequestOf<R> = R extends Iterable<infer T> | AsyncIterable<infer T> ? T : never;

/**
 * A request that has only the members of requests, so that a misspelt member does not compile. The condition looks only at the
 * URL: the compiler would leave a condition on the whole request undecided in a function that has the schema's type as a
 * parameter.
 */
export type OnlyRequest<R> = R extends { readonly url: unknown }
  ? R & { readonly [Name in Exclude<keyof R, keyof RequestSpec>]: never }
  : R;

/**
 * Requests that have only the members of requests; see {@linkcode OnlyRequest}. A function whose type parameter `R` they are
 * takes `R & OnlyRequests<R>`, and passes them on as `client.settle<R>(requests)`: the compiler can't infer `R` there.
 */
export type OnlyRequests<R> = { readonly [Name in keyof R]: OnlyRequest<R[Name]> };

/**
 * Options of type `All`, so that a misspelt member does not compile. The compiler infers `O`, which sets the types of values,
 * from the branch that never holds: a parameter of type `O` would accept any further member.
 */
export type OnlyOptions<O, All> = [O] extends [never] ? O : All;
