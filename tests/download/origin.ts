import { seededRandom } from "../../src/testing/random.ts";

/** A request as its origin gets it. */
export interface OriginRequest {
  /** The number of the request, from 1. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** The first byte of the requested range; `undefined` for the whole file. */
  readonly start: number | undefined;
}

/** How an origin answers on a connection. */
export interface Reply {
  /** Sends the status line and the headers, unchanged. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** Sends bytes, unchanged. */
  send(bytes: Uint8Array): Promise<void>;
  /** Breaks the connection. */
  cut(): void;
}

/** Answers a request; the connection closes afterwards. */
export type OriginHandler = (request: OriginRequest, reply: Reply) => void | Promise<void>;

/** A server on this machine whose answers may be wrong. */
export interface Origin extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly OriginRequest[];
}

/** Starts a server on plain TCP, so that it can send any wrong answer. */
export async function startOrigin(handler: OriginHandler): Promise<Origin> {
  const { createServer } = await import("node:net");
  const requests: OriginRequest[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (bytes: Uint8Array) => {
      text += new TextDecoder("latin1").decode(bytes);
      if (!text.includes("\r\n\r\n")) return;
      const request = parse(text, requests.length + 1);
      text = "";
      requests.push(request);
      const reply: Reply = {
        head(status, headers) {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
          socket.write(`HTTP/1.1 ${status} Status\r\nconnection: close\r\n${lines.join("")}\r\n`);
        },
        send: (part) => new Promise((resolve) => socket.write(part, () => resolve())),
        cut: () => void socket.destroy(),
      };
      Promise.resolve(handler(request, reply)).then(() => socket.end(), () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    url: `http://127.0.0.1:${port}/file`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function parse(text: string, number: number): OriginRequest {
  const [line = "", ...rest] = text.split("\r\n\r\n")[0]!.split("\r\n");
  const [method = "", path = ""] = line.split(" ");
  const headers = new Headers(rest.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon), field.slice(colon + 1).trim()] as [string, string];
  }));
  const range = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "");
  return { number, method, path, headers, start: range === null ? undefined : Number(range[1]) };
}

/** Returns pseudo-random bytes for a seed. */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = random() * 256;
  return bytes;
}

/** A file that is served correctly. */
export interface ServedFile {
  readonly data: Uint8Array;
  readonly etag?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The number of bytes of a response after which the connection breaks. */
  readonly cutAfter?: number | undefined;
  /**
   * What the client has received. The connection breaks only after the client has all sent bytes, since Bun drops
   * them otherwise.
   */
  readonly received?: Received | undefined;
}

/** Serves a file as RFC 9110 requires: ranges if requested, with their conditions. */
export async function serveFile(
  { headers, start }: OriginRequest,
  reply: Reply,
  { data, etag, headers: more = {}, cutAfter = Infinity, received }: ServedFile,
): Promise<void> {
  const condition = headers.get("if-range");
  const isPart = start !== undefined &&
    (condition === null || condition === etag || condition === more["last-modified"]);
  const tag = etag === undefined ? {} : { etag };
  if (isPart && start >= data.length) {
    return reply.head(416, { "content-range": `bytes */${data.length}`, "content-length": "0", ...tag });
  }
  const body = isPart ? data.subarray(start) : data;
  reply.head(isPart ? 206 : 200, {
    "content-length": String(body.length),
    ...tag,
    ...more,
    ...isPart ? { "content-range": `bytes ${start}-${data.length - 1}/${data.length}` } : {},
  });
  await reply.send(body.subarray(0, cutAfter));
  if (cutAfter >= body.length) return;
  if (cutAfter > 0) await received?.until((isPart ? start : 0) + cutAfter);
  reply.cut();
}

/** How much of a file the client has received. */
export class Received {
  #bytes = 0;
  #wake: (() => void) | undefined;

  /** Records how many bytes the client has received. */
  readonly note = ({ bytes }: { readonly bytes: number }): void => {
    this.#bytes = bytes;
    this.#wake?.();
  };

  /** Waits until the client has received exactly this many bytes. */
  async until(bytes: number): Promise<void> {
    while (this.#bytes !== bytes) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
