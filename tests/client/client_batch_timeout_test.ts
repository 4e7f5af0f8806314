import { assert, assertEquals, assertRejects } from "@std/assert";
import { createClient, isTimeoutError, type Outcome } from "../../mod.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";
import { testClientsBothWays } from "./fake_client.ts";
import { rejection } from "../support/settled.ts";

const testBothWays = testClientsBothWays();
const SLOW = () => ({ json: 1, afterMs: 100 });
const OPTIONS = { batchTimeoutMs: 250, concurrency: 2 };

function endingOf(outcome: Outcome<unknown> | undefined): string {
  assert(outcome !== undefined);
  if (outcome.ok) return "value";
  assert(isTimeoutError(outcome.error));
  assertEquals([outcome.error.kind, outcome.error.timeoutMs], ["batch", 250]);
  return outcome.attempts === 0 ? "not started" : "aborted";
}

testBothWays(
  "batchTimeoutMs × settle(): each request of an array has its outcome, whether it was started or not",
  async (make) => {
    const { client, clock, network } = make(SLOW);
    const outcomes = await clock.run(client.settle(numberedUrls(8), OPTIONS));
    assertEquals(outcomes.map(endingOf), [
      ...["value", "value", "value", "value"],
      ...["aborted", "aborted", "not started", "not started"],
    ]);
    assertEquals([clock.now(), network.sent.length, network.open], [250, 6, 0]);
    assertEquals(client.stats().inFlight, 0);
  },
);

testBothWays("batchTimeoutMs × settle(): a batch that ends in time leaves no timer", async (make) => {
  const { client, clock } = make(SLOW);
  const outcomes = await clock.run(client.settle(numberedUrls(4), OPTIONS));
  assertEquals(outcomes.map(endingOf), ["value", "value", "value", "value"]);
  assertEquals(clock.now(), 200);
  await client.close();
  assertEquals(clock.pending, 0);
});

testBothWays("batchTimeoutMs × all(): rejects with the timeout", async (make) => {
  const { client, clock } = make(SLOW);
  const error = await clock.run(rejection(client.all(numberedUrls(8), OPTIONS)));
  assert(isTimeoutError(error) && error.kind === "batch");
  assertEquals(clock.now(), 250);
});

testBothWays(
  "batchTimeoutMs × another source: the batch ends with the timeout, and closes the source",
  async (make) => {
    let closed = 0;
    function* endless() {
      try {
        for (let index = 0;; index++) yield `https://a.test/${index}`;
      } finally {
        closed++;
      }
    }
    const { client, clock, network } = make(SLOW);
    const error = await clock.run(rejection(client.settle(endless(), OPTIONS)));
    assert(isTimeoutError(error) && error.kind === "batch");
    const seen: string[] = [];
    const read = async () => {
      for await (const outcome of client.stream(endless(), OPTIONS)) seen.push(endingOf(outcome));
    };
    const streamed = await clock.run(rejection(read()));
    assert(isTimeoutError(streamed));
    assertEquals(seen, ["value", "value", "value", "value", "aborted", "aborted"]);
    assertEquals([closed, network.open], [2, 0]);
  },
);

testBothWays(
  "batchTimeoutMs × an async source that hangs: the batch still ends",
  async (make) => {
    const { client, clock } = make(SLOW);
    async function* stalled() {
      yield "https://a.test/1";
      await new Promise(() => {});
    }
    const error = await clock.run(rejection(client.settle(stalled(), OPTIONS)));
    assert(isTimeoutError(error) && error.kind === "batch");
    assertEquals(clock.now(), 250);
  },
);

testBothWays(
  "batchTimeoutMs × retry, open breaker and pause: requests that sleep or wait fail with the batch",
  async (make) => {
    for (
      const answer of [{ status: 503 }, { status: 429, headers: { "retry-after": "9" } }, {
        error: new TypeError("no"),
      }]
    ) {
      const { client, clock } = make(() => answer);
      const outcomes = await clock.run(
        client.settle(numberedUrls(30), { batchTimeoutMs: 250, patienceMs: 60_000 }),
      );
      assertEquals(outcomes.length, 30);
      for (const outcome of outcomes) endingOf(outcome);
      assertEquals(clock.now(), 250);
    }
  },
);

