/**
 * A request as a mirror of the simulated CDN sees it.
 *
 * @module
 */

/** What a mirror is asked for. */
export interface CdnRequest {
  /** The name of the mirror. */
  readonly mirror: string;
  /** The method, upper case. */
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly url: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** The headers: lower-case names, values of one name joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, as text; empty if there is none. */
  readonly body: string;
  /** When it arrived, in milliseconds since the start. */
  readonly atMs: number;
  /**
   * Which request of this URL to this mirror it is, from 1. Zero if nobody counts: `log` is `"counts"` and no fault rule
   * has `nth`.
   */
  readonly nth: number;
}
