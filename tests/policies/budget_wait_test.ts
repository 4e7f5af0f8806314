import { assert, assertEquals, assertRejects } from "@std/assert";
import { HttpError, isSlipstreamError } from "../../mod.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { likelyLane } from "../../src/policies/budget_wait.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";
import { json, refused, type Reply, status } from "./fake_origin.ts";
import { testBothWays, URL_A } from "./rig.ts";

const OK = json({ ok: true });

/** Decides whether an origin serves a request, while `open` requests are under way. */
type Taker = (nowMs: number, open: number) => boolean;

/** Serves this many requests in each second. */
function takes(limit: number): Taker {
  let second = -1;
  let taken = 0;
  return (nowMs) => {
    if (Math.floor(nowMs / 1_000) !== second) [second, taken] = [Math.floor(nowMs / 1_000), 0];
    return ++taken <= limit;
  };
}

/** Serves a request if it has had at most this many within the time, those that it refused included. */
function countsAll(limit: number, withinMs: number): Taker {
  const times: number[] = [];
  return (nowMs) => {
    times.push(nowMs);
    while (nowMs - times[0]! >= withinMs) times.shift();
    return times.length <= limit;
  };
}

/** Does the same by the count of the present window and a share of the one before, as proxies do. */
function countsWindows(limit: number, windowMs: number): Taker {
  let window = 0;
  let count = 0;
  let before = 0;
  return (nowMs) => {
    const present = Math.floor(nowMs / windowMs);
    if (present !== window) [window, count, before] = [present, 0, present === window + 1 ? count : 0];
    return ++count + before * (1 - (nowMs % windowMs) / windowMs) <= limit;
  };
}

/** Overloaded origins: each serves what it can, and refuses the rest. */
const FULL: Readonly<Record<string, () => Taker>> = {
  "20 a second": () => takes(20),
  "5 a second": () => takes(5),
  "5 a second, and counts what it refuses": () => countsAll(5, 1_000),
  "20 in ten seconds, and counts what it refuses": () => countsAll(20, 10_000),
  "8 at once": () => (_nowMs, open) => open <= 8,
  "3 at once": () => (_nowMs, open) => open <= 3,
  "one in two, by chance": () => {
    const random = seededRandom(7);
    return () => random() < 0.5;
  },
};

/** How they refuse. */
const REFUSALS: Readonly<Record<string, Reply>> = {
  "503": status(503),
  "503 and a wait": status(503, { "retry-after": "1" }),
  "503 and no wait": status(503, { "retry-after": "0" }),
  "500": status(500),
  "a broken connection": () => Promise.reject(new TypeError("connection reset")),
};

/** An origin that needs 100 ms to serve a request, and 20 ms to refuse one by default. */
function fullOrigin(clock: ManualClock, taker: Taker, refuse: Reply, refusalMs = 20, servedMs = 100): Reply {
  let open = 0;
  return async (sent) => {
    open++;
    const isTaken = taker(sent.atMs, open);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, isTaken ? servedMs : refusalMs));
    open--;
    return isTaken ? OK(sent) : refuse(sent);
  };
}

const WITHOUT_BUDGET = "the retry budget is used up";

for (
  const [name, refuse, message] of [
    [
      "a status",
      status(503),
      `GET ${URL_A} was answered with 503 (1 attempt; no further one, as ${WITHOUT_BUDGET})`,
    ],
    ["a network error", refused(), undefined],
    ["JSON that ends early", () => new Response("[1,"), undefined],
  ] as readonly (readonly [string, Reply, string | undefined])[]
) {
  testBothWays(
    `an error after ${name} says that the budget had no retry (S10)`,
    async (rig) => {
      const retryBudget = { ratio: 0, minPerSecond: 0 };
      const { client, run } = rig(refuse, { retryBudget, circuitBreaker: false });
      const single = await run(client.outcome(URL_A));
      const [batched] = await run(client.settle([URL_A]));
      const unasked = await run(client.outcome(URL_A, { maxRetries: 0 }));
      for (const outcome of [single, batched]) {
        assert(!outcome.ok && isSlipstreamError(outcome.error));
        assertEquals(outcome.error.context, { notRetried: WITHOUT_BUDGET });
        assertEquals(outcome.error.toJSON().context, { notRetried: WITHOUT_BUDGET });
        if (message !== undefined) assertEquals(outcome.error.message, message);
      }
      assert(!unasked.ok && isSlipstreamError(unasked.error));
      assertEquals(unasked.error.context, {});
      assert(!unasked.error.message.includes("budget"));
    },
  );
}

