import { assert, assertEquals } from "@std/assert";
import { slotName } from "../../src/cache/slot_name.ts";
import { sha256 } from "../../src/cache/sha256.ts";
import { test } from "../support/test.ts";

test("slotName() leaves a SHA-256 as it is", () => {
  assertEquals(slotName(sha256("a")), sha256("a"));
});

test("slotName() gives different keys different names of plain characters", () => {
  const keys = ["", "a", "A", "é", "e\u0301", "\ud800", "\udfff", "\ufffd", "../a", "\0", "x".repeat(9_000)];
  keys.push(sha256("a").toUpperCase(), sha256("a").slice(1), `${sha256("a")}\n`, slotName("a"));
  const names = keys.map(slotName);
  assertEquals(new Set(names).size, keys.length);
  for (const name of names) assert(/^~[0-9a-f]{64}$/.test(name), name);
  assertEquals(slotName("a"), slotName("a"));
});
