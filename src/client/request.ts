/**
 * What a caller asks for: a URL, or a URL with options.
 *
 * @module
 */

import type { PartialSettings } from "../policies/settings.ts";
import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";

/** Names and values of headers. */
export type HeaderRecord = Readonly<Record<string, string>>;

/** Options of one request; each overrides the batch's and the client's. */
export interface RequestOptions extends PartialSettings {
  /** Aborts the request: it rejects at once with the signal's own reason, wherever it is. */
  readonly signal?: AbortSignal | undefined;
  /** Headers of this request, added to the client's; the same name replaces. */
  readonly headers?: HeaderRecord | Headers | undefined;
}

/** A request with its options. */
export interface RequestSpec extends RequestOptions {
  /** Absolute, or relative to the client's `baseUrls`. */
  readonly url: string | URL;
  /**
   * The method; letters are turned to upper case.
   * @default {"GET"}
   */
  readonly method?: string | undefined;
  /** The body; a stream can't be sent twice, so such a request is never retried. */
  readonly body?: BodyInit | null | undefined;
  /** A name of the caller's own: it is not sent, and comes back with `outcome.request`. */
  readonly key?: string | undefined;
}

/** Anything that names a resource. */
export type FetchRequest = string | URL | RequestSpec;

/** Many requests; pulled one by one as permits allow. */
export type RequestSource = Iterable<FetchRequest> | AsyncIterable<FetchRequest>;

/** Options of a batch; those of a request hold for each of its requests. */
export interface BatchOptions extends RequestOptions {
  /**
   * How many requests of this batch may be under way at once; the client's own limit holds as well. Those that wait (for their
   * turn, in a backoff) are not under way.
   */
  readonly concurrency?: number | undefined;
  /**
   * Whether a stream yields in input order, instead of as completed.
   * @default {false}
   */
  readonly ordered?: boolean | undefined;
  /** How many outcomes may wait for the consumer before no further request starts. */
  readonly prefetch?: number | undefined;
}

/** The type of the values that options lead to. */
export type ValueOf<O> = O extends { readonly schema: infer S extends StandardSchemaV1 } ? InferOutput<S>
  : O extends { readonly as: "text" } ? string
  : O extends { readonly as: "bytes" } ? Uint8Array<ArrayBuffer>
  : unknown;
