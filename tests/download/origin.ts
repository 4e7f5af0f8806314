import { seededRandom } from "../../src/testing/random.ts";

/** A request as an origin sees it. */
export interface OriginRequest {
  /** Which one, from 1. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** Where the part begins that is asked for. */
  readonly start: number | undefined;
}

/** What an origin does to a connection. */
export interface Reply {
  /** Sends the head; the headers are as they are given. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** Sends bytes as they are. */
  send(bytes: Uint8Array): Promise<void>;
  /** Breaks the connection. */
  cut(): void;
}

/** Answers a request; afterwards the connection is closed. */
export type OriginHandler = (request: OriginRequest, reply: Reply) => void | Promise<void>;

/** A server of this machine that may lie. */
export interface Origin extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly OriginRequest[];
}

/** Serves on plain TCP, so that every lie is possible. */
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

/** Bytes that differ from place to place, by a seed. */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = random() * 256;
  return bytes;
}

/** What there is to say of a file that is served well. */
export interface ServedFile {
  readonly data: Uint8Array;
  readonly etag?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** After how many bytes of a response the connection breaks. */
  readonly cutAfter?: number | undefined;
  /** What the client has got: the connection breaks when it has all that was sent, which Bun drops otherwise. */
  readonly received?: Received | undefined;
}

/** Serves a file as RFC 9110 has it: parts where they are asked for, on condition. */
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

/** How much of a file a client has got. */
export class Received {
  #bytes = 0;
  #wake: (() => void) | undefined;

  /** The client has got so much. */
  readonly note = ({ bytes }: { readonly bytes: number }): void => {
    this.#bytes = bytes;
    this.#wake?.();
  };

  /** Waits until it has so much, and no more. */
  async until(bytes: number): Promise<void> {
    while (this.#bytes !== bytes) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
