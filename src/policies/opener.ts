/**
 * The contract for the parts of a client that read bodies in their own way: lines, events and downloads.
 *
 * @module
 */

import type { SlipstreamErrorOptions } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Settings } from "./settings.ts";

/** The differences of a request that is sent again. */
export interface OpenOptions {
  /** Headers that override the request's own. */
  readonly headers?: HeaderMap | undefined;
  /** Aborts this sending and the reading of its body, besides the request's own signal. */
  readonly signal?: AbortSignal | undefined;
  /** How much of `totalTimeoutMs` was used up before, in milliseconds. */
  readonly spentMs?: number | undefined;
}

/**
 * Sends a request, with its retries, mirrors and limits, and returns its response as soon as the headers have come. The request
 * holds its permit until the last byte of the body has come, or the body is cancelled.
 *
 * @param options The differences of this sending.
 * @returns The response, whose status is a success. Rejects as `client.json()` does: also with an `HttpError` or a
 * `DataNotFoundError`, and with a signal's own reason.
 */
export type Opener<R = Response> = (options?: OpenOptions) => Promise<R>;

/** A request whose body is read item by item, from a response (`R`) or from its receiver. */
export interface StreamRequest<R = Response> {
  /** Sends the request. */
  readonly open: Opener<R>;
  /** The method, upper case. */
  readonly method: string;
  /** Everything that tells the request from other ones, as a text; absent if it has a body. */
  readonly identity: string | undefined;
  /** The settings of the request. */
  readonly settings: Settings;
  /** The request's own headers. */
  readonly headers: HeaderMap;
  /** Whether the request may be sent a second time. */
  readonly isRepeatable: boolean;
  /** The caller's signals. */
  readonly signals: readonly AbortSignal[];
  /**
   * Moves the mirror that answered last behind the others, because of an error. Returns whether any mirror was not left since
   * this last returned `false`, and reports that the request goes on to it. When it returns `false`, the error also says what
   * happened at the other mirrors.
   */
  leaveMirror(error: unknown): boolean;
  /** The latest failure after which the request was to be sent again; `undefined` for none. */
  readonly failure: unknown;
  /**
   * Counts and reports that the request is sent again after a pause, because the sending before has failed, or its body has
   * broken off.
   *
   * @param error The failure.
   * @param delayMs The length of the pause before, in milliseconds.
   */
  noteRetry(error: unknown, delayMs: number): void;
  /** The attempts of all sendings that have ended; for events, of the latest one. */
  readonly attempts: number;
  /** Returns the facts of the request for an error. */
  describe(): SlipstreamErrorOptions & {
    readonly url: string;
    readonly method: string;
    readonly attempts: number;
  };
}

/** Notifies listeners when the client begins to close. */
export interface Closings {
  /** The reason with which the client was closed; `undefined` while it is open. */
  readonly closing: { readonly reason: unknown } | undefined;
  /** Adds a listener. */
  add(target: ClosingTarget): void;
  /** Removes a listener. */
  delete(target: ClosingTarget): void;
}

/** A listener for the closing of a client. */
export interface ClosingTarget {
  /** Starts nothing more. */
  onClose(reason: unknown): void;
}

/** The client's part in a request that is sent again and again. */
export interface StreamContext {
  readonly clock: Clock;
  /** The source of random numbers, from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly closings: Closings;
}
