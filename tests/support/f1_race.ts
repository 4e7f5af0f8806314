/**
 * Loads a whole race with all defaults, and prints the result: `f1_race.ts URL [--refresh] [--again] [--foreign]`. The server
 * at URL takes the place of jsDelivr. `--refresh` passes `refresh`, `--again` loads the race twice, and `--foreign` adds the
 * server as another mirror.
 *
 * @module
 */

import "./simulated_jsdelivr.ts";
import { tracingInsights } from "../../src/f1/source.ts";

const { argv } = (globalThis as unknown as { process: { argv: readonly string[] } }).process;
const [url, ...flags] = argv.slice(2);
const warnings: string[] = [];

const f1 = tracingInsights();
f1.client.on((event) => event.type === "warning" && warnings.push(event.message));
if (flags.includes("--foreign")) f1.mirrors.add(url!);
const race = f1.session(2025, "Abu Dhabi", "Race");
const load = () => race.prefetch({ refresh: flags.includes("--refresh") });
const summary = await load();
if (flags.includes("--again")) await load();
await f1.close();

const { fresh } = f1.client.stats().cacheHits;
console.log(JSON.stringify({ ...summary, fresh, warnings }));
