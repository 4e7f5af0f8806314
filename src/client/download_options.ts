/**
 * What a caller may say of a download.
 *
 * @module
 */

import type { DownloadDigest } from "../policies/download_terms.ts";
import type { Settings } from "../policies/settings.ts";
import type { CallOptions } from "./request.ts";

/** Options of {@linkcode Client.download}. */
export interface DownloadOptions extends CallOptions {
  /**
   * Whether to resume what an earlier download of the same URL to the same file has left, and to leave something for a later one. Within
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
  /**
   * Whether the server may compress the file on its way, where the runtime undoes that. A compressed body can't be resumed, and its
   * length is not known: it pays for many texts of moderate size. The rest of a file that came uncompressed is asked for uncompressed.
   * @default {false}
   */
  readonly compression?: boolean | undefined;
  /**
   * How the client's cache is used, as for any request. What is kept must fit into an entry of it; a part is never kept.
   * @default {"no-store"}
   */
  readonly cache?: Settings["cache"] | undefined;
  /** A file is not decoded. */
  readonly as?: undefined;
  /** A file is not decoded. */
  readonly schema?: undefined;
}
