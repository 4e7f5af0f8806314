import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../support/command.ts";
import type { PackageProject } from "../support/run_package.ts";
import { serveSite } from "../support/site.ts";
import { TOUR } from "../support/tour.ts";

const project: PackageProject = JSON.parse(Deno.env.get("SLIPSTREAM_PACKAGE") ?? "null") ??
  raise("Cannot run these tests by themselves: they belong to 'deno task test:package'");
const { exports }: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  await Deno.readTextFile("deno.json"),
);
const PROGRAMS = "tests/package/programs";
/** The subpaths of the package, without the command line, which is only for Deno and Bun. */
const FOR_NODE = Object.keys(exports).filter((subpath) => subpath !== "./cli");

const STRICT = {
  target: "es2022",
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  rootDir: ".",
};
/** The compiler options that users may have, and the programs to compile with each. */
const COMPILATIONS: Readonly<
  Record<string, { readonly options: object; readonly files: readonly string[] }>
> = {
  "nodenext with the types of Node": {
    options: { ...STRICT, module: "nodenext", lib: ["esnext"], types: ["node"] },
    files: ["tour", "subpaths", "files", "ends", "types"],
  },
  "bundler with the types of Bun": {
    options: { ...STRICT, module: "preserve", moduleResolution: "bundler", lib: ["esnext"], types: ["bun"] },
    files: ["tour", "subpaths", "files", "ends", "types"],
  },
  "bundler with the types of browsers": {
    options: {
      ...STRICT,
      module: "preserve",
      moduleResolution: "bundler",
      lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
      types: [],
    },
    files: ["types"],
  },
};

for (const [name, { options, files }] of Object.entries(COMPILATIONS)) {
  Deno.test(`the package compiles in a strict project: ${name}`, async () => {
    assertEquals(await compile("typescript7", { ...options, outDir: outDirOf(name) }, files), "");
  });
}

Deno.test("the package compiles with the last TypeScript before 6", async () => {
  const { options, files } = COMPILATIONS["bundler with the types of browsers"]!;
  assertEquals(await compile("typescript5", { ...options, noEmit: true }, files), "");
});

Deno.test("the package refuses a type that is wrong, so that its types are no any", async () => {
  await Deno.writeTextFile(
    `${project.folder}/${PROGRAMS}/wrong.ts`,
    `import { createClient } from "@slipstream/fetch";\nexport const text: string = createClient().stats().inFlight;\n`,
  );
  const { options } = COMPILATIONS["bundler with the types of Bun"]!;
  assertStringIncludes(await compile("typescript7", { ...options, noEmit: true }, ["wrong"]), "TS2322");
});

const BUN: Runner = { program: project.bun, args: ["run"] };
const RUNNERS: Readonly<Record<string, Runner>> = {
  Bun: BUN,
  "Node 20": { program: project.node["20"], args: [] },
  "Node 22": { program: project.node["22"], args: [] },
};

for (const [name, runner] of Object.entries(RUNNERS)) {
  const subpaths = name === "Bun" ? Object.keys(exports) : FOR_NODE;

  Deno.test(`${name} imports every subpath of the package: ${subpaths.join(" ")}`, async () => {
    const counts = await runProgram(runner, "subpaths", subpaths) as Record<string, number>;
    assertEquals(Object.keys(counts), subpaths);
    for (const [subpath, count] of Object.entries(counts)) assert(count > 0, subpath);
  });

  Deno.test(`${name} takes the tour with the package`, async () => {
    await using site = serveSite();
    assertEquals(await runProgram(runner, "tour", [site.url]), TOUR);
  });

  Deno.test(`${name} keeps a cache on disk`, async () => {
    await using site = serveSite();
    const folder = await Deno.makeTempDir({ prefix: "slipstream-cache-" });
    try {
      const from = await runProgram(runner, "files", [site.url, folder]);
      assertEquals(from, ["network", "network", "network", "cache", "cache", "cache"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`${name} reads options from the environment, and ends although a body was not read`, async () => {
    await using site = serveSite();
    assertEquals(await runProgram(runner, "ends", [site.url], { SLIPSTREAM_CONCURRENCY: "7" }), [200, 7]);
  });
}

for (const command of [["x", "--bun", "slipstream"], ["x", "slipstream"], ["run", "slipstream"]]) {
  Deno.test(`the command line runs with bun ${command.join(" ")}`, async () => {
    await using site = serveSite();
    const urls = [`${site.url}/item/1`, `${site.url}/item/2`];
    const { success, output } = await runIn(BUN.program, [...command, "get", "--ordered", ...urls]);
    assert(success, output);
    for (const path of ["/item/1", "/item/2"]) assertStringIncludes(output, JSON.stringify(path));
  });
}

Deno.test("the command line says with bunx what failed, and ends with 1", async () => {
  await using site = serveSite();
  const { success, output } = await runIn(BUN.program, ["x", "slipstream", "get", `${site.url}/nowhere`]);
  assert(!success);
  assertStringIncludes(output, "404");
});

for (const name of ["Node 20", "Node 22"]) {
  Deno.test(`the command line says with ${name} which runtimes it needs, and ends with 1`, async () => {
    for (const program of ["@slipstream/fetch/src/cli/main.js", ".bin/slipstream"]) {
      const args = [`node_modules/${program}`, "get", "https://h/a"];
      const { success, output } = await runIn(RUNNERS[name]!.program, args);
      assert(!success);
      assertStringIncludes(output, "this runtime is neither Deno nor Bun");
    }
  });
}

Deno.test("main() says with Node 22 why it can't load a command", async () => {
  const program = `
    import { main } from "@slipstream/fetch/cli";
    const output = { isTerminal: false, columns: () => 80, write: async (text) => (console.log(text), true) };
    process.exitCode = await main(["get", "https://h/a"], { stdout: output, stderr: output });
  `;
  const { success, output } = await runIn(RUNNERS["Node 22"]!.program, [
    "--input-type=module",
    "-e",
    program,
  ]);
  assert(!success);
  assertStringIncludes(output, "slipstream: Cannot load the command as this runtime does not know");
});

interface Runner {
  readonly program: string;
  readonly args: readonly string[];
}

function outDirOf(compilation: string): string {
  return `out/${compilation.replaceAll(" ", "_")}`;
}

/** Compiles programs in the project, and returns the errors. */
async function compile(typescript: string, options: object, files: readonly string[]): Promise<string> {
  const name = `tsconfig.${crypto.randomUUID()}.json`;
  const paths = files.map((file) => `${PROGRAMS}/${file}.ts`);
  await Deno.writeTextFile(
    `${project.folder}/${name}`,
    JSON.stringify({ compilerOptions: options, files: paths }),
  );
  const compiler = `${project.folder}/node_modules/${typescript}/bin/tsc`;
  const { output } = await runIn(project.node["22"], [compiler, "--pretty", "false", "--project", name]);
  return output.trim();
}

/** Runs a program of the project, and returns the JSON that it prints. Bun runs the source, Node the compiled program. */
async function runProgram(
  { program, args }: Runner,
  name: string,
  rest: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const compiled = outDirOf("nodenext with the types of Node");
  const file = program === BUN.program ? `${PROGRAMS}/${name}.ts` : `${compiled}/${PROGRAMS}/${name}.js`;
  const { success, output } = await runIn(program, [...args, file, ...rest], env);
  assert(success, output);
  return JSON.parse(output);
}

function runIn(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ReturnType<typeof runCommand> {
  return runCommand(program, args, { cwd: project.folder, quiet: true, env });
}

function raise(message: string): never {
  throw new Error(message);
}
