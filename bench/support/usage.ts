/**
 * The CPU time and the memory that this process has used, on Deno and on Bun.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";

/** Returns the CPU time of all threads of this process so far, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Returns the peak resident memory of this process, in bytes. On Linux it reads the kernel's mark (`VmHWM`), because the
 * usual counter (`maxRSS`) begins with the memory of the parent process.
 */
export function peakRssBytes(): number {
  try {
    const mark = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (mark !== null) return Number(mark[1]) * 1_024;
  } catch {
    // This system is not Linux and has no `/proc`.
  }
  return process.resourceUsage().maxRSS * 1_024;
}

/** Returns the heap in use, in bytes, including garbage that is not collected yet. */
export function heapBytes(): number {
  return process.memoryUsage().heapUsed;
}
