import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { HttpError, InvalidDataError, NetworkError, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import {
  broken,
  endless,
  hanging,
  json,
  late,
  lateBody,
  refused,
  type Reply,
  stalled,
  status,
  text,
} from "../policies/fake_origin.ts";
import { rig, testBothWays, URL_A } from "../policies/rig.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const OK = json({ ok: true });

testBothWays(
  "timeout × retry: a timeout that has passed once does not shorten the next attempts",
  async (rig) => {
    const clock = new ManualClock();
    const slow = late(clock, 990, OK);
    const { client, origin, run } = rig([hanging(), stalled(), hanging(), slow], { timeoutMs: 1_000 }, {
      clock,
    });

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.timesMs, [0, 3_000, 8_000, 17_000]);
  },
);

testBothWays(
  "timeout × retry: an attempt that has answered can't time out in the backoff that follows",
  async (rig) => {
    const { client, origin, run } = rig([status(503), status(503), OK], { timeoutMs: 1_000 });

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.calls, 3);
  },
);

testBothWays(
  "timeout × error body: an answer that came in time is the failure, whatever its body does",
  async (rig) => {
    const clock = new ManualClock();
    const { client, run } = rig(late(clock, 900, stalled("", { status: 503 })), {
      timeoutMs: 1_000,
      maxRetries: 0,
    }, {
      clock,
    });

    assertEquals((await assertRejects(() => run(client.json(URL_A)), HttpError)).status, 503);
  },
);

testBothWays(
  "timeout × POST: a timeout is final, as nobody knows whether the request arrived",
  async (rig) => {
    const { client, origin, clock, run } = rig([hanging(), OK], { timeoutMs: 1_000 });

    await assertRejects(() => run(client.json({ url: URL_A, method: "POST", body: "{}" })), TimeoutError);
    assertEquals([origin.calls, clock.now()], [1, 1_000]);
  },
);

testBothWays("total timeout × timeout: whichever comes first says so", async (rig) => {
  for (const [timeoutMs, totalTimeoutMs, kind] of [[500, 400, "total"], [400, 500, "attempt"]] as const) {
    const { client, run } = rig(hanging(), { timeoutMs, totalTimeoutMs, maxRetries: 0 });

    assertEquals((await assertRejects(() => run(client.json(URL_A)), TimeoutError)).kind, kind);
  }
});

testBothWays(
  "total timeout × Retry-After: a wait that would pass the deadline fails now, and says how long it is",
  async (rig) => {
    for (const code of [429, 503]) {
      const { client, origin, clock, run } = rig([status(code, { "retry-after": "10" }), OK], {
        totalTimeoutMs: 9_000,
      });

      const error = await assertRejects(() => run(client.json(URL_A)), HttpError);
      assertEquals([error.status, error.retryAfterMs, origin.calls, clock.now()], [code, 10_000, 1, 0]);
      assertEquals(clock.pending, 0);
    }
  },
);

testBothWays("total timeout × Retry-After: a wait that leaves time is waited out", async (rig) => {
  const { client, origin, run } = rig([status(429, { "retry-after": "8" }), OK], { totalTimeoutMs: 9_000 });

  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(origin.timesMs, [0, 8_000]);
});

testBothWays(
  "total timeout × pause of the origin: who can't wait so long fails now, and the others wait",
  async (rig) => {
    const { client, origin, clock } = rig([status(429, { "retry-after": "20" }), OK]);
    const first = watch(client.json(URL_A));
    await clock.advance(1_000);
    const hurried = watch(client.json("https://a.test/hurried", { totalTimeoutMs: 5_000 }));
    const patient = watch(client.json("https://a.test/patient", { totalTimeoutMs: 50_000 }));
    await clock.advance(0);

    assertEquals([hurried.state, patient.state], ["rejected", "pending"]);
    assertInstanceOf(hurried.error, NetworkError);
    await clock.advance(19_000);
    assertEquals([first.state, patient.state, origin.calls], ["fulfilled", "fulfilled", 3]);
  },
);

testBothWays("total timeout × backoff: nothing starts after the deadline", async (rig) => {
  for (const totalTimeoutMs of [1, 1_999, 2_000, 5_000, 5_999, 6_001]) {
    const { client, origin, clock, run } = rig(refused(), { totalTimeoutMs });
    await assertRejects(() => run(client.json(URL_A)), NetworkError);

    assert(clock.now() <= totalTimeoutMs);
    assert(origin.timesMs.every((timeMs) => timeMs < totalTimeoutMs), `${totalTimeoutMs}: ${origin.timesMs}`);
    await clock.advance(100_000);
    assertEquals(origin.timesMs.filter((timeMs) => timeMs >= totalTimeoutMs), []);
  }
});

testBothWays(
  "retry × broken body: what was read of a broken body does not show up in the next",
  async (rig) => {
    const { client, run } = rig([broken('{"a":'), broken('{"a":1,"b'), text('{"c":3}')]);

    assertEquals(await run(client.json(URL_A)), { c: 3 });
  },
);

testBothWays(
  "retry × broken body: a body that breaks at the very end, or the very start, is broken",
  async (rig) => {
    for (const start of ["", "[1,2,3]"]) {
      const { client, origin, run } = rig([broken(start), OK]);

      assertEquals(await run(client.json(URL_A)), { ok: true });
      assertEquals(origin.calls, 2);
    }
  },
);

