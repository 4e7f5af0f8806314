import { assert, assertEquals } from "@std/assert";
import type { ClientOptions, Outcome } from "../../mod.ts";
import { type Extent, Unavailability } from "../../src/lanes/unavailability.ts";
import { type FakeClient, testClientsBothWays } from "../client/fake_client.ts";
import type { Answer } from "../client/fake_network.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";

/** A lane, and how its 503s are judged. */
class Origin {
  succeeded = 0;
  failed = 0;
  succeededAtMs = -Infinity;
  readonly #unavailability = new Unavailability();

  /** Ends attempts while no pause is on; they began at this time, or else just now. */
  end(served: number, refused: number, beganAtMs = Infinity): this {
    this.succeeded += served;
    this.failed += refused;
    if (served > 0) this.succeededAtMs = beganAtMs;
    return this;
  }

  refuse(nowMs: number, { startedAtMs = nowMs - 10, isPaused = false } = {}): Extent {
    this.failed++;
    return this.#unavailability.extentOf(this, isPaused, startedAtMs, nowMs);
  }

  /**
   * Ends attempts with this start during a pause; returns for each whether it shows that the pause concerns only a
   * part.
   */
  endPaused(outcomes: string, startedAtMs: number, nowMs = startedAtMs + 50): boolean[] {
    return [...outcomes].map((outcome) => {
      const isServed = outcome === "+";
      this.end(Number(isServed), Number(!isServed));
      return this.#unavailability.note(this, isServed, startedAtMs, nowMs);
    });
  }

  /** Asks for a pause between two times. */
  pause(fromMs: number, untilMs: number): void {
    this.refuse(fromMs);
    this.#unavailability.pausedUntilMs = untilMs;
  }

  refusesAll(forMs: number, nowMs: number): boolean {
    return this.#unavailability.refusesAll(this, forMs, nowMs);
  }

  settle(): this {
    this.#unavailability.settle();
    return this;
  }
}

/** An origin of which a part has been known to be unavailable since 150 ms. */
function partly(): Origin {
  const origin = new Origin().end(100, 0);
  origin.refuse(100, { startedAtMs: 90 });
  assertEquals(origin.endPaused("+++++", 95, 150).at(-1), true);
  return origin;
}

test("Unavailability takes the first 503 of an origin that has served nothing as one of the whole origin", () => {
  assertEquals(new Origin().refuse(100), "all");
});

test("Unavailability takes an origin that has served requests since its latest pause for overloaded", () => {
  const origin = new Origin().end(20, 0);
  assertEquals(origin.refuse(100), "overload");
  assertEquals(origin.refuse(1_200), "all");
  assertEquals(origin.end(1, 0).refuse(2_300), "overload");
});

test("Unavailability does not take an origin for overloaded that has only served attempts from before the pause", () => {
  for (
    const [beganAtMs, extent] of [[80, "all"], [99, "all"], [100, "overload"], [1_150, "overload"]] as const
  ) {
    const origin = new Origin().end(20, 0);
    origin.refuse(100);
    assertEquals(origin.end(3, 0, beganAtMs).refuse(1_200), extent, `${beganAtMs}`);
    // Successes of attempts between the two pauses may come after the second one has begun.
    assertEquals(
      origin.end(1, 0, 1_150).refuse(2_300),
      extent === "all" ? "overload" : "all",
      `${beganAtMs}`,
    );
  }
});

test("Unavailability takes another 503 during a pause as one of the whole origin", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100);
  assertEquals(origin.refuse(105, { isPaused: true }), "all");
});

test("Unavailability finds only a part unavailable when a third of five or more later requests are served", () => {
  for (
    const [outcomes, found] of [["+++++", 4], ["---++", 4], ["----+++", 5], ["----+-+-+", 8], [
      "++++",
      -1,
    ]] as const
  ) {
    const origin = new Origin().end(20, 0);
    origin.refuse(100, { startedAtMs: 90 });
    assertEquals(origin.endPaused(outcomes, 90).indexOf(true), found, outcomes);
  }
});

