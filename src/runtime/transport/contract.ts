/**
 * The connections that a transport needs of a runtime.
 *
 * @module
 */

/** A client certificate and its key; both are PEM texts. */
export interface CertifiedKey {
  /** The certificate, with the intermediate ones up to its authority. */
  readonly cert: string;
  /** The private key. */
  readonly key: string;
}

/** The fault of a certificate: its issuer is not trusted, it is for another name, it is expired or not valid yet, or something else. */
export type CertificateFailure = "untrusted" | "wrong-name" | "expired" | "invalid";

/** The reason why a certificate was refused. */
export interface CertificateFault {
  /** The kind of the fault, as far as it is known. */
  readonly reason: CertificateFailure;
  /** The runtime's own description. */
  readonly detail: string;
}

/** How a sender opens its connections and keeps them. */
export interface SenderSettings {
  /** Certificates to trust besides those of the system, as PEM texts. */
  readonly caCerts: readonly string[];
  readonly clientCertificate: CertifiedKey | undefined;
  /** Whether to speak HTTP/2; `undefined` leaves it to the runtime. */
  readonly http2: boolean | undefined;
  readonly keepAlive: boolean;
  readonly idleTimeoutMs: number | undefined;
  readonly maxIdleConnections: number | undefined;
  /** The proxy of all requests, with its credentials; only for runtimes whose `fetch` takes no proxy for a single request. */
  readonly proxyUrl?: string | undefined;
}

/** The route of a single request, on runtimes whose `fetch` takes one. */
export interface Route {
  /** The proxy, with its credentials; `false` for none, even if the environment names one. */
  readonly proxyUrl?: string | false | undefined;
  /** The name that the certificate must be for, where the URL has an address instead. */
  readonly serverName?: string | undefined;
  /** Whether to speak HTTP/2. */
  readonly http2?: boolean | undefined;
}

/** Sends requests over connections of its own. */
export interface Sender {
  /** Sends a request as `fetch` does; the route is for runtimes that take one with each request. */
  fetch(input: string | URL | Request, init: RequestInit | undefined, route?: Route): Promise<Response>;
  /** Closes idle connections. */
  close(): void;
}

/** One end of a TCP connection. It does not keep the process alive, because the requests over it do. */
export interface Socket {
  /**
   * Waits for the next bytes; one call at a time.
   *
   * @returns The bytes; `undefined` at the end. It never rejects.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Sends all of the bytes.
   *
   * @returns `false` if the connection is gone. It never rejects.
   */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Sends all bytes that arrive on this socket to another socket, and then ends that one; never rejects. */
  pumpTo(other: Socket): Promise<void>;
  /** Ends the sending direction of the connection. */
  closeWrite(): Promise<void>;
  /** Ends the connection; idempotent. */
  close(): void;
}

/** The other end of a connection. */
export interface Endpoint {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A listening socket. */
export interface SocketListener {
  readonly port: number;
  /** Stops listening; resolves when no `accept` is pending any more. */
  close(): Promise<void>;
}

/** Options of {@linkcode Sockets.startTls}. */
export interface StartTlsOptions {
  /** The name that the certificate must be for. */
  readonly serverName: string;
  /** Certificates to trust besides those of the system, as PEM texts. */
  readonly caCerts: readonly string[];
  readonly signal: AbortSignal;
}

/** Plain TCP. */
export interface Sockets {
  /**
   * Listens on 127.0.0.1, without keeping the process alive.
   *
   * @throws {Error} If it can't.
   */
  listen(onConnection: (socket: Socket) => void): SocketListener;
  /**
   * Connects to an endpoint; the system resolves its name.
   *
   * @throws {unknown} Rejects, with the runtime's error or the reason of the signal.
   */
  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket>;
  /**
   * Starts TLS on a socket of {@linkcode Sockets.connect}, which the caller must not use any more.
   *
   * @throws {unknown} Rejects, with the runtime's error; then, and when the signal aborts, the connection is closed.
   */
  startTls(socket: Socket, options: StartTlsOptions): Promise<Socket>;
  /**
   * Returns the error to report if an error of a socket or a `fetch` means that the process has no descriptor left for another
   * connection; otherwise `undefined`. For an error of a `fetch`, `Runtime.isOutOfDescriptors` recognises the returned one.
   */
  outOfDescriptors(error: unknown): unknown;
  /** Returns whether an error of {@linkcode Sockets.connect} means that the name could not be resolved. */
  isUnresolved(error: unknown): boolean;
}

/** The features of a runtime that a transport uses. */
export interface TransportRuntime {
  /** The name of the runtime in errors. */
  readonly name: string;
  /** The options that the runtime can't offer, each with the reason or an alternative. */
  readonly refused: Readonly<Record<string, string>>;
  /** The reason why the runtime has no SOCKS proxies; `undefined` if it has. */
  readonly refusesSocks: string | undefined;
  /** Whether the runtime's `fetch` prefers HTTP/2 by itself, and opens a connection for each request until an HTTP/2 connection is up. */
  readonly negotiatesHttp2: boolean;
  /**
   * Returns a variable of the environment, which also affects the runtime's `fetch`; `undefined` where it is not set, `null`
   * where it may not be read.
   */
  env(name: string): string | undefined | null;
  /**
   * TCP sockets, if the transport makes connections through a tunnel of its own; `undefined` if each request has a
   * {@linkcode Route} instead.
   */
  readonly sockets: Sockets | undefined;
  /** Creates a sender. */
  createSender(settings: SenderSettings): Sender;
  /** Returns whether an error of a `fetch` means that there was no connection, so that nothing was sent. */
  isUnsent(error: unknown): boolean;
  /**
   * Returns whether an error of a `fetch` means that a connection ended, or that the response is not HTTP. The request may have
   * been sent, unless {@linkcode TransportRuntime.isUnsent} says that it was not.
   */
  isBroken(error: unknown): boolean;
  /** Returns the URL that an error of a `fetch` is about, which may be the target of a redirect; `undefined` if the error does not tell. */
  targetOf(error: unknown): string | undefined;
  /** Returns the fault of a certificate, if an error is about one. */
  certificateFault(error: unknown): CertificateFault | undefined;
  /** Returns whether an error of a `fetch` means that the name could not be resolved. */
  isUnresolved(error: unknown): boolean;
  /**
   * Returns the status with which a proxy has refused a tunnel, as an error of a `fetch` tells it; 0 if the error does not tell
   * the status, and `undefined` for other errors.
   */
  tunnelStatus(error: unknown): number | undefined;
  /** Returns whether an error of a `fetch` means that the server does not speak HTTP/2. */
  isHttp2Refused(error: unknown): boolean;
  /** Returns whether the system can resolve a name. */
  canResolve(host: string): Promise<boolean>;
}
