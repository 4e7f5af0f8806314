/**
 * One `test` for both runtimes: `Deno.test` with its sanitizers on Deno, `bun:test` on Bun. Runtime globals are named
 * here, and not in the tests.
 *
 * @module
 */

type TestBody = () => void | Promise<void>;

interface BunTest {
  (name: string, body: TestBody, timeoutMs?: number): void;
  readonly skip: (name: string, body: TestBody) => void;
}

const bun = (globalThis as { Bun?: { jest(path: string): { test: BunTest } } }).Bun;

/** How long Bun waits for a test: only one that hangs takes that long, however busy the machine is. */
const STALLED_AFTER_MS = 300_000;

/** Which runtime the tests run on. */
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
