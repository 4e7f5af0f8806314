/**
 * The arguments of a drop-in `fetch`.
 *
 * @module
 */

import { describeKind, isSignal } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";
import type { RequestInput } from "../http/request.ts";
import { withoutIgnored } from "../http/url.ts";
import type { CacheMode } from "../policies/settings.ts";

/** The arguments of `fetch`, in the parts that a client uses. */
export interface FetchArguments {
  readonly request: RequestInput;
  /** The `Request`, the input or `init`, whose own body must be sent, and must be read before that. */
  readonly bodyOf: Request | undefined;
  readonly signals: readonly AbortSignal[];
  /** How to treat the cache; absent if the arguments do not say. */
  readonly cache: CacheMode | undefined;
}

const CACHE_MODES: Readonly<Record<string, CacheMode>> = {
  "no-store": "no-store",
  "reload": "reload",
  "no-cache": "no-cache",
  "force-cache": "force-cache",
  "only-if-cached": "only-if-cached",
};

/** The members of `init` that have a few values only (fetch standard, `RequestInit`). */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  cache: ["default", ...Object.keys(CACHE_MODES)],
  credentials: ["omit", "same-origin", "include"],
  duplex: ["half", "full"],
  mode: ["cors", "no-cors", "same-origin", "navigate", "websocket"],
  priority: ["high", "low", "auto"],
  redirect: ["follow", "error", "manual"],
  referrerPolicy: [
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ],
};

/** The properties that go to `fetch` unchanged, own and inherited ones. */
const HANDED_ON = [
  ...Object.keys(ENUMS).filter((name) => name !== "cache"),
  "integrity",
  "keepalive",
  "referrer",
];

/**
 * Reads the arguments of `fetch` without building a `Request`.
 *
 * @param input A URL or a `Request`; members of `init` replace those of the `Request`.
 * @param init The second argument of `fetch`.
 * @returns The parts. Members of `init` that are not understood here are kept for the runtime's own `fetch`.
 * @throws {TypeError} If a member of `init` has a value that `fetch` does not know, or a body was used before.
 */
export function fromFetchArguments(input: string | URL | Request, init: RequestInit): FetchArguments {
  checkInit(init);
  const { method, headers, body, signal, cache, ...rest } = init;
  const given = isRequest(input) ? input : undefined;
  // Proxies call `fetch(url, request)`. A `Request` has getters instead of own members, so `rest` has none of them.
  const asInit = isRequest(init) ? init : undefined;
  // By the standard, `null` means no body for a URL, and leaves the body of a `Request` as it is.
  const hasOwnBody = body !== undefined && body !== null;
  const owner = hasOwnBody ? asInit : given;
  if (owner?.bodyUsed || owner?.body?.locked) {
    throw new TypeError("Cannot fetch as the body of the Request has been read already, or is being read");
  }
  const ownSignal = signal === undefined ? given?.signal : signal;
  const mode = CACHE_MODES[cache ?? given?.cache ?? ""];
  const bodyOf = owner !== undefined && mayHaveBody(owner) ? owner : undefined;
  // Copy the headers, because the caller may change them while the body is read.
  const givenHeaders = bodyOf === undefined ? given?.headers : new Headers(bodyOf.headers);
  return {
    request: {
      url: given === undefined ? textOf(input as string | URL) : given.url,
      method: method ?? given?.method,
      headers: headers === undefined ? givenHeaders : toHeaders(headers),
      body: bodyOf === undefined ? body : undefined,
      init: orNothing({
        ...fromRequest(asInit ?? given),
        ...inheritedBy(init),
        ...withoutUndefined(rest),
        ...cacheOfRuntime(mode),
      }),
    },
    bodyOf,
    signals: ownSignal === undefined || ownSignal === null ? [] : [ownSignal],
    cache: mode,
  };
}

/**
 * Returns the mode for a browser's own cache, which must treat the request in the same way. The client never sends a request with
 * `only-if-cached`.
 */
function cacheOfRuntime(cache: CacheMode | undefined): RequestInit {
  return cache === undefined || cache === "only-if-cached" ? {} : { cache };
}

