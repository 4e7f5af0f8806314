/**
 * Transfers a file, over as many responses as necessary, and all of one version.
 *
 * @module
 */

import { InvalidDataError, type InvalidDataReason, isHttpError, NetworkError } from "../errors.ts";
import { contentLength } from "../http/body.ts";
import { isDecodable, NULL_BODY_STATUSES } from "../http/decoded_headers.ts";
import { type HeaderMap, isConditional } from "../http/headers.ts";
import type { BodyChunks, ReceivedResponse } from "../http/tracked_response.ts";
import type { StreamRequest } from "../policies/opener.ts";
import { DEFAULT_RETRIES } from "../policies/retry.ts";
import type { Backoff } from "../primitives/backoff.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Interruption } from "../streams/interruption.ts";
import { leavesTime } from "../streams/total_time.ts";
import { parseContentRange } from "./content_range.ts";
import { type FileVersion, isOfVersion, isStrayPage, versionOf } from "./file_version.ts";
import type { GrowingFile } from "./growing_file.ts";

/** Options of {@linkcode Transfer}. */
export interface TransferOptions {
  readonly request: StreamRequest<ReceivedResponse>;
  /** The file, with what an earlier download has left. */
  readonly file: GrowingFile;
  readonly backoff: Backoff;
  /** Ends the waits of the transfer when the caller aborts, or the client closes. */
  readonly interruption: Interruption;
  /** Ends the requests of the transfer when it aborts. */
  readonly signal: AbortSignal | undefined;
  /** Whether the server may compress the file for the transfer. */
  readonly compression: boolean;
  /** Called after each chunk, with the attempts so far. */
  readonly onChunk: ((attempts: number, response: ReceivedResponse) => void) | undefined;
}

/** Which bytes of the file a response brings. */
interface Portion {
  /** How many of its first bytes the sink has already. */
  readonly skip: number;
  /** The position in the file after its last byte; `Infinity` if that is unknown. */
  readonly end: number;
}

/**
 * How to get the rest after an incomplete response: from the same mirror at once, because nothing has failed (`"at once"`); from
 * the next mirror, or after a backoff if all were asked (`"elsewhere or later"`); or only from the next mirror (`"elsewhere"`).
 */
type Remedy = "at once" | "elsewhere or later" | "elsewhere";

/**
 * Which requests ask for uncompressed bytes (`accept-encoding: identity`): all, only those for a part, or none. Without that
 * header, the runtime may send one of its own, and decode the body.
 */
type AsksForIdentity = "always" | "for parts" | "never";

/** The outcome of a response that brought no usable bytes, or not all of them. */
class Incomplete {
  readonly error: unknown;
  readonly remedy: Remedy;

  constructor(error: unknown, remedy: Remedy) {
    this.error = error;
    this.remedy = remedy;
  }
}

/** Transfers one file. */
export class Transfer {
  readonly #options: TransferOptions;
  readonly #file: GrowingFile;
  /** Whether the transfer requests parts. It stops doing so once a server has sent a wrong part. */
  #takesParts = true;
  /** The transfer stops asking for uncompressed bytes once a server has compressed the file all the same. */
  #asksForIdentity: AsksForIdentity;
  #wasResumed = false;
  /** The error of the latest body that broke off. */
  #lastBreak: unknown;
  /** Attempts made so far. */
  attempts = 0;

  /** Creates a transfer that has sent nothing yet. */
  constructor(options: TransferOptions) {
    this.#options = options;
    this.#file = options.file;
    const hasOwnCoding = "accept-encoding" in options.request.headers;
    // A transfer that is compressed cannot be resumed, and its `content-length` is not that of the file.
    this.#asksForIdentity = hasOwnCoding ? "never" : options.compression ? "for parts" : "always";
  }

