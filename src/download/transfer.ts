/**
 * The way of a file's bytes: over as many responses as it takes, and all of one version.
 *
 * @module
 */

import {
  InvalidDataError,
  type InvalidDataReason,
  isHttpError,
  isNetworkError,
  isTimeoutError,
  NetworkError,
} from "../errors.ts";
import { contentLength } from "../http/body.ts";
import { NULL_BODY_STATUSES } from "../http/decoded_headers.ts";
import { type HeaderMap, isConditional } from "../http/headers.ts";
import type { BodyChunks, ReceivedResponse } from "../http/tracked_response.ts";
import type { StreamRequest } from "../policies/opener.ts";
import { DEFAULT_RETRIES } from "../policies/retry.ts";
import type { Backoff } from "../primitives/backoff.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { StreamHash } from "../runtime/disk/stream_hash.ts";
import type { Interruption } from "../streams/interruption.ts";
import { parseContentRange } from "./content_range.ts";
import type { DownloadSink } from "./download_sink.ts";
import { type FileVersion, isOfVersion, isResumable, isStrayPage, versionOf } from "./file_version.ts";

/** What a transfer is made of. */
export interface TransferOptions {
  readonly request: StreamRequest<ReceivedResponse>;
  readonly sink: DownloadSink;
  /** The digest that the whole must have, as hexadecimal digits. */
  readonly digest: { readonly hex: string; readonly begin: () => StreamHash } | undefined;
  readonly backoff: Backoff;
  /** Ends the waits. */
  readonly interruption: Interruption;
  /** Ends the requests. */
  readonly signal: AbortSignal | undefined;
  /** Whether what comes may be compressed on its way. */
  readonly compression: boolean;
  /** Called after each chunk. */
  readonly onChunk: ((transfer: Transfer, response: ReceivedResponse) => void) | undefined;
}

/** How a response fits to what is there. */
interface Portion {
  /** How many of its bytes are there already. */
  readonly skip: number;
  /** Where its last byte is followed by others, or the end. */
  readonly end: number;
}

/**
 * What does better than a response of which nothing, or not everything, could be used: the next request, because nothing has failed; the
 * next mirror, or the same one after a while; the next mirror alone.
 */
type Remedy = "request" | "mirror or time" | "mirror";

/** A response of which nothing, or not everything, could be used. */
class Incomplete {
  readonly error: unknown;
  readonly remedy: Remedy;

  constructor(error: unknown, remedy: Remedy) {
    this.error = error;
    this.remedy = remedy;
  }
}

/** Brings a file to its sink. */
export class Transfer {
  readonly #options: TransferOptions;
  /** Of which version the sink has a beginning. */
  #version: FileVersion | undefined;
  #hash: StreamHash | undefined;
  /** Whether the sink has what an earlier download has left, and did not go on with it yet. */
  #isEarlier: boolean;
  /** Whether parts are asked for: a server that sends wrong ones is not asked again. */
  #takesParts = true;
  /** Whether bytes are asked for as they are: of a server that compresses all the same, the runtime may be able to decode them. */
  #asksForIdentity: boolean;
  /** Whether the request says itself how bytes may be compressed. */
  readonly #hasOwnCoding: boolean;
  #wasResumed = false;
  /** How many bytes of the file are from an earlier download. */
  resumedFrom = 0;
  /** Attempts made so far. */
  attempts = 0;

  /** Begins with what the sink has. */
  constructor(options: TransferOptions) {
    this.#options = options;
    this.#version = options.sink.earlier;
    this.#isEarlier = options.sink.earlier !== undefined;
    this.#hasOwnCoding = "accept-encoding" in options.request.headers;
    // What is compressed on its way can't be gone on with, and its length says nothing.
    this.#asksForIdentity = !options.compression && !this.#hasOwnCoding;
  }

  /** How many bytes have come, with those of an earlier download. */
  get position(): number {
    return this.#options.sink.position;
  }

