import { assertEquals } from "@std/assert";
import { WorkingTime } from "../../src/primitives/working_time.ts";
import { test } from "../support/test.ts";

test("WorkingTime.at() is the time on the clock while no origin is down", () => {
  assertEquals([new WorkingTime().at(0), new WorkingTime().at(1_234)], [0, 1_234]);
});

test("WorkingTime.at() stands still from the beginning of the first outage to the end of the last", () => {
  const time = new WorkingTime();
  time.begin(30);
  time.begin(80);
  assertEquals([time.at(130), time.outages], [30, 2]);
  time.end(80, 130);
  assertEquals([time.at(200), time.outages], [30, 1]);
  time.end(30, 200);
  assertEquals([time.at(205), time.outages], [35, 0]);
  time.begin(300);
  assertEquals(time.at(400), 130);
});

test("WorkingTime.at() goes on after the first minute of an outage, so that an unused origin holds nothing up", () => {
  const time = new WorkingTime();
  time.begin(10);
  assertEquals([time.at(60_010), time.at(60_011), time.at(100_000)], [10, 11, 40_000]);
  time.end(10, 100_000);
  assertEquals(time.at(100_005), 40_005);
});

test("WorkingTime.at() stands still in each outage, also while an older one lasts", () => {
  const time = new WorkingTime();
  time.begin(0);
  assertEquals(time.at(70_000), 10_000);
  time.begin(70_000);
  assertEquals([time.at(75_000), time.outages], [10_000, 1]);
  time.end(70_000, 75_000);
  assertEquals([time.at(76_000), time.outages], [11_000, 0]);
  time.end(0, 80_000);
  assertEquals([time.at(81_000), time.outages], [16_000, 0]);
});

test("WorkingTime.at() goes on when the latest outage ends before an older one, which then no longer counts", () => {
  const time = new WorkingTime();
  time.begin(0);
  time.begin(59_000);
  time.end(59_000, 61_000);
  assertEquals([time.at(61_000), time.at(62_000)], [0, 1_000]);
  time.end(0, 63_000);
  assertEquals(time.at(64_000), 3_000);
});

test("WorkingTime.work() lets time go on during an outage, for half a minute after an origin that is up has served", () => {
  const time = new WorkingTime();
  time.begin(1_000);
  assertEquals(time.at(3_000), 1_000);
  time.work(3_000);
  assertEquals([time.at(4_000), time.at(33_000), time.at(35_000)], [2_000, 31_000, 31_000]);
  time.work(35_000);
  time.end(1_000, 36_000);
  assertEquals(time.at(37_000), 33_000);
});

test("WorkingTime.work() does not count after another origin has gone down, nor backwards", () => {
  const time = new WorkingTime();
  time.work(500);
  time.begin(1_000);
  assertEquals(time.at(2_000), 1_000);
  time.work(2_000);
  // The origin that went down may have been the one that worked.
  time.begin(3_000);
  assertEquals([time.at(3_000), time.at(9_000)], [2_000, 2_000]);
  time.work(9_000);
  assertEquals(time.at(10_000), 3_000);
});
