/** A running server on this machine. */
export interface HandlerServer extends AsyncDisposable {
  readonly url: string;
}

type Handler = (request: Request) => Response | Promise<Response>;

interface BunServer {
  readonly port: number;
  stop(closeConnections: boolean): Promise<void>;
}

const bun = (globalThis as {
  Bun?: {
    serve(options: { fetch: Handler; hostname: string; port: number; idleTimeout: number }): BunServer;
  };
}).Bun;

/** Starts the runtime's own HTTP server on a free port, with the given handler. */
export function serveHandler(handler: Handler): HandlerServer {
  if (bun !== undefined) {
    // By default Bun ends a response that stands still for ten seconds, as it may on a busy machine.
    const server = bun.serve({ fetch: handler, hostname: "127.0.0.1", port: 0, idleTimeout: 0 });
    return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
  }
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}
