import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type BatchOptions,
  type Client,
  type ClientOptions,
  HttpError,
  InvalidDataError,
  NetworkError,
  type Progress,
  TimeoutError,
} from "../../mod.ts";
import { loadHedging } from "../../src/client/lazy_hedging.ts";
import { httpCache, memoryCache } from "../../src/http_cache/mod.ts";
import { AdaptiveLimit, Semaphore, TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { SentRequest } from "../support/sent_request.ts";
import { rejection, watch } from "../support/settled.ts";
import {
  broken,
  type FakeOrigin,
  hanging,
  json,
  late,
  lateBody,
  refused,
  type Reply,
  status,
  text,
} from "../policies/fake_origin.ts";
import { type Rig, rig as makeRig, testBothWays, URL_A } from "../policies/rig.ts";
import { test } from "../support/test.ts";

// The code of hedging loads at first use, which takes real time.
await loadHedging();

const A = "https://a.test";
const B = "https://b.test";
const C = "https://c.test";

const HEDGE: ClientOptions = { hedge: { afterMs: 60 } };
/** A hedge budget that allows a hedge for every request in each of a few rounds, after {@linkcode pay} has added to it. */
const GENEROUS: ClientOptions = { hedge: { afterMs: 60, maxExtraRatio: 1 } };

/** Answers requests to `/paid` at once, and other requests with the replies in order; the last reply repeats. */
function script(...replies: readonly Reply[]): Reply {
  let next = 0;
  return (sent) =>
    sent.url.includes("/paid") ? json(0)(sent) : replies[Math.min(next++, replies.length - 1)]!(sent);
}

/** Makes fast requests, which add to the budget for hedges. */
async function pay({ client, run }: Pick<Rig, "client" | "run">, count = 20): Promise<void> {
  await run(client.all(Array.from({ length: count }, (_, index) => `https://a.test/paid/${index}`)));
}

/** Returns the times of the requests, without those of {@linkcode pay}. */
const timesOf = (origin: FakeOrigin): number[] =>
  origin.sent.filter(({ url }) => !url.includes("/paid")).map(({ atMs }) => atMs);

/** Asserts that no request is in flight and no timer is armed. */
function assertAtRest({ client, origin, clock }: Rig): void {
  assertEquals([client.stats().inFlight, origin.open, clock.pending], [0, 0, 0]);
}

const hedgesOf = (client: Client): number[] => {
  const { hedged, hedgesWon } = client.stats();
  return [hedged, hedgesWon];
};

testBothWays("hedge: a second attempt answers before a slow first one, which is aborted", async (rig) => {
  const clock = new ManualClock();
  const made = rig([late(clock, 500, json(1)), late(clock, 50, json(2))], HEDGE, { clock });
  const { client, origin, run } = made;
  const outcome = await run(client.outcome(URL_A));

  assert(outcome.ok);
  assertEquals([outcome.value, outcome.attempts, clock.now()], [2, 2, 110]);
  assertEquals([timesOf(origin), hedgesOf(client)], [[0, 60], [1, 1]]);
  assertEquals(origin.sent.map(({ signal }) => signal?.aborted), [true, false]);
  assertEquals(client.stats().origins["https://a.test"]!.failed, 0);
  assertAtRest(made);
});

testBothWays("hedge: a first attempt that answers after all aborts the second one", async (rig) => {
  const clock = new ManualClock();
  const made = rig([late(clock, 100, json(1)), late(clock, 50, json(2))], HEDGE, { clock });
  const { client, origin, run } = made;

  assertEquals(await run(client.json(URL_A)), 1);
  assertEquals([clock.now(), timesOf(origin), hedgesOf(client)], [100, [0, 60], [1, 0]]);
  assertEquals(origin.sent.map(({ signal }) => signal?.aborted), [false, true]);
  assertAtRest(made);
});

testBothWays("hedge: headers in time are enough, however long the body takes", async (rig) => {
  const clock = new ManualClock();
  const made = rig(lateBody(clock, 5_000, "[1]"), HEDGE, { clock });
  const { client, origin, run } = made;

  assertEquals(await run(client.json(URL_A)), [1]);
  assertEquals([origin.calls, hedgesOf(client), clock.now()], [1, [0, 0], 5_000]);
  assertAtRest(made);
});

testBothWays(
  "hedge × methods: only what changes nothing, and can be sent twice, is sent twice",
  async (rig) => {
    const stream = (): ReadableStream<Uint8Array> => new Blob(["{}"]).stream();
    const cases = [
      [{ method: "GET" }, 2],
      [{ method: "HEAD" }, 2],
      [{ method: "OPTIONS" }, 2],
      [{ method: "QUERY", body: "{}" }, 2],
      [{ method: "QUERY", body: stream() }, 1],
      [{ method: "POST", body: "{}" }, 1],
      [{ method: "POST", body: "{}", idempotent: true }, 1],
      [{ method: "PUT", body: "{}" }, 1],
      [{ method: "DELETE" }, 1],
      [{ method: "GET", idempotent: false }, 1],
      [{ method: "GET", hedge: false }, 1],
    ] as const;
    for (const [request, attempts] of cases) {
      const clock = new ManualClock();
      const made = rig(late(clock, 100, json(null)), HEDGE, { clock });
      const outcome = await made.run(made.client.outcome({ url: URL_A, as: "text", ...request }));
      assertEquals([outcome.ok, outcome.attempts], [true, attempts], JSON.stringify(request));
      assertAtRest(made);
    }
  },
);

testBothWays(
  "hedge × failures: a fast failure does not beat a slow answer, whichever is which",
  async (rig) => {
    const failures: Record<string, Reply> = {
      503: status(503),
      500: status(500),
      429: status(429),
      501: status(501),
      network: refused(),
    };
    for (const [name, failure] of Object.entries(failures)) {
      for (const isFirst of [false, true]) {
        const clock = new ManualClock();
        const fast = late(clock, isFirst ? 80 : 20, failure);
        const slow = late(clock, 400, json("slow"));
        const made = rig(isFirst ? [fast, slow] : [slow, fast], { ...HEDGE, maxRetries: 0 }, { clock });
        const { client, run, origin } = made;

        assertEquals(await run(client.json(URL_A)), "slow", name);
        assertEquals([clock.now(), origin.calls], [isFirst ? 460 : 400, 2], name);
        await clock.advance(120_000);
        assertAtRest(made);
      }
    }
  },
);

testBothWays("hedge × failures: one that fails as the other answers is got rid of", async (rig) => {
  for (const [firstMs, secondMs] of [[100, 40], [101, 40], [100, 41]] as const) {
    for (const isFirst of [true, false]) {
      const clock = new ManualClock();
      const replies = [status(503), json("fine")].map((reply, index) =>
        late(clock, (index === 0) === isFirst ? firstMs : secondMs, reply)
      );
      const made = rig(isFirst ? replies : replies.toReversed(), HEDGE, { clock });
      assertEquals(await made.run(made.client.json(URL_A)), "fine");
      await clock.advance(0);
      assertAtRest(made);
    }
  }
});

testBothWays("hedge × failures: what no other attempt would do better is an answer", async (rig) => {
  for (const code of [404, 400, 403, 410]) {
    const clock = new ManualClock();
    const made = rig([late(clock, 400, json(1)), late(clock, 20, status(code))], HEDGE, { clock });
    const error = await made.run(rejection(made.client.json(URL_A)));

    assertEquals([(error as HttpError).status, clock.now()], [code, 80]);
    assertAtRest(made);
  }
});

testBothWays("hedge × retryOn: a status that is to be retried is no answer", async (rig) => {
  const clock = new ManualClock();
  const made = rig([late(clock, 400, json(1)), late(clock, 20, status(404))], {
    ...HEDGE,
    retryOn: [404],
  }, { clock });

  assertEquals(await made.run(made.client.json(URL_A)), 1);
  assertEquals([clock.now(), made.origin.calls], [400, 2]);
  assertAtRest(made);
});

testBothWays("hedge × failures: of two failures, the one that may pass is gone on from", async (rig) => {
  const clock = new ManualClock();
  const reply = [late(clock, 100, status(501)), late(clock, 20, status(503)), json("again")];
  const made = rig(reply, HEDGE, { clock });

  assertEquals(await made.run(made.client.json(URL_A)), "again");
  assertEquals([timesOf(made.origin), made.client.stats().retried], [[0, 60, 2_100], 1]);
  assertAtRest(made);

  const hard = rig([late(clock, 100, status(503)), late(clock, 20, refused())], {
    ...HEDGE,
    maxRetries: 0,
  }, { clock });
  const error = await hard.run(rejection(hard.client.json(URL_A)));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.attempts, error.body], [503, 2, "status 503"]);
  assertAtRest(hard);
});

