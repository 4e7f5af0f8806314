/**
 * The manifest: the list of the files that were written.
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
  readonly #known: Set<string> | undefined;

  /**
   * Creates a writer that continues the manifest of an earlier run, or begins a new one.
   *
   * @param writeLine Writes a line, with its line break.
   * @param known The files that the manifest names already, to which the writer adds its own; without it,
   * {@linkcode ManifestWriter.found} adds every file.
   */
  constructor(writeLine: (line: string) => Promise<void>, known?: Set<string>) {
    this.#writeLine = writeLine;
    this.#known = known;
  }

  /** Adds a file that was written. Its content is read again, so that the digest is that of the bytes on disk. */
  async write(
    job: Job,
    file: string,
    { status, headers }: Pick<Answer, "status" | "headers">,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    this.#known?.add(file);
    const { bytes, digest } = await measure(content);
    await this.#line(job, { file, bytes, status, etag: headers.get("etag") ?? undefined, digest });
  }

  /**
   * Adds a file from an earlier run, if that run ended before it could write the line. A file that this run has written is there
   * already.
   */
  async found(job: Job, file: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#known?.has(file)) return;
    this.#known?.add(file);
    await this.#line(job, { file, ...await measure(content) });
  }

  async #line({ input }: Job, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#writeLine(`${JSON.stringify({ url: redactUserInfo(input.text), ...fields })}\n`);
  }
}

/**
 * Returns the file that a line of a manifest names.
 *
 * @throws {TypeError} If the line names no file.
 */
export function manifestFile(line: string): string {
  let file: unknown;
  try {
    file = (JSON.parse(line) as { readonly file?: unknown } | null)?.file;
  } catch {
    // The line is no JSON: the check below refuses it.
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
