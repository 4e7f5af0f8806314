/**
 * Measures the resources that a process uses.
 *
 * @module
 */

import type { ServerCounts } from "./faulty_server.ts";

/** The resources in use at one moment. */
export interface Sample {
  /** The number of requests that have ended. */
  readonly requests: number;
  /** The size of the heap after a garbage collection, in bytes. */
  readonly heap: number;
  /** The number of connections that are open at the server. */
  readonly sockets: number;
  /** The number of armed timers. */
  readonly timers: number;
  /** The number of listeners on the callers' signal. */
  readonly listeners: number;
}

interface Globals {
  readonly gc?: () => void;
  readonly Bun?: { gc(isNow: boolean): void };
}

const { setTimeout: arm, clearTimeout: disarm } = globalThis;
const armed = new Set<unknown>();

/** Counts the armed timers from now on, except those of code that has kept an earlier reference to `setTimeout`. */
export function countTimers(): Disposable & { readonly count: number } {
  globalThis.setTimeout = ((callback: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => {
    const timer = arm(() => {
      armed.delete(timer);
      callback(...args);
    }, delayMs);
    armed.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    armed.delete(timer);
    disarm(timer);
  };
  return {
    get count() {
      return armed.size;
    },
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout: arm, clearTimeout: disarm });
      armed.clear();
    },
  };
}

/** Collects garbage, and returns the size of the remaining heap, in bytes. */
export async function heapSize(): Promise<number> {
  const { gc, Bun } = globalThis as Globals;
  const { memoryUsage } = await import("node:process");
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => arm(resolve, 25));
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
  }
  return memoryUsage().heapUsed;
}

/** Gets the counts of a server. */
export async function countsOf(url: string): Promise<ServerCounts> {
  return await (await fetch(`${url}/counts`)).json();
}
