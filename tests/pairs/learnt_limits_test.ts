import { assert, assertEquals } from "@std/assert";
import type { ClientOptions } from "../../mod.ts";
import { loadLimitLearning } from "../../src/client/learnt_limits.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { watch } from "../support/settled.ts";

// Load the code of learning now; in a program it loads with the first answer, which takes real time.
await loadLimitLearning();

const testBothWays = testClientsBothWays();

/** A server's limit with fixed windows; a window begins with the first request after the end of the window before. */
class ServerWindow {
  #startedAtMs = -Infinity;
  count = 0;

  constructor(readonly limit: number, readonly seconds: number) {}

  /** Counts a request, and returns whether it exceeds the limit. */
  isOver(nowMs: number): boolean {
    if (nowMs >= this.#startedAtMs + this.seconds * 1_000) {
      this.#startedAtMs = nowMs;
      this.count = 0;
    }
    return ++this.count > this.limit;
  }
}

/** A service like Riot's: it has limits for the application and for each method, and states its counts in all answers. */
class CountingServer {
  readonly app = [new ServerWindow(20, 1), new ServerWindow(100, 10)];
  readonly methods = new Map<string, ServerWindow[]>();
  refused = 0;

  constructor(readonly method: readonly [limit: number, seconds: number] = [60, 10]) {}

  answer(url: string, nowMs: number): Answer {
    const name = url.split("/")[3]!;
    const own = this.methods.get(name) ?? [new ServerWindow(...this.method)];
    this.methods.set(name, own);
    const isOver = (windows: readonly ServerWindow[]) =>
      windows.filter((window) => window.isOver(nowMs)).length > 0;
    const [app, method] = [isOver(this.app), isOver(own)];
    const show = (windows: readonly ServerWindow[], what: "limit" | "count") =>
      windows.map((window) => `${window[what]}:${window.seconds}`).join(",");
    const headers: Record<string, string> = {
      "x-app-rate-limit": show(this.app, "limit"),
      "x-app-rate-limit-count": show(this.app, "count"),
      "x-method-rate-limit": show(own, "limit"),
      "x-method-rate-limit-count": show(own, "count"),
    };
    if (!app && !method) return { json: url, headers };
    this.refused++;
    return {
      status: 429,
      headers: { ...headers, "retry-after": "1", "x-rate-limit-type": app ? "application" : "method" },
    };
  }
}

const COUNTED: ClientOptions = {
  learnLimits: [
    { limits: "x-app-rate-limit", counts: "x-app-rate-limit-count", per: "origin" },
    { limits: "x-method-rate-limit", counts: "x-method-rate-limit-count", per: "key" },
  ],
  limitKey: ({ url }) => url.split("/")[3],
};

function paths(count: number, methods: readonly string[]): string[] {
  return Array.from({ length: count }, (_, n) => `https://euw1.test/${methods[n % methods.length]}/${n}`);
}

testBothWays(
  "learnLimits: 150 of 150 against a service that counts, without one 429, in the time that its limits leave",
  async (setUp) => {
    for (const latencyMs of [20, 75, 200]) {
      for (const methods of [["match", "league", "summoner"], ["match"]]) {
        const clock = new ManualClock();
        const server = new CountingServer();
        const random = seededRandom(latencyMs);
        const { client } = setUp(({ url }) => ({
          ...server.answer(url, clock.now()),
          afterMs: latencyMs * (0.5 + random()),
        }), { ...COUNTED, clock });
        const outcomes = await clock.run(client.settle(paths(150, methods)));

        assertEquals([outcomes.filter(({ ok }) => ok).length, server.refused], [150, 0]);
        // A method allows 60 requests in ten seconds. With one method, the third portion can start only after 20 s.
        const bestMs = methods.length === 1 ? 21_000 : 12_000;
        assert(clock.now() <= 1.1 * bestMs, `${clock.now()} ms at ${latencyMs} ms a request`);
        await client.close();
      }
    }
  },
);

testBothWays(
  "learnLimits × retry, × attempts that fail: counts stay right, and no request is lost",
  async (setUp) => {
    const clock = new ManualClock();
    const server = new CountingServer();
    const random = seededRandom(3);
    const { client } = setUp(({ url }): Answer => {
      const answer = server.answer(url, clock.now());
      const chance = random();
      if (chance < 0.05) return { error: new TypeError("connection lost"), afterMs: 30 };
      return chance < 0.1 ? { ...answer, status: 503, afterMs: 30 } : { ...answer, afterMs: 30 };
    }, { ...COUNTED, clock, retryBudget: false });
    const outcomes = await clock.run(client.settle(paths(150, ["match", "league", "summoner"])));

    assertEquals([outcomes.filter(({ ok }) => ok).length, server.refused], [150, 0]);
  },
);

