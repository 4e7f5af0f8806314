/**
 * The file of a transfer, as far as it has come.
 *
 * @module
 */

import type { StreamHash } from "../runtime/disk/stream_hash.ts";
import type { Interruption } from "../streams/interruption.ts";
import type { DownloadSink } from "./download_sink.ts";
import { type FileVersion, isResumable } from "./file_version.ts";

/** The digest that a whole file must have. */
export interface ExpectedDigest {
  /** The digest, as hexadecimal digits. */
  readonly hex: string;
  /** Begins to compute the digest of what has come. */
  readonly begin: () => StreamHash;
}

/** Options of {@linkcode GrowingFile}. */
export interface GrowingFileOptions {
  readonly sink: DownloadSink;
  /** Absent if the caller has given none. */
  readonly digest: ExpectedDigest | undefined;
  /** Ends the waits of the transfer when the caller aborts, or the client closes. */
  readonly interruption: Interruption;
}

/** Puts the bytes of one version of a file into a sink, and computes their digest. */
export class GrowingFile {
  /** How many bytes of the file are from an earlier download. */
  resumedFrom = 0;
  readonly #sink: DownloadSink;
  readonly #digest: ExpectedDigest | undefined;
  readonly #interruption: Interruption;
  #version: FileVersion | undefined;
  #hash: StreamHash | undefined;
  /** Whether the sink has the part of an earlier download, and has not resumed it yet. */
  #isEarlier: boolean;

  /** Creates a file that starts with the bytes that the sink has. */
  constructor({ sink, digest, interruption }: GrowingFileOptions) {
    this.#sink = sink;
    this.#digest = digest;
    this.#interruption = interruption;
    this.#version = sink.earlier;
    this.#isEarlier = sink.earlier !== undefined;
  }

  /** The version whose first bytes the sink has. */
  get version(): FileVersion | undefined {
    return this.#version;
  }

  /** How many bytes the sink has, including those of an earlier download. */
  get position(): number {
    return this.#sink.position;
  }

  /** How many bytes the whole file has; `undefined` if that is unknown. */
  get totalBytes(): number | undefined {
    return this.#version?.totalBytes;
  }

  /** Whether the caller has given the digest of the whole file. */
  get hasDigest(): boolean {
    return this.#digest !== undefined;
  }

  /** Whether a later request can go on after the bytes that the sink has. */
  get isResumable(): boolean {
    return this.#version !== undefined && isResumable(this.#version, this.hasDigest);
  }

  /** Prepares to take the bytes after those that the sink has. */
  async goOn(): Promise<void> {
    if (!this.#isEarlier) return;
    this.#isEarlier = false;
    await this.#sink.goOn();
    this.resumedFrom = this.position;
    const hash = this.#hash = this.#digest?.begin();
    if (hash === undefined) return;
    for await (const chunk of this.#sink.readBack()) {
      this.#interruption.throwIfStopped();
      hash.update(chunk);
    }
  }

  /**
   * Prepares to take a version from its first byte on.
   *
   * @returns `false` if that is impossible, because the sink has passed on bytes of another version.
   */
  async begin(version: FileVersion): Promise<boolean> {
    this.#isEarlier = false;
    this.resumedFrom = 0;
    if (!await this.#sink.begin(version)) return false;
    this.#version = version;
    this.#hash = this.#digest?.begin();
    return true;
  }

  /** Returns a buffer for the next bytes, if the sink has a use for one. */
  room(): Uint8Array<ArrayBuffer> | undefined {
    return this.#sink.room?.();
  }

  /**
   * Takes the next bytes.
   *
   * @returns A promise if the sink has enough for now; it resolves when the sink takes more.
   */
  take(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.#hash?.update(chunk);
    const room = this.#sink.write(chunk);
    return room && this.#unlessStopped(room);
  }

  /** Ends the digest after the last byte. Returns what is wrong with it, as the end of a sentence; `undefined` for nothing. */
  checkDigest(): string | undefined {
    const received = this.#hash?.digest();
    this.#hash = undefined;
    if (this.#digest === undefined || received === this.#digest.hex) return undefined;
    return `has the digest ${received}, not ${this.#digest.hex}`;
  }

  /**
   * Gives up the bytes that have come.
   *
   * @returns `false` if that is impossible, because they are in a stream.
   */
  giveUp(): boolean {
    if (this.#sink.path === undefined) return false;
    this.#version = undefined;
    return true;
  }

  /** Finishes the sink after the last byte, unless a signal has aborted or the client was closed meanwhile. */
  async finish(): Promise<void> {
    this.#interruption.throwIfStopped();
    await this.#unlessStopped(this.#sink.finish());
  }

  /**
   * Waits for a write. That of a file always ends; that of a stream may never end, so an abort or a closing interrupts the wait.
   */
  #unlessStopped(work: Promise<void>): Promise<void> {
    return this.#sink.path === undefined ? this.#interruption.settle(work) : work;
  }
}
