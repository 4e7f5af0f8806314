/**
 * One run of a command that fetches: its counts, how it stops early, and its messages on stderr.
 *
 * @module
 */

import type { ClientStats } from "../client/stats.ts";
import type { TimerHandle } from "../primitives/clock.ts";
import { isDiskFull } from "../runtime/error_code.ts";
import type { EndSignal } from "../runtime/terminal/contract.ts";
import { errorLine, errorRecord, excerptLine, oneLine } from "./error_record.ts";
import type { CommandContext } from "./command.ts";
import { CLEAR_LINE, Progress, type ProgressCounts, type ProgressMode } from "./progress.ts";
import { styleFor } from "./style.ts";
import { summaryLine } from "./summary.ts";
import { wrapWords, writeWords } from "./word_wrap.ts";

/**
 * Why a run ended early: a signal such as Ctrl-C, the first failure under `--fail-fast`, a reader that has closed stdout, or an
 * output of all outcomes that can't be written, also because the disk is full.
 */
export type StopReason = "interrupted" | "failed" | "closed" | "unwritable";

/** Options of {@linkcode Run}. */
export interface RunOptions {
  /** Whether the run shows neither progress nor a summary. */
  readonly quiet: boolean;
  /** Whether stderr gets failures as lines of JSON, and nothing else. */
  readonly jsonErrors: boolean;
  /** Whether the first failure ends the run. */
  readonly failFast: boolean;
  /** Whether data goes to stdout. */
  readonly dataOnStdout: boolean;
  /** Whether the run ends with a summary. An interrupted run does in any case. */
  readonly summary: boolean;
  /** The name of the run in its progress line, for commands that make several runs. */
  readonly label?: string | undefined;
}

/** A body that is being received, as the progress line shows it. */
export interface ShownTransfer {
  /** How many bytes have arrived. */
  readonly received: number;
  /** The length of the body in bytes, if the server has announced it. */
  readonly total: number | undefined;
}

/** A failure to report: an input that brought no result, or an output that can't be written. */
export interface RunFailure {
  readonly error: unknown;
  /** The place that the message begins with, such as `urls.txt:7`, `argument 2` or the name of a file. */
  readonly where: string;
  /** The URL, the file or the output that failed, without secrets. */
  readonly subject: string;
}

/** The exit code for each signal: by convention 128 plus the signal's number. */
const EXIT_CODES: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** How long the run waits for pending writes after a signal, in milliseconds: the reader may have stopped reading. */
const PATIENCE_MS = 5_000;
/** How long the summary may take after that, in milliseconds: stderr may have the same reader. */
const SAY_MS = 100;

/** Counts outcomes, stops early and reports. {@linkcode Run.finish} ends the run; disposing it restores what Ctrl-C did before. */
export class Run implements Disposable {
  /** How many inputs or files there are; `undefined` while that is unknown. */
  total: number | undefined;
  /** How many inputs or files have been fetched. */
  succeeded = 0;
  /** How many inputs or files have failed. */
  failed = 0;
  /** How many files the server does not have, where that is no failure. */
  missing = 0;
  /** How many inputs an earlier run has fetched already. */
  skipped = 0;
  /** How many bytes of bodies have arrived, if the command counts them here; otherwise the client's count is shown. */
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
  /** Ends the program some time after a signal, even if a write is still pending. */
  #exitTimer: TimerHandle | undefined;
  #ending: Promise<number> | undefined;
  /** Whether an output could not be written. The message about it appears once. */
  #isUnwritable = false;
  /** Whether the disk is full. The message about it appears once, because the others would say the same. */
  #isDiskFull = false;

  /** Creates a run. From now on Ctrl-C stops the run instead of ending the program. */
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

  /** The signal that aborts when the run must end early. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the run ended early; `undefined` if it did not. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  /** Starts to show progress, with the client's counts from `stats`. */
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

  /** Returns whether an error is only the reason of {@linkcode Run.signal}, so that nothing failed by itself. */
  isStop(error: unknown): boolean {
    return this.signal.aborted && error === this.signal.reason;
  }

