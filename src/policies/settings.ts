/**
 * The settings of a request. The client's are the defaults; the batch's override them, and the request's own override both.
 *
 * @module
 */

import type { RetryOn } from "./retry_on.ts";
import type { StandardSchemaV1 } from "../schemas/standard_schema.ts";

/**
 * How a request treats the cache, with the names and meanings of the fetch standard's `cache`. `"default"`: by the rules of HTTP
 * caching. `"no-store"`: neither read nor write. `"reload"`: write only. `"no-cache"`: revalidate a stored response before use.
 * `"force-cache"`: use a stored response, however old, or else the network. `"only-if-cached"`: use a stored response, or else
 * answer 504, also where there is no cache. `reload` and `no-cache` bind the caches on the way to the server as well, with or
 * without a cache of the client, unless the request has a `cache-control` header.
 */
export type CacheMode = "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";

/** How much of a body has arrived. */
export interface Progress {
  /** The URL that answers, as an error shows it. */
  readonly url: string;
  /** The number of the attempt; each attempt begins with 0 bytes. */
  readonly attempt: number;
  /** How many bytes have arrived, decoded. */
  readonly bytes: number;
  /** How many bytes the body will have; `undefined` where the server does not say, or the body is compressed. */
  readonly totalBytes: number | undefined;
}

/** The settings of one request, with every default filled in. */
export interface Settings {
  /**
   * The type that the body is decoded to, in batches and by `client.outcome`; `client.json`, `text` and `bytes`
   * decide it themselves.
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
   * How long one attempt may take from dispatch to the end of its body, in milliseconds; `Infinity` for any time. If the caller
   * streams the body, this time ends with the headers; it counts again until the caller begins to read. An attempt ends sooner if
   * its origin is silent, and another mirror can answer or requests to other origins need the permit. Silent means: nothing has
   * come from the origin for 5 s, and for twice as long as its slowest answer took. Only attempts of requests that may be sent
   * twice end in this way. A request that gave its permit up is sent again in its turn, once; `maxRetries` does not count that.
   *
   * If the program was too busy to notice the end of this time, or the machine slept, the answer may have arrived unread. So this
   * and every other timeout then leaves up to 5 s more to read it, but no more than the program was late, or the timeout long.
   * @default {30_000}
   */
  readonly timeoutMs: number;
  /**
   * How long the reader of a streamed body may have to wait for the next bytes, in milliseconds; `Infinity` for any time. A
   * reader that pauses does not time out.
   * @default {the value of `timeoutMs`}
   */
  readonly idleTimeoutMs: number | undefined;
  /**
   * How long a request may take in all, every wait included, in milliseconds. A request of a batch counts from when the batch
   * pulls it.
   * @default {Infinity}
   */
  readonly totalTimeoutMs: number;
  /**
   * How many rounds may follow the first. With 0, the request asks each mirror once, and waits neither for the retry budget nor
   * for an open breaker, unless `onOpen` says so. Without a number, a request that waits for its origin, as those of batches do,
   * may have more than 3 retries while retries of other requests succeed there, as at an origin at capacity. It has as many as
   * 9,999 in 10,000 of such requests need. One of the last requests of a batch has 4 if the origin has served nothing since it
   * failed. While the origin serves others, the first three 429s of a single call do not count, nor does any 429 in a batch. A
   * round that probes for all requests that wait whether their origin is back does not count, so a request of a batch may make
   * more attempts than this.
   * @default {3, and more while the origin serves others}
   */
  readonly maxRetries: number | undefined;
  /**
   * The failures that are worth another try: statuses, in place of 408, 425, 429, 500, 502 to 504, 520 to 524 and 529; or a
   * function that decides for each failed round. A service that answers 403 to too many requests needs
   * `({ status, headers }) => (status === 403 && headers?.has("retry-after")) || undefined`, or the same with a header that says
   * that nothing is left. Then a wait that the service names pauses its origin, as after a 429.
   */
  readonly retryOn: RetryOn | undefined;
  /**
   * The largest body that the client accepts, in bytes.
   * @default {Infinity}
   */
  readonly maxBodyBytes: number;
  /**
   * Called with each chunk of the body that comes from the network; an error that it throws becomes a warning event. If identical
   * requests share a response, the request that is sent reports to all of their listeners, provided that it has an `onProgress`
   * too.
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
   * The priority of the request: when several wait for a permit or a token, the one with the higher number goes first. One turn
   * in sixteen goes to one of the others, so that none starves.
   * @default {0}
   */
  readonly priority: number;
  /**
   * Whether 404 and 410 end the request; otherwise the client asks the next mirror.
   * @default {true}
   */
  readonly notFoundIsFinal: boolean;
  /**
   * Whether the request may be sent twice, whatever its method. By default the method decides, or an `Idempotency-Key` among the
   * headers of the request, its batch or its client. With `false`, the client always sends the request, and shares no response
   * with others.
   */
  readonly idempotent: boolean | undefined;
  /**
   * `false` forbids a second attempt beside a slow one, where the client hedges; see {@linkcode HedgeOptions}.
   * @default {as the client does}
   */
  readonly hedge: false | undefined;
  /**
   * What the request does while the circuit breaker of its origin is open: fail at once, or wait for `patienceMs`.
   * @default {"wait" for requests of a batch whose `maxRetries` is not 0, "fail" for all others}
   */
  readonly onOpen: "fail" | "wait" | undefined;
  /**
   * How old an outage may be for a request to wait for its end, in milliseconds. The age counts from when the breaker first
   * opened. A batch that begins late in an outage waits for 10 s nevertheless, or for this time if that is less. The request does
   * not wait for an origin from which nothing has ever come, once attempts there have failed for 4 s, unless this option is
   * given.
   * @default {30_000}
   */
  readonly patienceMs: number | undefined;
}

/** {@linkcode Settings}, each of them optional. */
export type PartialSettings = { readonly [K in keyof Settings]?: Settings[K] | undefined };
