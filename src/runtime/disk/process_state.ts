/**
 * What Linux says of a process.
 *
 * @module
 */

/**
 * Whether a process has ended, and is listed only because its parent has not asked how (proc_pid_stat(5)): signals still reach it then.
 *
 * @param readStat Reads `/proc/<number>/stat`.
 * @returns `false` also where there is no such file.
 */
export function hasEnded(readStat: () => string): boolean {
  let stat: string;
  try {
    stat = readStat();
  } catch {
    // Another system, or no permission: then it counts as running.
    return false;
  }
  // The name before it may have brackets in it.
  return /^ [ZX] /.test(stat.slice(stat.lastIndexOf(")") + 1));
}
