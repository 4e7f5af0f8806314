/**
 * T8: what loading the module costs.
 *
 * @module
 */

import { median, type Spread, spreadOf } from "../support/statistics.ts";
import { BENCH, runFile } from "./bench_runtime.ts";
import { rowOf } from "./rounds.ts";
import type { Target, TargetContext } from "./target.ts";

const MODULE = `${BENCH}../mod.ts`;
const EMPTY = `${BENCH}support/empty.ts`;

/** What a row is made of. */
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
    const limit = { atMost: 15 };
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
    const size = "`mod.ts` bundled and minified, without valibot, gzip";
    yield await rowOf(
      { question: size, bound: limit, unit: "KB" },
      () => sizeOf(`${folder.path}/minified.js`),
    );
  },
};

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "slipstream-bench-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** Starts processes by turns, and takes the median difference of neighbours. */
async function startUp({ runtime, rounds, quick }: TargetContext, module: string): Promise<Measured> {
  const [executable = "", ...args] = runtime.command;
  const timeOf = async (file: string): Promise<number> => (await runFile(executable, [...args, file])).wallMs;
  const times = { empty: [] as number[], module: [] as number[] };
  const differences: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const pairs: number[] = [];
    // The first pair of a round fills caches.
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

async function sizeOf(output: string): Promise<Measured> {
  await bundle(output, "--minify", "--external=valibot");
  const bytes = await Deno.readFile(output);
  const gzip = new Response(bytes).body!.pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(gzip).arrayBuffer();
  return {
    measured: spreadOf([byteLength / 1_024]),
    detail: `${(bytes.length / 1_024).toFixed(1)} KB before gzip`,
  };
}

async function bundle(output: string, ...options: readonly string[]): Promise<void> {
  await runFile(Deno.execPath(), ["bundle", "--quiet", ...options, "--output", output, MODULE]);
}
