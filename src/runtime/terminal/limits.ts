/**
 * The limit on the files and sockets that a process may have open.
 *
 * @module
 */

/**
 * Reads the soft limit from Linux's list of limits (proc_pid_limits(5)).
 *
 * @param readLimits Reads the list.
 * @returns The limit; `Infinity` for none, and `undefined` where there is no such list.
 */
export async function openFilesLimit(readLimits: () => Promise<string>): Promise<number | undefined> {
  let limits: string;
  try {
    limits = await readLimits();
  } catch {
    // There is no such list on this system: the limit is unknown.
    return undefined;
  }
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : soft === "unlimited" ? Infinity : Number(soft);
}
