/**
 * URLs: finds their origins, joins them with a mirror's base, and removes their secrets for messages.
 *
 * @module
 */

import { objectTag } from "../primitives/object_tag.ts";
import { basicAuthorization } from "./basic_authorization.ts";

const MAX_KNOWN_PREFIXES = 1_024;
/** How many characters of a URL a message shows. */
const MAX_SHOWN = 200;
const SPACE = 0x20;
const ALPHANUMERIC = /[a-z0-9]/i;
// deno-lint-ignore no-control-regex -- the URL standard has a parser take these off, and tabs and line breaks out of it.
const SCHEME = /^[\x00-\x20]*[a-z][a-z0-9+.\t\n\r-]*:/i;
// deno-lint-ignore no-control-regex -- the same, and slashes.
const LEAD = /^[\x00-\x20/\\]+/;
/** User info at the start of a URL; it ends with the last '@' of the authority. */
const USER_INFO = /^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/\\?#]*@/i;
/** User info of a URL within the path or the query of another one. */
const INNER_USER_INFO = /([^a-z0-9+.-][a-z][a-z0-9+.-]*:[/\\]{2,})[^/\\?#&;]*@/gi;
/** User info of a URL within another one, where the inner URL is escaped, as by `URLSearchParams`. */
const ESCAPED_USER_INFO = /(%3a%2f%2f)(?:(?!%2f|%3f|%23)[^/?#&;])*%40/gi;
/** Matches a name and its '=' within a parameter: the parameter's own name, or one of a URL in its value, maybe an escaped one. */
const NAME = /(?:^|[;?]|%3b|%3f|%26|%23)([^=;?%]*(?:%(?!3b|3f|26|23|3d)[^=;?%]*)*)(?:=|%3d)/gi;
/** Matches the names of parameters whose last word says that the value is a secret. A number may follow that word. */
const SENSITIVE_WORD = new RegExp(
  `(?:^|[^a-z0-9])(?:${
    [
      "key|apikey|accesskey|secretkey|authkey|access|auth|oauth|authorization|bearer|jwt|token|assertion",
      "secret|credentials?|pass|passwd|password|passphrase|passcode|pwd|pin|code|otp|totp|ticket",
      "signature|sig|sas|hmac|session(?:[^a-z0-9]?id)?|sessid|sid|jsessionid|phpsessid|cookie|csrf|xsrf",
      "appid|access[^a-z0-9]?key[^a-z0-9]?id|token[^a-z0-9]?hint|code[^a-z0-9]?verifier|saml[^a-z0-9]?(?:response|request)",
    ].join("|")
  })(?:[^a-z0-9]*\\d+)?$`,
  "i",
);
/**
 * Matches words that mean a secret also at the end of a longer word: `accesstoken`. (`pass` is not one of them, because of
 * `compass`.)
 */
const SENSITIVE_ENDING = new RegExp(
  "(?:token|secret|passwd|password|passphrase|signature|credentials?" +
    "|(?:access|account|api|app|consumer|license|pass|private|signing|subscription)key)\\d*$",
  "i",
);

/**
 * Matches what a parser leaves unchanged after the origin: no character that it would escape or drop, no dot segment, no
 * fragment.
 */
const PLAIN_PATH =
  /(?:\/(?!(?:\.|%2e){1,2}(?:[/?]|$))[\w.~%!$&()*+,;=:@-]*)+(?:\?[\w.~%!$&()*+,;=:@/?-]*)?$/iy;

/** Whether a value is a string, or a `URL` object of any realm. */
export function isUrl(value: unknown): value is string | URL {
  return typeof value === "string" || value instanceof URL || objectTag(value) === "URL";
}

/** Whether a URL has a scheme, so that mirrors do not complete it. */
export function isAbsoluteUrl(url: string): boolean {
  return SCHEME.test(url);
}

/**
 * Resolves a relative URL, as a page does.
 *
 * @param url The URL.
 * @param base The base URL, if there is one.
 * @returns The absolute URL; a malformed URL unchanged, so that a later check reports it.
 */
export function resolveUrl(url: string, base: string | undefined): string {
  if (base === undefined || isAbsoluteUrl(url) || !URL.canParse(url, base)) return url;
  return new URL(url, base).href;
}

/** Matches a scheme with a plain authority: no user info, no escapes, no character that the parser would ignore. */
const PLAIN_PREFIX = /^https?:\/\/[\w.:[\]-]+$/;

/**
 * Finds the origins of http(s) URLs. A URL can be malformed only up to the end of its authority. So the index parses each scheme
 * and authority once; every later URL with the same prefix costs only a look-up.
 */
export class OriginIndex {
  readonly #known = new Map<string, string>();

  /**
   * Returns the origin of a URL whose scheme and authority the index already knows.
   *
   * @param url The URL.
   * @returns Its origin; `undefined` if the URL must be parsed.
   */
  find(url: string): string | undefined {
    return this.#known.get(prefixOf(url));
  }

  /**
   * Returns the origin of an absolute URL.
   *
   * @param url The URL.
   * @returns Its origin, such as `https://cdn.example.com`.
   * @throws {TypeError} If the URL is malformed, or not an http(s) URL.
   */
  originOf(url: string): string {
    const prefix = prefixOf(url);
    const known = this.#known.get(prefix);
    if (known !== undefined) return known;
    const { origin } = parseHttpUrl(url);
    if (PLAIN_PREFIX.test(prefix)) {
      if (this.#known.size >= MAX_KNOWN_PREFIXES) this.#known.clear();
      this.#known.set(prefix, origin);
    }
    return origin;
  }
}

/**
 * Returns the part before the path, such as `https://host`. For other URLs, the result is not a plain prefix, so the index never
 * contains it.
 */
function prefixOf(url: string): string {
  const slash = url.indexOf("/", 8);
  return slash === -1 ? url : url.slice(0, slash);
}

/**
 * Parses an absolute http(s) URL.
 *
 * @param url The URL.
 * @returns The parsed URL.
 * @throws {TypeError} If the URL is malformed, or not an http(s) URL.
 */
export function parseHttpUrl(url: string): URL {
  // Do not pass on the parser's error: it quotes the URL with its secrets.
  if (!URL.canParse(url)) {
    const hint = isAbsoluteUrl(url.trim()) ? "" : "; a relative URL needs 'baseUrls'";
    throw new TypeError(
      `Cannot fetch as the URL is malformed: received '${shownUrl(url)}'${hint}`,
    );
  }
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw new TypeError(
      `Cannot fetch as the URL's scheme must be http or https: received '${shownUrl(url)}'`,
    );
  }
  return parsed;
}

/** A URL without its user info, and the header that replaces that. */
export interface UrlCredentials {
  readonly url: string;
  /** A value of `authorization` (RFC 7617). */
  readonly authorization: string;
}

/**
 * Splits the user info from a URL. As a header, it counts as a credential, and every runtime treats it alike.
 *
 * @param url The URL.
 * @returns The parts, or `undefined` if there is no user info, or the URL is malformed.
 */
export function splitUserInfo(url: string): UrlCredentials | undefined {
  if (!url.includes("@") || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === "" && password === "") return undefined;
  parsed.username = "";
  parsed.password = "";
  const authorization = basicAuthorization(`${decodeName(username)}:${decodeName(password)}`);
  return { url: parsed.href, authorization };
}

/** Returns a relative URL without the white space at its start, which a parser would ignore, and without leading slashes. */
export function withoutLead(relative: string): string {
  return relative.replace(LEAD, "");
}

/**
 * Appends a relative URL to a base. The result always stays at the base's origin, because leading slashes are dropped.
 *
 * @param base The base URL, without query and fragment.
 * @param relative The relative URL.
 * @returns The absolute URL.
 */
export function joinUrl(base: string, relative: string): string {
  const path = withoutLead(relative);
  if (path === "" || path.startsWith("?") || path.startsWith("#")) return base + path;
  return base.endsWith("/") ? base + path : `${base}/${path}`;
}

/**
 * Returns a URL that is safe to show: replaces its user info and the values of parameters whose names mean a secret, and drops
 * its fragment.
 *
 * @param url The URL, absolute or relative.
 * @returns The same URL without its secrets.
 */
export function redactUrl(url: string): string {
  const shown = redactUserInfo(withoutFragment(withoutIgnored(url)));
  const query = shown.indexOf("?");
  if (query === -1) return redactPath(shown);
  const parameters = shown.slice(query + 1).split("&").map(redactParameter);
  return `${redactPath(shown.slice(0, query))}?${parameters.join("&")}`;
}

/**
 * Replaces only the user info of a URL, also that of a URL within its path or query.
 *
 * @param url The URL, absolute or relative.
 * @returns The URL; the same text if it has no user info.
 */
export function redactUserInfo(url: string): string {
  if (!/@|%40/.test(url)) return url;
  return withoutIgnored(url)
    .replace(USER_INFO, "$1***@")
    .replace(INNER_USER_INFO, "$1***@")
    .replace(ESCAPED_USER_INFO, "$1***%40");
}

/**
 * Returns a URL for a message: without its secrets, even if it is malformed, and cut if it is long.
 *
 * @param url The URL as it was given, absolute or relative.
 * @returns The text to show.
 */
export function shownUrl(url: string): string {
  const shown = URL.canParse(url) ? redactUrl(url) : redactMalformed(url);
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}

/** Returns a URL without its fragment, which is never sent. */
export function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash === -1 ? url : url.slice(0, hash);
}

/** Whether two absolute URLs lead to the same resource. Fragments and spelling do not matter. */
export function isSameUrl(url: string, other: string): boolean {
  return url === other || withoutFragment(new URL(url).href) === withoutFragment(new URL(other).href);
}

/** Redacts a malformed URL. It is unknown where its user info ends, so all of its authority counts as a secret. */
function redactMalformed(url: string): string {
  const shown = redactUrl(url);
  const [, start, authority] = /^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})(.*)$/i.exec(shown) ?? [];
  // A relative URL has no user info, but the caller may have forgotten the scheme or its colon.
  if (start === undefined) return redactForgotten(shown);
  return shown.includes("@") || /:(?!\d*(?:[/?]|$))/.test(authority ?? "") ? `${start}***` : shown;
}