  /** Shows the progress of a body until the caller disposes the result. */
  showTransfer(name: string, transfer: ShownTransfer): Disposable {
    this.#transfers.set(transfer, oneLine(name));
    return { [Symbol.dispose]: () => void this.#transfers.delete(transfer) };
  }

  /** Writes data to stdout. The run ends early if the reader has closed stdout, or as {@linkcode Run.keep} says. */
  async put(data: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.keep("stdout", async () => {
      if (!await this.#context.terminal.stdout.write(data)) this.stop("closed");
    });
  }

  /**
   * Writes to an output that many outcomes share. The first write that fails ends the run, because all later outcomes would be
   * lost too. One message names the failure.
   *
   * @param output The name of the output in that message.
   * @param write Writes to the output.
   * @returns Resolves when the data is written. Rejects with the reason of the stop if it can't be.
   */
  async keep(output: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.stop("unwritable");
      if (!this.#isUnwritable && !this.#isSaid(error)) {
        this.#isUnwritable = true;
        await this.fail({ error, where: output, subject: output });
      }
      throw this.signal.reason;
    }
  }

  /** Ends the run under `--fail-fast`. Jobs call it as soon as they fail, because {@linkcode Run.fail} may have to wait for its turn. */
  failFast(): void {
    if (this.#options.failFast) this.stop("failed");
  }

  /** Counts a failure and names it on stderr. A full disk ends the run; what fails for it after that counts as not done. */
  async fail({ error, where, subject }: RunFailure): Promise<void> {
    if (this.#isSaid(error)) return;
    if (isDiskFull(error)) {
      this.#isDiskFull = true;
      this.stop("unwritable");
    }
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

  /** Returns whether an error only repeats that the disk is full. */
  #isSaid(error: unknown): boolean {
    return this.#isDiskFull && isDiskFull(error);
  }

  /** Writes a warning to stderr, which changes neither the counts nor the exit code. */
  async warn(text: string): Promise<void> {
    if (this.#options.jsonErrors) return;
    const { yellow } = styleFor(this.#context.terminal.stderr, this.#context.terminal.noColor);
    await this.#say(`${yellow("warning")}: ${text}`);
  }

  /**
   * Writes a notice to stderr, unless the run is quiet or reports errors as JSON.
   *
   * @returns Whether the notice was written.
   */
  async note(text: string): Promise<boolean> {
    if (this.#options.quiet || this.#options.jsonErrors) return false;
    await this.#say(text);
    return true;
  }

  /** Writes a line to stderr that the user has asked for, as with `--verbose`; also when the run is quiet. */
  async tell(text: string): Promise<void> {
    if (!this.#options.jsonErrors) await this.#say(text);
  }

  /** Writes a line for people, above the progress. */
  async #say(line: string): Promise<void> {
    const { stderr } = this.#context.terminal;
    await this.#progress.log(stderr.isTerminal ? wrapWords(line, stderr.columns() - 1) : line);
  }

  /** Ends the progress, writes the summary and returns the exit code; idempotent. */
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
    const counts = this.#counts();
    const line = summaryLine({
      ...counts,
      // An output that can't be written counts as a failure, but is no input.
      total: counts.total === undefined || !this.#isUnwritable ? counts.total : counts.total + 1,
      succeeded: this.succeeded,
      missing: this.missing,
      skipped: this.skipped,
      fromCache: this.#fromCache(),
      elapsedMs: clock.now() - this.#startedAtMs,
      stopReason: this.#stopReason,
    });
    // The terminal has echoed the Ctrl-C as `^C`.
    const canClear = terminal.stderr.isTerminal && terminal.isDumb !== true;
    const clear = this.#stopReason === "interrupted" && canClear ? CLEAR_LINE : "";
    if (clear !== "") await terminal.stderr.write(clear);
    await writeWords(terminal.stderr, `${line}\n`);
  }

  [Symbol.dispose](): void {
    this.#interrupts[Symbol.dispose]();
    if (this.#exitTimer !== undefined) this.#context.clock.clearTimeout(this.#exitTimer);
    // The progress is still shown here only after an unexpected error, which matters more than an error of `stop()`.
    this.#progress.stop().catch(() => {});
  }

  #interrupt(signal: EndSignal): void {
    // The first Ctrl-C ends the run cleanly; a second one does not wait for that.
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

  /** Returns the body that began first among those that are shown. */
  #firstTransfer(): ProgressCounts["transfer"] {
    for (const [{ received, total }, name] of this.#transfers) return { name, received, total };
    return undefined;
  }

  #arriving(): ProgressCounts["arriving"] {
    let [bodies, bytes] = [0, 0];
    for (const { received, total } of this.#transfers.keys()) {
      if (total === undefined) continue;
      bodies++;
      bytes += Math.max(0, total - received);
    }
    return bodies === 0 ? undefined : { bodies, bytes };
  }

  #counts(): ProgressCounts {
    const stats = this.#stats?.();
    return {
      label: this.#options.label,
      done: this.succeeded + this.failed + this.missing + this.skipped,
      failed: this.failed,
      total: this.total,
      transfer: this.#firstTransfer(),
      arriving: this.#arriving(),
      bytes: this.received ?? stats?.bytes ?? 0,
      inFlight: stats?.inFlight ?? 0,
      retries: stats?.retried ?? 0,
      openBreakers: Object.values(stats?.origins ?? {}).filter(({ breaker }) => breaker !== "closed").length,
    };
  }
}

/**
 * Returns how to show progress: a live line on a terminal, plain lines where stderr is a file, a pipe or a dumb terminal, and
 * nothing where data on the same terminal would mix with it.
 */
function progressMode({ terminal }: CommandContext, options: RunOptions): ProgressMode {
  if (options.quiet || options.jsonErrors) return "none";
  if (!terminal.stderr.isTerminal) return "plain";
  if (options.dataOnStdout && terminal.stdout.isTerminal) return "none";
  return terminal.isDumb === true ? "plain" : "live";
}
