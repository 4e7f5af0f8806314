/**
 * How long responses are fresh, as the user says.
 *
 * @module
 */

/** What is known of a response when its time to live is asked for. */
export interface TtlResponse {
  /** The status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** When it came, or was found to be the right one still, in milliseconds since 1970. */
  readonly storedAtMs: number;
}

/** How long a 200 is fresh, in milliseconds: any, or each by its URL and what came. */
export type TtlMs = number | ((url: URL, response: TtlResponse) => number);

/** What the user says. */
export interface LifetimeOptions {
  /** For successes, in milliseconds. */
  readonly ttlMs: Exclude<TtlMs, number> | undefined;
  /** For what is not there, in milliseconds. */
  readonly negative: Readonly<Partial<Record<404 | 410, number | undefined>>>;
  /** Told of what `ttlMs` throws. */
  readonly onError: (error: unknown) => void;
}

/**
 * For how long a response is fresh, if the server or an option says so.
 *
 * @param options What the user says.
 * @param url The absolute URL.
 * @param response The response.
 * @returns Milliseconds, 0 for not at all; `undefined` when nothing was said of such a response.
 */
export function ttlOf(options: LifetimeOptions, url: string, response: TtlResponse): number | undefined {
  const { status } = response;
  if (status === 404 || status === 410) return options.negative[status];
  if (status !== 200 || options.ttlMs === undefined) return undefined;
  try {
    const ttlMs = options.ttlMs(new URL(url), response);
    return ttlMs > 0 ? ttlMs : 0;
  } catch (error) {
    // The fetch has succeeded, and stays so.
    options.onError(error);
    return 0;
  }
}
