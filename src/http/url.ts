/**
 * URLs: which origin they belong to, how they join a mirror's base, and what of them may be shown.
 *
 * @module
 */

const MAX_KNOWN_PREFIXES = 1_024;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SENSITIVE_PARAMETER =
  /^(.*[-_.])?(key|apikey|token|secret|password|passwd|pwd|auth|authorization|signature|sig|credentials?|session|sessionid|code|jwt)$/i;

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
      `Cannot fetch as the URL is malformed: received '${shorten(redactMalformed(url))}'${hint}`,
    );
  }
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw new TypeError(
      `Cannot fetch as the URL's scheme must be http or https: received '${shorten(redactUrl(url))}'`,
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
  return { url: parsed.href, authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
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
  const path = relative.replace(/^[/\\]+/, "");
  if (path === "" || path.startsWith("?") || path.startsWith("#")) return base + path;
  return base.endsWith("/") ? base + path : `${base}/${path}`;
}

/**
 * A URL as it may be shown: user info and the values of query parameters with telling names are replaced, and the fragment
 * is left out.
 *
 * @param url The URL, absolute or relative.
 * @returns The same URL without its secrets.
 */
export function redactUrl(url: string): string {
  let shown = withoutFragment(withoutIgnored(url));
  if (shown.includes("@")) {
    shown = shown.replace(/^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/\\?#]*@/i, "$1***@");
  }
  const query = shown.indexOf("?");
  if (query === -1) return shown;
  return shown.slice(0, query + 1) + shown.slice(query + 1).split("&").map(redactParameter).join("&");
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

/** What a malformed URL may show: nobody knows where its user info ends, so all of its authority is a secret. */
function redactMalformed(url: string): string {
  const shown = redactUrl(url);
  const [, start, authority] = /^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})(.*)$/i.exec(shown) ?? [];
  if (start === undefined) return shown;
  return shown.includes("@") || /:(?!\d*(?:[/?]|$))/.test(authority ?? "") ? `${start}***` : shown;
}

/** The URL parser takes white space off the ends, and takes tabs and line breaks out of the middle. */
function withoutIgnored(url: string): string {
  // deno-lint-ignore no-control-regex -- the URL standard names these.
  return /[\x00-\x20]/.test(url) ? url.replace(/^[\x00-\x20]+|[\x00-\x20]+$|[\t\n\r]/g, "") : url;
}

function redactParameter(parameter: string): string {
  const equals = parameter.indexOf("=");
  if (equals === -1) return parameter;
  const name = parameter.slice(0, equals);
  return isSensitive(decodeName(name)) ? `${name}=***` : parameter;
}

/** Looks at the last word of a name, however its words are joined: `access_token`, `accessToken`, `user[token]`. */
function isSensitive(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[[\]]+/g, "_").replace(/_+$/, "");
  return SENSITIVE_PARAMETER.test(words);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A broken escape stands for itself.
    return name;
  }
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