testBothWays(
  "hedge × timeoutMs: a request that is hedged at the moment of its timeout counts both attempts",
  async (rig) => {
    const clock = new ManualClock();
    const replies = [hanging(), late(clock, 20, status(503, { "retry-after": "39" }))];
    const made = rig(replies, { ...HEDGE, timeoutMs: 60, retryOn: () => false }, { clock });
    const error = await made.run(rejection(made.client.json(URL_A)));
    // Only the answer of the hedge would ask for a wait; the timeout of the first attempt asks for none.
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.attempts, made.origin.calls);
    assertAtRest(made);
  },
);

testBothWays(
  "hedge × breaker: two failures of one origin side by side count as one, a lost attempt as none",
  async (rig) => {
    const clock = new ManualClock();
    const made = rig(script(late(clock, 100, status(503))), { ...GENEROUS, maxRetries: 0 }, { clock });
    const { client, run } = made;
    await pay(made);
    for (let index = 0; index < 5; index++) await run(rejection(client.json(URL_A)));
    const { failed, attempts, succeeded } = client.stats().origins["https://a.test"]!;
    assertEquals([failed, attempts, succeeded], [10, 30, 20]);

    const slow = new ManualClock();
    const replies = Array.from(
      { length: 40 },
      (_, index) => late(slow, index % 2 === 0 ? 500 : 10, json(index)),
    );
    const other = rig(script(...replies), {
      ...GENEROUS,
      circuitBreaker: { failureRatio: 0.1, minimumRequests: 2 },
    }, { clock: slow });
    await pay(other);
    for (let index = 0; index < 20; index++) {
      await other.run(other.client.json(`${URL_A}?${index}`));
    }
    const origin = other.client.stats().origins["https://a.test"]!;
    assertEquals([origin.failed, origin.breaker, hedgesOf(other.client)], [0, "closed", [20, 20]]);
  },
);

testBothWays("hedge × retry: each round may be hedged once", async (rig) => {
  const clock = new ManualClock();
  const slowly = late(clock, 100, status(503));
  const made = rig(script(slowly, slowly, hanging(), late(clock, 10, json("hedged"))), GENEROUS, { clock });
  const { client, run, origin } = made;
  await pay(made);
  const outcome = await run(client.outcome(URL_A));

  assert(outcome.ok);
  assertEquals([outcome.value, outcome.attempts], ["hedged", 4]);
  assertEquals(timesOf(origin), [0, 60, 2_160, 2_220]);
  assertEquals([client.stats().retried, ...hedgesOf(client)], [1, 2, 1]);
  assertAtRest(made);
});

testBothWays("hedge × retryBudget: a second attempt is no retry", async (rig) => {
  const clock = new ManualClock();
  const made = rig([hanging(), late(clock, 10, json(1))], {
    ...HEDGE,
    retryBudget: { ratio: 0, minPerSecond: 0 },
    maxRetries: 0,
  }, { clock });

  assertEquals(await made.run(made.client.json(URL_A)), 1);
  assertAtRest(made);
});

testBothWays("hedge × timeoutMs: each attempt has a time of its own", async (rig) => {
  const clock = new ManualClock();
  const made = rig([hanging(), late(clock, 700, json("late"))], {
    hedge: { afterMs: 900 },
    timeoutMs: 1_000,
    maxRetries: 0,
  }, { clock });
  assertEquals(await made.run(made.client.json(URL_A)), "late");
  assertEquals([clock.now(), timesOf(made.origin)], [1_600, [0, 900]]);
  assertAtRest(made);

  const both = rig(hanging(), { hedge: { afterMs: 900 }, timeoutMs: 1_000, maxRetries: 0 });
  const error = await both.run(rejection(both.client.json(URL_A)));
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.kind, error.attempts, both.clock.now()], ["attempt", 2, 1_900]);
  assertAtRest(both);
});

testBothWays(
  "hedge × totalTimeoutMs, signal and close(): what ends the request ends both attempts",
  async (rig) => {
    const reason = { my: "reason" };
    const ends: Record<string, (made: Rig) => { pending: Promise<unknown>; end: () => unknown }> = {
      total: ({ client, clock }) => ({
        pending: client.json(URL_A, { totalTimeoutMs: 200 }),
        end: () => clock.advance(100),
      }),
      signal: ({ client }) => {
        const controller = new AbortController();
        const pending = client.json(URL_A, { signal: controller.signal });
        return { pending, end: () => controller.abort(reason) };
      },
      close: ({ client }) => ({ pending: client.json(URL_A), end: () => client.close(reason) }),
      batch: ({ client }) => {
        const controller = new AbortController();
        const pending = client.settle([URL_A], { signal: controller.signal });
        return { pending, end: () => controller.abort(reason) };
      },
    };
    for (const [name, begin] of Object.entries(ends)) {
      const made = rig(hanging(), HEDGE);
      const { pending, end } = begin(made);
      const settled = watch(pending);
      await made.clock.advance(100);
      assertEquals([made.origin.open, made.client.stats().inFlight], [2, 2], name);
      await end();
      await made.clock.advance(0);
      assertEquals(settled.state, "rejected", name);
      if (name === "total") assertInstanceOf(settled.error, TimeoutError);
      else assertStrictEquals(settled.error, reason, name);
      assertAtRest(made);
    }
  },
);

