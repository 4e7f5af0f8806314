import { assertEquals, assertStringIncludes } from "@std/assert";
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
      address: "http://127.0.0.1:40979",
      attempts: 520,
      succeeded: 504,
      failed: 16,
      bytes: 69_500_000,
      breaker: "open",
    },
    {
      name: "bravo",
      address: "http://127.0.0.1:36579",
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
    "                  files       size         time    files/s    MB/s   speed-up",
    "  one at a time   1,024   144.5 MB   1 min 24 s*        12     1.7         1×",
    "  20 at once      1,024   144.5 MB        5.1 s        201    28.3        16×",
    "  from memory     1,024   144.5 MB       436 ms      2,349   331.4       193×",
    "",
    "  * not run: 1,024 × 82 ms, the mean of a sample of 12, loaded one at a time before",
    "",
    "  mirror                     asked   served   failed      data   breaker",
    "  alpha    127.0.0.1:40979     520      504       16   69.5 MB   open",
    "  bravo    127.0.0.1:36579     520      520        0   75.0 MB   closed",
    "",
    "  24 failures handed to the next mirror at once, 1 retry after a pause",
    "     2.6 s  circuit breaker of alpha: closed → open",
    "",
    "All files were loaded: 1,024 in 5.1 s with 20 at once, and again in 436 ms from memory.",
  ]);
});

test("demoReport() says when no breaker changed, and when not all files came from memory", () => {
  const cached = { ...RESULT.cached, fromCache: 1_000 };
  const lines = demoReport({ ...RESULT, cached, retries: 0, handovers: 1, breakerChanges: [] }, PLAIN);
  assertEquals(lines.slice(-4), [
    "  1 failure handed to the next mirror at once, 0 retries after a pause",
    "  no circuit breaker changed",
    "",
    "All files were loaded: 1,024 in 5.1 s with 20 at once, and again in 436 ms 1,000 of them from memory.",
  ]);
});

test("demoReport() shows the files from disk, which process loaded them, and where they stay", () => {
  const disk = { ...RESULT.cached, elapsedMs: 900, isNewProcess: true, keptIn: ".cache" };
  const lines = demoReport({ ...RESULT, disk }, PLAIN);
  assertEquals(lines[4], "  from disk       1,024   144.5 MB       900 ms      1,138   160.6        93×");
  assertEquals(lines.slice(-2), [
    "All files were loaded: 1,024 in 5.1 s with 20 at once, again in 436 ms from memory, and by a new process in 900 ms from disk.",
    "They stay in .cache: the same command again finds them there.",
  ]);
  const here = demoReport({ ...RESULT, disk: { ...disk, isNewProcess: false, keptIn: undefined } }, PLAIN);
  assertStringIncludes(here.at(-1) ?? "", ", and by a new client in 900 ms from disk.");
  const failed = demoReport({ ...RESULT, disk: { ...disk, failed: 1, keptIn: undefined } }, PLAIN);
  assertEquals(failed.at(-1), "1 file could not be loaded.");
});

test("demoReport() tells the files of an earlier run from those that the mirrors have sent", () => {
  const all = demoReport({ ...RESULT, cold: { ...RESULT.cold, fromCache: 1_024 } }, PLAIN);
  assertStringIncludes(all[2] ?? "", "  from an earlier run  ");
  assertStringIncludes(all.at(-1) ?? "", "(1,024 of them from disk, left by an earlier run)");
  const some = demoReport({ ...RESULT, cold: { ...RESULT.cold, fromCache: 24 } }, PLAIN);
  assertStringIncludes(some[2] ?? "", "  20 at once  ");
  assertStringIncludes(some.at(-1) ?? "", "(24 of them from disk, left by an earlier run)");
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
