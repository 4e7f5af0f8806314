/**
 * The state of a process on Linux.
 *
 * @module
 */

/**
 * Returns whether a process is a zombie: it has ended, but its parent has not waited for it yet (proc_pid_stat(5)). Signals still
 * reach a zombie.
 *
 * @param readStat Reads `/proc/<number>/stat`.
 * @returns `false` also where there is no such file.
 */
export function hasEnded(readStat: () => string): boolean {
  let stat: string;
  try {
    stat = readStat();
  } catch {
    // This is another system, or reading is not permitted: the process counts as running.
    return false;
  }
  // The state comes after the name, which may contain brackets itself.
  return /^ [ZX] /.test(stat.slice(stat.lastIndexOf(")") + 1));
}
