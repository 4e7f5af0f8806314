/**
 * URLs as people give them.
 *
 * @module
 */

import { isAbsoluteUrl, joinUrl, shownUrl } from "../http/url.ts";

// deno-lint-ignore no-control-regex -- URL parsers leave tabs and line breaks out, wherever they stand, and another thing is fetched.
const CONTROL = /[\x00-\x1f\x7f]/;
/** What bytes are read as that are no UTF-8, and what has no bytes: another thing would be fetched, and one for all such URLs. */
const UNREADABLE = /[\uFFFD\p{Cs}]/u;

/** `example.com/x`, `bücher.example`, `localhost:8000`, `[::1]:80/x`: what begins with a host. */
const LABEL = String.raw`[\p{L}\p{M}\p{N}_-]+`;
const HOST_FIRST = new RegExp(
  String.raw`^(localhost|${LABEL}(?:\.${LABEL})+\.?|\[[0-9a-f:.]+\]|${LABEL}(?=:\d))(?::\d+)?(?=[/?#]|$)`,
  "iu",
);
const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/i;

/**
 * Reads a URL. One that begins with a host gets the scheme that it lacks: `http` on this machine, `https` everywhere else. With a
 * base it is a path below that, and gets none.
 *
 * @param text What was given.
 * @param base What relative URLs resolve against; `undefined` if they are refused.
 * @returns The URL, absolute.
 * @throws {TypeError} If it is no http or https URL.
 */
export function givenUrl(text: string, base?: URL): URL {
  if (UNREADABLE.test(text)) throw urlError(text, "must be text in UTF-8");
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
