/**
 * One run of a command that fetches: what it counts, how it stops, and what it says.
 *
 * @module
 */

import type { ClientStats } from "../client/stats.ts";
import type { TimerHandle } from "../primitives/clock.ts";
import type { EndSignal } from "../runtime/terminal/contract.ts";
import { errorLine, errorRecord, excerptLine, oneLine } from "./error_record.ts";
import type { CommandContext } from "./command.ts";
import { CLEAR_LINE, Progress, type ProgressCounts, type ProgressMode } from "./progress.ts";
import { styleFor } from "./style.ts";
import { summaryLine } from "./summary.ts";
import { wrapWords, writeWords } from "./word_wrap.ts";

/**
 * Why a run ended early: Ctrl-C, the first failure under `--fail-fast`, a reader of stdout that has gone, or an output of all outcomes that
 * can't be written.
 */
export type StopReason = "interrupted" | "failed" | "closed" | "unwritable";

/** Options of {@linkcode Run}. */
export interface RunOptions {
  /** No progress and no summary. */
  readonly quiet: boolean;
  /** Failures as JSON, and nothing else on stderr. */
  readonly jsonErrors: boolean;
  /** Whether the first failure ends the run. */
  readonly failFast: boolean;
  /** Whether data goes to stdout. */
  readonly dataOnStdout: boolean;
  /** Whether a summary is of any use. */
  readonly summary: boolean;
  /** What is going on, for the progress, when that isn't plain. */
  readonly label?: string | undefined;
}

/** A body that is on its way, as far as the progress shows it. */
export interface ShownTransfer {
  /** How many bytes have come. */
  readonly received: number;
  /** How many there are, if the server has said it. */
  readonly total: number | undefined;
}

/** Something that was asked for and did not come. */
export interface RunFailure {
  readonly error: unknown;
  /** Where it was asked for. */
  readonly where: string;
  /** What was asked for, as it may be shown. */
  readonly subject: string;
}

/** By convention 128 and the signal's number. */
const EXIT_CODES: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** So long what is being written is waited for after Ctrl-C, in milliseconds: its reader may have stopped to read. */
const PATIENCE_MS = 5_000;
/** So long it takes at most to say what was done, in milliseconds: stderr may have the same reader. */
const SAY_MS = 100;

/** Counts, stops and reports. {@linkcode Run.finish} ends it; disposing it gives Ctrl-C back. */
export class Run implements Disposable {
  /** How many there are; absent while that is unknown. */
  total: number | undefined;
  /** How many brought what was asked for. */
  succeeded = 0;
  /** How many did not. */
  failed = 0;
  /** How many were not there, where that is no failure. */
  missing = 0;
  /** How many were there already, from an earlier run. */
  skipped = 0;
  /** How many bytes have come, where the run counts them itself; otherwise the client does. */
  received: number | undefined;
  readonly #transfers = new Map<ShownTransfer, string>();
  readonly #context: CommandContext;
  readonly #options: RunOptions;
  readonly #controller = new AbortController();
  readonly #progress: Progress;
  readonly #interrupts: Disposable;
  readonly #startedAtMs: number;
  #stats: (() => ClientStats) | undefined;
  #stopReason: StopReason | undefined;
  #endSignal: EndSignal = "SIGINT";
  /** Ends the program when what is written does not come to its end. */
  #exitTimer: TimerHandle | undefined;
  #ending: Promise<number> | undefined;
  /** Whether an output could not be written, which has been said. */
  #isUnwritable = false;

