import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Pace } from "../../src/lanes/pace.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";

/** Sends requests as soon as the pace allows them, all of which are served. Returns the gap after the last one. */
function serve(
  pace: Pace,
  count: number,
  fromMs: number,
): { readonly gapMs: number; readonly nowMs: number } {
  let nowMs = fromMs;
  for (let nth = 0; nth < count; nth++) {
    nowMs = Math.max(nowMs, pace.blockedUntilMs(nowMs));
    pace.noteSent(nowMs);
    pace.noteServed(nowMs);
  }
  return { gapMs: pace.blockedUntilMs(nowMs) - nowMs, nowMs };
}

test("Pace lets each request go when the gap is over, and the first one when it is over since the pace began", () => {
  const pace = new Pace(100, 1, 900);
  assertEquals(pace.blockedUntilMs(950), 1_000);
  pace.noteSent(1_000);
  assertEquals([pace.blockedUntilMs(1_000), pace.blockedUntilMs(1_099)], [1_100, 1_100]);
});

test("Pace halves the gap each time that it has served enough requests at it", () => {
  const gaps = (inRow: number): number[] => {
    const pace = new Pace(800, inRow, 0);
    const all: number[] = [];
    for (let nowMs = 0; all.length < 14;) {
      const step = serve(pace, 1, nowMs);
      nowMs = step.nowMs;
      all.push(step.gapMs);
    }
    return all;
  };
  assertEquals(gaps(1), [800, 800, 800, 800, 400, 400, 400, 400, 200, 200, 200, 200, 100, 100]);
  assertEquals(gaps(4), [800, 800, 800, 800, 800, 800, 800, 800, 400, 400, 400, 400, 400, 400]);
});

test("Pace tries no shorter gap for requests that were sent before the gap changed, or that come late for another reason", () => {
  const pace = new Pace(800, 1, 0);
  serve(pace, 5, 0);
  pace.noteSent(4_400);
  // They were sent at the gap before.
  for (let nth = 0; nth < 9; nth++) pace.noteServed(3_000);
  pace.noteSent(4_800);
  assertEquals(pace.blockedUntilMs(4_800), 5_200);

  for (let nowMs = 10_000; nowMs < 20_000; nowMs += 1_000) {
    pace.noteSent(nowMs);
    pace.noteServed(nowMs);
    assertEquals(pace.blockedUntilMs(nowMs), nowMs + 400);
  }
});

test("Pace returns to the gap before a try that is refused, and tries a little less after 16 times the cost", () => {
  const pace = new Pace(800, 1, 0);
  const { nowMs } = serve(pace, 5, 0);
  assertEquals(pace.noteRefused(nowMs, 100, nowMs), true);
  const resumed = serve(pace, 2, nowMs + 100);
  assertEquals(resumed.gapMs, 800);
  // 1,600 ms after the refusal and four requests later.
  assertAlmostEquals(serve(pace, 3, resumed.nowMs).gapMs, 800 / 1.1);
});

test("Pace tries a shorter gap again as soon as 16 times the cost of a refusal is over, and no sooner", () => {
  // The fifth request goes 4,000 ms after the refusal.
  for (const [costMs, gapMs] of [[250, 800 / 1.1], [251, 800]] as const) {
    const pace = new Pace(800, 1, 0);
    const { nowMs } = serve(pace, 5, 0);
    pace.noteRefused(nowMs, costMs, nowMs);
    assertAlmostEquals(serve(pace, 5, nowMs).gapMs, gapMs);
  }
});

test("Pace returns to the gap with which it began, if it is refused before it has measured another", () => {
  const pace = new Pace(800, 1, 0);
  const lateMs = serve(pace, 9, 0).nowMs + 10_000;
  pace.noteSent(lateMs);
  pace.noteRefused(lateMs, 10, lateMs);
  assertEquals(pace.blockedUntilMs(lateMs), lateMs + 400);
  pace.noteSent(lateMs + 400);
  assertEquals(pace.noteRefused(lateMs + 400, 10, lateMs + 400), true);
  assertEquals(pace.blockedUntilMs(lateMs + 400), lateMs + 400 + 800);
});

test("Pace takes a request as late only after more than twice the gap", () => {
  for (const [afterMs, gapMs] of [[1_600, 400], [1_601, 800]] as const) {
    const pace = new Pace(800, 1, 0);
    const { nowMs } = serve(pace, 4, 0);
    pace.noteSent(nowMs + afterMs);
    assertEquals(pace.blockedUntilMs(nowMs + afterMs), nowMs + afterMs + gapMs);
  }
});

