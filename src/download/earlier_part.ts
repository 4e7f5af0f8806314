/**
 * Finds what an earlier download has left of a file.
 *
 * @module
 */

import { WriteError } from "../errors.ts";
import type { Disk, DiskFile } from "../runtime/disk/contract.ts";
import type { FileVersion } from "./file_version.ts";
import { partPath, recordPath } from "./part_name.ts";
import { parsePartRecord } from "./part_record.ts";

/** If a part is older than this, in milliseconds, the process that has its owner's process id may be another one. */
const OWNER_MS = 60_000;

/** The part that an earlier download has left. */
export interface EarlierPart {
  /** The open file. */
  readonly file: DiskFile;
  readonly version: FileVersion;
}

/** Options of {@linkcode findEarlierPart}. */
export interface EarlierPartOptions {
  /** Gives a hash of the request. */
  readonly source: () => string;
  /** Gives the time, in milliseconds since 1970. */
  readonly wallNow: () => number;
}

/**
 * Finds the part of an earlier download of the same request.
 *
 * @param disk The disk.
 * @param path The path of the whole file.
 * @param options What the part must be.
 * @returns The part; `undefined` if there is none that can be resumed.
 * @throws {WriteError} Rejects, if another process writes the part.
 */
export async function findEarlierPart(
  disk: Disk,
  path: string,
  { source, wallNow }: EarlierPartOptions,
): Promise<EarlierPart | undefined> {
  const record = parsePartRecord(await disk.readText(recordPath(path)));
  if (record === undefined) return undefined;
  const file = await disk.open(partPath(path));
  if (file === undefined) {
    // The process was killed between the last two steps: the rename, and the removal of the record.
    await disk.remove(recordPath(path));
    return undefined;
  }
  const { version, fileId } = record;
  const isOwned = record.processId !== disk.processId && wallNow() - file.modifiedAt < OWNER_MS &&
    disk.isRunning(record.processId);
  if (file.id === fileId && isOwned) {
    await file.close();
    throw new WriteError(`Cannot download to ${path}: process ${record.processId} downloads to it`, { path });
  }
  const isOfUse = file.id === fileId && record.source === source() && file.bytes > 0 &&
    version.totalBytes !== undefined && file.bytes <= version.totalBytes;
  if (isOfUse) return { file, version };
  await file.close();
  return undefined;
}
