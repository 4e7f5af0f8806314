/**
 * Garbage collection on demand, where the runtime has it (Deno with `--v8-flags=--expose-gc`).
 *
 * @module
 */

interface Collector {
  readonly Bun?: { gc(isSynchronous: boolean): void };
  readonly gc?: () => void;
}

/** Whether there is such a thing here. */
export function canCollect(): boolean {
  const { Bun, gc } = globalThis as Collector;
  return Bun !== undefined || gc !== undefined;
}

/** Collects what nothing refers to. */
export function collectGarbage(): void {
  const { Bun, gc } = globalThis as Collector;
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
}
