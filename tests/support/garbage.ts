/**
 * Garbage collection on demand.
 *
 * @module
 */

const { Bun } = globalThis as { readonly Bun?: { gc(isSynchronous: boolean): void } };

const collect: () => void = Bun === undefined ? await v8Collector() : () => Bun.gc(true);

/** Collects all garbage at once. */
export function collectGarbage(): void {
  collect();
}

/** Gets the `gc` function of V8. Only contexts that are created after its flag was set have it. */
async function v8Collector(): Promise<() => void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
