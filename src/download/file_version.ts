/**
 * What tells one version of a file from another.
 *
 * @module
 */

import { contentLength } from "../http/body.ts";
import { trimSpace } from "../http/headers.ts";
import { parseHttpDate } from "../http/http_date.ts";

/** So much older than its response a file must be for its date to tell versions apart, in milliseconds. */
const STRONG_DATE_MS = 60_000;
const HTML = "text/html";

/** A version of a file, as far as a server has told. */
export interface FileVersion {
  /** Its strong entity tag. */
  readonly etag?: string | undefined;
  /** When it was changed last, letter by letter, if no second change can have the same date. */
  readonly lastModified?: string | undefined;
  /** How many bytes it has; absent if that is unknown, or if they are not the ones that are sent. */
  readonly totalBytes?: number | undefined;
  /** Its media type in lower case, without parameters. */
  readonly mediaType?: string | undefined;
  /** Whether the server has said that it sends no parts. */
  readonly isIndivisible?: boolean | undefined;
}

/**
 * The version of a file that comes whole. What is compressed has a length and bytes that are not those of the file, and what a page
 * gets from another origin may be compressed without saying so.
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
    // The date is not looked at beside a tag.
    lastModified: etag === undefined ? strongDate(headers) : undefined,
    totalBytes: contentLength(headers),
    isIndivisible: headers.get("accept-ranges")?.trim().toLowerCase() === "none",
  };
}

/**
 * Whether the rest of a version can be asked for by itself.
 *
 * @param version The version.
 * @param hasDigest Whether it is known what the whole file must be.
 */
export function isResumable(version: FileVersion, hasDigest: boolean): boolean {
  const { etag, lastModified, totalBytes = 0, isIndivisible = false } = version;
  return totalBytes > 0 && !isIndivisible && (hasDigest || etag !== undefined || lastModified !== undefined);
}

/**
 * Whether a response is of a version, and not of another one.
 *
 * @param version The version.
 * @param headers The headers of the response.
 * @param totalBytes The length that the file has by them.
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
 * Whether a whole response is evidently no version of a file at all, but a page that came in its place: of a network that wants a log-in
 * first, or of a service that is being repaired. Such a page is HTML where the file is not, and says nothing of its version.
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

/** A file may change twice within the second that a date tells (RFC 9110 §8.8.2.2), and clocks may differ. */
function strongDate(headers: Headers): string | undefined {
  const lastModified = headers.get("last-modified");
  const date = headers.get("date");
  if (lastModified === null || date === null) return undefined;
  // Both are of this century, so that it does not matter when this is.
  const sentAtMs = parseHttpDate(date, 0);
  const changedAtMs = parseHttpDate(lastModified, 0);
  if (sentAtMs === undefined || changedAtMs === undefined) return undefined;
  return sentAtMs - changedAtMs >= STRONG_DATE_MS ? lastModified : undefined;
}
