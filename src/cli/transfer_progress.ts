/**
 * How far a body has come, for the progress of the run.
 *
 * @module
 */

import type { Progress } from "../policies/settings.ts";
import type { Run, ShownTransfer } from "./run.ts";

/** From this size on, a body is shown by itself; so is the only one. */
const LARGE_BYTES = 5_000_000;

/** Counts the bytes of one body for its run, and shows it if it is large. */
export class TransferProgress implements ShownTransfer {
  received = 0;
  total: number | undefined;
  /** Which attempt has brought the last bytes. */
  attempts = 0;
  readonly #run: Run;
  readonly #name: string;
  readonly #present: number;
  #shown: Disposable | undefined;

  /**
   * Nothing has come yet.
   *
   * @param run Whose bytes they are.
   * @param name What it is called.
   * @param present How many bytes are there from an earlier run.
   */
  constructor(run: Run, name: string, present = 0) {
    this.#run = run;
    this.#name = name;
    this.#present = present;
  }

  /** A chunk has come. */
  readonly note = ({ bytes, totalBytes, attempt }: Progress): void => {
    const before = this.attempts === 0 && bytes > this.#present ? this.#present : this.received;
    this.attempts = attempt;
    // What begins anew comes once more.
    this.#run.received = (this.#run.received ?? 0) + (bytes > before ? bytes - before : bytes);
    this.received = bytes;
    this.total = totalBytes;
    const isWorthIt = this.#run.total === 1 || Math.max(bytes, totalBytes ?? 0) >= LARGE_BYTES;
    if (this.#shown !== undefined || !isWorthIt) return;
    this.#shown = this.#run.showTransfer(this.#name, this);
  };

  /** No more comes. */
  end(): void {
    this.#shown?.[Symbol.dispose]();
  }
}