  /**
   * Transfers the whole file.
   *
   * @returns The response that brought the last byte. Rejects with the error of the last response once `maxRetries` retries in a
   * row, each over all mirrors, have brought no new bytes.
   */
  async run(): Promise<ReceivedResponse> {
    const { backoff, interruption, request } = this.#options;
    const { isRepeatable, settings: { maxRetries = DEFAULT_RETRIES } } = request;
    let best = this.#file.position;
    let inVain = 0;
    let waitedMs: number | undefined;
    for (;;) {
      const outcome = await this.#round();
      if (!(outcome instanceof Incomplete)) return outcome;
      const { error, remedy } = outcome;
      if (!isRepeatable) throw error;
      // Ask each of the other mirrors before a backoff.
      if (remedy === "at once" || request.leaveMirror(error)) continue;
      if (remedy === "elsewhere") throw error;
      if (this.#file.position > best) {
        best = this.#file.position;
        inVain = 0;
      }
      if (++inVain > maxRetries) throw error;
      waitedMs = backoff(inVain, waitedMs);
      request.noteRetry(error, waitedMs);
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
    if (failure === undefined) return this.#check(response);
    this.#lastBreak = failure.error;
    return failure;
  }

  /**
   * Returns where the part to request begins; `undefined` to request the whole file. If the sink has all bytes already, requests
   * the last one again: the response tells whether the file has changed.
   */
  #partStart(): number | undefined {
    const { isResumable, position, totalBytes } = this.#file;
    if (!this.#takesParts || !isResumable || position === 0) return undefined;
    return Math.min(position, totalBytes! - 1);
  }

  async #open(from: number | undefined): Promise<ReceivedResponse> {
    const { request, signal } = this.#options;
    try {
      return await request.open({ headers: this.#headers(from), signal });
    } finally {
      this.attempts = request.attempts;
    }
  }

  #headers(from: number | undefined): HeaderMap {
    const headers: Record<string, string> = {};
    if (this.#wantsIdentity(from)) headers["accept-encoding"] = "identity";
    if (from === undefined) return headers;
    headers.range = `bytes=${from}-`;
    const { etag, lastModified } = this.#file.version!;
    const validator = etag ?? lastModified;
    // With a digest, do not send a validator: another mirror, with entity tags of its own, may send the rest.
    if (validator !== undefined && !this.#file.hasDigest) headers["if-range"] = validator;
    return headers;
  }

  /** Whether the request for the whole file, or for the part from a position on, asks for uncompressed bytes. */
  #wantsIdentity(from: number | undefined): boolean {
    return this.#asksForIdentity === "always" ||
      (this.#asksForIdentity === "for parts" && from !== undefined);
  }

  /** Checks the head of a response, and prepares the sink for its body. Discards a useless response. */
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
    const { version: current, position } = this.#file;
    if (current !== undefined && position > 0 && isStrayPage(current, response.headers)) {
      // Keep the bytes in the sink: the server may send the file again soon.
      const what = `is an HTML page in place of the rest of a file of type '${current.mediaType}'`;
      return new Incomplete(this.#invalid("content-type", what), "elsewhere or later");
    }
    // The runtime could have decoded the body, but has not.
    if (this.#wantsIdentity(from) && isDecodable(response.headers, currentRuntime)) {
      this.#asksForIdentity = "never";
      const error = this.#invalid("content-type", "is compressed, which was not asked for");
      return from === undefined ? new Incomplete(error, "at once") : this.#refusePart(error);
    }
    const version = versionOf(response);
    const { totalBytes: end = Infinity } = version;
    this.#checkSize(version.totalBytes);
    // The server has sent the whole file of the same version. Skip the bytes that the sink has already.
    const isSame = current !== undefined && isOfVersion(current, response.headers, version.totalBytes);
    if (isSame && position > 0) {
      await this.#file.goOn();
      return { skip: position, end };
    }
    await this.#begin(version);
    return { skip: 0, end };
  }

  async #acceptPart(response: ReceivedResponse, from: number | undefined): Promise<Portion | Incomplete> {
    const range = parseContentRange(response.headers.get("content-range"));
    if (from === undefined) {
      throw this.#invalid("range", "is a part, although the whole was asked for");
    }
    const { version, totalBytes, hasDigest, position } = this.#file;
    const length = contentLength(response.headers);
    const isRight = range !== undefined && range.start === from &&
      (length === undefined || length === range.end - range.start) &&
      !response.headers.has("content-encoding") && range.totalBytes === totalBytes &&
      (hasDigest || isOfVersion(version!, response.headers, range.totalBytes));
    if (!isRight) {
      const error = this.#invalid("range", "is not the part that was asked for, or of another version");
      return this.#refusePart(error);
    }
    // Check the size of the whole file: the part alone may be small enough.
    this.#checkSize(range.totalBytes);
    await this.#file.goOn();
    this.#wasResumed = true;
    return { skip: position - from, end: range.end };
  }

  #checkSize(totalBytes: number | undefined): void {
    const { maxBodyBytes } = this.#options.request.settings;
    if (totalBytes === undefined || totalBytes <= maxBodyBytes) return;
    throw this.#invalid("too-large", `is larger than 'maxBodyBytes': ${maxBodyBytes}`);
  }

  /** Refuses a part, so that the next request asks for the whole file. */
  #refusePart(error: unknown): Incomplete {
    this.#takesParts = false;
    return new Incomplete(error, "at once");
  }

