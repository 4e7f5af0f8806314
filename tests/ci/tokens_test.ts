import { assertEquals } from "@std/assert";
import { tokenize } from "../../.ci/tokens.ts";
import { test } from "../support/test.ts";

function names(source: string): string[] {
  return tokenize(source).filter(({ kind }) => kind === "name").map(({ text }) => text);
}

test("tokenize() leaves out comments", () => {
  assertEquals(names("a // b\n/* c\n d */ e /** @example f */"), ["a", "e"]);
});

test("tokenize() keeps a string in one piece, whatever it holds", () => {
  assertEquals(
    tokenize(`"a \\" // b" 'c "d" /* e'`).map(({ kind, text }) => [kind, text]),
    [["string", `a \\" // b`], ["string", `c "d" /* e`]],
  );
});

test("tokenize() reads the code inside of a template, and none of its text", () => {
  assertEquals(names("`a ${b} c ${{ d: `e ${f}` }.d} g` + h"), ["b", "d", "f", "d", "h"]);
  assertEquals(names("`\\${a} \\` b` + c"), ["c"]);
  assertEquals(names("`${() => { return { a }; }} b` + c"), ["return", "a", "c"]);
});

test("tokenize() knows a regular expression from a division", () => {
  assertEquals(names("a = /b'c[/]d/g; e"), ["a", "e"]);
  assertEquals(names("a / b / c"), ["a", "b", "c"]);
  assertEquals(names("(a) / b; c[0] / d; 1 / e; f++ / g; h! / i; `j` / k"), "a b c d e f g h i k".split(" "));
  assertEquals(names("return /a/.test(b)"), ["return", "test", "b"]);
  assertEquals(names("!/a/.test(b) && !c"), ["test", "b", "c"]);
});

test("tokenize() counts lines through comments, strings and templates", () => {
  const tokens = tokenize("a\n/* \n */ b `\n${c}\n` d\n// e\nf");
  const lines = tokens.filter(({ kind }) => kind === "name").map(({ text, line }) => `${text}${line}`);
  assertEquals(lines, ["a1", "b3", "c4", "d5", "f7"]);
});

test("tokenize() gives a private name another text than the public one", () => {
  assertEquals(names("this.#process; process"), ["this", "#process", "process"]);
});
