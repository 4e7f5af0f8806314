import { assertEquals, assertThrows } from "@std/assert";
import { eventLines, sessionLines } from "../../src/cli/f1_listing.ts";
import { test } from "../support/test.ts";

test("eventLines() has a line for each event, with its round, its place and its sprint", () => {
  const lines = eventLines(2025);
  assertEquals(lines.length, 25);
  assertEquals(lines.slice(0, 3).map((line) => line.trim().split(/ {3,}/)), [
    ["Pre-Season Testing"],
    ["1", "Australian Grand Prix", "Melbourne, Australia"],
    ["2", "Chinese Grand Prix", "Shanghai, China", "sprint"],
  ]);
  assertThrows(() => eventLines(2027), RangeError, "2018 to 2026");
});

test("sessionLines() has a line for each session, with its place in the weekend", () => {
  assertEquals(sessionLines(2025, "china"), [
    "  1   Practice 1",
    "  2   Sprint Qualifying",
    "  3   Sprint",
    "  4   Qualifying",
    "  5   Race",
  ]);
  assertThrows(() => sessionLines(2025, "chnia"), RangeError, "did you mean 'Chinese Grand Prix'?");
});
