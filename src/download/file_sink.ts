/**
 * Writes a download to a file, which gets its name only when it is complete.
 *
 * @module
 */

import { messageOf, WriteError } from "../errors.ts";
import { concatenate } from "../http/concatenate.ts";
import type { Disk, DiskEntry, DiskFile } from "../runtime/disk/contract.ts";
import { currentDisk } from "../runtime/disk/current.ts";
import type { DownloadSink } from "./download_sink.ts";
import { type EarlierPart, findEarlierPart } from "./earlier_part.ts";
import type { FileVersion } from "./file_version.ts";
import { partPath, recordPath } from "./part_name.ts";
import { formatPartRecord, type PartRecord } from "./part_record.ts";
import { realPath } from "./real_path.ts";
import { WriteQueue } from "./write_queue.ts";

const READ_BACK_BYTES = 1_048_576;
/** How much of a file is held in memory, in bytes. A file that is no larger is written at once when it is complete. */
const HELD_BYTES = 262_144;

/** How often, and after which pause in milliseconds, to check whether another process has renamed its small file. */
const LOOKS = 20;
const LOOK_MS = 50;

/** The paths of the files to which this process downloads. */
const busyPaths = new Set<string>();

/** Options of {@linkcode openFileSink}. */
export interface FileSinkOptions {
  /** Gives a hash of the request, which says what is downloaded. Called only when the hash is needed. */
  readonly source: () => string;
  /** Whether to resume the part of an earlier download. */
  readonly resumes: boolean;
  /** Whether the file may replace another one. */
  readonly overwrites: boolean;
  /** Gives the time, in milliseconds since 1970. */
  readonly wallNow: () => number;
  /** Waits for some milliseconds; rejects with the reason that ends the download. */
  readonly delay: (ms: number) => Promise<void>;
  /** The disk; a test may pass one that fails. */
  readonly disk?: Disk | undefined;
}

/**
 * Prepares a file for a download. Until the file is complete, it is called `<name>.part`, and `<name>.part.json` records what is
 * known about it. A small file is on the disk only when it is complete, or when a later download may resume it. The part of an
 * earlier download is never changed, except by resuming it.
 *
 * @param to The path or the `file:` URL.
 * @param options How to write it.
 * @returns The sink. Rejects with a `WriteError` if the folder is missing, the name is taken, or another download writes to the
 * file.
 * @throws {TypeError} Rejects, if the runtime has no files, or a URL names none.
 */
export async function openFileSink(to: string | URL, options: FileSinkOptions): Promise<DownloadSink> {
  const { disk = currentDisk() } = options;
  const shown = String(to);
  let path: string;
  try {
    path = await realPath(disk, to, options.wallNow());
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw writeError(shown, `its folder can't be reached: ${messageOf(error)}`, error);
  }
  if (busyPaths.has(path)) throw writeError(path, "another download goes there");
  busyPaths.add(path);
  try {
    const existing = await disk.entry(path);
    checkReplaceable(path, existing, options);
    // Without `resumes`, check an earlier part only if it turns out to be in the way.
    const earlier = options.resumes ? await findEarlierPart(disk, path, options) : undefined;
    return new FileSink(disk, path, options, { earlier, replaced: existing });
  } catch (error) {
    busyPaths.delete(path);
    throw asWriteError(path, error);
  }
}

const REFUSALS = {
  file: "it is there already",
  folder: "it is a folder",
  special: "it is a device or a pipe, which only a stream can be written to",
} as const;

/**
 * Throws if the file must not replace what is at its path. A file renamed over a device would remove the device for all programs.
 */
function checkReplaceable(
  path: string,
  existing: DiskEntry | undefined,
  { overwrites }: FileSinkOptions,
): void {
  if (existing === undefined || (existing.kind === "file" && overwrites)) return;
  throw writeError(path, REFUSALS[existing.kind]);
}

/** The files that were on the disk before the download. */
interface Found {
  readonly earlier: EarlierPart | undefined;
  readonly replaced: DiskEntry | undefined;
}

