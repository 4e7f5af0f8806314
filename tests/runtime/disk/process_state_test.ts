import { assertEquals } from "@std/assert";
import { hasEnded } from "../../../src/runtime/disk/process_state.ts";
import { test } from "../../support/test.ts";

test("hasEnded() recognizes a zombie process, whatever its name", () => {
  const ended = ["1 (deno) Z 2 3", "1 (a) R (b) Z 2 3", "1 () S) X 2 3"];
  const running = ["1 (deno) S 2 3", "1 (a) Z (b) R 2 3", "1 (Z) D 2 3", ""];
  for (const stat of ended) assertEquals([stat, hasEnded(() => stat)], [stat, true]);
  for (const stat of running) assertEquals([stat, hasEnded(() => stat)], [stat, false]);
});

test("hasEnded() takes a process for running where it can't read its state", () => {
  assertEquals(
    hasEnded(() => {
      throw new Error("no such file");
    }),
    false,
  );
});