test("hedge × events: a listener that aborts as soon as it is told leaves nothing behind", async () => {
  for (const state of ["sent", "won"]) {
    const clock = new ManualClock();
    const made = makeRig([hanging(), late(clock, 10, json(1))], HEDGE, { clock });
    const controller = new AbortController();
    made.client.on((event) => {
      if (event.type === "hedge" && event.state === state) controller.abort("told");
    });
    assertEquals(await made.run(rejection(made.client.json(URL_A, { signal: controller.signal }))), "told");
    await clock.advance(0);
    assertAtRest(made);
  }
});

test("hedge × events: a listener that aborts when one has won leaves no body open, also of a deaf fetch", async () => {
  const clock = new ManualClock();
  const made = makeRig([hanging(), late(clock, 10, lateBody(clock, 10_000, "1"))], HEDGE, {
    clock,
    deaf: true,
  });
  const controller = new AbortController();
  made.client.on((event) => {
    if (event.type === "hedge" && event.state === "won") controller.abort("told");
  });
  assertEquals(await made.run(rejection(made.client.json(URL_A, { signal: controller.signal }))), "told");
  await clock.advance(1_000);
  assertEquals([clock.now(), made.client.stats().inFlight], [1_070, 1]); // the attempt that hangs
});

test("hedge × events: what was sent, and who won", async () => {
  const clock = new ManualClock();
  const told = async (replies: Reply[], options: ClientOptions = {}) => {
    const { client, events, run } = makeRig(replies, { ...HEDGE, maxRetries: 0, ...options }, { clock });
    const startedAtMs = clock.now();
    await run(client.outcome(URL_A));
    return events.flatMap((event) => {
      if (event.type !== "hedge") return event.type === "attempt" ? [`attempt ${event.attempt}`] : [];
      const { state, attempt, origin, elapsedMs, atMs, requestId } = event;
      assertEquals([origin, requestId, atMs - startedAtMs], ["https://a.test", 1, elapsedMs]);
      return [`${state} ${attempt} ${elapsedMs}`];
    });
  };

  const slow = late(clock, 500, json(1));
  const fast = late(clock, 10, json(2));
  assertEquals(await told([slow, fast]), ["attempt 1", "sent 2 60", "attempt 2", "won 2 70"]);
  assertEquals(await told([late(clock, 65, json(1)), slow]), [
    ...["attempt 1", "sent 2 60", "attempt 2", "lost 2 65"],
  ]);
  assertEquals(await told([late(clock, 65, status(500)), late(clock, 10, refused())]), [
    ...["attempt 1", "sent 2 60", "attempt 2", "failed 2 70"],
  ]);
  assertEquals(await told([fast]), ["attempt 1"]);
});

testBothWays("hedge × single-flight: callers share both attempts, and each may leave alone", async (rig) => {
  const clock = new ManualClock();
  const made = rig([hanging(), late(clock, 100, json(1))], HEDGE, { clock });
  const { client, origin, run } = made;
  const controller = new AbortController();
  const first = watch(client.json(URL_A, { signal: controller.signal }));
  const second = client.json(URL_A);
  await clock.advance(80);
  controller.abort("gone");
  await clock.advance(0);
  assertEquals([first.error, origin.open], ["gone", 2]);

  assertEquals(await run(second), 1);
  assertEquals([origin.calls, hedgesOf(client)], [2, [1, 1]]);
  assertAtRest(made);
});

testBothWays("hedge × concurrency: 1: nothing is hedged, and nothing hangs", async (rig) => {
  const clock = new ManualClock();
  const made = rig(late(clock, 200, json(1)), { ...GENEROUS, concurrency: 1 }, { clock });
  const outcomes = await made.run(made.client.settle([1, 2, 3].map((n) => `https://a.test/${n}`)));

  assert(outcomes.every(({ ok }) => ok));
  assertEquals([made.origin.calls, made.origin.peak, clock.now()], [3, 1, 600]);
  assertAtRest(made);
});

testBothWays(
  "hedge × concurrency: an abort while a second attempt is due leaves nothing behind",
  async (rig) => {
    const clock = new ManualClock();
    const made = rig(late(clock, 200, json(1)), { ...GENEROUS, concurrency: 1 }, { clock });
    const controller = new AbortController();
    const first = watch(made.client.json(URL_A, { signal: controller.signal }));
    const second = made.client.json("https://a.test/2");
    await clock.advance(100);
    controller.abort("gone");
    assertEquals(await made.run(second), 1);
    assertEquals([first.error, made.origin.calls, made.origin.peak], ["gone", 2, 1]);
    assertAtRest(made);
  },
);

testBothWays("hedge × perOrigin.concurrency: no second attempt beyond it", async (rig) => {
  const clock = new ManualClock();
  const made = rig(late(clock, 200, json(1)), { ...GENEROUS, perOrigin: { concurrency: 1 } }, { clock });

  assertEquals(await made.run(made.client.json(URL_A)), 1);
  assertEquals([made.origin.calls, clock.now()], [1, 200]);
  assertAtRest(made);
});

/** The options that limit the attempts in flight to two. */
const TWO_AT_ONCE: Readonly<Record<string, [ClientOptions, BatchOptions]>> = {
  "concurrency": [{ concurrency: 2 }, {}],
  "a batch's concurrency": [{}, { concurrency: 2 }],
  "both": [{ concurrency: 2 }, { concurrency: 2 }],
  "perOrigin.concurrency": [{ perOrigin: { concurrency: 2 } }, {}],
};

for (const [name, [options, batch]] of Object.entries(TWO_AT_ONCE)) {
  testBothWays(
    `hedge × ${name}: a second attempt has the next permit, before those that were never sent`,
    async (rig) => {
      const clock = new ManualClock();
      let calls = 0;
      const slow = (sent: SentRequest) => late(clock, calls++ === 0 ? 1_000 : 50, json(1))(sent);
      const made = rig(slow, { ...GENEROUS, ...options }, { clock });
      const { client, run, origin } = made;
      await run(client.all([0, 1, 2, 3, 4].map((n) => `https://a.test/${n}`), batch));

      const sent = origin.sent.map(({ url, atMs }) => `${url.at(-1)} ${atMs}`);
      assertEquals(sent, ["0 0", "1 0", "2 50", "0 100", "3 150", "4 150"]);
      assertEquals([origin.peak, hedgesOf(client), clock.now()], [2, [1, 1], 200]);
      assertAtRest(made);
    },
  );
}

testBothWays(
  "hedge × a batch's concurrency: second attempts count in it, also while its source says nothing",
  async (rig) => {
    const clock = new ManualClock();
    const made = rig(script(late(clock, 1_000, json(1))), GENEROUS, { clock });
    await pay(made, 5);
    async function* source() {
      for (let n = 0; n < 12; n++) {
        if (n % 4 === 3) await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
        yield `https://a.test/${n}`;
      }
    }
    const outcomes = await made.run(made.client.settle(source(), { concurrency: 5 }));
    assertEquals([outcomes.filter(({ ok }) => ok).length, made.origin.peak], [12, 5]);
    assert(hedgesOf(made.client)[0]! > 0);
    assertAtRest(made);
  },
);

