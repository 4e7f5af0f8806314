/**
 * Checks the options of a transport before they have any effect.
 *
 * @module
 */

import { assertKnownOptions, type Elsewhere } from "../http/option_hints.ts";
import { shownUrl } from "../http/url.ts";
import {
  argumentError,
  assertClock,
  assertFunction,
  assertOptions,
  assertPositiveInteger,
  assertSwitch,
  secretShapeError,
  shapeError,
} from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";
import { systemClock } from "../primitives/clock.ts";
import type { SenderSettings, TransportRuntime } from "../runtime/transport/contract.ts";
import type { ResolveWhen } from "./dialer.ts";
import { isPem } from "./pem.ts";
import { parseProxy, type ProxyAddress } from "./proxy_address.ts";
import type { ProxyPoolSettings } from "./proxy_pool.ts";
import type { DnsOptions, TransportOptions } from "./transport_options.ts";

/** The checked options of resolving names over HTTPS. */
export interface DnsSettings {
  readonly servers: readonly string[];
  readonly when: ResolveWhen;
  readonly timeoutMs: number;
  readonly maxNegativeTtlMs: number;
}

/** The checked options of a transport. */
export interface TransportSettings {
  readonly sender: SenderSettings;
  readonly connectTimeoutMs: number | undefined;
  readonly proxies:
    | { readonly addresses: readonly ProxyAddress[]; readonly pool: ProxyPoolSettings }
    | undefined;
  readonly dns: DnsSettings | undefined;
  readonly countConnections: boolean;
  readonly clock: Clock;
}

const ACTION = "create transport";
const DOH_SERVERS = ["https://1.1.1.1/dns-query", "https://8.8.8.8/dns-query"];
const PER_ORIGIN =
  "give createClient() { perOrigin: { concurrency } }, which bounds the connections of HTTP/1.1 as well";
const NO_PROXY = "hosts that need no proxy are for a client with another transport";
const ELSEWHERE: Elsewhere = {
  maxConnectionsPerOrigin: PER_ORIGIN,
  maxConnections: "give createClient() { concurrency }, which bounds the connections of HTTP/1.1 as well",
  timeoutMs: "give it to createClient()",
  fetch: "give it to createClient(), in place of a transport",
  urls: "put it into 'proxy'",
  strategy: "put it into 'proxy'",
  cooldownMs: "put it into 'proxy'",
  maxFailures: "put it into 'proxy'",
  doh: "put it into 'dns'",
  when: "put it into 'dns'",
  proxies: "it is called 'proxy'",
  proxyUrl: "it is called 'proxy'",
  ca: "it is called 'caCerts'",
  tls: "its parts are 'caCerts' and 'clientCertificate'",
  cert: "put it into 'clientCertificate'",
  key: "put it into 'clientCertificate'",
  rejectUnauthorized: "name the authority in 'caCerts', so that certificates are checked",
  noProxy: NO_PROXY,
  bypass: NO_PROXY,
  maxSockets: "give createClient() { concurrency }, which bounds the connections of HTTP/1.1 as well",
  poolSize:
    "it is called 'maxIdleConnections', for those that are kept; createClient() has 'concurrency' for the others",
  maxFreeSockets: "it is called 'maxIdleConnections'",
};
/** The labels of PEM blocks with certificates and with keys, as patterns. */
const CERTIFICATES = "CERTIFICATE";
const KEYS = "(?:[A-Z]+ )?PRIVATE KEY";
const NAMES: readonly (keyof TransportOptions)[] = [
  "keepAlive",
  "idleTimeoutMs",
  "maxIdleConnections",
  "http2",
  "caCerts",
  "clientCertificate",
  "connectTimeoutMs",
  "proxy",
  "dns",
  "countConnections",
  "clock",
  "random",
];
const PROXY_NAMES = ["urls", "strategy", "maxFailures", "cooldownMs"];
const DNS_NAMES = ["doh", "when", "timeoutMs", "maxNegativeTtlMs"];
const IN_PROXY: Elsewhere = {
  url: "it is called 'urls', and is an array",
  noProxy: NO_PROXY,
  bypass: NO_PROXY,
};
const IN_DNS: Elsewhere = {
  server: "it is called 'doh'",
  servers: "it is called 'doh'",
  urls: "it is called 'doh'",
};
const STRATEGIES = ["round-robin", "random", "least-failures"];