class FileSink implements DownloadSink {
  readonly path: string;
  readonly earlier: FileVersion | undefined;
  position: number;
  readonly #disk: Disk;
  readonly #options: FileSinkOptions;
  /** The path of the part. */
  readonly #part: string;
  #file: DiskFile | undefined;
  #queue: WriteQueue | undefined;
  /** The chunks of a version that has nothing on the disk yet. */
  #held: Uint8Array<ArrayBuffer>[] | undefined;
  #version: FileVersion | undefined;
  /** The permissions of a new part: those of the file that it replaces, and always read and write for its owner. */
  readonly #mode: number | undefined;
  /** Whether the record of the part is on the disk; without it, no download can resume the part. */
  #isNoted = false;

  constructor(disk: Disk, path: string, options: FileSinkOptions, { earlier, replaced }: Found) {
    this.path = path;
    this.earlier = earlier?.version;
    this.position = earlier?.file.bytes ?? 0;
    this.#disk = disk;
    this.#options = options;
    this.#part = partPath(path);
    this.#file = earlier?.file;
    this.#mode = replaced?.mode === undefined ? undefined : replaced.mode | 0o600;
  }

  async begin(version: FileVersion): Promise<boolean> {
    this.#version = version;
    this.position = 0;
    if (this.#file !== undefined) await this.#doing(() => this.#openPart());
    else {
      this.#held = [];
      // Write a large file to the disk from its first byte on, because the process may be killed.
      if ((version.totalBytes ?? 0) > HELD_BYTES) await this.#doing(() => this.#spill());
    }
    return true;
  }

  /** Moves the held chunks to the disk. */
  async #spill(): Promise<void> {
    const held = this.#held!;
    if (!this.#options.resumes) {
      await (await findEarlierPart(this.#disk, this.path, this.#options))?.file.close();
    }
    await this.#openPart();
    this.#held = undefined;
    for (const chunk of held) await this.#queue!.add(chunk);
  }

  async #openPart(): Promise<void> {
    // Create a new file each time: a program that has the old one open must not write into this one.
    await this.#close();
    await this.#disk.remove(this.#part);
    this.#file = await this.#disk.create(this.#part, this.#mode);
    this.#queue = new WriteQueue(this.#file, 0, this.#options.wallNow);
    await this.#note(this.#version!);
  }

  async goOn(): Promise<void> {
    this.#queue = new WriteQueue(this.#file!, this.position, this.#options.wallNow);
    await this.#doing(() => this.#note(this.earlier!));
  }

  async #note(version: FileVersion): Promise<void> {
    const { source } = this.#options;
    const record: PartRecord = {
      fileId: this.#file!.id,
      source: source(),
      version,
      processId: this.#disk.processId,
    };
    this.#isNoted = false;
    await this.#disk.writeText(recordPath(this.path), formatPartRecord(record));
    this.#isNoted = true;
  }

  async *readBack(): AsyncIterable<Uint8Array> {
    const buffer = new Uint8Array(READ_BACK_BYTES);
    for (let at = 0; at < this.position;) {
      const wanted = buffer.subarray(0, Math.min(buffer.length, this.position - at));
      const length = await this.#doing(() => this.#file!.read(wanted, at));
      if (length === 0) throw writeError(this.path, "it has become shorter");
      yield buffer.subarray(0, length);
      at += length;
    }
  }

