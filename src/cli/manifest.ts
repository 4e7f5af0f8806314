/**
 * The list of the files that were written.
 *
 * @module
 */

import { redactUserInfo } from "../http/url.ts";
import type { LineFile } from "./line_file.ts";
import { Sha256 } from "./sha256.ts";
import type { Job } from "./sink.ts";

/** What is known of a body that was written piece by piece. */
export interface WrittenBody {
  readonly bytes: number;
  /** Its SHA-256, in hexadecimal digits. */
  readonly digest: string;
}

/** Writes a line of JSON for every file: `url`, `file`, `bytes`, `status`, `etag`, `digest`. */
export class ManifestWriter {
  readonly #file: LineFile;
  readonly #known: ReadonlySet<string>;

  /**
   * Writes into a file of lines.
   *
   * @param file The file.
   * @param known The files that it names already.
   */
  constructor(file: LineFile, known: ReadonlySet<string>) {
    this.#file = file;
    this.#known = known;
  }

  /** A file was written. */
  async write(
    job: Job,
    file: string,
    { status, headers }: Response,
    body: Uint8Array<ArrayBuffer> | WrittenBody,
  ): Promise<void> {
    const { bytes, digest } = body instanceof Uint8Array
      ? { bytes: body.length, digest: await sha256(body) }
      : body;
    await this.#line(job, {
      file,
      bytes,
      status,
      etag: headers.get("etag") ?? undefined,
      digest: `sha256:${digest}`,
    });
  }

  /** A file is there from an earlier run; one that was ended before it could write its line. */
  async found(job: Job, file: string, content: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<void> {
    if (this.#known.has(file)) return;
    const sum = new Sha256();
    let bytes = 0;
    for await (const chunk of content) {
      sum.update(chunk);
      bytes += chunk.length;
    }
    await this.#line(job, { file, bytes, digest: `sha256:${sum.digest()}` });
  }

  async #line({ input }: Job, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#file.write(`${JSON.stringify({ url: redactUserInfo(input.text), ...fields })}\n`);
  }
}

/**
 * The file that a line of a manifest names.
 *
 * @throws {TypeError} If it is no such line.
 */
export function manifestFile(line: string): string {
  let file: unknown;
  try {
    file = (JSON.parse(line) as { readonly file?: unknown } | null)?.file;
  } catch {
    // No JSON: refused below.
  }
  if (typeof file !== "string") throw new TypeError("it holds a line that names no file");
  return file;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
