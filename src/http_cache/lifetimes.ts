/**
 * How long responses are fresh by the user's options.
 *
 * @module
 */

/** A response, as the function in `ttlMs` sees it. */
export interface TtlResponse {
  /** The status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** When the response arrived, or was last validated, in milliseconds since 1970. */
  readonly storedAtMs: number;
}

/**
 * How long a 200 is fresh, in milliseconds: a number for all, or a function of the URL and the response. If the function throws,
 * or returns no number above 0, the cache does not store the response. The first error is a `warning` event.
 */
export type TtlMs = number | ((url: URL, response: TtlResponse) => number);

/** The user's options. */
export interface LifetimeOptions {
  /** How long a 200 is fresh, in milliseconds. */
  readonly ttlMs: Exclude<TtlMs, number> | undefined;
  /** How long a 404 or 410 is fresh, in milliseconds. */
  readonly negative: Readonly<Partial<Record<404 | 410, number | undefined>>>;
  /** Called with the error that `ttlMs` throws. */
  readonly onError: (error: unknown) => void;
}

/**
 * Returns how long a response is fresh, if an option says so.
 *
 * @param options The user's options.
 * @param url The absolute URL.
 * @param response The response.
 * @returns Milliseconds, 0 for not at all; `undefined` if no option covers this response.
 */
export function ttlOf(options: LifetimeOptions, url: string, response: TtlResponse): number | undefined {
  const { status } = response;
  if (status === 404 || status === 410) return options.negative[status];
  if (status !== 200 || options.ttlMs === undefined) return undefined;
  try {
    const ttlMs = options.ttlMs(new URL(url), response);
    return ttlMs > 0 ? ttlMs : 0;
  } catch (error) {
    // An error here must not turn a successful request into a failure.
    options.onError(error);
    return 0;
  }
}