  /** How many there will be; `undefined` if that is unknown. */
  get totalBytes(): number | undefined {
    return this.#version?.totalBytes;
  }

  /** Whether a later download can go on with what is there. */
  get isResumable(): boolean {
    return this.#version !== undefined && isResumable(this.#version, this.#options.digest !== undefined);
  }

  /**
   * Transfers everything.
   *
   * @returns The response that brought the last byte. Rejects with what the last response broke off with, when as many rounds of mirrors
   * in a row as there are retries have brought nothing new.
   */
  async run(): Promise<ReceivedResponse> {
    const { backoff, interruption, request } = this.#options;
    const { isRepeatable, settings: { maxRetries = DEFAULT_RETRIES } } = request;
    let best = this.position;
    let inVain = 0;
    let waitedMs: number | undefined;
    for (;;) {
      const outcome = await this.#round();
      if (!(outcome instanceof Incomplete)) return outcome;
      const { error, remedy } = outcome;
      if (!isRepeatable) throw error;
      // With several mirrors, what is wrong at one is asked of each of the others before there is a wait.
      if (remedy === "request" || request.leaveMirror()) continue;
      if (remedy === "mirror" || maxRetries === 0) throw error;
      if (this.position > best) {
        best = this.position;
        inVain = 0;
      }
      if (++inVain > maxRetries) throw error;
      waitedMs = backoff(inVain, waitedMs);
      await interruption.delay(waitedMs);
    }
  }