test("Pace grows faster again after tries that go well", () => {
  const pace = new Pace(1_000, 1, 0);
  const { nowMs } = serve(pace, 5, 0);
  pace.noteRefused(nowMs, 10, nowMs);
  const gaps: number[] = [];
  let fromMs = nowMs + 1_000;
  for (const count of [5, 4, 4, 4, 4, 4]) {
    const step = serve(pace, count, fromMs);
    fromMs = step.nowMs;
    gaps.push(step.gapMs);
  }
  const ratios = gaps.slice(1).map((gapMs, index) => gaps[index]! / gapMs);
  for (const [index, ratio] of [1.1 ** 2, 1.1 ** 4, 2, 2, 2].entries()) {
    assertAlmostEquals(ratios[index]!, ratio, 1e-9);
  }
});

test("Pace makes the gap longer when a request is refused at a gap that was accepted, up to two seconds", () => {
  const pace = new Pace(100, 1, 0);
  const { nowMs } = serve(pace, 3, 0);
  assertEquals(pace.noteRefused(nowMs, 1_000, nowMs), true);
  assertEquals(serve(pace, 1, nowMs + 150).gapMs, 150);

  const slow = new Pace(1_000, 1, 0);
  slow.noteRefused(1_000, 10, 1_000);
  slow.noteRefused(2_500, 10, 2_500);
  assertEquals(serve(slow, 1, 4_500).gapMs, 2_000);
});

test("Pace takes the gap from what was served since the refusal before, if the gap before a try is refused as well", () => {
  const pace = new Pace(800, 1, 0);
  // A full bucket serves requests at 800, 400 and 200 ms.
  const { nowMs } = serve(pace, 10, 0);
  assertEquals(nowMs, 5_800);
  pace.noteRefused(nowMs + 200, 10, nowMs + 200);
  assertEquals(serve(pace, 1, nowMs + 600).gapMs, 400);
  assertEquals(pace.noteRefused(nowMs + 1_000, 10, nowMs + 1_000), true);
  assertAlmostEquals(serve(pace, 1, nowMs + 2_000).gapMs, (nowMs + 200) / 10);
});

test("Pace counts a pause in part, since it may be longer than it takes to fill the bucket", () => {
  const pace = new Pace(100, 1, 0);
  pace.noteRefused(0, 900, 0);
  for (let nowMs = 900; nowMs < 1_600; nowMs += 150) {
    pace.noteSent(nowMs, 900);
    pace.noteServed(nowMs);
  }
  pace.noteRefused(1_600, 900, 1_600);
  // Five were served in 1,600 ms, of which 700 ms were no pause.
  assertAlmostEquals(pace.blockedUntilMs(1_600) - 1_500, Math.sqrt(1_600 * 700) / 5);
});

test("Pace takes several refusals of requests that were sent before the first one came as one", () => {
  const pace = new Pace(100, 1, 0);
  const { nowMs } = serve(pace, 3, 0);
  for (const sentAtMs of [nowMs, nowMs - 30, nowMs - 20]) {
    assertEquals(pace.noteRefused(nowMs + 50, 10, sentAtMs), true);
    assertEquals(pace.blockedUntilMs(nowMs + 50), nowMs + 150);
  }
});

test("Pace is of no use if requests in a row are refused at accepted gaps, unless shorter gaps can be tried in between", () => {
  const useless = new Pace(100, 1, 0);
  assertEquals([useless.noteRefused(0, 10, 0), useless.noteRefused(500, 10, 500)], [true, false]);

  const useful = new Pace(100, 1, 0);
  assertEquals(useful.noteRefused(0, 10, 0), true);
  const { nowMs } = serve(useful, 5, 150);
  assertEquals(useful.noteRefused(nowMs, 10, nowMs), true);
  assertEquals(useful.noteRefused(nowMs + 500, 10, nowMs + 500), true);
  assertEquals(useful.noteRefused(nowMs + 1_000, 10, nowMs + 1_000), true);
  assertEquals(useful.noteRefused(nowMs + 1_500, 10, nowMs + 1_500), false);
});

test("Pace is of no use if the origin refuses one request of a few at ever longer gaps", () => {
  const pace = new Pace(100, 1, 0);
  pace.noteRefused(0, 1_000, 0);
  let nowMs = 150;
  for (const isUseful of [true, false]) {
    const { nowMs: servedAtMs, gapMs } = serve(pace, 4, nowMs);
    nowMs = servedAtMs + gapMs;
    pace.noteSent(nowMs);
    assertEquals(pace.noteRefused(nowMs, 1_000, nowMs), isUseful);
  }
});

test("Pace blocks no request for longer than the gap when the clock goes back, and still learns", () => {
  const pace = new Pace(100, 1, 0);
  pace.noteSent(1_000_000);
  pace.noteRefused(1_000_000, 10, 1_000_000);
  assertEquals([pace.blockedUntilMs(500), pace.blockedUntilMs(560)], [650, 650]);
  pace.noteSent(650);
  pace.noteRefused(650, 10, 650);
  assertEquals(pace.blockedUntilMs(650), 650 + 225);
});

