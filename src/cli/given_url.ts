/**
 * URLs as users write them.
 *
 * @module
 */

import { isAbsoluteUrl, joinUrl, shownUrl } from "../http/url.ts";

// deno-lint-ignore no-control-regex -- URL parsers drop tabs and line breaks wherever they stand, so that another URL would be fetched.
const CONTROL = /[\x00-\x1f\x7f]/;
/**
 * U+FFFD, which stands for bytes that are not UTF-8, and lone surrogates, which have no bytes in UTF-8. Another URL would be
 * fetched, and the same one for all texts that differ only there.
 */
const UNREADABLE = /[\uFFFD\p{Cs}]/u;

/** A label of a host. A text may begin with a host: `example.com/x`, `bücher.example`, `localhost:8000`, `[::1]:80/x`. */
const LABEL = String.raw`[\p{L}\p{M}\p{N}_-]+`;
const HOST_FIRST = new RegExp(
  String.raw`^(localhost|${LABEL}(?:\.${LABEL})+\.?|\[[0-9a-f:.]+\]|${LABEL}(?=:\d))(?::\d+)?(?=[/?#]|$)`,
  "iu",
);
const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/i;

/**
 * Parses a URL. A text without a scheme that begins with a host gets one: `http` for this machine, `https` for any other. With a
 * base, that text is a path below the base instead.
 *
 * @param text The text, as the user has written it.
 * @param base The base of relative URLs; `undefined` if they are refused.
 * @returns The URL, absolute.
 * @throws {TypeError} If it is no http or https URL.
 */
export function givenUrl(text: string, base?: URL): URL {
  if (UNREADABLE.test(text)) throw urlError(text, "must be text in UTF-8");
  if (text.includes("\0")) {
    throw urlError(
      text,
      "must have no NUL characters, as binary files and UTF-16 without a byte order mark do",
    );
  }
  if (CONTROL.test(text)) throw urlError(text, "must have no control characters, such as tabs");
  const url = URL.parse(
    base === undefined ? withScheme(text) : isAbsoluteUrl(text) ? text : joinUrl(base.href, text),
  );
  if (url === null) throw urlError(text, "must be absolute and well-formed");
  if (url.protocol !== "http:" && url.protocol !== "https:") throw urlError(text, "must be http or https");
  return url;
}

function withScheme(text: string): string {
  const [, host] = HOST_FIRST.exec(text) ?? [];
  return host === undefined ? text : `${LOOPBACK.test(host) ? "http" : "https"}://${text}`;
}

function urlError(text: string, rule: string): TypeError {
  return new TypeError(`Cannot fetch as the URL ${rule}: received '${shownUrl(text)}'`);
}
