/**
 * The report that the demo prints at its end.
 *
 * @module
 */

import type { CircuitState } from "../primitives/circuit_breaker.ts";
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate } from "./format.ts";
import type { Paint, Style } from "./style.ts";
import { layOutTable, type TableCell } from "./table.ts";

/** The time to load one file after the other, measured on a sample of the files. */
export interface DemoSample {
  readonly files: number;
  /** The mean time for a file, in milliseconds. */
  readonly meanMs: number;
}

/** The measurements of loading all files once. */
export interface DemoLoad {
  readonly files: number;
  readonly failed: number;
  /** How many files came from the cache. */
  readonly fromCache: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** The measurements of loading all files from disk. */
export interface DemoDiskLoad extends DemoLoad {
  /** Whether a new process has loaded the files. */
  readonly isNewProcess: boolean;
  /** The folder in which the files stay; absent for a temporary one. */
  readonly keptIn?: string | undefined;
}

/** The counts of one mirror. */
export interface DemoMirror {
  readonly name: string;
  /** The address on which it listens. */
  readonly address: string;
  readonly attempts: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly bytes: number;
  readonly breaker: CircuitState;
}

/** A change of the state of a circuit breaker. */
export interface DemoBreakerChange {
  readonly mirror: string;
  /** The time of the change, in milliseconds since the demo began to load all files. */
  readonly atMs: number;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** All measurements of the demo. */
export interface DemoResult {
  readonly concurrency: number;
  readonly sample: DemoSample;
  readonly cold: DemoLoad;
  readonly cached: DemoLoad;
  /** The measurements from disk; absent where nothing was kept on disk. */
  readonly disk?: DemoDiskLoad | undefined;
  /** How many times a file was requested again after a backoff. */
  readonly retries: number;
  /** How many times a failed request went to the next mirror at once. */
  readonly handovers: number;
  readonly mirrors: readonly DemoMirror[];
  readonly breakerChanges: readonly DemoBreakerChange[];
}

/** Lays out the measurements, line by line. */
export function demoReport(result: DemoResult, style: Style): string[] {
  const { cold, sample, disk } = result;
  return [
    ...loads(result, style),
    "",
    style.dim(
      `  * not run: ${formatCount(cold.files)} × ${formatDuration(sample.meanMs)}, the mean of ` +
        `a sample of ${formatCount(sample.files)}, loaded one at a time before`,
    ),
    "",
    ...mirrorTable(result, style),
    "",
    ...breakerLines(result, style),
    "",
    verdict(result, style),
    ...keptLines(disk),
  ];
}

function loads({ cold, cached, disk, sample, concurrency }: DemoResult, style: Style): string[] {
  const aloneMs = sample.meanMs * cold.files;
  const row = (name: string, load: DemoLoad, mark: string, paint: Paint): TableCell[] => [
    name,
    formatCount(load.files),
    formatBytes(load.bytes),
    formatDuration(load.elapsedMs) + mark,
    formatRate(load.files / load.elapsedMs * 1_000),
    (load.bytes / load.elapsedMs / 1_000).toFixed(1),
    { text: `${formatCount(aloneMs / load.elapsedMs)}×`, paint },
  ];
  const highlight: Paint = (text) => style.bold(style.green(text));
  const header = ["", "files", "size", "time ", "files/s", "MB/s", "speed-up"];
  return layOutTable([
    header.map((text) => ({ text, paint: style.dim })),
    row("one at a time", { ...cold, elapsedMs: aloneMs }, "*", style.dim),
    row(
      cold.fromCache === cold.files ? "from an earlier run" : `${concurrency} at once`,
      cold,
      " ",
      highlight,
    ),
    row("from memory", cached, " ", highlight),
    ...(disk === undefined ? [] : [row("from disk", disk, " ", highlight)]),
  ], "lrrrrrr");
}

function mirrorTable({ mirrors }: DemoResult, style: Style): string[] {
  const header = ["mirror", "", "asked", "served", "failed", "data", "breaker"];
  return layOutTable([
    header.map((text) => ({ text, paint: style.dim })),
    ...mirrors.map(({ name, address, attempts, succeeded, failed, bytes, breaker }): TableCell[] => [
      name,
      { text: address.replace("http://", ""), paint: style.dim },
      formatCount(attempts),
      formatCount(succeeded),
      failed === 0 ? "0" : { text: formatCount(failed), paint: style.yellow },
      formatBytes(bytes),
      breaker === "closed" ? breaker : { text: breaker, paint: style.yellow },
    ]),
  ], "llrrrrl");
}

function breakerLines({ breakerChanges, handovers, retries }: DemoResult, style: Style): string[] {
  const lines = breakerChanges.map(({ mirror, atMs, from, to }) => {
    const state = to === "open" ? style.yellow(to) : to;
    return `  ${
      style.dim(formatDuration(atMs).padStart(8))
    }  circuit breaker of ${mirror}: ${from} → ${state}`;
  });
  return [
    `  ${formatPlural(handovers, "failure")} handed to the next mirror at once, ` +
    `${retries === 1 ? "1 retry" : `${formatCount(retries)} retries`} after a pause`,
    ...(lines.length === 0 ? ["  no circuit breaker changed"] : lines),
  ];
}

function verdict({ cold, cached, disk, concurrency }: DemoResult, style: Style): string {
  const failed = cold.failed + cached.failed + (disk?.failed ?? 0);
  if (failed > 0) return style.red(`${formatPlural(failed, "file")} could not be loaded.`);
  const first =
    `${formatCount(cold.files)} in ${formatDuration(cold.elapsedMs)} with ${concurrency} at once` +
    (cold.fromCache === 0
      ? ""
      : ` (${formatCount(cold.fromCache)} of them from disk, left by an earlier run)`);
  const again = `again in ${formatDuration(cached.elapsedMs)} ${shareFromCache(cached)}from memory`;
  if (disk === undefined) return style.bold(`All files were loaded: ${first}, and ${again}.`);
  const who = disk.isNewProcess ? "by a new process" : "by a new client";
  const last = `${who} in ${formatDuration(disk.elapsedMs)} ${shareFromCache(disk)}from disk`;
  return style.bold(`All files were loaded: ${first}, ${again}, and ${last}.`);
}

function shareFromCache({ files, fromCache }: DemoLoad): string {
  return fromCache === files ? "" : `${formatCount(fromCache)} of them `;
}

function keptLines(disk: DemoDiskLoad | undefined): string[] {
  if (disk?.keptIn === undefined) return [];
  return [`They stay in ${disk.keptIn}: the same command again finds them there.`];
}