for (const others of [1, 3]) {
  testBothWays(
    `hedge × origins: a request that is slow gets company beside ${others} of other origins that are in flight`,
    async (rig) => {
      const clock = new ManualClock();
      let calls = 0;
      const reply: Reply = (sent) => {
        const isSlow = !sent.url.startsWith(A) || calls++ === 0;
        return late(clock, isSlow ? 1_000 : 50, json(1))(sent);
      };
      const made = rig(reply, { ...GENEROUS, concurrency: 8 }, { clock });
      const { client, run } = made;
      const all = Array.from(
        { length: others },
        (_, n) => client.json(`https://o${n}.test/`, { hedge: false }),
      );
      const urls = Array.from({ length: 40 }, (_, n) => `${A}/${n}`);
      const outcomes = await run(client.settle(urls));
      assertEquals([outcomes[0]!.attempts, hedgesOf(client)], [2, [1, 1]]);
      assert(outcomes[0]!.durationMs <= 150, `${outcomes[0]!.durationMs}`);
      await run(Promise.all(all));
      assertAtRest(made);
    },
  );
}

testBothWays("hedge × origins: a request of an origin that holds less goes first", async (rig) => {
  const clock = new ManualClock();
  const made = rig((sent) => late(clock, sent.url.endsWith("/0") ? 70 : 500, json(1))(sent), {
    ...GENEROUS,
    concurrency: 4,
  }, { clock });
  const { client, run, origin } = made;
  const slow = [0, 1, 2, 3].map((n) => client.json(`${A}/${n}`));
  await clock.advance(65);
  const others = [1, 2].map((n) => client.json(`${B}/${n}`));
  await clock.advance(10);
  assertEquals(origin.sent.map(({ url }) => url).slice(4), [`${B}/1`]);
  await run(Promise.all([...slow, ...others]));
  await clock.advance(0);
  assertAtRest(made);
});

testBothWays("hedge × priority: each second attempt has the priority of its request", async (rig) => {
  for (const [low, high, usual] of [[0, 10, 5], [-5, -1, -3], [-5, 5, 0]] as const) {
    const clock = new ManualClock();
    const made = rig((sent) => late(clock, sent.url.includes("slow") ? 1_000 : 100, json(1))(sent), {
      ...GENEROUS,
      concurrency: 3,
    }, { clock });
    const { client, run, origin } = made;
    await pay(made);
    const ask = (name: string, priority: number) => client.json({ url: `${A}/${name}`, priority });
    const all = [ask("slow-low", low), ask("slow-high", high), ask("first", usual)];
    await clock.advance(70);
    all.push(ask("usual-1", usual), ask("usual-2", usual));
    await run(Promise.all(all));
    const names = origin.sent.map(({ url }) => url.split("/").at(-1)!).filter((name) => /[a-z]/.test(name));
    assertEquals(names.slice(3, 6), ["slow-high", "usual-1", "usual-2"], `${low} ${high} ${usual}`);
    await clock.advance(0);
    assertAtRest(made);
  }
});

testBothWays("hedge × semaphore: a permit that other clients wait for is theirs", async (rig) => {
  const clock = new ManualClock();
  const semaphore = new Semaphore(2);
  const made = rig(late(clock, 200, json(1)), { ...HEDGE, concurrency: semaphore }, { clock });
  semaphore.tryAcquire();
  const waiting = watch(semaphore.acquire());
  const pending = made.client.json(URL_A);
  await clock.advance(0);
  assertEquals(made.origin.calls, 0);
  const other = watch(semaphore.acquire());
  semaphore.resize(3);
  await clock.advance(150);
  assertEquals([waiting.state, other.state, made.origin.calls], ["fulfilled", "pending", 1]);
  await made.run(pending);
  assertEquals([made.origin.calls, hedgesOf(made.client)], [1, [0, 0]]);
});

testBothWays("hedge × rateLimit: a token each, and none is waited for", async (rig) => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ limit: 1, intervalMs: 1e9, burst: 3, clock });
  const made = rig(late(clock, 200, json(1)), { ...GENEROUS, rateLimit: bucket }, { clock });
  const { client, run, origin } = made;

  await run(client.json(`${URL_A}?1`));
  assertEquals([origin.calls, Math.floor(bucket.available)], [2, 1]);
  await run(client.json(`${URL_A}?2`));
  assertEquals([origin.calls, Math.floor(bucket.available), clock.now()], [3, 0, 400]);
  assertAtRest(made);
});

testBothWays("hedge × breaker: nothing is hedged while it is open or half-open", async (rig) => {
  const clock = new ManualClock();
  const reply: Reply = (sent) => {
    if (sent.url.includes("/fails")) return status(500)(sent);
    return late(clock, 200, json(1))(sent);
  };
  const made = rig(reply, {
    ...GENEROUS,
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
  }, { clock });
  const { client, run, origin } = made;
  const pending = client.json(URL_A);
  await clock.advance(30);
  await rejection(client.json("https://a.test/fails"));
  assertEquals(client.stats().origins["https://a.test"]!.breaker, "open");
  assertEquals(await run(pending), 1);
  assertEquals(hedgesOf(client), [0, 0]);

  await clock.advance(1_000);
  assertEquals(await run(client.json(`${URL_A}?probe`)), 1);
  assertEquals([origin.calls, hedgesOf(client)], [3, [0, 0]]);
  assertEquals(await run(client.json(`${URL_A}?after`)), 1);
  assertEquals(hedgesOf(client)[0], 1);
  assertAtRest(made);
});

testBothWays("hedge × breaker: a second attempt is nobody's probe", async (rig) => {
  const clock = new ManualClock();
  const reply: Reply = (sent) =>
    (sent.url.includes("/fails") ? status(500) : late(clock, 3_000, json(1)))(sent);
  const made = rig(reply, {
    hedge: { afterMs: 2_000 },
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
  }, { clock });
  const pending = made.client.json(URL_A);
  await clock.advance(30);
  await rejection(made.client.json("https://a.test/fails"));

  assertEquals([await made.run(pending), clock.now()], [1, 3_000]);
  assertEquals([made.origin.calls, hedgesOf(made.client)], [2, [0, 0]]);
});

testBothWays(
  "hedge × breaker: requests that fail twice side by side do not open it twice as soon",
  async (rig) => {
    for (const [requests, breaker] of [[15, "closed"], [20, "open"]] as const) {
      const clock = new ManualClock();
      const made = rig(script(late(clock, 100, status(503))), { ...GENEROUS, maxRetries: 0 }, { clock });
      const paying = Array.from({ length: 30 }, (_, index) => `https://b.test/paid/${index}`);
      await made.run(made.client.all(paying));
      for (let index = 0; index < requests; index++) await made.run(rejection(made.client.json(URL_A)));
      const origin = made.client.stats().origins["https://a.test"]!;
      assertEquals([origin.attempts, origin.breaker], [2 * requests, breaker]);
    }
  },
);

