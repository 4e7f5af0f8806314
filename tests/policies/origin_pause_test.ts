import { assert, assertEquals } from "@std/assert";
import { buildPipeline } from "../../src/client/pipeline.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { pauseOrigin } from "../../src/policies/origin_pause.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { Reply } from "../../src/policies/reply.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";
import { json, type Reply as Answer, status } from "./fake_origin.ts";
import { testBothWays } from "./rig.ts";

/** Answers a call; returns the wait of the answer, how long its origin pauses, and the events. */
function pauseBy(status: number, retryAfter?: string, changes: Partial<Environment> = {}) {
  const clock = new ManualClock();
  const events: ClientEvent[] = [];
  const { environment, lanes } = buildPipeline(
    {},
    { clock, reporter: { active: true, emit: (event) => void events.push(event) } },
    { inBackground() {} },
  );
  const target = fakeTarget({ lane: lanes.get("https://a.test") });
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  const reply = new Reply(new Response(null, { status, headers }), { from: "network", target });
  pauseOrigin({ ...environment, unnamedPauseMs: () => 700, ...changes }, fakeCall(), reply, clock.now());
  const told = events.flatMap((event) => event.type === "rateLimited" ? [event.retryAfterMs] : []);
  return [reply.retryAfterMs, target.lane.pauseLeftMs(clock.now()), told];
}

test("pauseOrigin() makes a 429 pause all requests to its origin, for as long as the answer says", () => {
  assertEquals(pauseBy(429, "3"), [3_000, 3_000, [3_000]]);
});

test("pauseOrigin() pauses after a 429 without a readable wait for as long as the client would back off", () => {
  for (const retryAfter of [undefined, "soon", "1,5"]) {
    assertEquals(pauseBy(429, retryAfter), [undefined, 700, [700]]);
  }
});

test("pauseOrigin() pauses no others where a 429 is for its own request only", () => {
  assertEquals(pauseBy(429, "3", { pauseOn429: "request" }), [3_000, 0, []]);
});

test("pauseOrigin() makes a 503 pause all requests only if it says for how long", () => {
  assertEquals(pauseBy(503, "2"), [2_000, 2_000, [2_000]]);
  assertEquals(pauseBy(503), [undefined, 0, []]);
});

test("pauseOrigin() treats a 403 that names a wait like a 429, and ignores any other 403", () => {
  assertEquals(pauseBy(403, "2"), [2_000, 2_000, [2_000]]);
  assertEquals(pauseBy(403, "2", { pauseOn429: "request" }), [2_000, 0, []]);
  assertEquals(pauseBy(403), [undefined, 0, []]);
});

test("pauseOrigin() makes a 429 pause all requests, whatever happens to requests that were sent after an earlier 503", () => {
  const clock = new ManualClock({ nowMs: 5_000 });
  const { environment, lanes } = buildPipeline(
    {},
    { clock, reporter: { active: false, emit() {} } },
    { inBackground() {} },
  );
  const lane = lanes.get("https://a.test");
  const answer = (status: number, seconds: number): void => {
    const response = new Response(null, { status, headers: { "retry-after": `${seconds}` } });
    const reply = new Reply(response, { from: "network", target: fakeTarget({ lane }) });
    pauseOrigin(environment, fakeCall(), reply, 4_000);
  };
  answer(503, 1);
  answer(429, 60);
  for (let nth = 0; nth < 10; nth++) lane.reconsiderPause(true, 4_500, 5_000);
  assertEquals(lane.pauseLeftMs(5_000), 60_000);
});

test("pauseOrigin() does not pause after other statuses, nor for a time that has passed", () => {
  assertEquals(pauseBy(500, "2"), [2_000, 0, []]);
  assertEquals(pauseBy(429, "0"), [0, 0, []]);
});

test("pauseOrigin() believes no wait of 0 once the origin has refused one request after the other", () => {
  const clock = new ManualClock();
  const { environment, lanes } = buildPipeline(
    {},
    { clock, reporter: { active: false, emit() {} } },
    { inBackground() {} },
  );
  const lane = lanes.get("https://a.test");
  const waitAfter = (headers: Readonly<Record<string, string>>): number | undefined => {
    const reply = new Reply(new Response(null, { status: 429, headers }), {
      from: "network",
      target: fakeTarget({ lane }),
    });
    pauseOrigin(environment, fakeCall(), reply, clock.now());
    clock.jump(lane.pauseLeftMs(clock.now()));
    lane.pauseLeftMs(clock.now());
    return reply.retryAfterMs;
  };
  assertEquals([{}, {}].map(waitAfter), [undefined, undefined]);
  assertEquals(waitAfter({ "retry-after": "0" }), 0);
  assertEquals([waitAfter({}), waitAfter({ "retry-after": "0" }), waitAfter({ "retry-after": "3" })], [
    undefined,
    undefined,
    3_000,
  ]);
  lane.quota!.noteSuccess(0);
  assertEquals(waitAfter({ "retry-after": "0" }), 0);
});

