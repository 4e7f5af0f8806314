import { assertEquals } from "@std/assert";
import { WorkingTime } from "../../src/lanes/working_time.ts";
import { test } from "../support/test.ts";

test("WorkingTime.at() is the time on the clock as long as no lane is open", () => {
  assertEquals([new WorkingTime().at(0), new WorkingTime().at(1_234)], [0, 1_234]);
});

test("WorkingTime.at() stands still from the first lane that opens to the last that closes", () => {
  const time = new WorkingTime();
  time.note(true, 30);
  time.note(true, 80);
  assertEquals([time.at(130), time.openLanes], [30, 2]);
  time.note(false, 130);
  assertEquals([time.at(200), time.openLanes], [30, 1]);
  time.note(false, 200);
  assertEquals([time.at(205), time.openLanes, time.idleMs], [35, 0, 170]);
  time.note(true, 300);
  assertEquals([time.at(400), time.idleMs], [130, 170]);
});
