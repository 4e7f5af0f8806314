/**
 * Follows redirects in place of the runtime, which would send sensitive headers on to another origin, and does not say why it
 * could not follow a redirect.
 *
 * @module
 */

import { cancelBody } from "./body.ts";
import { type HeaderMap, mergeHeaders, withoutHeaders } from "./headers.ts";
import { splitUserInfo, withoutFragment } from "./url.ts";

const MAX_REDIRECTS = 20;
/** The statuses of redirects, whether or not the client follows them (fetch standard, "redirect status"). */
export const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = new Set([
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
]);

/** A request on its way through redirects. */
export interface RedirectedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderMap;
  readonly body: BodyInit | null;
}

/** A redirect that cannot be followed. A retry would not help, and the origin is healthy. */
export class RedirectError extends TypeError {}

/** Options of {@linkcode followRedirects}. */
export interface RedirectOptions {
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** `"error"` rejects at a redirect. */
  readonly mode: "follow" | "error";
  /** When it aborts, nothing more is sent. */
  readonly signal?: AbortSignal | undefined;
  /** The response to the request itself, if it was sent already. */
  readonly first?: Response | undefined;
  /** Called for each followed redirect. */
  readonly onFollow?: RedirectListener | undefined;
}

/** Called with a request, the redirect that answered it, and the next request. */
export type RedirectListener = (from: RedirectedRequest, answer: Response, to: RedirectedRequest) => void;

/** Whether a response is a redirect that {@linkcode followRedirects} follows. */
export function isRedirect({ status, headers }: Response): boolean {
  return REDIRECT_STATUSES.has(status) && headers.has("location");
}

/**
 * Sends a request and follows redirects as in the fetch standard (HTTP-redirect fetch). Removes the sensitive headers as soon as
 * a redirect leads to another origin.
 *
 * @param request The request.
 * @param send Sends one request without following redirects.
 * @param options How to follow them.
 * @returns The first response that is not a redirect.
 * @throws {RedirectError} If there are more than 20 redirects, or one cannot be followed.
 * @throws {unknown} The signal's reason, if it has aborted.
 */
export async function followRedirects(
  request: RedirectedRequest,
  send: (request: RedirectedRequest) => Promise<Response>,
  { sensitive, mode, signal, first, onFollow }: RedirectOptions,
): Promise<Response> {
  let current = request;
  for (let redirects = 0;; redirects++) {
    const response = redirects === 0 && first !== undefined ? first : await send(current);
    const isHidden = response.type === "opaqueredirect";
    if (isHidden && mode === "follow") {
      throw new RedirectError("Cannot follow a redirect here without sending sensitive headers on");
    }
    const isFinal = !isHidden &&
      (mode === "error" ? !REDIRECT_STATUSES.has(response.status) : !isRedirect(response));
    if (isFinal) return redirects === 0 ? response : asRedirected(response, current.url);
    cancelBody(response);
    // A `fetch` that ignores its signal may return after the abort.
    signal?.throwIfAborted();
    if (mode === "error") throw new RedirectError("Cannot follow a redirect as 'redirect' is 'error'");
    if (redirects === MAX_REDIRECTS) {
      throw new RedirectError(`Cannot follow more than ${MAX_REDIRECTS} redirects`);
    }
    const next = redirectedRequest(current, response.status, locationOf(response), sensitive);
    onFollow?.(current, response, next);
    current = next;
  }
}

/**
 * Returns the `Location`. Some servers send it as raw UTF-8, of which `Headers` shows each byte as one character; and a proxy may
 * repeat the field.
 */
function locationOf({ headers }: Response): string {
  const value = headers.get("location")!;
  const [first = "", ...others] = value.split(", ");
  const location = others.every((other) => other === first) ? first : value;
  if (/[^\0-\xff]/.test(location)) return location;
  try {
    const bytes = Uint8Array.from(location, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The bytes are not UTF-8: keep the text unchanged.
    return location;
  }
}

function redirectedRequest(
  request: RedirectedRequest,
  status: number,
  location: string,
  sensitive: ReadonlySet<string>,
): RedirectedRequest {
  const from = new URL(request.url);
  // The parser's error would quote the location with its secrets.
  if (!URL.canParse(location, from)) {
    throw new RedirectError("Cannot follow a redirect as its location is malformed");
  }
  const to = new URL(location, from);
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    throw new RedirectError(`Cannot follow a redirect to '${to.protocol}'`);
  }
  if (to.hash === "") to.hash = from.hash;
  let { method, headers, body } = request;
  const becomesGet = status === 303
    ? method !== "GET" && method !== "HEAD"
    : status < 303 && method === "POST";
  if (becomesGet) {
    method = "GET";
    body = null;
    headers = withoutHeaders(headers, BODY_HEADERS);
  } else if (body instanceof ReadableStream) {
    throw new RedirectError("Cannot follow a redirect as the body is a stream, which can't be sent twice");
  }
  if (to.origin !== from.origin) headers = withoutHeaders(headers, sensitive);
  // Not every runtime sends the user info of a URL, or accepts a URL with user info.
  const { url = to.href, authorization } = splitUserInfo(to.href) ?? {};
  if (authorization !== undefined) headers = mergeHeaders({ authorization }, headers);
  return { url, method, headers, body };
}

/**
 * Marks a response as redirected, as if the runtime had followed the redirects. A response that a program constructed gets the
 * URL that was requested last.
 */
function asRedirected(response: Response, url: string): Response {
  // The response may be one of another implementation, or a proxy, which may replace only configurable functions.
  const { clone } = response;
  return Object.defineProperties(response, {
    redirected: { value: true },
    ...(response.url === "" ? { url: { value: withoutFragment(url) } } : {}),
    clone: { value: () => asRedirected(clone.call(response), url), configurable: true },
  });
}
