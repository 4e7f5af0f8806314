/**
 * The record beside an incomplete file, from which a later download decides whether to resume it.
 *
 * @module
 */

import type { FileVersion } from "./file_version.ts";

const FORMAT = "slipstream-part-1";

/** The record of a part. */
export interface PartRecord {
  /** The id of the part on the disk: a file that another program has put in its place has another id. */
  readonly fileId: string;
  /** A hash of the request, which says what was downloaded. The request itself may contain secrets. */
  readonly source: string;
  readonly version: FileVersion;
  /** The process that writes the part. */
  readonly processId: number;
}

/** Returns the text of a record. */
export function formatPartRecord(record: PartRecord): string {
  return `${JSON.stringify({ format: FORMAT, ...record })}\n`;
}

/**
 * Reads the text of a record.
 *
 * @param text The text; it may be anything.
 * @returns The record; `undefined` if the text is not a record.
 */
export function parsePartRecord(text: string | undefined): PartRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    // The text is from another program, or was not written to its end.
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
  // A text that cannot stand in a header was never received in one.
  return value === undefined || (typeof value === "string" && /^[\x20-\x7e]*$/.test(value));
}
