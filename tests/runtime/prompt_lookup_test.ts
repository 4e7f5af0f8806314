import { assertEquals } from "@std/assert";
import { promptLookup } from "../../src/runtime/prompt_lookup.ts";
import { test } from "../support/test.ts";

test("promptLookup() says of each path whether there is nothing", () => {
  const isAbsent = promptLookup((path) => path === "here", () => 0);
  assertEquals(["here", "there", "here"].map(isAbsent), [false, true, false]);
});

test("promptLookup() leaves the next hundred to others after a slow one, and then asks again", () => {
  for (const [tookMs, asked] of [[2, 202], [2.5, 2], [5_000, 2], [-1, 202]] as const) {
    let nowMs = 0;
    let count = 0;
    const isAbsent = promptLookup(() => {
      count++;
      nowMs += tookMs;
      return false;
    }, () => nowMs);
    const answers = Array.from({ length: 202 }, () => isAbsent("none"));
    assertEquals([count, answers.filter((isAbsent) => isAbsent).length], [asked, asked], String(tookMs));
    assertEquals([answers[0], answers[101]], [true, true]);
  }
});
