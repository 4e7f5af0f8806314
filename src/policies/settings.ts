/**
 * What may be said of each request: by the client, over it by the batch, and over that by the request.
 *
 * @module
 */

import type { RetryOn } from "./retry_on.ts";
import type { StandardSchemaV1 } from "../schemas/standard_schema.ts";

/**
 * How a request treats the cache; the names and meanings of the fetch standard's `cache`: as the rules have it; neither read
 * nor write; write only; ask whether what is stored is still right; whatever is stored, however old, or else the network;
 * or else a 504, also where there is no cache. `reload` and `no-cache` tell the caches on the way as well.
 */
export type CacheMode = "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";

/** How much of a body has come. */
export interface Progress {
  /** The URL that answers, as an error shows it. */
  readonly url: string;
  /** Which attempt it is; each begins with no bytes. */
  readonly attempt: number;
  /** How many bytes have come, decoded. */
  readonly bytes: number;
  /** How many there will be; `undefined` where the server does not say, or the body is compressed. */
  readonly totalBytes: number | undefined;
}

/** What holds for a request, every default filled in. */
export interface Settings {
  /**
   * What the body is decoded to, in batches and by `client.outcome`; `client.json`, `text` and `bytes` decide it
   * themselves.
   * @default {"json"}
   */
  readonly as: "json" | "text" | "bytes";
  /** Validates the decoded value; its output is the result. Any Standard Schema (valibot, zod, …). */
  readonly schema: StandardSchemaV1 | undefined;
  /**
   * Whether schemas are applied.
   * @default {true}
   */
  readonly validate: boolean;
  /**
   * How long one attempt may take from dispatch to the end of its body, in milliseconds; `Infinity` for any time. Of a body
   * that its caller streams, it is the time up to the headers, and again until the caller begins to read.
   * Where nothing has ever come from, an attempt of a request that may be sent twice ends after 5 s if another mirror can answer, or if
   * others that are served have use for its permit: then it is sent again in its turn, once, which `maxRetries` does not count.
   * @default {30_000}
   */
  readonly timeoutMs: number;
  /**
   * How long the reader of a body that streams may have to wait for its next bytes, in milliseconds; `Infinity` for any time. A
   * reader that pauses is not timed out.
   * @default {the value of `timeoutMs`}
   */
  readonly idleTimeoutMs: number | undefined;
  /**
   * How long a request may take in all, every wait included, in milliseconds; in a batch from when it is pulled.
   * @default {Infinity}
   */
  readonly totalTimeoutMs: number;
  /**
   * How many rounds may follow the first. 0 asks each mirror once, and waits neither for an open breaker, unless `onOpen` says so, nor
   * for the retry budget. Where it is not said, a request that waits for its origin, as those of batches do, has more than 3 if retries of others succeed
   * there, as at a service that is full: as many as one like those needs, but for one case in ten thousand. After a timeout it has 3.
   * @default {3, and more in batches while retries of others succeed}
   */
  readonly maxRetries: number | undefined;
  /**
   * Which failures are worth another try: statuses, in place of 408, 425, 429, 500, 502 to 504, 520 to 524 and 529; or a function
   * that decides for each failed round.
   */
  readonly retryOn: RetryOn | undefined;
  /**
   * The largest body that is accepted, in bytes.
   * @default {Infinity}
   */
  readonly maxBodyBytes: number;
  /**
   * Called with each chunk of the body that comes from the network; what it throws becomes a warning event. Requests for the same that
   * share a response are told by the one that is sent, if that has an `onProgress` too.
   */
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /**
   * How the request treats the cache.
   * @default {"default"}
   */
  readonly cache: CacheMode;
  /**
   * Whether the cache may answer.
   * @default {true}
   */
  readonly readCache: boolean;
  /**
   * Whether the response may be stored.
   * @default {true}
   */
  readonly writeCache: boolean;
  /**
   * Which request goes first when several wait for a permit or a token: the one with the higher number. One turn in sixteen goes to one of
   * the others, so that none starves.
   * @default {0}
   */
  readonly priority: number;
  /**
   * Whether 404 and 410 end the request, or the next mirror is asked.
   * @default {true}
   */
  readonly notFoundIsFinal: boolean;
  /**
   * Whether the request may be sent twice, whatever its method; by default its method decides, or an `Idempotency-Key` among the
   * headers of the request, its batch or its client. With `false`, the
   * request is always sent, and shares no response with others.
   */
  readonly idempotent: boolean | undefined;
  /**
   * `false` has no second attempt sent beside one that is slow, where the client hedges; see {@linkcode HedgeOptions}.
   * @default {as the client does}
   */
  readonly hedge: false | undefined;
  /**
   * What to do while the circuit breaker of the origin is open: fail at once, or wait for `patienceMs`.
   * @default {"wait" for requests of a batch whose `maxRetries` is not 0, "fail" for all others}
   */
  readonly onOpen: "fail" | "wait" | undefined;
  /**
   * How old an outage may be for a request to wait for its end, in milliseconds, counted from when the breaker opened first, or from the
   * beginning of a batch that has begun later.
   * An origin from which nothing has ever come is not waited for, unless this is said.
   * @default {30_000}
   */
  readonly patienceMs: number | undefined;
}

/** {@linkcode Settings} of which each may be left out. */
export type PartialSettings = { readonly [K in keyof Settings]?: Settings[K] | undefined };
