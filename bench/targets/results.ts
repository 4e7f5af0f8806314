/**
 * Writes `bench/RESULTS.md`: the results of a full run, with the machine, the runtimes and the rivals' versions.
 *
 * @module
 */

import { cpus, totalmem } from "node:os";
import { BENCH } from "./bench_runtime.ts";
import { MARKDOWN_HEAD, markdownLine } from "./table.ts";
import { type Row, type Target, type Verdict, verdictOf } from "./target.ts";

/** The results of all targets on one runtime. */
export interface RuntimeResults {
  /** The runtime's name and version, such as `Deno 2.9.6`. */
  readonly runtime: string;
  readonly measured: readonly { readonly target: Target; readonly rows: readonly Row[] }[];
}

/** Writes and formats the file. */
export async function writeResults(results: readonly RuntimeResults[], minutes: number): Promise<void> {
  const path = `${BENCH}RESULTS.md`;
  const text = [
    "# Results",
    "`deno task bench:targets` wrote this file; README.md says how it measures. Ratios count, not times.",
    facts(results, minutes),
    ...results.flatMap(section),
  ].join("\n\n");
  await Deno.writeTextFile(path, `${text}\n`);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
}

function facts(results: readonly RuntimeResults[], minutes: number): string {
  const processors = cpus();
  const verdicts = results.flatMap(({ measured }) => measured.flatMap(({ rows }) => rows.map(verdictOf)));
  return [
    `- Date: ${new Date().toISOString().slice(0, 10)}; the run took ${minutes.toFixed(0)} minutes.`,
    `- Machine: ${processors[0]?.model.trim() ?? "unknown"}, ${processors.length} cores, ${
      (totalmem() / 1e9).toFixed(0)
    } GB; ${Deno.build.os} ${Deno.osRelease()}, ${Deno.build.arch}. Load before the run: ${loadText()}.`,
    `- Runtimes: ${results.map(({ runtime }) => runtime).join(", ")}.`,
    `- Rivals: ${rivalVersions().join(", ")}.`,
    `- Verdicts: ${verdictCounts(verdicts)}.`,
  ].join("\n");
}

const LOAD_AT_START = Deno.loadavg();

function loadText(): string {
  return LOAD_AT_START.slice(0, 2).map((load) => load.toFixed(1)).join(" and ");
}

/** Returns the packages that the rivals import, with the pinned versions, sorted. */
function rivalVersions(): string[] {
  const versions = new Set<string>();
  for (const { name } of Deno.readDirSync(`${BENCH}rivals`)) {
    const source = Deno.readTextFileSync(`${BENCH}rivals/${name}`);
    for (const [, pinned] of source.matchAll(/"npm:((?!@types\/)[^"]+@[\d.]+)"/g)) versions.add(pinned!);
  }
  return [...versions].sort();
}

/** Returns the number of verdicts of each kind, as text. */
export function verdictCounts(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict): number => verdicts.filter((each) => each === verdict).length;
  return `${count("met")} met, ${count("MISSED")} missed, ${count("not measured")} not measured`;
}

function section({ runtime, measured }: RuntimeResults): string[] {
  const titles = measured.map(({ target: { id, title } }) => `- ${id}: ${title}`).join("\n");
  const lines = measured.flatMap(({ target, rows }) => rows.map((row) => markdownLine(target.id, row)));
  return [`## ${runtime}`, titles, [MARKDOWN_HEAD, ...lines].join("\n")];
}
