/**
 * The options of a transport.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { CertifiedKey } from "../runtime/transport/contract.ts";
import type { ResolveWhen } from "./dialer.ts";
import type { ProxyStrategy } from "./proxy_pool.ts";

/** Several proxies, and the strategy that chooses one for each request. */
export interface ProxyPoolOptions {
  /** The proxies, each with its credentials. */
  readonly urls: readonly (string | URL)[];
  /**
   * How to choose a proxy: in turn, at random, or the one with the fewest failures since its last success. A failure counts for
   * `cooldownMs`.
   * @default {"round-robin"}
   */
  readonly strategy?: ProxyStrategy | undefined;
  /**
   * The number of failures in a row after which a proxy rests. When all proxies rest, the one whose rest ends first is used.
   * @default {3}
   */
  readonly maxFailures?: number | undefined;
  /**
   * How long a proxy rests, in milliseconds.
   * @default {30_000}
   */
  readonly cooldownMs?: number | undefined;
}

/** Options of resolving names over HTTPS. */
export interface DnsOptions {
  /**
   * The resolvers (RFC 8484), preferred first: URLs with https, or with http on this machine. If one can't be reached or sends no
   * proper answer, the next one is asked. That a name does not exist or has no address is a proper answer. `true` stands for
   * those of Cloudflare (`https://1.1.1.1/dns-query`) and Google (`https://8.8.8.8/dns-query`), which learn the names that the
   * program resolves.
   * @default {true}
   */
  readonly doh?: true | readonly (string | URL)[] | undefined;
  /**
   * When to ask the resolvers: only for names that the system does not resolve, or for all names. Addresses and `localhost` need
   * no resolver.
   * @default {"fallback"}
   */
  readonly when?: ResolveWhen | undefined;
  /**
   * How long to wait for one resolver before the next one is asked, in milliseconds.
   * @default {5_000}
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long the transport remembers at most that a name has no address, in milliseconds. It remembers addresses as long as their
   * answers allow, up to a day.
   * @default {30_000}
   */
  readonly maxNegativeTtlMs?: number | undefined;
}

/**
 * Options of `createTransport`, which throws for an option that the runtime does not support. On Deno some options need
 * connections that the transport makes itself: `connectTimeoutMs`, `countConnections`, `dns`, and a `proxy` for https. They go
 * through a local tunnel on 127.0.0.1, which takes three descriptors per connection and bypasses the proxies of the environment.
 * Hosts of `NO_PROXY` are reached without the tunnel.
 */
export interface TransportOptions {
  /**
   * Whether to use a connection for more than one request.
   * @default {true}
   */
  readonly keepAlive?: boolean | undefined;
  /**
   * How long an idle connection stays open, in milliseconds; `Infinity` leaves it to the server. Bun rounds up to steps of 4
   * seconds, and above four minutes to steps of a minute.
   * @default {the runtime's: 90_000 on Deno, 300_000 on Bun}
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * How many idle connections are kept: on Deno for each host, on Bun for each kind (plain, TLS). If more requests run at once
   * than connections are kept, the rest must connect again and again.
   * @default {the runtime's}
   */
  readonly maxIdleConnections?: number | undefined;
  /**
   * Whether to use HTTP/2. By default Deno uses it if the server agrees, and Bun never does. With `true` Bun tries it as well,
   * and falls back to HTTP/1.1 for an origin that does not agree. Until the origin has agreed, Bun sends requests that must not
   * be sent twice with HTTP/1.1. `false` never uses it.
   */
  readonly http2?: boolean | undefined;
  /** Certificates to trust besides those of the runtime, as PEM texts. */
  readonly caCerts?: readonly string[] | undefined;
  /** A certificate for servers that ask for one, and its key, as PEM texts. */
  readonly clientCertificate?: CertifiedKey | undefined;
  /**
   * The time limit for a connection, in milliseconds: for resolving the name, TCP, and the response of a proxy, but not for TLS,
   * which comes afterwards. Deno only. Two steps are not limited: Deno's own look-up of the name before the connection (see
   * `dns`), and Deno's own connection to an HTTP proxy for a URL with http. By default only the request's own limits apply.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * The proxy for requests: an HTTP or HTTPS proxy, on Deno also a SOCKS 5 proxy. Or several proxies, with or without a strategy
   * that chooses one for each request. If a proxy can't be used, the next one is tried, as long as nothing was sent or the method
   * is safe (RFC 9110 §9.2.1). Proxies resolve names themselves. Hosts of the environment's `NO_PROXY` are reached without a
   * proxy.
   */
  readonly proxy?: string | URL | readonly (string | URL)[] | ProxyPoolOptions | undefined;
  /**
   * Resolves names over HTTPS, if the system does not resolve them or in place of the system. Connections are then direct, also
   * those to resolvers, even if the environment has a proxy, and certificates are checked against the name. Deno 2.9 asks the
   * system for each name before it makes a connection, even through a `proxy`, and continues whatever the answer. So a system
   * resolver that does not answer delays each new connection, but no request on an open one. And the system's resolver learns
   * each name, so `dns` does not hide names from it.
   */
  readonly dns?: DnsOptions | undefined;
  /**
   * Whether to count connections that the transport could not see otherwise. Deno only, and only if the environment has no
   * `NO_PROXY`. Without `--allow-env=NO_PROXY,no_proxy` the transport assumes that it may have one.
   * @default {false}
   */
  readonly countConnections?: boolean | undefined;
  /** The source of time. @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** The source of random numbers, from 0 (included) to 1 (excluded). @default {Math.random} */
  readonly random?: (() => number) | undefined;
}
