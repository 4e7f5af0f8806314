import { assertEquals } from "@std/assert";
import { checkLayers } from "../../.ci/layers.ts";
import { test } from "../support/test.ts";

/** Checks a tree of modules, and adds a test file for each module. */
function check(modules: Readonly<Record<string, string>>): string[] {
  const tests = Object.keys(modules).map((file) => file.replace(/^src\/(.*)\.ts$/, "tests/$1_test.ts"));
  const files = new Map([...tests.map((test) => [test, ""] as const), ...Object.entries(modules)]);
  return checkLayers(files).map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

test("checkLayers() accepts a tree that only imports down the list", () => {
  const violations = check({
    "mod.ts": `export { a } from "./src/client/a.ts"; export type { E } from "./src/errors.ts";`,
    "src/errors.ts": "export type E = string;",
    "src/client/a.ts":
      `import { b } from "../primitives/b.ts"; import { object } from "valibot"; export const a = [b, object];`,
    "src/primitives/b.ts": `import { c } from "./c.ts"; export const b = c;`,
    "src/primitives/c.ts": `import { delay } from "@std/async/delay"; export const c = delay;`,
    "src/cli/run.ts":
      `import { a } from "../client/a.ts"; import { f } from "../runtime/files/bun.ts"; export const m = [a, f];`,
    "src/runtime/files/bun.ts": `export const f = async () => [process, Bun, Deno];`,
  });
  assertEquals(violations, []);
});

test("checkLayers() refuses an import up the list", () => {
  const violations = check({
    "src/primitives/a.ts": `\nimport { b } from "../client/b.ts"; export const a = b;`,
    "src/client/b.ts": "export const b = 1;",
  });
  assertEquals(violations, ["src/primitives/a.ts:2: imports src/client/b.ts: client comes after primitives"]);
});

test("checkLayers() refuses an import up the list of a type, and in a type", () => {
  const violations = check({
    "src/errors.ts": `import type { B } from "./http/b.ts"; export type A = B;`,
    "src/schemas/a.ts": `export const a = (b: import("../http/b.ts").B) => b;`,
    "src/http/b.ts": "export type B = string;",
  });
  assertEquals(violations, [
    "src/errors.ts:1: imports src/http/b.ts: http comes after errors.ts",
    "src/schemas/a.ts:1: imports src/http/b.ts: http comes after schemas",
  ]);
});

test("checkLayers() refuses an import of the public door", () => {
  const violations = check({
    "mod.ts": "",
    "src/cli/a.ts": `import "../../mod.ts"; export const a = 1;`,
  });
  assertEquals(violations, ["src/cli/a.ts:1: imports mod.ts: mod.ts comes after cli"]);
});

test("checkLayers() refuses a module outside of the layers, and an import of what is no module of src", () => {
  const violations = check({
    "src/utils/a.ts": "export const a = 1;",
    "src/cli/b.ts":
      `import "../utils/a.ts"; import "./c.ts"; import "../../tests/support/test.ts"; export const b = 1;`,
  });
  assertEquals(violations.map((violation) => violation.replace(/ the layers .*/, "")), [
    "src/cli/b.ts:1: imports src/cli/c.ts, which is no module of src",
    "src/cli/b.ts:1: imports tests/support/test.ts, which is no module of src",
    "src/utils/a.ts:1: is in none of",
  ]);
});

test("checkLayers() refuses a cycle, also of types, and names it once", () => {
  const violations = check({
    "src/http/a.ts": `import "./b.ts"; export const a = 1;`,
    "src/http/b.ts": `\nimport "./c.ts"; export const b = 1;`,
    "src/http/c.ts": `import type { A } from "./a.ts"; export const c = 1;`,
  });
  assertEquals(violations, [
    "src/http/c.ts:1: closes a cycle: src/http/a.ts → src/http/b.ts → src/http/c.ts → src/http/a.ts",
  ]);
});

test("checkLayers() refuses a module that imports itself", () => {
  const violations = check({ "src/http/a.ts": `import "./a.ts"; export const a = 1;` });
  assertEquals(violations, ["src/http/a.ts:1: closes a cycle: src/http/a.ts → src/http/a.ts"]);
});

test("checkLayers() refuses a runtime global outside of src/runtime", () => {
  const violations = check({
    "src/cache/a.ts": "export const a =\n  Deno.args;",
    "mod.ts": "process.exit();",
  });
  assertEquals(violations, [
    "mod.ts:1: names process: only src/runtime/ may",
    "src/cache/a.ts:2: names Deno: only src/runtime/ may",
  ]);
});

test("checkLayers() refuses node: imports, static and dynamic, wherever they are", () => {
  const violations = check({
    "src/cache/a.ts": `export const a = import("node:fs");`,
    "src/runtime/bun.ts": `import "node:fs"; export const b = import("node:fs");`,
    "src/runtime/deno.ts": `export const c = import("node:fs");`,
  });
  const message = "imports node:fs: ask nodeModule() of src/runtime/ for it";
  assertEquals(violations, [
    `src/cache/a.ts:1: ${message}`,
    `src/runtime/bun.ts:1: ${message}`,
    `src/runtime/bun.ts:1: ${message}`,
    `src/runtime/deno.ts:1: ${message}`,
  ]);
});

test("checkLayers() refuses a package that is not published with the project, and a computed import", () => {
  const violations = check({
    "src/cli/a.ts":
      `import "@std/assert"; import "npm:valibot"; import "@std/cli"; import "valibots"; export const a = import(b);`,
  });
  assertEquals(violations, [
    "src/cli/a.ts:1: imports @std/assert, which is none of @std/async, @std/cache, @std/cli, valibot",
    "src/cli/a.ts:1: imports npm:valibot, which is none of @std/async, @std/cache, @std/cli, valibot",
    "src/cli/a.ts:1: imports valibots, which is none of @std/async, @std/cache, @std/cli, valibot",
    "src/cli/a.ts:1: imports a computed specifier, which no check can follow",
  ]);
});

test("checkLayers() refuses what the core must not bring along, over any number of modules", () => {
  for (
    const part of [
      "cache/cache",
      "cache/kv/a",
      "http_cache/mod",
      "runtime/server/deno",
      "runtime/files/a",
      "runtime/terminal/a",
    ]
  ) {
    const violations = check({
      "mod.ts": `export * from "./src/client/a.ts";`,
      "src/client/a.ts": `\nexport * from "../${part}.ts";`,
      [`src/${part}.ts`]: "export const b = 1;",
    });
    const way = `mod.ts → src/client/a.ts → src/${part}.ts`;
    assertEquals(violations, [`src/client/a.ts:2: brings src/${part}.ts into the core: ${way}`]);
  }
  for (const part of ["f1/a", "testing/a", "report/a", "cli/a"]) {
    const violations = check({
      "mod.ts": `export { b } from "./src/${part}.ts";`,
      [`src/${part}.ts`]: "export const b = 1;",
    });
    assertEquals(violations, [`mod.ts:1: brings src/${part}.ts into the core: mod.ts → src/${part}.ts`]);
  }
});

test("checkLayers() lets the core load at first use what it must not bring along, and not both", () => {
  const modules = {
    "src/streams/b.ts": `export { c } from "./c.ts";`,
    "src/streams/c.ts": "export const c = 1;",
  };
  const load = `export const a = () => import("../streams/b.ts");`;
  assertEquals(
    check({ ...modules, "mod.ts": `export * from "./src/client/a.ts";`, "src/client/a.ts": load }),
    [],
  );
  const both = check({
    ...modules,
    "mod.ts": `export * from "./src/client/a.ts";`,
    "src/client/a.ts": `${load}\nexport * from "../http/d.ts";\nexport * from "../streams/c.ts";`,
    "src/http/d.ts": "export const d = 1;",
  });
  assertEquals(both, [
    "src/client/a.ts:3: brings src/streams/c.ts into the core: mod.ts → src/client/a.ts → src/streams/c.ts",
  ]);
});

test("checkLayers() keeps the code of commands out of the start of the program, and that of caches out of `get`", () => {
  const modules = {
    "src/http_cache/a.ts": "export const a = 1;",
    "src/cli/get.ts": `export * from "../http_cache/a.ts";`,
    "src/cli/main.ts": `export const load = () => import("./get.ts");`,
  };
  const inGet = "brings src/http_cache/a.ts into 'slipstream get': src/cli/get.ts → src/http_cache/a.ts";
  assertEquals(check(modules), [`src/cli/get.ts:1: ${inGet}`]);
  const inStart = "brings src/http_cache/a.ts into the start of the program: " +
    "src/cli/main.ts → src/cli/get.ts → src/http_cache/a.ts";
  assertEquals(check({ ...modules, "src/cli/main.ts": `export * from "./get.ts";` }), [
    `src/cli/get.ts:1: ${inStart}`,
    `src/cli/get.ts:1: ${inGet}`,
  ]);
});

test("checkLayers() refuses a module without a test, unless it only re-exports or only declares types", () => {
  const files = new Map([
    ["src/http/a.ts", "export const a = 1;"],
    ["src/http/b.ts", "export interface B { readonly b: string }"],
    ["src/primitives/mod.ts", `export * from "../errors.ts";`],
    ["src/errors.ts", "export class A {}"],
    ["tests/errors_test.ts", ""],
    ["tests/http/b_test.ts", ""],
  ]);
  assertEquals(checkLayers(files), [
    { file: "src/http/a.ts", line: 1, message: "has no test tests/http/a_test.ts" },
  ]);
});

test("checkLayers() accepts one test for what implements a contract on several runtimes", () => {
  const modules = ["bun", "deno", "current"].map((name) =>
    [`src/runtime/server/${name}.ts`, "const a = 1;"] as const
  );
  assertEquals(checkLayers(new Map(modules)).length, 3);
  assertEquals(checkLayers(new Map([...modules, ["tests/runtime/other/server_test.ts", ""]])).length, 3);
  assertEquals(checkLayers(new Map([...modules, ["tests/runtime/server_test.ts", ""]])), []);
  assertEquals(checkLayers(new Map([...modules, ["tests/runtime/server/any_test.ts", ""]])), []);
});

test("checkLayers() refuses `using` where Node and browsers may load it, and not in the command line or an example", () => {
  const body = "export async function a() {\n  using file = open();\n  await using client = file;\n}\n";
  const violations = check({
    "src/http/a.ts": body,
    "src/cli/b.ts": body,
    "src/http/c.ts": "/**\n * await using client = createClient();\n */\nexport const c = 1;",
  });
  assertEquals(
    violations,
    [2, 3].map((line) => `src/http/a.ts:${line}: has a \`using\`, which Node 22 and browsers do not parse`),
  );
});
