/**
 * What this process has used, on Deno and on Bun.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";

/** The time that this process has spent on all processors, with all of its threads, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * The most memory that this process has had resident, in bytes. On Linux the kernel's mark for this very program, because
 * the usual counter begins with what the parent process had.
 */
export function peakRssBytes(): number {
  try {
    const mark = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (mark !== null) return Number(mark[1]) * 1_024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1_024;
}

/** The heap in use, in bytes, with the garbage that nobody has collected yet. */
export function heapBytes(): number {
  return process.memoryUsage().heapUsed;
}
