import { assertEquals } from "@std/assert";
import { MAX_DELTA_MS, parseDeltaMs } from "../../../src/http_cache/rfc9111/delta_seconds.ts";
import { test } from "../../support/test.ts";

test("parseDeltaMs() reads digits as seconds", () => {
  assertEquals(["0", "1", "003600"].map(parseDeltaMs), [0, 1_000, 3_600_000]);
});

test("parseDeltaMs() caps values at 2^31", () => {
  assertEquals(
    ["2147483647", "2147483648", "2147483649", "9".repeat(400)].map(parseDeltaMs),
    [2_147_483_647_000, MAX_DELTA_MS, MAX_DELTA_MS, MAX_DELTA_MS],
  );
});

test("parseDeltaMs() gives NaN for anything but digits", () => {
  for (const text of ["", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x1", "1a", "'1'", "1,1", "١"]) {
    assertEquals(parseDeltaMs(text), NaN, text);
  }
});