test("pauseOrigin() chooses the pause by the number of pauses in a row that have brought nothing before", () => {
  const clock = new ManualClock();
  const { environment, lanes } = buildPipeline(
    {},
    { clock, reporter: { active: false, emit() {} } },
    { inBackground() {} },
  );
  const lane = lanes.get("https://a.test");
  const counts: number[] = [];
  const unnamedPauseMs = (count: number): number => counts.push(count) * 100;
  const refuse = (): void => {
    const reply = new Reply(new Response(null, { status: 429 }), {
      from: "network",
      target: fakeTarget({ lane }),
    });
    pauseOrigin({ ...environment, unnamedPauseMs }, fakeCall(), reply, clock.now());
  };
  for (let nth = 0; nth < 3; nth++) {
    // The second one arrives during the pause that the first one has begun.
    refuse();
    refuse();
    clock.jump(lane.pauseLeftMs(clock.now()));
  }
  assertEquals(counts, [0, 0, 1, 1, 2, 2]);
  lane.quota!.noteSuccess(0);
  refuse();
  assertEquals(counts.at(-1), 0);
});

testBothWays("a 429 pauses the others also where it is not retried itself (S4)", async (rig) => {
  const replies = [status(429, { "retry-after": "3" }), json({ ok: true })];
  const { client, clock, run } = rig(replies, { retryOn: [500] });
  const [refused, other] = await run(client.settle(numberedUrls(2), { concurrency: 1 }));
  assertEquals([refused!.ok, refused!.attempts, other!.ok, clock.now()], [false, 1, true, 3_000]);
});

for (const [limit, perWindow] of [[50, "fixed"], [50, "sliding"], [200, "fixed"]] as const) {
  testBothWays(
    `429s without a wait, for requests that were sent at once, count as one: ${limit} a second (${perWindow})`,
    async (rig) => {
      const clock = new ManualClock();
      const taken: number[] = [];
      const { client, origin, run } = rig(
        async (sent) => {
          const fromMs = perWindow === "fixed" ? Math.floor(sent.atMs / 1_000) * 1_000 : sent.atMs - 999;
          const isTaken = taken.filter((atMs) => atMs >= fromMs).length < limit;
          if (isTaken) taken.push(sent.atMs);
          await new Promise<void>((resolve) => clock.setTimeout(resolve, isTaken ? 50 : 5));
          return (isTaken ? json({ ok: true }) : status(429))(sent);
        },
        { random: seededRandom(1) },
        { clock },
      );
      const outcomes = await run(client.settle(numberedUrls(10 * limit)));
      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      assert(clock.now() < 12_500, `${clock.now()} ms for what takes 10 s`);
      assert(origin.calls <= 1.1 * 10 * limit, `${origin.calls} calls`);
    },
  );
}

/** Whether an origin refuses a request while `open` others are under way, when it was sent for the `nth` time. */
type Refuses = (nowMs: number, open: number, nth: number) => boolean;

/**
 * An origin that refuses some requests at once, says when to come again, and fails if they come sooner. The others
 * take 50 ms.
 */
function refusing(clock: ManualClock, waitMs: number, refuses: Refuses): Answer {
  const random = seededRandom(5);
  const dueMs = new Map<string, number>();
  const times = new Map<string, number>();
  let open = 0;
  return async (sent) => {
    const nth = (times.get(sent.url) ?? 0) + 1;
    times.set(sent.url, nth);
    assert(sent.atMs >= (dueMs.get(sent.url) ?? 0), `${sent.url} has come early`);
    const isRefused = refuses(sent.atMs, ++open, nth);
    if (isRefused) dueMs.set(sent.url, sent.atMs + waitMs);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, isRefused ? 5 : 40 + 20 * random()));
    open--;
    return isRefused ? status(503, { "retry-after": `${waitMs / 1_000}` })(sent) : json({ ok: true })(sent);
  };
}

function oneOf(parts: number): Refuses {
  const random = seededRandom(3);
  return () => random() < 1 / parts;
}

