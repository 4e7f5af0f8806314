/**
 * Runs a soak test in a process of its own, on Deno or on Bun, and prints its result as one line of JSON:
 *
 *     worker.ts URL TOTAL SAMPLE_EVERY
 *
 * @module
 */

import { soak } from "./soak.ts";

const { argv } = await import("node:process");
const [url, total, sampleEvery] = argv.slice(-3);
const result = await soak({
  url: url!,
  total: Number(total),
  sampleEvery: Number(sampleEvery),
  onSample: (sample) => console.error(JSON.stringify(sample)),
});
console.log(JSON.stringify(result));
