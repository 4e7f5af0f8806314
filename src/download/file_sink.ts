/**
 * A file that a download goes to: it has its name when it is whole, and not before.
 *
 * @module
 */

import { WriteError } from "../errors.ts";
import { concatenate } from "../http/body_collector.ts";
import { messageOf } from "../primitives/message_of.ts";
import type { Disk, DiskEntry, DiskFile } from "../runtime/disk/contract.ts";
import { currentDisk } from "../runtime/disk/current.ts";
import type { DownloadSink } from "./download_sink.ts";
import type { FileVersion } from "./file_version.ts";
import { partPath, recordPath } from "./part_name.ts";
import { formatPartRecord, parsePartRecord, type PartRecord } from "./part_record.ts";
import { WriteQueue } from "./write_queue.ts";

/** A process that has not written for so long may be another one of the same number, in milliseconds. */
const OWNER_MS = 60_000;
const READ_BACK_BYTES = 1_048_576;
/** So much of a file is held in memory, in bytes: one that is no larger is written at once when it is whole. */
const HELD_BYTES = 262_144;

/** So often, and after so long (in milliseconds), it is looked whether another process has given its small file the name. */
const LOOKS = 20;
const LOOK_MS = 50;

/** The files that downloads of this process go to. */
const busyPaths = new Set<string>();

/** How a file is written. */
export interface FileSinkOptions {
  /** What is downloaded, as a hash of the request; asked for when something has to be noted or compared. */
  readonly source: () => string;
  /** Whether it goes on with what an earlier download has left. */
  readonly resumes: boolean;
  /** Whether the file may take the place of another one. */
  readonly overwrites: boolean;
  /** The time, in milliseconds since 1970. */
  readonly wallNow: () => number;
  /** Waits so long, in milliseconds; rejects with what ends the download. */
  readonly delay: (ms: number) => Promise<void>;
  /** The disk; a failing one in tests. */
  readonly disk?: Disk | undefined;
}

/**
 * Makes ready for a file. Until it is whole it is called `<name>.part`, and what is known of it is noted in `<name>.part.json`, unless it
 * is small: then nothing is on the disk before it is whole, or is to be gone on with. A part that an earlier download has left is never
 * changed, other than by going on with it.
 *
 * @param to The path, or its file URL.
 * @param options How it is written.
 * @returns The sink. Rejects with a `WriteError` if the folder is missing, the name is taken, or another download goes there.
 * @throws {TypeError} Rejects, if the runtime has no files, or a URL means none.
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
    // Without use for it, it is looked at when it turns out to be in the way.
    const earlier = options.resumes ? await findEarlier(disk, path, options) : undefined;
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

/** A file that was renamed over a device would take it away from all programs. */
function checkReplaceable(
  path: string,
  existing: DiskEntry | undefined,
  { overwrites }: FileSinkOptions,
): void {
  if (existing === undefined || (existing.kind === "file" && overwrites)) return;
  throw writeError(path, REFUSALS[existing.kind]);
}

/** So long the path of a folder is remembered, in milliseconds: a link that is changed within that time has just missed the file. */
const FOLDER_MS = 100;
const MAX_FOLDERS = 100;

interface RealFolder {
  readonly path: Promise<string>;
  readonly untilMs: number;
}

/** What folders many downloads go to at once. */
const realFolders = new WeakMap<Disk, Map<string, RealFolder>>();

/** The path of a file, without links in its folder, so that it is known by one name. */
async function realPath(disk: Disk, to: string | URL, nowMs: number): Promise<string> {
  const { folder, name } = disk.resolve(to);
  let known = realFolders.get(disk);
  if (known === undefined) realFolders.set(disk, known = new Map());
  let found = known.get(folder);
  if (found === undefined || nowMs >= found.untilMs || nowMs < found.untilMs - FOLDER_MS) {
    if (known.size >= MAX_FOLDERS) known.clear();
    found = { path: disk.realFolder(folder), untilMs: nowMs + FOLDER_MS };
    known.set(folder, found);
    // A folder that is missing may be made now.
    found.path.catch(() => known.delete(folder));
  }
  return disk.join(await found.path, name);
}

interface Earlier {
  readonly file: DiskFile;
  readonly version: FileVersion;
}

/** What an earlier download of the same has left. */
async function findEarlier(
  disk: Disk,
  path: string,
  { source, resumes, wallNow }: FileSinkOptions,
): Promise<Earlier | undefined> {
  const record = parsePartRecord(await disk.readText(recordPath(path)));
  if (record === undefined) return undefined;
  const file = await disk.open(partPath(path));
  if (file === undefined) {
    // Its process was killed between the two last steps.
    await disk.remove(recordPath(path));
    return undefined;
  }
  const { version, fileId } = record;
  const isOwned = record.processId !== disk.processId && wallNow() - file.modifiedAt < OWNER_MS &&
    disk.isRunning(record.processId);
  if (file.id === fileId && isOwned) {
    await file.close();
    throw writeError(path, `process ${record.processId} downloads to it`);
  }
  const isOfUse = resumes && file.id === fileId && record.source === source() && file.bytes > 0 &&
    version.totalBytes !== undefined && file.bytes <= version.totalBytes;
  if (isOfUse) return { file, version };
  await file.close();
  return undefined;
}