  room(): Uint8Array<ArrayBuffer> | undefined {
    return this.#queue?.room();
  }

  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.position += chunk.length;
    if (this.#held !== undefined) {
      this.#held.push(chunk);
      return this.position <= HELD_BYTES ? undefined : this.#doing(() => this.#spill());
    }
    const room = this.#queue!.add(chunk);
    return room && this.#doing(() => room);
  }

  async finish(): Promise<void> {
    if (this.#held === undefined || !await this.#writeWhole(this.#held)) {
      await this.#doing(() => this.#finishPart());
    }
    busyPaths.delete(this.path);
  }

  async #finishPart(): Promise<void> {
    if (this.#held !== undefined) await this.#spill();
    await this.#queue!.flush();
    const part = await this.#disk.entry(this.#part);
    if (part === undefined) throw new Error("it was removed meanwhile");
    if (part.id !== this.#file!.id) throw new Error("something else was put in its place meanwhile");
    await this.#takeName();
    await this.#disk.remove(recordPath(this.path));
    await this.#close();
  }

  /** Writes a small file at once; gives `false` if an old part is in the way. */
  async #writeWhole(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<boolean> {
    const bytes = wholeOf(chunks, this.position);
    // Do not replace a part that another process has just written: that process is about to rename whatever is at the path.
    for (let look = 0; !await this.#createWhole(bytes); look++) {
      if (look === LOOKS || !await this.#doing(() => this.#isUnderWay())) return false;
      await this.#options.delay(LOOK_MS);
    }
    try {
      await this.#takeName();
    } catch (error) {
      throw await this.#removeWhole(error);
    }
    return true;
  }

  async #createWhole(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    try {
      return await this.#disk.createWhole(this.#part, bytes, this.#mode);
    } catch (error) {
      throw await this.#removeWhole(error);
    }
  }

  /** Removes a small file after a failure, and returns the error of that failure, not that of the clean-up. */
  async #removeWhole(error: unknown): Promise<WriteError> {
    await this.#disk.remove(this.#part).catch(() => {});
    return asWriteError(this.path, error);
  }

  /**
   * Whether the part may be the complete small file of another process, which is about to rename it: it has no record, and is
   * new.
   */
  async #isUnderWay(): Promise<boolean> {
    if (await this.#disk.readText(recordPath(this.path)) !== undefined) return false;
    const part = await this.#disk.open(this.#part);
    await part?.close();
    return part === undefined || this.#options.wallNow() - part.modifiedAt < LOOKS * LOOK_MS;
  }

  #takeName(): Promise<void> {
    return this.#options.overwrites
      ? this.#disk.rename(this.#part, this.path)
      : this.#disk.renameToFree(this.#part, this.path);
  }

  async abandon(keeps: boolean): Promise<void> {
    try {
      if (keeps && this.#held !== undefined && this.position > 0) await this.#spill();
      if (keeps) await this.#queue?.flush();
    } catch {
      // The caller gets the reason for the abandonment, not the error of this last write.
    }
    const file = this.#file;
    const hasBegun = this.#queue !== undefined;
    this.#held = undefined;
    try {
      await this.#close();
      const isOfUse = keeps && this.#isNoted && this.position > 0;
      if (!isOfUse && hasBegun) await this.#removePart(file!);
    } catch {
      // Leave the part there: a later download resumes or replaces it.
    }
    busyPaths.delete(this.path);
  }

  async #removePart({ id }: DiskFile): Promise<void> {
    const part = await this.#disk.entry(this.#part);
    if (part?.id !== id) return;
    await this.#disk.remove(this.#part);
    await this.#disk.remove(recordPath(this.path));
  }

  async #close(): Promise<void> {
    const file = this.#file;
    // Wait for a write in flight before closing the file. A failed write does not matter any more.
    await this.#queue?.flush().catch(() => {});
    this.#queue = undefined;
    this.#file = undefined;
    await file?.close();
  }

  async #doing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asWriteError(this.path, error);
    }
  }
}

function wholeOf(chunks: readonly Uint8Array<ArrayBuffer>[], bytes: number): Uint8Array<ArrayBuffer> {
  return chunks.length === 1 ? chunks[0]! : concatenate(chunks, bytes);
}

function writeError(path: string, why: string, cause?: unknown): WriteError {
  return new WriteError(`Cannot download to ${path}: ${why}`, { path, cause });
}

function asWriteError(path: string, error: unknown): WriteError {
  return error instanceof WriteError ? error : writeError(path, messageOf(error), error);
}
