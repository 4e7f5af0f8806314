/**
 * Garbage collection on demand.
 *
 * @module
 */

const { Bun } = globalThis as { readonly Bun?: { gc(isSynchronous: boolean): void } };

const collect: () => void = Bun === undefined ? await v8Collector() : () => Bun.gc(true);

/** Collects what nothing refers to. */
export function collectGarbage(): void {
  collect();
}

/** V8 has it in the contexts that are made after its flag was set. */
async function v8Collector(): Promise<() => void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
