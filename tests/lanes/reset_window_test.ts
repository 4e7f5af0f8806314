import { assertEquals } from "@std/assert";
import { type AnswerFacts, ResetWindow } from "../../src/lanes/reset_window.ts";
import { test } from "../support/test.ts";

function facts(nowMs: number, given: Partial<AnswerFacts> = {}): AnswerFacts {
  return { nowMs, pending: 0, number: 1, latest: 0, isOk: true, ...given };
}

test("ResetWindow allows as many requests as are left, less those that the origin may not have counted yet", () => {
  const window = new ResetWindow(60_000);
  assertEquals(window.blockedUntilMs(0, 5), 0);
  window.update({ limit: 10, remaining: 3, resetAtMs: 1_000 }, facts(0, { pending: 1 }));
  window.take(5);
  assertEquals(window.blockedUntilMs(10, 2), 10);
  window.take(5);
  assertEquals(window.blockedUntilMs(10, 3), 1_000);
  window.giveBack();
  assertEquals(window.blockedUntilMs(10, 2), 10);
});

test("ResetWindow is full again after the reset, as far as it knows its size", () => {
  for (const [limit, expected] of [[4, 4], [undefined, 3]] as const) {
    const window = new ResetWindow(60_000);
    window.update({ limit, remaining: 2, resetAtMs: 500 }, facts(0));
    window.update({ limit, remaining: 0, resetAtMs: 500 }, facts(100, { number: 3 }));
    assertEquals(window.blockedUntilMs(499, 0), 500);
    let sent = 0;
    while (window.blockedUntilMs(500, sent) <= 500) {
      window.take(500);
      sent++;
    }
    assertEquals([sent, window.blockedUntilMs(500, sent)], [expected, Infinity]);
    // If no answer states the new quota, one request at a time may find out.
    assertEquals(window.blockedUntilMs(600, 0), 600);
  }
});

test("ResetWindow: the answer to an earlier request never adds requests, and may take some away", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 10, remaining: 2, resetAtMs: 1_000 }, facts(0, { number: 8 }));
  window.update({ limit: 10, remaining: 7, resetAtMs: 5_000 }, facts(10, { number: 3 }));
  window.take(20);
  window.take(20);
  assertEquals(window.blockedUntilMs(20, 2), 1_000);
  window.update({ limit: 10, remaining: 5, resetAtMs: 1_000 }, facts(30, { number: 10 }));
  assertEquals(window.blockedUntilMs(40, 0), 40);
  window.update({ limit: 10, remaining: 0, resetAtMs: 900 }, facts(50, { number: 9 }));
  assertEquals(window.blockedUntilMs(60, 0), 1_000);
});

test("ResetWindow gives back an earlier request's place if a later response has counted it", () => {
  for (const [early, expected] of [[[9, 8], 7], [[9], 6], [[4, 8], 4], [[4, 6], 4], [[4, 3], 3]] as const) {
    const window = new ResetWindow(60_000);
    window.update({ limit: 10, remaining: 7, resetAtMs: 1_000 }, facts(0, { number: 3, pending: 2 }));
    for (const [index, remaining] of early.entries()) {
      const answer = facts(10, { number: 1 + index, pending: 1 - index });
      window.update({ limit: 10, remaining, resetAtMs: 1_000 }, answer);
    }
    let sent = 0;
    while (window.blockedUntilMs(20, 0) <= 20) {
      window.take(20);
      sent++;
    }
    assertEquals(sent, expected, `${early}`);
  }
});

test("ResetWindow: an earlier request gives nothing back after the reset, whatever was left before", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 3, remaining: 1, resetAtMs: 1_000 }, facts(0, { number: 3, pending: 1 }));
  assertEquals(window.blockedUntilMs(1_000, 1), 1_000);
  window.update({ limit: 3, remaining: 2, resetAtMs: 1_000 }, facts(1_000, { number: 2 }));
  window.take(1_001);
  window.take(1_001);
  assertEquals(window.blockedUntilMs(1_002, 2), Infinity);
});

