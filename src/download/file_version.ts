/**
 * Tells versions of a file apart.
 *
 * @module
 */

import { contentLength } from "../http/body.ts";
import { trimSpace } from "../http/headers.ts";
import { parseHttpDate } from "../http/http_date.ts";

/** How much older than its response a file must be for `Last-Modified` to identify its version, in milliseconds. */
const STRONG_DATE_MS = 60_000;
const HTML = "text/html";

/** A version of a file, as far as the server has described it. */
export interface FileVersion {
  /** The strong entity tag. */
  readonly etag?: string | undefined;
  /** The unchanged text of `Last-Modified`, if no second change can have the same date. */
  readonly lastModified?: string | undefined;
  /**
   * The size of the file in bytes; absent if it is unknown, or if the response has an encoding, so that its size is not that of
   * the file.
   */
  readonly totalBytes?: number | undefined;
  /** The media type in lower case, without parameters. */
  readonly mediaType?: string | undefined;
  /** Whether the server has said that it does not send parts (`Accept-Ranges: none`). */
  readonly isIndivisible?: boolean | undefined;
}

/**
 * Returns the version of a file that arrives as a whole. A compressed response has other bytes, and another length, than the
 * file. A page gets a response from another origin without `Content-Encoding`, so that may be compressed, too.
 *
 * @param response The response.
 * @returns The version.
 */
export function versionOf({ headers, type }: Pick<Response, "headers" | "type">): FileVersion {
  const coding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  const mediaType = mediaTypeOf(headers);
  if (coding !== "identity" || type === "cors") return { mediaType };
  const etag = strongTag(headers);
  return {
    mediaType,
    etag,
    // Beside an entity tag, the date is not needed.
    lastModified: etag === undefined ? strongDate(headers) : undefined,
    totalBytes: contentLength(headers),
    isIndivisible: headers.get("accept-ranges")?.trim().toLowerCase() === "none",
  };
}

/**
 * Whether a request can ask for the rest of a version.
 *
 * @param version The version.
 * @param hasDigest Whether the caller has given the digest of the whole file.
 */
export function isResumable(version: FileVersion, hasDigest: boolean): boolean {
  const { etag, lastModified, totalBytes = 0, isIndivisible = false } = version;
  return totalBytes > 0 && !isIndivisible && (hasDigest || etag !== undefined || lastModified !== undefined);
}

/**
 * Whether a response belongs to a version, and surely not to another one.
 *
 * @param version The version.
 * @param headers The headers of the response.
 * @param totalBytes The size of the file by these headers.
 */
export function isOfVersion(
  version: FileVersion,
  headers: Headers,
  totalBytes: number | undefined,
): boolean {
  if (totalBytes === undefined || totalBytes !== version.totalBytes) return false;
  if (version.etag !== undefined) return headers.get("etag")?.trim() === version.etag;
  return version.lastModified !== undefined && headers.get("last-modified") === version.lastModified;
}

/**
 * Whether a whole response is evidently a page in place of the file: that of a network that demands a log-in first, or that of a
 * service under repair. Such a page is HTML although the file is not, and has neither `ETag` nor `Last-Modified`.
 *
 * @param version A version of the file.
 * @param headers The headers of the response.
 */
export function isStrayPage({ mediaType }: FileVersion, headers: Headers): boolean {
  if (mediaType === undefined || mediaType === HTML || mediaTypeOf(headers) !== HTML) return false;
  return !headers.has("etag") && !headers.has("last-modified");
}

function mediaTypeOf(headers: Headers): string | undefined {
  const [essence = ""] = (headers.get("content-type") ?? "").split(";");
  return trimSpace(essence).toLowerCase() || undefined;
}

function strongTag(headers: Headers): string | undefined {
  const etag = headers.get("etag")?.trim();
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined;
}

/**
 * Returns `Last-Modified` if it identifies the version: a file may change twice within the same second (RFC 9110 §8.8.2.2), and
 * clocks may differ.
 */
function strongDate(headers: Headers): string | undefined {
  const lastModified = headers.get("last-modified");
  const date = headers.get("date");
  if (lastModified === null || date === null) return undefined;
  // Only the two-digit years of RFC 850 depend on the present. Where the response has such a date, both must be of one century.
  const sentAtMs = parseHttpDate(date, 0);
  if (sentAtMs === undefined) return undefined;
  const changedAtMs = parseHttpDate(lastModified, sentAtMs);
  if (changedAtMs === undefined) return undefined;
  return sentAtMs - changedAtMs >= STRONG_DATE_MS ? lastModified : undefined;
}
