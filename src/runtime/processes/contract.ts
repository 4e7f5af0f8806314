/**
 * What a command-line program may do beside itself.
 *
 * @module
 */

/** How another process ended. */
export interface ProcessResult {
  /** 0 when all went well. */
  readonly exitCode: number;
  /** What it wrote to stdout. */
  readonly stdout: string;
}

/** Other processes and temporary folders. None of it ever asks the user for a permission. */
export interface Processes {
  /** Makes a folder for temporary files; `undefined` where that is not allowed. */
  makeTempFolder(): Promise<string | undefined>;
  /**
   * Runs this program once more, as a process of its own that reads and writes in one folder, and whose stderr is this one's.
   *
   * @param args Its arguments.
   * @param folder The folder. Where the runtime knows permissions, it has no others.
   * @returns How it ended; `undefined` where that is not allowed.
   */
  runSelf(args: readonly string[], folder: string): Promise<ProcessResult | undefined>;
}

/** What temporary folders are called. */
export const TEMP_PREFIX = "slipstream-";
