/**
 * Errors, as data and as a line for people.
 *
 * @module
 */

import { isDataNotFoundError, isHttpError, isSlipstreamError } from "../errors.ts";

/** An error, JSON-safe. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  /** The response status, when that is what failed. */
  readonly status?: number | undefined;
  /** How many attempts were made. */
  readonly attempts?: number | undefined;
}

/** Turns anything thrown into a record. */
export function errorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error) && !isSlipstreamError(error)) {
    return { name: "Error", message: String(error) };
  }
  const status = isHttpError(error) || isDataNotFoundError(error) ? error.status : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(status === undefined ? {} : { status }),
    ...(isSlipstreamError(error) && error.attempts > 0 ? { attempts: error.attempts } : {}),
  };
}

/** Turns anything thrown into one line. */
export function errorLine(error: unknown): string {
  const { message, name } = errorRecord(error);
  // deno-lint-ignore no-control-regex -- what a server sent must not move the cursor or colour the terminal.
  return (message === "" ? name : message).replace(/[\x00-\x1f\x7f-\x9f]+/g, " ");
}
