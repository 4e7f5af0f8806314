import { assertEquals } from "@std/assert";
import { closestWord } from "../../src/cli/closest_word.ts";
import { test } from "../support/test.ts";

const WORDS = ["concurrency", "retries", "timeout", "total-timeout", "out", "header", "quiet"];

test("closestWord() finds a word with a slip, a swap, a letter too many, and a beginning", () => {
  const slips = ["concurency", "retires", "timeouts", "headr", "concur", "quite"];
  assertEquals(slips.map((word) => closestWord(word, WORDS)), [
    "concurrency",
    "retries",
    "timeout",
    "header",
    "concurrency",
    "quiet",
  ]);
});

test("closestWord() finds nothing for a word that is like no other", () => {
  for (const word of ["bogus", "x", "", "zzzzzzzzzz", "t"]) assertEquals(closestWord(word, WORDS), undefined);
  assertEquals(closestWord("out", []), undefined);
});
