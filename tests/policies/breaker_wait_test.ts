import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  type Client,
  type ClientOptions,
  createClient,
  HttpError,
  NetworkError,
  TimeoutError,
} from "../../mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { type Answer, FakeNetwork, type SentRequest } from "../client/fake_network.ts";
import { rejection, watch } from "../client/settled.ts";
import { test } from "../support/test.ts";

const ORIGIN = "https://a.test";

function setUp(
  answer: (request: SentRequest) => Answer,
  options: ClientOptions = {},
): { clock: ManualClock; network: FakeNetwork; client: Client; open: () => Promise<void> } {
  const clock = new ManualClock();
  const network = new FakeNetwork(
    clock,
    (request) => request.url.endsWith("/fail") ? { status: 500 } : answer(request),
  );
  const client = createClient({
    fetch: network.fetch,
    clock,
    random: seededRandom(1),
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 1_000, onOpen: "wait" },
    ...options,
  });
  const open = async (): Promise<void> => {
    await clock.run(rejection(client.json(`${ORIGIN}/fail`)));
    assertEquals(client.stats().origins[ORIGIN]!.breaker, "open");
  };
  return { clock, network, client, open };
}

test("onOpen: 'wait' waits for the cooldown, probes alone, and lets the others follow its success", async () => {
  const { client, clock, network, open } = setUp(() => ({ json: 1, afterMs: 100 }));
  await open();

  const all = Promise.all(Array.from({ length: 10 }, (_, n) => client.json(`${ORIGIN}/${n}`)));
  await clock.advance(999);
  assertEquals(network.sent.length, 1);
  await clock.advance(51);
  assertEquals([network.sent.length, client.stats().origins[ORIGIN]!.breaker], [2, "half-open"]);
  assertEquals(await clock.run(all), Array(10).fill(1));
  assertEquals(network.sent.slice(1).map(({ atMs }) => atMs), [1_000, ...Array(9).fill(1_100)]);
  assertEquals(clock.pending, 0);
});

test("onOpen: 'wait' waits for another cooldown when the probe fails", async () => {
  const { client, clock, network, open } = setUp(({ nth, url }) =>
    url.endsWith("/0") && nth === 1 ? { status: 500 } : { json: 1 }
  );
  await open();

  const outcomes = await clock.run(client.settle(Array.from({ length: 3 }, (_, n) => `${ORIGIN}/${n}`)));
  assertEquals(outcomes.map(({ ok }) => ok), [false, true, true]);
  assert(!outcomes[0]!.ok);
  assertInstanceOf(outcomes[0]!.error, HttpError);
  assertEquals(network.sent.slice(1).map(({ atMs }) => atMs), [1_000, 2_000, 2_000]);
});

test("onOpen: 'wait' waits no longer than the total deadline", async () => {
  const { client, clock, network, open } = setUp(() => ({ json: 1 }));
  await open();

  const error = await clock.run(rejection(client.json(`${ORIGIN}/x`, { totalTimeoutMs: 500 })));
  assertInstanceOf(error, NetworkError);
  assert(clock.now() <= 500, `${clock.now()}`);
  if (error instanceof TimeoutError) assertEquals(error.kind, "total");
  assertEquals([network.sent.length, clock.pending], [1, 0]);
});

test("onOpen: 'wait' leaves at once when its signal aborts, with the very reason", async () => {
  const { client, clock, network, open } = setUp(() => ({ json: 1 }));
  await open();
  const controller = new AbortController();
  const reason = { my: "reason" };

  const pending = rejection(client.json(`${ORIGIN}/x`, { signal: controller.signal }));
  await clock.advance(500);
  controller.abort(reason);
  assertStrictEquals(await pending, reason);
  await clock.advance(10_000);
  assertEquals([network.sent.length, clock.pending], [1, 0]);
});

test("onOpen: 'wait' ends when the client closes", async () => {
  const { client, clock, network, open } = setUp(() => ({ json: 1 }));
  await open();
  const reason = new Error("the end");

  const pending = rejection(client.json(`${ORIGIN}/x`));
  await clock.advance(500);
  await client.close(reason);
  assertStrictEquals(await pending, reason);
  await clock.advance(0);
  assertEquals([network.sent.length, clock.pending], [1, 0]);
});

test("onOpen: 'wait' holds no permit while it waits", async () => {
  const semaphore = new Semaphore(1);
  const { client, clock, open } = setUp(() => ({ json: 1 }), { concurrency: semaphore });
  await open();
  await clock.advance(0);

  const waiting = Promise.all(Array.from({ length: 5 }, (_, n) => client.json(`${ORIGIN}/${n}`)));
  await clock.advance(10);
  assertEquals(semaphore.inUse, 0);
  assertEquals(await clock.run(client.json("https://b.test/x")), 1);
  assertEquals(clock.now(), 10);
  assertEquals(await clock.run(waiting), [1, 1, 1, 1, 1]);
});

test("onOpen: 'wait' also holds for those that queue for a permit when the breaker opens", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });

  const failing = rejection(client.json(`${ORIGIN}/fail`));
  const queued = Promise.all(Array.from({ length: 5 }, (_, n) => client.json(`${ORIGIN}/${n}`)));
  await clock.run(failing);
  assertEquals(await clock.run(queued), [1, 1, 1, 1, 1]);
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 1_010, 1_020, 1_030, 1_040]);
});

test("onOpen: 'wait' admits the next one when a waiting probe is aborted", async () => {
  const { client, clock, network, open } = setUp(
    ({ url }) => ({ json: 1, afterMs: url.endsWith("/slow") ? 1e6 : 10 }),
    {
      timeoutMs: Infinity,
    },
  );
  await open();
  const controller = new AbortController();

  const probe = rejection(client.json(`${ORIGIN}/slow`, { signal: controller.signal }));
  const next = watch(client.json(`${ORIGIN}/next`));
  await clock.advance(1_200);
  assertEquals([network.sent.length, next.state], [2, "pending"]);
  controller.abort();
  await probe;
  await clock.advance(10);
  assertEquals(next.state, "fulfilled");
  assertEquals(network.sent.at(-1)!.atMs, 1_200);
});

test("onOpen: 'wait' goes to another mirror rather than wait, and waits when all are open", async () => {
  const { client, clock, network } = setUp(({ url, nth }) => {
    const host = new URL(url).host;
    return host === "b.test" || nth > 1 ? { json: host } : { status: 500 };
  }, { baseUrls: [ORIGIN, "https://b.test"] });

  assertEquals(await clock.run(client.json("x")), "b.test");
  assertEquals(await clock.run(client.json("y")), "b.test");
  assertEquals([clock.now(), network.urls], [0, [`${ORIGIN}/x`, "https://b.test/x", "https://b.test/y"]]);
});

test("onOpen: 'wait' does the same for client.fetch()", async () => {
  const { client, clock, network, open } = setUp(() => ({ body: "x" }));
  await open();

  const response = await clock.run(client.fetch(`${ORIGIN}/x`));
  assertEquals([await response.text(), network.sent[1]!.atMs], ["x", 1_000]);
});
