/**
 * A request as a mirror sees it: of the simulated CDN, or in real traffic.
 *
 * @module
 */

/** What a mirror is asked for. */
export interface CdnRequest {
  /** The name of the mirror; in real traffic its origin. */
  readonly mirror: string;
  /** The method, upper case. */
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly url: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** The headers: lower-case names, values of one name joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, as text; empty if there is none, and in real traffic. */
  readonly body: string;
  /** When it arrived, in milliseconds since the start; in real traffic, since the first request. */
  readonly atMs: number;
  /**
   * Which request of this URL to this mirror it is, from 1. 0 where requests are not counted: `log` is `"counts"` and no fault rule
   * has `nth`.
   */
  readonly nth: number;
}
