/**
 * What a transport is made of.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { CertifiedKey } from "../runtime/transport/contract.ts";
import type { ResolveWhen } from "./dialer.ts";
import type { ProxyStrategy } from "./proxy_pool.ts";

/** Several proxies, and how one is chosen for each request. */
export interface ProxyPoolOptions {
  /** The proxies, each with its credentials. */
  readonly urls: readonly (string | URL)[];
  /**
   * How one is chosen: in turn, at random, or the one that has failed least since its last success, where a failure is held against it
   * for `cooldownMs`.
   * @default {"round-robin"}
   */
  readonly strategy?: ProxyStrategy | undefined;
  /**
   * After how many failures in a row a proxy rests. When all of them rest, the one whose rest ends first is used.
   * @default {3}
   */
  readonly maxFailures?: number | undefined;
  /**
   * How long it rests, in milliseconds.
   * @default {30_000}
   */
  readonly cooldownMs?: number | undefined;
}

/** How names are resolved over HTTPS. */
export interface DnsOptions {
  /**
   * Which servers to ask (RFC 8484), the preferred one first: URLs with https, or with http on this machine. The next one is asked
   * where one can't be reached or does not answer properly; that a name does not exist, or has no address, is an answer. `true` for those of
   * Cloudflare (`https://1.1.1.1/dns-query`) and Google (`https://8.8.8.8/dns-query`), which learn the names that you ask for.
   * @default {true}
   */
  readonly doh?: true | readonly (string | URL)[] | undefined;
  /**
   * When to ask them: where the system does not resolve a name, or always. Addresses and `localhost` are never asked for.
   * @default {"fallback"}
   */
  readonly when?: ResolveWhen | undefined;
  /**
   * How long one server may take before the next one is asked, in milliseconds.
   * @default {5_000}
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long at most it is remembered that a name has no address, in milliseconds. Addresses are remembered as long as they say, up to
   * a day.
   * @default {30_000}
   */
  readonly maxNegativeTtlMs?: number | undefined;
}

/**
 * Options of `createTransport`. One that the runtime can't do is refused when the transport is made. What needs connections of our own
 * on Deno (`connectTimeoutMs`, `countConnections`, `dns`, and a `proxy` for https) goes through a door on 127.0.0.1, which takes three
 * descriptors a connection and passes over the proxies of the environment; hosts of `NO_PROXY` are reached without it.
 */
export interface TransportOptions {
  /**
   * Whether a connection is used for more than one request.
   * @default {true}
   */
  readonly keepAlive?: boolean | undefined;
  /**
   * How long an idle connection stays open, in milliseconds. Bun rounds up to steps of 4 seconds, and of a minute above four
   * minutes.
   * @default {the runtime's: 90_000 on Deno, 300_000 on Bun}
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * How many idle connections are kept: for each host on Deno; on Bun for each kind (plain, TLS). Fewer than there
   * are requests at once make the rest connect again and again.
   * @default {the runtime's}
   */
  readonly maxIdleConnections?: number | undefined;
  /**
   * Whether HTTP/2 is used. By default it is where the server agrees on Deno, and never on Bun. `true` tries it on Bun as well, and goes
   * back to HTTP/1.1 for an origin that does not agree; what must not be sent twice is sent with HTTP/1.1 until the
   * origin has agreed. `false` never uses it.
   */
  readonly http2?: boolean | undefined;
  /** Certificates to trust besides those of the runtime, as PEM texts. */
  readonly caCerts?: readonly string[] | undefined;
  /** A certificate to show to servers that ask for one, and its key, as PEM texts. */
  readonly clientCertificate?: CertifiedKey | undefined;
  /**
   * How long a connection may take, in milliseconds: resolving the name, TCP, and the response of a proxy; TLS comes after that. Deno only,
   * whose own look-up of the name comes before that (see `dns`), and which itself connects to the HTTP proxy of a URL with http, for any time.
   * By default there is no limit but the request's own.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Where requests go through: an HTTP or HTTPS proxy, on Deno also a SOCKS 5 proxy; several of them; or several and how one is chosen for
   * each request. One that can't be used makes room for the next one, as long as nothing was sent, or the method is safe (RFC 9110 §9.2.1).
   * Proxies resolve names themselves. Hosts of the environment's `NO_PROXY` are reached without one.
   */
  readonly proxy?: string | URL | readonly (string | URL)[] | ProxyPoolOptions | undefined;
  /**
   * How names are resolved where the system does not, or in its place. Connections are straight then, those to resolvers too, also if the
   * environment has a proxy, and certificates are checked against the name. Deno 2.9 itself asks the system for each name before it makes
   * a connection, whatever the way (also through a `proxy`), and goes on whatever the answer: a resolver that is silent delays each
   * connection, but no request on one that is open, and what must not be known to the system's resolver is known to it.
   */
  readonly dns?: DnsOptions | undefined;
  /**
   * Whether connections are counted that could be made without being seen. Deno only, where the environment has no `NO_PROXY`: with
   * `--allow-env=NO_PROXY,no_proxy`, or else it may have one.
   * @default {false}
   */
  readonly countConnections?: boolean | undefined;
  /** The source of time. @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** The source of random numbers, from 0 (included) to 1 (excluded). @default {Math.random} */
  readonly random?: (() => number) | undefined;
}
