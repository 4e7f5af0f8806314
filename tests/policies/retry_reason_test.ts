import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type AttemptFailure,
  type ClientOptions,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  type RetryOn,
} from "../../mod.ts";
import { RetryBudget } from "../../src/primitives/retry_budget.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { json, refused, status, text } from "./fake_origin.ts";
import { rig, testBothWays, URL_A } from "./rig.ts";

const OK = json({ ok: true });
const NO_JITTER: ClientOptions = { backoff: { jitter: "none" } };

testBothWays("retryOn replaces the usual statuses", async (rig) => {
  const cases = [[404, 2], [400, 2], [503, 1], [500, 1], [429, 1]] as const;
  for (const [code, calls] of cases) {
    const { client, origin, run } = rig([status(code), OK], { retryOn: [404, 400] });
    await run(client.json(URL_A).catch(() => {}));
    assertEquals(origin.calls, calls, String(code));
  }
});

testBothWays(
  "retryOn with a list of statuses does not change the retries of other errors",
  async (rig) => {
    const { client, origin, run } = rig([refused(), OK], { retryOn: [] });
    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.calls, 2);
  },
);

testBothWays(
  "retryOn calls the caller's function for each failed round, and for nothing else",
  async (rig) => {
    const seen: Partial<AttemptFailure>[] = [];
    const retryOn = ({ headers, error, ...failure }: AttemptFailure): undefined => {
      seen.push({
        ...failure,
        ...(headers && { headers: new Headers(headers) }),
        ...(error !== undefined && { error }),
      });
    };
    const { client, run } = rig([status(503, { "x-a": "1" }), refused(), OK], { retryOn });
    assertEquals(await run(client.json(`${URL_A}?token=secret`)), { ok: true });
    assertEquals(seen.map(({ status, attempts, method }) => [status, attempts, method]), [
      [503, 1, "GET"],
      [undefined, 2, "GET"],
    ]);
    assertEquals(seen[0]!.headers!.get("x-a"), "1");
    assertEquals((seen[1]!.error as Error).name, "NetworkError");
    assert(!JSON.stringify(seen).includes("secret"));
  },
);

testBothWays(
  "retryOn refuses a promise, which comes too late, and handles its rejection",
  async (rig) => {
    for (const answer of [() => Promise.resolve(true), () => Promise.reject(new Error("late"))]) {
      const { client, origin, run } = rig([status(503), OK], { retryOn: answer as unknown as () => boolean });
      const error = await run(client.json(URL_A).catch((error) => error));
      assertInstanceOf(error, TypeError);
      assert(error.message.endsWith("received a promise"));
      assertEquals(origin.calls, 1);
    }
  },
);

testBothWays("retryOn obeys true, false and undefined", async (rig) => {
  const cases: readonly (readonly [number, boolean | undefined, number])[] = [
    [404, true, 2],
    [404, undefined, 1],
    [404, false, 1],
    [400, true, 2],
    [400, undefined, 1],
    [503, true, 2],
    [503, undefined, 2],
    [503, false, 1],
  ];
  for (const [code, verdict, calls] of cases) {
    const { client, origin, run } = rig([status(code), OK], { retryOn: () => verdict });
    await run(client.json(URL_A).catch(() => {}));
    assertEquals(origin.calls, calls, `${code} ${verdict}`);
  }
});

test("the event of a retry names the failure, also where only the caller wants the retry", async () => {
  const replies = [status(404), refused(), status(503), text("<html>"), OK];
  const { client, events, run } = rig(replies, { retryOn: () => true, maxRetries: 4 });
  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(events.flatMap((event) => event.type === "retry" ? [event.reason] : []), [
    "404",
    "NetworkError",
    "503",
    "InvalidDataError",
  ]);
});

test("a 403 that names a wait pauses its origin only where it may be retried: by a list, or by the caller's function", async () => {
  for (const [retryOn, pauses] of [[undefined, 0], [[500], 0], [[403], 1], [() => undefined, 1]] as const) {
    const { client, events, run } = rig(status(403, { "retry-after": "2" }), { retryOn, maxRetries: 0 });
    await assertRejects(() => run(client.json(URL_A)), HttpError);
    assertEquals(events.filter(({ type }) => type === "rateLimited").length, pauses, String(retryOn));
  }
});

testBothWays(
  "retryOn waits as long as the caller says, and at least for the pause of an origin",
  async (rig) => {
    for (const first of [status(503), status(500, { "retry-after": "7" }), status(404), refused()]) {
      const { client, origin, run } = rig([first, OK], { ...NO_JITTER, retryOn: () => 250 });
      await run(client.json(URL_A));
      assertEquals(origin.timesMs[1]! - origin.timesMs[0]!, 250);
    }
    const paused = rig([status(503, { "retry-after": "7" }), OK], { ...NO_JITTER, retryOn: () => 250 });
    await paused.run(paused.client.json(URL_A));
    assertEquals(paused.origin.timesMs[1]! - paused.origin.timesMs[0]!, 7_000);
    for (const headers of [{ "retry-after": "1" }, undefined]) {
      const longer = rig([status(429, headers), OK], { ...NO_JITTER, retryOn: () => 10_000 });
      await longer.run(longer.client.json(URL_A));
      assertEquals(longer.origin.timesMs[1]! - longer.origin.timesMs[0]!, 10_000);
      const shorter = rig([status(429, { "retry-after": "7" }), OK], { ...NO_JITTER, retryOn: () => 250 });
      await shorter.run(shorter.client.json(URL_A));
      assertEquals(shorter.origin.timesMs[1]! - shorter.origin.timesMs[0]!, 7_000);
    }
    const { client, origin, run } = rig([status(404), OK], { maxRetryAfterMs: 100, retryOn: () => 250 });
    await run(client.json(URL_A));
    assertEquals(origin.calls, 2);
  },
);

