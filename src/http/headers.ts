/**
 * Request headers: checked once, merged once, and kept as a plain record, which `fetch` takes directly in every runtime.
 *
 * @module
 */

/** Header names in lower case, and their values. */
export type HeaderMap = Readonly<Record<string, string>>;

/** No headers at all. */
export const NO_HEADERS: HeaderMap = Object.freeze(Object.create(null));

/** Headers as a caller may give them. */
export type HeaderInput =
  | Readonly<Record<string, string | undefined>>
  | Headers
  | readonly (readonly [string, string])[];

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex -- RFC 9110 §5.5 forbids exactly these in a field value.
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;

/**
 * Headers that a redirect to another origin, or another mirror, must never get, whatever the caller says: credentials, and the
 * `host`.
 */
const ALWAYS_SENSITIVE = ["authorization", "cookie", "proxy-authorization", "host"];

/** Headers that count as sensitive by default: the usual names of API keys and tokens. */
export const DEFAULT_SENSITIVE_HEADERS: readonly string[] = [
  "x-api-key",
  "api-key",
  "apikey",
  "x-goog-api-key",
  "ocp-apim-subscription-key",
  "x-functions-key",
  "x-auth-key",
  "x-auth-token",
  "x-access-token",
  "private-token",
  "x-session-token",
  "x-amz-security-token",
  "x-vault-token",
];

/** Whether a text is a token, the syntax of header names and methods (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Checks headers and turns their names to lower case.
 *
 * @param input The headers.
 * @param what The owner of the headers, for the error message.
 * @returns The headers as a record without a prototype.
 * @throws {TypeError} If a name is not a token, or a value cannot be sent (RFC 9110 §5.1, §5.5).
 */
export function toHeaderMap(input: HeaderInput | undefined, what: string): HeaderMap {
  const map: Record<string, string> = Object.create(null);
  if (input === undefined) return map;
  if (!isIterable(input)) {
    for (const [name, value] of Object.entries(input)) {
      // As in all options, `undefined` means absent.
      if (value !== undefined) addHeader(map, name, value, what);
    }
    return map;
  }
  for (const pair of input) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`Cannot send ${what} as its headers must be pairs of a name and a value`);
    }
    addHeader(map, pair[0], pair[1], what);
  }
  return map;
}

function addHeader(map: Record<string, string>, name: unknown, value: unknown, what: string): void {
  if (typeof name !== "string" || !isToken(name)) {
    // Show only the part that may be a name: the caller may have put the whole header line into it, with its value.
    const shown = /^[\w-]*/.exec(String(name))![0];
    throw new TypeError(`Cannot send ${what} as a header name must be a token: received '${shown}…'`);
  }
  const text = typeof value === "string" ? trimSpace(value) : "\0";
  // Do not show the value: it may be a credential.
  if (BAD_VALUE.test(text)) {
    throw new TypeError(
      `Cannot send ${what} as the value of header '${name}' must be a string of latin-1 characters without control characters`,
    );
  }
  const key = name.toLowerCase();
  map[key] = key in map ? `${map[key]}${separatorOf(key)}${text}` : text;
}

/**
 * Returns the separator between several values of a field (RFC 9110 §5.3). `cookie` must occur only once, and separates its list
 * by semicolons (RFC 6265 §4.2.1, §5.4).
 */
function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", ";
}

function isIterable(input: HeaderInput): input is Headers | readonly (readonly [string, string])[] {
  return Symbol.iterator in input;
}

/**
 * Merges headers; on the same name, `above` replaces `below`.
 *
 * @param below The headers with the lower priority.
 * @param above The headers with the higher priority.
 * @returns One of the two if the other is empty, else a new record.
 */
export function mergeHeaders(below: HeaderMap, above: HeaderMap): HeaderMap {
  if (isEmpty(above)) return below;
  if (isEmpty(below)) return above;
  return Object.assign(Object.create(null), below, above);
}

/**
 * Whether a request wants a body only if the resource has changed, so that a 304 is an answer (RFC 9110 §15.4.5).
 *
 * @param headers Its headers.
 */
export function isConditional(headers: HeaderMap): boolean {
  return "if-none-match" in headers || "if-modified-since" in headers;
}

/** Whether there are no headers. */
export function isEmpty(headers: HeaderMap): boolean {
  for (const _ in headers) return false;
  return true;
}

/**
 * Returns the lower-case names of headers that another origin must never get.
 *
 * @param marked The names that the caller has marked.
 * @returns These names, and those that are always sensitive.
 */
export function sensitiveNames(marked: readonly string[]): ReadonlySet<string> {
  return new Set([...ALWAYS_SENSITIVE, ...marked.map((name) => name.toLowerCase())]);
}

/**
 * Whether this package must follow redirects itself. On a redirect to another origin, a runtime removes only credentials such as
 * `authorization`, and sends all other headers on.
 *
 * @param headers The request's headers.
 * @param sensitive The names that must not reach another origin.
 * @returns Whether there is a sensitive header that the runtime would send on.
 */
export function needsOwnRedirects(headers: HeaderMap, sensitive: ReadonlySet<string>): boolean {
  for (const name in headers) {
    if (sensitive.has(name) && !ALWAYS_SENSITIVE.includes(name)) return true;
  }
  return false;
}

/** Returns the headers without those of these names. */
export function withoutHeaders(headers: HeaderMap, names: ReadonlySet<string>): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}

/**
 * Merges headers, and removes those that must not be sent.
 *
 * @param below The headers of the client or the mirror.
 * @param above The headers of the request, which replace them.
 * @param withheld Lower-case names of the headers to remove; absent for none.
 * @returns The headers.
 */
export function sentHeaders(
  below: HeaderMap,
  above: HeaderMap,
  withheld: ReadonlySet<string> | undefined,
): HeaderMap {
  const all = mergeHeaders(below, above);
  return withheld === undefined ? all : withoutHeaders(all, withheld);
}

/**
 * Trims the white space of HTTP from both ends of a field value (RFC 9110 §5.6.3): only spaces and tabs. It is a loop, because a
 * regular expression would take quadratic time for long inner runs of spaces.
 *
 * @param text The value.
 * @returns The trimmed value.
 */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  return text.slice(start, end);
}

function isSpace(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit === 0x20 || unit === 0x09;
}
