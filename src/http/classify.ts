/**
 * What statuses and methods mean for a second try.
 *
 * @module
 */

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"]);

/** Whether a method may be sent twice without harm (RFC 9110 §9.2.2; QUERY by its own specification). */
export function isIdempotentMethod(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Whether a status is worth another try: the server was busy, slow or out of order. */
export function isRetryableStatus(status: number): boolean {
  return status === 429 || status === 503 || status === 500 || status === 502 || status === 504 ||
    status === 408;
}

/** Whether a status says that the origin is in trouble: a failure for its circuit breaker. */
export function isOriginFailure(status: number): boolean {
  return status >= 500 && status < 600 || status === 429 || status === 408;
}

/** Whether a status says that there is nothing under this URL. */
export function isNotFoundStatus(status: number): status is 404 | 410 {
  return status === 404 || status === 410;
}

/** Whether a response with this status is a success for who asked for its content; 304 is one without content. */
export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300 || status === 304;
}

/** Methods that change nothing (RFC 9110 §9.2.1; QUERY by its own specification). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"]);

/** Whether a method, in upper case, is known to change nothing. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}
