/**
 * Errors of the runtime, without the secrets of the URLs that they quote.
 *
 * @module
 */

import { redactUrl } from "./url.ts";

const QUOTED_URL = /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>()]+/gi;

/**
 * An error as it may be shown as a cause.
 *
 * @param error What was thrown.
 * @param url The URL that was asked for.
 * @returns The very same error when it quotes no secret; otherwise one with the same name, message and code, and the URLs
 * replaced in it and in its causes.
 */
export function redactError(error: unknown, url: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code, path } = error as { readonly code?: unknown; readonly path?: unknown };
  const message = redactText(error.message, url);
  const cause = redactError(error.cause, url);
  const isClean = message === error.message && cause === error.cause &&
    (typeof path !== "string" || redactText(path, url) === path);
  if (isClean) return error;
  const copy = new Error(message, cause === undefined ? undefined : { cause });
  copy.name = error.name;
  return code === undefined ? copy : Object.assign(copy, { code });
}

function redactText(text: string, url: string): string {
  return text.replaceAll(url, redactUrl(url)).replace(QUOTED_URL, (quoted) => redactUrl(quoted));
}