/** What was there before the download. */
interface Found {
  readonly earlier: Earlier | undefined;
  readonly replaced: DiskEntry | undefined;
}

class FileSink implements DownloadSink {
  readonly path: string;
  readonly earlier: FileVersion | undefined;
  position: number;
  readonly #disk: Disk;
  readonly #options: FileSinkOptions;
  #file: DiskFile | undefined;
  #queue: WriteQueue | undefined;
  /** What has come of a version of which nothing is on the disk. */
  #held: Uint8Array<ArrayBuffer>[] | undefined;
  #version: FileVersion | undefined;
  /** The rights to a new part: those to the file that it takes the place of, and its owner's in any case. */
  readonly #mode: number | undefined;
  /** Whether it is known what the part on the disk is of; otherwise it can't be resumed. */
  #isNoted = false;

  constructor(disk: Disk, path: string, options: FileSinkOptions, { earlier, replaced }: Found) {
    this.path = path;
    this.earlier = earlier?.version;
    this.position = earlier?.file.bytes ?? 0;
    this.#disk = disk;
    this.#options = options;
    this.#file = earlier?.file;
    this.#mode = replaced?.mode === undefined ? undefined : replaced.mode | 0o600;
  }

  async begin(version: FileVersion): Promise<boolean> {
    this.#version = version;
    this.position = 0;
    if (this.#file !== undefined) await this.#doing(() => this.#openPart());
    else {
      this.#held = [];
      // What is large is on the disk from its first byte on: a process may be killed.
      if ((version.totalBytes ?? 0) > HELD_BYTES) await this.#doing(() => this.#spill());
    }
    return true;
  }

  /** Puts what is held on the disk. */
  async #spill(): Promise<void> {
    const held = this.#held!;
    if (!this.#options.resumes) await (await findEarlier(this.#disk, this.path, this.#options))?.file.close();
    await this.#openPart();
    this.#held = undefined;
    for (const chunk of held) await this.#queue!.add(chunk);
  }

  async #openPart(): Promise<void> {
    // A file of its own each time: a program that has the one before open can't mix anything into this one.
    await this.#close();
    await this.#disk.remove(partPath(this.path));
    this.#file = await this.#disk.create(partPath(this.path), this.#mode);
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
    const part = await this.#disk.entry(partPath(this.path));
    if (part?.id !== this.#file!.id) throw new Error("something else was put in its place meanwhile");
    await this.#takeName();
    await this.#disk.remove(recordPath(this.path));
    await this.#close();
  }

  /** Writes a small file at once; `false` if a part has been left there. */
  async #writeWhole(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<boolean> {
    const bytes = wholeOf(chunks, this.position);
    // What another process has just written there would be renamed by it, whatever were in its place by then.
    for (let look = 0; !await this.#doing(() => this.#createWhole(bytes)); look++) {
      if (look === LOOKS || !await this.#doing(() => this.#isUnderWay())) return false;
      await this.#options.delay(LOOK_MS);
    }
    await this.#doing(() => this.#nameWhole());
    return true;
  }

  async #nameWhole(): Promise<void> {
    try {
      await this.#takeName();
    } catch (error) {
      await this.#removeWhole();
      throw error;
    }
  }

  async #createWhole(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    try {
      return await this.#disk.createWhole(partPath(this.path), bytes, this.#mode);
    } catch (error) {
      await this.#removeWhole();
      throw error;
    }
  }

  async #removeWhole(): Promise<void> {
    // What failed before counts, not that of cleaning up.
    await this.#disk.remove(partPath(this.path)).catch(() => {});
  }

  /** Whether the part may be a small file of another process, which is whole and about to be renamed: nothing is noted of it, and it is new. */
  async #isUnderWay(): Promise<boolean> {
    if (await this.#disk.readText(recordPath(this.path)) !== undefined) return false;
    const part = await this.#disk.open(partPath(this.path));
    await part?.close();
    return part === undefined || this.#options.wallNow() - part.modifiedAt < LOOKS * LOOK_MS;
  }

  async #takeName(): Promise<void> {
    if (this.#options.overwrites) await this.#disk.rename(partPath(this.path), this.path);
    else await this.#disk.renameToFree(partPath(this.path), this.path);
  }

  async abandon(keeps: boolean): Promise<void> {
    try {
      if (keeps && this.#held !== undefined && this.position > 0) await this.#spill();
      if (keeps) await this.#queue?.flush();
    } catch {
      // Why it is abandoned is more to the point than what its rest failed of.
    }
    const file = this.#file;
    const hasBegun = this.#queue !== undefined;
    this.#held = undefined;
    try {
      await this.#close();
      const isOfUse = keeps && this.#isNoted && this.position > 0;
      if (!isOfUse && hasBegun) await this.#removePart(file!);
    } catch {
      // It is left there: a later download goes on with it, or replaces it.
    }
    busyPaths.delete(this.path);
  }

  async #removePart({ id }: DiskFile): Promise<void> {
    const part = await this.#disk.entry(partPath(this.path));
    if (part?.id !== id) return;
    await this.#disk.remove(partPath(this.path));
    await this.#disk.remove(recordPath(this.path));
  }

  async #close(): Promise<void> {
    const file = this.#file;
    // What is in flight must not be cut off; if it has failed, its bytes are of no interest any more.
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