test("Unavailability does not count requests that were sent before the refused one", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100, { startedAtMs: 90 });
  assertEquals(origin.endPaused("++++++++++", 89).includes(true), false);
  assertEquals(origin.endPaused("-----+", 91).includes(true), false);
});

test("Unavailability counts anew for each pause, and nothing after its end", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100, { startedAtMs: 90 });
  origin.endPaused("++++", 95);
  origin.refuse(2_000, { startedAtMs: 1_990 });
  assertEquals(origin.endPaused("+", 1_995).includes(true), false);
  assertEquals(origin.settle().endPaused("++++++++", 1_995).includes(true), false);
});

test("Unavailability of a part lets others go on for 10 s, and longer while a third of twenty are served", () => {
  assertEquals(partly().refuse(10_149), "part");
  assertEquals(partly().refuse(10_150), "overload");
  const origin = partly();
  for (let nowMs = 1_000; nowMs < 60_000; nowMs += 9_000) {
    assertEquals(origin.end(7, 12).refuse(nowMs), "part");
  }
});

test("Unavailability of a part is refuted when less than a third of twenty are served", () => {
  assertEquals(partly().end(6, 12).refuse(1_000), "part");
  assertEquals(partly().end(6, 13).refuse(1_000), "overload");
  assertEquals(partly().end(0, 19).refuse(1_000, { isPaused: true }), "all");
});

test("Unavailability reports once a pause that it concerns a part: later results do not count for another pause", () => {
  const origin = new Origin().end(20, 0);
  origin.refuse(100, { startedAtMs: 90 });
  assertEquals(origin.endPaused("+++++++++", 95), [
    false,
    false,
    false,
    false,
    true,
    false,
    false,
    false,
    false,
  ]);
});

/** An origin that has served requests, and then asks for pauses of a second, one after the other. */
function away(pauses: number): Origin {
  const origin = new Origin().end(20, 0);
  for (let nth = 0; nth < pauses; nth++) origin.pause(1_000 * nth, 1_000 * nth + 990);
  return origin;
}

test("Unavailability concerns everything after four fruitless pauses and the given time", () => {
  for (const [pauses, leastMs] of [[4, 4_000], [3, Infinity], [50, 4_000]] as const) {
    const origin = away(pauses);
    for (const nowMs of [3_999, 4_000, 60_000]) {
      assertEquals(origin.refusesAll(4_000, nowMs), nowMs >= leastMs, `${pauses} ${nowMs}`);
    }
  }
});

test("Unavailability no longer concerns everything once a request is served, and counts anew after that", () => {
  const origin = away(6).end(1, 0);
  assertEquals(origin.refusesAll(4_000, 6_500), false);
  for (const nth of [0, 1, 2, 3]) {
    assertEquals(origin.refusesAll(0, 7_000), false);
    origin.pause(6_500 + nth, 6_501 + nth);
  }
  assertEquals(origin.refusesAll(100, 6_599), false);
  assertEquals(origin.refusesAll(100, 6_600), true);
});

test("Unavailability counts anew when no request was sent for a while after a pause", () => {
  for (const [laterMs, isEverything] of [[9_999, true], [10_000, false], [3_600_000, false]] as const) {
    const origin = away(4);
    const startedAtMs = 3_990 + laterMs;
    origin.refuse(startedAtMs + 5, { startedAtMs });
    assertEquals(origin.refusesAll(4_000, startedAtMs + 4_100), isEverything, `${laterMs}`);
  }
});

/** The answer of a server that is away for so long. */
const wait = (seconds: number): Answer => ({
  status: 503,
  headers: { "retry-after": `${seconds}` },
  afterMs: 10,
});
const WELL: Answer = { json: 1, afterMs: 50 };

/** Options that keep so few requests in flight that no breaker opens. */
const FEW: readonly ClientOptions[] = [
  { perOrigin: { concurrency: 2 } },
  { concurrency: 3, retryBudget: false },
  { circuitBreaker: false },
];

const testBothWays = testClientsBothWays();

async function settle({ client, clock }: FakeClient, urls: readonly string[]): Promise<Outcome<unknown>[]> {
  return await clock.run(client.settle(urls));
}

