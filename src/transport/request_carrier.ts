/**
 * Sends requests on runtimes that accept a route (proxy, server name, HTTP/2) with each request.
 *
 * @module
 */

import { isSafeMethod } from "../http/classify.ts";
import type { Route, Sender, SenderSettings, TransportRuntime } from "../runtime/transport/contract.ts";
import type { NamedSender } from "./named_sender.ts";
import type { ProxyExceptions } from "./proxy_exceptions.ts";
import type { PooledProxy, ProxyPool } from "./proxy_pool.ts";
import { refusalOf } from "./dialer.ts";
import { brokenOff, checkForwarded, sendThroughProxies, unreachable } from "./proxy_way.ts";
import {
  type Carrier,
  type FetchInput,
  isRepeatable,
  methodOf,
  type SendOnRoute,
  signalOf,
} from "./sending.ts";

/** The settings of a {@linkcode RequestCarrier}. */
export interface RequestCarrierSettings {
  readonly runtime: TransportRuntime;
  readonly sender: SenderSettings;
  readonly pool: ProxyPool | undefined;
  /** The hosts that the runtime reaches without its proxy. */
  readonly exceptions: ProxyExceptions;
  /** Creates the sender that resolves names, from a function that sends a request on a route. */
  readonly names: ((send: SendOnRoute) => NamedSender) | undefined;
}

const MAX_ORIGINS = 1_024;

/** Sends all requests with one HTTP client of the runtime. */
export class RequestCarrier implements Carrier {
  readonly opened: undefined;
  readonly open: undefined;
  readonly #settings: RequestCarrierSettings;
  readonly #sender: Sender;
  readonly #names: NamedSender | undefined;
  /** Whether an origin speaks HTTP/2, for origins where it was tried. */
  readonly #http2 = new Map<string, boolean>();

  constructor(settings: RequestCarrierSettings) {
    this.#settings = settings;
    this.#sender = settings.runtime.createSender(settings.sender);
    this.#names = settings.names?.((origin, input, init, route) => this.#sendOn(origin, input, init, route));
  }

  async send(url: URL, input: FetchInput, init: RequestInit | undefined): Promise<Response> {
    const { pool, exceptions } = this.#settings;
    if (pool !== undefined) {
      // The runtime reaches this host without a proxy, so the result counts for none of them. Pass one nevertheless, because
      // redirects may lead to hosts that need it.
      if (exceptions.has(url.hostname)) {
        return await this.#sender.fetch(input, init, { proxyUrl: pool.proxies[0]!.address.url });
      }
      return await sendThroughProxies(
        pool,
        { url, input, init },
        (proxy) => this.#sendBy(proxy, url, input, init),
      );
    }
    if (this.#names !== undefined) return await this.#names.send(url, input, init);
    return await this.#sendOn(url.origin, input, init, {});
  }

  async #sendBy(
    { address }: PooledProxy,
    url: URL,
    input: FetchInput,
    init: RequestInit | undefined,
  ): Promise<Response> {
    const { runtime } = this.#settings;
    try {
      const response = await this.#sender.fetch(input, init, { proxyUrl: address.url });
      return url.protocol === "http:" ? checkForwarded(response, address.credentials) : response;
    } catch (error) {
      const status = runtime.tunnelStatus(error);
      if (status !== undefined) throw refusalOf(status === 0 ? undefined : status, address.credentials);
      if (signalOf(input, init)?.aborted) throw error;
      // The runtime resolves and connects only to the proxy, so an error of the connection is the proxy's.
      const isUnreachable = runtime.isUnsent(error) ||
        // An http origin has no certificate, so this one is the proxy's.
        (url.protocol === "http:" && runtime.certificateFault(error) !== undefined);
      throw brokenOff(error, runtime) ?? (isUnreachable ? unreachable(error, runtime) : error);
    }
  }

  /** Sends a request on a route. Tries HTTP/2 if the option asks for it, and only with a request that may be sent a second time. */
  async #sendOn(
    origin: string,
    input: FetchInput,
    init: RequestInit | undefined,
    route: Route,
  ): Promise<Response> {
    const { runtime, sender } = this.#settings;
    const speaks = this.#http2.get(origin);
    const isWanted = sender.http2 === true && origin.startsWith("https:") && speaks !== false &&
      (speaks === true || mayTry(input, init));
    if (!isWanted) return await this.#sender.fetch(input, init, route);
    let response: Response;
    try {
      response = await this.#sender.fetch(input, init, { ...route, http2: true });
    } catch (error) {
      if (speaks === true || !runtime.isHttp2Refused(error)) throw error;
      response = await this.#sender.fetch(input, init, route);
      this.#note(origin, false);
      return response;
    }
    this.#note(origin, true);
    return response;
  }

  #note(origin: string, speaks: boolean): void {
    if (this.#http2.size >= MAX_ORIGINS) this.#http2.clear();
    this.#http2.set(origin, speaks);
  }

  close(): Promise<void> {
    this.#sender.close();
    return Promise.resolve();
  }
}

function mayTry(input: FetchInput, init: RequestInit | undefined): boolean {
  return isSafeMethod(methodOf(input, init)) && isRepeatable(input, init);
}
