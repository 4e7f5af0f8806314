/**
 * The way of a request through one of several proxies.
 *
 * @module
 */

import { cancelBody } from "../http/body.ts";
import { HopError, refusalOf } from "./dialer.ts";
import type { PooledProxy, ProxyPool } from "./proxy_pool.ts";
import { type FetchInput, isRepeatable, signalOf } from "./sending.ts";
import { markOwn, ProxyError } from "./transport_errors.ts";

/** A request to send. */
export interface ProxiedRequest {
  readonly url: URL;
  readonly input: FetchInput;
  readonly init: RequestInit | undefined;
}

interface FailedTry {
  readonly proxy: PooledProxy;
  readonly error: HopError;
}

/**
 * Sends a request through the first proxy that can be used, and tells the pool how each has done. A proxy that can't reach the origin is
 * at fault only if another one can.
 *
 * @param pool The proxies.
 * @param request The request.
 * @param send Sends it through one of them; what it throws of the class `HopError` says that nothing was sent to the origin.
 * @returns The response.
 * @throws {ProxyError} If no proxy could be used.
 * @throws {unknown} What `send` throws otherwise.
 */
export async function sendThroughProxies(
  pool: ProxyPool,
  request: ProxiedRequest,
  send: (proxy: PooledProxy) => Promise<Response>,
): Promise<Response> {
  const tries: FailedTry[] = [];
  for (const proxy of pool.candidates()) {
    let response: Response;
    try {
      response = await send(proxy);
    } catch (error) {
      if (!(error instanceof HopError)) throw error;
      tries.push({ proxy, error });
      if (!error.isAboutOrigin) pool.noteFailure(proxy);
      if (signalOf(request.input, request.init)?.aborted) break;
      if (isRepeatable(request.input, request.init)) continue;
      break;
    }
    pool.noteSuccess(proxy);
    for (const { proxy: other, error } of tries) if (error.isAboutOrigin) pool.noteFailure(other);
    return response;
  }
  throw toProxyError(request.url, tries);
}

function toProxyError(url: URL, tries: readonly FailedTry[]): ProxyError {
  const failures = tries.map(({ proxy, error: { message, status } }) => ({
    proxy: proxy.address.label,
    failure: message,
    ...(status === undefined ? {} : { status }),
  }));
  const error = new ProxyError(url.host, failures);
  return tries.every((each) => each.error.isAboutOrigin) ? error : markOwn(error);
}

/**
 * Looks at an answer that has come through a proxy without a tunnel, as those of http do.
 *
 * @returns The same response.
 * @throws {HopError} If it is the proxy's own, which asks for credentials.
 */
export function checkForwarded(response: Response): Response {
  if (response.status !== 407) return response;
  cancelBody(response);
  throw refusalOf(407);
}

/** What a proxy did that could not be reached. */
export function unreachable(error: unknown): HopError {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return new HopError(`could not be reached${typeof code === "string" ? `: ${code}` : ""}`);
}
