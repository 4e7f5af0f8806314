import { assert, assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { Quota } from "../../src/lanes/quota.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import { FakeNetwork } from "../client/fake_network.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { bothWays } from "../policies/both_ways.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";

/** The most requests that a test sends at once: an unknown quota blocks none. */
const MOST_SENT = 1_000;

/** Ends a pause with the first request of a cycle, of which `answered` requests succeed before the next pause. */
function cycle(quota: Quota, fromMs: number, toMs: number, answered: number, atOnce = 1): void {
  quota.notePause(fromMs, atOnce);
  quota.noteSent(toMs);
  for (let nth = 0; nth < answered; nth++) quota.noteSuccess(0);
}

/** A quota that has learnt from three pauses. The last pause ends at 2,000 ms with the first request of a window. */
function taught(limit = 20, windowMs = 1_000): Quota {
  const quota = new Quota();
  cycle(quota, 0, 100, limit);
  cycle(quota, 200, 300, limit);
  cycle(quota, 2_000 - windowMs, 2_000, 0);
  assert(quota.isKnown);
  return quota;
}

/** Sends all that the quota allows now, and makes up to `capacity` of them succeed; returns how many were sent. */
function fill(quota: Quota, nowMs: number, capacity = Infinity): number {
  let sent = 0;
  for (; quota.blockedUntilMs(nowMs) <= nowMs && sent < MOST_SENT; sent++) {
    quota.noteSent(nowMs);
    if (sent < capacity) quota.noteSuccess(0);
  }
  return sent;
}

test("Quota: after a clock that goes back, no request waits longer than a window", () => {
  for (const nowMs of [-60_000, -86_400_000]) {
    const quota = taught();
    fill(quota, 2_000);
    assertEquals([quota.blockedUntilMs(2_010), quota.blockedUntilMs(nowMs)], [3_000, nowMs + 1_000]);
    assertEquals(fill(quota, nowMs + 1_000), 20);
  }
});

/** Returns how many requests are sent in each of `count` windows. */
function windows(quota: Quota, count: number, fromMs: number, capacity?: number): number[] {
  return Array.from({ length: count }, (_, index) => fill(quota, fromMs + 1_000 * index, capacity));
}

test("Quota blocks nothing after one pause, which may have a passing cause", () => {
  const quota = new Quota();
  quota.notePause(0, 1);
  // A request that was under way when the pause began may still succeed.
  quota.noteSuccess(0);
  for (let nth = 0; nth < 1_000; nth++) {
    quota.noteSent(1_000);
    quota.noteSuccess(0);
  }
  assertEquals([quota.isKnown, quota.blockedUntilMs(1_000)], [false, 1_000]);
});

test("Quota learns the count of successes between two pauses if it repeats, and the length of the pause", () => {
  const quota = taught(20);
  // One request is counted already: the first after the pause.
  assertEquals([fill(quota, 2_010), quota.blockedUntilMs(2_010)], [19, 3_000]);
  assertEquals([fill(quota, 3_000), quota.blockedUntilMs(3_000)], [20, 4_000]);
});

test("Quota learns no rate from counts that differ by more than a quarter", () => {
  const isKnown = (counts: readonly number[]) => {
    const quota = new Quota();
    counts.forEach((count, nth) => cycle(quota, 1_000 * nth, 1_000 * nth + 500, count));
    cycle(quota, 1_000 * counts.length, 1_000 * counts.length + 500, 0);
    return quota.isKnown;
  };
  assertEquals([[40, 20], [20, 40], [30, 40], [29, 40], [10, 40, 90, 30], [10, 40, 38]].map(isKnown), [
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});

test("Quota learns no rate from counts below twice the concurrency, which is a limit on requests in flight", () => {
  const isKnown = (atOnce: number) => {
    const quota = new Quota();
    for (let nth = 0; nth < 3; nth++) cycle(quota, 1_000 * nth, 1_000 * nth + 500, 20, atOnce);
    return quota.isKnown;
  };
  assertEquals([10, 11, 20].map(isKnown), [true, false, false]);
});

test("Quota lets a window begin with its first request, however late that request is", () => {
  const quota = taught(5);
  fill(quota, 2_000);
  assertEquals([quota.blockedUntilMs(7_777), fill(quota, 7_777), quota.blockedUntilMs(7_777)], [
    3_000,
    5,
    8_777,
  ]);
});

test("Quota blocks nothing in a pause, which is longer than any window", () => {
  const quota = taught(5);
  fill(quota, 2_000);
  quota.notePause(2_010, 1);
  assertEquals(quota.blockedUntilMs(2_020), 2_020);
});

test("Quota learns no window shorter than a tenth of a second", () => {
  const quota = taught(5, 1);
  fill(quota, 2_000);
  assertEquals(quota.blockedUntilMs(2_000), 2_100);
});

test("Quota learns nothing between two pauses without a success", () => {
  const quota = taught(20);
  quota.notePause(2_005, 1);
  quota.noteSent(2_500);
  quota.notePause(2_505, 1);
  quota.noteSent(3_500);
  assertEquals([fill(quota, 3_500), quota.blockedUntilMs(3_500)], [19, 4_500]);
});

test("Quota counts pauses in a row without a success in between", () => {
  const quota = new Quota();
  const counts = [quota.fruitlessPauses];
  for (let nth = 0; nth < 3; nth++) {
    quota.notePause(1_000 * nth, 1);
    counts.push(quota.fruitlessPauses);
  }
  quota.noteSuccess(0);
  assertEquals([...counts, quota.fruitlessPauses], [0, 1, 2, 3, 0]);
});

test("Quota says that the origin serves nothing after three pauses in a row without a success", () => {
  const quota = new Quota();
  const said = [0, 1_000, 2_000].map((nowMs) => {
    quota.notePause(nowMs, 1);
    return quota.servesNothing;
  });
  quota.noteSuccess(0);
  assertEquals([...said, quota.servesNothing], [false, false, true, false]);
});

test("Quota tries a twentieth more after four clean windows, and doubles that step while it succeeds", () => {
  const quota = taught(40);
  fill(quota, 2_000);
  assertEquals(windows(quota, 10, 3_000), [40, 40, 40, 42, 42, 42, 46, 46, 46, 54]);
});

test("Quota tries at least one more", () => {
  const quota = taught(5);
  fill(quota, 2_000);
  assertEquals(windows(quota, 4, 3_000), [5, 5, 5, 6]);
});

/**
 * Creates a client before an origin that serves 20 requests in each second of its own clock, and answers 429 to the
 * rest.
 */
function setUp(listens: boolean) {
  const clock = new ManualClock();
  const counts = new Map<number, number>();
  const refusedAtMs: number[] = [];
  const network = new FakeNetwork(clock, ({ atMs }) => {
    const second = Math.floor(atMs / 1_000);
    const count = (counts.get(second) ?? 0) + 1;
    counts.set(second, count);
    if (count <= 20) return { json: 1, afterMs: 30 };
    refusedAtMs.push(atMs);
    return { status: 429, headers: { "retry-after": "1" }, afterMs: 30 };
  });
  const client = createClient({ clock, fetch: network.fetch, random: () => 0 });
  if (listens) client.on(() => {});
  return { clock, client, network, refusedAtMs };
}

bothWays((listens) => () => setUp(listens))(
  "an origin that takes 20 a second gets its whole load, and at most a tenth more once that is known",
  async (setUp) => {
    const { clock, client, network, refusedAtMs } = setUp();
    const urls = numberedUrls(1_200);
    const outcomes = await clock.run(client.settle(urls));
    assert(outcomes.every(({ ok }) => ok));

    // The second pause ends within about three seconds; do not count requests that were sent until then.
    const learntAtMs = 4_000;
    const sent = network.sent.filter(({ atMs }) => atMs >= learntAtMs).length;
    const refused = refusedAtMs.filter((atMs) => atMs >= learntAtMs).length;
    assert(sent <= 1.1 * (sent - refused), `${sent} were sent for ${sent - refused}`);
    // As fast as the origin allows: 60 seconds for all requests, and the time to learn the rate.
    assert(clock.now() <= 1.15 * 60_000, `it took ${clock.now()} ms`);
  },
);

test("Quota forgets what it has learnt when an origin refuses much earlier twice in a row", () => {
  const quota = taught(20);
  // The first time, the origin's window may have begun at another time.
  fill(quota, 2_010, 13);
  quota.notePause(2_100, 20);
  assertEquals([quota.noteSent(2_200), quota.isKnown], [false, true]);
  for (let nth = 0; nth < 11; nth++) quota.noteSuccess(0);
  quota.notePause(2_300, 20);
  assertEquals([quota.noteSent(2_400), quota.isKnown, quota.blockedUntilMs(2_400)], [true, false, 2_400]);
  assertEquals(quota.noteSent(2_400), false);
});

test("Quota sends requests at a pace when an origin without windows serves only several between two pauses", () => {
  const quota = taught(20);
  fill(quota, 2_010, 5);
  quota.notePause(2_100, 20);
  quota.noteSent(3_000);
  for (let nth = 0; nth < 5; nth++) quota.noteSuccess(3_000);
  quota.notePause(3_100, 20);
  // Five were served in the second between the two pauses.
  assertEquals([quota.noteSent(4_000), quota.isKnown, quota.blockedUntilMs(4_000)], [false, true, 4_200]);
});

test("Quota sends requests at a pace when an origin serves as many per time in unequal times, one by one", () => {
  for (const [atOnce, untilMs] of [[1, 13_100], [2, 13_000]] as const) {
    const quota = new Quota();
    cycle(quota, 0, 1_000, 40, atOnce);
    cycle(quota, 4_000, 5_000, 80, atOnce);
    cycle(quota, 12_000, 13_000, 0, atOnce);
    assertEquals(quota.blockedUntilMs(13_000), untilMs);
  }
});

testClientsBothWays()(
  "an origin whose tokens come slowly is not asked in a burst each time that it turns out to have no windows",
  async (setUp) => {
    const clock = new ManualClock();
    let tokens = 40;
    let filledAtMs = 0;
    let refused = 0;
    const { client } = setUp(() => {
      tokens = Math.min(40, tokens + (clock.now() - filledAtMs) / 500);
      filledAtMs = clock.now();
      if (tokens < 1) return { status: 429, headers: { "retry-after": "1" }, afterMs: 80, json: refused++ };
      tokens--;
      return { json: 1, afterMs: 80 };
    }, { clock });
    const outcomes = await clock.run(client.settle(numberedUrls(300)));
    assert(outcomes.every(({ ok }) => ok));
    assert(refused <= 0.7 * 300, `${refused} were refused`);
  },
);

test("Quota keeps what it has learnt after one early refusal, until a refusal after trying more", () => {
  const quota = taught(20);
  let nowMs = 3_000;
  for (let round = 0; round < 4; round++) {
    // The window may have begun at another time.
    quota.notePause(nowMs, 1);
    quota.noteSent(nowMs += 1_000);
    fill(quota, nowMs);
    do nowMs += 1_000; while (fill(quota, nowMs, 20) <= 20);
    quota.notePause(nowMs, 1);
    quota.noteSent(nowMs += 1_000);
    fill(quota, nowMs);
    assertEquals(quota.isKnown, true);
  }
});

test("Quota learns a lower rate when an origin serves less from then on", () => {
  const quota = taught(20);
  for (let round = 1; round < 4; round++) cycle(quota, 3_000 * round, 3_000 * round + 1_000, 12);
  quota.notePause(19_000, 1);
  quota.noteSent(20_000);
  quota.noteSuccess(0);
  assertEquals([fill(quota, 20_010), quota.blockedUntilMs(20_010)], [11, 21_000]);
});

for (const part of [0.005, 0.02, 0.05]) {
  testClientsBothWays()(
    `an origin that refuses a part of ${part} by chance is not taken for one that counts`,
    async (setUp) => {
      const clock = new ManualClock();
      const random = seededRandom(1_000 * part);
      const { client } = setUp(
        () =>
          random() < part
            ? { status: 429, headers: { "retry-after-ms": "20" }, afterMs: 5 }
            : { json: 1, afterMs: 5 },
        {
          clock,
          maxRetries: 8,
          backoff: { baseMs: 5, jitter: "full", maxMs: 50 },
        },
      );
      const urls = Array.from({ length: 4_000 }, (_, nth) => `https://api.test/${nth}`);
      const outcomes = await clock.run(client.settle(urls));

      assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
      // One request after the other, those that are refused, and the pauses.
      const mostMs = 4_000 * (5 + (5 + 20) * part);
      assert(clock.now() < mostMs, `it took ${clock.now()} ms`);
    },
  );
}

test("Quota says that the origin refuses all after four pauses in a row without a success, for long enough", () => {
  const quota = new Quota();
  for (const [nth, atMs] of [0, 20, 40, 100].entries()) {
    quota.notePause(atMs, 1);
    assertEquals(quota.refusesAll(100, atMs), nth === 3, `pause ${nth}`);
    assertEquals(quota.refusesAll(101, atMs), false);
    quota.noteSent(atMs + 10);
  }
  quota.noteSuccess(0);
  assertEquals(quota.refusesAll(0, 200), false);
  quota.notePause(200, 1);
  assertEquals(quota.refusesAll(0, 300), false);
});

test("Quota.refusesAll() is true after three times as many pauses as have ended with a success before, at most twelve", () => {
  for (const [ended, wanted] of [[1, 4], [2, 6], [4, 12], [9, 12]] as const) {
    const quota = new Quota();
    for (let pauses = 0; pauses < ended; pauses++) quota.notePause(0, 1);
    quota.noteSuccess(0);
    const verdicts = Array.from({ length: 13 }, () => {
      quota.notePause(0, 1);
      return quota.refusesAll(0, 0);
    });
    assertEquals(verdicts.indexOf(true) + 1, wanted, `${ended}`);
  }
});

testClientsBothWays()(
  "an origin that refuses everybody for a minute is given up, for all at once",
  async (setUp) => {
    const clock = new ManualClock();
    const { client } = setUp(() => ({ status: 429, headers: { "retry-after": "1" } }), { clock });
    const outcomes = await clock.run(client.settle(numberedUrls(500)));
    assert(outcomes.every(({ ok }) => !ok));
    assert(clock.now() >= 60_000 && clock.now() < 65_000, `${clock.now()}`);
  },
);

testClientsBothWays()(
  "an origin that refuses everybody is waited for as long as a batch is patient",
  async (setUp) => {
    for (const headers of [{}, { "retry-after": "1" }]) {
      const clock = new ManualClock();
      const { client } = setUp(() => clock.now() < 300_000 ? { status: 429, headers } : { json: 1 }, {
        clock,
      });
      const outcomes = await clock.run(client.settle(numberedUrls(500), { patienceMs: 600_000 }));
      assert(outcomes.every(({ ok }) => ok));
    }
  },
);

test("Quota learns the length of a pause, without the idle time after it", () => {
  for (const laterMs of [0, 500, 20_000, 3_600_000]) {
    const quota = new Quota();
    cycle(quota, 0, 100, 20);
    cycle(quota, 1_000, 1_100, 20);
    quota.notePause(1_500, 1);
    quota.pausedUntilMs = 2_000;
    const nowMs = 2_000 + laterMs;
    quota.noteSent(nowMs);
    assertEquals([fill(quota, nowMs), quota.blockedUntilMs(nowMs) - nowMs], [19, 500], `${laterMs}`);
  }
});

test("Quota counts pauses in a row anew after a time in which no request was sent", () => {
  for (const [laterMs, inARow] of [[0, 5], [9_999, 5], [10_000, 1], [3_600_000, 1]] as const) {
    const quota = new Quota();
    for (let nth = 0; nth < 4; nth++) {
      quota.notePause(1_000 * nth, 1);
      quota.pausedUntilMs = 1_000 * nth + 900;
      if (nth < 3) quota.noteSent(1_000 * nth + 900);
    }
    quota.noteSent(3_900 + laterMs);
    quota.notePause(4_000 + laterMs, 1);
    assertEquals(
      [quota.fruitlessPauses, quota.refusesAll(4_000, 4_000 + laterMs)],
      [inARow, inARow === 5],
      `${laterMs}`,
    );
  }
});

testClientsBothWays()(
  "a batch does as well at an origin that refused an earlier one hours ago, whenever that was aborted",
  async (setUp) => {
    for (const abortAfterMs of [800, 1_600, 2_600, 3_900, 4_400, 12_000, 70_000]) {
      for (const taken of [0, 20, 50]) {
        const clock = new ManualClock();
        const counts = new Map<number, number>();
        const { client } = setUp(() => {
          const second = Math.floor(clock.now() / 1_000);
          const count = (counts.get(second) ?? 0) + 1;
          counts.set(second, count);
          const most = second < 1_000 ? taken : 20;
          return count <= most
            ? { json: 1, afterMs: 50 }
            : { status: 429, headers: { "retry-after": "1" }, afterMs: 50 };
        }, { clock, concurrency: 5 });
        const abort = new AbortController();
        clock.setTimeout(() => abort.abort(), abortAfterMs);
        await clock.run(client.settle(numberedUrls(5_000), { signal: abort.signal }).catch(() => {}));
        clock.jump(7_200_000);

        const startedAtMs = clock.now();
        const outcomes = await clock.run(client.settle(numberedUrls(100)));
        assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
        assert(clock.now() - startedAtMs < 30_000, `${abortAfterMs}: ${clock.now() - startedAtMs} ms`);
      }
    }
  },
);
