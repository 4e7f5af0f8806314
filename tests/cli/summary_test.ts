import { assertEquals } from "@std/assert";
import { summaryLine } from "../../src/cli/summary.ts";
import { test } from "../support/test.ts";

const RUN = {
  succeeded: 1_052,
  failed: 0,
  missing: 0,
  fromCache: 0,
  total: 1_052,
  bytes: 138_200_000,
  retries: 0,
  elapsedMs: 5_200,
};

test("summaryLine() reports finished work", () => {
  assertEquals(summaryLine(RUN), "1,052 done, 138.2 MB in 5.2 s, 202/s");
  assertEquals(
    summaryLine({ ...RUN, succeeded: 1_040, failed: 12, retries: 31 }),
    "1,040 done, 12 failed, 138.2 MB in 5.2 s, 200/s, 31 retries",
  );
  assertEquals(
    summaryLine({ ...RUN, succeeded: 1_050, missing: 2 }),
    "1,050 done, 2 not published, 138.2 MB in 5.2 s, 202/s",
  );
  assertEquals(
    summaryLine({ ...RUN, fromCache: 1_000, failed: 1 }),
    "1,052 done, 1,000 from the cache, 1 failed, 138.2 MB in 5.2 s, 202/s",
  );
  assertEquals(summaryLine({ ...RUN, elapsedMs: 0, retries: 1 }), "1,052 done, 138.2 MB in 0 ms, 1 retry");
});

test("summaryLine() tells the speed of a single response in bytes", () => {
  assertEquals(summaryLine({ ...RUN, succeeded: 1, total: 1 }), "1 done, 138.2 MB in 5.2 s, 26.6 MB/s");
});

test("summaryLine() reports what was not done, and why", () => {
  assertEquals(
    summaryLine({ ...RUN, succeeded: 412, failed: 3, stopReason: "interrupted" }),
    "Interrupted: 412 done, 3 failed, 637 not done, 138.2 MB in 5.2 s, 79/s",
  );
  assertEquals(
    summaryLine({ ...RUN, succeeded: 10, failed: 1, total: undefined, stopReason: "failed" }),
    "Stopped at the first failure: 10 done, 1 failed, the rest not done, 138.2 MB in 5.2 s, 1.9/s",
  );
  assertEquals(
    summaryLine({ ...RUN, succeeded: 10, failed: 1, stopReason: "unwritable" }),
    "Stopped as the output can't be written: 10 done, 1 failed, 1,041 not done, 138.2 MB in 5.2 s, 1.9/s",
  );
});
