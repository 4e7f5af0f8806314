/**
 * An https server on this machine that supports HTTP/2, and counts its connections. Deno only.
 *
 * @module
 */

/** The server's certificate, for `localhost` and 127.0.0.1. It was made for these tests only. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUZrNYgudFhvV0g3PZ43CkyeOeohIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA2NDMzNFoYDzIxMjYxMDI4
MDY0MzM0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATW1scwOzB3BGB4zoEs9j/CtKzn8/GYhvNY4gFwyoL35UiVcytbt1y9
Am7wuGDOFLskqourDjaECbLclTqAJxLpo2wwajAdBgNVHQ4EFgQU1Zs9ppWtvEpM
TKzcBux8SM8GlvYwHwYDVR0jBBgwFoAU1Zs9ppWtvEpMTKzcBux8SM8GlvYwGgYD
VR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIhAM6K6VKVFG1+QExJc4CEkRv3hfDr7i+kNDRYOhBUzY9oAiAydGhD
fSnDkc83AV4pFjXFjqa0lkzQ7hzfXwac1/Rp6A==
-----END CERTIFICATE-----
`;

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE7YU2PGx5bqSRwrw
Nv4X+i25hXS4uRaDbT/7uQAKHWOhRANCAATW1scwOzB3BGB4zoEs9j/CtKzn8/GY
hvNY4gFwyoL35UiVcytbt1y9Am7wuGDOFLskqourDjaECbLclTqAJxLp
-----END PRIVATE KEY-----
`;

/** A running server. */
export interface TlsServer extends AsyncDisposable {
  readonly url: string;
  /** The number of connections that were opened, including those without a request. */
  readonly connections: number;
  /** The number of requests so far. */
  readonly requests: number;
}

/** Starts a server that answers every request with JSON. */
export function serveTls(): TlsServer {
  let requests = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: CERTIFICATE, key: KEY, onListen: () => {} },
    (request) => Response.json({ requests: ++requests, origin: new URL(request.url).origin }),
  );
  const door = new Door(server.addr.port);
  return {
    url: `https://127.0.0.1:${door.port}`,
    get connections() {
      return door.connections;
    },
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      await door.close();
      await server.shutdown();
    },
  };
}

/** Forwards connections to a port, and counts them: the server itself only reports connections that carry a request. */
class Door {
  connections = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #pipes: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  constructor(port: number) {
    this.#accepting = this.#accept(port);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(port: number): Promise<void> {
    for await (const inside of this.#listener) {
      this.connections++;
      const outside = await Deno.connect({ hostname: "127.0.0.1", port });
      this.#pipes.push(this.#pipe(inside, outside), this.#pipe(outside, inside));
    }
  }

  async #pipe(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    this.#open.add(from);
    try {
      await from.readable.pipeTo(to.writable);
    } catch {
      // One side has closed the connection, which is normal.
    }
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // The connection was already closed with its stream.
      }
    }
    await Promise.all(this.#pipes);
  }
}
