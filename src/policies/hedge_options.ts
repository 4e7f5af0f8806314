/**
 * When requests are hedged.
 *
 * @module
 */

/** Hedging after a fixed time. */
export interface HedgeAfterOptions {
  /** How long an attempt has to bring its headers, in milliseconds: a positive number. */
  readonly afterMs: number;
  /** Not with `afterMs`. */
  readonly percentile?: undefined;
  /** Only with `percentile`. */
  readonly minimumSamples?: undefined;
}

/** Hedging by the origin's own latencies: of an attempt that takes longer than most do. */
export interface HedgePercentileOptions {
  /**
   * The percentile of the origin's recent latencies, up to the headers, that an attempt has to exceed: a number between 0 and 1,
   * such as 0.95. The resulting time may be 4 % longer than the percentile. Attempts that ended early because they were slow
   * count among the slow ones.
   */
  readonly percentile: number;
  /**
   * How many latencies of an origin must be known before any attempt to it is hedged: a positive integer.
   *
   * @default {20, or twice as many as it takes for one to lie above the percentile, if that is more}
   */
  readonly minimumSamples?: number | undefined;
  /** Not with `percentile`. */
  readonly afterMs?: undefined;
}

/**
 * When the client sends a hedged request, a second attempt beside a slow one, and where that goes. Hedging cuts the tail of
 * latencies: the few responses that take many times as long as most, and would be fast if they were requested again. See J. Dean
 * and L. A. Barroso, "The Tail at Scale" (2013).
 *
 * @example A response in place of one that does not come
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * let attempts = 0;
 * await using client = createClient({
 *   hedge: { afterMs: 10 }, // or { percentile: 0.95 }, which goes by the origin's own latencies
 *   fetch: (_url, init) =>
 *     ++attempts === 1
 *       ? new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)))
 *       : Promise.resolve(Response.json("second")),
 * });
 * assertEquals(await client.json("https://api.example.com/a"), "second");
 * assertEquals(client.stats().hedged, 1);
 * ```
 */
export type HedgeOptions = (HedgeAfterOptions | HedgePercentileOptions) & {
  /**
   * How many second attempts the client may send for each request that may be hedged, over the last 10 seconds: a number from 0
   * to 1. Above 0, one in 10 seconds is always allowed, so that hedging works with few requests too.
   *
   * @default {0.05}
   */
  readonly maxExtraRatio?: number | undefined;
  /**
   * Where the second attempt goes: to the same origin, or to the next healthy mirror, if there is one.
   *
   * @default {"same"}
   */
  readonly to?: "same" | "nextMirror" | undefined;
};
