/**
 * T8: how much loading the module costs.
 *
 * @module
 */

import { median, type Spread, spreadOf } from "../support/statistics.ts";
import { BENCH, runFile } from "./bench_runtime.ts";
import { rowOf } from "./rounds.ts";
import type { Target, TargetContext } from "./target.ts";

const MODULE = `${BENCH}../mod.ts`;
const EMPTY = `${BENCH}support/empty.ts`;
const SEMAPHORE = `${BENCH}support/semaphore_alone.ts`;

/** The measured part of a row. */
interface Measured {
  readonly measured: Spread;
  readonly detail: string;
}

/** T8. */
export const startUpTarget: Target = {
  id: "T8",
  title: "Loading `mod.ts`, as time over an empty script, and as size",
  async *rows(context) {
    using folder = temporaryFolder();
    const bundled = `${folder.path}/bundled.js`;
    await bundle(bundled);
    const limit = { atMost: 14 };
    if (context.runtime.name === "bun") {
      const question = "`mod.ts` as a bundle : an empty script";
      yield await rowOf({ question, bound: limit, unit: "ms" }, () => startUp(context, bundled));
      return;
    }
    const sources = "`mod.ts` from its sources : an empty script";
    yield await rowOf({ question: sources, bound: limit, unit: "ms" }, () => startUp(context, MODULE));
    yield await rowOf(
      { question: "`mod.ts` as a bundle : an empty script", unit: "ms" },
      () => startUp(context, bundled),
    );
    yield await rowOf(
      {
        question: "`mod.ts` bundled and minified, without valibot and what loads at first use, gzip",
        bound: { atMost: 25 },
        unit: "KB",
      },
      () => sizeOf(MODULE, `${folder.path}/module`),
    );
    yield await rowOf(
      { question: "`Semaphore` alone, bundled and minified, gzip", bound: { atMost: 2 }, unit: "KB" },
      () => sizeOf(SEMAPHORE, `${folder.path}/semaphore`),
    );
  },
};

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "slipstream-bench-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** Starts processes with the module and with an empty script by turns, and takes the median difference of neighbours. */
async function startUp({ runtime, rounds, quick }: TargetContext, module: string): Promise<Measured> {
  const [executable = "", ...args] = runtime.command;
  const timeOf = async (file: string): Promise<number> => (await runFile(executable, [...args, file])).wallMs;
  const times = { empty: [] as number[], module: [] as number[] };
  const differences: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const pairs: number[] = [];
    // The first pair of a round only fills caches.
    for (let index = -1; index < (quick ? 5 : 12); index++) {
      const emptyFirst = index % 2 === 0 ? await timeOf(EMPTY) : undefined;
      const loaded = await timeOf(module);
      const empty = emptyFirst ?? await timeOf(EMPTY);
      if (index < 0) continue;
      times.empty.push(empty);
      times.module.push(loaded);
      pairs.push(loaded - empty);
    }
    differences.push(median(pairs));
  }
  const [whole, empty] = [times.module, times.empty].map((all) => median(all).toFixed(1));
  return {
    measured: spreadOf(differences),
    detail: `${whole} against ${empty} ms from the start of a process to its end`,
  };
}

/** Measures the code that loads with a module; a chunk that only an `import()` needs loads at first use and is left out. */
async function sizeOf(module: string, folder: string): Promise<Measured> {
  await runFile(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--minify",
    "--external=valibot",
    "--code-splitting",
    "--outdir",
    folder,
    module,
  ]);
  const chunks = new Map<string, string>();
  await addChunks(chunks, `${folder}/${module.split("/").at(-1)!.replace(/\.ts$/, ".js")}`);
  const bytes = new TextEncoder().encode([...chunks.values()].join("\n"));
  const gzip = new Response(bytes).body!.pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(gzip).arrayBuffer();
  const others = [...Deno.readDirSync(folder)].length - chunks.size;
  return {
    measured: spreadOf([byteLength / 1_024]),
    detail: `${(bytes.length / 1_024).toFixed(1)} KB before gzip; ${others} chunks load at first use`,
  };
}

/** Adds a chunk, and all chunks that it imports by declarations, directly or through other chunks. */
async function addChunks(chunks: Map<string, string>, path: string): Promise<void> {
  if (chunks.has(path)) return;
  const source = await Deno.readTextFile(path);
  chunks.set(path, source);
  for (const [, imported] of source.matchAll(/\b(?:from|import)\s*"(\.[^"]+)"/g)) {
    await addChunks(chunks, `${path.slice(0, path.lastIndexOf("/"))}/${imported!.replace(/^\.\//, "")}`);
  }
}

async function bundle(output: string): Promise<void> {
  await runFile(Deno.execPath(), ["bundle", "--quiet", "--output", output, MODULE]);
}