test("ResetWindow.passOver() allows more and more requests after the reset while no response states the new quota", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 2, remaining: 0, resetAtMs: 1_000 }, facts(0, { number: 5 }));
  window.passOver(9, 0);
  assertEquals(window.blockedUntilMs(999, 0), 1_000);
  assertEquals(window.blockedUntilMs(1_000, 0), 1_000);
  window.take(1_000);
  window.passOver(6, 0);
  window.take(1_000);
  assertEquals(window.blockedUntilMs(1_001, 2), Infinity);
  // Answers to earlier requests say nothing, nor does an answer while others are pending.
  window.passOver(5, 0);
  window.passOver(7, 1);
  assertEquals(window.blockedUntilMs(1_002, 1), Infinity);
  for (const expected of [2, 4, 8]) {
    window.passOver(8, 0);
    let sent = 0;
    while (window.blockedUntilMs(1_010, sent) <= 1_010) {
      window.take(1_010);
      sent++;
    }
    assertEquals(sent, expected);
  }
  window.update({ limit: 2, remaining: 1, resetAtMs: 2_000 }, facts(1_020, { number: 20 }));
  window.take(1_021);
  assertEquals(window.blockedUntilMs(1_022, 1), 2_000);
});

test("ResetWindow.resetBy() shortens the wait for a quota that is used up, and lengthens none", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
  window.resetBy(20_000);
  assertEquals(window.blockedUntilMs(10, 0), 9_000);
  window.resetBy(2_000);
  assertEquals(window.blockedUntilMs(10, 0), 2_000);
});

test("ResetWindow.resetBy() lets one request find out what is left after a shorter wait, and does not fill the quota", () => {
  for (const [waitMs, expected] of [[400, 1], [9_000, 10], [9_500, 10]] as const) {
    const window = new ResetWindow(60_000);
    window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
    window.resetBy(waitMs);
    const atMs = Math.min(waitMs, 9_000);
    let sent = 0;
    while (window.blockedUntilMs(atMs, sent) <= atMs) {
      window.take(atMs);
      sent++;
    }
    assertEquals(sent, expected);
    window.update({ limit: 10, remaining: 6, resetAtMs: atMs + 9_000 }, facts(atMs + 1, { number: 2 }));
    assertEquals(window.blockedUntilMs(atMs + 1, 0), atMs + 1);
    window.update({ limit: 10, remaining: 0, resetAtMs: atMs + 9_000 }, facts(atMs + 2, { number: 3 }));
    // A reset fills it again.
    sent = 0;
    while (window.blockedUntilMs(atMs + 9_000, sent) <= atMs + 9_000) {
      window.take(atMs + 9_000);
      sent++;
    }
    assertEquals(sent, 10);
  }
});

test("ResetWindow believes in a used-up quota for so long; then one request finds out, and again while it is refused", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
  assertEquals([window.blockedUntilMs(10, 0), window.blockedUntilMs(1_000, 0)], [1_000, 1_000]);
  window.take(1_000);
  assertEquals(window.blockedUntilMs(1_000, 1), 9_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(1_100, { number: 2, isOk: false }));
  assertEquals(window.blockedUntilMs(1_100, 0), 2_100);
});

test("ResetWindow: a success that the quota rules out proves it wrong, until a response says otherwise", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
  window.blockedUntilMs(1_000, 0);
  window.take(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(1_100, { number: 2 }));
  assertEquals([window.blockedUntilMs(1_100, 3), window.isOver(1_100)], [1_100, true]);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(1_200, { number: 3, isOk: false }));
  assertEquals(window.blockedUntilMs(1_200, 0), 2_100);
});

