/**
 * Other processes and temporary folders of a command-line program.
 *
 * @module
 */

/** How another process ended. */
export interface ProcessResult {
  /** The exit code; 0 for success. */
  readonly exitCode: number;
  /** The text that the process has written to stdout. */
  readonly stdout: string;
}

/** Other processes and temporary folders. No member ever asks the user for a permission. */
export interface Processes {
  /** Creates a folder for temporary files; resolves with `undefined` where that is not allowed. */
  makeTempFolder(): Promise<string | undefined>;
  /**
   * Runs this program in a new process, which shares stderr with this one.
   *
   * @param args The arguments of the new process.
   * @param folder The folder that the new process reads and writes. On a runtime with permissions, the process may use no other
   * folder.
   * @returns How the process ended; `undefined` where this process may not start it.
   */
  runSelf(args: readonly string[], folder: string): Promise<ProcessResult | undefined>;
}

/** The beginning of the names of temporary folders. */
export const TEMP_PREFIX = "slipstream-";
