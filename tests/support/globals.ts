/**
 * The globals of other runtimes. Bun's own can't be taken away, so these tests run on Deno alone.
 *
 * @module
 */

import { runtime, skip, test } from "./test.ts";

/** A `process` as Node has it. */
export const NODE_22 = { platform: "linux", env: { SOME: "value" }, versions: { node: "22.23.3" } };

/** What tells Node from others, here: there is no `Deno` and no `Bun`. */
export const NODE_GLOBALS: Readonly<Record<string, unknown>> = {
  Deno: undefined,
  Bun: undefined,
  process: NODE_22,
  navigator: { userAgent: "Node.js/22" },
};

/**
 * Runs something with other globals, which are put back afterwards.
 *
 * @param globals The globals by their name; one that is `undefined` does not exist meanwhile.
 * @param work What to run.
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

/** Registers a test that takes the runtime's globals away. */
export function testElsewhere(name: string, body: () => Promise<void>): void {
  if (runtime === "deno") test(name, body);
  else skip(name, "Bun's globals stay");
}
