/**
 * Sends requests where the runtime's HTTP client makes connections by itself, but can be led through a tunnel.
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

/** What a carrier is made of. */
export interface TunnelCarrierSettings {
  readonly runtime: TransportRuntime;
  readonly sender: SenderSettings;
  /** What connections are made through; `undefined` where nothing is asked for that needs it. */
  readonly tunnel: Tunnel | undefined;
  readonly pool: ProxyPool | undefined;
  /** Hosts that the runtime reaches past its proxy, and so past the tunnel. */
  readonly exceptions: ProxyExceptions;
}

/** Has a client of the runtime for each way. */
export class TunnelCarrier implements Carrier {
  readonly #settings: TunnelCarrierSettings;
  /** By way: a proxy's place, or -1 for none; those that forward http have a key of their own. */
  readonly #senders = new Map<string, Sender>();
  /** Whether requests have gone where connections can't be seen. */
  #isBlind: boolean;

  constructor(settings: TunnelCarrierSettings) {
    this.#settings = settings;
    this.#isBlind = settings.exceptions.mayBeThere || settings.tunnel === undefined;
    // Create one now, so that certificates that are none throw here.
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
    // No proxy is to blame for what comes of that, nor to be praised.
    return this.#senderFor("0", tunnel!.urlFor(0)).fetch(hop.input, hop.init);
  }

  async #sendBy(
    { index, address }: PooledProxy,
    { url, input, init }: TransportRequest,
  ): Promise<Response> {
    const { tunnel, runtime, exceptions } = this.#settings;
    const { kind, credentials, label } = address;
    // Deno forgets them on the way to a proxy over TLS. An origin must not see them that is reached past it.
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
      // The only connection is the one to the proxy.
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

  /** Why the tunnel has made no connection to where the request, or a redirect, leads. */
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

/** Where this process lacks descriptors, no one else is to blame, and none of what was noted of other connections is why. */
function throwOutOfDescriptors(error: unknown, { sockets }: TransportRuntime): void {
  const exhaustion = sockets?.outOfDescriptors(error);
  if (exhaustion !== undefined) throw exhaustion;
}

/** What a caller is told of a connection that could not be made: what it would have been told without a tunnel. */
function toFailure(failure: unknown): unknown {
  if (failure === undefined || failure instanceof HopError || failure instanceof TransportError) {
    return failure;
  }
  if (lacksPermission(failure)) return failure;
  return new TypeError("fetch failed", { cause: failure });
}
