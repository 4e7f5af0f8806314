/**
 * Ranges of a stored response.
 *
 * @module
 */

import type { CacheEntry } from "../../cache/cache.ts";
import { storedFields } from "./fields.ts";

/** A range of bytes of a body. */
export interface ByteRange {
  /** The index of the first byte, from 0. */
  readonly start: number;
  /** The index after the last byte. */
  readonly end: number;
}

const SINGLE_RANGE = /^bytes=(\d*)-(\d*)$/;
/** Fields that describe the bytes of one message, so that those of the whole do not fit a part. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  "content-digest",
  "content-length",
  "content-md5",
  "content-range",
]);

/**
 * Returns the range of a stored response that a request asks for (RFC 9110 §14.1.2).
 *
 * @param entry The stored response.
 * @param range The request's `Range`.
 * @returns The range; `undefined` if only the server can answer: for several ranges, for a range outside the body, and for a body
 * whose content encoding was decoded, because the server counts the encoded bytes.
 */
export function selectRange({ meta, body }: CacheEntry, range: string): ByteRange | undefined {
  const [, first, last] = SINGLE_RANGE.exec(range) ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (meta.status !== 200 || storedFields(meta).get("content-encoding") !== null) return undefined;
  const { length } = body;
  const start = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? length : Math.min(Number(last) + 1, length);
  return start < end ? { start, end } : undefined;
}

/**
 * Makes the headers of a 206 from those of a whole response (RFC 9110 §15.3.7). It drops digests of the whole, because they would
 * not match the part (RFC 9530 §2).
 *
 * @param headers The headers of the whole.
 * @param range The range of bytes.
 * @param length The number of bytes of the whole.
 * @returns The headers of the part.
 */
export function toPartialHeaders(
  headers: Iterable<readonly [string, string]>,
  { start, end }: ByteRange,
  length: number,
): [name: string, value: string][] {
  const others = [...headers].filter(([name]) => !OF_THE_WHOLE.has(name));
  return [
    ...others.map(([name, value]): [string, string] => [name, value]),
    ["content-length", String(end - start)],
    ["content-range", `bytes ${start}-${end - 1}/${length}`],
  ];
}
