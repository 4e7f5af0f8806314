/**
 * Checks the project's rules for modules: which module may import which other module, which modules may name a runtime,
 * and which modules `mod.ts` must not load. The check takes source texts, so that tests can break a rule without
 * writing files.
 *
 * @module
 */

import { type ModuleFacts, type ModuleImport, readModule } from "./modules.ts";

/** One broken rule. */
export interface Violation {
  /** The module, relative to the project. */
  readonly file: string;
  /** The line, from 1. */
  readonly line: number;
  /** What is wrong. */
  readonly message: string;
}

/** The parts of `src`, in order: a part may import itself and the parts before it. */
const LAYERS = [
  "errors.ts",
  "primitives",
  "schemas",
  "runtime",
  "http",
  "transport",
  "cache",
  "lanes",
  "policies",
  "http_cache",
  "middleware",
  "streams",
  "download",
  "client",
  "f1",
  "testing",
  "report",
  "cli",
];

/** The main entry point. It comes after all layers, so it may import any of them. */
const DOOR = "mod.ts";
/** The parts of `src` that importing the main entry point must not load. */
const NOT_IN_CORE = [
  "src/cache",
  "src/http_cache",
  "src/transport",
  "src/runtime/transport",
  "src/middleware",
  "src/streams",
  "src/download",
  "src/runtime/server",
  "src/runtime/disk",
  "src/runtime/files",
  "src/runtime/folders",
  "src/runtime/terminal",
  "src/f1",
  "src/testing",
  "src/report",
  "src/cli",
];
/** An entry point, and the parts of `src` that it must not load when it is imported, because it may not need them. */
interface Door {
  readonly file: string;
  /** The name of what the entry point loads, in messages. */
  readonly name: string;
  readonly without: readonly string[];
}
const DOORS: readonly Door[] = [
  { file: DOOR, name: "the core", without: NOT_IN_CORE },
  {
    file: "src/cli/main.ts",
    name: "the start of the program",
    without: [
      "src/client",
      "src/policies",
      "src/transport",
      "src/cache",
      "src/http_cache",
      "src/f1",
      "src/testing",
    ],
  },
  {
    file: "src/cli/get.ts",
    name: "'slipstream get'",
    without: ["src/transport", "src/cache/filesystem", "src/http_cache", "src/f1", "src/testing"],
  },
];
/** The packages that a published module may import. */
const PACKAGES = ["@std/async", "@std/cache", "@std/cli", "valibot"];
const RUNTIME = "src/runtime/";

interface Edge extends ModuleImport {
  readonly from: string;
  readonly to: string;
}

/**
 * Checks the modules of a project against all rules.
 *
 * @param files The text of every module, by its path relative to the project. Only `mod.ts` and the modules under `src`
 * are checked; of the files under `tests` only the paths count, to see that each module has its test.
 * @returns The broken rules, sorted by file and line.
 */
export function checkLayers(files: ReadonlyMap<string, string>): Violation[] {
  const modules = new Map<string, ModuleFacts>();
  for (const [file, text] of files) {
    if (file === DOOR || file.startsWith("src/")) modules.set(file, readModule(text));
  }
  const edges = [...modules].flatMap(([file, { imports }]) => edgesOf(file, imports));
  const violations = [
    ...[...modules.keys()].filter((file) => layerOf(file) === -1).map(outsideOfLayers),
    ...edges.flatMap((edge) => checkEdge(edge, modules)),
    ...[...modules].flatMap(([file, { imports }]) => imports.flatMap((use) => checkForeign(file, use))),
    ...[...modules].flatMap(([file, facts]) => checkGlobals(file, facts)),
    ...findCycles(modules, edges),
    ...DOORS.flatMap((door) => checkDoor(door, edges)),
    ...[...modules].flatMap(([file, facts]) => checkMirror(file, facts, files)),
    ...[...modules.keys()].flatMap((file) => checkSyntax(file, files.get(file)!)),
  ];
  return violations.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
}

/**
 * Checks that Node and browsers can parse the module. They can load everything but the CLI. Only a line that begins with
 * `using` breaks the rule, so that the examples in docstrings may use it.
 */
function checkSyntax(file: string, text: string): Violation[] {
  if (file.startsWith("src/cli/")) return [];
  return text.split("\n").flatMap((line, index) =>
    /^\s*(?:await )?using /.test(line)
      ? [{ file, line: index + 1, message: "has a `using`, which Node 22 and browsers do not parse" }]
      : []
  );
}

function edgesOf(file: string, imports: readonly ModuleImport[]): Edge[] {
  return imports.flatMap((use) =>
    use.specifier?.startsWith(".") === true ? [{ ...use, from: file, to: resolve(file, use.specifier) }] : []
  );
}

/** Resolves a relative specifier to a path in the project; the path begins with `..` if it leaves the project. */
function resolve(from: string, specifier: string): string {
  const path = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === ".." && path.length > 0 && path.at(-1) !== "..") path.pop();
    else if (part !== ".") path.push(part);
  }
  return path.join("/");
}