testBothWays(
  "learnLimits × abort: who leaves while waiting takes nothing, and nobody waits for ever",
  async (setUp) => {
    const clock = new ManualClock();
    const server = new CountingServer([10, 10]);
    const { client } = setUp(({ url }) => ({ ...server.answer(url, clock.now()), afterMs: 50 }), {
      ...COUNTED,
      clock,
    });
    const controller = new AbortController();
    const calls = paths(30, ["match"]).map((url, n) =>
      watch(client.json(url, n >= 10 && n < 20 ? { signal: controller.signal } : {}))
    );
    await clock.advance(5_000);
    controller.abort(new Error("enough"));
    await clock.advance(6_000);
    assertEquals([
      calls.filter(({ state }) => state === "fulfilled").length,
      calls.filter(({ state }) => state === "rejected").length,
      server.refused,
    ], [20, 10, 0]);
    await client.close();
    assertEquals(clock.pending, 0);
  },
);

testBothWays("learnLimits × keys: a key whose limit is used up delays no other one", async (setUp) => {
  const clock = new ManualClock();
  const server = new CountingServer([5, 10]);
  const { client, network } = setUp(({ url }) => ({ ...server.answer(url, clock.now()), afterMs: 50 }), {
    ...COUNTED,
    clock,
    concurrency: 4,
  });
  const full = watch(client.settle(paths(12, ["match"])));
  await clock.advance(1_000);
  const other = watch(client.settle(paths(5, ["league"])));
  await clock.advance(200);
  assertEquals([full.state, other.state], ["pending", "fulfilled"]);
  await clock.run(clock.advance(40_000));
  assertEquals([full.state, network.sent.length, server.refused], ["fulfilled", 17, 0]);
});

/** Creates a service that states its remaining quota, and fills the quota up every `everyMs` milliseconds. */
function quotaServer(
  limit: number,
  everyMs: number,
  headersOf: (
    state: { limit: number; remaining: number; resetMs: number; nowMs: number },
  ) => Record<string, string>,
) {
  let startedAtMs = 0;
  let used = 0;
  const counts = { refused: 0 };
  const answer = (nowMs: number): Answer => {
    if (nowMs >= startedAtMs + everyMs) {
      startedAtMs += everyMs * Math.floor((nowMs - startedAtMs) / everyMs);
      used = 0;
    }
    const isOver = ++used > limit;
    if (isOver) counts.refused++;
    const resetMs = startedAtMs + everyMs - nowMs;
    const headers = headersOf({ limit, remaining: Math.max(0, limit - used), resetMs, nowMs });
    return isOver ? { status: 429, headers } : { json: 1, headers };
  };
  return { answer, counts };
}

const FORMS: Record<string, Parameters<typeof quotaServer>[2]> = {
  "RateLimit of the draft": ({ limit, remaining, resetMs }) => ({
    "ratelimit-policy": `"default";q=${limit};w=10`,
    "ratelimit": `"default";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`,
  }),
  "RateLimit as a dictionary": ({ limit, remaining, resetMs }) => ({
    "ratelimit": `limit=${limit}, remaining=${remaining}, reset=${Math.ceil(resetMs / 1_000)}`,
  }),
  "RateLimit-Remaining": ({ limit, remaining, resetMs }) => ({
    "ratelimit-limit": `${limit}, ${limit};w=10`,
    "ratelimit-remaining": `${remaining}`,
    "ratelimit-reset": `${Math.ceil(resetMs / 1_000)}`,
  }),
  "X-RateLimit with seconds": ({ limit, remaining, resetMs }) => ({
    "x-ratelimit-limit": `${limit}`,
    "x-ratelimit-remaining": `${remaining}`,
    "x-ratelimit-reset": `${Math.ceil(resetMs / 1_000)}`,
  }),
  "X-RateLimit with a Unix time in seconds": ({ remaining, resetMs, nowMs }) => ({
    "x-ratelimit-remaining": `${remaining}`,
    "x-ratelimit-reset": `${Math.ceil((WALL_MS + nowMs + resetMs) / 1_000)}`,
  }),
  "X-RateLimit with a Unix time in milliseconds": ({ remaining, resetMs, nowMs }) => ({
    "x-rate-limit-remaining": `${remaining}`,
    "x-rate-limit-reset": `${WALL_MS + nowMs + resetMs}`,
  }),
};

/** The wall time when the manual clock is at 0, in milliseconds since 1970. */
const WALL_MS = new ManualClock().wallNow();

for (const [form, headersOf] of Object.entries(FORMS)) {
  testBothWays(
    `learnLimits: ${form} of good answers, so that nothing is sent that would be refused`,
    async (setUp) => {
      const clock = new ManualClock();
      const server = quotaServer(30, 10_000, headersOf);
      const { client, network } = setUp(() => ({ ...server.answer(clock.now()), afterMs: 40 }), { clock });
      const outcomes = await clock.run(client.settle(paths(100, ["x"])));

      assertEquals([outcomes.filter(({ ok }) => ok).length, server.counts.refused], [100, 0]);
      assertEquals(network.sent.length, 100);
      assert(clock.now() <= 31_500, `${clock.now()} ms`);
    },
  );
}

