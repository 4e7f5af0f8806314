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
  { ...GET, load: async () => (await import("./get.ts")).getCommand },
  { ...F1, load: async () => (await import("./f1.ts")).f1Command },
  { ...CACHE, load: async () => (await import("./cache.ts")).cacheCommand },
  { ...DEMO, load: async () => (await import("./demo.ts")).demoCommand },
];

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [...WORKING, {
  ...COMPLETIONS,
  async load() {
    const { completionsCommand } = await import("./completions.ts");
    return completionsCommand(await Promise.all(WORKING.map(({ load }) => load())));
  },
}];
