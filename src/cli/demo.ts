/**
 * `slipstream demo`: loads a whole race from mirrors on this machine, without a network.
 *
 * @module
 */

import { racePayloads } from "../testing/race_payloads.ts";
import { type Flags, readArgs, UsageError } from "./args.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG, helpColumns } from "./command.ts";
import { DEMO } from "./command_titles.ts";
import { CACHE_FLAGS } from "./cache_flags.ts";
import { loadFromDisk } from "./demo_disk.ts";
import { type DemoOptions, playDemo } from "./demo_scene.ts";
import { parseCount, parseDuration } from "./values.ts";
import { writeWords } from "./word_wrap.ts";

const FLAGS = {
  drivers: { kind: "value", value: "N", help: "the number of drivers, up to 20 (20)" },
  laps: { kind: "value", value: "N", help: "the laps of each driver (50)" },
  files: { kind: "value", value: "N", help: "load only the first N files" },
  latency: { kind: "value", value: "TIME", help: "the latency of each mirror (75ms)" },
  concurrency: { kind: "value", value: "N", help: "at most N requests at once (20)" },
  seed: { kind: "value", value: "N", help: "the seed of the random numbers (1)" },
  "no-faults": { kind: "switch", help: "use mirrors that never fail" },
  cache: {
    ...CACHE_FLAGS.cache,
    help: "cache the files in DIR, also for the next demo (a temporary folder)",
  },
  "only-cached": { kind: "switch", help: "load what an earlier demo cached in --cache, without the mirrors" },
  ...HELP_FLAG,
} as const;

/** The command `demo`. */
export const demoCommand: Command = {
  ...DEMO,
  operands: "",
  details: [
    "It needs no network, and takes about ten seconds.",
    "Afterwards it loads the same files from memory and, where it may write to disk, from there in a new process.",
    "With --only-cached it writes its measurements as a line of JSON.",
  ],
  flags: FLAGS,
  run: demo,
};

const MAX_DRIVERS = 20;

async function demo(args: readonly string[], context: CommandContext): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  const { terminal } = context;
  if (flags.help) {
    await writeWords(terminal.stdout, commandUsage(demoCommand, helpColumns(terminal.stdout)));
    return 0;
  }
  if (operands.length > 0) throw new UsageError(`'demo' takes flags only: received ${operands[0]}`);
  const options = parseOptions(flags);
  if (!flags["only-cached"]) return await playDemo(options, context);
  if (options.cacheDir === undefined) throw new UsageError("'--only-cached' needs '--cache'");
  return await playOnlyCached({ ...options, dir: options.cacheDir }, context);
}

async function playOnlyCached(
  { dir, drivers, laps, seed, files, concurrency }: DemoOptions & { readonly dir: string },
  context: CommandContext,
): Promise<number> {
  const race = racePayloads({ drivers, laps, seed });
  const paths = race.paths().slice(0, files);
  const { exitCode, load } = await loadFromDisk({ dir, race, paths, concurrency }, context);
  if (load !== undefined) await context.terminal.stdout.write(`${JSON.stringify(load)}\n`);
  return exitCode;
}

function parseOptions(flags: Flags<typeof FLAGS>): DemoOptions {
  const count = (name: "drivers" | "laps" | "files" | "concurrency", fallback: number) =>
    parseCount(name, flags[name] ?? String(fallback));
  const drivers = count("drivers", MAX_DRIVERS);
  if (drivers > MAX_DRIVERS) {
    throw new UsageError(`'--drivers' must be at most ${MAX_DRIVERS}: received ${drivers}`);
  }
  return {
    drivers,
    laps: count("laps", 50),
    files: count("files", Number.MAX_SAFE_INTEGER),
    latencyMs: parseDuration("latency", flags.latency ?? "75ms"),
    concurrency: count("concurrency", 20),
    seed: parseCount("seed", flags.seed ?? "1", { least: 0 }),
    faults: !flags["no-faults"],
    cacheDir: flags.cache,
  };
}
