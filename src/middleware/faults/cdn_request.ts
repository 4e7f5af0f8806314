/**
 * A request as a mirror sees it, at the simulated CDN or in real traffic.
 *
 * @module
 */

/** A request to a mirror. */
export interface CdnRequest {
  /** The name of the mirror; in real traffic its origin. */
  readonly mirror: string;
  /** The method, upper case. */
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly url: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** The headers, with names in lower case; several values of one name are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; empty without a body, and always empty in real traffic. */
  readonly body: string;
  /** The time of its arrival, in milliseconds since the start; in real traffic, since the first request. */
  readonly atMs: number;
  /**
   * The number of the request among those of this URL to this mirror, from 1. It is 0 if requests are not counted: in real
   * traffic, and with `log: "counts"`, if no fault rule has `nth`.
   */
  readonly nth: number;
}
