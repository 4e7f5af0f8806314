/**
 * Sends requests to addresses from a resolver, and has the certificate checked against the name.
 *
 * @module
 */

import { mergeHeaders } from "../http/headers.ts";
import { followRedirects, type RedirectedRequest } from "../http/redirect.ts";
import type { TransportRuntime } from "../runtime/transport/contract.ts";
import { isLocalHost, type ResolveWhen } from "./dialer.ts";
import type { DohResolver } from "./doh_resolver.ts";
import { redirectModeOf, SENSITIVE, toFirstHop } from "./hop_by_hop.ts";
import { isIpAddress, toUrlHost } from "./ip_address.ts";
import { CertificateError } from "./transport_errors.ts";
import { type FetchInput, type SendOnRoute, signalOf } from "./sending.ts";

/** The settings of a {@linkcode NamedSender}. */
export interface NamedSenderSettings {
  readonly runtime: TransportRuntime;
  readonly resolver: DohResolver;
  readonly when: ResolveWhen;
}

/** Resolves the host name of each request, and of each redirect, and sends the request to the address. */
export class NamedSender {
  readonly #settings: NamedSenderSettings;
  readonly #send: SendOnRoute;

  constructor(settings: NamedSenderSettings, send: SendOnRoute) {
    this.#settings = settings;
    this.#send = send;
  }

  /** Sends a request, and follows redirects if the request allows it. */
  async send(url: URL, input: FetchInput, init?: RequestInit): Promise<Response> {
    const request = { url, input, init };
    const first = toFirstHop(request);
    const mode = redirectModeOf(request);
    const signal = signalOf(input, init);
    const common: RequestInit = { ...init, redirect: "manual", ...(signal === undefined ? {} : { signal }) };
    if (mode === "manual") return await this.#sendOne(first, common);
    return await followRedirects(first, (next) => this.#sendOne(next, common), {
      sensitive: SENSITIVE,
      mode,
      signal,
    });
  }

  async #sendOne(
    { url: href, method, headers, body }: RedirectedRequest,
    common: RequestInit,
  ): Promise<Response> {
    const url = new URL(href);
    const init: RequestInit = { ...common, method, headers, body };
    if (body instanceof ReadableStream) Object.assign(init, { duplex: "half" });
    const { runtime, resolver, when } = this.#settings;
    const { hostname } = url;
    const straight = (): Promise<Response> => this.#send(url.origin, href, init, { proxyUrl: false });
    if (isIpAddress(hostname) || isLocalHost(hostname)) return await straight();
    // Do not ask the system again for a name that it did not know, as long as the resolver's answer is valid.
    if (when === "fallback" && !resolver.known(hostname)?.length) {
      if (body instanceof ReadableStream) {
        // A stream can be sent only once, so ask the system for the name first.
        if (await runtime.canResolve(hostname)) return await straight();
      } else {
        try {
          return await straight();
        } catch (error) {
          if (!runtime.isUnresolved(error)) throw error;
        }
      }
    }
    return await this.#sendTo(await resolver.resolve(hostname, init.signal ?? undefined), url, init);
  }

  async #sendTo(addresses: readonly string[], url: URL, init: RequestInit): Promise<Response> {
    const headers = mergeHeaders({ host: url.host }, init.headers as Readonly<Record<string, string>>);
    const route = url.protocol === "https:"
      ? { proxyUrl: false, serverName: url.hostname } as const
      : { proxyUrl: false } as const;
    let failure: unknown;
    for (const address of addresses) {
      const target = new URL(url);
      target.hostname = toUrlHost(address);
      try {
        const response = await this.#send(url.origin, target.href, { ...init, headers }, route);
        return Object.defineProperty(response, "url", { value: url.href });
      } catch (error) {
        failure ??= error;
        // The next address may be reachable.
        if (!this.#settings.runtime.isUnsent(error) || init.body instanceof ReadableStream) break;
      }
    }
    const fault = this.#settings.runtime.certificateFault(failure);
    throw fault === undefined ? failure : new CertificateError(url.host, fault, failure);
  }
}
