/**
 * Classifies statuses and methods: which are worth a retry, and what they say about the origin.
 *
 * @module
 */

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"]);

/** Whether a method may be sent twice without harm (RFC 9110 §9.2.2; QUERY by its own specification). */
export function isIdempotentMethod(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Statuses of temporary failures: the server, or a proxy in front of it (520 to 524, 529), was busy, slow or out of order. */
const RETRYABLE: ReadonlySet<number> = new Set([
  408,
  425,
  429,
  500,
  502,
  503,
  504,
  520,
  521,
  522,
  523,
  524,
  529,
]);

/** Whether a status is worth a retry. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE.has(status);
}

/** Whether a status says that this server cannot help now, but another one may. */
export function isServerTrouble(status: number): boolean {
  return RETRYABLE.has(status) || (status >= 500 && status < 600);
}

/** Statuses of an overloaded server, or of one behind it. */
const OVERLOAD: ReadonlySet<number> = new Set([429, 503, 504, 529]);

/** Whether a status asks for fewer requests in flight. */
export function isOverloadStatus(status: number): boolean {
  return OVERLOAD.has(status);
}

/**
 * Returns what a status says about its origin: `"failure"` for trouble, `"ignored"` if it is only about the client ("too many
 * requests"), and `"success"` if the origin works.
 */
export function verdictOn(status: number): "failure" | "ignored" | "success" {
  if (status === 429) return "ignored";
  return (status >= 500 && status < 600) || status === 408 ? "failure" : "success";
}

/** Whether a status says that the URL has no resource. */
export function isNotFoundStatus(status: number): status is 404 | 410 {
  return status === 404 || status === 410;
}

/** Whether a status is a success for a caller. A 304 is a success without content. */
export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300 || status === 304;
}

/** Methods that change nothing (RFC 9110 §9.2.1; QUERY by its own specification). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"]);

/** Whether a method, in upper case, is known to change nothing. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}
