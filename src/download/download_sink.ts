/**
 * Where a download goes.
 *
 * @module
 */

import type { FileVersion } from "./file_version.ts";

/** Takes the bytes of a file, in order. What it can't do rejects with a `WriteError`. */
export interface DownloadSink {
  /** How many bytes it has. */
  readonly position: number;
  /** The absolute path of the file; absent for a stream. */
  readonly path: string | undefined;
  /** Of which version it has a beginning, from an earlier download. */
  readonly earlier: FileVersion | undefined;
  /**
   * Begins with a version, from its first byte.
   *
   * @returns `false` if it has given bytes of another one away.
   */
  begin(version: FileVersion): Promise<boolean>;
  /** Goes on with the version of the earlier download. */
  goOn(): Promise<void>;
  /** Gives back what it has from the earlier download; a chunk is of use until the next one is asked for. */
  readBack(): AsyncIterable<Uint8Array>;
  /** Where the next bytes are best put before they are written; absent where it does not matter, or not now. */
  room?(): Uint8Array<ArrayBuffer> | undefined;
  /**
   * Takes the next bytes, which are its own then.
   *
   * @returns A promise if it has enough for now; it settles when it takes more.
   */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined;
  /** Everything has come: it is put where it belongs. */
  finish(): Promise<void>;
  /**
   * No more comes. Never rejects.
   *
   * @param keeps Whether a later download may go on with it.
   * @param reason Why.
   */
  abandon(keeps: boolean, reason: unknown): Promise<void>;
}
