import { assertEquals } from "@std/assert";
import { demoReport, type DemoResult } from "../../src/cli/demo_report.ts";
import { ANSI, PLAIN } from "../../src/cli/style.ts";
import { test } from "../support/test.ts";

const RESULT: DemoResult = {
  concurrency: 20,
  sample: { files: 12, meanMs: 82 },
  cold: { files: 1_024, failed: 0, fromCache: 0, bytes: 144_500_000, elapsedMs: 5_100 },
  cached: { files: 1_024, failed: 0, fromCache: 1_024, bytes: 144_500_000, elapsedMs: 436 },
  retries: 1,
  handovers: 24,
  mirrors: [
    {
      name: "alpha",
      origin: "http://127.0.0.1:40979",
      attempts: 520,
      succeeded: 504,
      failed: 16,
      bytes: 69_500_000,
      breaker: "open",
    },
    {
      name: "bravo",
      origin: "http://127.0.0.1:36579",
      attempts: 520,
      succeeded: 520,
      failed: 0,
      bytes: 75_000_000,
      breaker: "closed",
    },
  ],
  breakerChanges: [{ mirror: "alpha", atMs: 2_600, from: "closed", to: "open" }],
};

test("demoReport() shows the loads, the mirrors and the breakers in columns", () => {
  assertEquals(demoReport(RESULT, PLAIN), [
    "                   files       size         time    files/s    MB/s   speed-up",
    "  one at a time    1,024   144.5 MB   1 min 24 s*        12     1.7         1×",
    "  20 at once       1,024   144.5 MB        5.1 s        201    28.3        16×",
    "  from the cache   1,024   144.5 MB       436 ms      2,349   331.4       193×",
    "",
    "  * not run: 1,024 × 82 ms, the mean of a sample of 12, loaded one at a time before",
    "",
    "  mirror                            asked   served   failed      data   breaker",
    "  alpha    http://127.0.0.1:40979     520      504       16   69.5 MB   open",
    "  bravo    http://127.0.0.1:36579     520      520        0   75.0 MB   closed",
    "",
    "  24 failures handed to the next mirror at once, 1 retry after a pause",
    "     2.6 s  circuit breaker of alpha: closed → open",
    "",
    "All files were loaded: 1,024 in 5.1 s with 20 at once, and again in 436 ms from the cache.",
  ]);
});

test("demoReport() says when no breaker changed, and when not all came from the cache", () => {
  const cached = { ...RESULT.cached, fromCache: 1_000 };
  const lines = demoReport({ ...RESULT, cached, retries: 0, handovers: 1, breakerChanges: [] }, PLAIN);
  assertEquals(lines.slice(-4), [
    "  1 failure handed to the next mirror at once, 0 retries after a pause",
    "  no circuit breaker changed",
    "",
    "All files were loaded: 1,024 in 5.1 s with 20 at once, and again in 436 ms 1,000 of them from the cache.",
  ]);
});

test("demoReport() never says that all were loaded when some were not", () => {
  const lines = demoReport({ ...RESULT, cold: { ...RESULT.cold, failed: 3 } }, PLAIN);
  assertEquals(lines.at(-1), "3 files could not be loaded.");
});

test("demoReport() in colour is the same text", () => {
  // deno-lint-ignore no-control-regex
  const stripped = demoReport(RESULT, ANSI).map((line) => line.replace(/\x1b\[\d+m/g, "").trimEnd());
  assertEquals(stripped, demoReport(RESULT, PLAIN));
});
