/**
 * The line that sums up a run.
 *
 * @module
 */

import { formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";

/** The outcome of a run. */
export interface RunSummary {
  readonly succeeded: number;
  readonly failed: number;
  /** How many files the server does not have, where that is no failure. */
  readonly missing: number;
  /** How many inputs an earlier run has fetched already. */
  readonly skipped?: number | undefined;
  /** How many requests the cache has answered. */
  readonly fromCache: number;
  /** How many inputs or files there were; absent if that was never known. */
  readonly total?: number | undefined;
  readonly bytes: number;
  readonly retries: number;
  readonly elapsedMs: number;
  /** Why the run ended early, if it did. */
  readonly stopReason?: "interrupted" | "failed" | "closed" | "unwritable" | undefined;
}

/** Returns the line that sums up a run. */
export function summaryLine(summary: RunSummary): string {
  const { succeeded, failed, missing, skipped = 0, fromCache, total, bytes, retries, elapsedMs, stopReason } =
    summary;
  const notDone = total === undefined ? undefined : total - succeeded - failed - missing - skipped;
  const parts = [`${formatCount(succeeded)} done`];
  if (skipped > 0) parts.push(`${formatCount(skipped)} there already`);
  if (fromCache > 0) parts.push(`${formatCount(fromCache)} from the cache`);
  if (missing > 0) parts.push(`${formatCount(missing)} not published`);
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  if (stopReason !== undefined) {
    parts.push(notDone === undefined ? "the rest not done" : `${formatCount(notDone)} not done`);
  }
  parts.push(`${formatBytes(bytes)} in ${formatDuration(elapsedMs)}`);
  if (succeeded > 0 && elapsedMs > 0) parts.push(`${rateOf(summary)}/s`);
  if (retries > 0) parts.push(retries === 1 ? "1 retry" : `${formatCount(retries)} retries`);
  return prefix(stopReason) + parts.join(", ");
}

/** Returns the number of responses in a second, or of bytes if there was only one response. */
function rateOf({ succeeded, bytes, elapsedMs }: RunSummary): string {
  const seconds = elapsedMs / 1_000;
  return succeeded === 1 ? formatBytes(bytes / seconds) : formatRate(succeeded / seconds);
}

function prefix(stopReason: RunSummary["stopReason"]): string {
  if (stopReason === "interrupted") return "Interrupted: ";
  if (stopReason === "failed") return "Stopped at the first failure: ";
  return stopReason === "unwritable" ? "Stopped as the output can't be written: " : "";
}
