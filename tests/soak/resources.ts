/**
 * What a process has in use.
 *
 * @module
 */

import type { ServerCounts } from "./faulty_server.ts";

/** What is in use at a moment. */
export interface Sample {
  /** How many requests have ended. */
  readonly requests: number;
  /** After a collection, in bytes. */
  readonly heap: number;
  /** Connections at the server. */
  readonly sockets: number;
  /** Timers that are armed. */
  readonly timers: number;
  /** Listeners on the callers' signal. */
  readonly listeners: number;
}

interface Globals {
  readonly gc?: () => void;
  readonly Bun?: { gc(isNow: boolean): void };
}

const { setTimeout: arm, clearTimeout: disarm } = globalThis;
const armed = new Set<unknown>();

/** Counts timers from now on, those that are armed by whatever looks for `setTimeout` when it needs it. */
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

/** Collects what nobody refers to, and says how large the rest is, in bytes. */
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

/** Asks a server what it has seen. */
export async function countsOf(url: string): Promise<ServerCounts> {
  return await (await fetch(`${url}/counts`)).json();
}
