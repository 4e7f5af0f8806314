/**
 * The events of a request, as plain objects: every policy reports them here, and `client.on()` hands them to listeners.
 *
 * @module
 */

import type { CircuitState } from "../primitives/circuit_breaker.ts";

/**
 * The source of a value: the network, the cache (fresh or stale), or a concurrent identical request. If that other request got a
 * stale value, the source is `"stale"` here too.
 */
export type ValueSource = "network" | "cache" | "stale" | "shared";

/** The fields that all events of a request have. */
export interface RequestEvent {
  /** The number of the request, counted from 1 in each client, together with its extensions. */
  readonly requestId: number;
  /** The time, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
}

/** The caller has made a request. */
export interface QueuedEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "queued";
  /** The method, upper case. */
  readonly method: string;
  /** The URL as the caller gave it (relative for mirrors), with secrets replaced. */
  readonly url: string;
}

/** The cache has answered. */
export interface CacheHitEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "cacheHit";
  /** Whether the entry was fresh, or stale and served nevertheless. */
  readonly kind: "fresh" | "stale";
}

/** The rate limit has let the attempt pass. */
export interface TokenEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "token";
  /** How long the call waited for the token, in milliseconds. */
  readonly waitedMs: number;
}

/** The concurrency limit has let the attempt pass. */
export interface PermitEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "permit";
  /** How long the call waited for the permit, in milliseconds. */
  readonly waitedMs: number;
}

/** The client is about to send an attempt. */
export interface AttemptEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "attempt";
  /** The number of the attempt, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** The origin of the attempt, such as `https://cdn.example.com`. */
  readonly origin: string;
  /** The absolute URL, with secrets replaced. */
  readonly url: string;
}

/** The response headers of an attempt have arrived. */
export interface HeadersEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "headers";
  /** The number of the attempt, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** The response status. */
  readonly status: number;
}

/**
 * The body of an attempt has ended: the reader has read it to its end, or has cancelled it. A body that breaks off has no such
 * event.
 */
export interface BodyEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "body";
  /** The number of the attempt, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** How many bytes of the body were read. */
  readonly bytes: number;
}

/**
 * A round has failed, and another one follows. Or a body has broken off, and the download or the events go on with a request of
 * their own: then the event has the number of the request before.
 */
export interface RetryEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "retry";
  /** The number of the retry, counted from 1: of the request, or of the download or the events. */
  readonly retry: number;
  /** The length of the pause before the retry, in milliseconds. */
  readonly delayMs: number;
  /** The failure: `503`, `TimeoutError`, `NetworkError`, … */
  readonly reason: string;
}

/**
 * A mirror has failed, and the client asks the next one. A download, lines or events whose body was of no use ask it with a
 * request of their own: then the event has the number of the request before.
 */
export interface MirrorEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "mirror";
  /** The origin of the mirror that failed. */
  readonly from: string;
  /** The origin of the next mirror. */
  readonly to: string;
  /** The failure: a status, or the name of an error. */
  readonly reason: string;
}

/** The client has sent a second attempt beside a slow one, or the race between the two is decided. */
export interface HedgeEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "hedge";
  /** The number of the second attempt, counted from 1 over all rounds and mirrors. */
  readonly attempt: number;
  /** The origin of the second attempt. */
  readonly origin: string;
  /**
   * The state of the second attempt. `"sent"`: it is in flight. `"won"`: it answered first, and the client aborted the first
   * attempt. `"lost"`: the client aborted it. `"failed"`: neither attempt brought a response.
   */
  readonly state: "sent" | "won" | "lost" | "failed";
  /** How long the first attempt had been in flight, in milliseconds. */
  readonly elapsedMs: number;
}

/**
 * All requests to an origin wait, because the origin has asked for a pause or has stated that a limit is used up. Each response
 * that asks for a pause makes one event, so many such responses at once make as many events. A stated limit makes one if its wait
 * ends later than those before. A pause after a 503 ends early if the origin turns out to serve other requests meanwhile.
 */
export interface RateLimitedEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "rateLimited";
  /** The origin that pauses, such as `https://cdn.example.com`. */
  readonly origin: string;
  /** The length of the wait, in milliseconds. */
  readonly retryAfterMs: number;
}

/** The request has ended. */
export interface SettledEvent extends RequestEvent {
  /** The kind of event. */
  readonly type: "settled";
  /** Whether the request brought a value. */
  readonly ok: boolean;
  /** The source of the value; absent when the request failed. */
  readonly from?: ValueSource | undefined;
  /** The error; absent when the request succeeded. `JSON.stringify` of the event contains its name and its message. */
  readonly error?: unknown;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The time from the call to the end, in milliseconds. */
  readonly durationMs: number;
}

/** A circuit breaker has changed its state. */
export interface BreakerEvent {
  /** The kind of event. */
  readonly type: "breaker";
  /** The time, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
  /** The origin of the breaker, such as `https://cdn.example.com`. */
  readonly origin: string;
  /** The state before. */
  readonly from: CircuitState;
  /** The state now. */
  readonly to: CircuitState;
}

/** Something has gone wrong that did not change any outcome: a broken cache, a listener that threw, a missing file. */
export interface WarningEvent {
  /** The kind of event. */
  readonly type: "warning";
  /** The time, in milliseconds of the client's `clock.now()`. */
  readonly atMs: number;
  /** The part of the client that warns: `cache`, `listener`, `f1`, … */
  readonly source: string;
  /** The problem, in words. */
  readonly message: string;
  /** The error behind it, if there is one. `JSON.stringify` of the event contains its name and its message. */
  readonly error?: unknown;
}

/** All events of a client. */
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

/** The place that policies report to. Policies ask `active` first, so that they build no event without a listener. */
export interface Reporter {
  /** Whether there is a listener. */
  readonly active: boolean;
  /** Hands an event to every listener; never throws. */
  emit(event: ClientEvent): void;
}
