/**
 * Parts of a stored response.
 *
 * @module
 */

import type { CacheEntry } from "../../cache/cache.ts";
import { storedFields } from "./fields.ts";

/** Some bytes of a body. */
export interface ByteRange {
  /** The first one, from 0. */
  readonly start: number;
  /** The one after the last. */
  readonly end: number;
}

const SINGLE_RANGE = /^bytes=(\d*)-(\d*)$/;
/** What is said of the bytes of one message, and not of what they are a part of. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  "content-digest",
  "content-length",
  "content-md5",
  "content-range",
]);

/**
 * The part of a stored response that a request asks for (RFC 9110 §14.1.2).
 *
 * @param entry The stored response.
 * @param range The request's `Range`.
 * @returns The bytes; `undefined` when the server must be asked: for several ranges, for one that there is not, and for a
 * body that was decoded, whose bytes are not those that the server counts.
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
 * The headers of a 206 made from a whole response (RFC 9110 §15.3.7): a digest of the whole would refute the part (RFC 9530 §2).
 *
 * @param headers The headers of the whole.
 * @param range The bytes.
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
