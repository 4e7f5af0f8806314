/**
 * A file server that supports range requests (RFC 9110 §14). It sends bodies in chunks, so that a test can act in the middle.
 *
 * @module
 */

import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Options of {@linkcode rangeServer}. */
export interface RangeServerOptions {
  /** Returns the length of the file at a path, in bytes; `undefined` if the file is missing. */
  readonly lengthOf: (path: string) => number | undefined;
  /** Called after each chunk, with the number of bytes that were sent so far in total. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** A running server. */
export interface RangeServer extends AsyncDisposable {
  readonly url: string;
  /** The path of each request, with the range if there is one: `/a`, or `/a 100-`. */
  readonly requests: readonly string[];
  /** The number of bytes of all bodies that were sent. */
  readonly sent: number;
}

const CHUNK_BYTES = 64 * 1024;

/** Returns a part of the content of a file; different parts have different bytes. */
export function contentOf(path: string, from: number, to: number): Uint8Array<ArrayBuffer> {
  const seed = [...path].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0) | 0, 7);
  return Uint8Array.from(
    { length: to - from },
    (_, index) => Math.imul(from + index + seed, 2_654_435_761) >>> 24,
  );
}

/** Starts a server on this machine. */
export async function rangeServer({ lengthOf, onSent }: RangeServerOptions): Promise<RangeServer> {
  const { createServer } = await import("node:http");
  const requests: string[] = [];
  let sent = 0;
  const server: Server = createServer((request, response) => {
    const path = request.url ?? "/";
    const length = lengthOf(path);
    if (length === undefined) return void response.writeHead(404).end();
    const etag = `"${path}-1"`;
    const isSame = (request.headers["if-range"] ?? etag) === etag;
    const from = isSame ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    requests.push(from === 0 ? path : `${path} ${from}-`);
    const head = { etag, "content-length": length - from };
    if (from >= length && length > 0) {
      return void response.writeHead(416, { "content-range": `bytes */${length}` }).end();
    }
    if (from === 0) response.writeHead(200, head);
    else response.writeHead(206, { ...head, "content-range": `bytes ${from}-${length - 1}/${length}` });
    const count = (bytes: number) => onSent?.(sent += bytes);
    send(response, path, from, length, count);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get sent() {
      return sent;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(
  response: ServerResponse,
  path: string,
  from: number,
  length: number,
  count: (bytes: number) => void,
): void {
  if (from >= length) return void response.end();
  const to = Math.min(length, from + CHUNK_BYTES);
  response.write(contentOf(path, from, to), (error) => {
    if (error !== null && error !== undefined) return;
    count(to - from);
    send(response, path, to, length, count);
  });
}
