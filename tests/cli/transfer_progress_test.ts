import { assertEquals } from "@std/assert";
import { TransferProgress } from "../../src/cli/transfer_progress.ts";
import { test } from "../support/test.ts";
import { setUpRun } from "./sink_rig.ts";

const URL = "https://h/a";

test("TransferProgress.note() counts received bytes: not those that were there, and twice those of a body that starts over", () => {
  const { run } = setUpRun();
  const progress = new TransferProgress(run, "a", 100);
  for (const [attempt, bytes] of [[1, 150], [1, 170], [2, 20], [2, 30]] as const) {
    progress.note({ url: URL, attempt, bytes, totalBytes: 200 });
  }
  assertEquals([run.received, progress.received, progress.total, progress.attempts], [100, 30, 200, 2]);
  const again = new TransferProgress(run, "a", 100);
  again.note({ url: URL, attempt: 1, bytes: 60, totalBytes: undefined });
  assertEquals(run.received, 160);
});

test("TransferProgress shows a large body, or the only one, from when its size is known until it has ended", () => {
  for (
    const [bytes, totalBytes, total, isShown] of [
      [1, 5_000_000, 2, true],
      [5_000_000, undefined, undefined, true],
      [1, 10, 2, false],
      [1, 10, undefined, false],
      [1, 10, 1, true],
      [1, undefined, 1, true],
    ] as const
  ) {
    const { run } = setUpRun();
    run.total = total;
    const shown: string[] = [];
    const showTransfer = (name: string) => {
      shown.push(name);
      return { [Symbol.dispose]: () => void shown.pop() };
    };
    const progress = new TransferProgress(Object.assign(run, { showTransfer }), "a");
    progress.note({ url: URL, attempt: 1, bytes, totalBytes });
    progress.note({ url: URL, attempt: 1, bytes, totalBytes });
    assertEquals(shown, isShown ? ["a"] : []);
    progress.end();
    assertEquals(shown, []);
  }
});
