/**
 * Reads HTTP/1.1 requests from a connection (RFC 9112).
 *
 * @module
 */

import { concatenate } from "../http/concatenate.ts";
import type { TcpConnection } from "../runtime/server/contract.ts";
import { endOfHead } from "../transport/socket_reader.ts";

/** A request that has arrived completely. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** The headers, with names in lower case; several values of one name are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether the client wants to keep the connection open. */
  readonly keepAlive: boolean;
}

/** A malformed or too large request; the status says why. */
export class HttpSyntaxError extends Error {
  override readonly name: string = "HttpSyntaxError";
  /** The status of the answer. */
  readonly status: number;

  /** Creates the error. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const MAX_HEAD_BYTES = 65_536;
const MAX_BODY_BYTES = 2 ** 26;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.([01])$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;
const LF = 10;
const NO_BYTES = new Uint8Array(0);

const decoder = new TextDecoder("latin1");

/**
 * Reads the requests of a connection one after the other. It always reads ahead, so that it notices at any time that the client
 * has left.
 */
export class HttpReader {
  /** Called when the client has ended or lost the connection. */
  onGone: (() => void) | undefined;
  readonly #connection: TcpConnection;
  #buffer: Uint8Array = NO_BYTES;
  #isGone = false;
  #wake: (() => void) | undefined;

  /** Starts reading. */
  constructor(connection: TcpConnection) {
    this.#connection = connection;
    void this.#readAhead();
  }

  /** Whether the client has left. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Waits for the next request.
   *
   * @returns The request; `undefined` if the client left before the request was complete.
   * @throws {HttpSyntaxError} If the received bytes are no request, or the request is too large.
   */
  async next(): Promise<HttpRequest | undefined> {
    const head = await this.#takeHead();
    if (head === undefined) return undefined;
    const { method, target, version, headers } = parseHead(head);
    const body = await this.#takeBody(headers);
    if (body === undefined) return undefined;
    const connection = headers.connection?.toLowerCase() ?? "";
    const keepAlive = version === "1" ? connection !== "close" : connection === "keep-alive";
    return { method, target, headers, body, keepAlive };
  }

  async #readAhead(): Promise<void> {
    for (
      let bytes = await this.#connection.read();
      bytes !== undefined;
      bytes = await this.#connection.read()
    ) {
      this.#buffer = this.#buffer.length === 0 ? bytes : concatenate([this.#buffer, bytes]);
      this.#wake?.();
    }
    this.#isGone = true;
    this.#wake?.();
    this.onGone?.();
  }

  /** Waits for more bytes; `false` if the client has left. */
  async #more(): Promise<boolean> {
    if (this.#isGone) return false;
    const length = this.#buffer.length;
    await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = undefined;
    return this.#buffer.length > length;
  }

  #take(length: number): Uint8Array {
    const bytes = this.#buffer.subarray(0, length);
    this.#buffer = length === this.#buffer.length ? NO_BYTES : this.#buffer.subarray(length);
    return bytes;
  }

  async #takeHead(): Promise<string | undefined> {
    for (let searched = 0;;) {
      const end = endOfHead(this.#buffer, searched);
      if (end !== -1) return decoder.decode(this.#take(end));
      searched = Math.max(0, this.#buffer.length - 3);
      if (searched > MAX_HEAD_BYTES) throw new HttpSyntaxError(431, "The header section is too large");
      if (!await this.#more()) return undefined;
    }
  }

  async #takeBody(headers: Readonly<Record<string, string>>): Promise<Uint8Array | undefined> {
    const coding = headers["transfer-encoding"]?.toLowerCase();
    if (coding !== undefined) {
      if (coding !== "chunked") throw new HttpSyntaxError(400, `Unknown transfer coding '${coding}'`);
      return await this.#takeChunks();
    }
    const length = headers["content-length"] ?? "0";
    if (!/^\d+$/.test(length)) throw new HttpSyntaxError(400, `Malformed content length '${length}'`);
    return await this.#takeBytes(Number(length));
  }

  async #takeBytes(length: number): Promise<Uint8Array | undefined> {
    if (length > MAX_BODY_BYTES) throw new HttpSyntaxError(413, "The body is too large");
    while (this.#buffer.length < length) {
      if (!await this.#more()) return undefined;
    }
    return this.#take(length);
  }

  async #takeChunks(): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    for (let total = 0;;) {
      const line = await this.#takeLine();
      if (line === undefined) return undefined;
      // Ignore the chunk extensions after a semicolon.
      const size = line.split(";", 1)[0]!.trim();
      if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new HttpSyntaxError(400, `Malformed chunk size '${size}'`);
      const length = parseInt(size, 16);
      if (length === 0) break;
      total += length;
      if (total > MAX_BODY_BYTES) throw new HttpSyntaxError(413, "The body is too large");
      const chunk = await this.#takeBytes(length);
      if (chunk === undefined || await this.#takeLine() === undefined) return undefined;
      chunks.push(chunk);
    }
    // Skip the trailers, which end with an empty line.
    for (let line = await this.#takeLine(); line !== ""; line = await this.#takeLine()) {
      if (line === undefined) return undefined;
    }
    return concatenate(chunks);
  }

  async #takeLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(LF);
      if (end !== -1) return decoder.decode(this.#take(end + 1)).trimEnd();
      if (this.#buffer.length > MAX_HEAD_BYTES) throw new HttpSyntaxError(400, "A line is too long");
      if (!await this.#more()) return undefined;
    }
  }
}

function parseHead(head: string): {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const lines = head.trimEnd().split(/\r?\n/);
  const [, method, target, version] = REQUEST_LINE.exec(lines[0]!) ?? [];
  if (method === undefined || target === undefined || version === undefined) {
    throw new HttpSyntaxError(400, "Malformed request line");
  }
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new HttpSyntaxError(400, "Malformed header");
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return { method, target: withoutOrigin(target), version, headers };
}

/** Removes the origin from a request target: a client that believes it talks to a proxy sends the whole URL (RFC 9112 §3.2.2). */
function withoutOrigin(target: string): string {
  if (target.startsWith("/") || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
