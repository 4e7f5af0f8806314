/**
 * The list of all commands. The code of a command is loaded when it is needed.
 *
 * @module
 */

import type { Command, CommandTitle } from "./command.ts";
import { CACHE, COMPLETIONS, DEMO, F1, GET } from "./command_titles.ts";

/** A command that can be loaded. */
export interface CommandEntry extends CommandTitle {
  /** Loads the command. */
  readonly load: () => Promise<Command>;
}

const WORKING: readonly CommandEntry[] = [
  { ...GET, load: () => parsed(async () => (await import("./get.ts")).getCommand) },
  { ...F1, load: () => parsed(async () => (await import("./f1.ts")).f1Command) },
  { ...CACHE, load: () => parsed(async () => (await import("./cache.ts")).cacheCommand) },
  { ...DEMO, load: () => parsed(async () => (await import("./demo.ts")).demoCommand) },
];

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [...WORKING, {
  ...COMPLETIONS,
  async load() {
    const { completionsCommand } = await import("./completions.ts");
    return completionsCommand(await Promise.all(WORKING.map(({ load }) => load())));
  },
}];

/** Says clearly why Node before 24 can't load a command. */
async function parsed(load: () => Promise<Command>): Promise<Command> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const rule = "does not know the keyword 'using', as Deno, Bun and Node 24 do";
    throw new Error(`Cannot load the command as this runtime ${rule}`, { cause });
  }
}
