/**
 * Sends a request through one of several proxies.
 *
 * @module
 */

import { basicAuthorization } from "../http/basic_authorization.ts";
import { cancelBody } from "../http/body.ts";
import { isSafeMethod } from "../http/classify.ts";
import type { TransportRuntime } from "../runtime/transport/contract.ts";
import { HopError, refusalOf } from "./dialer.ts";
import type { Credentials } from "./proxy_address.ts";
import type { PooledProxy, ProxyPool } from "./proxy_pool.ts";
import { type FetchInput, isRepeatable, methodOf, signalOf, type TransportRequest } from "./sending.ts";
import { markOwn, ProxyError } from "./transport_errors.ts";

interface FailedTry {
  readonly proxy: PooledProxy;
  readonly error: HopError;
}

/**
 * Sends a request through the first proxy that can be used, and reports successes and failures to the pool. If a proxy can't
 * reach the origin, it counts as failed only if another proxy can. A request that may have reached the origin is sent again only
 * if its method is safe.
 *
 * @param pool The proxies.
 * @param request The request.
 * @param send Sends the request through one proxy, and throws a `HopError` if that proxy could not be used.
 * @returns The response.
 * @throws {ProxyError} If no proxy could be used.
 * @throws {unknown} Any other error of `send`.
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
      if (!error.mayBeOriginsFault) pool.noteFailure(proxy);
      if (signalOf(request.input, request.init)?.aborted) break;
      const { input, init } = request;
      if (!isRepeatable(input, init) || (error.mayBeSent && !isSafeMethod(methodOf(input, init)))) break;
      continue;
    }
    pool.noteSuccess(proxy);
    for (const { proxy: other, error } of tries) if (error.mayBeOriginsFault) pool.noteFailure(other);
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
  return tries.every((each) => each.error.mayBeOriginsFault) ? error : markOwn(error);
}

/**
 * Checks a response that a proxy has forwarded without a tunnel, as it does for http.
 *
 * @param credentials The credentials that the proxy received.
 * @returns The same response.
 * @throws {HopError} If the response is the proxy's own, and asks for credentials.
 */
export function checkForwarded(response: Response, credentials: Credentials | undefined): Response {
  if (response.status !== 407) return response;
  cancelBody(response);
  throw refusalOf(407, credentials);
}

/** Creates the error for a proxy that could not be reached, or whose own certificate can't be trusted. */
export function unreachable(error: unknown, runtime: TransportRuntime): HopError {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const reason = runtime.certificateFault(error)?.detail ?? code;
  return new HopError(`could not be reached${typeof reason === "string" ? `: ${reason}` : ""}`);
}

/** Adds the credentials of a proxy to a request that the proxy forwards. */
export function withCredentials(
  input: FetchInput,
  init: RequestInit | undefined,
  credentials: Credentials | undefined,
): RequestInit | undefined {
  if (credentials === undefined) return init;
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set("proxy-authorization", basicAuthorization(`${credentials.username}:${credentials.password}`));
  return { ...init, headers };
}

/**
 * Creates the error for a connection through a proxy that broke off. The proxy had made the connection, so either the proxy or
 * the origin may be at fault.
 *
 * @param error The runtime's error.
 * @param runtime The runtime, which interprets the error.
 * @returns The error; `undefined` if the runtime's error has another cause.
 */
export function brokenOff(error: unknown, runtime: TransportRuntime): HopError | undefined {
  if (!runtime.isBroken(error) || runtime.certificateFault(error) !== undefined) return undefined;
  if (runtime.isUnsent(error)) return new HopError("led to no TLS server", { mayBeOriginsFault: true });
  return new HopError("broke the connection off, or the origin did; the request may have been sent", {
    mayBeOriginsFault: true,
    mayBeSent: true,
  });
}
