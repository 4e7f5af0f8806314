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
  /** The first characters of the response's body. */
  readonly body?: string | undefined;
}

const EXCERPT_CHARACTERS = 200;
/** What a server sent must not move the cursor, colour the terminal, or turn the direction of the text around. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** Turns anything thrown into a record. */
export function errorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error) && !isSlipstreamError(error)) {
    return { name: "Error", message: String(error) };
  }
  const answer = isHttpError(error) || isDataNotFoundError(error) ? error : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(answer === undefined ? {} : { status: answer.status }),
    ...(isSlipstreamError(error) && error.attempts > 0 ? { attempts: error.attempts } : {}),
    ...(answer === undefined || answer.body === "" ? {} : { body: answer.body }),
  };
}

/** Turns anything thrown into one line, without what a server said. */
export function errorLine(error: unknown): string {
  const { message, name } = errorRecord(error);
  return oneLine(message === "" ? name : message);
}

/** What the server said with the status that is the error, in one short line; nothing if it said nothing. */
export function excerptLine(error: unknown): string {
  const { body = "" } = errorRecord(error);
  const line = oneLine(body).replaceAll(/\s+/g, " ").trim();
  return line.length > EXCERPT_CHARACTERS ? `${line.slice(0, EXCERPT_CHARACTERS)}…` : line;
}

/** Text of others, such as a URL of a list, without what changes how the terminal shows other text. */
export function oneLine(text: string): string {
  return text.replace(CONTROLS, " ");
}
