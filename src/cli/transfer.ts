/**
 * The body of a response, piece by piece, which is continued where it broke off.
 *
 * @module
 */

import { isNetworkError } from "../errors.ts";
import { contentLength } from "../http/body.ts";

/** The bytes of a body. */
export type Body = Uint8Array<ArrayBuffer>;

/** A part of a body that is there already. */
export interface ResumePoint {
  /** How many bytes are there. */
  readonly offset: number;
  /** What says that the rest belongs to them: the entity tag, or the date of the last change (RFC 9110 §13.1.5). */
  readonly validator: string;
}

/** What came before is of no use: the body begins again. */
export const RESTART: unique symbol = Symbol("restart");

/** Options of {@linkcode Transfer}. */
export interface TransferOptions {
  /** What is there already, and was asked to be continued. */
  readonly from?: ResumePoint | undefined;
  /** Whether the request may be sent again. */
  readonly isRepeatable: boolean;
  /** How often in a row it is sent again without a byte of progress. */
  readonly maxRetries: number;
  /** Asks again: for all of it, or for what follows; a status that is no success rejects, but 416 resolves. */
  readonly reopen: (from: ResumePoint | undefined) => Promise<Response>;
  /** Waits before the second retry in a row, and each one after it. */
  readonly pause: (retry: number) => Promise<void>;
  /** Called with the number of bytes of every piece. */
  readonly onBytes: (bytes: number) => void;
}

/** A body that is being received. */
export class Transfer {
  /** The response; a later one, if it was asked for again. */
  response: Response;
  /** Whether what comes belongs behind what is there. */
  readonly isContinued: boolean;
  readonly #options: TransferOptions;
  #offset: number;
  /** How often in a row it was sent again without a byte of progress. */
  #failures = 0;
  #broken: unknown;
  #isComplete = false;

  /** Takes over a response that nobody has read from. */
  constructor(response: Response, options: TransferOptions) {
    this.response = response;
    this.#options = options;
    this.isContinued = continuesAt(response, options.from);
    this.#offset = this.isContinued ? options.from!.offset : 0;
  }

  /** The length of the whole body, if the server has said it. */
  get total(): number | undefined {
    const { headers } = this.response;
    const whole = /^bytes \S+\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
    if (whole !== undefined) return Number(whole);
    return headers.has("content-encoding") ? undefined : contentLength(this.response.headers);
  }

  /** How much of it has come by now. */
  get received(): number {
    return this.#offset;
  }

  /** What a later request can be continued by; `undefined` if it can't. */
  get validator(): string | undefined {
    return validatorOf(this.response);
  }

  /** All of the body at once; for small ones. */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    if (contentLength(this.response.headers) !== undefined) {
      try {
        const bytes = new Uint8Array(await this.response.arrayBuffer());
        this.#options.onBytes(bytes.length);
        return bytes;
      } catch (error) {
        await this.#goOn(error);
      }
    }
    let chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of this.pieces()) {
      if (piece === RESTART) chunks = [];
      else chunks.push(piece);
    }
    return concat(chunks);
  }

  /**
   * The pieces of the body, in order, behind those that are there.
   *
   * @returns The pieces; {@linkcode RESTART} when all those before it are of no use.
   * @throws {unknown} What the body broke off with, when it can't be continued.
   */
  async *pieces(): AsyncIterableIterator<Uint8Array<ArrayBuffer> | typeof RESTART> {
    for (;;) {
      const { body } = this.response;
      const reader = (body as ReadableStream<Uint8Array<ArrayBuffer>> | null)?.getReader();
      let isAtEnd = reader === undefined;
      try {
        while (!isAtEnd) {
          const piece = await this.#next(reader!);
          if (piece === undefined) isAtEnd = true;
          else if (piece === RESTART) break;
          else yield piece;
        }
      } finally {
        // Does nothing at its end, and has only something to do when the consumer leaves.
        if (!isAtEnd) reader?.cancel().catch(() => {});
      }
      if (isAtEnd) return;
      if (await this.#isContinuedAfterBreak()) continue;
      if (this.#isComplete) return;
      this.#offset = 0;
      yield RESTART;
    }
  }

  /** The next piece; nothing at the end, and {@linkcode RESTART} where the body has broken off and may be asked for again. */
  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined | typeof RESTART> {
    try {
      const { done, value } = await reader.read();
      if (done) return undefined;
      this.#offset += value.length;
      if (value.length > 0) this.#failures = 0;
      this.#options.onBytes(value.length);
      return value;
    } catch (error) {
      this.#broken = error;
      return RESTART;
    }
  }

  /** Asks for the rest; whether what comes now belongs behind what came. */
  async #isContinuedAfterBreak(): Promise<boolean> {
    const { validator } = this;
    const from = validator === undefined || this.#offset === 0
      ? undefined
      : { offset: this.#offset, validator };
    await this.#goOn(this.#broken, from);
    if (from === undefined || continuesAt(this.response, from)) return from !== undefined;
    if (!isUnsuited(this.response)) return false;
    await this.response.body?.cancel();
    const whole = /^bytes \*\/(\d+)$/.exec(this.response.headers.get("content-range") ?? "")?.[1];
    this.#isComplete = Number(whole) === from.offset;
    if (!this.#isComplete) await this.#goOn(this.#broken);
    return false;
  }

  /** Sends the request again, or throws what the body broke off with. */
  async #goOn(error: unknown, from?: ResumePoint): Promise<void> {
    const { isRepeatable, maxRetries, reopen, pause } = this.#options;
    if (!isRepeatable || !isNetworkError(error) || ++this.#failures > maxRetries) throw error;
    if (this.#failures > 1) await pause(this.#failures - 1);
    this.response = await reopen(from);
  }
}

/** The headers that ask for what follows. */
export function rangeHeaders(from: ResumePoint | undefined): Readonly<Record<string, string>> {
  if (from === undefined) return {};
  // Offsets are those of the bytes on the wire: nothing may be decoded.
  return { range: `bytes=${from.offset}-`, "if-range": from.validator, "accept-encoding": "identity" };
}

/**
 * Whether a response brings what follows, of the very thing that the bytes before are of. A server that does not know If-Range may send
 * what follows of something newer.
 */
export function continuesAt(response: Response, from: ResumePoint | undefined): boolean {
  if (response.status !== 206 || from === undefined) return false;
  const validator = validatorOf(response);
  const isSame = validator === undefined || validator === from.validator;
  return isSame && (response.headers.get("content-range")?.startsWith(`bytes ${from.offset}-`) ?? false);
}

/** Whether a response to a request for what follows is neither that nor the whole: all of it must be asked for. */
export function isUnsuited({ status }: Response): boolean {
  return status === 206 || status === 416;
}

function validatorOf({ headers }: Response): string | undefined {
  if (headers.has("content-encoding") || headers.get("accept-ranges") === "none") return undefined;
  const tag = headers.get("etag");
  // A weak one does not say that the bytes are the same (RFC 9110 §8.8.1).
  if (tag !== null) return tag.startsWith("W/") ? undefined : tag;
  return headers.get("last-modified") ?? undefined;
}

function concat(chunks: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
