/**
 * How much CPU time does a race take when it loads for the first time, and when it loads again from memory?
 *
 * @module
 */

import process from "node:process";
import { createRaceSession, type RaceSessionOptions } from "../support/race_session.ts";
import { program } from "../support/program.ts";
import { cpuMs } from "../support/usage.ts";

/** The CPU time and memory that the race took, for all threads of the process. */
export interface WarmSessionResult {
  readonly laps: number;
  readonly coldCpuMs: number;
  /** The CPU time of each later load, in milliseconds. */
  readonly warmCpuMs: readonly number[];
  /** Resident memory at the end, in bytes. */
  readonly rssBytes: number;
}

const TIMES = 3;

await program(async (options: RaceSessionOptions): Promise<WarmSessionResult> => {
  await using race = createRaceSession(options);
  const load = async (): Promise<number> => {
    const before = cpuMs();
    laps = await race.load();
    return cpuMs() - before;
  };
  let laps = 0;
  const coldCpuMs = await load();
  const warmCpuMs: number[] = [];
  for (let time = 0; time < TIMES; time++) warmCpuMs.push(await load());
  return { laps, coldCpuMs, warmCpuMs, rssBytes: process.memoryUsage().rss };
});
