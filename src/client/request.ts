/**
 * What a caller asks for: a URL, or a URL with options.
 *
 * @module
 */

import type { QueryInit } from "../http/query.ts";
import type { PartialSettings } from "../policies/settings.ts";
import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";

/** Names and values of headers. */
export type HeaderRecord = Readonly<Record<string, string>>;

/** Options of one request; each overrides the batch's and the client's. */
export interface RequestOptions extends PartialSettings {
  /** Aborts the request: it rejects at once with the signal's own reason, wherever it is. */
  readonly signal?: AbortSignal | undefined;
  /** Headers of this request, added to the client's; the same name replaces. On Deno a `host` takes a `transport`. */
  readonly headers?: HeaderRecord | Headers | undefined;
  /**
   * A value to send as JSON, with a `content-type` of `application/json` unless the headers have another one. The method is POST then,
   * unless the request says otherwise.
   */
  readonly json?: unknown;
  /**
   * Parameters that are added to the URL, behind its own; `undefined` and `null` leave one out, an array repeats it. Those of a request
   * take the place of the batch's with the same name.
   */
  readonly query?: QueryInit | undefined;
}

/** Options of a single request. What else a request may have is refused here, and not ignored. */
export interface CallOptions extends RequestOptions {
  /** The request itself has it. */
  readonly url?: undefined;
  /** The request itself has it: `{ url, method }`. */
  readonly method?: undefined;
  /** The request itself has it: `{ url, method, body }`. */
  readonly body?: undefined;
  /** The request itself has it: `{ url, key }`. */
  readonly key?: undefined;
  /** For many requests only. */
  readonly batchTimeoutMs?: undefined;
  /** For many requests only, and for clients. */
  readonly concurrency?: undefined;
  /** For many requests only. */
  readonly ordered?: undefined;
  /** For many requests only. */
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

/** What a body may be; JSON is given as `json`. */
export type RequestBody =
  | string
  | ArrayBuffer
  | ArrayBufferView<ArrayBuffer>
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** A request with its options. */
export interface RequestSpec extends RequestOptions {
  /** Absolute, or relative to the client's `baseUrls`. */
  readonly url: string | URL;
  /**
   * The method; letters are turned to upper case.
   * @default {"GET"}
   */
  readonly method?: string | undefined;
  /**
   * The body, unless there is `json`. A stream or an async iterable can't be sent twice, so such a request is never retried; in
   * browsers, which don't send streams, it is read to its end first. On Deno it goes without a length, whatever the headers say. Bytes, parameters and forms without files are copied when the
   * request is taken, so that they can be filled anew for the next one; a `Blob` never changes.
   */
  readonly body?: RequestBody | null | undefined;
  /** A name of the caller's own: it is not sent, and comes back with `outcome.request`. */
  readonly key?: string | undefined;
  /** For the batch as a whole only. */
  readonly batchTimeoutMs?: undefined;
  /** For the batch as a whole only, and for clients. */
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

/** Many requests; pulled one by one as permits allow. A text is none, although it can be iterated over. */
export type RequestSource = (Iterable<FetchRequest> | AsyncIterable<FetchRequest>) & object;

/** Options of a batch; those of a request hold for each of its requests. */
export interface BatchOptions extends RequestOptions {
  /**
   * How long the whole batch may take, in milliseconds, from when its first request is pulled. Then what is in flight fails with a
   * `TimeoutError` of kind `"batch"`, and so do those of an array that were not started; a batch of another source ends with that error.
   * A cache that may answer for a failure with what is stale does so for what is in flight, shortly before.
   * @default {Infinity}
   */
  readonly batchTimeoutMs?: number | undefined;
  /**
   * How many requests of this batch may be in flight at once; the client's own limit holds as well. Those that wait (for their
   * turn, in a backoff) are not in flight.
   * @default {the client's `concurrency`}
   */
  readonly concurrency?: number | undefined;
  /**
   * Whether a stream yields in input order, instead of as completed. Outcomes that come before their turn are held, within
   * `prefetch`. While requests wait (in a backoff, for the end of a pause), and the consumer for an earlier outcome, others go on: what they
   * bring counts in the client's `maxWaiting`, with those that wait. Lower that where bodies are large.
   * @default {false}
   */
  readonly ordered?: boolean | undefined;
  /**
   * How many outcomes of a stream may wait for its consumer before no further request starts. See `ordered` for those that
   * come before their turn.
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

/** The type of the values that options `O` lead to for a request `R`: what the request says goes first. */
export type ValueOf<O, R = string> = R extends { readonly schema: infer S extends StandardSchemaV1 }
  ? InferOutput<S>
  : O extends { readonly schema: infer S extends StandardSchemaV1 } ? InferOutput<S>
  : R extends { readonly as: infer A extends "json" | "text" | "bytes" } ? BodyOf<A>
  : O extends { readonly as: infer A extends "json" | "text" | "bytes" } ? BodyOf<A>
  : unknown;

/** The type of a body that is decoded as `A`. */
export type BodyOf<A> = A extends "text" ? string : A extends "bytes" ? Uint8Array<ArrayBuffer> : unknown;

/**
 * The types of the values of requests `R` with options `O`: of each one, where it is known how many there are. Of `any`, for which
 * the first condition holds, nothing is known.
 */
export type ValuesOf<R, O> = 0 extends 1 & R ? ValueOf<O>[]
  : R extends readonly unknown[] ? { -readonly [Index in keyof R]: ValueOf<O, R[Index]> }
  : ValueOf<O, RequestOf<R>>[];

/** The type of the requests of a source. */
export type RequestOf<R> = R extends Iterable<infer T> | AsyncIterable<infer T> ? T : never;

/**
 * A request without members that requests do not have, so that a misspelt one does not compile. The condition looks at the URL
 * alone: one on the whole request stays undecided where a function has the schema's type as a parameter.
 */
export type OnlyRequest<R> = R extends { readonly url: unknown }
  ? R & { readonly [Name in Exclude<keyof R, keyof RequestSpec>]: never }
  : R;

/** Requests without members that requests do not have; see {@linkcode OnlyRequest}. */
export type OnlyRequests<R> = { readonly [Name in keyof R]: OnlyRequest<R[Name]> };