testBothWays(
  "an error does not mention the budget where maxRetries have been made (S10)",
  async (rig) => {
    const { client, run } = rig(status(503), {
      retryBudget: { ratio: 0, minPerSecond: 0.2 },
      circuitBreaker: false,
    });
    const messages = [];
    for (let nth = 0; nth < 2; nth++) {
      const outcome = await run(client.outcome(URL_A, { maxRetries: 2 }));
      assert(!outcome.ok);
      messages.push(outcome.error.message);
    }
    assertEquals(messages, [
      `GET ${URL_A} was answered with 503 (3 attempts)`,
      `GET ${URL_A} was answered with 503 (1 attempt; no further one, as ${WITHOUT_BUDGET})`,
    ]);
  },
);

testBothWays(
  "an error of several mirrors has each one's failure, and says that the budget had no retry",
  async (rig) => {
    const { client, run } = rig(status(503), {
      retryBudget: { ratio: 0, minPerSecond: 0 },
      baseUrls: ["https://a.test", "https://b.test"],
    });
    const outcome = await run(client.outcome("x"));
    assert(!outcome.ok && isSlipstreamError(outcome.error));
    const { mirrors, notRetried } = outcome.error.context;
    assertEquals([Array.isArray(mirrors), notRetried], [true, WITHOUT_BUDGET]);
  },
);

testBothWays("a full outage costs at most 20 % more requests, and 10 a second (S10)", async (rig) => {
  const { client, origin, clock, run } = rig(status(503), { circuitBreaker: false, concurrency: 100 });
  const outcomes = await run(
    client.settle(numberedUrls(500)),
  );

  assertEquals(outcomes.filter(({ ok }) => ok).length, 0);
  const allowed = 500 * 1.2 + 10 * (10 + clock.now() / 1_000);
  assert(origin.calls <= allowed, `${origin.calls} calls in ${clock.now()} ms, ${allowed} allowed`);
  assert(origin.calls > 500, "nothing was retried");
});

for (const answer of [404, 410, 418, 501]) {
  testBothWays(
    `a batch whose function asks for retries of a ${answer} gets no more of them than after a 503 (S10)`,
    async (rig) => {
      const { client, origin, run } = rig(status(answer), {
        concurrency: 100,
        circuitBreaker: false,
        retryBudget: { ratio: 0.2, minPerSecond: 0 },
      });
      await run(client.settle(numberedUrls(1_000), { retryOn: ({ status }) => status === answer }));

      assert(origin.calls > 1_000, "nothing was retried");
      assert(origin.calls <= 1_200, `${origin.calls} calls`);
    },
  );
}

testBothWays(
  "a request for which the budget has no retry fails with its own error (S10)",
  async (rig) => {
    const { client, origin, clock, run } = rig(status(503), { retryBudget: { ratio: 0, minPerSecond: 0 } });

    const error = await assertRejects(() => run(client.json(URL_A)), HttpError);
    assertEquals([error.status, error.attempts, origin.calls, clock.now()], [503, 1, 1, 0]);
  },
);

testBothWays("without a budget an outage costs every retry (S10)", async (rig) => {
  const { client, origin, run } = rig(status(503), { circuitBreaker: false, retryBudget: false });
  await run(client.settle(numberedUrls(100)));

  assertEquals(origin.calls, 400);
});

testBothWays("requests that succeed at once leave the budget to others (S10)", async (rig) => {
  const reply: Reply = (sent) => sent.url.endsWith("bad") ? status(503)(sent) : OK(sent);
  const { client, origin, run } = rig(reply, {
    retryBudget: { ratio: 0.1, minPerSecond: 0 },
    circuitBreaker: false,
  });
  await run(client.settle(numberedUrls(30)));
  await run(client.json("https://a.test/bad").catch(() => {}));

  assertEquals(origin.sent.filter(({ url }) => url.endsWith("bad")).length, 4);
});

testBothWays("a 429 takes nothing from the retry budget (S4, S10)", async (rig) => {
  const seen = new Map<string, number>();
  const reply: Reply = (sent) => {
    const nth = (seen.get(sent.url) ?? 0) + 1;
    seen.set(sent.url, nth);
    return nth === 1 ? status(429, { "retry-after": "1" })(sent) : OK(sent);
  };
  const { client, run } = rig(reply, { retryBudget: { ratio: 0, minPerSecond: 0 } });
  assertEquals(await run(client.json(URL_A)), { ok: true });
  const outcomes = await run(client.settle(numberedUrls(30)));
  assertEquals(outcomes.filter(({ ok }) => ok).length, 30);
});