testBothWays(
  "learnLimits: after 'remaining: 0' the next one waits for the reset, and not for a 429",
  async (setUp) => {
    const { client, clock, network } = setUp(({ nth }) => ({
      json: nth,
      headers: { "x-ratelimit-remaining": nth === 1 ? "0" : "9", "x-ratelimit-reset": "7" },
    }), {});
    assertEquals(await clock.run(client.json("https://a.test/1")), 1);
    assertEquals(await clock.run(client.json("https://a.test/1")), 2);
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 7_000]);
  },
);

testBothWays(
  "learnLimits: an origin that states its limit in its first answer only, or in refusals, is not asked one by one for ever",
  async (setUp) => {
    const STATED = {
      "x-ratelimit-limit": "5",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "1",
    };
    for (const isRefusal of [false, true]) {
      const clock = new ManualClock();
      let answers = 0;
      const { client } = setUp(() => {
        if (++answers > 1) return { json: 1, afterMs: 100 };
        return isRefusal ? { status: 429, headers: STATED } : { json: 1, headers: STATED };
      }, { clock, concurrency: 10 });
      const outcomes = await clock.run(client.settle(paths(400, ["x"])));
      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      // The time until the reset, a second until the client stops asking one by one, and 400 requests ten at a time.
      assert(clock.now() < 6_500, `${clock.now()}`);
    }
  },
);

testBothWays("learnLimits: false looks at no good answer", async (setUp) => {
  const { client, clock, network } = setUp(() => ({
    json: 1,
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "7" },
  }), { learnLimits: false });
  for (let n = 0; n < 3; n++) await clock.run(client.json(`https://a.test/${n}`));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 0, 0]);
});

