/**
 * The connections of browsers and of workers at the edge, which decide about them alone.
 *
 * @module
 */

import type { TransportRuntime } from "./contract.ts";

const REASON = "this runtime decides by itself how it connects";

/** A runtime that has a `fetch`, and gives no control over its connections. */
export const webTransport: TransportRuntime = {
  name: "this runtime",
  refused: {
    keepAlive: REASON,
    idleTimeoutMs: REASON,
    maxIdleConnections: REASON,
    http2: REASON,
    caCerts: REASON,
    clientCertificate: REASON,
    connectTimeoutMs: REASON,
    proxy: REASON,
    dns: REASON,
    countConnections: REASON,
  },
  refusesSocks: REASON,
  negotiatesHttp2: false,
  env: () => undefined,
  sockets: undefined,
  createSender: () => ({ fetch: (input, init) => fetch(input, init), close() {} }),
  isUnsent: () => false,
  isBroken: () => false,
  targetOf: () => undefined,
  certificateFault: () => undefined,
  isUnresolved: () => false,
  tunnelStatus: () => undefined,
  isHttp2Refused: () => false,
  canResolve: () => Promise.resolve(true),
};
