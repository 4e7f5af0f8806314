/**
 * One `test` for both runtimes: `Deno.test` with its sanitizers on Deno, `bun:test` on Bun. Only this module names the
 * runtimes' globals, so that the tests don't have to.
 *
 * @module
 */

type TestBody = () => void | Promise<void>;

interface BunTest {
  (name: string, body: TestBody, timeoutMs?: number): void;
  readonly skip: (name: string, body: TestBody) => void;
}

const bun = (globalThis as { Bun?: { jest(path: string): { test: BunTest } } }).Bun;

/** The time after which Bun ends a test. Even on a busy machine, only a test that hangs takes that long. */
const STALLED_AFTER_MS = 300_000;

/** The runtime that runs the tests. */
export const runtime: "deno" | "bun" = bun === undefined ? "deno" : "bun";

/** Registers a test. */
export function test(name: string, body: TestBody): void {
  if (bun === undefined) Deno.test(name, body);
  else bun.jest(import.meta.path).test(name, body, STALLED_AFTER_MS);
}

/** Registers a test that is skipped, with the reason in its name. */
export function skip(name: string, reason: string): void {
  if (bun === undefined) Deno.test({ name: `${name} (skipped: ${reason})`, ignore: true, fn: () => {} });
  else bun.jest(import.meta.path).test.skip(`${name} (skipped: ${reason})`, () => {});
}

declare global {
  interface ImportMeta {
    /** The file path of the module; only Bun has it. */
    readonly path: string;
  }
}
