/**
 * Builds the package in the form in which JSR serves it to npm clients: transpiled modules, declarations of the public API,
 * and a `package.json`. Two things differ. JSR would name the parts of `@std` as dependencies; this package contains the
 * copies in `links` instead. And it has a `bin`, which JSR does not write yet.
 *
 *     deno run -A tests/support/build_package.ts [FILE]
 *
 * @module
 */

import { runCommand } from "./command.ts";

interface Config {
  readonly imports: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  readonly publish: { readonly include: readonly string[] };
  readonly exports: Readonly<Record<string, string>>;
}

/** The folder of the linked modules in the package. */
const LINKED = "linked";
const SHEBANG = "#!/usr/bin/env bun\n";

/**
 * Builds the package.
 *
 * @param tarball The path of the file to write.
 * @throws {Error} If a step fails; its output says why.
 */
export async function buildPackage(tarball: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "slipstream-package-" });
  try {
    const config: Config = JSON.parse(await Deno.readTextFile("deno.json"));
    await prepare(`${folder}/source`, config);
    const packed = `${folder}/packed.tgz`;
    const args = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", packed];
    await run(`${folder}/source`, Deno.execPath(), args);
    await run(folder, "tar", ["-xzf", packed]);
    await addProgram(`${folder}/package`, config);
    await run(folder, "tar", ["-czf", "done.tgz", "package"]);
    await Deno.copyFile(`${folder}/done.tgz`, tarball);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies the published files, and changes their imports of packages to imports of the linked modules. */
async function prepare(target: string, { imports, links, publish, ...config }: Config): Promise<void> {
  const linked = new Map<string, string>();
  for (const link of links) {
    const { name, exports, imports = {} }: Config & { readonly name: string } = JSON.parse(
      await Deno.readTextFile(`${link}/deno.json`),
    );
    const folder = `${LINKED}/${name.replace(/^@/, "")}`;
    const replace = (specifier: string): string => imports[specifier] ?? specifier;
    await copy(link, `${target}/${folder}`, (text) => rewriteImports(text, replace));
    await Deno.remove(`${target}/${folder}/deno.json`);
    for (const [subpath, file] of Object.entries(exports)) {
      linked.set(name + subpath.slice(1), `${folder}/${file.slice(2)}`);
    }
  }
  const sources = publish.include.filter((path) => !links.some((link) => link.startsWith(`./${path}`)));
  for (const path of sources) {
    await copy(path, `${target}/${path}`, (text, file) =>
      rewriteImports(text, (specifier) => {
        const module = linked.get(specifier);
        return module === undefined ? specifier : "../".repeat(file.split("/").length - 1) + module;
      }));
  }
  const others = Object.entries(imports).filter(([name]) => !name.startsWith("@std/"));
  const result = {
    ...config,
    imports: Object.fromEntries(others),
    publish: { include: [...sources, LINKED] },
    exclude: undefined,
  };
  await Deno.writeTextFile(`${target}/deno.json`, JSON.stringify(result, undefined, 2));
}

/** Copies a file or a folder, and passes the text of each module through `change`. */
async function copy(
  from: string,
  to: string,
  change: (text: string, file: string) => string,
): Promise<void> {
  if ((await Deno.stat(from)).isDirectory) {
    for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`, change);
    return;
  }
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  const text = await Deno.readTextFile(from);
  await Deno.writeTextFile(to, from.endsWith(".ts") ? change(text, from) : text);
}

/** Replaces specifiers in the statements of a module, but not in the examples of its comments. */
function rewriteImports(text: string, replace: (specifier: string) => string): string {
  return text.replaceAll(
    /^((?:import|export|\}) .*?from ")([^".][^"]*)(";)$/gm,
    (_, before: string, specifier: string, after: string) => before + replace(specifier) + after,
  );
}

/** Makes the command line executable, with Bun as its interpreter, and names it in `package.json`. */
async function addProgram(folder: string, { exports }: Config): Promise<void> {
  const program = exports["./cli"]!.replace(/\.ts$/, ".js");
  await Deno.writeTextFile(`${folder}/${program}`, SHEBANG + await Deno.readTextFile(`${folder}/${program}`));
  await Deno.chmod(`${folder}/${program}`, 0o755);
  const description = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  const text = JSON.stringify({ ...description, bin: { slipstream: program } }, undefined, 2);
  await Deno.writeTextFile(`${folder}/package.json`, text);
}

async function run(cwd: string, program: string, args: readonly string[]): Promise<void> {
  const { success, output } = await runCommand(program, args, { quiet: true, keepProxies: true, cwd });
  if (!success) throw new Error(`Cannot build the package as '${program} ${args[0]}' failed:\n${output}`);
}

if (import.meta.main) await buildPackage(Deno.args[0] ?? "slipstream-fetch.tgz");
