/**
 * How a request ended.
 *
 * @module
 */

import { SlipstreamError } from "../errors.ts";
import type { Call, CallSink } from "../policies/call.ts";
import type { ValueSource } from "../policies/event.ts";
import type { ReplyHead } from "../policies/reply_head.ts";
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
  /** Where the value came from. */
  readonly from: ValueSource;
  /** How many attempts were made; 0 when the cache answered. */
  readonly attempts: number;
  /** From the call to the value, every wait included, in milliseconds. */
  readonly durationMs: number;
}

/** A request that did not bring a value. */
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

/** A request that brought a value, and the head of the response. */
export interface SuccessWithHead<T> extends Success<T> {
  /** The response's status. */
  readonly status: number;
  /** The response's headers, which are the caller's own. */
  readonly headers: Headers;
  /** The URL that answered, redirects followed; empty for a response that somebody made. */
  readonly url: string;
}

/** How a single request ended. */
export type OutcomeWithHead<T> = SuccessWithHead<T> | Failure;

/** An abort's reason may be anything; an outcome has an error. */
export function toError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  const shown = typeof reason === "string" ? reason : typeof reason;
  return new SlipstreamError(`The request was aborted: ${shown}`, { cause: reason });
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

/** Answers a promise with the outcome of a request, and never rejects it. */
export class OutcomeSink implements CallSink {
  readonly #request: FetchRequest;
  readonly #resolve: (outcome: OutcomeWithHead<unknown>) => void;
  #head: ReplyHead | undefined;

  /** Creates a sink for a request, as it was given. */
  constructor(request: FetchRequest, resolve: (outcome: OutcomeWithHead<unknown>) => void) {
    this.#request = request;
    this.#resolve = resolve;
  }

  onHead(head: ReplyHead): void {
    this.#head = head;
  }

  onSettled({ from, attempts, durationMs }: Call, ok: boolean, value: unknown): void {
    const request = this.#request;
    if (!ok) {
      return this.#resolve({ ok, index: 0, request, error: toError(value), attempts, durationMs });
    }
    const { status, headers, url } = this.#head!;
    // Others may have been given the same ones.
    const own = new Headers(headers);
    this.#resolve({ ok, index: 0, request, value, status, headers: own, url, from, attempts, durationMs });
  }
}
