/**
 * A file for each body.
 *
 * @module
 */

import { contentLength } from "../http/body.ts";
import type { TerminalFiles } from "../runtime/terminal/contract.ts";
import { FilePart, keptPartName } from "./file_part.ts";
import type { ManifestWriter } from "./manifest.ts";
import type { OutputFolder } from "./output_folder.ts";
import type { Run } from "./run.ts";
import { Sha256 } from "./sha256.ts";
import type { Job, Sink } from "./sink.ts";
import { type Body, RESTART, type ResumePoint, type Transfer } from "./transfer.ts";

/** Bodies up to this size are written at once. */
const SMALL_BYTES = 256 * 1024;

/** Options of {@linkcode FileSink}. */
export interface FileSinkOptions {
  readonly folder: OutputFolder;
  readonly files: TerminalFiles;
  readonly run: Run;
  /** The path of a job's file below the folder. */
  readonly pathOf: (job: Job) => readonly string[];
  /** Whether what is there stays, and what is there in part is continued. */
  readonly resume: boolean;
  /** Where every file is written down, if anywhere. */
  readonly manifest?: ManifestWriter | undefined;
}

/** Writes bodies into files as they come. Each has its name only when all of it is there. */
export class FileSink implements Sink {
  readonly #options: FileSinkOptions;

  /** Writes nothing yet. */
  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  async has(job: Job): Promise<boolean> {
    const { folder, pathOf, resume, manifest, files } = this.#options;
    if (!resume) return false;
    const path = pathOf(job);
    if (!await folder.has(path)) return false;
    await manifest?.found(job, path.join("/"), files.read([folder.path, ...path].join("/")));
    return true;
  }

  async find(job: Job): Promise<ResumePoint | undefined> {
    return this.#options.resume ? await (await this.#part(job)).find() : undefined;
  }

  async take(job: Job, transfer: Transfer): Promise<void> {
    const length = contentLength(transfer.response.headers);
    const isSmall = length !== undefined && length <= SMALL_BYTES && !transfer.isContinued;
    if (isSmall) await this.#write(job, await transfer.whole(), transfer);
    else await this.#stream(job, transfer);
  }

  async #write(job: Job, body: Body, transfer: Transfer): Promise<void> {
    const { folder, pathOf, resume, manifest } = this.#options;
    const path = pathOf(job);
    if (!resume) await folder.write(path, body);
    else {
      // What a run has left that was killed is of no use.
      const part = await this.#part(job);
      await part.discard();
      await folder.write(path, body, keptPartName(path.at(-1)!));
    }
    await manifest?.write(job, path.join("/"), transfer.response, body);
  }

  async #stream(job: Job, transfer: Transfer): Promise<void> {
    const { run, pathOf, manifest } = this.#options;
    const path = pathOf(job);
    const part = await this.#part(job);
    const digest = manifest === undefined ? undefined : new Sha256();
    using _shown = run.showTransfer(path.at(-1)!, transfer);
    try {
      if (transfer.isContinued) {
        if (digest !== undefined) { for await (const chunk of part.read()) digest.update(chunk); }
        await part.resume();
      } else await part.begin(transfer.validator);
      let sum = digest;
      for await (const piece of transfer.pieces()) {
        if (piece === RESTART) {
          await part.begin(transfer.validator);
          sum = digest && new Sha256();
          continue;
        }
        await part.write(piece);
        sum?.update(piece);
      }
      await part.commit();
      await manifest?.write(job, path.join("/"), transfer.response, {
        bytes: transfer.received,
        digest: sum!.digest(),
      });
    } catch (error) {
      // The first failure counts, not that of cleaning up.
      await part.abandon().catch(() => {});
      throw error;
    }
  }

  async #part(job: Job): Promise<FilePart> {
    const { folder, pathOf, resume, files } = this.#options;
    const path = pathOf(job);
    return new FilePart({ folder: await folder.enter(path), name: path.at(-1)! }, files, { isKept: resume });
  }
}
