/**
 * Reads the lines of a body, as text or as JSON values (NDJSON).
 *
 * @module
 */

import { InvalidDataError, isInvalidDataError } from "../errors.ts";
import type { ItemSource } from "../policies/item_source.ts";
import type { StreamContext, StreamRequest } from "../policies/opener.ts";
import type { Clock } from "../primitives/clock.ts";
import { decodeBody } from "../schemas/decode.ts";
import { BodyReader } from "./body_reader.ts";
import { Interruption } from "./interruption.ts";
import { LineSplitter } from "./line_splitter.ts";
import { checkTextual } from "./textual.ts";
import { leavesTime, totalLimit } from "./total_time.ts";

const MAX_LINE_BYTES = 1_048_576;
const BLANK = /^[ \t\r]*$/;

/** Options of {@linkcode lineSource}. */
export interface LineSourceOptions {
  /** The longest accepted line, in bytes. */
  readonly maxLineBytes?: number | undefined;
}

/**
 * Creates a source of the lines of a body.
 *
 * @param request The request.
 * @param context The parts of the client that it needs.
 * @param options The options of the lines.
 * @returns The source of the lines: strings, or values if they are read as JSON or a schema is set.
 * @throws {TypeError} If `as` is `"bytes"`.
 */
export function lineSource(
  request: StreamRequest,
  context: StreamContext,
  options: LineSourceOptions,
): ItemSource<unknown> {
  checkTextual(request.settings.as, "read lines");
  return new LineSource(request, context, options.maxLineBytes ?? MAX_LINE_BYTES);
}

class LineSource implements ItemSource<unknown> {
  readonly #request: StreamRequest;
  readonly #maxLineBytes: number;
  #body: BodyReader;
  readonly #interruption: Interruption;
  #splitter: LineSplitter;
  readonly #isText: boolean;
  readonly #clock: Clock;
  #beganAtMs: number | undefined;
  #isOpen = false;
  /** Whether the reader has got a line: then no other mirror can start over. */
  #hasGiven = false;
  #hasEnded = false;
  #isClosed = false;
  /** How many lines have been read. */
  #lines = 0;
  /** The error of the line after the last one that the reader got. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(request: StreamRequest, context: StreamContext, maxLineBytes: number) {
    this.#interruption = new Interruption(context, request.signals);
    this.#request = request;
    this.#clock = context.clock;
    this.#maxLineBytes = maxLineBytes;
    this.#body = new BodyReader(request.open);
    this.#splitter = this.#newSplitter();
    const { as, schema } = request.settings;
    this.#isText = as === "text" && schema === undefined;
  }

  async read(): Promise<readonly unknown[] | undefined> {
    for (;;) {
      try {
        const items = await this.#readNext();
        this.#hasGiven = true;
        return items;
      } catch (error) {
        if (!this.#begunElsewhere(error)) {
          this.close();
          throw error;
        }
      }
    }
  }

  /**
   * Starts over at the next mirror if this one has sent invalid data or broken off before the first line. Gives whether it has
   * done so.
   */
  #begunElsewhere(error: unknown): boolean {
    const { isRepeatable } = this.#request;
    const mayDoBetter = isInvalidDataError(error) ? error.reason !== "too-large" : leavesTime(error);
    if (
      !this.#isOpen || this.#hasGiven || !isRepeatable || !mayDoBetter || !this.#request.leaveMirror(error)
    ) {
      return false;
    }
    this.#body.close();
    this.#body = new BodyReader(this.#request.open);
    this.#splitter = this.#newSplitter();
    this.#isOpen = this.#hasEnded = false;
    this.#failure = undefined;
    this.#lines = 0;
    // The event's listener may have left the stream.
    return !this.#isClosed;
  }

  #newSplitter(): LineSplitter {
    return new LineSplitter({ maxLineBytes: this.#maxLineBytes, endsAtCr: false });
  }

  async #readNext(): Promise<readonly unknown[] | undefined> {
    if (!this.#isOpen) {
      const nowMs = this.#clock.now();
      await this.#body.open({ spentMs: nowMs - (this.#beganAtMs ??= nowMs) });
      this.#isOpen = true;
    }
    while (this.#failure === undefined) {
      if (this.#hasEnded) return undefined;
      const lines = await this.#nextLines();
      const items = this.#isText ? lines : await this.#decode(lines);
      this.#checkLength();
      if (items.length > 0) return items;
    }
    throw this.#failure.reason;
  }

  async #nextLines(): Promise<readonly string[]> {
    const chunk = await this.#body.next();
    let lines: readonly string[];
    if (chunk === undefined) {
      this.#hasEnded = true;
      const last = this.#splitter.end();
      lines = last === undefined ? [] : [last];
    } else {
      lines = this.#splitter.push(chunk);
    }
    if (this.#isText) this.#lines += lines.length;
    return lines;
  }

  /** Decodes lines, up to the first one that is invalid. */
  async #decode(lines: readonly string[]): Promise<unknown[]> {
    const { settings: { schema, validate } } = this.#request;
    const options = {
      as: "json",
      schema: validate ? schema : undefined,
      describe: () => ({ ...this.#request.describe(), context: { line: this.#lines } }),
      part: () => `Line ${this.#lines} of the response`,
    } as const;
    const limit = totalLimit(this.#request, this.#beganAtMs!);
    const values: unknown[] = [];
    for (const line of lines) {
      this.#lines++;
      if (!(line.charCodeAt(0) > 0x20) && BLANK.test(line)) continue;
      try {
        const value = decodeBody(line, options);
        values.push(value instanceof Promise ? await this.#interruption.settle(value, limit) : value);
      } catch (reason) {
        // Give the lines before this one first.
        this.#failure = { reason };
        break;
      }
    }
    return values;
  }

  #checkLength(): void {
    const byte = this.#splitter.tooLongAt;
    if (byte === undefined || this.#failure !== undefined) return;
    const about = this.#request.describe();
    const line = this.#lines + 1;
    const message =
      `Line ${line} of the response to ${about.method} ${about.url}, which begins at byte ${byte},` +
      ` is longer than 'maxLineBytes': ${this.#maxLineBytes}`;
    const context = { line, byte };
    this.#failure = { reason: new InvalidDataError(message, { ...about, reason: "too-large", context }) };
  }

  close(): void {
    this.#hasEnded = true;
    this.#isClosed = true;
    this.#interruption.stop();
    this.#body.close();
  }
}
