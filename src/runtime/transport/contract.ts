/**
 * What a transport needs of the runtime it runs on.
 *
 * @module
 */

/** A certificate that the client shows, and its key; both are PEM texts. */
export interface CertifiedKey {
  /** The certificate, with those between it and its authority. */
  readonly cert: string;
  /** The private key. */
  readonly key: string;
}

/** What is wrong with a certificate: its issuer is not trusted, it is for another name, its time is over, or something else. */
export type CertificateFailure = "untrusted" | "wrong-name" | "expired" | "invalid";

/** A certificate that was refused. */
export interface CertificateFault {
  /** Why, as far as it is known. */
  readonly reason: CertificateFailure;
  /** What the runtime says. */
  readonly detail: string;
}

/** How a sender makes its connections and keeps them. */
export interface SenderSettings {
  /** Certificates to trust besides those of the system, as PEM texts. */
  readonly caCerts: readonly string[];
  readonly clientCertificate: CertifiedKey | undefined;
  /** `undefined` for what the runtime does by itself. */
  readonly http2: boolean | undefined;
  readonly keepAlive: boolean;
  readonly idleTimeoutMs: number | undefined;
  readonly maxIdleConnections: number | undefined;
  /** The proxy of all requests, with its credentials; only for runtimes that do not take one with each request. */
  readonly proxyUrl?: string | undefined;
}

/** What a single request may say of its way, on runtimes that take it. */
export interface Route {
  /** The proxy, with its credentials; `false` for none, whatever the environment says. */
  readonly proxyUrl?: string | false | undefined;
  /** The name that the certificate is checked against, where the URL has an address. */
  readonly serverName?: string | undefined;
  /** Whether to speak HTTP/2. */
  readonly http2?: boolean | undefined;
}

/** Sends requests over connections of its own. */
export interface Sender {
  /** A `fetch`; the route is for runtimes that take one with each request. */
  fetch(input: string | URL | Request, init: RequestInit | undefined, route?: Route): Promise<Response>;
  /** Closes what is idle. */
  close(): void;
}

/** One end of a TCP connection. It does not keep the process alive: the requests that use it do. */
export interface Socket {
  /**
   * Waits for the next bytes. One read at a time.
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
  /** Sends everything that comes from here to another socket, and then the end; never rejects. */
  pumpTo(other: Socket): Promise<void>;
  /** Says that nothing more will be sent. */
  closeWrite(): Promise<void>;
  /** Ends the connection; idempotent. */
  close(): void;
}

/** Where a connection leads. */
export interface Endpoint {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A listening socket. */
export interface SocketListener {
  readonly port: number;
  /** Stops listening; resolves when nothing waits any more. */
  close(): Promise<void>;
}

/** How TLS begins. */
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
   * Connects; a name is resolved by the system.
   *
   * @throws {unknown} Rejects, with the runtime's error or the reason of the signal.
   */
  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket>;
  /**
   * Begins TLS on a socket of {@linkcode Sockets.connect}, which is not to be used any more.
   *
   * @throws {unknown} Rejects, with the runtime's error; the connection is closed then, as it is when the signal aborts.
   */
  startTls(socket: Socket, options: StartTlsOptions): Promise<Socket>;
  /**
   * An error, of these or of a `fetch`, if it says that the process has no descriptor left for another connection: that of a `fetch` as
   * clients know it.
   */
  outOfDescriptors(error: unknown): unknown;
  /** Whether an error of {@linkcode Sockets.connect} says that the name could not be resolved. */
  isUnresolved(error: unknown): boolean;
}

/** What a transport uses of its runtime. */
export interface TransportRuntime {
  /** What errors call it. */
  readonly name: string;
  /** The options that it can't do, each with the reason or the way out. */
  readonly refused: Readonly<Record<string, string>>;
  /** Why it has no SOCKS proxies, if it has none. */
  readonly refusesSocks: string | undefined;
  /** Whether its `fetch` prefers HTTP/2 by itself, and opens a connection a request as long as none is up. */
  readonly negotiatesHttp2: boolean;
  /** A variable of the environment, which a `fetch` goes by as well; `undefined` where it is not set, `null` where it may not be read. */
  env(name: string): string | undefined | null;
  /** TCP, if connections are made in the way of a tunnel; otherwise each request has a {@linkcode Route}. */
  readonly sockets: Sockets | undefined;
  /** Makes a sender. */
  createSender(settings: SenderSettings): Sender;
  /** Whether an error of a `fetch` says that there was no connection, so that nothing was sent. */
  isUnsent(error: unknown): boolean;
  /**
   * Whether an error of a `fetch` says that a connection ended, or brought what is not HTTP: the request may have been sent, if
   * {@linkcode TransportRuntime.isUnsent} does not say otherwise.
   */
  isBroken(error: unknown): boolean;
  /** The URL that an error of a `fetch` is about, which redirects may have led to; `undefined` if it does not say. */
  targetOf(error: unknown): string | undefined;
  /** What is wrong with a certificate, if that is what an error says. */
  certificateFault(error: unknown): CertificateFault | undefined;
  /** Whether an error of a `fetch` says that the name could not be resolved. */
  isUnresolved(error: unknown): boolean;
  /** The status with which a proxy has refused to make a tunnel, as an error of a `fetch` says it. */
  tunnelStatus(error: unknown): number | undefined;
  /** Whether an error of a `fetch` says that the server does not speak HTTP/2. */
  isHttp2Refused(error: unknown): boolean;
  /** Whether the system resolves a name. */
  canResolve(host: string): Promise<boolean>;
}