testBothWays("learnLimits: a reset in the past, and a clock that is off, stop nobody", async (setUp) => {
  const early = Math.floor(WALL_MS / 1_000) - 3_600;
  const { client, clock, network } = setUp(({ nth }) => ({
    json: nth,
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${early}` },
  }), {});
  for (let n = 0; n < 3; n++) await clock.run(client.json("https://a.test/1"));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 0, 0]);
  await client.close();
});

testBothWays("learnLimits: the server's own clock counts where a Unix time is meant", async (setUp) => {
  const { client, clock, network } = setUp(({ nth, atMs }) => {
    // The server's clock is an hour behind.
    const serverMs = WALL_MS + atMs - 3_600_000;
    return {
      json: nth,
      headers: {
        date: new Date(serverMs).toUTCString(),
        "x-ratelimit-remaining": nth === 1 ? "0" : "5",
        "x-ratelimit-reset": `${Math.floor(serverMs / 1_000) + 10}`,
      },
    };
  }, {});
  for (let n = 0; n < 2; n++) await clock.run(client.json("https://a.test/1"));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 10_000]);
});

testBothWays(
  "learnLimits: a quota that is used up is believed in for maxRetryAfterMs, and not if answers prove it wrong",
  async (setUp) => {
    const { client, clock, network } = setUp(({ nth }) => ({
      json: nth,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "80000" },
    }), { maxRetryAfterMs: 5_000 });
    for (let n = 0; n < 4; n++) await clock.run(client.json("https://a.test/1"));
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 5_000, 5_000, 5_000]);
  },
);

testBothWays(
  "learnLimits: a resource that does not exist refutes a quota as well, and does not confirm one that is refuted",
  async (setUp) => {
    const { client, clock, network } = setUp(({ nth }) => ({
      status: nth === 1 ? 200 : 404,
      json: nth,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "80000" },
    }), { maxRetryAfterMs: 5_000 });
    for (let n = 0; n < 4; n++) await clock.run(client.outcome("https://a.test/1"));
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 5_000, 5_000, 5_000]);
  },
);

testBothWays("learnLimits: of headers that contradict each other the strictest holds", async (setUp) => {
  const { client, clock, network } = setUp(() => ({
    json: 1,
    headers: {
      "ratelimit-limit": "2",
      "ratelimit-remaining": "50",
      "ratelimit-reset": "3",
      "x-ratelimit-remaining": "1",
      "x-ratelimit-reset": "9",
    },
  }), { concurrency: 1 });
  await clock.run(client.settle(paths(5, ["x"])));
  const times = network.sent.map(({ atMs }) => atMs);
  for (const [index, atMs] of times.entries()) {
    const within = times.filter((other) => other >= atMs && other < atMs + 3_000).length;
    assert(within <= 5, `${within} from ${index}`);
  }
  assertEquals(times.length, 5);
});

testBothWays(
  "learnLimits × 429: the wait that it names comes first, and ends the quota's own",
  async (setUp) => {
    const { client, clock, network } = setUp(({ nth }: SentRequest): Answer =>
      nth === 1
        ? {
          status: 429,
          headers: { "retry-after": "2", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "50" },
        }
        : { json: nth }, {});
    assertEquals(await clock.run(client.json("https://a.test/1")), 2);
    assertEquals(
      network.sent.map(({ atMs }) => atMs),
      [0, 2_000],
    );
  },
);

testBothWays(
  "learnLimits × single calls, × priority: the higher goes first when the window opens",
  async (setUp) => {
    const { client, clock, network } = setUp(({ nth }) => ({
      json: nth,
      headers: {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": nth === 1 ? "0" : "1",
        "x-ratelimit-reset": "5",
      },
    }), { concurrency: 1 });
    await clock.run(client.json("https://a.test/x"));
    const low = client.json("https://a.test/low");
    const high = client.json("https://a.test/high", { priority: 5 });
    await clock.run(Promise.all([low, high]));
    assertEquals(network.urls.map((url) => url.slice(15)), ["x", "high", "low"]);
  },
);

testBothWays("learnLimits × extend(): an extension keeps to what its client has learnt", async (setUp) => {
  const { client, clock, network } = setUp(() => ({
    json: 1,
    headers: { "x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5" },
  }), {});
  await clock.run(client.json("https://a.test/1"));
  await clock.run(client.extend({}).json("https://a.test/2"));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 5_000]);
});

testBothWays("learnLimits: a function says what answers state, and may throw", async (setUp) => {
  const { client, clock, network } = setUp(({ nth }) => ({ json: nth, headers: { "x-left": "0" } }), {
    learnLimits: (headers) => {
      if (headers.get("x-left") === null) throw new Error("never");
      return [{ remaining: Number(headers.get("x-left")), resetMs: 4_000 }, { limit: NaN, windowMs: 1 }];
    },
  });
  for (let n = 0; n < 2; n++) await clock.run(client.json("https://a.test/1"));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 4_000]);
  const thrower = setUp(() => ({ json: 1 }), {
    learnLimits: () => {
      throw new Error("mine");
    },
  });
  const warnings: string[] = [];
  thrower.client.on((event) => event.type === "warning" && warnings.push(event.message));
  await thrower.clock.run(thrower.client.settle(paths(3, ["x"])));
  assertEquals(warnings, ["'learnLimits' threw: nothing is learnt of this answer"]);
});

testBothWays(
  "learnLimits × hedge: second attempts count, and are sent only if the limits let them",
  async (setUp) => {
    const clock = new ManualClock();
    const server = new CountingServer([12, 10]);
    const random = seededRandom(9);
    const { client, network } = setUp(({ url }) => ({
      ...server.answer(url, clock.now()),
      afterMs: random() < 0.2 ? 400 : 20,
    }), { ...COUNTED, clock, hedge: { afterMs: 50, maxExtraRatio: 1 } });
    for (let round = 0; round < 4; round++) {
      const outcomes = await clock.run(client.settle(paths(25, [`match${round % 2}`, "league", "summoner"])));
      assertEquals([outcomes.filter(({ ok }) => ok).length, server.refused], [25, 0]);
    }
    assert(network.sent.length > 100, `${network.sent.length} were sent`);
  },
);

testBothWays(
  "learnLimits × 429: an origin whose numbers do not say why it refuses gets few requests, not all of them every second",
  async (setUp) => {
    // Each request costs 17, so that some is always left; or the clock of the service is behind, so that resets are past.
    for (const [cost, resetMs] of [[17, 10_000], [2, 0]] as const) {
      const clock = new ManualClock();
      let refused = 0;
      let used = 0;
      let since = 0;
      const { client } = setUp((): Answer => {
        if (clock.now() >= since + 10_000) [since, used] = [Math.floor(clock.now() / 10_000) * 10_000, 0];
        const isOver = used + cost > 100;
        if (isOver) refused++;
        else used += cost;
        const headers = {
          "x-ratelimit-remaining": String(100 - used),
          "x-ratelimit-reset": String(resetMs === 0 ? 0 : Math.ceil((since + resetMs - clock.now()) / 1_000)),
        };
        return { json: 1, headers, afterMs: 20, status: isOver ? 429 : 200 };
      }, { clock });
      const count = 10 * Math.floor(100 / cost);
      const outcomes = await clock.run(client.settle(paths(count, ["x"])));
      assertEquals(outcomes.filter(({ ok }) => ok).length, count);
      assert(refused <= 2 * count, `${refused} of ${count} were refused`);
      assert(clock.now() <= 120_000, `${clock.now()} ms`);
      await client.close();
    }
  },
);
