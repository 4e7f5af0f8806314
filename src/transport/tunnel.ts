/**
 * A door on this machine through which a runtime's own HTTP client makes its connections, for runtimes that let no other code make
 * them. It speaks SOCKS 5, so that TLS, and with it the check of the certificate, stays between the client and the origin.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { Socket, SocketListener, Sockets } from "../runtime/transport/contract.ts";
import type { Dialer } from "./dialer.ts";
import type { ProxyAddress } from "./proxy_address.ts";
import { SocketReader } from "./socket_reader.ts";
import { acceptSocks, replySocks, SOCKS_SUCCEEDED, SOCKS_UNREACHABLE } from "./socks.ts";

/** What a tunnel is made of. */
export interface TunnelSettings {
  readonly sockets: Sockets;
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** The proxies that clients may ask for, by their place. */
  readonly proxies: readonly ProxyAddress[];
}

/** A client may take no longer to say what it wants, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const MAX_FAILURES = 1_024;
const STRAIGHT = "straight";
/** Why a connection is given up whose client has left. */
const LEFT = new Error("The client has left");

/** What has come already when a connection is there. */
interface Begun {
  /** From the client, with its request. */
  readonly early: Uint8Array;
  /** From the client, after that; `undefined` if it leaves. */
  readonly next: Promise<Uint8Array | undefined>;
  /** From the origin. */
  readonly rest: Uint8Array;
}

/** Connects clients that know its password. */
export class Tunnel {
  /** How many connections to origins were made. */
  opened = 0;
  /** How many of them are open. */
  open = 0;
  readonly #settings: TunnelSettings;
  readonly #listener: SocketListener;
  readonly #password = crypto.randomUUID();
  /** Ends the connections that are being made, by their clients. */
  readonly #dialing = new Set<AbortController>();
  #isClosed = false;
  readonly #serving = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();
  /** Why the latest connection to a host could not be made, by the way and the host. */
  readonly #failures = new Map<string, unknown>();

  /**
   * Opens the door.
   *
   * @throws {Error} If the runtime can't, or may not, listen.
   */
  constructor(settings: TunnelSettings) {
    this.#settings = settings;
    this.#listener = settings.sockets.listen((socket) => this.#accept(socket));
  }

  /** The URL that a client takes for that of its proxy, by the proxy's place; `undefined` for none. */
  urlFor(proxy: number | undefined): string {
    return `socks5h://${proxy ?? STRAIGHT}:${this.#password}@127.0.0.1:${this.#listener.port}`;
  }

  /** Why the latest connection to a host could not be made; `undefined` if it was. */
  failureOf(proxy: number | undefined, host: string, port: number): unknown {
    return this.#failures.get(keyOf(`${proxy ?? STRAIGHT}`, host, port));
  }

  /** Breaks all connections, and resolves when nothing is left; idempotent. */
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
    // A client says nothing before the connection is there, but it may leave: the connection is not wanted then.
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
      // The sender of the request finds it here.
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

  /** Hands bytes on in both directions until one side has gone. */
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
      // A client of HTTP that sends no more wants no more either.
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
