/**
 * The frame of a program that measures one thing in a process of its own, on Deno or on Bun. The program takes its options
 * as an argument and prints its result as the last line, both as JSON.
 *
 * @module
 */

import process from "node:process";
import { RivalUnavailableError } from "./rivals.ts";

/** The last line that a program prints: its result, or the reason why a rival can't be loaded. */
export type ProgramOutput<R> = { readonly result: R } | { readonly unavailable: string };

/** Reads the options, measures, and prints the result. */
export async function program<O, R>(measure: (options: O) => Promise<R>): Promise<void> {
  const options: O = JSON.parse(process.argv[2] ?? "{}");
  console.log(JSON.stringify(await outputOf(() => measure(options))));
}

async function outputOf<R>(measure: () => Promise<R>): Promise<ProgramOutput<R>> {
  try {
    return { result: await measure() };
  } catch (error) {
    if (error instanceof RivalUnavailableError) return { unavailable: error.message };
    throw error;
  }
}