/**
 * Checks the options of a transport.
 *
 * @param options The options.
 * @param runtime The runtime that has to support them.
 * @returns The checked options, with defaults.
 * @throws {TypeError} If an option does not exist, has the wrong shape, contradicts another one, or is not supported by the
 * runtime.
 * @throws {RangeError} If a number is out of range.
 */
export function readTransportOptions(
  options: TransportOptions,
  runtime: TransportRuntime,
): TransportSettings {
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, NAMES, { elsewhere: ELSEWHERE });
  assertPossible(options, runtime);
  const { connectTimeoutMs, countConnections = false, clock = systemClock, random = Math.random } = options;
  const sender = readSender(options);
  assertDuration("connectTimeoutMs", connectTimeoutMs);
  assertClock(ACTION, "clock", clock);
  assertFunction(ACTION, "random", random);
  const proxies = readProxies(options.proxy, { clock, random });
  const dns = readDns(options.dns);
  assertSwitch(ACTION, "countConnections", countConnections);
  if (proxies !== undefined && dns !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION} as 'dns' must be left out beside 'proxy': proxies resolve names themselves`,
    );
  }
  assertNoSocks(proxies?.addresses ?? [], runtime);
  const timeoutMs = connectTimeoutMs === Infinity ? undefined : connectTimeoutMs;
  return { sender, connectTimeoutMs: timeoutMs, proxies, dns, countConnections, clock };
}

/**
 * Throws for an option that the runtime does not support. This check runs before the others, because a runtime without support
 * for an option may also lack the functions that check it, such as reading Base64.
 */
function assertPossible(
  options: TransportOptions,
  { name: runtimeName, refused }: TransportRuntime,
): void {
  for (const [name, reason] of Object.entries(refused)) {
    const value = options[name as keyof TransportOptions];
    if (value === undefined || value === false && name === "countConnections") continue;
    throw new TypeError(`Cannot ${ACTION} as '${name}' is beyond ${runtimeName}: ${reason}`);
  }
}

function assertNoSocks(
  proxies: readonly ProxyAddress[],
  { name: runtimeName, refusesSocks }: TransportRuntime,
): void {
  const socks = proxies.find(({ kind }) => kind === "socks");
  if (socks !== undefined && refusesSocks !== undefined) {
    throw new TypeError(
      `Cannot ${ACTION} as the proxy ${socks.label} is beyond ${runtimeName}: ${refusesSocks}`,
    );
  }
}

function readSender(options: TransportOptions): SenderSettings {
  const { keepAlive = true, idleTimeoutMs, maxIdleConnections, http2, caCerts = [], clientCertificate } =
    options;
  assertSwitch(ACTION, "keepAlive", keepAlive);
  assertDuration("idleTimeoutMs", idleTimeoutMs);
  if (maxIdleConnections !== undefined) {
    assertPositiveInteger(ACTION, "maxIdleConnections", maxIdleConnections);
  }
  for (const [name, value] of Object.entries({ idleTimeoutMs, maxIdleConnections })) {
    if (keepAlive || value === undefined) continue;
    throw new TypeError(`Cannot ${ACTION} as '${name}' must be left out where 'keepAlive' is false`);
  }
  assertSwitch(ACTION, "http2", http2);
  assertCertificates(caCerts);
  if (clientCertificate !== undefined) {
    const { cert, key } = (clientCertificate ?? {}) as unknown as Record<string, unknown>;
    if (!isPem(cert, CERTIFICATES) || !isPem(key, KEYS)) {
      // The error does not show the value, which may be a key.
      throw new TypeError(`Cannot ${ACTION} as 'clientCertificate' must be { cert, key } with PEM texts`);
    }
  }
  return { caCerts: [...caCerts], clientCertificate, http2, keepAlive, idleTimeoutMs, maxIdleConnections };
}

/** Checks the certificates. The error does not show a wrong value, which may be a key. */
function assertCertificates(caCerts: unknown): void {
  const rule = "must be an array of certificates as PEM texts";
  if (!Array.isArray(caCerts)) {
    const isOne = isPem(caCerts, CERTIFICATES);
    const received = isOne
      ? "one certificate, which belongs into an array"
      : `a value of type ${typeof caCerts}`;
    throw new TypeError(`Cannot ${ACTION} as 'caCerts' ${rule}: received ${received}`);
  }
  const wrong = caCerts.findIndex((text) => !isPem(text, CERTIFICATES));
  if (wrong === -1) return;
  const value: unknown = caCerts[wrong];
  const received = typeof value !== "string"
    ? `a value of type ${typeof value}`
    : value.includes("-----BEGIN")
    ? "a PEM text that is cut, broken, or holds something else"
    : "another text; the contents of a file are meant, not its name";
  throw new TypeError(
    `Cannot ${ACTION} as 'caCerts[${wrong}]' must be a certificate as PEM text: received ${received}`,
  );
}

function readProxies(
  option: TransportOptions["proxy"],
  around: Pick<ProxyPoolSettings, "clock" | "random">,
): TransportSettings["proxies"] {
  if (option === undefined) return undefined;
  const isPool = typeof option === "object" && option !== null && !(option instanceof URL) &&
    !Array.isArray(option);
  const { urls, strategy = "round-robin", maxFailures = 3, cooldownMs = 30_000 } = isPool
    ? option as Exclude<typeof option, URL | readonly unknown[]>
    : { urls: Array.isArray(option) ? option : [option] };
  const name = isPool ? "proxy.urls" : "proxy";
  if (isPool) assertKnownOptions(ACTION, option, PROXY_NAMES, { prefix: "proxy.", elsewhere: IN_PROXY });
  if (!Array.isArray(urls) || urls.length === 0) {
    throw secretShapeError(ACTION, name, "a non-empty array of URLs", urls);
  }
  if (!STRATEGIES.includes(strategy)) {
    throw shapeError(ACTION, "proxy.strategy", "'round-robin', 'random' or 'least-failures'", strategy);
  }
  assertPositiveInteger(ACTION, "proxy.maxFailures", maxFailures);
  assertDuration("proxy.cooldownMs", cooldownMs);
  const addresses = urls.map((url, index) => parseProxy(url, urls.length === 1 ? name : `${name}[${index}]`));
  return { addresses, pool: { ...around, strategy, maxFailures, cooldownMs } };
}

function readDns(option: DnsOptions | undefined): DnsSettings | undefined {
  if (option === undefined) return undefined;
  if (typeof option !== "object" || option === null) {
    throw secretShapeError(ACTION, "dns", "{ doh, when }", option);
  }
  assertKnownOptions(ACTION, option, DNS_NAMES, { prefix: "dns.", elsewhere: IN_DNS });
  const { doh = true, when = "fallback", timeoutMs = 5_000, maxNegativeTtlMs = 30_000 } = option;
  if (doh !== true && (!Array.isArray(doh) || doh.length === 0)) {
    throw secretShapeError(ACTION, "dns.doh", "true, or a non-empty array of URLs", doh);
  }
  if (when !== "fallback" && when !== "always") {
    throw shapeError(ACTION, "dns.when", "'fallback' or 'always'", when);
  }
  assertDuration("dns.timeoutMs", timeoutMs);
  assertDuration("dns.maxNegativeTtlMs", maxNegativeTtlMs);
  const servers = doh === true ? DOH_SERVERS : doh.map(readServer);
  return { servers, when, timeoutMs, maxNegativeTtlMs };
}

/** Checks the URL of a resolver, and removes the template `{?dns}` that some users write at its end. */
function readServer(value: unknown, index: number): string {
  const text = String(value).replace(/\{[?&]dns\}$/, "");
  const url = typeof value === "string" || value instanceof URL ? URL.parse(text) : null;
  const isAllowed = url?.protocol === "https:" ||
    (url?.protocol === "http:" && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname));
  if (url !== null && isAllowed) return url.href;
  const rule = "a URL with https, or with http on this machine";
  throw shapeError(ACTION, `dns.doh[${index}]`, rule, typeof value === "string" ? shownUrl(value) : value);
}

function assertDuration(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value > 0)) return;
  throw argumentError(ACTION, name, "a positive number of milliseconds", value);
}
