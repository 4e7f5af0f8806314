/**
 * Sends requests on runtimes whose HTTP client makes its connections itself, but can use a tunnel as its proxy.
 *
 * @module
 */

import type { Sender, SenderSettings, TransportRuntime } from "../runtime/transport/contract.ts";
import { HopError, lacksPermission } from "./dialer.ts";
import { sendHopByHop } from "./hop_by_hop.ts";
import type { ProxyExceptions } from "./proxy_exceptions.ts";
import type { PooledProxy, ProxyPool } from "./proxy_pool.ts";
import { brokenOff, checkForwarded, sendThroughProxies, unreachable, withCredentials } from "./proxy_way.ts";
import { type Carrier, type FetchInput, signalOf, type TransportRequest } from "./sending.ts";
import { TransportError } from "./transport_errors.ts";
import type { Tunnel } from "./tunnel.ts";

/** The settings of a {@linkcode TunnelCarrier}. */
export interface TunnelCarrierSettings {
  readonly runtime: TransportRuntime;
  readonly sender: SenderSettings;
  /** The tunnel for connections; `undefined` if no option needs it. */
  readonly tunnel: Tunnel | undefined;
  readonly pool: ProxyPool | undefined;
  /** The hosts that the runtime reaches without its proxy, and so without the tunnel. */
  readonly exceptions: ProxyExceptions;
}

/** Sends requests with one HTTP client of the runtime for each route. */
export class TunnelCarrier implements Carrier {
  readonly #settings: TunnelCarrierSettings;
  /**
   * The senders by route: `straight` without a proxy, the index of a proxy, or `forward` and the index for a proxy that forwards
   * http.
   */
  readonly #senders = new Map<string, Sender>();
  /** Whether some connections can't be seen, because they do not go through the tunnel. */
  #isBlind: boolean;

  constructor(settings: TunnelCarrierSettings) {
    this.#settings = settings;
    this.#isBlind = settings.exceptions.mayBeThere || settings.tunnel === undefined;
    // Create one sender now, so that invalid certificates throw here.
    this.#senderFor("straight", settings.pool === undefined ? settings.tunnel?.urlFor(undefined) : undefined);
  }

  get opened(): number | undefined {
    return this.#isBlind ? undefined : this.#settings.tunnel?.opened;
  }

  get open(): number | undefined {
    return this.#isBlind ? undefined : this.#settings.tunnel?.open;
  }

  async send(url: URL, input: FetchInput, init: RequestInit | undefined): Promise<Response> {
    const { pool, tunnel } = this.#settings;
    if (pool !== undefined) {
      return await sendHopByHop({ url, input, init }, (hop) => this.#sendInPool(pool, hop));
    }
    const sender = this.#senders.get("straight")!;
    if (tunnel === undefined) return await sender.fetch(input, init);
    return await this.#sendThroughTunnel(sender, undefined, url, input, init);
  }

  #sendInPool(pool: ProxyPool, hop: TransportRequest): Promise<Response> {
    const { tunnel, exceptions } = this.#settings;
    if (!exceptions.has(hop.url.hostname)) {
      return sendThroughProxies(pool, hop, (proxy) => this.#sendBy(proxy, hop));
    }
    // The runtime reaches this host without a proxy, so the result counts for none of them.
    return this.#senderFor("0", tunnel!.urlFor(0)).fetch(hop.input, hop.init);
  }

  async #sendBy(
    { index, address }: PooledProxy,
    { url, input, init }: TransportRequest,
  ): Promise<Response> {
    const { tunnel, runtime, exceptions } = this.#settings;
    const { kind, credentials, label } = address;
    // Deno does not send the credentials to a proxy over TLS, so they are added as a header. If `NO_PROXY` can't be read, the
    // runtime may bypass the proxy and send that header to the origin: use the tunnel then.
    const own = kind === "https" ? credentials : undefined;
    if (url.protocol === "https:" || kind === "socks" || (own !== undefined && exceptions.areUnknown)) {
      const sender = this.#senderFor(`${index}`, tunnel!.urlFor(index));
      return await this.#sendThroughTunnel(sender, index, url, input, init);
    }
    this.#isBlind = true;
    try {
      const sender = this.#senderFor(`forward ${index}`, own === undefined ? address.url : label);
      return checkForwarded(await sender.fetch(input, withCredentials(input, init, own)), credentials);
    } catch (error) {
      throwOutOfDescriptors(error, runtime);
      // The runtime connects only to the proxy, so an error of the connection is the proxy's.
      if (runtime.isUnsent(error)) throw unreachable(error, runtime);
      throw signalOf(input, init)?.aborted ? error : brokenOff(error, runtime) ?? error;
    }
  }

  async #sendThroughTunnel(
    sender: Sender,
    proxy: number | undefined,
    url: URL,
    input: FetchInput,
    init: RequestInit | undefined,
  ): Promise<Response> {
    const { runtime } = this.#settings;
    try {
      return await sender.fetch(input, init);
    } catch (error) {
      if (signalOf(input, init)?.aborted) throw error;
      throwOutOfDescriptors(error, runtime);
      const failure = runtime.isUnsent(error)
        ? this.#failureOf(proxy, runtime.targetOf(error), url)
        : undefined;
      throw toFailure(failure) ?? (proxy === undefined ? error : brokenOff(error, runtime) ?? error);
    }
  }

  /** Returns the error with which the tunnel failed to connect to the host of the request or of a redirect. */
  #failureOf(proxy: number | undefined, target: string | undefined, asked: URL): unknown {
    const { hostname, port, protocol } = (target === undefined ? null : URL.parse(target)) ?? asked;
    const host = hostname.replace(/^\[|\]$/g, "");
    return this.#settings.tunnel!.failureOf(proxy, host, Number(port) || (protocol === "https:" ? 443 : 80));
  }

  #senderFor(way: string, proxyUrl: string | undefined): Sender {
    const known = this.#senders.get(way);
    if (known !== undefined) return known;
    const { runtime, sender: settings } = this.#settings;
    const sender = runtime.createSender({ ...settings, proxyUrl });
    this.#senders.set(way, sender);
    return sender;
  }

  async close(): Promise<void> {
    for (const sender of this.#senders.values()) sender.close();
    await this.#settings.tunnel?.close();
  }
}

/**
 * Throws the error of a process that is out of descriptors. Neither the proxy nor the origin is at fault then, and the tunnel's
 * errors of other connections are not the reason.
 */
function throwOutOfDescriptors(error: unknown, { sockets }: TransportRuntime): void {
  const exhaustion = sockets?.outOfDescriptors(error);
  if (exhaustion !== undefined) throw exhaustion;
}

/** Returns the error for the caller if a connection could not be made: the same error as without a tunnel. */
function toFailure(failure: unknown): unknown {
  if (failure === undefined || failure instanceof HopError || failure instanceof TransportError) {
    return failure;
  }
  if (lacksPermission(failure)) return failure;
  return new TypeError("fetch failed", { cause: failure });
}
