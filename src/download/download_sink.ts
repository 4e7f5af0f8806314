/**
 * The contract of a download's target: a file or a stream.
 *
 * @module
 */

import type { FileVersion } from "./file_version.ts";

/** Takes the bytes of a file, in order. Its methods reject with a `WriteError` if they fail. */
export interface DownloadSink {
  /** How many bytes the sink has. */
  readonly position: number;
  /** The absolute path of the file; absent for a stream. */
  readonly path: string | undefined;
  /** The version whose first bytes an earlier download has left; absent if there is none. */
  readonly earlier: FileVersion | undefined;
  /**
   * Starts with a version, from its first byte.
   *
   * @returns `false` if that is impossible, because the sink has passed on bytes of another version.
   */
  begin(version: FileVersion): Promise<boolean>;
  /** Resumes the version of the earlier download. */
  goOn(): Promise<void>;
  /** Reads the bytes of the earlier download. A chunk is valid until the next one is requested. */
  readBack(): AsyncIterable<Uint8Array>;
  /** Returns a buffer for the next bytes, which saves a copy; `undefined` if the sink has no use for one now. */
  room?(): Uint8Array<ArrayBuffer> | undefined;
  /**
   * Takes the next bytes, which then belong to the sink.
   *
   * @returns A promise if the sink has enough for now; it resolves when the sink takes more.
   */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined;
  /** Completes the file or the stream after the last byte. */
  finish(): Promise<void>;
  /**
   * Ends the sink without the rest. Never rejects.
   *
   * @param keeps Whether to keep the bytes for a later download.
   * @param reason The reason, with which a stream is aborted.
   */
  abandon(keeps: boolean, reason: unknown): Promise<void>;
}
