/**
 * How a request of a batch ended.
 *
 * @module
 */

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
