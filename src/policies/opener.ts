/**
 * What the parts of a client get that read bodies in their own way: lines, events and downloads.
 *
 * @module
 */

import type { SlipstreamErrorOptions } from "../errors.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Settings } from "./settings.ts";

/** What is different when a request is sent again. */
export interface OpenOptions {
  /** Headers that take the place of the request's own. */
  readonly headers?: HeaderMap | undefined;
  /** Aborts this one, and the reading of its body, besides the request's own signal. */
  readonly signal?: AbortSignal | undefined;
  /** How much of `totalTimeoutMs` has been used up before, in milliseconds. */
  readonly spentMs?: number | undefined;
}

/**
 * Sends a request, with its retries, mirrors and limits, and gives its response as soon as the head is there. The request holds its
 * permit until the last byte of the body has come, or the body is cancelled.
 *
 * @param options What is different this time.
 * @returns The response, whose status is a success. Rejects as `client.json()` does: also with an `HttpError` or a
 * `DataNotFoundError`, and with a signal's own reason.
 */
export type Opener<R = Response> = (options?: OpenOptions) => Promise<R>;

/** A request whose body is read item by item, from a response or from where it is received. */
export interface StreamRequest<R = Response> {
  /** Sends it. */
  readonly open: Opener<R>;
  /** Its method, upper case. */
  readonly method: string;
  /** What it asks for, with all that tells it from other requests; absent if it has a body. */
  readonly identity: string | undefined;
  /** What holds for it. */
  readonly settings: Settings;
  /** Its own headers. */
  readonly headers: HeaderMap;
  /** Whether it may be sent a second time. */
  readonly isRepeatable: boolean;
  /** The caller's signals. */
  readonly signals: readonly AbortSignal[];
  /** Has the mirror that answered last asked after the others. Whether there is one that was not left since this was last `false`. */
  leaveMirror(): boolean;
  /** What an error says of it, once it has been sent. */
  describe(): SlipstreamErrorOptions & { readonly url: string; readonly method: string };
}

/** What tells of the client's closing, once it has begun. */
export interface Closings {
  /** What the client was closed with, once it was. */
  readonly closing: { readonly reason: unknown } | undefined;
  /** Adds a listener. */
  add(target: ClosingTarget): void;
  /** Removes a listener. */
  delete(target: ClosingTarget): void;
}

/** Hears of a closing. */
export interface ClosingTarget {
  /** Starts nothing more. */
  onClose(reason: unknown): void;
}

/** What there is around a request that is sent again and again. */
export interface StreamSurroundings {
  readonly clock: Clock;
  /** The source of random numbers, from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly closings: Closings;
}
