/**
 * How a request ended.
 *
 * @module
 */

import { isError, SlipstreamError } from "../errors.ts";
import { isPlainUrl } from "../http/url.ts";
import type { Call, CallSink } from "../policies/call.ts";
import type { ValueSource } from "../policies/event.ts";
import { showErrorInJson } from "./error_json.ts";
import type { FetchRequest } from "./request.ts";

/** A request that brought a value. */
export interface Success<T> {
  /** Tells a success from a {@linkcode Failure}. */
  readonly ok: true;
  /** The request's place in the input, from 0. */
  readonly index: number;
  /** The request, as it was given. */
  readonly request: FetchRequest;
  /** The value. */
  readonly value: T;
  /** The response's status. */
  readonly status: number;
  /** The response's headers, in an object that no other caller has. */
  readonly headers: Headers;
  /** The URL that answered, after redirects; empty for a response that a program constructed and to which no redirect led. */
  readonly url: string;
  /** Where the value came from. */
  readonly from: ValueSource;
  /** How many attempts were made; 0 when the cache answered without one. */
  readonly attempts: number;
  /** The time from the call to the value, every wait included, in milliseconds. */
  readonly durationMs: number;
}

/** A request that failed. */
export interface Failure {
  /** Tells a failure from a {@linkcode Success}. */
  readonly ok: false;
  /** The request's place in the input, from 0. */
  readonly index: number;
  /** The request, as it was given. Of one that is stored as JSON to be sent again, only plain data comes back: no `schema`, no `signal`. */
  readonly request: FetchRequest;
  /** The error that the request failed with. `JSON.stringify` of the outcome contains its name and its message, whatever its class. */
  readonly error: Error;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The time from the call to the failure, every wait included, in milliseconds. */
  readonly durationMs: number;
}

/** How a request ended: exactly one of the two. */
export type Outcome<T> = Success<T> | Failure;

/** The outcomes of requests with values of types `V`, in the same order. */
export type OutcomesOf<V extends readonly unknown[]> = { [Index in keyof V]: Outcome<V[Index]> };

/**
 * Turns a reason into an error, which an outcome needs: the reason of an abort may be any value, and so may a value that the
 * caller's own code throws.
 */
export function toError(reason: unknown): Error {
  if (isError(reason)) return reason;
  const shown = typeof reason === "string" ? reason : typeof reason;
  return new SlipstreamError(`The request was given up: ${shown}`, { cause: reason });
}

/**
 * Makes the outcome of a request that could not be started.
 *
 * @param request The request, as it was given.
 * @param index Its place in the input.
 * @param reason Why it could not.
 */
export function refusal(request: FetchRequest, index: number, reason: unknown): Failure {
  return showErrorInJson({ ok: false, index, request, error: toError(reason), attempts: 0, durationMs: 0 });
}

/**
 * Makes the outcome of a request that has ended. The outcome keeps the headers of the response, but not the response itself.
 *
 * @param call The call; its numbers must be final.
 * @param index Its place in the input.
 * @param request The request, as it was given.
 * @param ending The call's value, or its error.
 */
export function outcomeOf(
  call: Call,
  index: number,
  request: FetchRequest,
  { ok, value }: { readonly ok: boolean; readonly value: unknown },
): Outcome<unknown> {
  const { from, attempts, durationMs, head } = call;
  if (!ok) return showErrorInJson({ ok, index, request, error: toError(value), attempts, durationMs });
  const { status } = head!;
  // Reading `url` of a response makes the runtime parse the URL again; a plain URL is known to be the one that was sent.
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
      // The headers of a cached response are made when a caller reads them, which is seldom.
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

/** Resolves a promise with the outcome of a request, and never rejects it. */
export class OutcomeSink implements CallSink {
  readonly #request: FetchRequest;
  readonly #resolve: (outcome: Outcome<unknown>) => void;

  /** Creates a sink for the outcome of a request; `request` is the request as it was given. */
  constructor(request: FetchRequest, resolve: (outcome: Outcome<unknown>) => void) {
    this.#request = request;
    this.#resolve = resolve;
  }

  onSettled(call: Call, ok: boolean, value: unknown): void {
    this.#resolve(outcomeOf(call, 0, this.#request, { ok, value }));
  }
}

/** Settles a promise with the value of a request, or with its error. */
export class PromiseSink implements CallSink {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;

  /** Creates a sink for the two functions of a promise. */
  constructor(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onSettled(_call: Call, ok: boolean, value: unknown): void {
    if (ok) this.#resolve(value);
    else this.#reject(value);
  }
}