  /** Starts a run: Ctrl-C stops it from now on. */
  constructor(context: CommandContext, options: RunOptions) {
    const { terminal, clock } = context;
    this.#context = context;
    this.#options = options;
    this.#startedAtMs = clock.now();
    this.#progress = new Progress({
      mode: progressMode(context, options),
      output: terminal.stderr,
      clock,
      style: styleFor(terminal.stderr, terminal.noColor),
      counts: () => this.#counts(),
    });
    this.#interrupts = terminal.onInterrupt((signal) => this.#interrupt(signal));
  }

  /** Aborts when the run is to end early. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the run was ended early, if it was. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  /** Begins to show progress. */
  start(stats: () => ClientStats): void {
    this.#stats = stats;
    this.#progress.start();
  }

  /** Ends the run early; only the first reason counts. */
  stop(reason: StopReason): void {
    if (this.#stopReason !== undefined) return;
    this.#stopReason = reason;
    this.#controller.abort(new DOMException("The run was stopped", "AbortError"));
  }

  /** Whether an error only says that the run was stopped. */
  isStop(error: unknown): boolean {
    return this.signal.aborted && error === this.signal.reason;
  }

  /** Shows how far a body has come, as long as it is not disposed. */
  showTransfer(name: string, transfer: ShownTransfer): Disposable {
    this.#transfers.set(transfer, oneLine(name));
    return { [Symbol.dispose]: () => void this.#transfers.delete(transfer) };
  }

  /** Writes data to stdout; see {@linkcode Run.keep}. */
  async put(data: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.keep("stdout", async () => {
      if (!await this.#context.terminal.stdout.write(data)) this.stop("closed");
    });
  }

  /**
   * Writes to what many outcomes go to. The first failure ends the run, for whatever else came would be lost too; it is said once.
   *
   * @param output What is written to, as it is named on stderr.
   * @param write Writes.
   * @returns When it is written. Rejects with the reason of the stop if that was not possible.
   */
  async keep(output: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.stop("unwritable");
      if (!this.#isUnwritable) {
        this.#isUnwritable = true;
        await this.fail({ error, where: output, subject: output });
      }
      throw this.signal.reason;
    }
  }

  /** Something has failed, and may have to wait for its turn to be told: under `--fail-fast` the run ends now. */
  failFast(): void {
    if (this.#options.failFast) this.stop("failed");
  }

  /** Counts a failure and names it on stderr. */
  async fail({ error, where, subject }: RunFailure): Promise<void> {
    this.failed++;
    this.failFast();
    if (this.#options.jsonErrors) {
      await this.#progress.log(JSON.stringify({ where, subject, ...errorRecord(error) }));
      return;
    }
    const excerpt = excerptLine(error);
    const line = `${errorLine(error)}${excerpt === "" ? "" : `: ${excerpt}`}`;
    const red = styleFor(this.#context.terminal.stderr, this.#context.terminal.noColor).red;
    const isSaid = subject === where || line.includes(subject);
    await this.#say(`${red(oneLine(where))}: ${isSaid ? line : `${oneLine(subject)}: ${line}`}`);
  }

  /** Says something on stderr that changes no outcome. */
  async warn(text: string): Promise<void> {
    if (this.#options.jsonErrors) return;
    const { yellow } = styleFor(this.#context.terminal.stderr, this.#context.terminal.noColor);
    await this.#say(`${yellow("warning")}: ${text}`);
  }

  /**
   * Says on stderr what goes on, unless only errors are wanted.
   *
   * @returns Whether it was said.
   */
  async note(text: string): Promise<boolean> {
    if (this.#options.quiet || this.#options.jsonErrors) return false;
    await this.#say(text);
    return true;
  }

  /** Says something on stderr that was asked for, whatever else is said. */
  async tell(text: string): Promise<void> {
    if (!this.#options.jsonErrors) await this.#say(text);
  }

  /** Writes a line for people, above the progress. */
  async #say(line: string): Promise<void> {
    const { stderr } = this.#context.terminal;
    await this.#progress.log(stderr.isTerminal ? wrapWords(line, stderr.columns() - 1) : line);
  }

  /** Ends the progress, says what was done, and gives the exit code; idempotent. */
  finish(): Promise<number> {
    return this.#ending ??= this.#finish();
  }

  async #finish(): Promise<number> {
    await this.#progress.stop();
    const { quiet, jsonErrors, summary } = this.#options;
    const interrupted = this.#stopReason === "interrupted";
    if (!jsonErrors && (interrupted || summary && !quiet && this.#stopReason !== "closed")) {
      await this.#writeSummary();
    }
    if (interrupted) return EXIT_CODES[this.#endSignal];
    return this.failed > 0 ? 1 : 0;
  }

  async #writeSummary(): Promise<void> {
    const { terminal, clock } = this.#context;
    const line = summaryLine({
      ...this.#counts(),
      succeeded: this.succeeded,
      missing: this.missing,
      skipped: this.skipped,
      fromCache: this.#fromCache(),
      elapsedMs: clock.now() - this.#startedAtMs,
      stopReason: this.#stopReason,
    });
    // The terminal has shown the Ctrl-C as `^C`.
    const canClear = terminal.stderr.isTerminal && terminal.isDumb !== true;
    const clear = this.#stopReason === "interrupted" && canClear ? CLEAR_LINE : "";
    if (clear !== "") await terminal.stderr.write(clear);
    await writeWords(terminal.stderr, `${line}\n`);
  }

  [Symbol.dispose](): void {
    this.#interrupts[Symbol.dispose]();
    if (this.#exitTimer !== undefined) this.#context.clock.clearTimeout(this.#exitTimer);
    // Only has something to do after an unexpected error, which matters more than what this throws.
    this.#progress.stop().catch(() => {});
  }

  #interrupt(signal: EndSignal): void {
    // The first Ctrl-C ends cleanly; a second one does not wait for that.
    if (this.#stopReason === "interrupted") this.#context.terminal.exit(EXIT_CODES[signal]);
    this.#stopReason = "interrupted";
    this.#endSignal = signal;
    this.#exitTimer = this.#context.clock.setTimeout(() => this.#giveUp(), PATIENCE_MS);
    this.#controller.abort(new DOMException("The run was stopped", "AbortError"));
  }

  #giveUp(): void {
    const { terminal, clock } = this.#context;
    this.#exitTimer = clock.setTimeout(() => terminal.exit(EXIT_CODES[this.#endSignal]), SAY_MS);
    this.finish().catch(() => {}); // the program ends in any case
  }

  #fromCache(): number {
    const { fresh, stale } = this.#stats?.().cacheHits ?? { fresh: 0, stale: 0 };
    return fresh + stale;
  }

  /** Of the bodies that are shown, the one that began first. */
  #firstTransfer(): ProgressCounts["transfer"] {
    for (const [{ received, total }, name] of this.#transfers) return { name, received, total };
    return undefined;
  }

  #counts(): ProgressCounts {
    const stats = this.#stats?.();
    return {
      label: this.#options.label,
      done: this.succeeded + this.failed + this.missing + this.skipped,
      failed: this.failed,
      total: this.total,
      transfer: this.#firstTransfer(),
      bytes: this.received ?? stats?.bytes ?? 0,
      inFlight: stats?.inFlight ?? 0,
      retries: stats?.retried ?? 0,
      openBreakers: Object.values(stats?.origins ?? {}).filter(({ breaker }) => breaker !== "closed").length,
    };
  }
}

/** A live line where a person sees it and no data is in its way; plain lines where stderr is a file, a pipe or a dumb terminal. */
function progressMode({ terminal }: CommandContext, options: RunOptions): ProgressMode {
  if (options.quiet || options.jsonErrors) return "none";
  if (!terminal.stderr.isTerminal) return "plain";
  if (options.dataOnStdout && terminal.stdout.isTerminal) return "none";
  return terminal.isDumb === true ? "plain" : "live";
}
