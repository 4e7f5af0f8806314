/**
 * Checks the layers of the project in the current folder, or in the folder given as the argument. Prints every broken
 * rule and exits with 1, or prints how many modules it has checked. A project without modules exits with 1 too.
 *
 * @module
 */

import { checkLayers } from "./layers.ts";

const root = Deno.args[0] ?? ".";
const files = new Map<string, string>();
for (const part of ["mod.ts", "src", "tests"]) collect(part);

const violations = checkLayers(files);
for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`);
const checked = [...files.keys()].filter((file) => !file.startsWith("tests/")).length;
if (checked === 0) console.error(`Nothing to check in ${root}`);
if (violations.length > 0 || checked === 0) Deno.exit(1);
console.log(`Checked the layers of ${checked} modules`);

function collect(path: string): void {
  const absolute = `${root}/${path}`;
  if (!exists(absolute)) return;
  if (Deno.statSync(absolute).isDirectory) {
    for (const { name } of Deno.readDirSync(absolute)) {
      if (name !== "node_modules") collect(`${path}/${name}`);
    }
  } else if (path.endsWith(".ts")) files.set(path, Deno.readTextFileSync(absolute));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) { // only a missing file means "no": any other error is a failure of the check itself
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