testBothWays("a retry that succeeds after a 429 adds nothing to the retry budget (S4, S10)", async (rig) => {
  const seen = new Set<string>();
  const reply: Reply = (sent) => {
    if (sent.url.endsWith("bad")) return status(503)(sent);
    if (seen.has(sent.url)) return OK(sent);
    seen.add(sent.url);
    return status(429, { "retry-after-ms": "100" })(sent);
  };
  const { client, origin, run } = rig(reply, {
    retryBudget: { ratio: 0, minPerSecond: 0.1, windowMs: 10_000 },
    circuitBreaker: false,
    backoff: { baseMs: 1, jitter: "none" },
  });
  await run(client.settle(["https://a.test/1/bad"]));
  await run(client.settle(numberedUrls(20)));
  await run(client.settle(["https://a.test/2/bad"]));
  assertEquals(origin.sent.filter(({ url }) => url.endsWith("bad")).length, 3);
});

testBothWays(
  "a single request fails at once where the retry budget has nothing for it (S10)",
  async (rig) => {
    const { client, origin, clock, run } = rig([status(503), OK], {
      retryBudget: { ratio: 0, minPerSecond: 0 },
    });
    await assertRejects(() => run(client.json(URL_A)), HttpError);
    assertEquals([origin.calls, clock.now()], [1, 0]);
  },
);

testBothWays("a batch's request waits up to 3 s for the retry budget, and then fails (S10)", async (rig) => {
  // The budget has one retry in ten seconds, and that retry fails.
  const { client, origin, clock, run } = rig(status(503), {
    retryBudget: { ratio: 0, minPerSecond: 0.1, windowMs: 10_000 },
    maxRetries: 1,
    circuitBreaker: false,
    backoff: { baseMs: 1_000 },
  });
  const outcomes = await run(client.settle(numberedUrls(2)));
  assertEquals(outcomes.filter(({ ok }) => ok).length, 0);
  assertEquals(origin.calls, 3);
  assert(clock.now() >= 4_000 && clock.now() <= 5_500, `${clock.now()}`);

  // The window is over: the budget has a retry again.
  await clock.advance(7_000);
  await run(client.settle(["https://a.test/late"]));
  assertEquals(origin.calls, 5);
});

testBothWays(
  "a retry that succeeds gives its share to requests that wait for the retry budget (S10)",
  async (rig) => {
    const seen = new Set<string>();
    const failing: Reply = (sent) => seen.has(sent.url) ? OK(sent) : (seen.add(sent.url), status(503)(sent));
    const { client, origin, clock, run } = rig(failing, {
      retryBudget: { ratio: 0, minPerSecond: 0.1, windowMs: 10_000 },
      circuitBreaker: false,
      backoff: { baseMs: 1_000 },
    });
    const outcomes = await run(client.settle(numberedUrls(20)));
    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    assertEquals(origin.calls, 40);
    assert(clock.now() <= 10_000, `${clock.now()}`);
  },
);

for (const [name, taker] of Object.entries(FULL)) {
  for (const [refusal, refuse] of Object.entries(REFUSALS)) {
    testBothWays(
      `a whole batch succeeds at an origin that takes ${name}, and answers others with ${refusal}`,
      async (rig) => {
        const clock = new ManualClock();
        const { client, origin, run } = rig(fullOrigin(clock, taker(), refuse), { random: seededRandom(1) }, {
          clock,
        });
        const outcomes = await run(client.settle(numberedUrls(100)));

        assertEquals(outcomes.filter(({ ok }) => !ok), []);
        // At most two retries for each success, and ten a second, after one attempt for each URL.
        const most = 3 * 100 + 10 * clock.now() / 1_000;
        assert(origin.calls <= most, `${origin.calls} calls in ${clock.now()} ms, ${most} expected at most`);
      },
    );
  }
}

for (const room of [2, 3, 5, 8, 12]) {
  testBothWays(
    `a whole batch succeeds at an origin that takes ${room} at once, and is slow to refuse others`,
    async (rig) => {
      const clock = new ManualClock();
      const reply = fullOrigin(clock, (_nowMs, open) => open <= room, status(504), 1_000);
      const { client, origin, run } = rig(reply, { random: seededRandom(1) }, { clock });
      const outcomes = await run(client.settle(numberedUrls(150)));

      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      // The client has fewer in flight, so that hardly any request is refused.
      assert(origin.calls <= 2 * 150, `${origin.calls} calls`);
    },
  );
}

