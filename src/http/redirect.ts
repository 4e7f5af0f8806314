/**
 * Redirects followed by us, for requests with headers that must not reach another origin and that a runtime would send on.
 *
 * @module
 */

import { cancelBody } from "./body.ts";
import { type HeaderMap, withoutSensitive } from "./headers.ts";
import { parseHttpUrl } from "./url.ts";

const MAX_REDIRECTS = 20;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);
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

/**
 * Sends a request and follows redirects as the fetch standard does (HTTP-redirect fetch), and takes the sensitive headers
 * out as soon as one leads to another origin.
 *
 * @param request The request.
 * @param sensitive Lower-case names of headers that must not reach another origin.
 * @param send Sends one request without following redirects.
 * @returns The first response that is no redirect.
 * @throws {TypeError} If there are more than 20 redirects, or one can't be followed.
 */
export async function followRedirects(
  request: RedirectedRequest,
  sensitive: ReadonlySet<string>,
  send: (request: RedirectedRequest) => Promise<Response>,
): Promise<Response> {
  let current = request;
  for (let redirects = 0;; redirects++) {
    const response = await send(current);
    if (response.type === "opaqueredirect") {
      throw new TypeError("Cannot follow a redirect here without sending sensitive headers on");
    }
    const location = REDIRECT_STATUSES.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return redirects === 0 ? response : asRedirected(response);
    cancelBody(response);
    if (redirects === MAX_REDIRECTS) {
      throw new TypeError(`Cannot follow more than ${MAX_REDIRECTS} redirects`);
    }
    current = redirectedRequest(current, response.status, location, sensitive);
  }
}

function redirectedRequest(
  request: RedirectedRequest,
  status: number,
  location: string,
  sensitive: ReadonlySet<string>,
): RedirectedRequest {
  const from = new URL(request.url);
  // What the parser throws would quote the location with its secrets.
  if (!URL.canParse(location, from)) {
    throw new TypeError("Cannot follow a redirect as its location is malformed");
  }
  const to = parseHttpUrl(new URL(location, from).href);
  if (to.hash === "") to.hash = from.hash;
  let { method, headers, body } = request;
  const becomesGet = status === 303
    ? method !== "GET" && method !== "HEAD"
    : status < 303 && method === "POST";
  if (becomesGet) {
    method = "GET";
    body = null;
    headers = withoutSensitive(headers, BODY_HEADERS);
  } else if (body instanceof ReadableStream) {
    throw new TypeError("Cannot follow a redirect as the body is a stream, which can't be sent twice");
  }
  if (to.origin !== from.origin) headers = withoutSensitive(headers, sensitive);
  return { url: to.href, method, headers, body };
}

/** The response says that it was redirected, as it would have if the runtime had followed. */
function asRedirected(response: Response): Response {
  return Object.defineProperty(response, "redirected", { value: true });
}