testBothWays(
  "hedge × 429: nothing is sent into a pause, and one that was sent may still win",
  async (rig) => {
    const clock = new ManualClock();
    const paused = status(429, { "retry-after": "5" });
    const reply: Reply = (sent) => (sent.url.includes("/other") ? paused : late(clock, 200, json(1)))(sent);
    const made = rig(reply, { ...GENEROUS, maxRetries: 0 }, { clock });
    const pending = made.client.json(URL_A);
    await clock.advance(30);
    await rejection(made.client.json("https://a.test/other"));
    assertEquals([await made.run(pending), hedgesOf(made.client)], [1, [0, 0]]);

    const sent = rig([late(clock, 70, paused), late(clock, 200, json("second"))], HEDGE, { clock });
    const startedAtMs = clock.now();
    assertEquals(await sent.run(sent.client.json(URL_A)), "second");
    assertEquals([clock.now() - startedAtMs, sent.client.stats().retried], [260, 0]);
    assertEquals(sent.client.stats().origins["https://a.test"]!.healthy, false);
  },
);

testBothWays("hedge × maxBodyBytes: the winner's body is bounded as ever", async (rig) => {
  const clock = new ManualClock();
  const made = rig([late(clock, 500, json(1)), late(clock, 10, text("x".repeat(100)))], {
    ...HEDGE,
    maxBodyBytes: 50,
  }, { clock });
  const error = await made.run(rejection(made.client.text(URL_A)));

  assertInstanceOf(error, InvalidDataError);
  assertEquals([error.reason, clock.now()], ["too-large", 70]);
  await clock.advance(0);
  assertAtRest(made);
});

testBothWays("hedge × a body that breaks: the loser is gone, and the round is repeated", async (rig) => {
  const clock = new ManualClock();
  const made = rig(
    [late(clock, 500, json(1)), late(clock, 10, broken()), json("again")],
    HEDGE,
    { clock },
  );

  assertEquals(await made.run(made.client.json(URL_A)), "again");
  assertEquals([timesOf(made.origin), made.client.stats().retried], [[0, 60, 2_070], 1]);
  assertAtRest(made);
});

test("hedge × use: middleware is around both attempts", async () => {
  const clock = new ManualClock();
  const attempts: number[] = [];
  const ends: string[] = [];
  const made = makeRig([late(clock, 500, json(1)), late(clock, 10, json(2))], {
    ...HEDGE,
    use: [async (request, next, { attempt }) => {
      attempts.push(attempt);
      request.signal.addEventListener("abort", () => ends.push(`${attempt} aborted`));
      try {
        return await next(request);
      } finally {
        ends.push(`${attempt} ended`);
      }
    }],
  }, { clock });

  assertEquals(await made.run(made.client.json(URL_A)), 2);
  await clock.advance(0);
  assertEquals([attempts, ends.toSorted()], [[1, 2], ["1 aborted", "1 ended", "2 ended"]]);
  assertAtRest(made);
});

test("hedge × use: middleware runs in the async context of its caller, also around second attempts", async () => {
  const clock = new ManualClock();
  const caller = new AsyncLocalStorage<string>();
  const seen: string[][] = [];
  const made = makeRig(late(clock, 500, json(1)), {
    ...GENEROUS,
    use: [(request, next) => {
      seen.push([new URL(request.url).pathname.slice(1), caller.getStore()!]);
      return next(request);
    }],
  }, { clock });
  const names = ["a", "b", "c"];
  await made.run(Promise.all(names.map((name) => caller.run(name, () => made.client.json(`${A}/${name}`)))));
  assertEquals(made.client.stats().hedged > 0, true);
  assertEquals(seen.filter(([name, store]) => name !== store), []);
});

test("hedge × use: what a middleware throws by itself is the caller's error, unless the other attempt answers", async () => {
  const clock = new ManualClock();
  const mistake = new Error("a mistake");
  for (const mistaken of [[1], [2], [1, 2]]) {
    const made = makeRig(late(clock, 100, json("fine")), {
      ...HEDGE,
      use: [async (request, next, { attempt }) => {
        if (!mistaken.includes(attempt)) return await next(request);
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 80));
        throw mistake;
      }],
    }, { clock });
    const outcome = await made.run(made.client.outcome(URL_A));
    if (mistaken.length === 1) assert(outcome.ok);
    else assertStrictEquals(outcome.ok ? undefined : outcome.error, mistake);
    await clock.advance(200);
    assertAtRest(made);
  }
});

test("hedge × cache: the winner is stored once, with its own times", async () => {
  for (const isSecond of [true, false]) {
    const clock = new ManualClock();
    const replies = [late(clock, isSecond ? 9_000 : 3_000, cacheable(1)), late(clock, 1_000, cacheable(2))];
    const adapter = memoryCache({ now: () => clock.wallNow() });
    let stores = 0;
    const counting = {
      name: "counting",
      maxEntryBytes: adapter.maxEntryBytes,
      get: adapter.get.bind(adapter),
      delete: adapter.delete.bind(adapter),
      set: (...entry: Parameters<typeof adapter.set>) => {
        stores++;
        return adapter.set(...entry);
      },
    };
    const made = makeRig(replies, { hedge: { afterMs: 2_500 }, cache: httpCache(counting) }, { clock });
    const { client, run, origin } = made;
    const value = await run(client.json(URL_A));
    await clock.advance(0);

    assertEquals([value, stores, clock.now()], isSecond ? [2, 1, 3_500] : [1, 1, 3_000]);
    // The age of an entry counts from its own request: an entry of the hedge stays fresh for longer.
    await clock.advance(6_500);
    await run(client.json(URL_A));
    assertEquals([origin.calls, stores], isSecond ? [2, 1] : [2, 1]);
    await clock.advance(1_000);
    await run(client.json(URL_A));
    assertEquals(origin.calls > 2, !isSecond);
  }
});

function cacheable(value: unknown): Reply {
  return json(value, { headers: { "cache-control": "max-age=10" } });
}

test("hedge × cache × redirects: each attempt notes its own, and what the winner has followed is kept", async () => {
  for (const isSecond of [true, false]) {
    const clock = new ManualClock();
    const moved = (to: string): Reply => status(302, { location: to, "cache-control": "max-age=1000" });
    const replies = isSecond
      ? [moved("/first"), late(clock, 500, cacheable(1)), moved("/second"), late(clock, 10, cacheable(2))]
      : [moved("/first"), late(clock, 100, cacheable(1)), moved("/second"), late(clock, 500, cacheable(2))];
    const cache = httpCache(memoryCache({ now: () => clock.wallNow() }));
    const made = makeRig(replies, { ...HEDGE, cache }, { clock });
    const outcome = await made.run(made.client.outcome(URL_A));
    await clock.advance(0);
    const again = await made.run(made.client.outcome(URL_A));

    const [name, value] = isSecond ? ["second", 2] : ["first", 1];
    assert(outcome.ok && again.ok);
    assertEquals([outcome.value, again.value, again.from], [value, value, "cache"]);
    assertEquals([outcome.url, again.url], [`https://a.test/${name}`, `https://a.test/${name}`]);
    assertEquals(made.origin.calls, 4);
    assertAtRest(made);
  }
});