for (const room of [3, 8, 15]) {
  for (const afterMs of [5_000, 20_000]) {
    testBothWays(
      `a whole batch succeeds at an origin that takes ${room} at once, and makes others wait for ${afterMs} ms in vain`,
      async (rig) => {
        const clock = new ManualClock();
        const reply = fullOrigin(clock, (_nowMs, open) => open <= room, status(504), afterMs);
        const { client, origin, run } = rig(reply, { random: seededRandom(1) }, { clock });
        const outcomes = await run(client.settle(numberedUrls(300)));

        assertEquals(outcomes.filter(({ ok }) => !ok), []);
        assert(origin.calls <= 1.3 * 300, `${origin.calls} calls`);
      },
    );
  }
}

for (const [room, concurrency] of [[8, 20], [3, 20], [4, 6]] as const) {
  testBothWays(
    `a whole batch of ${concurrency} at once succeeds at an origin that takes ${room}, and never answers others`,
    async (rig) => {
      const clock = new ManualClock();
      let open = 0;
      const reply: Reply = async (sent) => {
        const isTaken = ++open <= room;
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        if (isTaken) clock.setTimeout(resolve, 100);
        else sent.signal!.addEventListener("abort", () => reject(sent.signal!.reason));
        await promise.finally(() => open--);
        return OK(sent);
      };
      const { client, origin, run } = rig(reply, { random: seededRandom(1), concurrency }, { clock });
      const outcomes = await run(client.settle(numberedUrls(300)));

      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      assert(origin.calls <= 1.3 * 300, `${origin.calls} calls`);
    },
  );
}

for (const [refusal, refuse] of Object.entries(REFUSALS)) {
  for (const refusals of [1, 2]) {
    testBothWays(
      `a whole batch succeeds at an origin that answers each URL with ${refusal} at first, ${refusals} times`,
      async (rig) => {
        const clock = new ManualClock();
        const seen = new Map<string, number>();
        const reply: Reply = async (sent) => {
          const nth = (seen.get(sent.url) ?? 0) + 1;
          seen.set(sent.url, nth);
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
          return nth > refusals ? OK(sent) : refuse(sent);
        };
        const { client, origin, run } = rig(reply, { random: seededRandom(1) }, { clock });
        const outcomes = await run(client.settle(numberedUrls(100)));

        assertEquals(outcomes.filter(({ ok }) => !ok), []);
        assertEquals(origin.calls, 100 * (1 + refusals));
      },
    );
  }
}

for (const room of [1, 3, 8, 15]) {
  testBothWays(
    `a whole batch succeeds at an origin that takes ${room} at once, and refuses others much sooner than it serves`,
    async (rig) => {
      const clock = new ManualClock();
      let open = 0;
      const reply: Reply = async (sent) => {
        const isTaken = ++open <= room;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, isTaken ? 300 : 20));
        open--;
        return isTaken ? OK(sent) : status(503)(sent);
      };
      const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
      const outcomes = await run(client.settle(numberedUrls(500)));

      assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
      // As long as it takes to serve all requests, and to find the origin's limit.
      assert(clock.now() <= 1.5 * 500 * 300 / room, `${clock.now()} ms`);
    },
  );
}

/** Origins that refuse so many at once that the budget is used up long before they could serve most requests. */
const CROWDED: Readonly<Record<string, Taker>> = {
  "takes 5 at once": (_nowMs, open) => open <= 5,
  "takes 8 at once": (_nowMs, open) => open <= 8,
  "is down for two seconds, and takes 3 at once after that": (nowMs, open) =>
    nowMs < 500 || (nowMs >= 2_500 && open <= (nowMs < 6_000 ? 3 : 50)),
};

for (const [name, taker] of Object.entries(CROWDED)) {
  testBothWays(
    `a whole batch with as many waiting as may succeeds at an origin that ${name}, and refuses others at once`,
    async (rig) => {
      const clock = new ManualClock();
      const reply = fullOrigin(clock, taker, status(503), 1);
      const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
      const outcomes = await run(client.settle(numberedUrls(1_200)));

      assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
    },
  );
}

