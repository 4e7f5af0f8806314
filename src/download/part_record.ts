/**
 * What is noted beside a file that is not whole yet, so that a later download can tell whether to go on with it.
 *
 * @module
 */

import type { FileVersion } from "./file_version.ts";

const FORMAT = "slipstream-part-1";

/** What is noted. */
export interface PartRecord {
  /** Which file on the disk it is about: a file that another program has put there is another one. */
  readonly fileId: string;
  /** What it is a part of: a hash of the request, which may hold secrets. */
  readonly source: string;
  readonly version: FileVersion;
  /** The process that writes it. */
  readonly processId: number;
}

/** The text that is written. */
export function formatPartRecord(record: PartRecord): string {
  return `${JSON.stringify({ format: FORMAT, ...record })}\n`;
}

/**
 * Reads what was written.
 *
 * @param text The text; it may be anything.
 * @returns The record; `undefined` if it is none.
 */
export function parsePartRecord(text: string | undefined): PartRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    // It is not ours, or was not written to its end.
    return undefined;
  }
  if (!isObject(value) || value.format !== FORMAT || !isObject(value.version)) return undefined;
  const { fileId, source, processId, version } = value;
  if (typeof fileId !== "string" || typeof source !== "string" || typeof processId !== "number") {
    return undefined;
  }
  const { etag, lastModified, mediaType, totalBytes } = version;
  if (!isTextOrAbsent(etag) || !isTextOrAbsent(lastModified) || !isTextOrAbsent(mediaType)) return undefined;
  if (totalBytes !== undefined && !(Number.isSafeInteger(totalBytes) && (totalBytes as number) >= 0)) {
    return undefined;
  }
  return {
    fileId,
    source,
    processId,
    version: { etag, lastModified, mediaType, totalBytes: totalBytes as number | undefined },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  // What can't be sent in a header was not received in one.
  return value === undefined || (typeof value === "string" && /^[\x20-\x7e]*$/.test(value));
}
