/**
 * Runs seeds in a process of its own, on Deno or on Bun, and prints their results as one line of JSON. With `stop`, it stops at
 * the first seed that fails, and prints each seed when it begins:
 *
 *     worker.ts FIRST COUNT [stop]
 *
 * @module
 */

import { runSeeds } from "./seeds.ts";

interface Globals {
  readonly Deno?: { readonly args: readonly string[] };
  readonly process?: { readonly argv: readonly string[] };
}

const { Deno, process } = globalThis as unknown as Globals;
const [first, count, stop] = Deno?.args ?? process!.argv.slice(2);
const stops = stop === "stop";
const result = await runSeeds({
  first: Number(first),
  count: Number(count),
  stops,
  onSeed: stops ? (seed) => console.log(seed) : undefined,
});
console.log(JSON.stringify(result));
