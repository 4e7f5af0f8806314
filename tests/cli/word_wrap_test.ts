import { assertEquals } from "@std/assert";
import { wrapWords, writeWords } from "../../src/cli/word_wrap.ts";
import { test } from "../support/test.ts";
import { FakeOutput } from "./fake_terminal.ts";

test("wrapWords() breaks lines between words, and indents the rest", () => {
  assertEquals(wrapWords("one two three four", 9), "one two\n  three\n  four");
  assertEquals(
    wrapWords("  20   Mexico City Grand Prix   Mexico", 20),
    "  20   Mexico City\n    Grand Prix\n    Mexico",
  );
  assertEquals(wrapWords("one two three", 9, ""), "one two\nthree");
});

test("wrapWords() keeps the cells of a table whole if they have room", () => {
  const line = "  21   São Paulo Grand Prix    São Paulo, Brazil   sprint";
  const wrapped = [
    "  21   São Paulo Grand Prix\n    São Paulo, Brazil   sprint",
    "  21\n    São Paulo Grand Prix\n    São Paulo, Brazil\n    sprint",
    "  21   São Paulo\n    Grand Prix\n    São Paulo,\n    Brazil   sprint",
  ];
  assertEquals([34, 24, 19].map((columns) => wrapWords(line, columns)), wrapped);
});

test("wrapWords() does not change lines that fit, or have no spaces", () => {
  const url = `https://example.com/${"x".repeat(50)}`;
  assertEquals(wrapWords("one two\n\nthree\n", 7), "one two\n\nthree\n");
  assertEquals(wrapWords(`failed: ${url} (503)`, 20), `failed:\n  ${url}\n  (503)`);
});

test("wrapWords() counts columns, not colours or code units", () => {
  assertEquals(wrapWords("\x1b[31mone two\x1b[39m", 7), "\x1b[31mone two\x1b[39m");
  assertEquals(wrapWords("名名 名名 名", 9), "名名 名名\n  名");
});

test("writeWords() wraps on a terminal only", async () => {
  const output = new FakeOutput();
  output.width = 11;
  await writeWords(output, "one two three\n");
  output.isTerminal = true;
  await writeWords(output, "one two three\n");
  assertEquals(output.writes, ["one two three\n", "one two\n  three\n"]);
});
