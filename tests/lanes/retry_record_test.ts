import { assertEquals } from "@std/assert";
import { RetryRecord } from "../../src/lanes/retry_record.ts";
import { test } from "../support/test.ts";

/** Notes the end of `ended` retries, of which `rescued` have succeeded. */
function note(record: RetryRecord, ended: number, rescued: number, nowMs = 0): void {
  for (let nth = 0; nth < ended; nth++) record.noteEnd(nth < rescued, nowMs);
}

/** Sends as many retries as the record allows, and returns how many. */
function send(record: RetryRecord, nowMs: number): number {
  let sent = 0;
  for (; record.mayRetry(nowMs); sent++) record.noteSent(nowMs);
  return sent;
}

test("RetryRecord allows ten retries a second while none succeeds", () => {
  const record = new RetryRecord(0);
  assertEquals([send(record, 0), send(record, 500), send(record, 1_000), send(record, 5_000)], [
    10,
    0,
    10,
    10,
  ]);
});

test("RetryRecord allows ten retries a second, and one and a half times as many as have succeeded within a second", () => {
  const record = new RetryRecord(0);
  assertEquals(send(record, 0), 10);
  note(record, 10, 10, 200);
  assertEquals([send(record, 200), send(record, 1_000)], [15, 10]);
  note(record, 40, 40, 2_500);
  assertEquals(send(record, 2_500), 70);
  // The record has forgotten those successes.
  assertEquals(send(record, 4_000), 10);
});

test("RetryRecord tells how many retries nearly all need, where enough of them succeed", () => {
  for (
    const [ended, rescued, needed] of [
      [0, 0, 0],
      [7, 7, 0],
      [8, 8, 2],
      [20, 19, 4],
      [20, 10, 14],
      [20, 5, 33],
      [100, 10, 88],
      [100, 9, 0],
      [1_000, 0, 0],
    ] as const
  ) {
    const record = new RetryRecord(0);
    note(record, ended, rescued);
    assertEquals(record.retriesNeeded(0), needed, `${rescued} of ${ended}`);
  }
});

test("RetryRecord forgets after a minute", () => {
  const record = new RetryRecord(0);
  note(record, 20, 10);
  assertEquals([record.retriesNeeded(54_000), record.retriesNeeded(60_000)], [14, 0]);
  note(record, 10, 0, 61_000);
  assertEquals(record.retriesNeeded(61_000), 0);
});