testBothWays("retryOn can retry content that can't be used", async (rig) => {
  const retryOn: RetryOn = ({ error }) => error instanceof InvalidDataError || undefined;
  const { client, origin, run } = rig([text("<html>"), OK], { retryOn });
  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(origin.calls, 2);
});

testBothWays("retryOn makes neither a POST repeatable nor retries endless", async (rig) => {
  const post = rig([status(503), OK], { retryOn: () => true });
  await assertRejects(() => post.run(post.client.json({ url: URL_A, method: "POST" })), HttpError);
  assertEquals(post.origin.calls, 1);
  const said = rig([status(404), OK], { retryOn: () => true });
  await said.run(said.client.json({ url: URL_A, method: "POST", idempotent: true }));
  assertEquals(said.origin.calls, 2);
  const endless = rig(status(404), { retryOn: () => 0, maxRetries: 5 });
  await assertRejects(() => endless.run(endless.client.json(URL_A)), DataNotFoundError);
  assertEquals(endless.origin.calls, 6);
});

testBothWays("retryOn is not called after an abort, or for an open breaker", async (rig) => {
  let asked = 0;
  const retryOn = (): undefined => void asked++;
  const { client, run } = rig(status(503), {
    retryOn,
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 60_000 },
  });
  await run(client.json(URL_A).catch(() => {}));
  assertEquals(asked, 1);
  await run(client.json(URL_A).catch(() => {}));
  assertEquals(asked, 1);
});

testBothWays(
  "retryOn gives the caller an error of its function, and releases what the request held",
  async (rig) => {
    const thrown = new Error("own");
    const { client, run } = rig(status(503), {
      retryOn: () => {
        throw thrown;
      },
    });
    const caught = await run(client.json(URL_A).catch((error: unknown) => error));
    assertStrictEquals(caught, thrown);
    assertEquals(client.stats().inFlight, 0);
  },
);

testBothWays("retryOn refuses a result that is no verdict", async (rig) => {
  for (const verdict of ["yes", null, {}, -1, NaN, Infinity]) {
    const { client, run } = rig(status(503), { retryOn: (() => verdict) as unknown as RetryOn });
    const error = await run(client.json(URL_A).catch((error: unknown) => error));
    assertInstanceOf(error, TypeError);
    assert(error.message.includes("'retryOn' must return true, false, undefined or a number"));
    const received = typeof verdict === "string" || verdict?.constructor === Object
      ? typeof verdict
      : verdict;
    assert(error.message.endsWith(`received ${received}`), error.message);
  }
});

test("retryOn prefers the request's option to the batch's, and the batch's to the client's", async () => {
  const { client, origin, run } = rig(status(404), { ...NO_JITTER, retryOn: [500], maxRetries: 1 });
  await run(client.settle([URL_A, { url: `${URL_A}2`, retryOn: [500] }], { retryOn: [404] }));
  assertEquals(origin.calls, 3);
});

testBothWays(
  "retryOn × client.fetch: after all retries the last response is returned",
  async (rig) => {
    const { client, origin, run } = rig([status(404), status(404), OK], {
      ...NO_JITTER,
      retryOn: [404],
      maxRetries: 1,
    });
    const response = await run(client.fetch(URL_A));
    assertEquals([response.status, origin.calls], [404, 2]);
    await response.body?.cancel();
  },
);

test("isWorthRetry() × Retry-After: an origin that asks for a pause gets it, also from requests that do not retry", async () => {
  const { client, origin, run } = rig([status(429, { "retry-after": "5" }), OK], { retryOn: [500] });
  await run(client.json(URL_A).catch(() => {}));
  await run(client.json(`${URL_A}2`));
  assertEquals(origin.timesMs[1]! - origin.timesMs[0]!, 5_000);
});

testBothWays(
  "retryOn may end the request: no retry is made, reported, or taken from the budget",
  async (rig) => {
    for (
      const [reply, ends] of [[status(503), "abort"], [refused(), "abort"], [status(503), "close"]] as const
    ) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const retryBudget = new RetryBudget();
      const retryOn = (): boolean => {
        if (ends === "abort") controller.abort(reason);
        else client.close(reason);
        return true;
      };
      const { client, clock, origin, events } = rig(reply, { retryOn, retryBudget, concurrency: 1 });
      const before = retryBudget.balance;
      const failed = watch(client.json(URL_A, { signal: controller.signal }));
      await clock.advance(10_000);
      assertStrictEquals(failed.error, reason);
      assertEquals([origin.calls, retryBudget.balance], [1, before]);
      assertEquals(events.filter(({ type }) => type === "retry"), []);
      const { retried, inFlight } = client.stats();
      assertEquals([retried, inFlight, clock.pending], [0, 0, 0]);
    }
  },
);
