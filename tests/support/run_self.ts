/**
 * A program that runs itself. Its first argument is a folder. It prints its further arguments; if there are none, it starts
 * itself again with some, and prints the exit code and the output of that second process.
 *
 * @module
 */

import { currentProcesses } from "../../src/runtime/processes/current.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";

const [folder = "", ...args] = currentTerminal().args;
console.log(JSON.stringify(args));
if (args.length === 0) {
  const result = await currentProcesses().runSelf([folder, "again", "--flag", "a b"], folder);
  console.log(result?.exitCode, result?.stdout.trim());
}
