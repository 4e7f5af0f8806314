/**
 * A sink that writes each body into a file.
 *
 * @module
 */

import { partPath, recordPath } from "../download/part_name.ts";
import { codeOf } from "../runtime/error_code.ts";
import type { TerminalFiles } from "../runtime/terminal/contract.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { ManifestWriter } from "./manifest.ts";
import type { OutputFolder } from "./output_folder.ts";
import type { Job, Sink } from "./sink.ts";

/** Options of {@linkcode FileSink}. */
export interface FileSinkOptions {
  readonly folder: OutputFolder;
  readonly files: TerminalFiles;
  /** Returns the path of a job's file, below the folder. */
  readonly pathOf: (job: Job) => readonly string[];
  /** Whether finished files stay, and unfinished ones are continued. */
  readonly resume: boolean;
  /**
   * Called before a finished file is replaced that is not as long as the server says. Without it, a finished file counts as
   * complete, whoever wrote it.
   */
  readonly onOtherLength?: ((file: string, bytes: number, length: number) => Promise<void>) | undefined;
  /** The manifest that lists every file, if there is one. */
  readonly manifest?: ManifestWriter | undefined;
}

/** Downloads bodies into files. A file gets its name only when it is complete. */
export class FileSink implements Sink {
  readonly #options: FileSinkOptions;
  /** The write in progress of each path. */
  readonly #busy = new Map<string, Promise<unknown>>();

  /** Creates a sink, which writes nothing yet. */
  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  async has(job: Job, exchange: Exchange): Promise<boolean> {
    const { folder, pathOf, resume, manifest, files, onOtherLength } = this.#options;
    if (!resume) return false;
    const path = pathOf(job);
    const file = `${await folder.enter(path)}/${path.at(-1)}`;
    if (await files.kind(file) !== "file") return false;
    // A part beside the file is left by a run that was killed while it fetched the file again: the download continues that part.
    if (await files.size(partPath(file)) !== undefined) return false;
    if (onOtherLength !== undefined && exchange.isGet && !exchange.isAsItComes) {
      const bytes = await files.size(file);
      const length = await exchange.length();
      if (bytes !== undefined && length !== undefined && bytes !== length) {
        await onOtherLength(file, bytes, length);
        return false;
      }
    }
    // A run that was killed just after it had renamed the file has left its record.
    await files.remove(recordPath(file));
    await manifest?.found(job, path.join("/"), files.read(file));
    return true;
  }

  async take(job: Job, exchange: Exchange): Promise<Error | undefined> {
    const path = this.#options.pathOf(job);
    const key = path.join("/");
    // Two jobs may have the same path: they write one after the other, and the last one stays. With `resume`, the first
    // one that succeeds does.
    let hasWaited = false;
    for (let busy = this.#busy.get(key); busy !== undefined; busy = this.#busy.get(key)) {
      await busy;
      hasWaited = true;
    }
    const work = hasWaited ? this.#writeUnlessPresent(job, path, exchange) : this.#write(job, path, exchange);
    this.#busy.set(key, work.catch(() => {}));
    try {
      return await work;
    } finally {
      this.#busy.delete(key);
    }
  }

  async #writeUnlessPresent(
    job: Job,
    path: readonly string[],
    exchange: Exchange,
  ): Promise<Error | undefined> {
    return await this.has(job, exchange) ? undefined : await this.#write(job, path, exchange);
  }

  async #write(job: Job, path: readonly string[], exchange: Exchange): Promise<Error | undefined> {
    const { folder, manifest, files } = this.#options;
    let answer: Answer;
    try {
      answer = await this.#receive(path, exchange);
    } catch (error) {
      if (!exchange.isGet || !isMissing(error)) throw error;
      await folder.restore(path);
      answer = await this.#receive(path, exchange);
    }
    if (answer.status !== 304) {
      await manifest?.write(job, path.join("/"), answer, files.read(`${folder.path}/${path.join("/")}`));
    }
    return answer.failure;
  }

  async #receive(path: readonly string[], exchange: Exchange): Promise<Answer> {
    const { folder, files, resume } = this.#options;
    const file = `${await folder.enter(path)}/${path.at(-1)}`;
    // A response to HEAD has no body to make a file of: `download()` rejects it.
    if (exchange.isAsItComes && exchange.hasBody) {
      const answer = await exchange.open();
      // A 304 leaves the file as it is.
      if (answer.status !== 304) await folder.write(path, answer.body);
      return answer;
    }
    const present = resume ? await files.size(partPath(file)) : undefined;
    return await exchange.download(file, { name: path.at(-1)!, resume, present });
  }
}

/** Returns whether a write failed because its folder is missing. */
function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf((error as Error | undefined)?.cause) === "ENOENT";
}
