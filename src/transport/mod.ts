/**
 * Transports make and keep connections. They offer connection pools, HTTP/2, certificates, proxies, and names resolved over HTTPS
 * where the system does not resolve them. A program that needs none of these needs no transport: the runtime's own `fetch` is
 * enough.
 *
 * @example A transport that resolves names by itself, if the system does not
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { createTransport } from "@slipstream/fetch/transport";
 * import { createSimulatedCdn } from "@slipstream/fetch/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using cdn = createSimulatedCdn({ resources: { "/a.json": "[1]", "/b.json": "[2]" } });
 * const server = await cdn.listen();
 * await using transport = createTransport({ dns: { when: "fallback" } });
 * await using client = createClient({ transport });
 * assertEquals((await client.fetch(`${server.url}/a.json`)).ok, true);
 * ```
 *
 * @module
 */

export type { ClientTransport, ConnectionStats } from "../http/client_transport.ts";
export { NetworkError, type SlipstreamError, type SlipstreamErrorOptions } from "../errors.ts";
export type { Clock, TimerHandle } from "../primitives/clock.ts";
export type { CertificateFailure, CertificateFault, CertifiedKey } from "../runtime/transport/contract.ts";
export type { ResolveWhen } from "./dialer.ts";
export type { ProxyStrategy } from "./proxy_pool.ts";
export { createTransport, type Transport } from "./transport.ts";
export {
  CertificateError,
  ProxyError,
  type ProxyFailure,
  ResolverError,
  type ResolverFailure,
  TransportClosedError,
  TransportError,
  type TransportErrorOptions,
  type TransportHop,
} from "./transport_errors.ts";
export type { DnsOptions, ProxyPoolOptions, TransportOptions } from "./transport_options.ts";
