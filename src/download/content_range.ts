/**
 * Reads which part of a file a response brings.
 *
 * @module
 */

/** A part of a file, in bytes. */
export interface ContentRange {
  /** The first byte, from 0. */
  readonly start: number;
  /** The position after the last byte. */
  readonly end: number;
  /** The size of the whole file. */
  readonly totalBytes: number;
}

/**
 * Reads the `Content-Range` of a 206 (RFC 9110 §14.4).
 *
 * @param value The header.
 * @returns The part; `undefined` if it is absent, malformed, of another unit, or of a file of unknown length.
 */
export function parseContentRange(value: string | null): ContentRange | undefined {
  const match = /^\s*bytes[ \t]+(\d{1,15})-(\d{1,15})\/(\d{1,15})\s*$/i.exec(value ?? "");
  if (match === null) return undefined;
  const [start, last, totalBytes] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return start <= last && last < totalBytes ? { start, end: last + 1, totalBytes } : undefined;
}
