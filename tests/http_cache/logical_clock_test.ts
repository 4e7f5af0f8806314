import { assertEquals } from "@std/assert";
import { LogicalClock } from "../../src/http_cache/logical_clock.ts";
import { test } from "../support/test.ts";

test("LogicalClock.tick() gives each event a later moment, and now is that of the latest one", () => {
  const clock = new LogicalClock();
  assertEquals([clock.now, clock.tick(), clock.now, clock.now, clock.tick(), clock.now], [0, 1, 1, 1, 2, 2]);
  assertEquals(new LogicalClock().now, 0);
});
