/**
 * What a caller may say of lines, events and pages.
 *
 * @module
 */

import type { Success } from "./outcome.ts";
import type { CallOptions, FetchRequest } from "./request.ts";

/** Options of {@linkcode Client.lines}. */
export interface LinesOptions extends CallOptions {
  /**
   * What lines are: text, or JSON values. With a `schema` they are JSON values.
   * @default {"text"}
   */
  readonly as?: "json" | "text" | undefined;
  /**
   * The longest line that is taken, in bytes, without its end. A longer one is an `InvalidDataError`.
   * @default {1_048_576}
   */
  readonly maxLineBytes?: number | undefined;
}

/** How often a stream of events is connected again. */
export interface ReconnectOptions {
  /**
   * How many connections in a row may be in vain before their error, or their end, ends the events. One is in vain if it fails, or if it
   * brings no event and does not last as long as the wait before it.
   * @default {Infinity}
   */
  readonly maxAttempts?: number | undefined;
}

/** Options of {@linkcode Client.events}. */
export interface EventsOptions extends CallOptions {
  /**
   * What the data of an event is: text, or a JSON value. With a `schema` it is a JSON value.
   * @default {"text"}
   */
  readonly as?: "json" | "text" | undefined;
  /**
   * Whether a new connection follows one that has ended or broken off, and how often. `false` for a stream that ends: then its end is
   * the end of the events. `{}` is for any number of times, also of a POST with `idempotent: true` or an `Idempotency-Key`, each of which
   * asks for its events anew.
   * @default {without a limit for methods that change nothing, such as GET, and `false` for others}
   */
  readonly reconnect?: false | ReconnectOptions | undefined;
  /** The id of the last event that is known already, from an earlier stream: the server goes on after it. */
  readonly lastEventId?: string | undefined;
  /**
   * The data that says that the stream is over, such as `"[DONE]"`: an event with it is not given, and ends the events for good. By
   * default no data does.
   */
  readonly doneData?: string | undefined;
  /**
   * The largest event that is taken, in bytes: each of its lines, and its data. A larger one is an `InvalidDataError`.
   * @default {16_777_216}
   */
  readonly maxEventBytes?: number | undefined;
}

/** A page: what {@linkcode Client.outcome} says of a request that brought a value. Its `index` is the page's number, from 0. */
export type Page<T> = Omit<Success<T>, "ok">;

/** Options of {@linkcode Client.pages}. */
export interface PagesOptions<T = unknown> extends Omit<CallOptions, "prefetch"> {
  /**
   * What page follows: a whole URL, which may be relative to the page's own and is asked for as the first page was, but without its
   * `query`; a request of its own; or nothing, or `""`, after the last page. By default it is the `Link` header with `rel="next"` (RFC 8288).
   */
  readonly next?:
    | ((page: Page<T>) => FetchRequest | null | undefined | Promise<FetchRequest | null | undefined>)
    | undefined;
  /**
   * How many pages are given; there may be more of them.
   * @default {Infinity}
   */
  readonly maxPages?: number | undefined;
  /**
   * How many pages are fetched ahead, while the consumer works: 0 or 1.
   * @default {0}
   */
  readonly prefetch?: 0 | 1 | undefined;
}