testBothWays("hedge × adaptive limit: a lost attempt is no sample", async (rig) => {
  const clock = new ManualClock();
  const limit = new AdaptiveLimit({ initial: 8, min: 8, max: 8, clock });
  const samples: number[] = [];
  const record = limit.record.bind(limit);
  limit.record = (latencyMs, result) => {
    samples.push(latencyMs);
    record(latencyMs, result);
  };
  const made = rig([hanging(), late(clock, 30, json(1))], { ...HEDGE, concurrency: limit }, { clock });

  assertEquals(await made.run(made.client.json(URL_A)), 1);
  await clock.advance(60_000);
  assertEquals(samples, [30]);
  assertAtRest(made);
});

testBothWays(
  "hedge × a deaf fetch: the answer comes at once, and the loser's permit when it is written off",
  async (rig) => {
    const clock = new ManualClock();
    const made = rig([hanging(), late(clock, 10, json(1))], { ...HEDGE, timeoutMs: 5_000 }, {
      clock,
      deaf: true,
    });

    assertEquals(await made.run(made.client.json(URL_A)), 1);
    assertEquals([clock.now(), made.client.stats().inFlight], [70, 1]);
    await clock.advance(5_000);
    assertEquals([made.client.stats().inFlight, clock.pending], [0, 0]);
  },
);

testBothWays("hedge × a deaf fetch: a loser that answers all the same is got rid of", async (rig) => {
  const clock = new ManualClock();
  const made = rig([late(clock, 300, json(1)), late(clock, 10, json(2))], HEDGE, { clock, deaf: true });

  assertEquals(await made.run(made.client.json(URL_A)), 2);
  await clock.advance(1_000);
  assertEquals(made.client.stats().succeeded, 1);
  assertAtRest(made);
});

testBothWays(
  "hedge × retries of others: a request without headers is hedged in a batch with patience too",
  async (rig) => {
    const clock = new ManualClock();
    const made = rig(script(hanging(), late(clock, 10, json("second")), json("fast")), GENEROUS, { clock });
    const outcomes = await made.run(
      made.client.settle(["https://a.test/1", "https://a.test/2"], { patienceMs: 5_000, onOpen: "wait" }),
    );

    // The first attempt of each URL got the first two replies in order; the hedge of the first URL got the third.
    assertEquals(outcomes.map((outcome) => outcome.ok && outcome.value), ["fast", "second"]);
    assertEquals([clock.now(), hedgesOf(made.client)], [60, [1, 1]]);
    assertAtRest(made);
  },
);

test("hedge × fetch(): up to the headers; the winner's body streams, and holds the one permit that is left", async () => {
  const clock = new ManualClock();
  const made = makeRig([hanging(), late(clock, 10, lateBody(clock, 1_000, "a long text"))], HEDGE, { clock });
  const { client, run } = made;
  const response = await run(client.fetch(URL_A));
  await clock.advance(0);
  assertEquals([clock.now(), client.stats().inFlight], [70, 1]);
  assertEquals(await run(response.text()), "a long text");
  await clock.advance(0);
  assertEquals(clock.now(), 1_070);
  assertAtRest(made);
});

test("hedge × fetch(): an abort after the headers ends the winner's body, whichever it is", async () => {
  for (const isSecond of [true, false]) {
    const clock = new ManualClock();
    const slow = late(clock, isSecond ? 500 : 100, lateBody(clock, 1_000, "1"));
    const made = makeRig([slow, late(clock, isSecond ? 10 : 500, lateBody(clock, 1_000, "2"))], HEDGE, {
      clock,
    });
    const controller = new AbortController();
    const response = await made.run(made.client.fetch(URL_A, { signal: controller.signal }));
    const reading = rejection(response.text());
    controller.abort("enough");
    assertEquals(await made.run(reading), "enough");
    await clock.advance(0);
    assertAtRest(made);
  }
});

test("hedge × fetch(): of two failures, the last is given to its reader whole", async () => {
  const clock = new ManualClock();
  const made = makeRig([late(clock, 100, status(500)), late(clock, 20, status(503))], {
    ...HEDGE,
    maxRetries: 0,
  }, { clock });
  const response = await made.run(made.client.fetch(URL_A));

  assertEquals([response.status, await made.run(response.text()), clock.now()], [500, "status 500", 100]);
  await clock.advance(0);
  assertAtRest(made);
});

test("hedge × fetch(): of two failures, the one that is handed out can be aborted", async () => {
  const clock = new ManualClock();
  const slowly: Reply = async (sent) => {
    const { body } = await lateBody(clock, 1_000, "an error")(sent);
    return new Response(body, { status: 500 });
  };
  const made = makeRig(
    [late(clock, 100, slowly), late(clock, 20, status(503))],
    { ...HEDGE, maxRetries: 0 },
    {
      clock,
    },
  );
  const controller = new AbortController();
  const response = await made.run(made.client.fetch(URL_A, { signal: controller.signal }));
  const reading = rejection(response.text());
  controller.abort("enough");
  assertEquals([await made.run(reading), response.status, clock.now()], ["enough", 500, 100]);
  await clock.advance(0);
  assertAtRest(made);
});

testBothWays(
  "hedge × totalTimeoutMs: a deadline of the same moment goes first, and costs no token",
  async (rig) => {
    const bucket = new TokenBucket({ limit: 1, intervalMs: 1e9, burst: 3 });
    const made = rig(hanging(), { ...HEDGE, rateLimit: bucket, totalTimeoutMs: 60 });
    assertInstanceOf(await made.run(rejection(made.client.json(URL_A))), TimeoutError);
    await made.clock.advance(100);
    assertEquals([made.origin.calls, Math.floor(bucket.available)], [1, 2]);
    assertAtRest(made);
  },
);

test("hedge × events(): a subscription is never opened twice", async () => {
  const clock = new ManualClock();
  const reply = late(clock, 1_000, text("data: 1\n\n", { headers: { "content-type": "text/event-stream" } }));
  const made = makeRig(reply, HEDGE, { clock });
  const stream = made.client.events(URL_A, { reconnect: false });

  assertEquals((await made.run(stream.next())).value?.data, "1");
  assertEquals(made.origin.calls, 1);
  await stream.return?.();
});

test("hedge × lines(): a body that is read line by line is hedged up to its headers", async () => {
  const clock = new ManualClock();
  const made = makeRig([hanging(), late(clock, 10, text("1\n2\n"))], HEDGE, { clock });
  const lines = await made.run(Array.fromAsync(made.client.lines(URL_A)));

  assertEquals([lines, clock.now()], [["1", "2"], 70]);
  await clock.advance(0);
  assertAtRest(made);
});

testBothWays("hedge × onProgress: each attempt has its number", async (rig) => {
  const clock = new ManualClock();
  const seen: Progress[] = [];
  const made = rig([late(clock, 100, json("first")), hanging()], HEDGE, { clock });
  await made.run(made.client.json(URL_A, { onProgress: (progress) => seen.push(progress) }));

  assertEquals(seen.map(({ attempt, bytes }) => [attempt, bytes]), [[1, 7]]);
  assertAtRest(made);
});