for (
  const [count, taker] of [[300, () => countsAll(20, 10_000)], [
    100,
    () => countsWindows(20, 10_000),
  ]] as const
) {
  testBothWays(
    `a whole batch of ${count} succeeds at a fast origin that takes 20 in ten seconds, and counts what it refuses`,
    async (rig) => {
      const clock = new ManualClock();
      const reply = fullOrigin(clock, taker(), REFUSALS["a broken connection"]!, 2, 20);
      const { client, origin, run } = rig(reply, { random: seededRandom(1) }, { clock });
      const outcomes = await run(client.settle(numberedUrls(count)));

      assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
      assert(origin.sent.length <= 5 * count, `${origin.sent.length} sent`);
    },
  );
}

testBothWays("requests that wait one by one for an overloaded origin succeed as well", async (rig) => {
  const clock = new ManualClock();
  const reply = fullOrigin(clock, takes(20), status(503));
  const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
  const values = await run(
    Promise.all(numberedUrls(200).map((url) => client.json({ url, onOpen: "wait" }))),
  );
  assertEquals(values.length, 200);
});

testBothWays(
  "patient single requests, twenty at once, lose hardly any at an origin that takes six",
  async (rig) => {
    const clock = new ManualClock();
    const broken = REFUSALS["a broken connection"]!;
    const reply = fullOrigin(clock, (_nowMs, open) => open <= 6, broken, 1);
    const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
    const urls = numberedUrls(600);
    let next = 0;
    let lost = 0;
    const work = async (): Promise<void> => {
      while (next < urls.length) {
        const { ok } = await client.outcome({ url: urls[next++]!, onOpen: "wait" });
        if (!ok) lost++;
      }
    };
    await run(Promise.all(Array.from({ length: 20 }, work)));
    assert(lost <= 3, `${lost} lost`);
  },
);

testBothWays("a URL that always fails at an overloaded origin ends soon after all others", async (rig) => {
  const clock = new ManualClock();
  const full = fullOrigin(clock, takes(20), status(503));
  const { client, origin, run } = rig(
    (sent) => sent.url.endsWith("/7") ? status(503)(sent) : full(sent),
    { random: seededRandom(1) },
    { clock },
  );
  const outcomes = await run(client.settle(numberedUrls(200)));
  assertEquals(outcomes.filter(({ ok }) => !ok).map(({ index }) => index), [7]);
  const lastMs = Math.max(...origin.sent.filter(({ url }) => !url.endsWith("/7")).map(({ atMs }) => atMs));
  assert(clock.now() <= lastMs + 25_000, `${clock.now() - lastMs} ms after the last of the others`);
});

testBothWays("a request with its own number of retries gets no more at an overloaded origin", async (rig) => {
  const clock = new ManualClock();
  const { client, run } = rig(
    fullOrigin(clock, takes(5), status(503)),
    { maxRetries: 2, random: seededRandom(1), circuitBreaker: false },
    { clock },
  );
  const outcomes = await run(client.settle(numberedUrls(100)));
  // A request that wakes early to probe its origin gets that attempt on top.
  assert(outcomes.every(({ attempts }) => attempts <= 4));
});

testBothWays(
  "URLs that always fail, half of all, get the usual retries beside others that succeed",
  async (rig) => {
    const clock = new ManualClock();
    const seen = new Set<string>();
    const { client, run } = rig(
      async (sent) => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 50));
        const number = Number(sent.url.split("/").at(-1));
        if (number % 2 === 0) return status(500)(sent);
        const isLate = number % 50 === 1 && !seen.has(sent.url);
        seen.add(sent.url);
        return isLate ? status(503)(sent) : OK(sent);
      },
      { random: seededRandom(1) },
      { clock },
    );
    const outcomes = await run(client.settle(numberedUrls(1_000)));
    assert(outcomes.filter(({ ok }) => ok).length >= 480);
    // Requests that have probed the origin get two more.
    assert(outcomes.every(({ attempts }) => attempts <= 6));
  },
);

testBothWays(
  "a batch's request keeps waiting for the retry budget while others are in line (S10)",
  async (rig) => {
    const clock = new ManualClock();
    const seen = new Set<string>();
    const reply: Reply = async (sent) => {
      const isFirst = !seen.has(sent.url);
      seen.add(sent.url);
      if (isFirst && seen.size <= 3) return status(503)(sent);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000));
      return OK(sent);
    };
    const { client, origin, run } = rig(reply, {
      // The only retry gets in line behind all other requests.
      retryBudget: { ratio: 0, minPerSecond: 0.1, windowMs: 10_000 },
      perOrigin: { concurrency: 1 },
      circuitBreaker: false,
      backoff: { baseMs: 1_000 },
    }, { clock });
    const outcomes = await run(client.settle(numberedUrls(12)));
    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    assertEquals(origin.calls, 15);
  },
);

