/**
 * `slipstream cache`: looks at a cache on disk, and tidies it up.
 *
 * @module
 */

import { filesystemCache } from "../cache/filesystem.ts";
import type { Files } from "../runtime/files/contract.ts";
import { currentFiles } from "../runtime/files/current.ts";
import { readArgs, UsageError } from "./args.ts";
import { cacheReport } from "./cache_report.ts";
import { isCacheFolder, surveyCache } from "./cache_survey.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG } from "./command.ts";
import { errorLine } from "./error_record.ts";
import { formatBytes, formatCount } from "./format.ts";
import { styleFor } from "./style.ts";

const FLAGS = { ...HELP_FLAG } as const;

/** The command `cache`. */
export const cacheCommand: Command = {
  name: "cache",
  operands: "<stats|clear|sweep> <DIR>",
  summary: "Looks at the folder of --cache, and tidies it up",
  details: [
    "stats says how many entries there are, how large they are, and whose; it changes nothing.",
    "clear removes all entries at once, without asking, and nothing else that is in the folder.",
    "sweep removes what has expired, what is damaged, and what a crash left behind.",
    "Files that were not written by a cache are neither counted nor removed, whatever their names are.",
  ],
  flags: FLAGS,
  run: cache,
};

/** A folder to work on. */
interface Task {
  readonly dir: string;
  readonly files: Files;
  readonly context: CommandContext;
}

/** What each action does; it returns the lines to print. */
const ACTIONS: Readonly<Record<string, (task: Task) => Promise<readonly string[]>>> = { stats, clear, sweep };

async function cache(args: readonly string[], context: CommandContext): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  const { terminal } = context;
  if (flags.help) {
    await terminal.stdout.write(commandUsage(cacheCommand));
    return 0;
  }
  const { name, action, dir } = parseOperands(operands);
  const task: Task = { dir, files: currentFiles(), context };
  let lines: readonly string[];
  try {
    await checkFolder(name, task);
    lines = await action(task);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new Error(`Cannot ${verb(name)} '${dir}': ${errorLine(cause)}`, { cause });
  }
  await terminal.stdout.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
}

function parseOperands(operands: readonly string[]): {
  readonly name: string;
  readonly action: (task: Task) => Promise<readonly string[]>;
  readonly dir: string;
} {
  const [name, dir, ...rest] = operands;
  if (name === undefined) throw new UsageError("'cache' takes 'stats', 'clear' or 'sweep', and a folder");
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    throw new UsageError(`'cache' takes 'stats', 'clear' or 'sweep': received ${JSON.stringify(name)}`);
  }
  if (dir === undefined || dir === "" || rest.length > 0) {
    const received = rest.length > 0 ? operands.length - 1 : 0;
    throw new UsageError(`'cache ${name}' takes one folder: received ${received} of them`);
  }
  return { name, action, dir: dir.replace(/(?<=.)\/+$/, "") };
}

/** Refuses what is no cache, before anything in it is touched. */
async function checkFolder(name: string, { dir, files }: Task): Promise<void> {
  const refuse = (reason: string): UsageError =>
    new UsageError(`Cannot ${verb(name)} ${JSON.stringify(dir)} as ${reason}`);
  const info = await files.info(dir);
  if (info?.kind === "file") throw refuse("it is a file, and no folder");
  // A link may lead to a folder, or nowhere.
  if (info === undefined || await files.list(dir) === undefined) throw refuse("there is no such folder");
  if (!await isCacheFolder(dir, files)) throw refuse("it is not the folder of a cache");
}

async function stats({ dir, files, context: { clock, terminal } }: Task): Promise<readonly string[]> {
  const nowMs = clock.wallNow();
  const survey = await surveyCache(dir, files, nowMs);
  return cacheReport(survey, nowMs, styleFor(terminal.stdout, terminal.noColor));
}

async function clear(task: Task): Promise<readonly string[]> {
  const { dir, files, context: { clock } } = task;
  const before = (await surveyCache(dir, files, clock.wallNow())).all;
  await filesystemCache(dir).clear?.();
  const after = (await surveyCache(dir, files, clock.wallNow())).all;
  const removed = before.files - after.files;
  const line = removedLine(removed, before.bytes - after.bytes);
  return after.files === 0 ? [line] : [line, `${formatCount(after.files)} came anew meanwhile`];
}

async function sweep(task: Task): Promise<readonly string[]> {
  const { dir, files, context: { clock } } = task;
  const now = () => clock.wallNow();
  // Whoever fills the cache decides how large it may be.
  const unbounded = filesystemCache(dir, { maxBytes: Number.MAX_SAFE_INTEGER, now });
  const { removed = 0, freedBytes = 0 } = await unbounded.sweep?.() ?? {};
  const { all } = await surveyCache(dir, files, now());
  const left = `${entries(all.files)} of ${formatBytes(all.bytes)} left`;
  return [`${removedLine(removed, freedBytes)}, ${left}`];
}

function removedLine(count: number, bytes: number): string {
  return `Removed ${entries(count)}, ${formatBytes(bytes)} freed`;
}

function entries(count: number): string {
  return count === 1 ? "1 entry" : `${formatCount(count)} entries`;
}

function verb(name: string): string {
  return name === "stats" ? "look at" : name;
}