test("ResetWindow.isOver() is true when its numbers no longer matter", () => {
  const window = new ResetWindow(1_000);
  assertEquals(window.isOver(0), true);
  window.update({ limit: 10, remaining: 5, resetAtMs: 500 }, facts(0));
  assertEquals([window.isOver(499), window.isOver(500)], [false, true]);
});

test("ResetWindow.usedUpUntilMs() is the reset if the origin says that nothing is left, whatever is in flight", () => {
  const window = new ResetWindow(60_000);
  assertEquals(window.usedUpUntilMs(0), 0);
  window.update({ limit: 10, remaining: 2, resetAtMs: 9_000 }, facts(0, { pending: 3 }));
  assertEquals([window.blockedUntilMs(0, 3), window.usedUpUntilMs(0)], [9_000, 0]);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(10, { number: 2 }));
  assertEquals([10, 8_999, 9_000].map((atMs) => window.usedUpUntilMs(atMs)), [9_000, 9_000, 9_000]);
});

test("ResetWindow: after a clock that goes back, no request waits longer than the quota is believed in", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 3_600_500 }, facts(3_600_000));
  assertEquals(window.blockedUntilMs(50, 0), 1_050);
});

for (
  const [shape, lastTakenAtMs, emptyAtMs] of [["answers", 99_000, 99_100], [
    "requests",
    99_000,
    99_000,
  ]] as const
) {
  test(`ResetWindow: a quota that ${shape} use up late is believed in from that moment, not from its beginning`, () => {
    const window = new ResetWindow(60_000);
    window.update({ limit: 3, remaining: 2, resetAtMs: 3_600_000 }, facts(0));
    window.take(50_000);
    window.update({ limit: 3, remaining: 1, resetAtMs: 3_600_000 }, facts(50_100, { number: 2 }));
    if (shape === "requests") window.take(lastTakenAtMs);
    window.update({ limit: 3, remaining: 0, resetAtMs: 3_600_000 }, facts(99_100, { number: 3 }));
    assertEquals(window.blockedUntilMs(99_200, 0), emptyAtMs + 60_000);
  });
}

test("ResetWindow keeps to a quota of one that is refilled each second, however often that happens", () => {
  const window = new ResetWindow(60_000);
  for (let second = 0; second < 200; second++) {
    const nowMs = 1_000 * second;
    assertEquals(window.blockedUntilMs(nowMs, 0), nowMs);
    window.take(nowMs);
    window.update({ limit: 1, remaining: 0, resetAtMs: nowMs + 1_000 }, facts(nowMs, { number: second }));
    assertEquals(window.blockedUntilMs(nowMs + 10, 0), nowMs + 1_000);
  }
});

/** Returns how many requests may be sent at once, and sends them. */
function fill(window: ResetWindow, nowMs: number): number {
  let sent = 0;
  for (; window.blockedUntilMs(nowMs, sent) <= nowMs; sent++) window.take(nowMs);
  return sent;
}

test("ResetWindow.resetBy() has no effect on a quota that is not used up", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 10, remaining: 4, resetAtMs: 9_000 }, facts(0));
  window.resetBy(500);
  assertEquals([fill(window, 500), window.blockedUntilMs(500, 0)], [4, 9_000]);
  assertEquals(fill(window, 9_000), 10);
});

test("ResetWindow believes in a new quota from the first answer that finds it used up, even if no request waits", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 1, remaining: 0, resetAtMs: 900 }, facts(0));
  window.update({ limit: 1, remaining: 0, resetAtMs: 9_000 }, facts(950, { number: 2 }));
  assertEquals(window.blockedUntilMs(1_100, 0), 1_950);
});

test("ResetWindow believes in a quota that is stated again long after its reset", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 1, remaining: 0, resetAtMs: 500 }, facts(0));
  assertEquals(window.blockedUntilMs(600, 0), 600);
  window.take(600);
  window.update({ limit: 1, remaining: 0, resetAtMs: 5_900 }, facts(5_000, { number: 2 }));
  assertEquals(window.blockedUntilMs(5_010, 0), 5_900);
});

