/**
 * Runs the tests of `tests/package`, which test the package that npm clients get, and counts them. It builds the package, and
 * installs it with Bun in an empty project, together with the compilers and the versions of Node that the tests use. Takes
 * `--filter` like `run.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { buildPackage } from "./build_package.ts";
import { findBun } from "./bun.ts";
import { runCommand } from "./command.ts";
import { type Counts, printCounts } from "./counts.ts";
import { runTests, type TestRunOptions } from "./run.ts";

const FOLDER = "tests/package";

/** The packages that are installed beside this one, as in a user's project. */
const TOOLS: Readonly<Record<string, string>> = {
  "@types/bun": "1.4.5",
  "@types/node": "26.6.7",
  "node20": `npm:${nodePackage()}@20.20.2`,
  "node22": `npm:${nodePackage()}@22.23.3`,
  "typescript5": "npm:typescript@5.9.3",
  "typescript7": "npm:typescript@7.0.2",
  "valibot": "1.5.0",
};

/** The paths that the tests get. */
export interface PackageProject {
  /** The folder of the project that has the package installed. */
  readonly folder: string;
  /** The path of Bun. */
  readonly bun: string;
  /** The paths of Node, by version. */
  readonly node: Readonly<Record<"20" | "22", string>>;
}

/** Builds and installs the package, and runs the tests. A failed installation counts as one failure. */
export async function runPackageTests({ filter }: Pick<TestRunOptions, "filter"> = {}): Promise<Counts> {
  const folder = await Deno.makeTempDir({ prefix: "slipstream-project-" });
  try {
    const bun = await findBun();
    if (bun === undefined || !await install(folder, bun)) return { passed: 0, failed: 1, skipped: 0 };
    const program = Deno.build.os === "windows" ? "node.exe" : "node";
    const nodeOf = (name: string): string => `${folder}/node_modules/${name}/bin/${program}`;
    const project: PackageProject = { folder, bun, node: { "20": nodeOf("node20"), "22": nodeOf("node22") } };
    Deno.env.set("SLIPSTREAM_PACKAGE", JSON.stringify(project));
    return await runTests({ only: "deno", filter, paths: [FOLDER] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function install(folder: string, bun: string): Promise<boolean> {
  await buildPackage(`${folder}/slipstream-fetch.tgz`);
  const description = { private: true, type: "module", devDependencies: TOOLS };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(description));
  const options = { cwd: folder, keepProxies: true, quiet: true };
  for (const args of [["install"], ["add", "./slipstream-fetch.tgz"]]) {
    const { success, output } = await runCommand(bun, args, options);
    if (success) continue;
    console.error(`${output}\nCannot test the package: 'bun ${args.join(" ")}' failed`);
    return false;
  }
  // The programs of the tests play the part of the user's modules.
  for (const path of [`${FOLDER}/programs`, "tests/support"]) {
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
  }
  await Deno.copyFile("tests/support/tour.ts", `${folder}/tests/support/tour.ts`);
  for await (const { name } of Deno.readDir(`${FOLDER}/programs`)) {
    await Deno.copyFile(`${FOLDER}/programs/${name}`, `${folder}/${FOLDER}/programs/${name}`);
  }
  return true;
}

/** Returns the npm package that contains Node for this machine. */
function nodePackage(): string {
  const { os, arch } = Deno.build;
  const system = os === "windows" ? "win" : os;
  return `node-${system}-${arch === "aarch64" ? "arm64" : "x64"}`;
}

if (import.meta.main) {
  const { filter } = parseArgs(Deno.args, { string: ["filter"] });
  const total = await runPackageTests({ filter });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
