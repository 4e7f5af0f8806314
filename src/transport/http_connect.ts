/**
 * Opens a tunnel through an HTTP proxy (CONNECT, RFC 9110 §9.3.6).
 *
 * @module
 */

import { basicAuthorization } from "../http/basic_authorization.ts";
import type { Endpoint, Socket } from "../runtime/transport/contract.ts";
import { toUrlHost } from "./ip_address.ts";
import type { Credentials } from "./proxy_address.ts";
import type { SocketReader } from "./socket_reader.ts";

const MAX_HEAD_BYTES = 16_384;

/**
 * Asks a proxy for a tunnel.
 *
 * @param socket The connection to the proxy.
 * @param reader The reader of that connection; bytes after the response stay in it.
 * @param target The host and port to connect to.
 * @param credentials The credentials for the proxy; `undefined` for none.
 * @returns The status. With a status from 200 to 299 the tunnel is open. `undefined` if the response is not HTTP.
 */
export async function requestTunnel(
  socket: Socket,
  reader: SocketReader,
  { host, port }: Endpoint,
  credentials: Credentials | undefined,
): Promise<number | undefined> {
  const authority = `${toUrlHost(host)}:${port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials !== undefined) {
    const { username, password } = credentials;
    lines.push(`Proxy-Authorization: ${basicAuthorization(`${username}:${password}`)}`);
  }
  await socket.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  for (;;) {
    const head = await reader.takeHead(MAX_HEAD_BYTES);
    const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |\r?\n)/.exec(head ?? "") ?? [];
    if (status === undefined) return undefined;
    // Skip interim responses, which precede the final one.
    if (!status.startsWith("1")) return Number(status);
  }
}
