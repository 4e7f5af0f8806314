/**
 * A file for each body.
 *
 * @module
 */

import { partPath, recordPath } from "../download/part_name.ts";
import type { TerminalFiles } from "../runtime/terminal/contract.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { ManifestWriter } from "./manifest.ts";
import type { OutputFolder } from "./output_folder.ts";
import type { Job, Sink } from "./sink.ts";

/** Options of {@linkcode FileSink}. */
export interface FileSinkOptions {
  readonly folder: OutputFolder;
  readonly files: TerminalFiles;
  /** The path of a job's file below the folder. */
  readonly pathOf: (job: Job) => readonly string[];
  /** Whether what is there stays, and what is there in part is continued. */
  readonly resume: boolean;
  /** Where every file is written down, if anywhere. */
  readonly manifest?: ManifestWriter | undefined;
}

/** Downloads into files. Each has its name only when all of it is there. */
export class FileSink implements Sink {
  readonly #options: FileSinkOptions;
  /** The files that are being written, and when they will have been. */
  readonly #busy = new Map<string, Promise<unknown>>();

  /** Writes nothing yet. */
  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  async has(job: Job): Promise<boolean> {
    const { folder, pathOf, resume, manifest, files } = this.#options;
    if (!resume) return false;
    const path = pathOf(job);
    const file = `${await folder.enter(path)}/${path.at(-1)}`;
    if (await files.kind(file) !== "file") return false;
    // A run was killed that was to bring it anew: what is half there is gone on with.
    if (await files.size(partPath(file)) !== undefined) return false;
    // What a run leaves that was killed just when the file had got its name.
    await files.remove(recordPath(file));
    await manifest?.found(job, path.join("/"), files.read(file));
    return true;
  }

  async take(job: Job, exchange: Exchange): Promise<Error | undefined> {
    const path = this.#options.pathOf(job);
    const key = path.join("/");
    // The same may be asked for twice: the last one stays.
    for (let busy = this.#busy.get(key); busy !== undefined; busy = this.#busy.get(key)) await busy;
    const work = this.#write(job, path, exchange);
    this.#busy.set(key, work.catch(() => {}));
    try {
      return await work;
    } finally {
      this.#busy.delete(key);
    }
  }

  async #write(job: Job, path: readonly string[], exchange: Exchange): Promise<Error | undefined> {
    const { folder, manifest, files } = this.#options;
    const file = `${await folder.enter(path)}/${path.at(-1)}`;
    const answer = await this.#receive(path, file, exchange);
    if (answer.status !== 304) await manifest?.write(job, path.join("/"), answer, files.read(file));
    return answer.failure;
  }

  async #receive(path: readonly string[], file: string, exchange: Exchange): Promise<Answer> {
    const { folder, files, resume } = this.#options;
    // What has no body is no file: a download refuses it.
    if (exchange.isAsItComes && exchange.hasBody) {
      const answer = await exchange.open();
      // A 304 leaves everything as it is.
      if (answer.status !== 304) await folder.write(path, answer.body);
      return answer;
    }
    const present = resume ? await files.size(partPath(file)) : undefined;
    return await exchange.download(file, { name: path.at(-1)!, resume, present });
  }
}
