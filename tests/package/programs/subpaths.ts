/** Imports the subpaths given as arguments, and prints the number of exports of each. */

import process from "node:process";

const counts: Record<string, number> = {};
for (const subpath of process.argv.slice(2)) {
  counts[subpath] = Object.keys(await import(subpath.replace(/^\./, "@slipstream/fetch"))).length;
}
console.log(JSON.stringify(counts));
