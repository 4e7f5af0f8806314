/**
 * A program that measures one thing in a process of its own, on Deno or on Bun: its options are its argument, and the last
 * line that it prints is its result, both as JSON.
 *
 * @module
 */

import process from "node:process";
import { RivalUnavailableError } from "./rivals.ts";

/** What a program prints. */
export type ProgramOutput<R> = { readonly result: R } | { readonly unavailable: string };

/** Measures, and prints the result. */
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
