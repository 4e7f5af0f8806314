/**
 * Servers on this machine for the tests of transports: https, http, proxies, and a resolver. They run on both runtimes, and
 * count their connections.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer as createTcpServer, type Server, type Socket } from "node:net";

/** The certification authority that signed {@linkcode CERTIFICATE}. It was made for these tests only. */
export const CA = `-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUWkAuVByhNqUT+lxAEg1o4XpzxywwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQU2xpcHN0cmVhbSB0ZXN0czAgFw0yNjExMjgxMzM5NTRaGA8y
MTI2MTEwNDEzMzk1NFowGzEZMBcGA1UEAwwQU2xpcHN0cmVhbSB0ZXN0czBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABMRRddSRWdkrsqOBJmWK/NO1vTWnHTHV3AWj
WaUHmNrBUEzNjU7yxt0cgHa0xe5/BxbnLl6tVk1F0WHESq0YMJ+jYzBhMB0GA1Ud
DgQWBBQPxAfKGV3sLGMjDzslaSHQRqs6rzAfBgNVHSMEGDAWgBQPxAfKGV3sLGMj
DzslaSHQRqs6rzAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggq
hkjOPQQDAgNIADBFAiAIqbg8dmwsEmmh4fpV92FS8pFY3J0gAHGn7A7TWsz0QwIh
AJE3Kj4wW2aHuapfkZsTJ/5fu+0HDG1LaA1yTET/SC5x
-----END CERTIFICATE-----
`;

/** The certificate of the https server, for `only.doh.test`, `localhost` and 127.0.0.1. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIB3zCCAYagAwIBAgIUF5woELaZGr0Z6rKKimJPruRFcA0wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQU2xpcHN0cmVhbSB0ZXN0czAgFw0yNjExMjgxMzM5NTRaGA8y
MTI2MTEwNDEzMzk1NFowGDEWMBQGA1UEAwwNb25seS5kb2gudGVzdDBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABAY/sTaEPic/vkCJRQ1bb4gKkKyA54tKMTGLAfUe
VgNR4x+NFBU7Vuu6RXl4oYuRnC2yQqyf10rFsoCMAr2Ix02jgagwgaUwKQYDVR0R
BCIwIIINb25seS5kb2gudGVzdIIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQC
MAAwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMAsGA1UdDwQEAwIHgDAd
BgNVHQ4EFgQUMnWS9lNd4fmmAUty4WgvYxX5VVQwHwYDVR0jBBgwFoAUD8QHyhld
7CxjIw87JWkh0EarOq8wCgYIKoZIzj0EAwIDRwAwRAIgBLhg04xHGpvjw+/btuU6
Yi13PVQc/GUffREFOzUMEYACIEXYmGT9zrIA7t6ezUtqJTmVrIhnpONxgYSHBPRe
S2G2
-----END CERTIFICATE-----
`;

/** The key of {@linkcode CERTIFICATE}. */
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsu4O0ANskvCvkrIS
0R6qcyO929fTMoYsT94E9cV4S3mhRANCAAQGP7E2hD4nP75AiUUNW2+ICpCsgOeL
SjExiwH1HlYDUeMfjRQVO1brukV5eKGLkZwtskKsn9dKxbKAjAK9iMdN
-----END PRIVATE KEY-----
`;

/** A self-signed certificate for `localhost` and 127.0.0.1, which expired in 2021. */
export const OLD_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAls
b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARNfwFSKzrBw17KZJSQ
ugcnHqSyCH+/jqa6W9tzfUXVbbeSC2DdZuEus9CDhLyydE3NuzUyFwtZwgIrqf4x
jLnmo2AwXjAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwDAYDVR0TAQH/BAIw
ADATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQUbhXDoD76NqU9yiB/4UyL
dmY841cwCgYIKoZIzj0EAwIDSAAwRQIgcthwDMqwfmVIyi8l5VRR+HNkIQ4+++mU
rM3nW6TCe4wCIQCddXo6BJ11PLiaIAvdVVjcW5oXkSh6I5+De389zQBVvA==
-----END CERTIFICATE-----
`;

