/**
 * Errors of the runtime, without the secrets of the URL that they quote.
 *
 * @module
 */

import { redactUrl, withoutFragment } from "./url.ts";

/**
 * An error as it may be shown as a cause.
 *
 * @param error What was thrown.
 * @param url The URL that was asked for.
 * @returns The very same error when the URL holds no secret; otherwise one with the same name and message, and the URL
 * replaced in it and in its causes.
 */
export function redactError(error: unknown, url: string): unknown {
  const shown = redactUrl(url);
  const sent = withoutFragment(url);
  return shown === sent ? error : redacted(error, [url, sent, new URL(sent).href], shown);
}

function redacted(error: unknown, secrets: readonly string[], shown: string): unknown {
  if (!(error instanceof Error)) return error;
  let message = error.message;
  for (const secret of secrets) message = message.replaceAll(secret, shown);
  const copy = new Error(
    message,
    error.cause === undefined ? undefined : {
      cause: redacted(error.cause, secrets, shown),
    },
  );
  copy.name = error.name;
  const { code } = error as { readonly code?: unknown };
  return code === undefined ? copy : Object.assign(copy, { code });
}