/** Returns the position of a module's layer in the order; -1 for a module that is in no layer. */
function layerOf(file: string): number {
  return file === DOOR ? LAYERS.length : LAYERS.indexOf(file.split("/")[1] ?? "");
}

function outsideOfLayers(file: string): Violation {
  return { file, line: 1, message: `is in none of the layers ${LAYERS.join(", ")}` };
}

function checkEdge({ from, to, line }: Edge, modules: ReadonlyMap<string, ModuleFacts>): Violation[] {
  if (!modules.has(to)) return [{ file: from, line, message: `imports ${to}, which is no module of src` }];
  const [own, other] = [layerOf(from), layerOf(to)];
  if (own === -1 || other === -1 || other <= own) return [];
  return [{ file: from, line, message: `imports ${to}: ${nameOf(other)} comes after ${nameOf(own)}` }];
}

function nameOf(layer: number): string {
  return LAYERS[layer] ?? DOOR;
}

/** Checks an import that names no module of the project by a relative path: a package, `node:`, or a computed specifier. */
function checkForeign(file: string, { specifier, line }: ModuleImport): Violation[] {
  if (specifier?.startsWith(".")) return [];
  const inRuntime = file.startsWith(RUNTIME);
  if (specifier === undefined) {
    return inRuntime
      ? []
      : [{ file, line, message: "imports a computed specifier, which no check can follow" }];
  }
  if (specifier.startsWith("node:")) {
    return [{ file, line, message: `imports ${specifier}: ask nodeModule() of ${RUNTIME} for it` }];
  }
  if (PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`))) return [];
  return [{ file, line, message: `imports ${specifier}, which is none of ${PACKAGES.join(", ")}` }];
}

function checkGlobals(file: string, { globals }: ModuleFacts): Violation[] {
  if (file.startsWith(RUNTIME)) return [];
  return globals.map(({ name, line }) => ({ file, line, message: `names ${name}: only ${RUNTIME} may` }));
}

/** Finds the cycles of imports: one for each import that leads back to a module on the current path. */
function findCycles(modules: ReadonlyMap<string, ModuleFacts>, edges: readonly Edge[]): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const byFile = Map.groupBy(edges, ({ from }) => from);
  const visit = (file: string): void => {
    path.push(file);
    for (const { to, line } of byFile.get(file) ?? []) {
      if (path.includes(to)) {
        const cycle = [...path.slice(path.indexOf(to)), to].join(" → ");
        violations.push({ file, line, message: `closes a cycle: ${cycle}` });
      } else if (!done.has(to)) visit(to);
    }
    path.pop();
    done.add(file);
  };
  for (const file of modules.keys()) if (!done.has(file)) visit(file);
  return violations;
}

/** Follows the imports of an entry point through all modules, and reports each forbidden part that it loads. */
function checkDoor({ file: door, name, without }: Door, edges: readonly Edge[]): Violation[] {
  const violations: Violation[] = [];
  const byFile = Map.groupBy(edges, ({ from }) => from);
  const ways = new Map([[door, { way: door, isLoaded: true }]]);
  for (const [file, { way, isLoaded }] of ways) { // the iteration also visits the entries that its body adds
    for (const { to, line, dynamic } of byFile.get(file) ?? []) {
      // A module behind an `import()` loads at first use, so only callers that use it load it.
      const loads = isLoaded && !dynamic;
      if (ways.get(to)?.isLoaded === true || (ways.has(to) && !loads)) continue;
      if (loads && isPartOf(without, to)) {
        violations.push({ file, line, message: `brings ${to} into ${name}: ${way} → ${to}` });
        continue;
      }
      // A module that was first reached by an `import()` is visited again, because now its imports load as well.
      ways.delete(to);
      ways.set(to, { way: `${way} → ${to}`, isLoaded: loads });
    }
  }
  return violations;
}

function isPartOf(parts: readonly string[], file: string): boolean {
  return parts.some((part) =>
    file === `${part}.ts` || file.startsWith(`${part}/`) || file.startsWith(`${part}_`)
  );
}

/**
 * Checks that the module has a test at the same place under `tests`. A module that only re-exports or only declares
 * types needs none. The modules that implement one contract on several runtimes may share a test.
 */
function checkMirror(
  file: string,
  { typesOnly }: ModuleFacts,
  files: ReadonlyMap<string, string>,
): Violation[] {
  if (typesOnly || file === DOOR || file.endsWith("/mod.ts")) return [];
  const test = file.replace(/^src\/(.*)\.ts$/, "tests/$1_test.ts");
  const [, shared] = /^src\/(runtime(?:\/.+)?)\/(?:bun|contract|current|deno|node|web)\.ts$/.exec(file) ?? [];
  const isTest = (path: string): boolean =>
    path === test ||
    (shared !== undefined && /^(?:\/\w+)?_test\.ts$/.test(path.replace(`tests/${shared}`, "")));
  return [...files.keys()].some(isTest) ? [] : [{ file, line: 1, message: `has no test ${test}` }];
}