/** An origin with a leaky bucket: it refuses a request that comes before there is room again for one more. */
function leakyBucket(
  clock: ManualClock,
  { ratePerSecond, burst, status = 429, headers = {} }: {
    readonly ratePerSecond: number;
    readonly burst: number;
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
  },
): { answer(): { status?: number; json?: unknown; afterMs: number }; refused: number } {
  let level = 0;
  let atMs = -Infinity;
  const origin = {
    refused: 0,
    answer() {
      const nowMs = clock.now();
      const left = Math.max(0, level - (nowMs - atMs) * ratePerSecond / 1_000);
      if (left > burst) {
        origin.refused++;
        return { status, headers, afterMs: 2 };
      }
      level = left + 1;
      atMs = nowMs;
      return { json: 1, afterMs: 2 };
    },
  };
  return origin;
}

/** Asserts that a batch took no more than twice the least time on the manual clock, and the time to find the pace. */
function assertTook(tookMs: number, leastMs: number): void {
  assert(tookMs <= 2 * leastMs + 20_000, `it took ${tookMs} ms, and could have taken ${leastMs}`);
}

for (const ratePerSecond of [5, 20, 100]) {
  for (const burst of [0, 1, 3]) {
    testClientsBothWays()(
      `a batch is served by an origin that takes one request each ${
        1_000 / ratePerSecond
      } ms and ${burst} more at once, and answers fast`,
      async (setUp) => {
        for (const headers of [{}, { "retry-after": "1" }]) {
          const clock = new ManualClock();
          const origin = leakyBucket(clock, { ratePerSecond, burst, headers });
          const { client } = setUp(() => origin.answer(), { clock });
          const outcomes = await clock.run(client.settle(numberedUrls(300)));
          assert(outcomes.every(({ ok }) => ok));
          // Requests one by one, of which every second one is refused and costs a pause of a second, would take 300 s.
          assertTook(clock.now(), 1_000 * 300 / ratePerSecond);
          assert(origin.refused <= 75, `${origin.refused} were refused`);
        }
      },
    );
  }
}

testClientsBothWays()(
  "an origin with a leaky bucket gets more requests when it begins to take more",
  async (setUp) => {
    const clock = new ManualClock();
    const slow = leakyBucket(clock, { ratePerSecond: 5, burst: 0 });
    const fast = leakyBucket(clock, { ratePerSecond: 50, burst: 0 });
    const { client } = setUp(() => clock.now() < 60_000 ? slow.answer() : fast.answer(), { clock });
    const outcomes = await clock.run(client.settle(numberedUrls(3_000)));
    assert(outcomes.every(({ ok }) => ok));
    // At the slow rate, the rest would take nine minutes.
    assert(clock.now() <= 240_000, `${clock.now()}`);
  },
);

for (const ratePerSecond of [5, 20, 100]) {
  testClientsBothWays()(
    `a batch is served by an origin that answers 503 unless a request comes ${
      1_000 / ratePerSecond
    } ms after the one before`,
    async (setUp) => {
      const clock = new ManualClock();
      const origin = leakyBucket(clock, { ratePerSecond, burst: 0, status: 503 });
      const { client } = setUp(() => origin.answer(), { clock });
      const outcomes = await clock.run(client.settle(numberedUrls(300)));
      assert(outcomes.every(({ ok }) => ok));
      assertTook(clock.now(), 1_000 * 300 / ratePerSecond);
      // Without a pace, more than four of five requests would be refused.
      assert(origin.refused <= 600, `${origin.refused} were refused`);
    },
  );
}

for (const ratePerSecond of [1, 2, 10]) {
  for (const burst of [5, 20, 40]) {
    testClientsBothWays()(
      `a batch is served by an origin that takes ${ratePerSecond} requests a second and ${burst} more at once, and refuses no more than it serves`,
      async (setUp) => {
        for (const status of [429, 503]) {
          const clock = new ManualClock();
          const origin = leakyBucket(clock, { ratePerSecond, burst, status });
          const { client } = setUp(() => origin.answer(), { clock });
          const outcomes = await clock.run(client.settle(numberedUrls(300)));
          assert(outcomes.every(({ ok }) => ok), `${status}`);
          assertTook(clock.now(), 1_000 * (300 - burst) / ratePerSecond);
          // Most of them are refused before the origin turns out to limit the rate. Without a pace, it could be thousands.
          assert(
            origin.refused <= (status === 429 ? 150 : 300),
            `${origin.refused} were refused with ${status}`,
          );
        }
      },
    );
  }
}
