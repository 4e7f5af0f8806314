/**
 * `slipstream cache`: shows what is in a cache on disk, clears it, or sweeps it.
 *
 * @module
 */

import { filesystemCache } from "../cache/filesystem.ts";
import { defaultCacheFolder } from "../f1/default_cache.ts";
import type { Files } from "../runtime/files/contract.ts";
import { currentFiles } from "../runtime/files/current.ts";
import { readArgs, UsageError } from "./args.ts";
import { cacheReport } from "./cache_report.ts";
import { isCacheFolder, surveyCache } from "./cache_survey.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG, helpColumns } from "./command.ts";
import { CACHE } from "./command_titles.ts";
import { errorLine, oneLine } from "./error_record.ts";
import { formatBytes, formatCount } from "./format.ts";
import { styleFor } from "./style.ts";
import { writeWords } from "./word_wrap.ts";

const FLAGS = {
  f1: { kind: "switch", help: "use the default folder of Formula 1 sessions in place of DIR" },
  ...HELP_FLAG,
} as const;

/** The command `cache`. */
export const cacheCommand: Command = {
  ...CACHE,
  operands: "<stats|clear|sweep> <DIR>",
  details: [
    "stats shows how many entries there are, their size, and their origins; it changes nothing.",
    "clear removes all entries at once, without asking, and no other file in the folder.",
    "sweep removes expired and damaged entries, and what a crash left behind.",
    "--f1 means the folder that 'slipstream f1' and tracingInsights() share: slipstream/f1 in $XDG_CACHE_HOME, or else in ~/.cache,",
    "~/Library/Caches (macOS) or %LOCALAPPDATA% (Windows).",
    "Files that were not written by a cache are neither counted nor removed, whatever their names are.",
  ],
  flags: FLAGS,
  run: cache,
};

/** The folder that the command works on. */
interface Task {
  readonly dir: string;
  readonly files: Files;
  readonly context: CommandContext;
}

/** An action on the folder of a cache; returns the lines to print. */
type Action = (task: Task) => Promise<readonly string[]>;

const ACTIONS: Readonly<Record<string, Action>> = { stats, clear, sweep };

async function cache(args: readonly string[], context: CommandContext): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  const { terminal } = context;
  if (flags.help) {
    await writeWords(terminal.stdout, commandUsage(cacheCommand, helpColumns(terminal.stdout)));
    return 0;
  }
  const { name, action, dir } = parseOperands(operands, flags.f1);
  const task: Task = { dir, files: currentFiles(), context };
  let lines: readonly string[];
  try {
    lines = await onFolder(name, action, task, flags.f1);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new Error(`Cannot ${verb(name)} '${dir}': ${errorLine(cause)}`, { cause });
  }
  await writeWords(terminal.stdout, lines.map((line) => `${line}\n`).join(""));
  return 0;
}

/** Runs the action. A cache in which nothing has been stored has no folder yet. */
async function onFolder(
  name: string,
  action: Action,
  task: Task,
  isDefault: boolean,
): Promise<readonly string[]> {
  const { dir, files } = task;
  if (await files.info(dir) === undefined) return [`Nothing is kept in ${oneLine(dir)}`];
  await checkFolder(name, task);
  const lines = await action(task);
  return isDefault ? [dir, "", ...lines] : lines;
}

function parseOperands(operands: readonly string[], isDefault: boolean): {
  readonly name: string;
  readonly action: Action;
  readonly dir: string;
} {
  const [name, named, ...rest] = operands;
  if (name === undefined) {
    throw new UsageError("'cache' takes 'stats', 'clear' or 'sweep', and a folder");
  }
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    throw new UsageError(`'cache' takes 'stats', 'clear' or 'sweep': received ${JSON.stringify(name)}`);
  }
  if (isDefault && named !== undefined) throw new UsageError(`'cache ${name} --f1' takes no folder`);
  const dir = isDefault ? defaultCacheFolder() : named;
  if (isDefault && dir === undefined) {
    throw new UsageError("There is no folder for '--f1' here, or it may not be read and written");
  }
  if (dir === undefined || dir === "" || rest.length > 0) {
    const received = rest.length > 0 ? operands.length - 1 : 0;
    throw new UsageError(`'cache ${name}' takes one folder: received ${received} of them`);
  }
  return { name, action, dir: dir.replace(/(?<=.)\/+$/, "") };
}

/** Throws if the path is not the folder of a cache, before anything in it is touched. */
async function checkFolder(name: string, { dir, files }: Task): Promise<void> {
  const refuse = (reason: string): UsageError =>
    new UsageError(`Cannot ${verb(name)} ${JSON.stringify(dir)} as ${reason}`);
  const info = await files.info(dir);
  if (info?.kind === "file") throw refuse("it is a file, and no folder");
  // A symbolic link may lead to a folder, or nowhere.
  if (await files.list(dir) === undefined) throw refuse("there is no such folder");
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
  const line = removedLine(before.files, before.bytes);
  return after.files === 0 ? [line] : [line, `${formatCount(after.files)} arrived meanwhile`];
}

async function sweep(task: Task): Promise<readonly string[]> {
  const { dir, files, context: { clock } } = task;
  const now = () => clock.wallNow();
  // The sweep has no size limit, because only the command that fills the cache knows it.
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