  async #begin(version: FileVersion): Promise<void> {
    this.#wasResumed = false;
    if (await this.#file.begin(version)) return;
    throw this.#invalid(
      "changed",
      `can't go on after ${this.#file.position} bytes, where the one before broke off: it is not known to be the same`,
      this.#lastBreak,
    );
  }

  /** Adds the body to the file. Gives `undefined` if all announced bytes have arrived. */
  async #receive(response: ReceivedResponse, { skip, end }: Portion): Promise<Incomplete | undefined> {
    const chunks = NULL_BODY_STATUSES.has(response.status) ? undefined : response.chunks;
    if (chunks === undefined) return this.#ended(end);
    let left = skip;
    try {
      for (;;) {
        const result = await nextOrBreak(chunks, this.#file.room());
        if (result instanceof Incomplete) return result;
        if (result === undefined) return this.#ended(end);
        const chunk = left === 0 ? result : result.subarray(left);
        left -= result.length - chunk.length;
        if (chunk.length > 0) {
          if (this.#file.position + chunk.length > end) throw this.#tooLong(end);
          await this.#take(chunk, response);
        }
      }
    } catch (error) {
      chunks.cancel(error).catch(() => {});
      throw error;
    }
  }

  #take(chunk: Uint8Array<ArrayBuffer>, response: ReceivedResponse): Promise<void> | undefined {
    const room = this.#file.take(chunk);
    this.#options.onChunk?.(this.attempts, response);
    return room;
  }

  /** Checks at the end of a body whether all announced bytes have arrived. */
  #ended(end: number): Incomplete | undefined {
    const { position, totalBytes } = this.#file;
    if (end === Infinity || position >= (totalBytes ?? end)) return undefined;
    const remedy = position === end ? "at once" : "elsewhere or later";
    const about = this.#options.request.describe();
    const message = `${about.method} ${about.url} ended after ${position} of ${totalBytes} bytes`;
    return new Incomplete(new NetworkError(message, about), remedy);
  }

  /** Checks the digest after the last byte. */
  #check(response: ReceivedResponse): ReceivedResponse | Incomplete {
    const wrong = this.#file.checkDigest();
    if (wrong === undefined) return response;
    const error = this.#invalid("digest", wrong);
    if (!this.#file.giveUp()) throw error;
    // The parts may belong to different versions, so request the whole file.
    return this.#wasResumed ? this.#refusePart(error) : new Incomplete(error, "elsewhere");
  }

  #tooLong(end: number): InvalidDataError {
    return this.#invalid("length", `is longer than announced: ${end} bytes`);
  }

  #invalid(reason: InvalidDataReason, what: string, cause?: unknown): InvalidDataError {
    const about = this.#options.request.describe();
    const message = `The response to ${about.method} ${about.url} ${what}`;
    return new InvalidDataError(message, { ...about, reason, cause });
  }
}

/** Reads the next chunk; gives `undefined` after the last one, and an {@linkcode Incomplete} if the body breaks off. */
async function nextOrBreak(
  chunks: BodyChunks,
  room: Uint8Array<ArrayBuffer> | undefined,
): Promise<Uint8Array<ArrayBuffer> | Incomplete | undefined> {
  try {
    return await chunks.next(room);
  } catch (error) {
    if (!leavesTime(error)) throw error;
    return new Incomplete(error, "elsewhere or later");
  }
}

/** Cancels a useless body. The outcome does not matter. */
function discard(response: ReceivedResponse): void {
  response.chunks?.cancel(undefined).catch(() => {});
}
