import { assertEquals } from "@std/assert";
import { Refreshes } from "../../src/http_cache/refreshes.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("Refreshes.tryBegin() lets one run at a time for each key", () => {
  const refreshes = new Refreshes(new ManualClock());
  const end = refreshes.tryBegin("a");
  assertEquals([refreshes.tryBegin("a"), typeof refreshes.tryBegin("b")], [undefined, "function"]);
  end!(true);
  assertEquals(typeof refreshes.tryBegin("a"), "function");
});

test("Refreshes.tryTakeOver() begins a refresh in place of one that may be lost, whose end then changes nothing", async () => {
  const clock = new ManualClock();
  const refreshes = new Refreshes(clock);
  assertEquals(refreshes.tryTakeOver("a"), undefined);
  const lost = refreshes.tryBegin("a")!;
  await clock.advance(999);
  assertEquals(refreshes.tryTakeOver("a"), undefined);
  await clock.advance(1);
  const end = refreshes.tryTakeOver("a")!;
  assertEquals(refreshes.tryTakeOver("a"), undefined);
  lost(true);
  assertEquals(refreshes.tryBegin("a"), undefined);
  end(true);
  assertEquals(typeof refreshes.tryBegin("a"), "function");
});

test("Refreshes.tryBegin() pauses after a failure, twice as long after each further one, up to a minute", async () => {
  const clock = new ManualClock();
  const refreshes = new Refreshes(clock);
  for (const pauseMs of [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000)) {
    refreshes.tryBegin("a")!(false);
    assertEquals(refreshes.tryBegin("a"), undefined, `${pauseMs}`);
    await clock.advance(pauseMs - 1);
    assertEquals(refreshes.tryBegin("a"), undefined, `${pauseMs}`);
    await clock.advance(1);
  }
  refreshes.tryBegin("b")!(true);
  refreshes.tryBegin("a")!(true);
  refreshes.tryBegin("a")!(false);
  await clock.advance(1_000);
  assertEquals(typeof refreshes.tryBegin("a"), "function");
});
