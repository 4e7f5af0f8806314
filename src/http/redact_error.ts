/**
 * Removes the secrets of URLs from errors of the runtime, which quote these URLs.
 *
 * @module
 */

import { isError } from "../errors.ts";
import { redactUrl } from "./url.ts";

/**
 * Matches a URL in a text. Quotes and brackets may be part of the URL, but not its end. The length of the scheme is limited, or a
 * long word would take quadratic time.
 */
const QUOTED_URL = /[a-z][a-z0-9+.-]{0,19}:\/\/[^\s"<>]*[^\s"'<>()]/gi;

/** How many levels of causes and held errors are redacted. Deeper ones are left out, or they would overflow the stack. */
const MOST_LEVELS = 500;

/** Properties that a copy gets by its constructor, or in another way. */
const OWN_WAY: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

/**
 * Returns an error that is safe to show to a caller, also as the cause of another error. Runtimes quote URLs in messages, and Bun
 * also in the property `path`.
 *
 * @param error The thrown value.
 * @param url The URL of the request.
 * @returns The same error if it quotes no secret. Otherwise a copy of the same name, with the secrets replaced in its message,
 * its properties, its causes and the errors that it holds. The copy keeps only the properties whose values are not objects.
 */
export function redactError(error: unknown, url: string): unknown {
  const redactText = (text: string): string => {
    const known = url === "" ? text : text.replaceAll(url, redactUrl(url));
    return known.replace(QUOTED_URL, (quoted) => redactUrl(quoted));
  };
  return new ErrorRedactor(redactText).redact(error);
}

/** Redacts an error with the errors that it holds, and its causes. */
class ErrorRedactor {
  readonly #redactText: (text: string) => string;
  /** The result of each error so far; `undefined` while the error is being redacted, so that a cycle of causes ends. */
  readonly #known = new Map<Error, unknown>();
  #level = 0;

  constructor(redactText: (text: string) => string) {
    this.#redactText = redactText;
  }

  redact(error: unknown): unknown {
    if (typeof error === "string") return this.#redactText(error);
    if (!isError(error)) return error;
    if (this.#known.has(error) || this.#level === MOST_LEVELS) return this.#known.get(error);
    this.#known.set(error, undefined);
    this.#level++;
    const shown = this.#shown(error);
    this.#level--;
    this.#known.set(error, shown);
    return shown;
  }

  #shown(error: Error): Error {
    const redactText = this.#redactText;
    const { message, cause, errors, code, path } = error as Error & Readonly<Record<string, unknown>>;
    const shownMessage = redactText(message);
    const shownCause = this.redact(cause);
    const held: readonly unknown[] = Array.isArray(errors) ? errors : [];
    const shownHeld = held.map((each) => this.redact(each));
    // Some properties that runtimes set are not enumerable.
    const texts = Object.entries({ ...error, code, path })
      .filter(([name, value]) => value !== undefined && !OWN_WAY.has(name));
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
}

/** Copies an error. It stays a `TypeError`, because callers check for that: `fetch` and streams throw these. */
function copyOf(error: Error, message: string, cause: unknown): Error {
  const options = cause === undefined ? undefined : { cause };
  const isTypeError = error instanceof TypeError || error.name === "TypeError";
  const copy = isTypeError ? new TypeError(message, options) : new Error(message, options);
  Object.defineProperty(copy, "name", { value: error.name, configurable: true, writable: true });
  return copy;
}
