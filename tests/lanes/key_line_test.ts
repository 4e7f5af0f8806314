import { assertEquals } from "@std/assert";
import { KeyLine } from "../../src/lanes/key_line.ts";
import type { Lane } from "../../src/lanes/lane.ts";
import type { Place } from "../../src/lanes/waiter.ts";
import { test } from "../support/test.ts";

test("KeyLine.isInUse is true while a request waits, or has not been answered", () => {
  const line = new KeyLine<Place<Lane>>("k", undefined);
  assertEquals([line.key, line.isInUse, line.isBlocked], ["k", false, false]);
  line.queued = 1;
  assertEquals(line.isInUse, true);
  line.queued = 0;
  line.open = 1;
  assertEquals(line.isInUse, true);
});
