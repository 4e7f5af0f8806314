/**
 * The arguments of a drop-in `fetch`.
 *
 * @module
 */

import type { RequestInput } from "../http/request.ts";
import type { CacheMode } from "../policies/settings.ts";

/** What the arguments of `fetch` come to. */
export interface FetchArguments {
  readonly request: RequestInput;
  readonly signals: readonly AbortSignal[];
  /** How to treat the cache; absent when nothing was said. */
  readonly cache: CacheMode | undefined;
}

const CACHE_MODES: Readonly<Record<string, CacheMode>> = {
  "no-store": "no-store",
  "reload": "reload",
  "no-cache": "no-cache",
  "force-cache": "force-cache",
  "only-if-cached": "only-if-cached",
};

/**
 * Reads the arguments of `fetch` without building a `Request`.
 *
 * @param input A URL or a request; of a request, `init` replaces what it names.
 * @param init What the caller says besides.
 * @returns The parts. Members of `init` that are not understood here are kept for the runtime's own `fetch`.
 */
export function fromFetchArguments(input: string | URL | Request, init: RequestInit): FetchArguments {
  const { method, headers, body, signal, cache, ...rest } = init;
  const given = input instanceof Request ? input : undefined;
  // As the standard has it, `null` is no body for a URL, and changes nothing of a request's.
  if (given?.bodyUsed && (body === undefined || body === null)) {
    throw new TypeError("Cannot fetch as the body of the Request has been read already");
  }
  const ownSignal = signal === undefined ? given?.signal : signal;
  return {
    request: {
      url: given === undefined ? input as string | URL : given.url,
      method: method ?? given?.method,
      headers: headers === undefined ? given?.headers : new Headers(headers),
      body: body ?? given?.body,
      init: { ...fromRequest(given), ...withoutUndefined(rest) },
    },
    signals: ownSignal === undefined || ownSignal === null ? [] : [ownSignal],
    cache: CACHE_MODES[cache ?? given?.cache ?? ""],
  };
}

/** What of a request's other properties says something that is not the default. */
function fromRequest(request: Request | undefined): RequestInit {
  if (request === undefined) return {};
  const { redirect, credentials, mode, integrity, keepalive } = request;
  return withoutUndefined({
    redirect: redirect === "follow" ? undefined : redirect,
    credentials: credentials === "same-origin" ? undefined : credentials,
    mode: mode === "cors" || mode === "navigate" ? undefined : mode,
    integrity: integrity === "" ? undefined : integrity,
    keepalive: keepalive ? true : undefined,
  });
}

function withoutUndefined(init: Readonly<Record<string, unknown>>): RequestInit {
  return Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined));
}