testBothWays(
  "batchTimeoutMs × stream(): time begins with the first request, and a slow consumer gets every outcome of an array",
  async (make) => {
    const { client, clock } = make(SLOW);
    const stream = client.stream(numberedUrls(6), OPTIONS);
    await clock.advance(1_000);
    const seen: string[] = [];
    const read = async () => {
      for await (const outcome of stream) seen.push(endingOf(outcome));
    };
    await clock.run(read());
    assertEquals(seen.toSorted(), [...Array(2).fill("aborted"), ...Array(4).fill("value")]);
    assertEquals(clock.now(), 1_250);
  },
);

testBothWays("batchTimeoutMs × record(): each name has its outcome", async (make) => {
  const { client, clock } = make(SLOW);
  const outcomes = await clock.run(
    client.record({ a: "https://a.test/1", b: "https://a.test/2" }, { batchTimeoutMs: 250, concurrency: 1 }),
  );
  assertEquals([outcomes.a.ok, outcomes.b.ok], [true, true]);
});

test("batchTimeoutMs is an option of batches only, and is checked", async () => {
  await using client = createClient({ fetch: () => Promise.resolve(Response.json(1)) });
  for (const bad of [0, -1, NaN, "5s"]) {
    const options = { batchTimeoutMs: bad as number };
    await assertRejects(
      () => client.settle(numberedUrls(1), options),
      Error,
      "'batchTimeoutMs' must be a positive number",
    );
  }
  const advice = "give it to all(), settle(), stream() or record()";
  await assertRejects(
    () => client.json(numberedUrls(1)[0]!, { batchTimeoutMs: 1 } as object),
    TypeError,
    advice,
  );
  await assertRejects(
    () => client.json({ url: numberedUrls(1)[0]!, batchTimeoutMs: 1 } as never),
    TypeError,
    advice,
  );
  await assertRejects(
    () => Promise.try(() => createClient({ batchTimeoutMs: 1 } as object)),
    TypeError,
    advice,
  );
});

testBothWays(
  "batchTimeoutMs × errors: running requests report what they did, and what had failed before",
  async (make) => {
    const { client, clock } = make(({ url, nth }) => {
      if (url.endsWith("/retried?token=s3cret")) {
        return { status: nth === 1 ? 503 : 200, json: 1, afterMs: 1_000 };
      }
      return url.endsWith("/down") ? { status: 500 } : { json: 1, afterMs: 60_000 };
    }, { backoff: { jitter: "none" }, concurrency: 3 });
    const requests = ["slow", "slow", "retried?token=s3cret", "down"].map((path) => `https://a.test/${path}`);
    const outcomes = await clock.run(
      client.settle([...requests, "https://a.test/next"], { batchTimeoutMs: 3_500 }),
    );
    const told = outcomes.map((outcome) => {
      assert(!outcome.ok && isTimeoutError(outcome.error));
      const { kind, method, attempts, message, cause } = outcome.error;
      assertEquals([kind, method, attempts], ["batch", "GET", outcome.attempts]);
      return [
        message.replace(" was given up, as its batch took longer than 'batchTimeoutMs': 3500", ""),
        (cause as Error)?.message,
      ];
    });
    assertEquals(told, [
      ["GET https://a.test/slow, while attempt 1 was in flight", undefined],
      ["GET https://a.test/slow, while it waited for another request for the same", undefined],
      [
        "GET https://a.test/retried?token=***, while attempt 2 was in flight",
        "GET https://a.test/retried?token=*** was answered with 503 (1 attempt)",
      ],
      [
        "GET https://a.test/down, while it waited for a retry",
        "GET https://a.test/down was answered with 500 (2 attempts)",
      ],
      ["GET https://a.test/next, while attempt 1 was in flight", undefined],
    ]);
  },
);
