/**
 * The transport, which makes and keeps connections.
 *
 * @module
 */

import type { ClientTransport, ConnectionStats } from "../http/client_transport.ts";
import "../primitives/dispose_symbols.ts";
import type { TransportRuntime } from "../runtime/transport/contract.ts";
import { pageUrl } from "../runtime/web.ts";
import { currentTransport } from "../runtime/transport/current.ts";
import { createCarrier } from "./carrier.ts";
import { ColdStart } from "./cold_start.ts";
import { readTransportOptions } from "./option_checks.ts";
import { type Carrier, type FetchInput, signalOf } from "./sending.ts";
import { CertificateError, isOwnFailure, TransportClosedError, TransportError } from "./transport_errors.ts";
import type { TransportOptions } from "./transport_options.ts";

/** Makes the connections of one client, of several clients, or only of its own `fetch`. */
export interface Transport extends ClientTransport, AsyncDisposable {
  /**
   * Sends a request like the global `fetch`; works without its object, so it can be passed around. If several requests start to
   * an origin that has no connection yet and may speak HTTP/2, one request goes ahead and the others wait for it, for at most
   * half a second.
   *
   * @throws {ProxyError} Rejects, if no proxy could be used.
   * @throws {ResolverError} Rejects, if the name could not be resolved over HTTPS.
   * @throws {TransportError} Rejects, if no connection was made within `connectTimeoutMs`.
   * @throws {CertificateError} Rejects, if the certificate of the server can't be trusted.
   * @throws {TransportClosedError} Rejects, if the transport is closed before the request, or breaks it off when it is closed.
   * @throws {TypeError} Rejects, as the global `fetch` does.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * Refuses all further requests, and closes the connections that no request uses. The runtime decides whether requests in flight
   * go on until they end, or fail. So close the clients first, which aborts their requests. Calling it again does nothing.
   *
   * @returns A promise that resolves when these connections are closed.
   */
  close(): Promise<void>;
}

/**
 * Creates a transport, which makes and keeps connections. It belongs to the program that creates it; clients that use it do not
 * close it.
 *
 * @param options The differences from the runtime's own `fetch`.
 * @returns The transport.
 * @throws {TypeError} If an option does not exist, has the wrong shape, contradicts another one, or is not supported by the
 * runtime.
 * @throws {RangeError} If a number is out of range.
 *
 * @example A pool of its own, for a client
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { createTransport } from "@slipstream/fetch/transport";
 * import { createSimulatedCdn } from "@slipstream/fetch/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using cdn = createSimulatedCdn({ resources: { "/a.json": "[1]", "/b.json": "[2]" } });
 * const server = await cdn.listen();
 * await using transport = createTransport({ idleTimeoutMs: 30_000 });
 * await using client = createClient({ transport });
 * assertEquals(await client.all([`${server.url}/a.json`, `${server.url}/b.json`]), [[1], [2]]);
 * assertEquals(transport.connectionStats().requests, 2);
 * ```
 */
export function createTransport(options: TransportOptions = {}): Transport {
  return new RuntimeTransport(options, currentTransport);
}

class RuntimeTransport implements Transport {
  readonly negotiatesHttp2: boolean;
  readonly #runtime: TransportRuntime;
  readonly #carrier: Carrier;
  readonly #coldStart: ColdStart | undefined;
  #requests = 0;
  #closed: Promise<void> | undefined;

  constructor(options: TransportOptions, runtime: TransportRuntime) {
    const settings = readTransportOptions(options, runtime);
    this.#runtime = runtime;
    const { http2, idleTimeoutMs } = settings.sender;
    this.negotiatesHttp2 = runtime.negotiatesHttp2 && http2 !== false;
    this.#coldStart = this.negotiatesHttp2 ? new ColdStart(settings.clock, idleTimeoutMs) : undefined;
    this.#carrier = createCarrier(settings, runtime);
  }

  readonly fetch: Transport["fetch"] = (input, init) => this.#fetch(input, init);

  async #fetch(input: FetchInput, init: RequestInit | undefined): Promise<Response> {
    if (this.#closed !== undefined) throw new TransportClosedError();
    const url = new URL(input instanceof Request ? input.url : input, pageUrl());
    // Other URLs, such as `data:`, need no connection.
    if (!/^https?:$/.test(url.protocol)) return await fetch(input, init);
    const coldStart = url.protocol === "https:" ? this.#coldStart : undefined;
    let isAhead = coldStart?.enter(url.origin, signalOf(input, init)) ?? false;
    if (isAhead instanceof Promise) {
      isAhead = await isAhead;
      if (this.#closed !== undefined) throw new TransportClosedError();
    }
    let isAnswered = false;
    try {
      const response = await this.#carrier.send(url, input, init);
      isAnswered = true;
      this.#requests++;
      return response;
    } catch (error) {
      // After a close, the reason says more than the error of a broken connection.
      const isClosed = this.#closed !== undefined && !signalOf(input, init)?.aborted;
      throw isClosed ? new TransportClosedError(error) : this.#explain(error, url);
    } finally {
      if (isAhead) coldStart?.leave(url.origin, isAnswered);
      else if (isAnswered) coldStart?.answered(url.origin);
    }
  }

  /** Turns the error of a refused certificate into a `CertificateError`, which says what to do; returns other errors as they are. */
  #explain(error: unknown, url: URL): unknown {
    const fault = error instanceof TransportError ? undefined : this.#runtime.certificateFault(error);
    if (fault === undefined) return error;
    // A redirect may have led to another host.
    const { host } = URL.parse(this.#runtime.targetOf(error) ?? url.href) ?? url;
    return new CertificateError(host, fault, error);
  }

  isOwnFailure(error: unknown): boolean {
    return isOwnFailure(error);
  }

  connectionStats(): ConnectionStats {
    const { opened, open } = this.#carrier;
    const requests = this.#requests;
    const reused = opened === undefined ? undefined : Math.max(0, requests - opened);
    return {
      requests,
      opened,
      open,
      reused,
      reuseRate: reused === undefined || requests === 0 ? undefined : reused / requests,
    };
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = this.#carrier.close();
      this.#coldStart?.close();
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