/** The key of {@linkcode OLD_CERTIFICATE}. */
export const OLD_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWfJOymq9uxBuq8Hh
pnXz37GIKC+XYQ5h/s+QpxyubqShRANCAARNfwFSKzrBw17KZJSQugcnHqSyCH+/
jqa6W9tzfUXVbbeSC2DdZuEus9CDhLyydE3NuzUyFwtZwgIrqf4xjLnm
-----END PRIVATE KEY-----
`;

/** A running server. */
export interface NetServer extends AsyncDisposable {
  readonly port: number;
  /** The number of connections so far. */
  readonly connections: number;
  /** Resolves when no connection is open. */
  left(): Promise<void>;
}

/** Answers an HTTP request. */
export type HttpListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Makes a server listen on a free port. Disposing of it breaks all connections. */
async function start(server: Server): Promise<NetServer> {
  let connections = 0;
  const open = new Set<Socket>();
  let onLeft: (() => void) | undefined;
  server.on("connection", (socket: Socket) => {
    connections++;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      if (open.size === 0) onLeft?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    get connections() {
      return connections;
    },
    left: () => open.size === 0 ? Promise.resolve() : new Promise((resolve) => onLeft = resolve),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Serves http; by default it answers with the `Host` header and the URL of the request. */
export function serveHttpHere(listener: HttpListener = tellHost): Promise<NetServer> {
  return start(createHttpServer(listener));
}

/** Serves https, only with HTTP/1.1. */
export async function serveHttpsHere(
  listener: HttpListener = tellHost,
  shown: { readonly cert: string; readonly key: string } = { cert: CERTIFICATE, key: KEY },
): Promise<NetServer> {
  const options = { ...shown, ALPNProtocols: ["http/1.1"] };
  const inside = await start(createHttpsServer(options, listener));
  // Not every runtime reports connections that fail in TLS, so a plain TCP server in front of it counts all connections.
  const door = await start(createTcpServer((client) => join(client, inside.port)));
  return {
    port: door.port,
    get connections() {
      return door.connections;
    },
    left: () => door.left(),
    async [Symbol.asyncDispose]() {
      await door[Symbol.asyncDispose]();
      await inside[Symbol.asyncDispose]();
    },
  };
}

/** Answers with the `Host` header and the URL of the request. */
function tellHost(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on(
    "end",
    () => response.end(JSON.stringify({ host: request.headers.host, url: request.url })),
  );
}

/** A proxy that records its requests. */
export interface ProxyServer extends NetServer {
  readonly asked: string[];
}

/** How a proxy behaves. */
export interface ProxyOptions {
  /** The credentials that it requires, as `user:password`. */
  readonly credentials?: string;
  /** The status with which it refuses every request. */
  readonly refusesWith?: number;
  /** Returns the port to which it connects every client, whatever the requested target is. */
  readonly leadsTo: () => number;
}

/** Serves an HTTP proxy: it opens tunnels for CONNECT, and forwards other requests. */
export async function serveProxy({ credentials, refusesWith, leadsTo }: ProxyOptions): Promise<ProxyServer> {
  const asked: string[] = [];
  const server = createTcpServer((client) => {
    client.once("data", (bytes) => {
      const head = bytes.toString("latin1");
      asked.push(head.split(" HTTP/")[0]!);
      const [, sent] = /^proxy-authorization: Basic (\S+)/im.exec(head) ?? [];
      const isKnown = credentials === undefined || sent === Buffer.from(credentials).toString("base64");
      const status = refusesWith ?? (isKnown ? undefined : 407);
      if (status !== undefined) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
      join(client, leadsTo(), (origin) => {
        if (head.startsWith("CONNECT ")) client.write("HTTP/1.1 200 OK\r\n\r\n");
        else origin.write(bytes);
      });
    });
  });
  return Object.defineProperties(
    { asked },
    Object.getOwnPropertyDescriptors(await start(server)),
  ) as ProxyServer;
}

/** A server that never answers. */
export interface SilentServer extends NetServer {
  /** Resolves when the next bytes have arrived. */
  read(): Promise<void>;
}

/** Accepts connections and reads from them, but never answers. */
export async function serveSilence(): Promise<SilentServer> {
  let onRead = (): void => {};
  const server = await start(createTcpServer((client) => void client.on("data", () => onRead())));
  const read = (): Promise<void> => new Promise((resolve) => onRead = resolve);
  return Object.defineProperties({ read }, Object.getOwnPropertyDescriptors(server)) as SilentServer;
}

/** Waits for the first bytes of a client, answers with the given text, and ends the connection. */
export function serveText(text: string): Promise<NetServer> {
  return start(createTcpServer((client) => void client.once("data", () => client.end(text))));
}

/** Serves a SOCKS 5 proxy that accepts `user` with `password`, and connects every client to one port. */
export async function serveSocks(leadsTo: () => number): Promise<ProxyServer> {
  const asked: string[] = [];
  const server = createTcpServer((client) => {
    client.once("data", () => {
      client.write(Uint8Array.of(5, 2));
      client.once("data", (login) => {
        const isKnown = login.toString("latin1") === "\x01\x04user\x08password";
        client.write(Uint8Array.of(1, isKnown ? 0 : 1));
        client.once("data", (request: Uint8Array) => {
          asked.push(new TextDecoder().decode(request.subarray(5, 5 + request[4]!)));
          join(client, leadsTo(), () => client.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)));
        });
      });
    });
  });
  return Object.defineProperties(
    { asked },
    Object.getOwnPropertyDescriptors(await start(server)),
  ) as ProxyServer;
}

/** A resolver that knows some names. */
export interface ResolverServer extends NetServer {
  readonly url: string;
  /** The names of all queries, each after its record type: `A` or `AAAA`. */
  readonly asked: string[];
}

/** Serves a DNS resolver over http with the given addresses; other names do not exist. */
export async function serveResolver(
  addresses: Readonly<Record<string, string>>,
  ttlSeconds = 60,
): Promise<ResolverServer> {
  const asked: string[] = [];
  const server = await serveHttpHere((request, response) => {
    const query = new URL(request.url!, "http://resolver").searchParams.get("dns")!;
    const question = Buffer.from(query, "base64url");
    const { name, end } = nameIn(question);
    const isIpv4 = question[end + 1] === 1;
    asked.push(`${isIpv4 ? "A" : "AAAA"} ${name}`);
    const address = isIpv4 ? addresses[name] : undefined;
    response.setHeader("content-type", "application/dns-message");
    response.end(answer(question.subarray(12, end + 4), address, name in addresses ? 0 : 3, ttlSeconds));
  });
  return Object.defineProperties(
    { asked, url: `http://127.0.0.1:${server.port}/dns-query` },
    Object.getOwnPropertyDescriptors(server),
  ) as ResolverServer;
}

/** Connects a client to a port of this machine, in both directions. `begin` may send bytes first. */
function join(client: Socket, port: number, begin: (origin: Socket) => unknown = () => {}): void {
  const origin = connect(port, "127.0.0.1", () => {
    begin(origin);
    client.pipe(origin).pipe(client);
  });
  origin.on("error", () => client.destroy());
  client.on("close", () => origin.destroy());
}

function nameIn(question: Uint8Array): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (; question[at] !== 0; at += question[at]! + 1) {
    labels.push(new TextDecoder().decode(question.subarray(at + 1, at + 1 + question[at]!)));
  }
  return { name: labels.join("."), end: at + 1 };
}

function answer(
  question: Uint8Array,
  address: string | undefined,
  code: number,
  ttlSeconds: number,
): Uint8Array {
  const count = address === undefined ? 0 : 1;
  const header = [0, 0, 0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
  const ttl = [ttlSeconds >>> 24, ttlSeconds >>> 16 & 255, ttlSeconds >>> 8 & 255, ttlSeconds & 255];
  const record = address === undefined
    ? []
    : [0xc0, 12, 0, 1, 0, 1, ...ttl, 0, 4, ...address.split(".").map(Number)];
  return Uint8Array.of(...header, ...question, ...record);
}