function moreThan(limit: number): Refuses {
  let second = -1;
  let sent = 0;
  return (nowMs) => {
    if (Math.floor(nowMs / 1_000) !== second) [second, sent] = [Math.floor(nowMs / 1_000), 0];
    return ++sent > limit;
  };
}

for (const parts of [2, 5, 20]) {
  testBothWays(
    `one server of ${parts} is down and says for how long: only the requests that it has refused wait`,
    async (rig) => {
      const clock = new ManualClock();
      const answer = refusing(clock, 5_000, oneOf(parts));
      const { client, run } = rig(answer, { random: seededRandom(1) }, { clock });
      const outcomes = await run(client.settle(numberedUrls(600)));
      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      // If each refusal paused the whole origin for 5 s, even the best case would take 90 s.
      assert(clock.now() < (parts === 2 ? 200_000 : 30_000), `${clock.now()} ms`);
    },
  );
}

for (
  const [name, refuses, mostMs] of [
    ["20 a second", moreThan(20), 32_000],
    ["50 a second", moreThan(50), 14_000],
    ["12 at once", (_nowMs: number, open: number) => open > 12, 9_000],
    ["5 at once", (_nowMs: number, open: number) => open > 5, 16_000],
  ] as const
) {
  testBothWays(
    `an origin that takes ${name}, and answers other requests 503 with a wait, is asked no sooner`,
    async (rig) => {
      const clock = new ManualClock();
      const { client, origin, run } = rig(
        refusing(clock, 1_000, refuses),
        { random: seededRandom(1) },
        { clock },
      );
      const outcomes = await run(client.settle(numberedUrls(600)));
      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      assert(origin.calls <= 1.2 * 600, `${origin.calls} calls`);
      assert(clock.now() < mostMs, `${clock.now()} ms`);
    },
  );
}

testBothWays(
  "an origin that is away again and again, and says for how long, is asked as fast as before each time",
  async (rig) => {
    const clock = new ManualClock();
    const random = seededRandom(5);
    const answer: Answer = async (sent) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 75 + 150 * random()));
      const isAway = clock.now() % 14_000 >= 10_000;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 75 + 150 * random()));
      return isAway ? status(503, { "retry-after": "2" })(sent) : json({ ok: true })(sent);
    };
    const { client, run } = rig(answer, { random: seededRandom(1) }, { clock });
    const outcomes = await run(client.settle(numberedUrls(2_000)));
    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    // Without the three outages it takes 30 s.
    assert(clock.now() < 60_000, `${clock.now()} ms`);
  },
);

testBothWays(
  "a request that a 503 told when to come again goes before requests that were never sent",
  async (rig) => {
    const clock = new ManualClock();
    const answer = refusing(clock, 1_000, (_nowMs, _open, nth) => nth === 1);
    const { client, run } = rig(answer, { random: seededRandom(1) }, { clock });
    const outcomes = await run(client.settle(numberedUrls(200)));
    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    // If they came one by one, they would take 200 s.
    assert(clock.now() < 100_000, `${clock.now()} ms`);
  },
);

testBothWays("no request comes earlier than told where a 429 is for its own request only", async (rig) => {
  const clock = new ManualClock();
  const random = seededRandom(3);
  const dueMs = new Map<string, number>();
  const { client, run } = rig(
    async (sent) => {
      assert(sent.atMs >= (dueMs.get(sent.url) ?? 0), `${sent.url} has come early`);
      const isRefused = random() < 0.3;
      if (isRefused) dueMs.set(sent.url, sent.atMs + 5_000);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 300));
      return isRefused ? status(429, { "retry-after": "5" })(sent) : json({ ok: true })(sent);
    },
    { pauseOn429: "request", random: seededRandom(1) },
    { clock },
  );
  const outcomes = await run(client.settle(numberedUrls(60)));
  assertEquals(outcomes.filter(({ ok }) => !ok), []);
});

testBothWays("503s that `isFailure` does not count as failures make the whole origin pause", async (rig) => {
  const clock = new ManualClock();
  const { client, origin, run } = rig(
    async (sent) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 100 + 5 * origin.calls));
      return status(503, { "retry-after": "5" })(sent);
    },
    { circuitBreaker: { isFailure: () => false }, maxRetries: 0 },
    { clock },
  );
  await run(client.settle(numberedUrls(60)));
  for (
    const [before, atMs] of origin.timesMs.map((atMs, nth) =>
      [origin.timesMs[nth - 1] ?? atMs, atMs] as const
    )
  ) {
    assert(atMs === before || atMs >= before + 5_000, `sent at ${before} and ${atMs}`);
  }
});