/** Makes `Headers` as the standard does, with an error that says what was wrong; the errors of the runtimes do not. */
function toHeaders(init: unknown): Headers {
  try {
    const headers = new Headers(init as HeadersInit);
    if (headers.has("cookie")) joinCookies(headers, init as HeadersInit);
    return headers;
  } catch (error) {
    // Neither names nor values are shown, as they may be credentials.
    throw new TypeError(
      "Cannot fetch as 'headers' must be Headers, a record of strings, or pairs of a name and a value",
      {
        cause: error,
      },
    );
  }
}

/**
 * Joins several cookies by semicolons. Deno joins them by commas, like the values of any other header, but servers tell cookies
 * apart by semicolons.
 */
function joinCookies(headers: Headers, init: HeadersInit): void {
  const pairs = Array.isArray(init) ? init : Object.entries(init);
  const cookies = pairs.filter(([name]) => `${name}`.toLowerCase() === "cookie");
  if (cookies.length > 1) headers.set("cookie", cookies.map(([, value]) => `${value}`).join("; "));
}

/** Tells whether a URL has a scheme that needs no network: its resource is in this process, or on this machine. */
export function isLocal(input: string | URL | Request): boolean {
  return /^(?:blob|data|file):/i.test(isRequest(input) ? input.url : withoutIgnored(textOf(input)));
}

/** Tells whether a value is a `Request`, also one of another realm or another implementation. */
function isRequest(input: unknown): input is Request {
  return input instanceof Request || objectTag(input) === "Request";
}

/** Turns anything but a `Request` into text, as the standard does. A symbol throws: only `String()` turns it into text. */
function textOf(input: string | URL): string {
  return typeof input === "string" ? input : `${input}`;
}

/** Tells whether a request may have a body. Firefox does not say, so the method decides there. */
function mayHaveBody({ method, body }: Request): boolean {
  return body !== null && (body !== undefined || (method !== "GET" && method !== "HEAD"));
}

function checkInit(init: RequestInit): void {
  if (typeof init !== "object" || init === null) {
    throw new TypeError(
      `Cannot fetch as 'init' must be an object: received ${describeKind(init)}`,
    );
  }
  const members = init as Readonly<Record<string, unknown>>;
  for (const name in ENUMS) {
    const values = ENUMS[name]!;
    const value = members[name];
    if (value === undefined || values.includes(String(value))) continue;
    const known = values.map((each) => `'${each}'`).join(", ");
    throw new TypeError(`Cannot fetch as '${name}' must be one of ${known}: received '${String(value)}'`);
  }
  if (members.signal === undefined || members.signal === null || isSignal(members.signal)) return;
  throw new TypeError(
    `Cannot fetch as 'signal' must be an AbortSignal: received ${describeKind(members.signal)}`,
  );
}

/**
 * Returns the members that a value of `init` has by its prototype, such as the getters of a class: `fetch` reads these as well. A
 * plain object has none.
 */
function inheritedBy(init: RequestInit): RequestInit | undefined {
  const prototype: unknown = Object.getPrototypeOf(init);
  if (prototype === Object.prototype || prototype === null || isRequest(init)) return undefined;
  const members = init as Readonly<Record<string, unknown>>;
  return withoutUndefined(Object.fromEntries(HANDED_ON.map((name) => [name, members[name]])));
}

/** Returns the other properties of a request that differ from their defaults. */
function fromRequest(request: Request | undefined): RequestInit {
  if (request === undefined) return {};
  const { redirect, credentials, mode, integrity, keepalive, referrer, referrerPolicy } = request;
  return withoutUndefined({
    redirect: redirect === "follow" ? undefined : redirect,
    credentials: credentials === "same-origin" ? undefined : credentials,
    mode: mode === "cors" || mode === "navigate" ? undefined : mode,
    integrity: integrity === "" ? undefined : integrity,
    keepalive: keepalive ? true : undefined,
    // An empty referrer asks for none; not every runtime has the property.
    referrer: referrer === "about:client" ? undefined : referrer,
    referrerPolicy: referrerPolicy === "" ? undefined : referrerPolicy,
  });
}

function orNothing(init: RequestInit): RequestInit | undefined {
  return Object.keys(init).length === 0 ? undefined : init;
}

function withoutUndefined(init: Readonly<Record<string, unknown>>): RequestInit {
  return Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined));
}
