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
 * Finds the origin of http(s) URLs. A URL can be malformed only up to the end of its authority, so each scheme and
 * authority is parsed once, and every further URL that begins with the same letters costs a look-up.
 */
export class OriginIndex {
  readonly #known = new Map<string, string>();

  /**
   * The origin of an absolute URL without user info.
   *
   * @param url The URL.
   * @returns Its origin, such as `https://cdn.example.com`.
   * @throws {TypeError} If it is malformed, or is no http(s) URL.
   */
  originOf(url: string): string {
    const prefix = authorityPrefix(url);
    const known = this.#known.get(prefix);
    if (known !== undefined) return known;
    const parsed = parseHttpUrl(url);
    if (prefix.length > 0) {
      if (this.#known.size >= MAX_KNOWN_PREFIXES) this.#known.clear();
      this.#known.set(prefix, parsed.origin);
    }
    return parsed.origin;
  }
}

/** `https://host` as written, or nothing when the URL is not in the plain form that may be looked up. */
function authorityPrefix(url: string): string {
  if (!url.startsWith("http://") && !url.startsWith("https://")) return "";
  for (let index = 8; index < url.length; index++) {
    const code = url.charCodeAt(index);
    // "/", "?", "#" and "\" end the authority.
    if (code === 0x2f || code === 0x3f || code === 0x23 || code === 0x5c) return url.slice(0, index);
  }
  return url;
}

/**
 * Parses an absolute http(s) URL.
 *
 * @param url The URL.
 * @returns The parsed URL.
 * @throws {TypeError} If it is malformed, or is no http(s) URL.
 */
export function parseHttpUrl(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    const hint = isAbsoluteUrl(url) ? "" : "; a relative URL needs 'baseUrls'";
    throw new TypeError(
      `Cannot fetch as the URL is malformed: received '${shorten(redactUrl(url))}'${hint}`,
      { cause },
    );
  }
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw new TypeError(
      `Cannot fetch as the URL's scheme must be http or https: received '${shorten(redactUrl(url))}'`,
    );
  }
  return parsed;
}

/**
 * Appends a relative URL to a base. The result always stays below the base's origin: a leading slash or two changes
 * nothing.
 *
 * @param base The base URL, without a slash at its end.
 * @param relative The relative URL.
 * @returns The absolute URL.
 */
export function joinUrl(base: string, relative: string): string {
  const path = relative.replace(/^[/\\]+/, "");
  if (path === "" || path.startsWith("?") || path.startsWith("#")) return base + path;
  return `${base}/${path}`;
}

/**
 * A URL as it may be shown: user info and the values of query parameters with telling names are replaced, and the fragment
 * is left out. Works on malformed URLs too.
 *
 * @param url The URL.
 * @returns The same URL without its secrets.
 */
export function redactUrl(url: string): string {
  const hash = url.indexOf("#");
  let shown = hash === -1 ? url : url.slice(0, hash);
  if (shown.includes("@")) shown = shown.replace(/^([a-z][a-z0-9+.-]*:[/\\]*)[^/\\?#]*@/i, "$1***@");
  const query = shown.indexOf("?");
  if (query === -1) return shown;
  return shown.slice(0, query + 1) + shown.slice(query + 1).split("&").map(redactParameter).join("&");
}

function redactParameter(parameter: string): string {
  const equals = parameter.indexOf("=");
  if (equals === -1) return parameter;
  const name = parameter.slice(0, equals);
  return SENSITIVE_PARAMETER.test(decodeName(name)) ? `${name}=***` : parameter;
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    // A broken escape: the name is judged as it stands.
    return name;
  }
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