for (const waiting of [1, 20]) {
  testBothWays(
    `a batch's request does not wait for the retry budget beside ${waiting} in a line that stands still (S10)`,
    async (rig) => {
      const clock = new ManualClock();
      const slow: Reply = async (sent) => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 3_600_000));
        return OK(sent);
      };
      const reply: Reply = (sent) => sent.url.includes("slow") ? slow(sent) : status(503)(sent);
      const { client, run } = rig(reply, {
        retryBudget: { ratio: 0, minPerSecond: 0 },
        perOrigin: { concurrency: 1 },
        timeoutMs: 7_200_000,
      }, { clock });
      const failing = client.settle([URL_A]);
      await clock.advance(0);
      const others = Promise.all(numberedUrls(waiting + 1).map((url) => client.json(`${url}/slow`)));
      const [outcome] = await run(failing);
      assert(!outcome!.ok && outcome!.error instanceof HttpError);
      assert(clock.now() <= 40_000, `${clock.now()} ms`);
      await run(others);
    },
  );
}

for (const name of ["20 a second", "5 a second", "8 at once", "one in two, by chance"]) {
  testBothWays(
    `a whole batch succeeds at an origin that takes ${name}, beside one that is down`,
    async (rig) => {
      const clock = new ManualClock();
      const full = fullOrigin(clock, FULL[name]!(), status(503));
      const reply: Reply = (sent) => sent.url.startsWith("https://down.test") ? refused()(sent) : full(sent);
      const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
      const urls = numberedUrls(100).flatMap((url) => [url, url.replace("a.test", "down.test")]);
      const outcomes = await run(client.settle(urls));
      assertEquals(outcomes.filter(({ ok, index }) => ok !== (index % 2 === 0)), []);
    },
  );
}

for (const name of ["20 a second", "5 a second", "8 at once", "one in two, by chance"]) {
  testBothWays(
    `a whole batch succeeds at a mirror that takes ${name}, when the other one is down`,
    async (rig) => {
      const clock = new ManualClock();
      const full = fullOrigin(clock, FULL[name]!(), status(503));
      const reply: Reply = (sent) => sent.url.startsWith("https://down.test") ? refused()(sent) : full(sent);
      const { client, run } = rig(reply, {
        random: seededRandom(1),
        baseUrls: ["https://down.test", "https://a.test"],
      }, { clock });
      const outcomes = await run(client.settle(Array.from({ length: 150 }, (_, index) => `data/${index}`)));
      assertEquals(outcomes.filter(({ ok }) => !ok), []);
    },
  );
}

for (const outageMs of [5_000, 10_000]) {
  testBothWays(
    `a large batch survives ${outageMs} ms in which one of its origins is down`,
    async (rig) => {
      const clock = new ManualClock();
      const reply: Reply = async (sent) => {
        const isDown = sent.url.startsWith("https://down.test") && sent.atMs > 2_000 &&
          sent.atMs < 2_000 + outageMs;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, isDown ? 5 : 80));
        return isDown ? refused()(sent) : OK(sent);
      };
      const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
      const urls = numberedUrls(2_500).flatMap((url) => [url, url.replace("a.test", "down.test")]);
      const outcomes = await run(client.settle(urls));
      assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
    },
  );
}

/** Returns the URLs of this many hosts, in turn. */
function urlsOf(hosts: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `https://h${index % hosts}.test/${index}`);
}

/** Hosts that serve in 100 ms, except for those that are away from 1 s on. */
function awayUntil(
  clock: ManualClock,
  untilMs: number,
  away: Reply,
  isAway: (host: number) => boolean,
): Reply {
  return async (sent) => {
    const host = Number(/h(\d+)/.exec(sent.url)![1]);
    const fails = sent.atMs >= 1_000 && sent.atMs < untilMs && isAway(host);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, fails ? 2 : 100));
    return fails ? away(sent) : OK(sent);
  };
}

/**
 * Cases in which many hosts are away, each with too few requests for its breaker: the number of hosts and URLs, until
 * when, the reply meanwhile, and which hosts.
 */
