/**
 * Shows how far a run has come: on a terminal as a line that is redrawn, elsewhere as a plain line every five seconds.
 *
 * @module
 */

import type { Clock, TimerHandle } from "../primitives/clock.ts";
import type { TerminalOutput } from "../runtime/terminal/contract.ts";
import { type ProgressState, renderProgressLine } from "./progress_line.ts";
import { RateMeter } from "./rate_meter.ts";
import { PLAIN, type Style } from "./style.ts";
import { wrapWords } from "./word_wrap.ts";

/** How progress is shown: a `live` line, `plain` lines, or not at all. */
export type ProgressMode = "live" | "plain" | "none";

/** What a run has done so far. */
export interface ProgressCounts {
  /** The name of the run, where a command makes several. */
  readonly label?: string | undefined;
  readonly done: number;
  readonly failed: number;
  readonly total?: number | undefined;
  /** The progress of a large body. */
  readonly transfer?: ProgressState["transfer"];
  readonly arriving?: ProgressState["arriving"];
  readonly bytes: number;
  readonly inFlight: number;
  readonly retries: number;
  readonly openBreakers: number;
}

/** Options of {@linkcode Progress}. */
export interface ProgressOptions {
  readonly mode: ProgressMode;
  /** The stream that shows the progress. */
  readonly output: TerminalOutput;
  readonly clock: Clock;
  readonly style?: Style | undefined;
  /** Returns the current counts; called at every redraw. */
  readonly counts: () => ProgressCounts;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;
/** The width of the echo `^C`. */
const ECHO_COLUMNS = 2;
const CLEAR_TO_END = "\x1b[K";

/** Clears the line of the cursor (ECMA-48 §8.3.41, EL). */
export const CLEAR_LINE: string = `\r${CLEAR_TO_END}`;

/** Draws on a timer from `start` to `stop`: every 100 ms a live line, or every 5 seconds a plain one. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #meter = new RateMeter();
  #timer: TimerHandle | undefined;
  #drawn = "";
  #writing = false;
  /** Resolves when all logged lines are written. */
  #logged: Promise<unknown> = Promise.resolve();

  /** Creates a progress, which shows nothing yet. */
  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Starts to draw. */
  start(): void {
    if (this.#options.mode === "none" || this.#timer !== undefined) return;
    this.#sample();
    this.#arm();
  }

  /** Writes a line that stays, above the live line. */
  async log(line: string): Promise<void> {
    const drawn = this.#drawn;
    const written = this.#options.output.write(
      drawn === "" ? `${line}\n` : `${CLEAR_LINE}${line}\n${drawn}`,
    );
    this.#logged = written.catch(() => {}); // the caller gets the error
    await written;
  }

  /** Stops the timer, clears the live line, and resolves when all logged lines are written; idempotent. */
  async stop(): Promise<void> {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#drawn !== "") {
      this.#drawn = "";
      await this.#options.output.write(CLEAR_LINE);
    }
    // Some callers of `log` do not wait, and the program may exit when `stop` resolves.
    await this.#logged;
  }

  #arm(): void {
    const delayMs = this.#options.mode === "live" ? REDRAW_MS : PLAIN_LINE_MS;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#arm();
      this.#draw();
    }, delayMs);
  }

  #draw(): void {
    const { mode, output, style = PLAIN } = this.#options;
    const state = this.#sample();
    // A terminal that takes longer than a redraw (a slow connection) gets fewer of them.
    if (this.#writing) return;
    let text: string;
    if (mode === "live") {
      // The last column stays free, because some terminals wrap after writing it. So does room for the echo of Ctrl-C: otherwise
      // `^C` would begin a new line, and the live line above would not be cleared.
      this.#drawn = renderProgressLine(state, output.columns() - ECHO_COLUMNS - 1, style);
      text = `\r${this.#drawn}${CLEAR_TO_END}`;
    } else {
      const line = renderProgressLine(state, undefined, PLAIN);
      text = `${output.isTerminal ? wrapWords(line, output.columns() - 1) : line}\n`;
    }
    this.#writing = true;
    // Progress that can't be shown is no reason to stop.
    output.write(text).catch(() => {}).finally(() => this.#writing = false);
  }

  #sample(): ProgressState {
    const counts = this.#options.counts();
    return { ...counts, ...this.#meter.add(this.#options.clock.now(), counts.done, counts.bytes) };
  }
}
