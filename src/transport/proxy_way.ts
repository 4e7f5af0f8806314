/**
 * The way of a request through one of several proxies.
 *
 * @module
 */

import { cancelBody } from "../http/body.ts";
import { isSafeMethod } from "../http/classify.ts";
import type { TransportRuntime } from "../runtime/transport/contract.ts";
import { HopError, refusalOf } from "./dialer.ts";
import { basicAuthorization } from "./http_connect.ts";
import type { Credentials } from "./proxy_address.ts";
import type { PooledProxy, ProxyPool } from "./proxy_pool.ts";
import { type FetchInput, isRepeatable, methodOf, signalOf, type TransportRequest } from "./sending.ts";
import { markOwn, ProxyError } from "./transport_errors.ts";

interface FailedTry {
  readonly proxy: PooledProxy;
  readonly error: HopError;
}

/**
 * Sends a request through the first proxy that can be used, and tells the pool how each has done. A proxy that can't reach the origin is
 * at fault only if another one can. What may have come to the origin is sent again only if its method is safe.
 *
 * @param pool The proxies.
 * @param request The request.
 * @param send Sends it through one of them, and throws a `HopError` if that proxy could not be used.
 * @returns The response.
 * @throws {ProxyError} If no proxy could be used.
 * @throws {unknown} What `send` throws otherwise.
 */
export async function sendThroughProxies(
  pool: ProxyPool,
  request: TransportRequest,
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
      const { input, init } = request;
      if (!isRepeatable(input, init) || (error.mayBeSent && !isSafeMethod(methodOf(input, init)))) break;
      continue;
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
 * Looks at a response that has come through a proxy without a tunnel, as those of http do.
 *
 * @param credentials What the proxy was told.
 * @returns The same response.
 * @throws {HopError} If it is the proxy's own, which asks for credentials.
 */
export function checkForwarded(response: Response, credentials: Credentials | undefined): Response {
  if (response.status !== 407) return response;
  cancelBody(response);
  throw refusalOf(407, credentials);
}

/** What a proxy did that could not be reached, or whose own certificate is not to be trusted. */
export function unreachable(error: unknown, runtime: TransportRuntime): HopError {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const reason = runtime.certificateFault(error)?.detail ?? code;
  return new HopError(`could not be reached${typeof reason === "string" ? `: ${reason}` : ""}`);
}

/** A request as a proxy gets it that hands it on, with the credentials of the proxy. */
export function withCredentials(
  input: FetchInput,
  init: RequestInit | undefined,
  credentials: Credentials | undefined,
): RequestInit | undefined {
  if (credentials === undefined) return init;
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("proxy-authorization", basicAuthorization(credentials));
  return { ...init, headers };
}

/**
 * What has become of a connection through a proxy that the runtime has broken off: the proxy has made it, and so either it or the
 * origin may be at fault.
 *
 * @param error The runtime's error.
 * @param runtime Understands it.
 * @returns The failure of the proxy; `undefined` if the error is about something else.
 */
export function brokenOff(error: unknown, runtime: TransportRuntime): HopError | undefined {
  if (!runtime.isBroken(error) || runtime.certificateFault(error) !== undefined) return undefined;
  if (runtime.isUnsent(error)) return new HopError("led to no TLS server", { isAboutOrigin: true });
  return new HopError("broke the connection off, or the origin did; the request may have been sent", {
    isAboutOrigin: true,
    mayBeSent: true,
  });
}