const AWAY: Readonly<Record<string, readonly [number, number, number, Reply, (host: number) => boolean]>> = {
  "the network of its own is away for 3 s": [100, 600, 4_000, refused(), () => true],
  "the network is away for 3 s, with 60 hosts": [60, 600, 4_000, refused(), () => true],
  "the network is away for 3 s, with 300 hosts": [300, 1_500, 4_000, refused(), () => true],
  "the network is away for 10 s": [100, 600, 11_000, refused(), () => true],
  "the network is away for 25 s": [100, 600, 26_000, refused(), () => true],
  "all hosts answer 503 for 3 s": [100, 600, 4_000, status(503), () => true],
  "all hosts answer 503 for 10 s": [100, 600, 11_000, status(503), () => true],
  "all hosts answer 500 for 25 s": [300, 2_000, 26_000, status(500), () => true],
  "two of three hosts are away for 3 s": [100, 600, 4_000, refused(), (host) => host % 3 > 0],
  "one of three hosts is away for 3 s": [300, 1_500, 4_000, refused(), (host) => host % 3 === 0],
};

for (const [name, [hosts, count, untilMs, away, isAway]] of Object.entries(AWAY)) {
  testBothWays(`a whole batch of many hosts succeeds where ${name}`, async (rig) => {
    const clock = new ManualClock();
    const reply = awayUntil(clock, untilMs, away, isAway);
    const { client, run, origin } = rig(reply, { random: seededRandom(1) }, { clock });
    const outcomes = await run(client.settle(urlsOf(hosts, count)));

    assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
    assert(origin.calls < 2 * count, `${origin.calls} requests were sent`);
  });
}

testBothWays(
  "a whole batch succeeds at hosts that go away one after the other, for which the budget pays too much",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = async (sent) => {
      const awayMs = sent.atMs - 9_000 - 5 * Number(/h(\d+)/.exec(sent.url)![1]);
      const isAway = awayMs >= 0 && awayMs < 4_000;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, isAway ? 2 : 100));
      return isAway ? refused()(sent) : OK(sent);
    };
    const { client, run, origin } = rig(reply, { random: seededRandom(1) }, { clock });
    const outcomes = await run(client.settle(urlsOf(300, 3_000)));

    assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
    assert(origin.calls < 4_500, `${origin.calls} requests were sent`);
  },
);

testBothWays(
  "a whole batch succeeds after a gateway refused requests to all hosts, although it still answered earlier ones",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = async (sent) => {
      const isAway = sent.atMs >= 800 && sent.atMs < 6_800;
      const answerMs = 30 + 7 * Number(/h(\d+)/.exec(sent.url)![1]) % 40;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, isAway ? 5 : answerMs));
      return isAway ? refused()(sent) : OK(sent);
    };
    const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
    const outcomes = await run(client.settle(urlsOf(60, 1_000)));
    assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
  },
);

testBothWays(
  "whole batches of a client and of its extension succeed after the network was away",
  async (rig) => {
    const clock = new ManualClock();
    const reply = awayUntil(clock, 11_000, refused(), () => true);
    const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
    const extended = client.extend({ headers: { "x-part": "2" } });
    const urls = urlsOf(100, 600);
    const parts = await run(
      Promise.all([client.settle(urls.slice(0, 300)), extended.settle(urls.slice(300))]),
    );

    assertEquals(parts.flat().filter(({ ok }) => !ok).length, 0);
  },
);

testBothWays(
  "requests that probe the network are not sent more often than maxRetries allows",
  async (rig) => {
    const clock = new ManualClock();
    const reply = awayUntil(clock, Infinity, refused(), () => true);
    const { client, run } = rig(reply, { random: seededRandom(1) }, { clock });
    const outcomes = await run(client.settle(urlsOf(100, 600), { maxRetries: 1 }));

    assertEquals(Math.max(...outcomes.map(({ attempts }) => attempts)), 2);
  },
);

testBothWays(
  "an empty budget is neither bypassed nor waited for while the network is away",
  async (rig) => {
    const clock = new ManualClock();
    const reply = awayUntil(clock, 21_000, refused(), () => true);
    const retryBudget = { ratio: 0, minPerSecond: 0 };
    const { client, run, origin } = rig(reply, { random: seededRandom(1), retryBudget }, { clock });
    await run(client.settle(urlsOf(100, 600)));

    assertEquals(origin.calls, 600);
    assert(clock.now() < 10_000, `it took ${clock.now()} ms`);
  },
);