testBothWays(
  "an origin that answers 503 with Retry-After for ever is given up after some minutes",
  async (setUp) => {
    for (const options of FEW) {
      for (const seconds of [1, 7, 30, 60]) {
        for (const wellMs of [0, 1_000]) {
          const made = setUp(({ atMs }) => atMs < wellMs ? WELL : wait(seconds), options);
          const outcomes = await settle(made, numberedUrls(600));
          assert(outcomes.filter(({ ok }) => !ok).length > 100);
          const ms = made.clock.now();
          assert(ms < 440_000, `${JSON.stringify(options)} ${seconds} s: ${ms} ms`);
        }
      }
    }
  },
);

testBothWays(
  "a batch waits for an origin that is away for a minute, or is restarted for two",
  async (setUp) => {
    for (const options of FEW.slice(0, 2)) {
      for (
        const [seconds, awayMs] of [[5, 60_000], [20, 60_000], [30, 120_000], [60, 120_000], [
          30,
          170_000,
        ]] as const
      ) {
        for (const fromMs of [0, 1_000]) {
          const made = setUp(
            ({ atMs }) => atMs < fromMs || atMs >= fromMs + awayMs ? WELL : wait(seconds),
            options,
          );
          const outcomes = await settle(made, numberedUrls(300));
          // A few requests may have been sent four times meanwhile.
          const failed = outcomes.filter(({ ok }) => !ok);
          assert(
            failed.length <= 20,
            `${JSON.stringify(options)} ${seconds} s ${awayMs} ms: ${failed.length}`,
          );
          assert(failed.every(({ attempts }) => attempts === 4));
        }
      }
    }
  },
);

testBothWays("an origin that serves some requests after each pause is never given up", async (setUp) => {
  for (const options of FEW.slice(0, 2)) {
    for (const [each, seconds] of [[1, 5], [3, 20], [20, 60]] as const) {
      // Longer than the client waits for any origin that serves nothing.
      const count = Math.ceil(600 * each / seconds);
      const served = new Map<number, number>();
      const made = setUp(({ atMs }) => {
        const period = Math.floor(atMs / 1_000 / seconds);
        const nth = (served.get(period) ?? 0) + 1;
        served.set(period, nth);
        return nth <= each ? WELL : wait(seconds);
      }, { ...options, retryBudget: false });
      const outcomes = await settle(made, numberedUrls(count));
      assertEquals(outcomes.filter(({ ok, attempts }) => !ok && attempts < 4), []);
      assert(made.clock.now() > 500_000, `${made.clock.now()} ms`);
    }
  }
});

testBothWays("URLs that are refused for ever cost the other URLs of their origin nothing", async (setUp) => {
  for (const seconds of [1, 30]) {
    const isBad = (url: string): boolean => Number(url.split("/").at(-1)) % 2 === 0;
    const made = setUp(({ url }) => isBad(url) ? wait(seconds) : WELL, FEW[0]);
    const outcomes = await settle(made, numberedUrls(80));
    assertEquals(outcomes.filter(({ ok }) => ok).length, 40);
  }
});

testBothWays(
  "mirrors that all answer 503 for ever are given up, but not for one that only answers 429",
  async (setUp) => {
    const options = { baseUrls: ["https://a.test", "https://b.test"], perOrigin: { concurrency: 2 } };
    const paths = Array.from({ length: 100 }, (_, index) => `/${index}`);
    for (const [a, b] of [[30, 30], [5, 60]] as const) {
      const made = setUp(({ url }) => wait(url.startsWith("https://a.") ? a : b), options);
      const outcomes = await settle(made, paths);
      assert(outcomes.every(({ ok }) => !ok));
      assert(made.clock.now() < 500_000, `${made.clock.now()} ms`);
    }
    const made = setUp(
      ({ url, nth }) =>
        url.startsWith("https://a.")
          ? wait(30)
          : nth > 1
          ? WELL
          : { status: 429, headers: { "retry-after": "1" } },
      options,
    );
    assertEquals((await settle(made, paths)).filter(({ ok }) => !ok), []);
  },
);
