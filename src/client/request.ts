/**
 * What a caller asks for: a URL, or a URL with options.
 *
 * @module
 */

import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";

/**
 * How a request treats the cache; the names and meanings of the fetch standard's `cache`: as the rules have it; neither read
 * nor write; write only; ask whether what is stored is still right; whatever is stored, however old, or else the network;
 * or else a 504.
 */
export type CacheMode = "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";

/** Names and values of headers. */
export type HeaderRecord = Readonly<Record<string, string>>;

/** Options of one request; each overrides the client's. */
export interface RequestOptions {
  /** Aborts the request: it rejects at once with the signal's own reason, wherever it is. */
  readonly signal?: AbortSignal | undefined;
  /** Validates the decoded value; its output is the result. Any Standard Schema (valibot, zod, …). */
  readonly schema?: StandardSchemaV1 | undefined;
  /**
   * What the body is decoded to, in batches; `client.json`, `text` and `bytes` decide it themselves.
   * @default {"json"}
   */
  readonly as?: "json" | "text" | "bytes" | undefined;
  /** How long one attempt may take from dispatch to the end of its body, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** How long the request may take in all, every wait included, in milliseconds. */
  readonly totalTimeoutMs?: number | undefined;
  /** How many rounds may follow the first. */
  readonly maxRetries?: number | undefined;
  /** The largest body that is accepted, in bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** How the request treats the cache. */
  readonly cache?: CacheMode | undefined;
  /** Whether the cache may answer. */
  readonly readCache?: boolean | undefined;
  /** Whether the answer may be stored. */
  readonly writeCache?: boolean | undefined;
  /** Whether `schema` is applied. */
  readonly validate?: boolean | undefined;
  /** Who goes first when requests wait for a permit: the higher number. */
  readonly priority?: number | undefined;
  /** Whether the request may be sent twice, whatever its method. */
  readonly idempotent?: boolean | undefined;
  /** Headers of this request, added to the client's; the same name replaces. */
  readonly headers?: HeaderRecord | Headers | undefined;
  /** Whether 404 and 410 end the request, or the next mirror is asked. */
  readonly notFoundIsFinal?: boolean | undefined;
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
  /** How many requests of this batch may be under way at once; the client's own limit holds as well. */
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
