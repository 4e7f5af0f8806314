/**
 * Simulates the globals of other runtimes. Bun's own globals can't be removed, so these tests run only on Deno.
 *
 * @module
 */

import { runtime, skip, test } from "./test.ts";

/** A `process` global like Node's. */
export const NODE_22 = { platform: "linux", env: { SOME: "value" }, versions: { node: "22.23.3" } };

/** The globals that identify Node: there is a `process`, but no `Deno` and no `Bun`. */
export const NODE_GLOBALS: Readonly<Record<string, unknown>> = {
  Deno: undefined,
  Bun: undefined,
  process: NODE_22,
  navigator: { userAgent: "Node.js/22" },
};

/**
 * Runs a function with other globals, and restores the original globals afterwards.
 *
 * @param globals The globals by name; a global with the value `undefined` does not exist meanwhile.
 * @param work The function to run.
 */
export async function asIn(
  globals: Readonly<Record<string, unknown>>,
  work: () => void | Promise<void>,
): Promise<void> {
  const before = Object.keys(globals).map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  try {
    for (const [name, value] of Object.entries(globals)) {
      Reflect.deleteProperty(globalThis, name);
      if (value !== undefined) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
      }
    }
    await work();
  } finally {
    for (const [name, descriptor] of before) {
      Reflect.deleteProperty(globalThis, name);
      if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    }
  }
}

/** Registers a test that replaces the runtime's globals. */
export function testElsewhere(name: string, body: () => Promise<void>): void {
  if (runtime === "deno") test(name, body);
  else skip(name, "Bun's globals stay");
}
