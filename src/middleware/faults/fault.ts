/**
 * What can go wrong, and when: at the simulated CDN, or in real traffic.
 *
 * @module
 */

import type { CdnRequest } from "./cdn_request.ts";
import type { Latency } from "./latency.ts";

/** What goes wrong. */
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

/** Another status than the resource's. */
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

/** A 429 or 503 that says how long to wait. */
export interface RetryAfterFault {
  /** The name of the fault. */
  readonly kind: "retryAfter";
  /** How long to wait, in milliseconds; the header has whole seconds, rounded up. */
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
 * The connection is refused: at once, and without a response. Over a socket the connection is broken as soon as the request
 * has been read, because only then it is known which request it is.
 */
export interface RefuseFault {
  /** The name of the fault. */
  readonly kind: "refuse";
}

/** The connection breaks after the latency, before any header. */
export interface ResetFault {
  /** The name of the fault. */
  readonly kind: "reset";
}

/** The connection breaks in the body. */
export interface CutFault {
  /** The name of the fault. */
  readonly kind: "cut";
  /**
   * How many bytes of the body come before that.
   *
   * @default {half of them}
   */
  readonly afterBytes?: number | undefined;
  /**
   * How the end of the body is marked: by its announced length, by chunks, or by nothing but the end of the connection,
   * which makes a shortened body look whole.
   *
   * @default {"length"}
   */
  readonly framing?: "length" | "chunked" | "close" | undefined;
}

/** Nothing comes any more, and the connection stays open until the client leaves. */
export interface StallFault {
  /** The name of the fault. */
  readonly kind: "stall";
  /**
   * Whether the headers still come.
   *
   * @default {"body"}
   */
  readonly phase?: "headers" | "body" | undefined;
  /**
   * How many bytes of the body come before that.
   *
   * @default {0}
   */
  readonly afterBytes?: number | undefined;
}

/** A 200 that holds something else: an HTML page, other JSON, JSON that ends early, or nothing. */
export interface WrongContentFault {
  /** The name of the fault. */
  readonly kind: "wrongContent";
  /**
   * What comes instead.
   *
   * @default {"html"}
   */
  readonly content?: "html" | "json" | "truncated" | "empty" | undefined;
}

/** The body comes in drips. */
export interface DripFault {
  /** The name of the fault. */
  readonly kind: "drip";
  /**
   * How fast, in bytes a second.
   *
   * @default {1_000}
   */
  readonly bytesPerSecond?: number | undefined;
}

/** The response is right, but late. */
export interface SlowFault {
  /** The name of the fault. */
  readonly kind: "slow";
  /** How much later than usual. */
  readonly latency: Latency;
}

/** Which requests have a fault: those that meet every condition given. */
export interface FaultMatch {
  /** The URL as the mirror sees it (percent-encoded path and query): the whole of it, a pattern, or a function. */
  readonly match?: string | RegExp | ((request: CdnRequest) => boolean) | undefined;
  /** The name of the mirror; in real traffic its origin, such as `https://cdn.example.com`. */
  readonly mirror?: string | undefined;
  /** Which requests of a URL to one mirror, from 1. */
  readonly nth?: number | readonly number[] | undefined;
  /** How likely the fault is when all other conditions are met, from 0 to 1. */
  readonly probability?: number | undefined;
  /** Begins after so many requests to the mirror. */
  readonly afterRequests?: number | undefined;
  /** Ends after so many requests to the mirror. */
  readonly untilRequests?: number | undefined;
  /** Begins so many milliseconds after the start; in real traffic, after the first request. */
  readonly fromMs?: number | undefined;
  /** Ends so many milliseconds after the start; in real traffic, after the first request. */
  readonly untilMs?: number | undefined;
  /** How many requests have the fault at most, over all mirrors. */
  readonly times?: number | undefined;
}

/** What goes wrong, and when. Of several rules that match, the first one counts. */
export type FaultRule = FaultMatch & Fault;
