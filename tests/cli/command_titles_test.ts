import { assertEquals, assertMatch } from "@std/assert";
import * as titles from "../../src/cli/command_titles.ts";
import { test } from "../support/test.ts";

test("each command has a name of its own, and a summary that the help can end with a full stop", () => {
  const all = Object.values(titles);
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, summary } of all) {
    assertMatch(name, /^[a-z0-9]+$/);
    assertMatch(summary, /^[A-Z][^\n]*[^.\s]$/);
  }
});
