import { assertEquals } from "@std/assert";
import { closestWord } from "../../src/cli/closest_word.ts";
import { test } from "../support/test.ts";

const WORDS = ["concurrency", "retries", "timeout", "total-timeout", "out", "header", "quiet"];

test("closestWord() finds a word with a typing error, swapped letters, a letter too many, and by its beginning", () => {
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

test("closestWord() finds nothing for a word that resembles none", () => {
  for (const word of ["bogus", "x", "", "zzzzzzzzzz", "t"]) assertEquals(closestWord(word, WORDS), undefined);
  assertEquals(closestWord("out", []), undefined);
});