  async #round(): Promise<ReceivedResponse | Incomplete> {
    const from = this.#partStart();
    let response: ReceivedResponse;
    try {
      response = await this.#open(from);
    } catch (error) {
      if (from === undefined || !isHttpError(error) || error.status !== 416) throw error;
      return this.#refusePart(error);
    }
    if (NULL_BODY_STATUSES.has(response.status)) {
      if (response.status === 304 && isConditional(this.#options.request.headers)) return response;
      if (from !== undefined) {
        return this.#refusePart(this.#invalid("range", `is no part: ${response.status}`));
      }
      if (response.status === 304) {
        throw this.#invalid("changed", "is a 304, although it was asked for without a condition");
      }
    }
    const portion = await this.#accept(response, from);
    if (portion instanceof Incomplete) return portion;
    const failure = await this.#receive(response, portion);
    if (failure !== undefined) return failure;
    return this.#check(response);
  }

  /** Where the part begins that is asked for: of a whole file, its last byte tells whether it is still the same. */
  #partStart(): number | undefined {
    if (!this.#takesParts || !this.isResumable || this.position === 0) return undefined;
    return Math.min(this.position, this.totalBytes! - 1);
  }

  async #open(from: number | undefined): Promise<ReceivedResponse> {
    const { request, signal } = this.#options;
    try {
      return await request.open({ headers: this.#headers(from), signal });
    } finally {
      this.attempts += request.describe().attempts ?? 0;
    }
  }

  #headers(from: number | undefined): HeaderMap {
    const { digest } = this.#options;
    const headers: Record<string, string> = {};
    if (this.#asksPlainly(from)) headers["accept-encoding"] = "identity";
    if (from === undefined) return headers;
    headers.range = `bytes=${from}-`;
    const { etag, lastModified } = this.#version!;
    const validator = etag ?? lastModified;
    // With a digest another mirror may go on, whose tags are its own.
    if (validator !== undefined && digest === undefined) headers["if-range"] = validator;
    return headers;
  }

  /** Whether bytes are asked for as they are, which a runtime then leaves as they come; a part always is. */
  #asksPlainly(from: number | undefined): boolean {
    const { compression } = this.#options;
    return this.#asksForIdentity || (compression && from !== undefined && !this.#hasOwnCoding);
  }

  /** Looks at the head of a response, and makes the sink ready for its body; lets go of one that is of no use. */
  async #accept(response: ReceivedResponse, from: number | undefined): Promise<Portion | Incomplete> {
    let portion: Portion | Incomplete | undefined;
    try {
      portion = await (response.status === 206
        ? this.#acceptPart(response, from)
        : this.#acceptWhole(response, from));
      return portion;
    } finally {
      if (portion === undefined || portion instanceof Incomplete) discard(response);
    }
  }

  async #acceptWhole(response: ReceivedResponse, from: number | undefined): Promise<Portion | Incomplete> {
    if (this.#version !== undefined && this.position > 0 && isStrayPage(this.#version, response.headers)) {
      // What is there stays: the file may be back soon.
      const what = `is an HTML page in place of the rest of a file of type '${this.#version.mediaType}'`;
      return new Incomplete(this.#invalid("content-type", what), "mirror or time");
    }
    if (this.#asksPlainly(from) && isDecodable(response)) {
      this.#asksForIdentity = false;
      const error = this.#invalid("content-type", "is compressed, which was not asked for");
      return from === undefined ? new Incomplete(error, "request") : this.#refusePart(error);
    }
    const version = versionOf(response);
    const { totalBytes: end = Infinity } = version;
    this.#checkSize(version.totalBytes);
    // It is the whole again, of which a part was asked for: what is there needs not be written again.
    const isSame = this.#version !== undefined &&
      isOfVersion(this.#version, response.headers, version.totalBytes);
    if (isSame && this.position > 0) {
      await this.#goOn();
      return { skip: this.position, end };
    }
    await this.#begin(version);
    return { skip: 0, end };
  }

  async #acceptPart(response: ReceivedResponse, from: number | undefined): Promise<Portion | Incomplete> {
    const range = parseContentRange(response.headers.get("content-range"));
    if (from === undefined) {
      throw this.#invalid("range", "is a part, although the whole was asked for");
    }
    const { digest } = this.#options;
    const length = contentLength(response.headers);
    const isRight = range !== undefined && range.start === from &&
      (length === undefined || length === range.end - range.start) &&
      !response.headers.has("content-encoding") && range.totalBytes === this.totalBytes &&
      (digest !== undefined || isOfVersion(this.#version!, response.headers, range.totalBytes));
    if (!isRight) {
      const error = this.#invalid("range", "is not the part that was asked for, or of another version");
      return this.#refusePart(error);
    }
    // The part alone may be small enough.
    this.#checkSize(range.totalBytes);
    await this.#goOn();
    this.#wasResumed = true;
    return { skip: this.position - from, end: range.end };
  }

  #checkSize(totalBytes: number | undefined): void {
    const { maxBodyBytes } = this.#options.request.settings;
    if (totalBytes === undefined || totalBytes <= maxBodyBytes) return;
    throw this.#invalid("too-large", `is larger than 'maxBodyBytes': ${maxBodyBytes}`);
  }

  /** The whole is asked for next. */
  #refusePart(error: unknown): Incomplete {
    this.#takesParts = false;
    return new Incomplete(error, "request");
  }

  async #goOn(): Promise<void> {
    if (!this.#isEarlier) return;
    this.#isEarlier = false;
    const { sink, digest, interruption } = this.#options;
    await sink.goOn();
    this.resumedFrom = this.position;
    const hash = this.#hash = digest?.begin();
    if (hash === undefined) return;
    for await (const chunk of sink.readBack()) {
      interruption.throwIfStopped();
      hash.update(chunk);
    }
  }

  async #begin(version: FileVersion): Promise<void> {
    const { sink, digest } = this.#options;
    this.#isEarlier = false;
    this.resumedFrom = 0;
    this.#wasResumed = false;
    if (!await sink.begin(version)) {
      throw this.#invalid(
        "changed",
        `can't go on after ${this.position} bytes: it is not known to be the same`,
      );
    }
    this.#version = version;
    this.#hash = digest?.begin();
  }

  /** Hands the body on; gives what it broke off with. */
  async #receive(response: ReceivedResponse, { skip, end }: Portion): Promise<Incomplete | undefined> {
    const chunks = NULL_BODY_STATUSES.has(response.status) ? undefined : response.chunks;
    if (chunks === undefined) return this.#ended(end);
    let left = skip;
    try {
      for (;;) {
        const result = await nextOrBreak(chunks, this.#options.sink.room?.());
        if (result instanceof Incomplete) return result;
        if (result === undefined) return this.#ended(end);
        const chunk = left === 0 ? result : result.subarray(left);
        left -= result.length - chunk.length;
        if (chunk.length > 0) {
          if (this.position + chunk.length > end) throw this.#tooLong(end);
          await this.#take(chunk, response);
        }
      }
    } catch (error) {
      chunks.cancel(error).catch(() => {});
      throw error;
    }
  }

  #take(chunk: Uint8Array<ArrayBuffer>, response: ReceivedResponse): Promise<void> | undefined {
    const { sink, onChunk } = this.#options;
    this.#hash?.update(chunk);
    const room = sink.write(chunk);
    onChunk?.(this, response);
    return room && this.#unlessStopped(room);
  }

  /** Has everything put where it belongs, once it has come, unless it was ended with the last chunk. */
  async finish(): Promise<void> {
    this.#options.interruption.throwIfStopped();
    await this.#unlessStopped(this.#options.sink.finish());
  }

  /** A file is done with what it is given; a stream may never be. */
  #unlessStopped(work: Promise<void>): Promise<void> {
    const { sink, interruption } = this.#options;
    return sink.path === undefined ? interruption.settle(work) : work;
  }

  /** The body has ended: whether everything has come that was announced. */
  #ended(end: number): Incomplete | undefined {
    const { totalBytes } = this;
    if (end === Infinity || this.position >= (totalBytes ?? end)) return undefined;
    const remedy = this.position === end ? "request" : "mirror or time";
    const about = this.#options.request.describe();
    const message = `${about.method} ${about.url} ended after ${this.position} of ${totalBytes} bytes`;
    return new Incomplete(new NetworkError(message, about), remedy);
  }

  /** Everything has come: whether it is right. */
  #check(response: ReceivedResponse): ReceivedResponse | Incomplete {
    const { digest, sink } = this.#options;
    const received = this.#hash?.digest();
    this.#hash = undefined;
    if (digest === undefined || received === digest.hex) return response;
    const error = this.#invalid("digest", `has the digest ${received}, not ${digest.hex}`);
    // What a stream was given can't be taken back.
    if (sink.path === undefined) throw error;
    this.#version = undefined;
    // Its pieces may be of different versions.
    return this.#wasResumed ? this.#refusePart(error) : new Incomplete(error, "mirror");
  }

  #tooLong(end: number): InvalidDataError {
    return this.#invalid("length", `is longer than announced: ${end} bytes`);
  }

  #invalid(reason: InvalidDataReason, what: string): InvalidDataError {
    const about = this.#options.request.describe();
    return new InvalidDataError(`The response to ${about.method} ${about.url} ${what}`, { ...about, reason });
  }
}

/** The next chunk; `undefined` after the last one. */
async function nextOrBreak(
  chunks: BodyChunks,
  room: Uint8Array<ArrayBuffer> | undefined,
): Promise<Uint8Array<ArrayBuffer> | Incomplete | undefined> {
  try {
    return await chunks.next(room);
  } catch (error) {
    const mayPass = isNetworkError(error) && !(isTimeoutError(error) && error.kind === "total");
    if (!mayPass) throw error;
    return new Incomplete(error, "mirror or time");
  }
}

/** Whether the runtime could have decoded what it has left as it is. */
function isDecodable({ headers }: ReceivedResponse): boolean {
  return currentRuntime.decodes.has(headers.get("content-encoding")?.trim().toLowerCase() ?? "");
}

/** Cancels a body that is of no use; how that ends does not matter. */
function discard(response: ReceivedResponse): void {
  response.chunks?.cancel(undefined).catch(() => {});
}
