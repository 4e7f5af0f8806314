/**
 * Fault rules, for the simulated CDN and for real traffic.
 *
 * @module
 */

import type { CdnRequest } from "./cdn_request.ts";
import type { Latency } from "./latency.ts";

/** A fault. */
export type Fault =
  | StatusFault
  | RetryAfterFault
  | RefuseFault
  | ResetFault
  | CutFault
  | StallFault
  | WrongContentFault
  | DripFault
  | SlowFault;

/** The names of the faults. */
export type FaultKind = Fault["kind"];

/** A response with another status than the resource's. */
export interface StatusFault {
  /** The name of the fault. */
  readonly kind: "status";
  /** The status, from 200 to 599. */
  readonly status: number;
  /** Further response headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The body.
   *
   * @default {the status as text}
   */
  readonly body?: string | undefined;
}

/** A 429 or 503 with a `retry-after` header. */
export interface RetryAfterFault {
  /** The name of the fault. */
  readonly kind: "retryAfter";
  /** The time to wait, in milliseconds; the header has whole seconds, rounded up. */
  readonly delayMs: number;
  /**
   * The status.
   *
   * @default {429}
   */
  readonly status?: number | undefined;
  /**
   * Whether the header holds seconds or an HTTP date, which counts from the clock's `wallNow()`.
   *
   * @default {"seconds"}
   */
  readonly form?: "seconds" | "date" | undefined;
}

/**
 * A refused connection: the request fails at once, without a response. Over a socket the server reads the request before it
 * breaks the connection, because only then does it know which request it is.
 */
export interface RefuseFault {
  /** The name of the fault. */
  readonly kind: "refuse";
}

/** A connection that breaks after the latency, before any header. */
export interface ResetFault {
  /** The name of the fault. */
  readonly kind: "reset";
}

/** A connection that breaks in the body. */
export interface CutFault {
  /** The name of the fault. */
  readonly kind: "cut";
  /**
   * How many bytes of the body arrive before that.
   *
   * @default {half of them}
   */
  readonly afterBytes?: number | undefined;
  /**
   * How the response marks the end of the body: by its announced length, by chunks, or only by the end of the connection. With
   * `"close"` the shortened body looks complete.
   *
   * @default {"length"}
   */
  readonly framing?: "length" | "chunked" | "close" | undefined;
}

/** A connection that stalls: no more data arrives, and the connection stays open until the client leaves. */
export interface StallFault {
  /** The name of the fault. */
  readonly kind: "stall";
  /**
   * The part that stalls: with `"body"` the headers still arrive.
   *
   * @default {"body"}
   */
  readonly phase?: "headers" | "body" | undefined;
  /**
   * How many bytes of the body arrive before that.
   *
   * @default {0}
   */
  readonly afterBytes?: number | undefined;
}

/** A 200 with other content: an HTML page, other JSON, truncated JSON, or an empty body. */
export interface WrongContentFault {
  /** The name of the fault. */
  readonly kind: "wrongContent";
  /**
   * The content.
   *
   * @default {"html"}
   */
  readonly content?: "html" | "json" | "truncated" | "empty" | undefined;
}

/** A slow body. */
export interface DripFault {
  /** The name of the fault. */
  readonly kind: "drip";
  /**
   * The speed, in bytes per second.
   *
   * @default {1_000}
   */
  readonly bytesPerSecond?: number | undefined;
}

/** A correct response that arrives late. */
export interface SlowFault {
  /** The name of the fault. */
  readonly kind: "slow";
  /** The additional latency. */
  readonly latency: Latency;
}

/** The conditions of a fault. A request has the fault if it meets all conditions that are given. */
export interface FaultMatch {
  /** The URL as the mirror sees it (percent-encoded path and query): the whole URL as a string, a pattern, or a function. */
  readonly match?: string | RegExp | ((request: CdnRequest) => boolean) | undefined;
  /** The name of the mirror; in real traffic its origin, such as `https://cdn.example.com`. */
  readonly mirror?: string | undefined;
  /** The numbers of the affected requests among those of one URL to one mirror, from 1. */
  readonly nth?: number | readonly number[] | undefined;
  /** The probability of the fault when all other conditions are met, from 0 to 1. */
  readonly probability?: number | undefined;
  /** The fault begins after this many requests to the mirror. */
  readonly afterRequests?: number | undefined;
  /** The fault ends after this many requests to the mirror. */
  readonly untilRequests?: number | undefined;
  /** When the fault begins, in milliseconds after the start; in real traffic, after the first request. */
  readonly fromMs?: number | undefined;
  /** When the fault ends, in milliseconds after the start; in real traffic, after the first request. */
  readonly untilMs?: number | undefined;
  /** The maximum number of requests with the fault, over all mirrors. */
  readonly times?: number | undefined;
}

/** A fault with its conditions. Of several rules that match, the first one applies. */
export type FaultRule = FaultMatch & Fault;
