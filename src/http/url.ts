/**
 * URLs: which origin they belong to, how they join a mirror's base, and what of them may be shown.
 *
 * @module
 */

import { objectTag } from "../primitives/object_tag.ts";

const MAX_KNOWN_PREFIXES = 1_024;
/** How much of a URL a message shows. */
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
/** User info of such a URL where that has been escaped, as `URLSearchParams` does it. */
const ESCAPED_USER_INFO = /(%3a%2f%2f)(?:(?!%2f|%3f|%23)[^/?#&;])*%40/gi;
/** Names of parameters that say with their last word that the value is a secret; a number may follow. */
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
/** Words that mean nothing else at the end of a longer one either: `accesstoken`, but not `compass`. */
const SENSITIVE_ENDING = new RegExp(
  "(?:token|secret|passwd|password|passphrase|signature|credentials?" +
    "|(?:access|account|api|app|consumer|license|pass|private|signing|subscription)key)\\d*$",
  "i",
);

/** What a parser leaves as it is after the origin: nothing that it would escape or drop, no dot segment, no fragment. */
const PLAIN_PATH =
  /(?:\/(?!(?:\.|%2e){1,2}(?:[/?]|$))[\w.~%!$&()*+,;=:@-]*)+(?:\?[\w.~%!$&()*+,;=:@/?-]*)?$/iy;

/** Whether a value is a URL, of whichever realm, or may be one: nothing but that. */
export function isUrl(value: unknown): value is string | URL {
  return typeof value === "string" || value instanceof URL || objectTag(value) === "URL";
}

/** Whether a URL names its own scheme, so that mirrors have no part in it. */
export function isAbsoluteUrl(url: string): boolean {
  return SCHEME.test(url);
}

/**
 * Completes a relative URL, as a page does.
 *
 * @param url The URL.
 * @param base What it is relative to, if anything.
 * @returns The absolute URL; a malformed one stays as it is, so that what is wrong with it is said later.
 */
export function resolveUrl(url: string, base: string | undefined): string {
  if (base === undefined || isAbsoluteUrl(url) || !URL.canParse(url, base)) return url;
  return new URL(url, base).href;
}

/** What a plain authority is made of: no user info, no escapes, nothing that the parser would ignore. */
const PLAIN_PREFIX = /^https?:\/\/[\w.:[\]-]+$/;

/**
 * Finds the origin of http(s) URLs. A URL can be malformed only up to the end of its authority, so each scheme and
 * authority is parsed once, and every further URL that begins with the same letters costs a look-up.
 */
export class OriginIndex {
  readonly #known = new Map<string, string>();

  /**
   * The origin of a URL whose scheme and authority have been met before.
   *
   * @param url The URL.
   * @returns Its origin; `undefined` for one that has to be parsed.
   */
  find(url: string): string | undefined {
    return this.#known.get(prefixOf(url));
  }

  /**
   * The origin of an absolute URL.
   *
   * @param url The URL.
   * @returns Its origin, such as `https://cdn.example.com`.
   * @throws {TypeError} If it is malformed, or is no http(s) URL.
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

/** What comes before the path: `https://host`. Of other URLs it is something that is no plain prefix, and never known. */
function prefixOf(url: string): string {
  const slash = url.indexOf("/", 8);
  return slash === -1 ? url : url.slice(0, slash);
}

/**
 * Parses an absolute http(s) URL.
 *
 * @param url The URL.
 * @returns The parsed URL.
 * @throws {TypeError} If it is malformed, or is no http(s) URL.
 */
export function parseHttpUrl(url: string): URL {
  // What the parser throws is not passed on: it quotes the URL with its secrets.
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

/** A URL without user info, and the header that says the same. */
export interface UrlCredentials {
  readonly url: string;
  /** A value of `authorization` (RFC 7617). */
  readonly authorization: string;
}

/**
 * Takes the user info out of a URL: as a header it is known for what it is, and every runtime treats it alike.
 *
 * @param url The URL.
 * @returns The parts, or `undefined` when there is no user info or the URL is malformed.
 */
export function splitUserInfo(url: string): UrlCredentials | undefined {
  if (!url.includes("@") || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === "" && password === "") return undefined;
  parsed.username = "";
  parsed.password = "";
  const bytes = new TextEncoder().encode(`${decodeName(username)}:${decodeName(password)}`);
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return { url: parsed.href, authorization: `Basic ${btoa(letters)}` };
}

/** A relative URL without what changes nothing at its beginning: white space, which a parser would take off, and slashes. */
export function withoutLead(relative: string): string {
  return relative.replace(LEAD, "");
}

/**
 * Appends a relative URL to a base. The result always stays below the base's origin: a leading slash or two changes
 * nothing.
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
 * A URL as it may be shown: user info and the values of parameters with telling names are replaced, and the fragment is left
 * out.
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
 * A URL whose user info is replaced, and nothing else; also that of a URL within its path or query.
 *
 * @param url The URL, absolute or relative.
 * @returns The very same text if there is no user info in it.
 */
export function redactUserInfo(url: string): string {
  if (!/@|%40/.test(url)) return url;
  return withoutIgnored(url)
    .replace(USER_INFO, "$1***@")
    .replace(INNER_USER_INFO, "$1***@")
    .replace(ESCAPED_USER_INFO, "$1***%40");
}

/**
 * A URL as a message shows it: without its secrets, also if it is malformed, and cut if it is long.
 *
 * @param url The URL as it was given, absolute or relative.
 * @returns What may be shown of it.
 */
export function shownUrl(url: string): string {
  const shown = URL.canParse(url) ? redactUrl(url) : redactMalformed(url);
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}

/** A URL without its fragment, which is never sent. */
export function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash === -1 ? url : url.slice(0, hash);
}

/** Whether two absolute URLs lead to the same resource: their fragments don't matter, nor how they are written. */
export function isSameUrl(url: string, other: string): boolean {
  return url === other || withoutFragment(new URL(url).href) === withoutFragment(new URL(other).href);
}

/** What a malformed URL may show: where its user info ends is unknown, so all of its authority is a secret. */
function redactMalformed(url: string): string {
  const shown = redactUrl(url);
  const [, start, authority] = /^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})(.*)$/i.exec(shown) ?? [];
  // A relative URL may have an '@', but no user info; this is one whose scheme has been forgotten, or has no colon.
  if (start === undefined) return redactForgotten(shown);
  return shown.includes("@") || /:(?!\d*(?:[/?]|$))/.test(authority ?? "") ? `${start}***` : shown;
}

/** All from the first part with a colon to the last '@' before a query. */
function redactForgotten(url: string): string {
  const end = url.search(/[?#]/);
  const at = url.lastIndexOf("@", end === -1 ? url.length : end);
  const colon = url.indexOf(":");
  if (colon === -1 || colon > at) return url;
  const start = Math.max(url.lastIndexOf("/", colon), url.lastIndexOf("\\", colon)) + 1;
  return `${url.slice(0, start)}***${url.slice(at)}`;
}

/** A URL without what its parser takes out first: white space at its ends, tabs and line breaks anywhere. */
export function withoutIgnored(url: string): string {
  // deno-lint-ignore no-control-regex -- the URL standard names these.
  if (!/[\x00-\x20]/.test(url)) return url;
  let start = 0;
  while (url.charCodeAt(start) <= SPACE) start++;
  return url.slice(start, endWithout(url, (unit) => unit <= SPACE)).replace(/[\t\n\r]/g, "");
}

/** Where a text ends without its last characters. A loop: a regular expression would look at every run of them from each of its characters. */
function endWithout(text: string, isDropped: (unit: number) => boolean): number {
  let end = text.length;
  while (end > 0 && isDropped(text.charCodeAt(end - 1))) end--;
  return end;
}

/** Some servers put parameters into the path: `/laps;jsessionid=1` (RFC 3986 §3.3). */
function redactPath(path: string): string {
  if (!path.includes(";")) return path;
  return path.split("/").map(redactParameter).join("/");
}

function redactParameter(parameter: string): string {
  // Some servers take ';' for '&', but it may also be a part of the value.
  for (const { 0: start, 1: name, index } of parameter.matchAll(/(?:^|;)([^=;]*)=/g)) {
    if (isSensitive(decodeName(name!))) return `${parameter.slice(0, index + start.length)}***`;
  }
  return parameter;
}

/** Looks at the last word of a name, however its words are joined: `access_token`, `accessToken`, `user[token]`. */
function isSensitive(name: string): boolean {
  const end = endWithout(name, (unit) => !ALPHANUMERIC.test(String.fromCharCode(unit)));
  const words = name.slice(0, end).replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4");
  return SENSITIVE_WORD.test(words) || SENSITIVE_ENDING.test(words);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A broken escape stands for itself.
    return name;
  }
}

/**
 * Tells at a glance that a URL is what its parser would make of it.
 *
 * @param url The absolute URL.
 * @param origin Its origin, as the parser writes it.
 * @returns Whether it is; `false` also if a closer look would be needed.
 */
export function isPlainUrl(url: string, origin: string): boolean {
  PLAIN_PATH.lastIndex = origin.length;
  return PLAIN_PATH.test(url) && url.startsWith(origin);
}
