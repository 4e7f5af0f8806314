/**
 * Sends requests on runtimes whose HTTP client makes its connections itself, but can use a tunnel as its proxy.
 *
 * @module
 */

import type { Sender, SenderSettings, TransportRuntime } from "../runtime/transport/contract.ts";
import { HopError, lacksPermission } from "./dialer.ts";
import { sendHopByHop } from "./hop_by_hop.ts";
import { withoutBrackets } from "./ip_address.ts";
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
  /** Sends requests without a pool. */
  readonly #direct: Sender;
  /** Send requests through the tunnel, which connects through a proxy; by the index of the proxy. */
  readonly #connecting = new Map<number, Sender>();
  /** Send http requests to a proxy, which forwards them; by the index of the proxy. */
  readonly #forwarding = new Map<number, Sender>();

  constructor(settings: TunnelCarrierSettings) {
    const { runtime, sender, tunnel, pool } = settings;
    this.#settings = settings;
    // Create this sender also beside a pool, so that invalid certificates throw here.
    const proxyUrl = pool === undefined ? tunnel?.urlFor(undefined) : undefined;
    this.#direct = runtime.createSender({ ...sender, proxyUrl });
  }

  get opened(): number | undefined {
    return this.#bypassesTunnel ? undefined : this.#settings.tunnel?.opened;
  }

  get open(): number | undefined {
    return this.#bypassesTunnel ? undefined : this.#settings.tunnel?.open;
  }

  /** Whether some connections may not go through the tunnel, which then can't count them. */
  get #bypassesTunnel(): boolean {
    return this.#settings.exceptions.mayBeThere || this.#forwarding.size > 0;
  }

  async send(url: URL, input: FetchInput, init: RequestInit | undefined): Promise<Response> {
    const { pool, tunnel } = this.#settings;
    if (pool !== undefined) {
      return await sendHopByHop({ url, input, init }, (hop) => this.#sendInPool(pool, hop));
    }
    if (tunnel === undefined) return await this.#direct.fetch(input, init);
    return await this.#sendThroughTunnel(this.#direct, undefined, url, input, init);
  }

  #sendInPool(pool: ProxyPool, hop: TransportRequest): Promise<Response> {
    const { tunnel, exceptions } = this.#settings;
    if (!exceptions.has(hop.url.hostname)) {
      return sendThroughProxies(pool, hop, (proxy) => this.#sendBy(proxy, hop));
    }
    // The runtime reaches this host without a proxy, so the result counts for none of them.
    return this.#senderOf(this.#connecting, 0, tunnel!.urlFor(0)).fetch(hop.input, hop.init);
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
      const sender = this.#senderOf(this.#connecting, index, tunnel!.urlFor(index));
      return await this.#sendThroughTunnel(sender, index, url, input, init);
    }
    try {
      const sender = this.#senderOf(this.#forwarding, index, own === undefined ? address.url : label);
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
    const host = withoutBrackets(hostname);
    return this.#settings.tunnel!.failureOf(proxy, host, Number(port) || (protocol === "https:" ? 443 : 80));
  }

  #senderOf(senders: Map<number, Sender>, index: number, proxyUrl: string): Sender {
    const known = senders.get(index);
    if (known !== undefined) return known;
    const { runtime, sender: settings } = this.#settings;
    const sender = runtime.createSender({ ...settings, proxyUrl });
    senders.set(index, sender);
    return sender;
  }

  async close(): Promise<void> {
    for (const sender of [this.#direct, ...this.#connecting.values(), ...this.#forwarding.values()]) {
      sender.close();
    }
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
