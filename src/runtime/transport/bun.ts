/**
 * The connections of Bun, where each request takes a route of its own.
 *
 * @module
 */

import { bunRuntime } from "../bun.ts";
import { codeOf } from "../error_code.ts";
import { nodeModule } from "../node_module.ts";
import type { CertificateFailure, Route, Sender, SenderSettings, TransportRuntime } from "./contract.ts";

/** The part of `Bun.FetchSession` that is used here. */
interface FetchSession {
  close(): void;
}

interface TlsSettings {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
}

/** The part of `globalThis.Bun` that is used here. */
interface BunGlobal {
  readonly FetchSession?: new (init: object) => FetchSession;
  readonly dns: {
    lookup(host: string, options: { readonly backend: "system" }): Promise<readonly unknown[]>;
  };
}

const TRANSPORT_CODES: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EPROTO", // TLS comes before everything else
  "ERR_PROXY_TUNNEL",
]);
const UNRESOLVED_CODES: ReadonlySet<unknown> = new Set(["ENOTFOUND", "EAI_AGAIN", "ENODATA"]);
/** The codes of Bun's errors when a server does not agree to HTTP/2. All of them come before a request is sent. */
const HTTP2_CODES: ReadonlySet<unknown> = new Set(["EPROTO", "HTTP2Unsupported"]);

/** The codes of Bun's errors when a connection ends, or when the response is not HTTP. */
const BROKEN_CODES: ReadonlySet<unknown> = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "EPROTO",
  "ETIMEDOUT",
  "ConnectionClosed",
  "Malformed_HTTP_Response",
]);
/** The faults that BoringSSL finds in certificates (X509_verify_cert_error_string), by Bun's codes. */
const CERTIFICATE_CODES: Readonly<Record<string, CertificateFailure>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "wrong-name",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "expired",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "untrusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "untrusted",
  SELF_SIGNED_CERT_IN_CHAIN: "untrusted",
  CERT_UNTRUSTED: "untrusted",
  CERT_REJECTED: "invalid",
  CERT_REVOKED: "invalid",
  CERT_SIGNATURE_FAILURE: "invalid",
  CERT_CHAIN_TOO_LONG: "invalid",
  INVALID_CA: "invalid",
  INVALID_PURPOSE: "invalid",
  PATH_LENGTH_EXCEEDED: "invalid",
};

/** The part of `node:crypto` that is used here. */
interface NodeCrypto {
  readonly X509Certificate?: new (pem: string) => unknown;
}

/** The part of `node:tls` that is used here. */
interface NodeTls {
  readonly rootCertificates?: readonly string[];
  getCACertificates?(kind: "default"): readonly string[];
}
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function bunGlobal(): BunGlobal {
  return (globalThis as unknown as { Bun: BunGlobal }).Bun;
}

/** Bun. */
export const bunTransport: TransportRuntime = {
  name: "Bun",
  refused: {
    connectTimeoutMs: "Bun has no such timeout; 'timeoutMs' of the client covers the connection as well",
    countConnections: "Bun does not tell of its connections",
  },
  refusesSocks: "Bun speaks to HTTP and HTTPS proxies only",
  negotiatesHttp2: false,
  env: bunRuntime.env,
  sockets: undefined,
  createSender: (settings) => new BunSender(settings),
  isUnsent: (error) => TRANSPORT_CODES.has(codeOf(error)),
  isBroken: (error) => BROKEN_CODES.has(codeOf(error)),
  targetOf: () => undefined,
  certificateFault(error) {
    const reason = CERTIFICATE_CODES[String(codeOf(error))];
    if (reason === undefined) return undefined;
    const { message } = error as Error;
    return { reason, detail: message.includes("://") ? String(codeOf(error)) : message };
  },
  isUnresolved: (error) => UNRESOLVED_CODES.has(codeOf(error)),
  tunnelStatus(error) {
    if (codeOf(error) !== "ERR_PROXY_TUNNEL") return undefined;
    const { status } = error as { readonly status?: unknown };
    return typeof status === "number" ? status : 0;
  },
  isHttp2Refused: (error) => HTTP2_CODES.has(codeOf(error)),
  async canResolve(host) {
    try {
      return (await bunGlobal().dns.lookup(host, { backend: "system" })).length > 0;
    } catch {
      // The reason does not matter: the caller asks the next resolver.
      return false;
    }
  },
};

/** Throws if a certificate can't be read. Bun itself would check certificates only at the first connection, and give no reason. */
function assertReadable(caCerts: readonly string[]): void {
  const { X509Certificate } = nodeModule<NodeCrypto>("node:crypto") ?? {};
  if (X509Certificate === undefined) return;
  const blocks = caCerts.flatMap((text) => text.match(CERTIFICATES) ?? []);
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new TypeError(
        `Cannot create transport as 'caCerts' must hold what can be read: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
}

/** Returns the certificates that Bun trusts by default. Once it is given certificates to trust, it trusts only those. */
function defaultCertificates(): readonly string[] {
  const tls = nodeModule<NodeTls>("node:tls");
  return tls?.getCACertificates?.("default") ?? tls?.rootCertificates ?? [];
}

/** Sends requests over a pool of connections of its own. */
class BunSender implements Sender {
  readonly #session: FetchSession | undefined;
  readonly #tls: TlsSettings | undefined;
  readonly #keepAlive: boolean;

  constructor({ caCerts, clientCertificate, keepAlive, idleTimeoutMs, maxIdleConnections }: SenderSettings) {
    assertReadable(caCerts);
    const tls: TlsSettings = {
      ...(caCerts.length === 0 ? {} : { ca: [...defaultCertificates(), ...caCerts] }),
      ...clientCertificate,
    };
    this.#tls = Object.keys(tls).length === 0 ? undefined : tls;
    this.#keepAlive = keepAlive;
    const { FetchSession } = bunGlobal();
    if (FetchSession === undefined) {
      if (idleTimeoutMs === undefined && maxIdleConnections === undefined) return;
      const name = idleTimeoutMs === undefined ? "maxIdleConnections" : "idleTimeoutMs";
      throw new TypeError(`Cannot create transport as '${name}' needs a Bun that has FetchSession`);
    }
    const pool = {
      // Bun's option is in seconds, and its timer is coarse: it rounds up. Bun accepts any number but Infinity.
      ...(idleTimeoutMs === undefined
        ? {}
        : { idleTimeout: Math.min(idleTimeoutMs / 1_000, Number.MAX_VALUE) }),
      ...(maxIdleConnections === undefined ? {} : { maxIdleSockets: maxIdleConnections }),
    };
    this.#session = new FetchSession({
      keepAlive: keepAlive && Object.keys(pool).length > 0 ? pool : keepAlive,
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
    });
  }

  fetch(
    input: string | URL | Request,
    init: RequestInit | undefined,
    { proxyUrl, serverName, http2 }: Route = {},
  ): Promise<Response> {
    return fetch(input, {
      ...init,
      ...(this.#session === undefined ? {} : { session: this.#session }),
      ...(this.#keepAlive ? {} : { keepalive: false }),
      // The settings of a request replace those of its session as a whole.
      ...(serverName === undefined
        ? this.#session === undefined && this.#tls !== undefined ? { tls: this.#tls } : {}
        : { tls: { ...this.#tls, serverName } }),
      ...(proxyUrl === undefined ? {} : { proxy: proxyUrl }),
      ...(http2 === true ? { protocol: "http2" } : {}),
    } as RequestInit);
  }

  close(): void {
    this.#session?.close();
  }
}