/** Cases in which a part of a batch always fails: the number of hosts, the reply, and which requests. */
const FAILING: Readonly<Record<string, readonly [number, Reply, (host: number, index: number) => boolean]>> =
  {
    "three in seven of its URLs are always refused": [100, refused(), (_, index) => index % 7 < 3],
    "three in seven of its URLs always answer 500": [100, status(500), (_, index) => index % 7 < 3],
    "three in seven of its hosts always answer 500": [350, status(500), (host) => host % 7 < 3],
  };

for (const [name, [hosts, away, isAway]] of Object.entries(FAILING)) {
  testBothWays(
    `a batch of many hosts does not wait long where ${name}`,
    async (rig) => {
      const clock = new ManualClock();
      const reply: Reply = async (sent) => {
        const [host, index] = sent.url.match(/\d+/g)!.map(Number);
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
        return isAway(host!, index!) ? away(sent) : OK(sent);
      };
      const { client, run, origin } = rig(reply, { random: seededRandom(1) }, { clock });
      const outcomes = await run(client.settle(urlsOf(hosts, 700)));

      assertEquals(outcomes.filter(({ ok }) => ok).length, 400);
      assert(origin.calls < 1.3 * 700, `${origin.calls} requests were sent`);
      assert(clock.now() < 30_000, `it took ${clock.now()} ms`);
    },
  );
}

/**
 * Pairs of mirrors that serve a whole batch together: a request that one refuses is served by the other, or by the
 * same one later.
 */
const MIRRORS: Readonly<Record<string, (clock: ManualClock) => readonly [Reply, Reply]>> = {
  "one is full and the other refuses everything": (clock) => [
    fullOrigin(clock, takes(20), status(503)),
    status(429, { "retry-after": "1" }),
  ],
  "one refuses everything and the other is full": (clock) => [
    status(429, { "retry-after": "30" }),
    fullOrigin(clock, takes(20), status(503)),
  ],
  "each refuses each URL once": () => [refusingOnce(), refusingOnce()],
  "one refuses each URL once and the other one everything": () => [
    refusingOnce(),
    status(429, { "retry-after": "1" }),
  ],
};

function refusingOnce(): Reply {
  const seen = new Set<string>();
  const refuse = status(429, { "retry-after": "1" });
  return (sent) => {
    if (seen.has(sent.url)) return OK(sent);
    seen.add(sent.url);
    return refuse(sent);
  };
}

for (const [name, make] of Object.entries(MIRRORS)) {
  testBothWays(`a whole batch succeeds at two mirrors of which ${name}`, async (rig) => {
    const clock = new ManualClock();
    const [first, second] = make(clock);
    const { client, run } = rig(
      (sent) => sent.url.startsWith("https://a.test/") ? first(sent) : second(sent),
      {
        random: seededRandom(1),
        baseUrls: ["https://a.test", "https://b.test"],
      },
      { clock },
    );
    const outcomes = await run(client.settle(Array.from({ length: 150 }, (_, index) => `/${index}`)));

    assertEquals(outcomes.filter(({ ok }) => !ok), []);
  });
}

test("likelyLane() is the only lane, the only live one, or the first that has served lately and does not pause", () => {
  const nowMs = 3_600_000;
  /** Returns the lanes of several origins; each has served a request at its time. */
  const lanesOf = (...servedAtMs: number[]): Lane[] =>
    servedAtMs.map((atMs, nth) => {
      const lane = new Lane({ key: `https://m${nth}.test`, breaker: undefined, bucket: undefined });
      lane.succeeded = Number(atMs > -Infinity);
      lane.succeededAtMs = atMs;
      return lane;
    });
  const chosen = (lanes: readonly Lane[]): number =>
    lanes.findIndex((lane) => lane === likelyLane(lanes, nowMs));
  assertEquals(chosen(lanesOf(-Infinity)), 0);
  assertEquals(chosen(lanesOf(-Infinity, -Infinity)), -1);
  assertEquals(chosen(lanesOf(nowMs - 10_001, nowMs - 10_000)), 1);
  assertEquals(chosen(lanesOf(nowMs - 5, nowMs)), 0);
  const paused = lanesOf(nowMs, nowMs);
  paused[0]!.pauseFor(
    { untilMs: nowMs + 1_000, isNamed: true, status: 429, headers: new Headers() },
    nowMs,
    false,
  );
  assertEquals(chosen(paused), 1);
});
