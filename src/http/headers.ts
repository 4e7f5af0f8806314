/**
 * Request headers: checked once, merged once, and kept as a plain record, which every runtime's `fetch` takes without a
 * copy of ours.
 *
 * @module
 */

import { isToken } from "./token.ts";

/** Header names in lower case, and their values. */
export type HeaderMap = Readonly<Record<string, string>>;

/** No headers at all. */
export const NO_HEADERS: HeaderMap = Object.freeze(Object.create(null));

/** Headers as a caller may give them. */
export type HeaderInput = Readonly<Record<string, string>> | Headers | readonly (readonly [string, string])[];

// deno-lint-ignore no-control-regex -- RFC 9110 §5.5 forbids exactly these in a field value.
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;

/** Headers that no redirect to another origin and no other mirror may carry, whatever the caller says: credentials, and its own name. */
const ALWAYS_SENSITIVE = ["authorization", "cookie", "proxy-authorization", "host"];

/** Headers that are treated as sensitive unless told otherwise: the usual names of API keys and tokens. */
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

/**
 * Checks headers and turns their names to lower case.
 *
 * @param input The headers.
 * @param what What they belong to, for the message.
 * @returns The headers as a record without a prototype.
 * @throws {TypeError} If a name is no token or a value can't be sent (RFC 9110 §5.1, §5.5).
 */
export function toHeaderMap(input: HeaderInput | undefined, what: string): HeaderMap {
  const map: Record<string, string> = Object.create(null);
  if (input === undefined) return map;
  if (!isIterable(input)) {
    for (const [name, value] of Object.entries(input)) {
      // As everywhere in options, `undefined` is as good as absent.
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
    // No more of it is shown than may be a name: the whole line may have been written into it.
    const shown = /^[\w-]*/.exec(String(name))![0];
    throw new TypeError(`Cannot send ${what} as a header name must be a token: received '${shown}…'`);
  }
  const text = typeof value === "string" ? trimSpace(value) : "\0";
  // The value is not shown: it may be a credential.
  if (BAD_VALUE.test(text)) {
    throw new TypeError(
      `Cannot send ${what} as the value of header '${name}' must be a string of latin-1 characters without control characters`,
    );
  }
  const key = name.toLowerCase();
  map[key] = key in map ? `${map[key]}${separatorOf(key)}${text}` : text;
}

/** What stands between the values of a field (RFC 9110 §5.3). There is one `cookie`, whose list is not one of commas (RFC 6265 §4.2.1, §5.4). */
function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", ";
}

function isIterable(input: HeaderInput): input is Headers | readonly (readonly [string, string])[] {
  return Symbol.iterator in input;
}

/**
 * Lays headers over others; the same name replaces.
 *
 * @param below What is there without the others.
 * @param above What replaces.
 * @returns One of the two when the other is empty, else a new record.
 */
export function mergeHeaders(below: HeaderMap, above: HeaderMap): HeaderMap {
  if (isEmpty(above)) return below;
  if (isEmpty(below)) return above;
  return Object.assign(Object.create(null), below, above);
}

/**
 * Whether a request asks for nothing where nothing has changed: then a 304 is an answer (RFC 9110 §15.4.5).
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
 * The lower-case names that are never sent on to another origin.
 *
 * @param marked The names that the caller marked.
 * @returns Those, and the ones that are always sensitive.
 */
export function sensitiveNames(marked: readonly string[]): ReadonlySet<string> {
  return new Set([...ALWAYS_SENSITIVE, ...marked.map((name) => name.toLowerCase())]);
}

/**
 * Whether a redirect must be followed by us: a runtime takes credentials out by itself when a redirect leads to another
 * origin, but sends everything else on.
 *
 * @param headers The request's headers.
 * @param sensitive The names that must not reach another origin.
 * @returns Whether there is a header that only we would take out.
 */
export function needsOwnRedirects(headers: HeaderMap, sensitive: ReadonlySet<string>): boolean {
  for (const name in headers) {
    if (sensitive.has(name) && !ALWAYS_SENSITIVE.includes(name)) return true;
  }
  return false;
}

/** The headers without the sensitive ones. */
export function withoutSensitive(headers: HeaderMap, sensitive: ReadonlySet<string>): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !sensitive.has(name)));
}

/**
 * What is sent of headers of which some may not be sent.
 *
 * @param below Those of the client or the mirror.
 * @param above Those of the request, which replace them.
 * @param withheld Lower-case names of those that are not sent; absent if all are.
 * @returns The headers.
 */
export function sentHeaders(
  below: HeaderMap,
  above: HeaderMap,
  withheld: ReadonlySet<string> | undefined,
): HeaderMap {
  const all = mergeHeaders(below, above);
  return withheld === undefined ? all : withoutSensitive(all, withheld);
}

/**
 * Takes the white space off both ends of a field value, as HTTP sees it (RFC 9110 §5.6.3): spaces and tabs, and nothing else. A
 * loop, because a regular expression would look at every inner run from each of its characters.
 *
 * @param text The value.
 * @returns The value without it.
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
