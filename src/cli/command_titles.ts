/**
 * The names and summaries of all commands, for a list that loads none of them.
 *
 * @module
 */

import type { CommandTitle } from "./command.ts";

/** The title of `get`. */
export const GET: CommandTitle = { name: "get", summary: "Fetches URLs in parallel" };

/** The title of `f1`. */
export const F1: CommandTitle = {
  name: "f1",
  summary: 'Loads a Formula 1 session: slipstream f1 2025 "Abu Dhabi Grand Prix" Race --laps',
};

/** The title of `cache`. */
export const CACHE: CommandTitle = { name: "cache", summary: "Inspects and cleans the folder of --cache" };

/** The title of `demo`. */
export const DEMO: CommandTitle = {
  name: "demo",
  summary: "Loads a whole race from mirrors on this machine, one of which dies half-way",
};

/** The title of `completions`. */
export const COMPLETIONS: CommandTitle = {
  name: "completions",
  summary: "Writes a completion script for a shell",
};
