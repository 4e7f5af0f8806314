/**
 * A runtime for transports that sends nothing over a network.
 *
 * @module
 */

import type { Route, SenderSettings, TransportRuntime } from "../../src/runtime/transport/contract.ts";

/** A request that a transport sent, with the route and settings of its sender. */
export interface SentRequest {
  readonly url: string;
  readonly init: RequestInit;
  readonly route: Route;
  readonly settings: SenderSettings;
}

/** Creates an error as `fetch` throws it, with a `code`. */
export function coded(code: string, more: object = {}): Error {
  return Object.assign(new TypeError(code), { code, ...more });
}

/** A fake runtime, and a record of its use. */
export interface FakeRuntime {
  readonly runtime: TransportRuntime;
  readonly sent: readonly SentRequest[];
  /** Returns the number of senders that were closed. */
  readonly closed: () => number;
}

/** Creates a runtime that answers each request with the result of `answer`; `parts` replaces parts of the runtime. */
export function fakeRuntime(
  answer: (request: SentRequest) => Response | Error,
  parts: Partial<TransportRuntime> = {},
): FakeRuntime {
  const sent: SentRequest[] = [];
  let closed = 0;
  const hasCode = (error: unknown, ...codes: string[]): boolean =>
    codes.includes((error as { readonly code?: string } | null | undefined)?.code ?? "");
  const runtime: TransportRuntime = {
    name: "Fake",
    refused: {},
    refusesSocks: undefined,
    negotiatesHttp2: false,
    env: () => undefined,
    sockets: undefined,
    createSender: (settings) => ({
      fetch(input, init = {}, route = {}) {
        const request = { url: input instanceof Request ? input.url : String(input), init, route, settings };
        sent.push(request);
        const result = answer(request);
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
      },
      close: () => void closed++,
    }),
    isUnsent: (error) => hasCode(error, "ECONNREFUSED", "ENOTFOUND", "ERR_PROXY_TUNNEL"),
    isBroken: (error) => hasCode(error, "ECONNRESET"),
    targetOf: () => undefined,
    certificateFault: (error) =>
      hasCode(error, "CERT_HAS_EXPIRED") ? { reason: "expired", detail: "it has expired" } : undefined,
    isUnresolved: (error) => hasCode(error, "ENOTFOUND"),
    tunnelStatus: (error) => (error as { readonly status?: number }).status,
    isHttp2Refused: (error) => hasCode(error, "EPROTO"),
    canResolve: () => Promise.resolve(false),
    ...parts,
  };
  return { runtime, sent, closed: () => closed };
}

/** The sender settings of a transport without options. */
export const PLAIN_SENDER: SenderSettings = {
  caCerts: [],
  clientCertificate: undefined,
  http2: undefined,
  keepAlive: true,
  idleTimeoutMs: undefined,
  maxIdleConnections: undefined,
};
