/**
 * Errors as data for programs, and as lines for people.
 *
 * @module
 */

import { isDataNotFoundError, isHttpError, isSlipstreamError } from "../errors.ts";
import { nameFlags } from "./flag_names.ts";

/** An error, JSON-safe. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  /** The status of the response, if the error is about it. */
  readonly status?: number | undefined;
  /** How many attempts were made. */
  readonly attempts?: number | undefined;
  /** The first characters of the response's body. */
  readonly body?: string | undefined;
}

const EXCERPT_CHARACTERS = 200;
/** Characters that move the cursor, colour the terminal, or turn the direction of text around. Text from a server must not do that. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** Turns anything thrown into a record, whose message names flags in place of the client's options. */
export function errorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof Error) && !isSlipstreamError(error)) {
    return { name: "Error", message: String(error) };
  }
  const answer = isHttpError(error) || isDataNotFoundError(error) ? error : undefined;
  return {
    name: error.name,
    message: nameFlags(error.message),
    ...(answer === undefined ? {} : { status: answer.status }),
    ...(isSlipstreamError(error) && error.attempts > 0 ? { attempts: error.attempts } : {}),
    ...(answer === undefined || answer.body === "" ? {} : { body: answer.body }),
  };
}

/** Turns anything thrown into one line, without text from the server. */
export function errorLine(error: unknown): string {
  const { message, name } = errorRecord(error);
  return oneLine(message === "" ? name : message);
}

/** Returns the beginning of the body of an error response, as one line; empty if the response had no body. */
export function excerptLine(error: unknown): string {
  const { body = "" } = errorRecord(error);
  const line = oneLine(body).replaceAll(/\s+/g, " ").trim();
  return line.length > EXCERPT_CHARACTERS ? `${line.slice(0, EXCERPT_CHARACTERS)}…` : line;
}

/** Replaces the control characters in foreign text, such as a URL of a list, so that it can't change how the terminal shows other text. */
export function oneLine(text: string): string {
  return text.replace(CONTROLS, " ");
}
