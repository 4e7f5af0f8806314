/**
 * The flags for data and messages, the same for every command that fetches.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { Terminal } from "../runtime/terminal/contract.ts";
import { type Flags, UsageError } from "./args.ts";
import { OutputFolder } from "./output_folder.ts";
import type { RunOptions } from "./run.ts";

/** Flags for the output, the first failure, and what stderr says. */
export const OUTPUT_FLAGS = {
  out: { kind: "value", value: "DIR", help: "write each response into a file below DIR" },
  ndjson: { kind: "switch", help: "write a line of JSON for each response, as it arrives" },
  "fail-fast": { kind: "switch", help: "stop everything at the first failure" },
  quiet: { kind: "switch", help: "no progress and no summary" },
  "json-errors": { kind: "switch", help: "write failures as JSON to stderr, and nothing else" },
} as const;

/** The values of {@linkcode OUTPUT_FLAGS}. */
export type OutputFlags = Flags<typeof OUTPUT_FLAGS>;

/**
 * Opens the folder of `--out`.
 *
 * @param flags The values of the flags.
 * @param terminal The terminal, with the file system.
 * @returns The folder; `undefined` without `--out`.
 * @throws {UsageError} If the folder can't be written into, or `--ndjson` is given too.
 */
export async function openOutputFolder(
  { out, ndjson }: OutputFlags,
  terminal: Terminal,
): Promise<OutputFolder | undefined> {
  if (out === undefined) return undefined;
  if (ndjson) throw new UsageError("'--out' and '--ndjson' exclude each other");
  try {
    return await OutputFolder.open(out, terminal.files);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new UsageError(`'--out' must be a folder that can be written into: ${reason}`, { cause });
  }
}

/** Returns the options of a run that the flags set. */
export function runOptions(flags: OutputFlags): Omit<RunOptions, "summary"> {
  return {
    quiet: flags.quiet,
    jsonErrors: flags["json-errors"],
    failFast: flags["fail-fast"],
    dataOnStdout: flags.out === undefined,
  };
}
