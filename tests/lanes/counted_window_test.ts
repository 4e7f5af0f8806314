import { assert, assertEquals } from "@std/assert";
import { CountedWindow } from "../../src/lanes/counted_window.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

test("CountedWindow.blockedUntilMs() counts an answered request for a whole window, and a pending one until it is answered", () => {
  const window = new CountedWindow(3, 1_000);
  assertEquals(window.blockedUntilMs(0, 2), 0);
  assertEquals(window.blockedUntilMs(0, 3), Infinity);
  window.note(100, 1);
  assertEquals([window.blockedUntilMs(200, 2), window.blockedUntilMs(200, 1)], [1_100, 200]);
  window.note(300, 2);
  assertEquals([window.blockedUntilMs(400, 0), window.blockedUntilMs(400, 2)], [1_100, 1_300]);
  assertEquals([window.usedAt(1_099), window.usedAt(1_100), window.usedAt(1_300)], [3, 2, 0]);
});

test("CountedWindow: a limit that is lowered holds at once, and one that is raised lets more go", () => {
  const window = new CountedWindow(3, 1_000);
  for (const atMs of [0, 100, 200]) window.note(atMs, 1);
  window.limit = 1;
  assertEquals(window.blockedUntilMs(300, 0), 1_200);
  window.limit = 4;
  assertEquals(window.blockedUntilMs(300, 0), 300);
});

test("CountedWindow keeps a short log for a large limit, and errs on the safe side", () => {
  const window = new CountedWindow(100_000, 1_000);
  for (let n = 0; n < 100_000; n++) window.note(n / 100, 1);
  assertEquals(window.usedAt(1_000), 100_000);
  const untilMs = window.blockedUntilMs(1_000, 0);
  assert(untilMs >= 1_000 && untilMs <= 1_002, `${untilMs}`);
});

test("CountedWindow never exceeds a window of the server, wherever it begins and however long requests travel", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const limit = 1 + Math.floor(20 * random());
    const windowMs = 50 + Math.floor(1_000 * random());
    const window = new CountedWindow(limit, windowMs);
    const arrivals: number[] = [];
    const underWay: number[] = [];
    let nowMs = 0;
    let sent = 0;
    for (let step = 0; step < 400; step++) {
      nowMs += Math.floor(30 * random());
      for (const answeredAtMs of underWay.filter((atMs) => atMs <= nowMs)) {
        underWay.splice(underWay.indexOf(answeredAtMs), 1);
        window.note(nowMs, 1);
      }
      while (underWay.length < 10 && window.blockedUntilMs(nowMs, underWay.length) <= nowMs) {
        const [there, back] = [Math.floor(100 * random()), Math.floor(100 * random())];
        arrivals.push(nowMs + there);
        underWay.push(nowMs + there + back);
        sent++;
      }
    }
    arrivals.sort((a, b) => a - b);
    for (const [first, atMs] of arrivals.entries()) {
      const next = arrivals[first + limit];
      assert(next === undefined || next - atMs >= windowMs, `seed ${seed}: ${next! - atMs} < ${windowMs}`);
    }
    // The client also sends most of what it may, at up to 230 ms a round trip.
    const ideal = Math.min(limit * nowMs / (windowMs + 230), 10 * nowMs / 230);
    assert(sent >= 0.5 * ideal, `seed ${seed}: ${sent} of ${ideal}`);
  }
});

test("CountedWindow: after a clock that goes back, no request waits longer than a window", () => {
  const window = new CountedWindow(1, 1_000);
  window.note(3_600_000, 1);
  assertEquals([window.blockedUntilMs(50, 0), window.blockedUntilMs(1_050, 0)], [1_050, 1_050]);
});

test("CountedWindow believes in a used-up limit for so long after the latest answer; then one request finds out, and again while it is refused", () => {
  const window = new CountedWindow(2, 9_000, 1_000);
  window.note(0, 1);
  window.note(500, 1);
  assertEquals([window.blockedUntilMs(600, 0), window.blockedUntilMs(1_500, 0)], [1_500, 1_500]);
  assertEquals(window.blockedUntilMs(1_500, 1), 9_500);
  window.note(1_600, 1);
  window.hear(false);
  assertEquals([window.blockedUntilMs(1_600, 0), window.blockedUntilMs(2_600, 0)], [2_600, 2_600]);
});

test("CountedWindow does not count the refused request that tested the limit, which would hold its place for a whole window", () => {
  const window = new CountedWindow(2, 9_000, 5_000);
  window.note(0, 2);
  assertEquals([window.blockedUntilMs(0, 0), window.blockedUntilMs(5_000, 0)], [5_000, 5_000]);
  window.note(5_010, 1);
  window.hear(false);
  assertEquals([window.usedAt(5_010), window.blockedUntilMs(5_010, 0)], [2, 9_000]);
  assertEquals([0, 1, 2].map((pending) => window.blockedUntilMs(9_000, pending)), [9_000, 9_000, Infinity]);
  // A refused request that was no test may have been counted.
  window.note(9_100, 1);
  window.hear(false);
  assertEquals(window.usedAt(9_100), 1);
});

test("CountedWindow: a refused test takes no place of the requests that share its moment", () => {
  const window = new CountedWindow(2, 900_000, 1_000);
  window.note(0, 2);
  assertEquals(window.blockedUntilMs(1_000, 0), 1_000);
  window.note(1_000, 1);
  window.hear(false);
  assertEquals([window.usedAt(1_000), window.blockedUntilMs(1_000, 0)], [2, 2_000]);
});

test("CountedWindow: successes that the limit rules out allow two limits in a window, then any number, until a request is refused", () => {
  const window = new CountedWindow(2, 9_000, 1_000);
  window.note(0, 2);
  window.hear(true);
  assertEquals(window.blockedUntilMs(1_000, 0), 1_000);
  window.note(1_000, 1);
  window.hear(true);
  assertEquals([window.blockedUntilMs(1_000, 0), window.blockedUntilMs(1_000, 1)], [1_000, 9_000]);
  window.note(1_100, 1);
  window.hear(true);
  assertEquals([window.blockedUntilMs(1_100, 0), window.blockedUntilMs(2_100, 0)], [2_100, 2_100]);
  window.note(2_100, 1);
  window.hear(true);
  assertEquals(window.blockedUntilMs(2_100, 50), 2_100);
  window.note(2_200, 1);
  window.hear(false);
  assertEquals(window.blockedUntilMs(2_200, 0), 3_200);
});

test("CountedWindow: without a bound on the wait, a used-up limit holds for the whole window", () => {
  const window = new CountedWindow(1, 86_400_000);
  window.note(0, 1);
  assertEquals(window.blockedUntilMs(86_399_999, 0), 86_400_000);
});
