/**
 * A program that runs itself. It prints what it was told besides a folder, and then what its second process printed.
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
