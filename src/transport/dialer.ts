/**
 * Makes TCP connections: directly, to addresses from a resolver, or through a proxy.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import { messageOf } from "../errors.ts";
import type { Endpoint, Socket, Sockets } from "../runtime/transport/contract.ts";
import type { DohResolver } from "./doh_resolver.ts";
import { firstConnected } from "./first_connected.ts";
import { requestTunnel } from "./http_connect.ts";
import { isIpAddress } from "./ip_address.ts";
import { type Credentials, type ProxyAddress, wantedCredentials } from "./proxy_address.ts";
import { SocketReader } from "./socket_reader.ts";
import { requestSocks, SocksRefusal } from "./socks.ts";
import { TransportError } from "./transport_errors.ts";

/** A connection, and the bytes that have already arrived on it. */
export interface Dialed {
  readonly socket: Socket;
  readonly rest: Uint8Array;
}

/** When names are resolved over HTTPS. */
export type ResolveWhen = "fallback" | "always";

/** The settings of a dialer. */
export interface DialerSettings {
  readonly sockets: Sockets;
  readonly clock: Clock;
  /** The time limit for a connection, including the response of a proxy, in milliseconds; `undefined` for none. */
  readonly connectTimeoutMs: number | undefined;
  /** Certificates to trust besides those of the system, for proxies over TLS. */
  readonly caCerts: readonly string[];
  readonly dns: { readonly resolver: DohResolver; readonly when: ResolveWhen } | undefined;
}

/** A proxy could not be used for a connection. */
export class HopError extends Error {
  override readonly name: string = "HopError";
  /** The status of an HTTP proxy's refusal. */
  readonly status: number | undefined;
  /** Whether either the proxy or the origin may be at fault, as when the proxy says that it can't reach the origin. */
  readonly mayBeOriginsFault: boolean;
  /** Whether the origin may have received the request nevertheless. */
  readonly mayBeSent: boolean;

  constructor(message: string, options: HopErrorOptions = {}) {
    super(message);
    this.status = options.status;
    this.mayBeOriginsFault = options.mayBeOriginsFault ?? false;
    this.mayBeSent = options.mayBeSent ?? false;
  }
}

/** Options of {@linkcode HopError}. */
export interface HopErrorOptions {
  readonly status?: number | undefined;
  readonly mayBeOriginsFault?: boolean | undefined;
  readonly mayBeSent?: boolean | undefined;
}

/** The statuses of a proxy that can't reach the origin (RFC 9110 §15.6). */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Creates the error for a proxy's refusal.
 *
 * @param status The status of the response; `undefined` if it had none.
 * @param credentials The credentials that the proxy received.
 */
export function refusalOf(status: number | undefined, credentials: Credentials | undefined): HopError {
  if (status === undefined) return new HopError("did not answer as a proxy does");
  const what = status === 407 ? `${wantedCredentials(credentials)}: 407` : `refused with ${status}`;
  return new HopError(what, { status, mayBeOriginsFault: GATEWAY_STATUSES.has(status) });
}

/** Makes connections. */
export class Dialer {
  readonly #settings: DialerSettings;

  constructor(settings: DialerSettings) {
    this.#settings = settings;
  }

  /**
   * Makes a connection.
   *
   * @param target The host and port to connect to.
   * @param proxy The proxy to connect through; `undefined` for none.
   * @param leaving The signal that ends the attempt.
   * @returns The connection.
   * @throws {HopError} If the proxy could not be used.
   * @throws {TransportError} If the connection took longer than `connectTimeoutMs`, or the name could not be resolved.
   * @throws {unknown} The runtime's error.
   */
  async dial(target: Endpoint, proxy: ProxyAddress | undefined, leaving: AbortSignal): Promise<Dialed> {
    const { clock, connectTimeoutMs } = this.#settings;
    const controller = new AbortController();
    const abort = (): void => controller.abort(leaving.reason);
    leaving.throwIfAborted();
    leaving.addEventListener("abort", abort);
    const timer = connectTimeoutMs === undefined
      ? undefined
      : clock.setTimeout(() => controller.abort(lateness(target, proxy, connectTimeoutMs)), connectTimeoutMs);
    try {
      if (proxy !== undefined) return await this.#dialThrough(proxy, target, controller.signal);
      return { socket: await this.#dialStraight(target, controller.signal), rest: new Uint8Array(0) };
    } catch (error) {
      // An abort may surface as another error. Throw the reason of the abort.
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      if (timer !== undefined) clock.clearTimeout(timer);
      leaving.removeEventListener("abort", abort);
    }
  }

  async #dialStraight(target: Endpoint, signal: AbortSignal): Promise<Socket> {
    const { sockets, dns, clock } = this.#settings;
    const { host, port } = target;
    if (dns === undefined || isIpAddress(host) || isLocalHost(host)) {
      return await sockets.connect(target, signal);
    }
    // Do not ask the system again for a name that it did not know, as long as the resolver's answer is valid.
    if (dns.when === "fallback" && !dns.resolver.known(host)?.length) {
      try {
        return await sockets.connect(target, signal);
      } catch (error) {
        if (signal.aborted || !sockets.isUnresolved(error)) throw error;
      }
    }
    return await firstConnected(await dns.resolver.resolve(host, signal), {
      connect: (address, leaving) => sockets.connect({ host: address, port }, leaving),
      clock,
      signal,
    });
  }

  async #dialThrough(proxy: ProxyAddress, target: Endpoint, signal: AbortSignal): Promise<Dialed> {
    let socket: Socket;
    try {
      socket = await this.#connectTo(proxy, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Missing permissions or descriptors of this process are no fault of the proxy.
      if (lacksPermission(error) || this.#settings.sockets.outOfDescriptors(error) !== undefined) throw error;
      throw new HopError(`could not be reached: ${messageOf(error)}`);
    }
    const close = (): void => socket.close();
    signal.addEventListener("abort", close);
    try {
      const reader = new SocketReader(socket);
      await introduce(proxy, socket, reader, target);
      signal.throwIfAborted();
      return { socket, rest: reader.takeRest() };
    } catch (error) {
      socket.close();
      if (error instanceof SocksRefusal) {
        throw new HopError(error.message, { mayBeOriginsFault: error.isAboutHost });
      }
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  async #connectTo({ host, port, kind }: ProxyAddress, signal: AbortSignal): Promise<Socket> {
    const { sockets, caCerts } = this.#settings;
    const socket = await sockets.connect({ host, port }, signal);
    return kind === "https" ? await sockets.startTls(socket, { serverName: host, caCerts, signal }) : socket;
  }
}

/** Asks a proxy for a connection to the target. */
async function introduce(
  { kind, credentials }: ProxyAddress,
  socket: Socket,
  reader: SocketReader,
  target: Endpoint,
): Promise<void> {
  if (kind === "socks") return await requestSocks(socket, reader, target, credentials);
  const status = await requestTunnel(socket, reader, target, credentials);
  if (status === undefined || status < 200 || status > 299) throw refusalOf(status, credentials);
}

/** Whether a name stands for this machine. Such a name must not be sent to a resolver (RFC 6761 §6.3). */
export function isLocalHost(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host);
}

function lateness({ host, port }: Endpoint, proxy: ProxyAddress | undefined, timeoutMs: number): Error {
  if (proxy !== undefined) return new HopError(`made no connection within 'connectTimeoutMs': ${timeoutMs}`);
  return new TransportError(`Cannot connect to ${host}:${port} within 'connectTimeoutMs': ${timeoutMs}`, {
    hop: "origin",
  });
}

/** Whether an error says that the program lacks a permission. */
export function lacksPermission(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}