testBothWays("hedge × extend(): an extension shares the budget, and may do without", async (rig) => {
  const clock = new ManualClock();
  const made = rig(late(clock, 200, json(1)), HEDGE, { clock });
  const { client, run, origin } = made;
  await run(client.extend({ hedge: false }).json(`${URL_A}?1`));
  assertEquals(origin.calls, 1);
  const own = client.extend({ headers: { "x-own": "1" } });
  await run(own.json(`${URL_A}?2`));
  assertEquals([origin.calls, own.stats().hedged, client.stats().hedged], [3, 1, 0]);
  // Both clients share the budget of one hedge in 10 seconds.
  await run(client.json(`${URL_A}?3`));
  assertEquals(origin.calls, 4);
});

/** Creates a client with three mirrors; `asked` returns the mirrors that got requests, in order. */
function mirrored(answers: Readonly<Record<string, Reply>>, options: ClientOptions, clock: ManualClock) {
  const reply: Reply = (sent) => answers[new URL(sent.url).origin]!(sent);
  const made = makeRig(reply, { baseUrls: [A, B, C], ...options }, { clock });
  return { ...made, asked: () => made.origin.sent.map(({ url }) => new URL(url).host[0]).join("") };
}

test("hedge × mirrors: to the same one, or to the next that is well", async () => {
  for (const [to, asked, value] of [["same", "aa", "a"], ["nextMirror", "ab", "b"]] as const) {
    const clock = new ManualClock();
    const answers = { [A]: late(clock, 200, json("a")), [B]: late(clock, 20, json("b")), [C]: json("c") };
    const made = mirrored(answers, { hedge: { afterMs: 60, to } }, clock);
    const outcome = await made.run(made.client.outcome("data"));
    assert(outcome.ok);
    assertEquals([made.asked(), outcome.value, new URL(outcome.url).host[0]], [asked, value, value]);
    assertAtRest(made);
  }
});

test("hedge × mirrors: with none that is well, it goes to the same", async () => {
  const clock = new ManualClock();
  const down = status(503, { "retry-after": "30" });
  const answers = { [A]: late(clock, 200, json("a")), [B]: down };
  const made = mirrored(answers, { baseUrls: [A, B], hedge: { afterMs: 60, to: "nextMirror" } }, clock);
  await made.run(rejection(made.client.json(`${B}/x`, { maxRetries: 0 })));

  assertEquals(await made.run(made.client.json("data")), "a");
  assertEquals(made.asked(), "baa");
});

test("hedge × mirrors: two that failed side by side were both asked, and the error tells of all", async () => {
  const clock = new ManualClock();
  const answers = {
    [A]: late(clock, 100, status(503)),
    [B]: late(clock, 20, refused()),
    [C]: late(clock, 10, status(500)),
  };
  const options: ClientOptions = { hedge: { afterMs: 60, to: "nextMirror" }, maxRetries: 0 };
  const made = mirrored(answers, options, clock);
  const error = await made.run(rejection(made.client.json("data")));

  assertEquals(made.asked(), "abc");
  assertInstanceOf(error, NetworkError);
  const { mirrors } = error.context as { mirrors: { url: string; failure: string }[] };
  assertEquals(mirrors.map(({ url }) => new URL(url).host[0]), ["b", "a", "c"]);
  assertAtRest(made);

  const better = mirrored({ ...answers, [C]: json("c") }, options, new ManualClock());
  assertEquals(await better.run(better.client.json("data")), "c");
});

test("hedge × mirrors: statuses go by the rules of the mirror that answered", async () => {
  const clock = new ManualClock();
  const answers = { [A]: late(clock, 200, json("a")), [B]: late(clock, 20, status(403)), [C]: json("c") };
  const hedge = { afterMs: 60, to: "nextMirror" } as const;
  const strict = mirrored(answers, { hedge }, clock);
  assertInstanceOf(await strict.run(rejection(strict.client.json("data"))), HttpError);
  const lenient = mirrored(answers, { hedge, baseUrls: [A, { url: B, moveOn: [403] }, C] }, clock);
  assertEquals(await lenient.run(lenient.client.json("data")), "a");
  assertEquals(lenient.asked(), "ab");
});

test("hedge × mirrors × retryOn: a status that is to be retried is no answer", async () => {
  const clock = new ManualClock();
  const answers = { [A]: late(clock, 200, json("a")), [B]: late(clock, 20, status(404)), [C]: json("c") };
  const hedge = { afterMs: 60, to: "nextMirror" } as const;
  const made = mirrored(answers, { hedge, retryOn: [404] }, clock);
  assertEquals([await made.run(made.client.json("data")), made.asked()], ["a", "ab"]);
});

test("hedge × mirrors: a layout that throws is not asked beside another one", async () => {
  const clock = new ManualClock();
  const answers = { [A]: late(clock, 200, json("a")), [C]: late(clock, 20, json("c")) };
  const bad = {
    url: B,
    path: () => {
      throw new Error("no such path");
    },
  };
  const made = mirrored(answers, { hedge: { afterMs: 60, to: "nextMirror" }, baseUrls: [A, bad, C] }, clock);
  assertEquals([await made.run(made.client.json("data")), made.asked()], ["c", "ac"]);
});

testBothWays(
  "hedge: { percentile }: nothing before enough samples, then what is slower than most",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => late(clock, sent.url.includes("/slow") ? 500 : 50, json(1))(sent);
    const made = rig(reply, { hedge: { percentile: 0.9, minimumSamples: 30 } }, { clock });
    const { client, run } = made;
    const urls = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => `https://a.test/${from + index}`);
    await run(client.all(urls(28, 0)));
    await run(client.json("https://a.test/slow/1"));
    assertEquals(hedgesOf(client), [0, 0]);
    await run(client.all(urls(28, 100)));
    assertEquals(hedgesOf(client), [0, 0]);

    const startedAtMs = clock.now();
    await run(client.json("https://a.test/slow/2"));
    const waitedMs = clock.now() - startedAtMs;
    // The estimate of the percentile is 50 ms, or up to 4.4 % more.
    const hedgedAtMs = made.origin.timesMs.at(-1)! - startedAtMs;
    assert(hedgedAtMs >= 50 && hedgedAtMs <= 53.2, `${hedgedAtMs}`);
    assertEquals([hedgesOf(client), waitedMs], [[1, 0], 500]);
    assertAtRest(made);
  },
);

testBothWays(
  "hedge: { percentile }: attempts that were cut short do not make it ever shorter",
  async (rig) => {
    const clock = new ManualClock();
    const random = seededRandom(3);
    const reply: Reply = (sent) => late(clock, 10 - 50 * Math.log(1 - random()), json(1))(sent);
    const made = rig(reply, { hedge: { percentile: 0.9, maxExtraRatio: 1 } }, { clock });
    const { client, run } = made;
    for (let index = 0; index < 3_000; index++) await run(client.json(`https://a.test/${index}`));

    const [hedged, won] = hedgesOf(client);
    assert(hedged! > 240 && hedged! < 330, `${hedged}`);
    assert(won! > 80, `${won}`);
    assertAtRest(made);
  },
);

