/**
 * The progress of one body, for the progress of its run.
 *
 * @module
 */

import type { Progress } from "../policies/settings.ts";
import type { Run, ShownTransfer } from "./run.ts";

/** A body of at least this size has its own part in the progress line; so has the only body of a run. */
const LARGE_BYTES = 5_000_000;

/** Counts the bytes of one body for its run, and shows the body if it is large. */
export class TransferProgress implements ShownTransfer {
  received = 0;
  total: number | undefined;
  /** The number of the attempt that has brought the last bytes. */
  attempts = 0;
  readonly #run: Run;
  readonly #name: string;
  readonly #present: number;
  #shown: Disposable | undefined;

  /**
   * Creates the progress of a body of which no byte has arrived.
   *
   * @param run The run that counts the bytes.
   * @param name The name of the body in the progress line.
   * @param present How many bytes an earlier run has left.
   */
  constructor(run: Run, name: string, present = 0) {
    this.#run = run;
    this.#name = name;
    this.#present = present;
  }

  /** Notes that a chunk has arrived. */
  readonly note = ({ bytes, totalBytes, attempt }: Progress): void => {
    const before = this.attempts === 0 && bytes > this.#present ? this.#present : this.received;
    this.attempts = attempt;
    // A download that begins anew receives all bytes once more.
    this.#run.received = (this.#run.received ?? 0) + (bytes > before ? bytes - before : bytes);
    this.received = bytes;
    this.total = totalBytes;
    const isWorthIt = this.#run.total === 1 || Math.max(bytes, totalBytes ?? 0) >= LARGE_BYTES;
    if (this.#shown !== undefined || !isWorthIt) return;
    this.#shown = this.#run.showTransfer(this.#name, this);
  };

  /** Removes the body from the progress line. */
  end(): void {
    this.#shown?.[Symbol.dispose]();
  }
}
