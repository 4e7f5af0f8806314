/**
 * The error of a response whose status is no success.
 *
 * @module
 */

import { DataNotFoundError, HttpError } from "../errors.ts";
import { isNotFoundStatus } from "../http/classify.ts";
import { redactUrl } from "../http/url.ts";

/** The request and response that the error tells of. */
export interface StatusErrorOptions {
  readonly method: string;
  readonly url: string;
  /** How many attempts were made; 0 if that is unknown. */
  readonly attempts: number;
  /** The first characters of the body; empty if it was not read. */
  readonly body: string;
}

const EXCERPT_BYTES = 4_096;
const EXCERPT_CHARACTERS = 1_000;

/** Creates the error: a `DataNotFoundError` for 404 and 410, an `HttpError` for others. */
export function statusError(
  { status, headers }: Pick<Response, "status" | "headers">,
  { method, url, attempts, body }: StatusErrorOptions,
): HttpError | DataNotFoundError {
  const shown = redactUrl(url);
  const tries = attempts === 0 ? "" : attempts === 1 ? " (1 attempt)" : ` (${attempts} attempts)`;
  const message = `${method} ${shown} was answered with ${status}${tries}`;
  const about = { url: shown, method, attempts, headers, body };
  return isNotFoundStatus(status)
    ? new DataNotFoundError(message, { ...about, status })
    : new HttpError(message, { ...about, status });
}

/** Reads the first characters of a body and cancels the rest. A body that breaks off gives what has arrived. */
export async function excerptOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let bytes = 0; bytes < EXCERPT_BYTES;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // A body that breaks off must not replace the error of the status.
  }
  reader.cancel().catch(() => {}); // a failure to cancel changes nothing
  return text.slice(0, EXCERPT_CHARACTERS);
}
