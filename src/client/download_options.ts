/**
 * What a caller may say of a download.
 *
 * @module
 */

import type { DownloadDigest } from "../policies/download_terms.ts";
import type { CallOptions } from "./request.ts";

/** Options of {@linkcode Client.download}. */
export interface DownloadOptions extends CallOptions {
  /**
   * Whether to go on with what an earlier download of the same to the same file has left, and to leave something for a later one. Within
   * one call the rest is asked for in any case.
   * @default {true}
   */
  readonly resume?: boolean | undefined;
  /**
   * Whether the file may take the place of one that is there.
   * @default {true}
   */
  readonly overwrite?: boolean | undefined;
  /** What the whole file must be. It is compared before the file gets its name. */
  readonly digest?: DownloadDigest | undefined;
  /** A file is never taken from a cache, nor put there. */
  readonly cache?: undefined;
  /** A file is not decoded. */
  readonly as?: undefined;
  /** A file is not decoded. */
  readonly schema?: undefined;
}