testBothWays(
  "hedge: { percentile } × timeoutMs: attempts that took too long count among the slow ones",
  async (rig) => {
    const clock = new ManualClock();
    let nth = 0;
    const reply: Reply = (sent) => (++nth % 5 === 0 ? hanging() : late(clock, 20, json(1)))(sent);
    const made = rig(reply, {
      hedge: { percentile: 0.9, maxExtraRatio: 1 },
      timeoutMs: 100,
      maxRetries: 0,
      circuitBreaker: false,
    }, { clock });
    const { client, run } = made;
    for (let index = 0; index < 200; index++) await run(client.outcome(`https://a.test/${index}`));

    assertEquals([hedgesOf(client), client.stats().failed], [[0, 0], 40]);
    assertAtRest(made);
  },
);

testBothWays("hedge: { percentile }: each origin by its own", async (rig) => {
  const clock = new ManualClock();
  const reply: Reply = (sent) => late(clock, sent.url.startsWith(B) ? 300 : 20, json(1))(sent);
  const made = rig(reply, { hedge: { percentile: 0.95, minimumSamples: 20 } }, { clock });
  const urls = [A, B].flatMap((origin) => Array.from({ length: 60 }, (_, index) => `${origin}/${index}`));
  await made.run(made.client.all(urls));
  await made.run(made.client.all(urls.map((url) => `${url}?again`)));

  assertEquals(hedgesOf(made.client), [0, 0]);
});

testBothWays(
  "hedge × budget: when everything is slow, there are 5 % more requests, and no more",
  async (rig) => {
    const clock = new ManualClock();
    const made = rig(late(clock, 500, json(1)), { hedge: { afterMs: 60 }, concurrency: 100 }, { clock });
    const { client, origin } = made;
    const all: Promise<unknown>[] = [];
    for (let index = 0; index < 3_000; index++) {
      all.push(client.json(`https://a.test/${index}`));
      await clock.advance(10);
    }
    await made.run(Promise.all(all));

    const extra = origin.calls - 3_000;
    assert(extra > 100 && extra <= 150, `${extra} extra`);
    assertEquals(client.stats().hedged, extra);
    assertAtRest(made);
  },
);

testBothWays(
  "hedge: 2 % of responses ten times slower are a tail of twice the median, for 5 % more requests",
  async (rig) => {
    const clock = new ManualClock();
    let nth = 0;
    const reply: Reply = (sent) => late(clock, nth++ % 50 === 49 ? 500 : 50, json(1))(sent);
    const figures = async (hedge: ClientOptions["hedge"]) => {
      nth = 0;
      const { client, origin, run } = rig(reply, { hedge, concurrency: 50 }, { clock });
      const times: number[] = [];
      const all: Promise<unknown>[] = [];
      const fetchOne = async (url: string) => {
        const startedAtMs = clock.now();
        await client.json(url);
        times.push(clock.now() - startedAtMs);
      };
      for (let index = 0; index < 5_000; index++) {
        all.push(fetchOne(`https://a.test/${index}`));
        await clock.advance(5);
      }
      await run(Promise.all(all));
      times.sort((a, b) => a - b);
      return { p50: times[2_500]!, p99: times[4_950]!, p999: times[4_995]!, extra: origin.calls / 5_000 - 1 };
    };

    const plain = await figures(false);
    assertEquals([plain.p50, plain.p99], [50, 500]);
    for (const hedge of [{ percentile: 0.95 }, { afterMs: 55 }]) {
      const hedged = await figures(hedge);
      assertEquals(hedged.p50, 50);
      assert(hedged.p99 <= 2.2 * hedged.p50, `p99 ${hedged.p99}`);
      assert(hedged.extra > 0.015 && hedged.extra <= 0.05, `${hedged.extra}`);
    }
  },
);

test("createClient({ hedge }) refuses what it can't be", async () => {
  const bad: readonly [unknown, string][] = [
    [{}, "'hedge' must be { afterMs } or { percentile, minimumSamples }"],
    [{ afterMs: 10, percentile: 0.9 }, "'hedge' must be { afterMs } or"],
    [{ afterMs: 10, minimumSamples: 5 }, "'hedge' must be { afterMs } or"],
    [{ afterMs: 0 }, "'hedge.afterMs' must be a positive number of milliseconds: received 0"],
    [{ afterMs: Infinity }, "'hedge.afterMs' must be"],
    [{ percentile: 1 }, "'hedge.percentile' must be a number between 0 and 1: received 1"],
    [{ percentile: 95 }, "'hedge.percentile' must be"],
    [{ percentile: 0.9, minimumSamples: 0 }, "'hedge.minimumSamples' must be a positive integer"],
    [{ afterMs: 10, maxExtraRatio: 2 }, "'hedge.maxExtraRatio' must be a number from 0 to 1"],
    [{ afterMs: 10, to: "other" }, "'hedge.to' must be 'same' or 'nextMirror'"],
    [{ afterMs: 10, aftreMs: 1 }, "'hedge.aftreMs'"],
    [true, "'hedge' must be"],
    [60, "'hedge' must be"],
  ];
  for (const [hedge, message] of bad) {
    const error = await rejection(Promise.try(() => makeRig(json(1), { hedge } as ClientOptions)));
    assert((error as Error).message.includes(`Cannot create client as ${message}`), (error as Error).message);
  }
  const { client } = makeRig(json(1), HEDGE);
  const wrong = { hedge: true } as unknown as { hedge: false };
  await assertRejects(() => client.json(URL_A, wrong), TypeError, "'hedge' must be false");
  const extending = rejection(Promise.try(() => client.extend({ hedge: { afterMs: 1 } } as never)));
  assert(((await extending) as Error).message.includes("'hedge' must be false: an extension shares"));
});

testBothWays("hedge: { maxExtraRatio: 0 } hedges nothing", async (rig) => {
  const clock = new ManualClock();
  const made = rig(late(clock, 200, json(1)), { hedge: { afterMs: 60, maxExtraRatio: 0 } }, { clock });
  assertEquals(await made.run(made.client.json(URL_A)), 1);
  assertEquals(made.origin.calls, 1);
});

testBothWays("hedge × pages: a page that is slow gets a second attempt", async (rig) => {
  const clock = new ManualClock();
  const made = rig(script(hanging(), late(clock, 10, json("page"))), GENEROUS, { clock });
  const { client, origin, run } = made;
  await pay(made);
  const begunAtMs = clock.now();
  const [page] = await run(Array.fromAsync(client.pages(URL_A)));

  assertEquals([page?.value, page?.attempts, timesOf(origin)], ["page", 2, [begunAtMs, begunAtMs + 60]]);
  assertEquals(hedgesOf(client), [1, 1]);
  assertAtRest(made);
});
