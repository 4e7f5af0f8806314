/**
 * A sink that writes outcomes as lines of JSON.
 *
 * @module
 */

import { redactUserInfo, shownUrl } from "../http/url.ts";
import { errorRecord } from "./error_record.ts";
import type { Exchange } from "./exchange.ts";
import { ndjsonBodyLine, ndjsonLine } from "./ndjson.ts";
import type { FailedJob, Job, Sink } from "./sink.ts";
import { hashName, hashText } from "./text_hash.ts";
import { Turnstile } from "./turnstile.ts";

/** Options of {@linkcode NdjsonSink}. */
export interface NdjsonSinkOptions {
  /** Writes a line, or a piece of one. */
  readonly write: (text: string) => Promise<void>;
  /**
   * Whether lines have the status and the headers: each header as a string, and several `set-cookie`, which can't be joined, as
   * an array.
   */
  readonly include: boolean;
  /** Whether lines come in the order of the inputs. */
  readonly ordered: boolean;
}

/** Matches the members that identify an outcome, in a whole line; the rest of the line may be long. */
const LINE = /^\{"index":(\d+),"url":("(?:[^"\\]|\\.)*"),(?:"variant":"(\w+)",)?"ok":(true|false)[,}].*\}$/s;

/**
 * Writes a line for every outcome, failures included, with the `index` of its input; so a file of lines tells a later run what is
 * done. The `url` is as the user has written it, without user info. An input that is no URL is shown without all that may be a
 * secret. Where the request is no plain GET, `variant` is a hash that tells it from others.
 */
export class NdjsonSink implements Sink {
  readonly #options: NdjsonSinkOptions;
  readonly #done = new Map<number, number>();
  readonly #turns: Turnstile | undefined;
  /** The write of a line that comes in pieces; no other line may come between them. */
  #long: Promise<void> | undefined;

  /** Creates a sink that knows no earlier outcomes yet. */
  constructor(options: NdjsonSinkOptions) {
    this.#options = options;
    this.#turns = options.ordered ? new Turnstile() : undefined;
  }

  /**
   * Notes the outcome that a line of an earlier run tells.
   *
   * @throws {TypeError} If the line tells no outcome.
   */
  note(line: string): void {
    const [, index, url = '""', variant, ok] = LINE.exec(line) ?? [];
    if (index === undefined) throw new TypeError("it holds a line that is no outcome with an index");
    // A failed input is fetched again.
    if (ok === "true") this.#done.set(Number(index), identityOf(JSON.parse(url), variant));
  }

  has(job: Job): Promise<boolean> {
    const { index, input } = job;
    const isDone = this.#done.get(index) === identityOf(redactUserInfo(input.text), shortVariant(job));
    if (isDone) this.#turns?.leave(index);
    return Promise.resolve(isDone);
  }

  async take(job: Job, exchange: Exchange): Promise<Error | undefined> {
    const { line, failure } = await this.#receive(job, exchange);
    await this.#write(job.index, line);
    return failure;
  }

  async fail(job: FailedJob, error: unknown): Promise<void> {
    const { attempts, durationMs } = job;
    const fields = { ok: false, ...told(attempts, durationMs), error: errorRecord(error) };
    await this.#write(job.index, ndjsonLine(fieldsOf(job, fields)));
  }

  skip(index: number): void {
    this.#turns?.leave(index);
  }

  get stranded(): number {
    return this.#turns?.stranded ?? 0;
  }

  /** Receives a response and returns its line. The line may have to wait long for its turn, so nothing else of the response is kept. */
  async #receive(job: Job, exchange: Exchange): Promise<ReceivedLine> {
    const { status, headers, attempts, from, failure, body } = await exchange.whole();
    const head = this.#options.include ? { status, headers: headerFields(headers) } : {};
    const outcome = failure === undefined ? { ok: true, from } : { ok: false, error: errorRecord(failure) };
    const fields = {
      variant: shortVariant(job),
      ...outcome,
      ...told(attempts, job.durationMs),
      ...head,
    };
    return { line: ndjsonBodyLine(fieldsOf(job, fields), body), failure };
  }

  async #write(index: number, line: ReceivedLine["line"]): Promise<void> {
    await this.#turns?.enter(index);
    try {
      while (this.#long !== undefined) await this.#long;
      if (typeof line === "string") await this.#options.write(line);
      else await this.#writePieces(line);
    } finally {
      this.#turns?.leave(index);
    }
  }

  async #writePieces(pieces: Iterable<string>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#long = promise;
    try {
      for (const piece of pieces) await this.#options.write(piece);
    } finally {
      this.#long = undefined;
      resolve();
    }
  }
}

interface ReceivedLine {
  /** The line, or its pieces. */
  readonly line: string | Iterable<string>;
  readonly failure: Error | undefined;
}

function fieldsOf(
  { index, input }: Pick<FailedJob, "index" | "input">,
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  // In a text that is no URL it is unknown where user info ends.
  const url = input.ok ? redactUserInfo(input.text) : shownUrl(input.text);
  return { index, url, ...fields };
}

function shortVariant({ variant }: Job): string | undefined {
  return variant === "" ? undefined : hashName(variant);
}

function identityOf(url: string, variant = ""): number {
  return hashText(`${url} ${variant}`);
}

function headerFields(headers: Headers): Readonly<Record<string, string | readonly string[]>> {
  const fields: Record<string, string> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  return cookies.length > 1 ? { ...fields, "set-cookie": cookies } : fields;
}

function told(
  attempts: number,
  durationMs: number,
): { readonly attempts: number; readonly durationMs: number } {
  return { attempts, durationMs: Math.round(durationMs * 10) / 10 };
}
