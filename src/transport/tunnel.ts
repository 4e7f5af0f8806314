/**
 * A SOCKS 5 server on this machine, through which the runtime's own HTTP client makes its connections. It serves runtimes whose
 * client lets no other code make them. With SOCKS 5, TLS and the check of the certificate stay between the client and the origin.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { Socket, SocketListener, Sockets } from "../runtime/transport/contract.ts";
import type { Dialer } from "./dialer.ts";
import type { ProxyAddress } from "./proxy_address.ts";
import { SocketReader } from "./socket_reader.ts";
import { acceptSocks, replySocks, SOCKS_SUCCEEDED, SOCKS_UNREACHABLE } from "./socks.ts";

/** The settings of a tunnel. */
export interface TunnelSettings {
  readonly sockets: Sockets;
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** The proxies that clients may ask for, by their index. */
  readonly proxies: readonly ProxyAddress[];
}

/** How long a client may take for its handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const MAX_FAILURES = 1_024;
const STRAIGHT = "straight";
/** The reason for giving up a connection whose client has left. */
const LEFT = new Error("The client has left");

/** The bytes that have arrived before the connection is joined. */
interface Begun {
  /** Bytes that the client sent with its request. */
  readonly early: Uint8Array;
  /** The client's next bytes; `undefined` if it leaves. */
  readonly next: Promise<Uint8Array | undefined>;
  /** Bytes that have arrived from the origin. */
  readonly rest: Uint8Array;
}

/** Makes connections for clients that know the tunnel's password. */
export class Tunnel {
  /** How many connections to origins were made. */
  opened = 0;
  /** How many connections to origins are open. */
  open = 0;
  readonly #settings: TunnelSettings;
  readonly #listener: SocketListener;
  readonly #password = crypto.randomUUID();
  /** The controllers that end the connections being made. */
  readonly #dialing = new Set<AbortController>();
  #isClosed = false;
  readonly #serving = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();
  /** Why the latest connection to a host could not be made, by route and host. */
  readonly #failures = new Map<string, unknown>();

  /**
   * Creates a tunnel, which listens at once.
   *
   * @throws {Error} If the runtime can't, or may not, listen.
   */
  constructor(settings: TunnelSettings) {
    this.#settings = settings;
    this.#listener = settings.sockets.listen((socket) => this.#accept(socket));
  }

  /**
   * Returns the URL that a client uses as its proxy. The tunnel then connects through the proxy with this index; with `undefined`
   * it connects directly.
   */
  urlFor(proxy: number | undefined): string {
    return `socks5h://${proxy ?? STRAIGHT}:${this.#password}@127.0.0.1:${this.#listener.port}`;
  }

  /** Returns the error of the latest connection to a host; `undefined` if the connection was made. */
  failureOf(proxy: number | undefined, host: string, port: number): unknown {
    return this.#failures.get(keyOf(`${proxy ?? STRAIGHT}`, host, port));
  }

  /** Breaks all connections, and resolves when all are closed; idempotent. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      for (const dialing of this.#dialing) dialing.abort(new TypeError("The transport was closed"));
      for (const socket of this.#sockets) socket.close();
      await this.#listener.close();
    }
    await Promise.all(this.#serving);
  }

  #accept(client: Socket): void {
    this.#sockets.add(client);
    const served = this.#serve(client).finally(() => {
      client.close();
      this.#sockets.delete(client);
      this.#serving.delete(served);
    });
    this.#serving.add(served);
  }

  async #serve(client: Socket): Promise<void> {
    const { clock, dialer, proxies } = this.#settings;
    const reader = new SocketReader(client);
    const timer = clock.setTimeout(() => client.close(), HANDSHAKE_MS);
    const request = await acceptSocks(client, reader, this.#password)
      .finally(() => clock.clearTimeout(timer));
    if (request === undefined || this.#isClosed) return;
    const { username, host, port } = request;
    const key = keyOf(username, host, port);
    const dialing = new AbortController();
    this.#dialing.add(dialing);
    // The client sends nothing before the connection is made, but it may leave: give up the connection then.
    const next = client.read();
    const left = next.then((bytes) => bytes === undefined && dialing.abort(LEFT));
    try {
      const proxy = username === STRAIGHT ? undefined : proxies[Number(username)];
      const { socket, rest } = await dialer.dial(request, proxy, dialing.signal)
        .finally(() => this.#dialing.delete(dialing));
      this.#failures.delete(key);
      await this.#join(client, socket, { early: reader.takeRest(), next, rest });
    } catch (error) {
      if (error === LEFT) return;
      // The code that has sent the request finds the error with `failureOf`.
      this.#note(key, error);
      await replySocks(client, SOCKS_UNREACHABLE);
      client.close();
      await left;
    }
  }

  #note(key: string, error: unknown): void {
    if (this.#failures.size >= MAX_FAILURES) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(key, error);
  }

  /** Passes bytes on in both directions until one side has left. */
  async #join(client: Socket, origin: Socket, { early, next, rest }: Begun): Promise<void> {
    this.#sockets.add(origin);
    this.opened++;
    this.open++;
    try {
      await replySocks(client, SOCKS_SUCCEEDED);
      if (early.length > 0) await origin.write(early);
      if (rest.length > 0) await client.write(rest);
      const answers = origin.pumpTo(client);
      const first = await next;
      if (first !== undefined) await origin.write(first);
      // An HTTP client that has ended its side does not wait for a response either.
      if (first !== undefined) await client.pumpTo(origin);
      origin.close();
      await answers;
    } finally {
      origin.close();
      this.#sockets.delete(origin);
      this.open--;
    }
  }
}

function keyOf(way: string, host: string, port: number): string {
  return `${way} ${host}:${port}`;
}
