/**
 * What happens to a request, as plain objects: every policy reports here, and `client.on()` hands it on.
 *
 * @module
 */

import type { CircuitState } from "../primitives/circuit_breaker.ts";

/**
 * Where a value came from: the network, the cache (fresh or stale), or a concurrent identical request. What that one got stale is stale
 * here too.
 */
export type ValueSource = "network" | "cache" | "stale" | "shared";

/** What all events of a request have. */
export interface RequestEvent {
  /** Which request, counted from 1 in each client. */
  readonly requestId: number;
  /** When, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
}

/** The caller called. */
export interface QueuedEvent extends RequestEvent {
  /** What happened. */
  readonly type: "queued";
  /** The method, upper case. */
  readonly method: string;
  /** The URL as it was asked for (relative for mirrors), with secrets replaced. */
  readonly url: string;
}

/** The cache answered. */
export interface CacheHitEvent extends RequestEvent {
  /** What happened. */
  readonly type: "cacheHit";
  /** Whether the entry was fresh, or stale and served all the same. */
  readonly kind: "fresh" | "stale";
}

/** The rate limit let the attempt pass. */
export interface TokenEvent extends RequestEvent {
  /** What happened. */
  readonly type: "token";
  /** How long the call waited for it, in milliseconds. */
  readonly waitedMs: number;
}

/** The concurrency limit let the attempt pass. */
export interface PermitEvent extends RequestEvent {
  /** What happened. */
  readonly type: "permit";
  /** How long the call waited for it, in milliseconds. */
  readonly waitedMs: number;
}

/** An attempt was sent. */
export interface AttemptEvent extends RequestEvent {
  /** What happened. */
  readonly type: "attempt";
  /** Counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** Such as `https://cdn.example.com`. */
  readonly origin: string;
  /** The absolute URL, with secrets replaced. */
  readonly url: string;
}

/** The response headers of an attempt arrived. */
export interface HeadersEvent extends RequestEvent {
  /** What happened. */
  readonly type: "headers";
  /** Which attempt, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** The response status. */
  readonly status: number;
}

/** The body of an attempt has ended: it was read to its end, or cancelled by its reader. One that breaks off has no such event. */
export interface BodyEvent extends RequestEvent {
  /** What happened. */
  readonly type: "body";
  /** Which attempt, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** How many bytes of it were read. */
  readonly bytes: number;
}

/** A round failed, and another follows. */
export interface RetryEvent extends RequestEvent {
  /** What happened. */
  readonly type: "retry";
  /** Counted from 1. */
  readonly retry: number;
  /** How long the pause is, in milliseconds. */
  readonly delayMs: number;
  /** The failure: `503`, `TimeoutError`, `NetworkError`, … */
  readonly reason: string;
}

/** A mirror failed, and the next one is asked. */
export interface MirrorEvent extends RequestEvent {
  /** What happened. */
  readonly type: "mirror";
  /** The origin of the mirror that failed. */
  readonly from: string;
  /** The origin of the mirror that is asked next. */
  readonly to: string;
  /** The failure: a status, or the name of an error. */
  readonly reason: string;
}

/** A second attempt was sent beside one that was slow, or one of the two has been decided on. */
export interface HedgeEvent extends RequestEvent {
  /** What happened. */
  readonly type: "hedge";
  /** Which attempt the second one is, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** The origin that the second one was sent to. */
  readonly origin: string;
  /**
   * What has become of the second one: it was sent; it answered first, so that the other one was aborted; it was aborted; or neither
   * brought a response.
   */
  readonly state: "sent" | "won" | "lost" | "failed";
  /** How long the first one had been in flight, in milliseconds. */
  readonly elapsedMs: number;
}

/**
 * All requests to an origin wait: it asked for it, or has stated that nothing is left of a limit. There is one event for each response that
 * asks, so that many in flight at once make as many, and for each that states a later end than those before. A wait that a 503 has asked for
 * is over sooner if it turns out that others are served meanwhile.
 */
export interface RateLimitedEvent extends RequestEvent {
  /** What happened. */
  readonly type: "rateLimited";
  /** Such as `https://cdn.example.com`. */
  readonly origin: string;
  /** For how long, in milliseconds. */
  readonly retryAfterMs: number;
}

/** The request ended. */
export interface SettledEvent extends RequestEvent {
  /** What happened. */
  readonly type: "settled";
  /** Whether it brought a value. */
  readonly ok: boolean;
  /** Absent when the request failed. */
  readonly from?: ValueSource | undefined;
  /** Absent when the request succeeded. */
  readonly error?: unknown;
  /** How many attempts were made. */
  readonly attempts: number;
  /** From the call to the end, in milliseconds. */
  readonly durationMs: number;
}

/** A circuit breaker changed its state. */
export interface BreakerEvent {
  /** What happened. */
  readonly type: "breaker";
  /** When, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
  /** Such as `https://cdn.example.com`. */
  readonly origin: string;
  /** The state before. */
  readonly from: CircuitState;
  /** The state now. */
  readonly to: CircuitState;
}

/** Something went wrong that did not change any outcome: a broken cache, a listener that threw, a missing file. */
export interface WarningEvent {
  /** What happened. */
  readonly type: "warning";
  /** When, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
  /** What warns: `cache`, `listener`, `f1`, … */
  readonly source: string;
  /** What went wrong. */
  readonly message: string;
  /** The error behind it, if there is one. */
  readonly error?: unknown;
}

/** Everything that a client reports. */
export type ClientEvent =
  | QueuedEvent
  | CacheHitEvent
  | TokenEvent
  | PermitEvent
  | AttemptEvent
  | HeadersEvent
  | BodyEvent
  | RetryEvent
  | MirrorEvent
  | HedgeEvent
  | RateLimitedEvent
  | SettledEvent
  | BreakerEvent
  | WarningEvent;

/** Where policies report to. They ask `active` first, so that nothing is built without a listener. */
export interface Reporter {
  /** Whether there is a listener. */
  readonly active: boolean;
  /** Hands an event to every listener; never throws. */
  emit(event: ClientEvent): void;
}
