/**
 * How a request ended.
 *
 * @module
 */

import { SlipstreamError } from "../errors.ts";
import { isPlainUrl } from "../http/url.ts";
import type { Call, CallSink } from "../policies/call.ts";
import type { ValueSource } from "../policies/event.ts";
import type { FetchRequest } from "./request.ts";

/** A request that brought a value. */
export interface Success<T> {
  /** It brought a value. */
  readonly ok: true;
  /** The request's place in the input, from 0. */
  readonly index: number;
  /** The request, as it was given. */
  readonly request: FetchRequest;
  /** What it brought. */
  readonly value: T;
  /** The response's status. */
  readonly status: number;
  /** The response's headers, which are the caller's own. */
  readonly headers: Headers;
  /** The URL that answered, redirects followed; empty for a response that was constructed. */
  readonly url: string;
  /** Where the value came from. */
  readonly from: ValueSource;
  /** How many attempts were made; 0 when the cache answered without one. */
  readonly attempts: number;
  /** From the call to the value, every wait included, in milliseconds. */
  readonly durationMs: number;
}

/** A request that has failed. */
export interface Failure {
  /** It did not. */
  readonly ok: false;
  /** The request's place in the input, from 0. */
  readonly index: number;
  /** The request, as it was given. */
  readonly request: FetchRequest;
  /** Why. */
  readonly error: Error;
  /** How many attempts were made. */
  readonly attempts: number;
  /** From the call to the failure, every wait included, in milliseconds. */
  readonly durationMs: number;
}

/** How a request ended: exactly one of the two. */
export type Outcome<T> = Success<T> | Failure;

/** The outcomes of requests with values of types `V`, in the same order. */
export type OutcomesOf<V extends readonly unknown[]> = { [Index in keyof V]: Outcome<V[Index]> };

/** An abort's reason, and what the caller's own code throws, may be anything; an outcome has an error. */
export function toError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  const shown = typeof reason === "string" ? reason : typeof reason;
  return new SlipstreamError(`The request was given up: ${shown}`, { cause: reason });
}

/**
 * The outcome of a request that could not even be started.
 *
 * @param request The request, as it was given.
 * @param index Its place in the input.
 * @param reason Why.
 */
export function refusal(request: FetchRequest, index: number, reason: unknown): Failure {
  return { ok: false, index, request, error: toError(reason), attempts: 0, durationMs: 0 };
}

/**
 * The outcome of a request that has ended. It keeps the headers of the response, and never the response.
 *
 * @param call The call, its numbers final.
 * @param index Its place in the input.
 * @param request The request, as it was given.
 * @param ending Its value, or what it failed of.
 */
export function outcomeOf(
  call: Call,
  index: number,
  request: FetchRequest,
  { ok, value }: { readonly ok: boolean; readonly value: unknown },
): Outcome<unknown> {
  const { from, attempts, durationMs, head } = call;
  if (!ok) return { ok, index, request, error: toError(value), attempts, durationMs };
  const { status } = head!;
  // A runtime parses a URL anew to say what it is.
  const isPlain = call.isSentAsIs && isPlainUrl(call.sentUrl, call.lane!.key);
  const url = isPlain ? call.sentUrl : head!.url;
  const isShared = call.flight !== undefined || call.leader !== undefined;
  if ((from === "cache" || from === "stale") && !isShared) {
    return {
      ok,
      index,
      request,
      value,
      status,
      // They are made when they are needed, which is seldom.
      get headers() {
        return head!.headers;
      },
      url,
      from,
      attempts,
      durationMs,
    };
  }
  const headers = isShared ? new Headers(head!.headers) : head!.headers;
  return { ok, index, request, value, status, headers, url, from, attempts, durationMs };
}

/** Answers a promise with the outcome of a request, and never rejects it. */
export class OutcomeSink implements CallSink {
  readonly #request: FetchRequest;
  readonly #resolve: (outcome: Outcome<unknown>) => void;

  /** Creates a sink for a request, as it was given. */
  constructor(request: FetchRequest, resolve: (outcome: Outcome<unknown>) => void) {
    this.#request = request;
    this.#resolve = resolve;
  }

  onSettled(call: Call, ok: boolean, value: unknown): void {
    this.#resolve(outcomeOf(call, 0, this.#request, { ok, value }));
  }
}