test("ResetWindow takes no request after the reset for one that tests a used-up quota", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 1, remaining: 0, resetAtMs: 9_000 }, facts(0));
  // The quota may be tested, but no request comes before the reset.
  assertEquals([window.blockedUntilMs(1_000, 0), window.blockedUntilMs(9_000, 0)], [1_000, 9_000]);
  window.take(9_000);
  window.update({ limit: 1, remaining: 0, resetAtMs: 9_900 }, facts(9_100, { number: 2 }));
  assertEquals([window.blockedUntilMs(9_200, 0), window.isOver(9_200)], [9_900, false]);
});

test("ResetWindow.passOver() starts at one again after an answer that states the quota", () => {
  const window = new ResetWindow(60_000);
  for (const startMs of [0, 5_000]) {
    const number = startMs + 1;
    window.update({ limit: 1, remaining: 0, resetAtMs: startMs + 1_000 }, facts(startMs, { number }));
    const nowMs = startMs + 1_000;
    for (const expected of [1, 2, 4]) {
      assertEquals(fill(window, nowMs), expected);
      window.passOver(number + 1, 0);
    }
  }
});

test("ResetWindow: of requests in flight together, the origin has counted the one last after which the fewest are left", () => {
  for (const [order, expected] of [[[7, 8, 9], 7], [[8, 9, 7], 7], [[9, 8, 7], 7], [[8, 7, 9], 7]] as const) {
    const window = new ResetWindow(60_000);
    window.update({ limit: 11, remaining: 10, resetAtMs: 1_000 }, facts(0, { number: 1, latest: 1 }));
    for (let sent = 0; sent < order.length; sent++) window.take(1);
    for (const [index, remaining] of order.entries()) {
      const answer = facts(10, { number: 2 + index, latest: 4, pending: 2 - index });
      window.update({ limit: 11, remaining, resetAtMs: 1_000 }, answer);
    }
    assertEquals(fill(window, 20), expected, `${order}`);
  }
});

test("ResetWindow: after the reset, a request that was in flight before it may state the new quota", () => {
  const window = new ResetWindow(60_000);
  window.update(
    { limit: 3, remaining: 0, resetAtMs: 1_000 },
    facts(990, { number: 1, latest: 2, pending: 1 }),
  );
  assertEquals(window.blockedUntilMs(1_000, 1), 1_000);
  window.update({ limit: 3, remaining: 2, resetAtMs: 2_000 }, facts(1_010, { number: 2, latest: 2 }));
  assertEquals([fill(window, 1_020), window.blockedUntilMs(1_020, 0)], [2, 2_000]);
});

test("ResetWindow waits for a second longer than stated once an origin refuses requests after its own reset", () => {
  for (
    const [resetAtMs, isOk, first, second] of [
      [1_010, false, 2_010, 10_000],
      [1_000, false, 2_000, 10_000],
      [3_000, false, 3_000, 9_000],
      [1_010, true, 1_010, 9_000],
    ] as const
  ) {
    const window = new ResetWindow(60_000);
    window.update({ limit: 2, remaining: 0, resetAtMs: 1_000 }, facts(0, { number: 1 }));
    assertEquals(fill(window, 1_000), 2);
    window.update({ limit: 2, remaining: 0, resetAtMs }, facts(1_010, { number: 2, isOk }));
    assertEquals(window.blockedUntilMs(Math.min(1_010, first), 0), Math.max(1_010, first));
    window.update({ limit: 2, remaining: 0, resetAtMs: 9_000 }, facts(3_500, { number: 4 }));
    assertEquals(window.blockedUntilMs(3_510, 0), second);
  }
  // Nothing was known of the reset of a quota that is refused at first.
  const window = new ResetWindow(60_000);
  window.update({ limit: 2, remaining: 0, resetAtMs: 10 }, facts(10, { isOk: false }));
  assertEquals(fill(window, 10), 2);
});
