/**
 * SOCKS 5 (RFC 1928) with user names (RFC 1929): both sides of the handshake, for CONNECT only.
 *
 * @module
 */

import type { Endpoint, Socket } from "../runtime/transport/contract.ts";
import { formatIpv6, parseIpAddress } from "./ip_address.ts";
import { type Credentials, wantedCredentials } from "./proxy_address.ts";
import type { SocketReader } from "./socket_reader.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USER_NAME = 2;
const NONE_ACCEPTABLE = 255;
const AUTHENTICATION_VERSION = 1;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** The server's reply to a connection that it has made. */
export const SOCKS_SUCCEEDED = 0;
/** The server's reply if it could not reach the origin or the proxy before it. */
export const SOCKS_UNREACHABLE = 4;

/** The meanings of replies (RFC 1928 §6). */
const REPLIES: Readonly<Record<number, string>> = {
  1: "failed",
  2: "does not allow this connection",
  3: "can't reach the network of the host",
  4: "can't reach the host",
  5: "was refused by the host",
  6: "was too slow",
  7: "knows no CONNECT",
  8: "does not know this kind of address",
};

/** The refusal of a SOCKS proxy. */
export class SocksRefusal extends Error {
  override readonly name: string = "SocksRefusal";
  /** Whether the proxy has tried to connect and could not reach the host. */
  readonly isAboutHost: boolean;

  constructor(message: string, isAboutHost: boolean) {
    super(message);
    this.isAboutHost = isAboutHost;
  }
}

/**
 * Asks a proxy for a connection; the proxy resolves the name.
 *
 * @param socket The connection to the proxy.
 * @param reader The reader of that connection.
 * @param target The host and port to connect to.
 * @param credentials The credentials, if the proxy asks for them.
 * @throws {SocksRefusal} If the proxy refuses, or does not speak SOCKS 5.
 */
export async function requestSocks(
  socket: Socket,
  reader: SocketReader,
  target: Endpoint,
  credentials: Credentials | undefined,
): Promise<void> {
  const methods = credentials === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USER_NAME];
  await socket.write(Uint8Array.of(VERSION, methods.length, ...methods));
  const [version, method] = await reader.take(2) ?? [];
  if (version !== VERSION) throw new SocksRefusal("does not speak SOCKS 5", false);
  if (method === USER_NAME && credentials !== undefined) await authenticate(socket, reader, credentials);
  else if (method !== NO_AUTHENTICATION) throw new SocksRefusal(wantedCredentials(credentials), false);
  await socket.write(Uint8Array.of(VERSION, CONNECT, 0, ...encodeAddress(target)));
  const [, reply, , kind] = await reader.take(4) ?? [];
  if (reply === undefined) throw new SocksRefusal("has ended the connection", false);
  if (reply !== SOCKS_SUCCEEDED) {
    throw new SocksRefusal(REPLIES[reply] ?? `answered with ${reply}`, reply >= 3 && reply <= 6);
  }
  if (await readAddress(reader, kind) === undefined) throw new SocksRefusal("sent a broken reply", false);
}

async function authenticate(socket: Socket, reader: SocketReader, credentials: Credentials): Promise<void> {
  const fields = [credentials.username, credentials.password].map((text) => new TextEncoder().encode(text));
  await socket.write(Uint8Array.of(
    AUTHENTICATION_VERSION,
    ...fields.flatMap((bytes) => [bytes.length, ...bytes]),
  ));
  const [, status] = await reader.take(2) ?? [];
  if (status !== 0) throw new SocksRefusal("does not accept the credentials", false);
}

/** The request of a client. */
export interface SocksRequest extends Endpoint {
  /** The user name that the client has sent. */
  readonly username: string;
}

/**
 * Serves the handshake of a client up to its request. The caller answers the request with {@linkcode replySocks}.
 *
 * @param socket The connection to the client.
 * @param reader The reader of that connection.
 * @param password The password that the client must send, with any user name.
 * @returns The request; `undefined` if the client must be disconnected, because it does not know the password or asks for
 * something else than a connection.
 */
export async function acceptSocks(
  socket: Socket,
  reader: SocketReader,
  password: string,
): Promise<SocksRequest | undefined> {
  const [version, count] = await reader.take(2) ?? [];
  if (version !== VERSION || count === undefined) return undefined;
  const methods = await reader.take(count);
  if (methods === undefined) return undefined;
  if (!methods.includes(USER_NAME)) {
    await socket.write(Uint8Array.of(VERSION, NONE_ACCEPTABLE));
    return undefined;
  }
  await socket.write(Uint8Array.of(VERSION, USER_NAME));
  await reader.take(1);
  const username = await readText(reader);
  const isRight = await readText(reader) === password;
  await socket.write(Uint8Array.of(AUTHENTICATION_VERSION, isRight ? 0 : 1));
  if (!isRight || username === undefined) return undefined;
  const [, command, , kind] = await reader.take(4) ?? [];
  const target = command === CONNECT ? await readAddress(reader, kind) : undefined;
  return target === undefined ? undefined : { ...target, username };
}

/** Answers a request; resolves to whether the reply was sent. */
export function replySocks(socket: Socket, reply: number): Promise<boolean> {
  return socket.write(Uint8Array.of(VERSION, reply, 0, IPV4, 0, 0, 0, 0, 0, 0));
}

/** Encodes an endpoint. An address is sent as an address, because not every proxy accepts one in place of a name. */
function encodeAddress({ host, port }: Endpoint): number[] {
  const address = parseIpAddress(host);
  const name = new TextEncoder().encode(host);
  const kind = address === undefined ? [NAME, name.length] : [address.length === 4 ? IPV4 : IPV6];
  return [...kind, ...address ?? name, port >> 8, port & 255];
}

async function readAddress(reader: SocketReader, kind: number | undefined): Promise<Endpoint | undefined> {
  const host = kind === NAME
    ? await readText(reader)
    : kind === IPV4
    ? (await reader.take(4))?.join(".")
    : kind === IPV6
    ? await readIpv6(reader)
    : undefined;
  const [high, low] = await reader.take(2) ?? [];
  if (host === undefined || high === undefined || low === undefined) return undefined;
  return { host, port: high << 8 | low };
}

async function readText(reader: SocketReader): Promise<string | undefined> {
  const [length] = await reader.take(1) ?? [];
  const bytes = length === undefined ? undefined : await reader.take(length);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

async function readIpv6(reader: SocketReader): Promise<string | undefined> {
  const bytes = await reader.take(16);
  return bytes === undefined ? undefined : formatIpv6(bytes);
}
