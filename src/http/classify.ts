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

/** Statuses that may pass: the server was busy, slow or out of order, or what stands before it was (520 to 524, 529). */
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

/** Whether a status is worth another try. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE.has(status);
}

/** Whether a status says that this server is of no help now, but another one may be. */
export function isServerTrouble(status: number): boolean {
  return RETRYABLE.has(status) || (status >= 500 && status < 600);
}

/** Statuses that say that too much was asked of a server, or of one behind it. */
const OVERLOAD: ReadonlySet<number> = new Set([429, 503, 504, 529]);

/** Whether a status says that less should be in flight. */
export function isOverloadStatus(status: number): boolean {
  return OVERLOAD.has(status);
}

/**
 * What a status says of its origin: trouble, a word about the client alone ("too many requests"), or that it works.
 */
export function verdictOn(status: number): "failure" | "ignored" | "success" {
  if (status === 429) return "ignored";
  return (status >= 500 && status < 600) || status === 408 ? "failure" : "success";
}

/** Whether a status says that there is nothing under this URL. */
export function isNotFoundStatus(status: number): status is 404 | 410 {
  return status === 404 || status === 410;
}

/** Whether a response with this status is a success for a caller that asked for its content; 304 is one without content. */
export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300 || status === 304;
}

/** Methods that change nothing (RFC 9110 §9.2.1; QUERY by its own specification). */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"]);

/** Whether a method, in upper case, is known to change nothing. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}
