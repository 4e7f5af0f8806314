/**
 * The options of a download.
 *
 * @module
 */

import type { DownloadDigest } from "../policies/download_terms.ts";
import type { Settings } from "../policies/settings.ts";
import type { CallOptions } from "./request.ts";

/** Options of {@linkcode Client.download}. */
export interface DownloadOptions extends CallOptions {
  /**
   * Whether to resume the part that an earlier download of the same URL to the same file left, and to leave a part for a later
   * one. Within one call, the client asks for the rest of a broken body in any case.
   * @default {true}
   */
  readonly resume?: boolean | undefined;
  /**
   * Whether the file may replace an existing one.
   * @default {true}
   */
  readonly overwrite?: boolean | undefined;
  /** The digest that the whole file must have. The client compares it before the file gets its name. */
  readonly digest?: DownloadDigest | undefined;
  /**
   * Whether the server may compress the file on its way, where the runtime decompresses it. The client can't resume a compressed
   * body, and does not know its length: compression pays for many texts of moderate size. If a file came uncompressed, the client
   * asks for its rest uncompressed too.
   * @default {false}
   */
  readonly compression?: boolean | undefined;
  /**
   * How the download uses the client's cache, as for any request. The file must fit into one entry of the cache, which never
   * keeps a part of a file.
   * @default {"no-store"}
   */
  readonly cache?: Settings["cache"] | undefined;
  /** A file is not decoded. */
  readonly as?: undefined;
  /** A file is not decoded. */
  readonly schema?: undefined;
}
