/**
 * Follows redirects hop by hop, because each hop may need another route.
 *
 * @module
 */

import { DEFAULT_SENSITIVE_HEADERS, type HeaderInput, sensitiveNames, toHeaderMap } from "../http/headers.ts";
import { followRedirects, type RedirectedRequest } from "../http/redirect.ts";
import { methodOf, signalOf, type TransportRequest } from "./sending.ts";

const SENSITIVE = sensitiveNames(DEFAULT_SENSITIVE_HEADERS);

/**
 * Sends a request, and follows redirects if the request allows it. The first hop is sent unchanged, because reading the body of a
 * `Request` would turn it into a stream.
 *
 * @param request The request.
 * @param send Sends one hop, without following redirects.
 * @returns The response.
 * @throws {RedirectError} If a redirect can't be followed.
 * @throws {unknown} The error of `send`, or the reason of the signal.
 */
export async function sendHopByHop(
  request: TransportRequest,
  send: (hop: TransportRequest) => Promise<Response>,
): Promise<Response> {
  const { url, input, init } = request;
  const own = input instanceof Request ? input : undefined;
  const mode = init?.redirect ?? own?.redirect ?? "follow";
  if (mode === "manual") return await send(request);
  const common: RequestInit = { ...init, redirect: "manual" };
  const first = await send({ url, input, init: common });
  const signal = signalOf(input, init);
  const asked: RedirectedRequest = {
    url: url.href,
    method: methodOf(input, init),
    headers: toHeaderMap((init?.headers ?? own?.headers) as HeaderInput | undefined, "the request"),
    body: init?.body ?? own?.body ?? null,
  };
  const sendNext = ({ url: href, method, headers, body }: RedirectedRequest): Promise<Response> =>
    send({
      url: new URL(href),
      input: href,
      init: { ...common, method, headers, body, ...(signal === undefined ? {} : { signal }) },
    });
  return await followRedirects(asked, sendNext, { sensitive: SENSITIVE, mode, signal, first });
}