testBothWays(
  "retry × broken body × POST: a broken answer is final, as the request has arrived",
  async (rig) => {
    const { client, origin, run } = rig([broken(), OK]);

    await assertRejects(() => run(client.json({ url: URL_A, method: "POST" })), NetworkError);
    assertEquals(origin.calls, 1);
  },
);

testBothWays("retry × too large: a body over the limit is not asked for again", async (rig) => {
  for (
    const reply of [endless(), text("x".repeat(2_000)), text("y", { headers: { "content-length": "2000" } })]
  ) {
    const { client, origin, run } = rig([reply, OK], { maxBodyBytes: 1_000 });

    const error = await assertRejects(() => run(client.text(URL_A)), InvalidDataError);
    assertEquals([error.reason, origin.calls], ["too-large", 1]);
  }
});

testBothWays(
  "retry × concurrency: retries queue like everybody else, and are never more than allowed",
  async (rig) => {
    const clock = new ManualClock();
    const seen = new Set<string>();
    const flaky: Reply = (sent) => {
      const isFirst = !seen.has(sent.url);
      seen.add(sent.url);
      return late(clock, 50, isFirst ? status(503) : OK)(sent);
    };
    const { client, origin, run } = rig(
      flaky,
      { concurrency: 3, circuitBreaker: false, retryBudget: false },
      {
        clock,
      },
    );
    const urls = numberedUrls(50);
    const outcomes = await run(client.settle(urls));

    assertEquals(outcomes.filter(({ ok }) => ok).length, 50);
    assertEquals([origin.peak, origin.open], [3, 0]);
  },
);

testBothWays("retry × slow body: a drip that is too slow is a timeout, and tried again", async (rig) => {
  const clock = new ManualClock();
  const { client, origin, run } = rig([lateBody(clock, 5_000, "[1]"), lateBody(clock, 500, "[2]")], {
    timeoutMs: 1_000,
  }, { clock });

  assertEquals(await run(client.json(URL_A)), [2]);
  assertEquals(origin.timesMs, [0, 3_000]);
});

testBothWays("retry budget × outage × recovery: retries come back when the origin does", async (rig) => {
  const clock = new ManualClock();
  let healthy = false;
  const seen = new Set<string>();
  const reply: Reply = (sent) => {
    // The recovered origin fails the first request for each URL.
    const isFirst = !seen.has(sent.url);
    seen.add(sent.url);
    return healthy && !isFirst ? OK(sent) : status(503)(sent);
  };
  const { client, origin, run } = rig(reply, { circuitBreaker: false, concurrency: 50 }, { clock });
  const urls = (name: string) => Array.from({ length: 500 }, (_, index) => `https://a.test/${name}/${index}`);
  await run(client.settle(urls("out")));
  const outage = origin.calls;
  assert(outage <= 500 * 1.2 + 10 * (10 + clock.now() / 1_000), `${outage} calls`);

  await clock.advance(60_000);
  healthy = true;
  const outcomes = await run(client.settle(urls("in").slice(0, 50)));
  assertEquals(outcomes.filter(({ ok }) => ok).length, 50);
});

testBothWays("retry budget × mirrors: asking the next mirror in a round is no retry", async (rig) => {
  const { client, origin, run } = rig([refused(), status(503), OK], {
    baseUrls: ["https://a.test", "https://b.test", "https://c.test"],
    retryBudget: { ratio: 0, minPerSecond: 0 },
  });

  assertEquals(await run(client.json("x.json")), { ok: true });
  assertEquals(origin.timesMs, [0, 0, 0]);
});

testBothWays(
  "retry × discarded body × concurrency: a retry at once waits until the discarded body is let go of",
  async (rig) => {
    const { client, origin, run } = rig([stalled("", { status: 503, headers: { "retry-after": "0" } }), OK], {
      concurrency: 1,
    });

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals([origin.timesMs, origin.peak], [[0, 250], 1]);
  },
);

test("queue × durations: the duration of a single request has every wait in it", async () => {
  const clock = new ManualClock();
  const { client, events, run } = rig(late(clock, 100, OK), { concurrency: 1 }, { clock });
  await run(Promise.all(["a", "b", "c"].map((name) => client.json(`https://a.test/${name}`))));

  assertEquals(events.flatMap((event) => event.type === "settled" ? [event.durationMs] : []), [
    100,
    200,
    300,
  ]);
});

testBothWays(
  "queue × durations: a batch pulls when there is a permit, and a duration begins then",
  async (rig) => {
    const clock = new ManualClock();
    const { client, run } = rig(late(clock, 100, OK), { concurrency: 1 }, { clock });
    const outcomes = await run(
      Promise.all(["a", "b", "c"].map((name) => client.settle([`https://a.test/${name}`]))),
    );

    assertEquals(outcomes.flat().map(({ durationMs }) => durationMs), [100, 100, 100]);
    assertEquals(clock.now(), 300);
  },
);

testBothWays(
  "batch × bad requests: a great many that fail at once fail one by one, and break nothing",
  async (rig) => {
    const { client, origin, run } = rig(OK);
    const requests = Array.from(
      { length: 20_000 },
      (_, index) => index % 10_000 === 0 ? `https://a.test/${index}` : "bad",
    );
    const outcomes = await run(client.settle(requests));

    assertEquals(outcomes.filter(({ ok }) => ok).length, 2);
    assertEquals([outcomes.length, origin.calls], [20_000, 2]);
    for (const outcome of outcomes) if (!outcome.ok) assertInstanceOf(outcome.error, TypeError);
  },
);