/** Replaces the text from the first segment with a colon up to the last '@' before a query. */
function redactForgotten(url: string): string {
  const end = url.search(/[?#]/);
  const at = url.lastIndexOf("@", end === -1 ? url.length : end);
  const colon = url.indexOf(":");
  if (colon === -1 || colon > at) return url;
  const start = Math.max(url.lastIndexOf("/", colon), url.lastIndexOf("\\", colon)) + 1;
  return `${url.slice(0, start)}***${url.slice(at)}`;
}

/**
 * Returns a URL without the characters that its parser ignores: white space and control characters at its ends, and tabs and line
 * breaks anywhere.
 */
export function withoutIgnored(url: string): string {
  // deno-lint-ignore no-control-regex -- the URL standard names these.
  if (!/[\x00-\x20]/.test(url)) return url;
  let start = 0;
  while (url.charCodeAt(start) <= SPACE) start++;
  return url.slice(start, endWithout(url, (unit) => unit <= SPACE)).replace(/[\t\n\r]/g, "");
}

/**
 * Returns where a text ends without its last characters to drop. It is a loop, because a regular expression would take quadratic
 * time for long runs of such characters.
 */
function endWithout(text: string, isDropped: (unit: number) => boolean): number {
  let end = text.length;
  while (end > 0 && isDropped(text.charCodeAt(end - 1))) end--;
  return end;
}

/**
 * Redacts the parameters that some servers put into the path: `/laps;jsessionid=1` (RFC 3986 §3.3), and those of an escaped URL
 * there.
 */
function redactPath(path: string): string {
  if (!/;|%3f/i.test(path)) return path;
  return path.split("/").map(redactParameter).join("/");
}

function redactParameter(parameter: string): string {
  // Some servers separate parameters by ';', too, but a ';' may also be part of a value.
  for (const { 0: start, 1: name, index } of parameter.matchAll(NAME)) {
    if (isSensitive(decodeName(name!))) return `${parameter.slice(0, index + start.length)}***`;
  }
  return parameter;
}

/** Whether a name means a secret by its last word, however its words are joined: `access_token`, `accessToken`, `user[token]`. */
function isSensitive(name: string): boolean {
  const end = endWithout(name, (unit) => !ALPHANUMERIC.test(String.fromCharCode(unit)));
  const words = name.slice(0, end).replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4");
  return SENSITIVE_WORD.test(words) || SENSITIVE_ENDING.test(words);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // Take a broken escape literally.
    return name;
  }
}

/**
 * Quickly checks that a URL is already in the form that its parser would give it.
 *
 * @param url The absolute URL.
 * @param origin Its origin, in the parser's form.
 * @returns Whether it surely is; `false` also if only the parser could tell.
 */
export function isPlainUrl(url: string, origin: string): boolean {
  PLAIN_PATH.lastIndex = origin.length;
  return PLAIN_PATH.test(url) && url.startsWith(origin);
}
