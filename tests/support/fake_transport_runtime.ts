/**
 * A runtime of transports that sends nothing.
 *
 * @module
 */

import type { Route, SenderSettings, TransportRuntime } from "../../src/runtime/transport/contract.ts";

/** A request that was sent. */
export interface SentRequest {
  readonly url: string;
  readonly init: RequestInit;
  readonly route: Route;
  readonly settings: SenderSettings;
}

/** An error of a `fetch` with a code. */
export function coded(code: string, more: object = {}): Error {
  return Object.assign(new TypeError(code), { code, ...more });
}

/** A runtime, and what it was asked to do. */
export interface FakeRuntime {
  readonly runtime: TransportRuntime;
  readonly sent: readonly SentRequest[];
  /** How many senders were closed. */
  readonly closed: () => number;
}

/** A runtime that answers as it is told; `parts` replaces parts of it. */
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

/** Settings that ask for nothing. */
export const PLAIN_SENDER: SenderSettings = {
  caCerts: [],
  clientCertificate: undefined,
  http2: undefined,
  keepAlive: true,
  idleTimeoutMs: undefined,
  maxIdleConnections: undefined,
};
