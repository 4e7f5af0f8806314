/**
 * The options of lines, events and pages.
 *
 * @module
 */

import type { Success } from "./outcome.ts";
import type { CallOptions, FetchRequest } from "./request.ts";

/** Options of {@linkcode Client.lines}. */
export interface LinesOptions extends CallOptions {
  /**
   * How the client reads lines: as text, or as JSON values. With a `schema` they are JSON values.
   * @default {"text"}
   */
  readonly as?: "json" | "text" | undefined;
  /**
   * The longest line that the client accepts, in bytes, without its end. A longer line rejects with an `InvalidDataError`.
   * @default {1_048_576}
   */
  readonly maxLineBytes?: number | undefined;
}

/** How often the client connects a stream of events again. */
export interface ReconnectOptions {
  /**
   * How many connections in a row may be in vain before the error or the end of the last one ends the events. A connection is in
   * vain if it brings no event, and lasts no longer than the wait before it, or than a second if that is more.
   * @default {Infinity}
   */
  readonly maxAttempts?: number | undefined;
}

/** Options of {@linkcode Client.events}. */
export interface EventsOptions extends CallOptions {
  /**
   * How the client reads the data of an event: as text, or as a JSON value. With a `schema` it is a JSON value.
   * @default {"text"}
   */
  readonly as?: "json" | "text" | undefined;
  /**
   * Whether the client connects again after a connection has ended or broken off, and how often. `false` is for a stream that
   * ends: its end is the end of the events. `{}` allows any number of connections, also for a POST with `idempotent: true` or an
   * `Idempotency-Key`; each of these POSTs asks for its events anew.
   * @default {without a limit for methods that change nothing, such as GET, and `false` for others}
   */
  readonly reconnect?: false | ReconnectOptions | undefined;
  /** The id of the last event that the caller has already, from an earlier stream: the server goes on after it. */
  readonly lastEventId?: string | undefined;
  /**
   * The data that marks the end of the stream, such as `"[DONE]"`. The client does not yield an event with this data, and ends
   * the events for good. By default no data marks the end.
   */
  readonly doneData?: string | undefined;
  /**
   * The largest event that the client accepts, in bytes; the limit applies to each of its lines, and to its data. A larger event
   * rejects with an `InvalidDataError`.
   * @default {16_777_216}
   */
  readonly maxEventBytes?: number | undefined;
}

/** A page: the fields of a successful {@linkcode Client.outcome}. Its `index` is the page's number, from 0. */
export type Page<T> = Omit<Success<T>, "ok">;

/** Options of {@linkcode Client.pages}. */
export interface PagesOptions<T = unknown> extends Omit<CallOptions, "prefetch"> {
  /**
   * Returns the next page: a URL, a request of its own, or nothing (or `""`) after the last page. A URL may be relative to the
   * page's own; the client asks for it as it did for the first page, but without the first page's `query`. By default the `Link`
   * header with `rel="next"` says where the next page is (RFC 8288).
   */
  readonly next?:
    | ((page: Page<T>) => FetchRequest | null | undefined | Promise<FetchRequest | null | undefined>)
    | undefined;
  /**
   * How many pages the client yields at most, even if the list has more.
   * @default {Infinity}
   */
  readonly maxPages?: number | undefined;
  /**
   * How many pages the client fetches in advance, while the consumer works: 0 or 1.
   * @default {0}
   */
  readonly prefetch?: 0 | 1 | undefined;
}
