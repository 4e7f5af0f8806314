/**
 * Errors of the runtime, without the secrets of the URLs that they quote.
 *
 * @module
 */

import { redactUrl } from "./url.ts";

/**
 * Quotes and brackets may be a part of it, but not its end. The scheme has a bound: else each letter of a long word would be tried as the
 * beginning of one.
 */
const QUOTED_URL = /[a-z][a-z0-9+.-]{0,19}:\/\/[^\s"<>]*[^\s"'<>()]/gi;

/** What a copy gets by itself, or gets in another way. */
const OWN_WAY: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

/**
 * An error as it may be shown: to a caller, or as the cause of another one. Runtimes quote URLs in messages, and Bun in the
 * property `path` as well.
 *
 * @param error What was thrown.
 * @param url The URL that was asked for.
 * @returns The very same error when it quotes no secret; otherwise one of the same name, with the URLs replaced in its message, in
 * its properties, in its causes and in the errors that it holds. Of its properties those are left that are no objects.
 */
export function redactError(error: unknown, url: string): unknown {
  const redactText = (text: string): string => {
    const known = url === "" ? text : text.replaceAll(url, redactUrl(url));
    return known.replace(QUOTED_URL, (quoted) => redactUrl(quoted));
  };
  return redact(error, redactText, []);
}

/** `path` leads from the outermost error to this one, so that a cycle of causes ends. */
function redact(error: unknown, redactText: (text: string) => string, path: readonly unknown[]): unknown {
  if (typeof error === "string") return redactText(error);
  if (!(error instanceof Error)) return error;
  if (path.includes(error)) return undefined;
  const inner = [...path, error];
  const { message, cause } = error;
  const { errors } = error as { readonly errors?: unknown };
  const shownMessage = redactText(message);
  const shownCause = redact(cause, redactText, inner);
  const held: readonly unknown[] = Array.isArray(errors) ? errors : [];
  const shownHeld = held.map((each) => redact(each, redactText, inner));
  const texts = Object.entries({ ...error, ...knownTexts(error) }).filter(([name]) => !OWN_WAY.has(name));
  const isClean = shownMessage === message && shownCause === cause &&
    shownHeld.every((each, index) => each === held[index]) &&
    texts.every(([, value]) => typeof value !== "string" || redactText(value) === value);
  if (isClean) return error;
  const copy = copyOf(error, shownMessage, shownCause);
  if (held.length > 0) Object.defineProperty(copy, "errors", { value: shownHeld });
  for (const [name, value] of texts) {
    const shown = typeof value === "string" ? redactText(value) : value;
    if (typeof shown !== "object" && typeof shown !== "function") Object.assign(copy, { [name]: shown });
  }
  return copy;
}

/** What runtimes put on errors, some of them where a listing does not show it. */
function knownTexts(error: object): Readonly<Record<string, unknown>> {
  const { code, path } = error as { readonly code?: unknown; readonly path?: unknown };
  return { ...(code === undefined ? {} : { code }), ...(path === undefined ? {} : { path }) };
}

/** Of the same kind as far as callers ask for it: `fetch` and streams throw `TypeError`s. */
function copyOf(error: Error, message: string, cause: unknown): Error {
  const options = cause === undefined ? undefined : { cause };
  const copy = error instanceof TypeError ? new TypeError(message, options) : new Error(message, options);
  Object.defineProperty(copy, "name", { value: error.name, configurable: true, writable: true });
  return copy;
}
