/**
 * TCP on the current runtime.
 *
 * @module
 */

import { listenBun } from "./bun.ts";
import type { ListenOptions, TcpConnection, TcpServer } from "./contract.ts";
import { listenDeno } from "./deno.ts";

/**
 * Listens on 127.0.0.1 with the sockets of the current runtime.
 *
 * @throws {TypeError} If the runtime has no TCP sockets.
 * @throws {Error} If it can't listen there.
 */
export function listenTcp(
  options: ListenOptions,
  onConnection: (connection: TcpConnection) => void,
): TcpServer {
  if ("Bun" in globalThis) return listenBun(options, onConnection);
  if ("Deno" in globalThis) return listenDeno(options, onConnection);
  throw new TypeError("Cannot listen as this runtime has no TCP sockets");
}
