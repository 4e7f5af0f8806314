/**
 * What happens to a request, as plain objects: every station reports here, and `client.on()` hands it on.
 *
 * @module
 */

import type { CircuitState } from "../primitives/circuit_breaker.ts";

/** Where a value came from: the network, the cache (fresh or stale), or a concurrent identical request. */
export type ValueSource = "network" | "cache" | "stale" | "shared";

interface RequestEventBase {
  /** Which request, counted from 1 in each client. */
  readonly requestId: number;
  /** When, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
}

/** The caller called. */
export interface QueuedEvent extends RequestEventBase {
  readonly type: "queued";
  readonly method: string;
  /** The URL as it was asked for (relative for mirrors), with secrets replaced. */
  readonly url: string;
}

/** The cache answered. */
export interface CacheHitEvent extends RequestEventBase {
  readonly type: "cacheHit";
  readonly kind: "fresh" | "stale";
}

/** The rate limit let the attempt pass. */
export interface TokenEvent extends RequestEventBase {
  readonly type: "token";
  readonly waitedMs: number;
}

/** The concurrency limit let the attempt pass. */
export interface PermitEvent extends RequestEventBase {
  readonly type: "permit";
  readonly waitedMs: number;
}

/** An attempt was sent. */
export interface AttemptEvent extends RequestEventBase {
  readonly type: "attempt";
  /** Counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  readonly origin: string;
  /** The absolute URL, with secrets replaced. */
  readonly url: string;
}

/** The response headers of an attempt arrived. */
export interface HeadersEvent extends RequestEventBase {
  readonly type: "headers";
  readonly attempt: number;
  readonly status: number;
}

/** An attempt's body was read to its end. */
export interface BodyEvent extends RequestEventBase {
  readonly type: "body";
  readonly attempt: number;
  readonly bytes: number;
}

/** A round failed, and another follows. */
export interface RetryEvent extends RequestEventBase {
  readonly type: "retry";
  /** Counted from 1. */
  readonly retry: number;
  readonly delayMs: number;
  /** The failure: `503`, `TimeoutError`, `NetworkError`, … */
  readonly reason: string;
}

/** A mirror failed, and the next one is asked. */
export interface MirrorEvent extends RequestEventBase {
  readonly type: "mirror";
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** An origin asked everyone to wait. */
export interface RateLimitedEvent extends RequestEventBase {
  readonly type: "rateLimited";
  readonly origin: string;
  readonly retryAfterMs: number;
}

/** The request ended. */
export interface SettledEvent extends RequestEventBase {
  readonly type: "settled";
  readonly ok: boolean;
  /** Absent when the request failed. */
  readonly from?: ValueSource | undefined;
  /** Absent when the request succeeded. */
  readonly error?: unknown;
  readonly attempts: number;
  readonly durationMs: number;
}

/** A circuit breaker changed its state. */
export interface BreakerEvent {
  readonly type: "breaker";
  readonly atMs: number;
  readonly origin: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** Something went wrong that did not change any outcome: a broken cache, a listener that threw, a missing file. */
export interface WarningEvent {
  readonly type: "warning";
  readonly atMs: number;
  /** Who warns: `cache`, `listener`, `f1`, … */
  readonly source: string;
  readonly message: string;
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
  | RateLimitedEvent
  | SettledEvent
  | BreakerEvent
  | WarningEvent;

/** Where stations report to. They ask `active` first, so that nothing is built when nobody listens. */
export interface Reporter {
  /** Whether anybody listens. */
  readonly active: boolean;
  /** Hands an event to every listener; never throws. */
  emit(event: ClientEvent): void;
}
