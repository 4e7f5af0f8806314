/**
 * What a caller says of a download, and gets of it.
 *
 * @module
 */

/** Where a download goes: the path of a file, its `file:` URL, or a stream. */
export type DownloadTarget = string | URL | WritableStream<Uint8Array>;

/** What there is to say about a download, besides its request. */
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

/** How a download has ended. */
export interface DownloadResult {
  /** The absolute path of the file; absent for a stream. */
  readonly path: string | undefined;
  /** The URL that answered last, after redirects. */
  readonly url: string;
  /** The status that it answered with: 200, 206 when it has brought the rest of the file, or another success. */
  readonly status: number;
  /** The headers that it answered with. */
  readonly headers: Headers;
  /** How many bytes the file has; 0 for a 304, which leaves it as it is. */
  readonly bytes: number;
  /** How many of them an earlier download had left; 0 for none. */
  readonly resumedFrom: number;
  /** The file's entity tag, if the server has told. */
  readonly etag: string | undefined;
  /** How many attempts were made, over all responses, rounds and mirrors. */
  readonly attempts: number;
  /** How long it took, every wait included, in milliseconds. */
  readonly durationMs: number;
}
