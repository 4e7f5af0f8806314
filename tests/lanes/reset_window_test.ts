import { assertEquals } from "@std/assert";
import { type AnswerFacts, ResetWindow } from "../../src/lanes/reset_window.ts";
import { test } from "../support/test.ts";

function facts(nowMs: number, given: Partial<AnswerFacts> = {}): AnswerFacts {
  return { nowMs, pending: 0, number: 1, isOk: true, ...given };
}

test("ResetWindow lets as many go as are left, less those that may not be counted yet", () => {
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

test("ResetWindow is full again after the reset, as far as is known how much that is", () => {
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
    // If no answer says what the new quota is like, one at a time may find out.
    assertEquals(window.blockedUntilMs(600, 0), 600);
  }
});

test("ResetWindow: the answer to an earlier request makes nothing more, and may make it less", () => {
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

test("ResetWindow gives back what an earlier request takes that the later response has counted", () => {
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

test("ResetWindow.passOver() lets ever more go after the reset where no response says what the new quota is like", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 2, remaining: 0, resetAtMs: 1_000 }, facts(0, { number: 5 }));
  window.passOver(9, 0);
  assertEquals(window.blockedUntilMs(999, 0), 1_000);
  assertEquals(window.blockedUntilMs(1_000, 0), 1_000);
  window.take(1_000);
  window.passOver(6, 0);
  window.take(1_000);
  assertEquals(window.blockedUntilMs(1_001, 2), Infinity);
  // Those that came before, and that others are waited for besides, say nothing.
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

test("ResetWindow.resetBy() ends the wait of a quota that is used up, and makes none longer", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
  window.resetBy(20_000);
  assertEquals(window.blockedUntilMs(10, 0), 9_000);
  window.resetBy(2_000);
  assertEquals(window.blockedUntilMs(10, 0), 2_000);
});

test("ResetWindow.resetBy() lets one find out how much is left after a shorter wait, which fills no quota", () => {
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

test("ResetWindow: a quota that is used up is believed in for so long, then one finds out, again and again while it is refused", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
  assertEquals([window.blockedUntilMs(10, 0), window.blockedUntilMs(1_000, 0)], [1_000, 1_000]);
  window.take(1_000);
  assertEquals(window.blockedUntilMs(1_000, 1), 9_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(1_100, { number: 2, isOk: false }));
  assertEquals(window.blockedUntilMs(1_100, 0), 2_100);
});

test("ResetWindow: an answer that should not have been proves it wrong, until it says otherwise", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(0));
  window.blockedUntilMs(1_000, 0);
  window.take(1_000);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(1_100, { number: 2 }));
  assertEquals([window.blockedUntilMs(1_100, 3), window.isOver(1_100)], [1_100, true]);
  window.update({ limit: 10, remaining: 0, resetAtMs: 9_000 }, facts(1_200, { number: 3, isOk: false }));
  assertEquals(window.blockedUntilMs(1_200, 0), 2_100);
});

test("ResetWindow.isOver() says when nothing of it matters any more", () => {
  const window = new ResetWindow(1_000);
  assertEquals(window.isOver(0), true);
  window.update({ limit: 10, remaining: 5, resetAtMs: 500 }, facts(0));
  assertEquals([window.isOver(499), window.isOver(500)], [false, true]);
});

test("ResetWindow: a clock that goes back makes nobody wait for longer than a quota is believed in", () => {
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
  test(`ResetWindow: a quota that ${shape} use up late is believed in from then on, and not from its beginning`, () => {
    const window = new ResetWindow(60_000);
    window.update({ limit: 3, remaining: 2, resetAtMs: 3_600_000 }, facts(0));
    window.take(50_000);
    window.update({ limit: 3, remaining: 1, resetAtMs: 3_600_000 }, facts(50_100, { number: 2 }));
    if (shape === "requests") window.take(lastTakenAtMs);
    window.update({ limit: 3, remaining: 0, resetAtMs: 3_600_000 }, facts(99_100, { number: 3 }));
    assertEquals(window.blockedUntilMs(99_200, 0), emptyAtMs + 60_000);
  });
}

test("ResetWindow: a quota of one that is refilled each second is kept to, however often that happens", () => {
  const window = new ResetWindow(60_000);
  for (let second = 0; second < 200; second++) {
    const nowMs = 1_000 * second;
    assertEquals(window.blockedUntilMs(nowMs, 0), nowMs);
    window.take(nowMs);
    window.update({ limit: 1, remaining: 0, resetAtMs: nowMs + 1_000 }, facts(nowMs, { number: second }));
    assertEquals(window.blockedUntilMs(nowMs + 10, 0), nowMs + 1_000);
  }
});

/** How many may be sent at once. */
function fill(window: ResetWindow, nowMs: number): number {
  let sent = 0;
  for (; window.blockedUntilMs(nowMs, sent) <= nowMs; sent++) window.take(nowMs);
  return sent;
}

test("ResetWindow.resetBy() says nothing of a quota of which some is left", () => {
  const window = new ResetWindow(60_000);
  window.update({ limit: 10, remaining: 4, resetAtMs: 9_000 }, facts(0));
  window.resetBy(500);
  assertEquals([fill(window, 500), window.blockedUntilMs(500, 0)], [4, 9_000]);
  assertEquals(fill(window, 9_000), 10);
});

test("ResetWindow is believed in from the first answer of a new quota that is used up as well, also if no request waits", () => {
  const window = new ResetWindow(1_000);
  window.update({ limit: 1, remaining: 0, resetAtMs: 900 }, facts(0));
  window.update({ limit: 1, remaining: 0, resetAtMs: 9_000 }, facts(950, { number: 2 }));
  assertEquals(window.blockedUntilMs(1_100, 0), 1_950);
});

test("ResetWindow.passOver() begins with one again after an answer that says what the quota is like", () => {
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
