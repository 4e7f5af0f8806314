/**
 * The list of the files that were written.
 *
 * @module
 */

import { redactUserInfo } from "../http/url.ts";
import { streamHash } from "../runtime/disk/stream_hash.ts";
import type { Answer } from "./exchange.ts";
import type { Job } from "./sink.ts";

/** Writes a line of JSON for every file: `url`, `file`, `bytes`, `status`, `etag`, `digest`. */
export class ManifestWriter {
  readonly #writeLine: (line: string) => Promise<void>;
  readonly #known: ReadonlySet<string>;

  /**
   * Begins with what an earlier run has written.
   *
   * @param writeLine Writes a line, with its end.
   * @param known The files that it names already.
   */
  constructor(writeLine: (line: string) => Promise<void>, known: ReadonlySet<string>) {
    this.#writeLine = writeLine;
    this.#known = known;
  }

  /** A file was written. What is in it is read again, so that its digest is that of what is on the disk. */
  async write(
    job: Job,
    file: string,
    { status, headers }: Pick<Answer, "status" | "headers">,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { bytes, digest } = await measure(content);
    await this.#line(job, { file, bytes, status, etag: headers.get("etag") ?? undefined, digest });
  }

  /** A file is there from an earlier run; one that was ended before it could write its line. */
  async found(job: Job, file: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    if (!this.#known.has(file)) await this.#line(job, { file, ...await measure(content) });
  }

  async #line({ input }: Job, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#writeLine(`${JSON.stringify({ url: redactUserInfo(input.text), ...fields })}\n`);
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

async function measure(
  content: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  const sum = streamHash("sha-256");
  if (sum === undefined) throw new TypeError("Cannot write the manifest as this runtime has no SHA-256");
  let bytes = 0;
  for await (const chunk of content) {
    sum.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: `sha256:${sum.digest()}` };
}
