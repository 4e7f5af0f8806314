import { assert, assertEquals, assertRejects } from "@std/assert";
import { HttpError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { json, type Reply, status } from "./fake_origin.ts";
import { testBothWays, URL_A } from "./rig.ts";

const OK = json({ ok: true });

testBothWays("a full outage costs at most 20 % more requests, and 10 a second (S10)", async (rig) => {
  const { client, origin, clock, run } = rig(status(503), { circuitBreaker: false, concurrency: 100 });
  const outcomes = await run(
    client.settle(numberedUrls(2_000)),
  );

  assertEquals(outcomes.filter(({ ok }) => ok).length, 0);
  const allowed = 2_000 * 1.2 + 10 * (10 + clock.now() / 1_000);
  assert(origin.calls <= allowed, `${origin.calls} calls in ${clock.now()} ms, ${allowed} allowed`);
  assert(origin.calls > 2_000, "nothing was retried");
});

testBothWays(
  "a request that the budget does not let retry fails with what happened to it (S10)",
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

testBothWays("a batch's request waits up to 3 s for the retry budget, and fails then (S10)", async (rig) => {
  // There is one retry in ten seconds, which brings nothing.
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

  // The window is over: there is one again.
  await clock.advance(7_000);
  await run(client.settle(["https://a.test/late"]));
  assertEquals(origin.calls, 5);
});

testBothWays("a retry that succeeds is given to those who wait for the retry budget (S10)", async (rig) => {
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
});

testBothWays(
  "a batch's request waits on for the retry budget while others are in line (S10)",
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
      // One retry, which gets in line behind all the others.
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
