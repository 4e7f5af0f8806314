import { assertEquals } from "@std/assert";
import { readModule } from "../../.ci/modules.ts";
import { test } from "../support/test.ts";

function imports(source: string): (string | undefined)[] {
  return readModule(source).imports.map(({ specifier, dynamic }) =>
    dynamic ? `dynamic ${specifier}` : specifier
  );
}

function globals(source: string): string[] {
  return readModule(source).globals.map(({ name, line }) => `${name}:${line}`);
}

test("readModule() finds imports of every form", () => {
  assertEquals(
    imports(`import "a"; import b from "b"; import * as c from "c"; import { d, type D } from "d";`),
    [
      ...["a", "b", "c", "d"],
    ],
  );
  assertEquals(
    imports(`import type { A } from "a"; import type * as b from "b"; import {\n from } from "c";`),
    [
      ...["a", "b", "c"],
    ],
  );
  assertEquals(imports(`import a from "a" with { type: "json" };`), ["a"]);
});

test("readModule() finds re-exports, and no other export", () => {
  assertEquals(
    imports(`export * from "a"; export * as b from "b"; export { c } from "c"; export type { d } from "d";`),
    [
      ...["a", "b", "c", "d"],
    ],
  );
  assertEquals(imports(`export { a }; const from = "b"; export const c = "d"; export default "e";`), []);
});

test("readModule() finds imports in expressions and in types", () => {
  assertEquals(imports(`await import("a"); type B = import("b").B; import(c); import.meta.url;`), [
    ...["dynamic a", "dynamic b", "dynamic undefined"],
  ]);
});

test("readModule() ignores imports in comments, strings and member names", () => {
  assertEquals(
    imports(`// import "a"\n/** import { b } from "b"; */ const c = 'import "c"'; d.import("d");`),
    [],
  );
});

test("readModule() finds a runtime global wherever it is used", () => {
  assertEquals(globals("Deno.args;\nconst { env } = process;\ntypeof Bun"), ["Deno:1", "process:2", "Bun:3"]);
  assertEquals(globals("let kv: Deno.Kv;"), ["Deno:1"]);
  assertEquals(globals("a ? Deno : Bun; [b, process]; f(c, process(d));"), [
    "Deno:1",
    "Bun:1",
    "process:1",
    "process:1",
  ]);
  assertEquals(globals("`${Deno.pid}`; ({ ...process }); ({ a: Bun });"), ["Deno:1", "process:1", "Bun:1"]);
});

test("readModule() finds a runtime global as a member of the global object", () => {
  assertEquals(globals("globalThis.Deno; self?.process; window.Bun;"), ["Deno:1", "process:1", "Bun:1"]);
  assertEquals(globals("(globalThis as { a?: (b: string) => void }).Bun;"), ["Bun:1"]);
  assertEquals(globals(`globalThis["Deno"]; globalThis?.["Bun"];`), ["Deno:1", "Bun:1"]);
});

test("readModule() takes no comment, string, property or method for a runtime global", () => {
  assertEquals(globals("// Deno\n/** Bun */ const a = 'process';"), []);
  assertEquals(globals("a.process; b?.Deno; this.#process;"), []);
  assertEquals(
    globals("const a = { Deno: 1, process() {} }; interface B { readonly Bun?: string; process(): void }"),
    [],
  );
  assertEquals(globals(`a["Deno"]; (f(globalThis)).Bun;`), ["Bun:1"]);
  assertEquals(globals(`(a).Bun`), []);
});

test("readModule() knows a module of types from one with code", () => {
  const typesOnly = (source: string): boolean => readModule(source).typesOnly;
  assertEquals(
    typesOnly(`import type { A } from "a"; export interface B { default: A } export type C = B | "const";`),
    true,
  );
  assertEquals(typesOnly(`export type { A } from "a";`), true);
  for (
    const code of [
      "function f() {}",
      "export const a = 1;",
      "class A {}",
      `export * from "a";`,
      `export { b } from "a";`,
    ]
  ) {
    assertEquals(typesOnly(`interface A { a: string } ${code}`), false, code);
  }
});
