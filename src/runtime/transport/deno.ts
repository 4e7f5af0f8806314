/**
 * The connections of Deno: HTTP clients, and TCP for a tunnel in between.
 *
 * @module
 */

import { denoRuntime } from "../deno.ts";
import { codeOf, isOutOfDescriptors } from "../error_code.ts";
import { denoFolders } from "../folders/deno.ts";
import type {
  CertificateFailure,
  Endpoint,
  Sender,
  SenderSettings,
  Socket,
  SocketListener,
  Sockets,
  TransportRuntime,
} from "./contract.ts";

/** The only address to listen on. */
const LOOPBACK = "127.0.0.1";
const BUFFER_BYTES = 65_536;
/** How long the listener pauses after a connection that it could not accept, in milliseconds. */
const ACCEPT_PAUSE_MS = 20;
const FAULTS: readonly (readonly [RegExp, CertificateFailure])[] = [
  [/^UnknownIssuer|^CaUsedAsEndEntity/, "untrusted"],
  [/not valid for name|^NotValidForName/i, "wrong-name"],
  [/expired|not valid (?:yet|until)/i, "expired"],
];

/** The texts of Deno's errors in HTTP, in TLS, and of sockets. */
const BROKEN = /client error \(|^peer closed connection|\(os error \d+\)$/;

/** Deno's TCP sockets. */
const denoSockets: Sockets = {
  listen: (onConnection) => new DenoListener(onConnection),
  async connect({ host, port }: Endpoint, signal: AbortSignal) {
    return new DenoSocket(await Deno.connect({ hostname: host, port, signal }));
  },
  async startTls(socket, { serverName, caCerts, signal }) {
    const { connection } = socket as DenoSocket;
    const options = { hostname: serverName, caCerts: [...caCerts] };
    const tls = new DenoSocket(await Deno.startTls(connection as Deno.TcpConn, options));
    const close = (): void => tls.close();
    signal.addEventListener("abort", close);
    try {
      signal.throwIfAborted();
      await (tls.connection as Deno.TlsConn).handshake();
      return tls;
    } catch (error) {
      tls.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
    }
  },
  outOfDescriptors(error) {
    if (isOutOfDescriptors(error) || denoRuntime.isOutOfDescriptors(error)) return error;
    // The SOCKS proxy of a client is a listener of this process. If the client can't reach it, the process had no descriptor for
    // the connection.
    const text = causeText(error);
    if (!text.endsWith(": Proxy server unreachable")) return undefined;
    return new TypeError("fetch failed", { cause: new Error(`${text} (os error 24)`, { cause: error }) });
  },
  // All other errors of a connection have a class or a code of their own.
  isUnresolved: (error) => error instanceof Error && error.name === "Error" && codeOf(error) === undefined,
};

/** Deno. */
export const denoTransport: TransportRuntime = {
  name: "Deno",
  refused: {},
  refusesSocks: undefined,
  negotiatesHttp2: true,
  env: denoFolders.env,
  sockets: denoSockets,
  createSender: (settings) => new DenoSender(settings),
  isUnsent(error) {
    return causeText(error).includes("client error (Connect)");
  },
  isBroken: (error) => BROKEN.test(causeText(error)),
  targetOf: (error) => / for url \((\S+)\):/.exec(causeText(error))?.[1],
  certificateFault(error) {
    // rustls tells the fault in the message of the error, or of its cause for an error of a `fetch`.
    const text = `${error instanceof Error ? error.message : ""} ${causeText(error)}`;
    const detail = /invalid peer certificate: (.*\S)/.exec(text)?.[1];
    if (detail === undefined) return undefined;
    const [, reason = "invalid"] = FAULTS.find(([pattern]) => pattern.test(detail)) ?? [];
    return { reason, detail };
  },
  isUnresolved: () => false,
  tunnelStatus: () => undefined,
  isHttp2Refused: () => false,
  canResolve: () => Promise.resolve(true),
};

/** Returns the message of an error's cause. Deno's errors of `fetch` have no code, only this text. */
function causeText(error: unknown): string {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message : "";
}

function createClient(settings: SenderSettings): Deno.HttpClient {
  try {
    return Deno.createHttpClient(clientOptions(settings));
  } catch (error) {
    const { caCerts, clientCertificate } = settings;
    if (!(error instanceof TypeError) || (caCerts.length === 0 && clientCertificate === undefined)) {
      throw error;
    }
    const rule = "'caCerts' and 'clientCertificate' must hold what can be read";
    throw new TypeError(`Cannot create transport as ${rule}: ${error.message}`, { cause: error });
  }
}

function clientOptions(
  { caCerts, clientCertificate, http2, keepAlive, idleTimeoutMs, maxIdleConnections, proxyUrl }:
    SenderSettings,
): Deno.CreateHttpClientOptions {
  return {
    caCerts: [...caCerts],
    allowHost: true,
    ...clientCertificate,
    ...(http2 === undefined ? {} : { http2 }),
    ...(maxIdleConnections === undefined ? {} : { poolMaxIdlePerHost: maxIdleConnections }),
    ...(keepAlive ? {} : { poolMaxIdlePerHost: 0 }),
    ...(idleTimeoutMs === undefined
      ? {}
      : { poolIdleTimeout: idleTimeoutMs === Infinity ? false : Math.ceil(idleTimeoutMs) }),
    ...(proxyUrl === undefined ? {} : { proxy: toProxy(proxyUrl) }),
  };
}

/**
 * Turns the URL of a proxy into Deno's form. In the URL of an HTTP proxy, Deno ignores a user name without a password, so pass
 * both separately.
 */
function toProxy(text: string): Deno.Proxy {
  const url = new URL(text);
  const { protocol, username, password } = url;
  if (!/^https?:$/.test(protocol) || (username === "" && password === "")) return { url: text };
  url.username = url.password = "";
  const basicAuth = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { url: url.href, basicAuth };
}

class DenoSender implements Sender {
  readonly #settings: SenderSettings;
  readonly #client: Deno.HttpClient;
  /**
   * The client for requests with a `Host` header. It does without HTTP/2, which would send the host of the URL as well (RFC 9113
   * §8.3.1).
   */
  #hostClient: Deno.HttpClient | undefined;

  constructor(settings: SenderSettings) {
    this.#settings = settings;
    this.#client = createClient(settings);
  }

  fetch(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const client = namesHost(init?.headers ?? (input instanceof Request ? input.headers : {}))
      ? this.#hostClient ??= createClient({ ...this.#settings, http2: false })
      : this.#client;
    return fetch(input, { ...init, client });
  }

  close(): void {
    this.#client.close();
    this.#hostClient?.close();
  }
}

function namesHost(headers: HeadersInit): boolean {
  if (headers instanceof Headers) return headers.has("host");
  if (Array.isArray(headers)) return headers.some(([name = ""]) => isHost(name));
  for (const name in headers) {
    if (isHost(name)) return true;
  }
  return false;
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === "host";
}

class DenoListener implements SocketListener {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(onConnection: (socket: Socket) => void) {
    this.#listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
    this.#listener.unref();
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept(onConnection);
  }

  async #accept(onConnection: (socket: Socket) => void): Promise<void> {
    while (!this.#isClosed) {
      try {
        for await (const connection of this.#listener) onConnection(new DenoSocket(connection));
      } catch {
        // There is no descriptor left, or the peer has gone. Other connections are waiting, and the next one may be accepted.
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // The process must not end before `close()` has resolved for its callers.
    this.#listener.ref();
    this.#listener.close();
    await this.#accepting;
  }
}

class DenoSocket implements Socket {
  readonly connection: Deno.TcpConn | Deno.TlsConn;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  constructor(connection: Deno.TcpConn | Deno.TlsConn) {
    this.connection = connection;
    connection.unref();
    try {
      // Small messages must not wait for the acknowledgement of the one before (RFC 896).
      if ("setNoDelay" in connection) connection.setNoDelay();
    } catch {
      // The peer has left already, which the first read will tell.
    }
  }

  async read(): Promise<Uint8Array | undefined> {
    this.#buffer ??= new Uint8Array(BUFFER_BYTES);
    try {
      const count = await this.connection.read(this.#buffer);
      return count === null ? undefined : this.#buffer.slice(0, count);
    } catch {
      // However the connection has ended, there is nothing more to read.
      return undefined;
    }
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let sent = 0; sent < bytes.length;) sent += await this.connection.write(bytes.subarray(sent));
      return true;
    } catch {
      // However the connection has ended, the bytes did not arrive.
      return false;
    }
  }

  async pumpTo(other: DenoSocket): Promise<void> {
    const buffer = this.#buffer ??= new Uint8Array(BUFFER_BYTES);
    try {
      for (;;) {
        const count = await this.connection.read(buffer);
        if (count === null) return await other.closeWrite();
        for (let sent = 0; sent < count;) sent += await other.connection.write(buffer.subarray(sent, count));
      }
    } catch {
      // If one connection breaks, break the other one too.
      this.close();
      other.close();
    }
  }

  async closeWrite(): Promise<void> {
    try {
      await this.connection.closeWrite();
    } catch {
      // The peer has closed the connection already.
      this.close();
    }
  }

  close(): void {
    try {
      this.connection.ref();
      this.connection.close();
    } catch {
      // The connection is closed already, or has become a TLS connection.
    }
  }
}
