/**
 * The public types of downloads.
 *
 * @module
 */

/** Where a download goes: the path of a file, its `file:` URL, or a stream. */
export type DownloadTarget = string | URL | WritableStream<Uint8Array>;

/** The options of a download, besides those of its request. */
export interface DownloadDetails {
  readonly resume?: boolean | undefined;
  readonly overwrite?: boolean | undefined;
  readonly digest?: DownloadDigest | undefined;
  readonly compression?: boolean | undefined;
}

/** The algorithms of digests, as HTTP names them. */
export type HashAlgorithm = "sha-256" | "sha-512" | "sha-1" | "md5";

/** A digest of a whole file. */
export interface DownloadDigest {
  /** The algorithm. `"sha-1"` and `"md5"` find accidents, but no forgeries. */
  readonly algorithm: HashAlgorithm;
  /** The hash, as hexadecimal digits or as base64. */
  readonly value: string;
}

/** The result of a download. */
export interface DownloadResult {
  /** The absolute path of the file; `undefined` for a stream. */
  readonly path: string | undefined;
  /** The URL that answered last, after redirects. */
  readonly url: string;
  /** The status of the last response: 200, 206 if it brought the rest of the file, or another success. */
  readonly status: number;
  /** The headers of the last response. */
  readonly headers: Headers;
  /** How many bytes the file has; 0 for a 304, which leaves the file as it is. */
  readonly bytes: number;
  /** How many of the bytes an earlier download had left; 0 for none. */
  readonly resumedFrom: number;
  /** The file's entity tag, if the server has sent one. */
  readonly etag: string | undefined;
  /** How many attempts were made, over all responses, rounds and mirrors. */
  readonly attempts: number;
  /** How long it took, every wait included, in milliseconds. */
  readonly durationMs: number;
}
