/**
 * What the demo prints when it is done.
 *
 * @module
 */

import type { CircuitState } from "../primitives/circuit_breaker.ts";
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate } from "./format.ts";
import type { Paint, Style } from "./style.ts";
import { layOutTable, type TableCell } from "./table.ts";

/** How long it takes to load one file after the other, as measured on some of them. */
export interface DemoSample {
  readonly files: number;
  /** The mean time of a file, in milliseconds. */
  readonly meanMs: number;
}

/** One time that all files were loaded. */
export interface DemoLoad {
  readonly files: number;
  readonly failed: number;
  /** How many came from the cache. */
  readonly fromCache: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** What one mirror did. */
export interface DemoMirror {
  readonly name: string;
  readonly origin: string;
  readonly attempts: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly bytes: number;
  readonly breaker: CircuitState;
}

/** A circuit breaker changed its state. */
export interface DemoBreakerChange {
  readonly mirror: string;
  /** When, in milliseconds since the first file was asked for. */
  readonly atMs: number;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** All that the demo measured. */
export interface DemoResult {
  readonly concurrency: number;
  readonly sample: DemoSample;
  readonly cold: DemoLoad;
  readonly cached: DemoLoad;
  /** How often a file was asked for again after a pause. */
  readonly retries: number;
  /** How often a file was asked for at the next mirror at once. */
  readonly handovers: number;
  readonly mirrors: readonly DemoMirror[];
  readonly breakerChanges: readonly DemoBreakerChange[];
}

/** Lays out what the demo measured, line by line. */
export function demoReport(result: DemoResult, style: Style): string[] {
  const { cold, cached, sample, concurrency } = result;
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
    verdict(cold, cached, concurrency, style),
  ];
}

function loads({ cold, cached, sample, concurrency }: DemoResult, style: Style): string[] {
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
    row(`${concurrency} at once`, cold, " ", highlight),
    row("from the cache", cached, " ", highlight),
  ], "lrrrrrr");
}

function mirrorTable({ mirrors }: DemoResult, style: Style): string[] {
  const header = ["mirror", "", "asked", "served", "failed", "data", "breaker"];
  return layOutTable([
    header.map((text) => ({ text, paint: style.dim })),
    ...mirrors.map(({ name, origin, attempts, succeeded, failed, bytes, breaker }): TableCell[] => [
      name,
      { text: origin, paint: style.dim },
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

function verdict(cold: DemoLoad, cached: DemoLoad, concurrency: number, style: Style): string {
  const failed = cold.failed + cached.failed;
  if (failed > 0) return style.red(`${formatPlural(failed, "file")} could not be loaded.`);
  const fromCache = cached.fromCache === cached.files ? "" : `${formatCount(cached.fromCache)} of them `;
  return style.bold(
    `All files were loaded: ${formatCount(cold.files)} in ${
      formatDuration(cold.elapsedMs)
    } with ${concurrency} at ` +
      `once, and again in ${formatDuration(cached.elapsedMs)} ${fromCache}from the cache.`,
  );
}
