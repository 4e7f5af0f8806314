import { assertEquals } from "@std/assert";
import { RateMeter } from "../../src/cli/rate_meter.ts";
import { test } from "../support/test.ts";

test("RateMeter.add() gives no rate before a quarter of a second", () => {
  const meter = new RateMeter();
  assertEquals(meter.add(0, 0, 0), { perSecond: 0, bytesPerSecond: 0 });
  assertEquals(meter.add(249, 100, 100), { perSecond: 0, bytesPerSecond: 0 });
  assertEquals(meter.add(500, 100, 5_000), { perSecond: 200, bytesPerSecond: 10_000 });
});

test("RateMeter.add() forgets samples older than five seconds", () => {
  const meter = new RateMeter();
  meter.add(0, 0, 0);
  meter.add(1_000, 1_000, 1_000_000);
  assertEquals(meter.add(5_000, 1_000, 1_000_000).perSecond, 200);
  assertEquals(meter.add(6_000, 1_000, 1_000_000), { perSecond: 0, bytesPerSecond: 0 });
  assertEquals(meter.add(7_000, 1_012, 1_000_000).perSecond, 2);
});

test("RateMeter.add() counts a long gap between two samples", () => {
  const meter = new RateMeter();
  meter.add(0, 0, 0);
  assertEquals(meter.add(60_000, 60, 0).perSecond, 1);
});
