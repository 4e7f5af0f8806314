import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type ClientEvent, type ClientOptions, HttpError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { type FakeClient, fakeClient } from "./fake_client.ts";
import type { Answer, SentRequest } from "./fake_network.ts";
import { rejection } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";

const URL_A = "https://a.test/a.json";

function setUp(
  answer: (request: SentRequest) => Answer,
  options: ClientOptions = {},
): FakeClient & { readonly events: ClientEvent[] } {
  const made = fakeClient(answer, {
    clock: new ManualClock({ nowMs: 500 }),
    backoff: { jitter: "none" },
    ...options,
  });
  const events: ClientEvent[] = [];
  made.client.on((event) => events.push(event));
  return { ...made, events };
}

test("Client.on() emits the events of a request in order, with the times of the clock", async () => {
  const { client, clock, events } = setUp(() => ({ json: [1], afterMs: 10, bodyMs: 5 }), {
    rateLimit: { limit: 1, intervalMs: 1_000 },
  });

  await clock.run(client.json(URL_A));
  assertEquals(events, [
    { type: "queued", requestId: 1, atMs: 500, method: "GET", url: URL_A },
    { type: "token", requestId: 1, atMs: 500, waitedMs: 0 },
    { type: "permit", requestId: 1, atMs: 500, waitedMs: 0 },
    { type: "attempt", requestId: 1, atMs: 500, attempt: 1, origin: "https://a.test", url: URL_A },
    { type: "headers", requestId: 1, atMs: 510, attempt: 1, status: 200 },
    { type: "body", requestId: 1, atMs: 515, attempt: 1, bytes: 3 },
    { type: "settled", requestId: 1, atMs: 515, ok: true, from: "network", attempts: 1, durationMs: 15 },
  ]);
});

test("Client.on() emits nothing for a request that ends its own batch before it has begun", async () => {
  for (const place of ["limitKey", "json", "query"]) {
    for (const how of ["settle", "all", "stream", "record"] as const) {
      const controller = new AbortController();
      const end = (where: string): undefined => void (place === where && controller.abort());
      const { client, clock, events } = setUp(() => ({ json: 1 }), { limitKey: () => end("limitKey") });
      const request = {
        url: URL_A,
        json: { toJSON: () => end("json") ?? 1 },
        query: {
          get a() {
            return end("query") ?? 1;
          },
        },
      };
      const options = { signal: controller.signal };
      const batch = how === "record"
        ? client.record({ a: request }, options)
        : how === "stream"
        ? Array.fromAsync(client.stream([request], options))
        : client[how]([request], options);

      assertInstanceOf(await clock.run(rejection(batch)), DOMException);
      assertEquals(events, [], `${how}, ${place}`);
      await client.close();
    }
  }
});

test("Client.on() emits retries with reason and delay, and counts attempts over all of them", async () => {
  const { client, clock, events } = setUp(({ nth }) => {
    if (nth === 1) return { status: 503, body: "" };
    if (nth === 2) return { error: new TypeError("refused") };
    if (nth === 3) return { json: 1, afterMs: 50_000 };
    return { json: 1 };
  });

  await clock.run(client.json(URL_A));
  const retries = events.filter((event) => event.type === "retry");
  assertEquals(retries.map(({ retry, delayMs, reason }) => [retry, delayMs, reason]), [
    [1, 2_000, "503"],
    [2, 4_000, "NetworkError"],
    [3, 8_000, "TimeoutError"],
  ]);
  assertEquals(events.filter((event) => event.type === "attempt").map(({ attempt }) => attempt), [
    1,
    2,
    3,
    4,
  ]);
  assertEquals(events.filter((event) => event.type === "headers").map(({ attempt }) => attempt), [1, 4]);
  const settled = events.filter((event) => event.type === "settled");
  assertEquals([settled.length, settled[0]!.attempts, settled[0]!.durationMs], [1, 4, clock.now() - 500]);
});

test("Client.on() emits a failure with its error, once", async () => {
  const { client, clock, events } = setUp(() => ({ status: 500, body: "" }), { maxRetries: 0 });

  const error = await clock.run(rejection(client.json(URL_A)));
  assertInstanceOf(error, HttpError);
  const settled = events.filter((event) => event.type === "settled");
  assertEquals(settled.length, 1);
  assertEquals([settled[0]!.ok, settled[0]!.from, settled[0]!.attempts], [false, undefined, 1]);
  assertStrictEquals(settled[0]!.error, error);
});

test("Client.on() emits one end for each request, also for requests that abort in a queue, a backoff or a body", async () => {
  const { client, clock, events } = setUp(({ url }) => {
    if (url.endsWith("/backoff")) return { status: 503, body: "" };
    return { json: [1], bodyMs: 1_000 };
  }, { concurrency: 2 });
  const controller = new AbortController();
  const { signal } = controller;
  const pending = ["backoff", "body", "body2", "queued"].map((name) =>
    rejection(client.json(`https://a.test/${name}`, { signal }))
  );
  await clock.advance(10);
  const reason = new Error("enough");
  controller.abort(reason);
  await Promise.all(pending);
  await clock.advance(100_000);

  const settled = events.filter((event) => event.type === "settled");
  assertEquals(settled.map(({ requestId }) => requestId).sort(), [1, 2, 3, 4]);
  assert(settled.every(({ error }) => error === reason));
  assertEquals(events.at(-1)!.type, "settled");
});

test("Client.on() reports how long a request waited for its token and its permit", async () => {
  const { client, clock, events } = setUp(() => ({ json: 1, afterMs: 300 }), {
    concurrency: 1,
    rateLimit: { limit: 10, intervalMs: 1_000, burst: 1 },
  });

  await clock.run(client.all([1, 2, 3].map((n) => `https://a.test/${n}`)));
  const waits = (type: "token" | "permit") =>
    events.flatMap((event) => event.type === type ? [[event.requestId, event.waitedMs]] : []);
  assertEquals(waits("token").map(([id]) => id), [1, 2, 3]);
  const permits = waits("permit");
  assertEquals(permits.length, 3);
  for (const event of events) {
    if (event.type !== "token" && event.type !== "permit") continue;
    assert(event.waitedMs >= 0 && event.waitedMs <= event.atMs - 500, `${event.type} ${event.waitedMs}`);
  }
});

test("Client.on() emits a 429 with the wait that the origin asks for", async () => {
  const { client, clock, events } = setUp(({ nth }) =>
    nth === 1 ? { status: 429, body: "", headers: { "retry-after": "7" } } : { json: 1 }
  );

  await clock.run(client.json(URL_A));
  const limited = events.filter((event) => event.type === "rateLimited");
  assertEquals(limited.map(({ origin, retryAfterMs, requestId }) => [origin, retryAfterMs, requestId]), [
    ["https://a.test", 7_000, 1],
  ]);
  assertEquals(
    events.filter((event) => event.type === "retry").map(({ reason, delayMs }) => [reason, delayMs]),
    [
      ["429", 7_000],
    ],
  );
});

test("Client.on() emits a cache hit, and the source of the value", async () => {
  const { client, clock, events } = setUp(() => ({ json: 1 }), { cache: planOf() });

  await clock.run(client.json(URL_A));
  events.length = 0;
  await clock.run(client.json(URL_A));
  assertEquals(events.map(({ type }) => type), ["queued", "cacheHit", "settled"]);
  const [, hit, settled] = events;
  assert(hit?.type === "cacheHit" && hit.kind === "fresh" && hit.requestId === 2);
  assert(settled?.type === "settled" && settled.from === "cache" && settled.attempts === 0);
});

test("Client.on() emits nothing to a subscription after its disposal", async () => {
  const { client } = setUp(() => ({ json: 1 }));
  const heard: string[] = [];
  const subscription = client.on(({ type }) => heard.push(type));
  await client.json(URL_A);
  const { length } = heard;
  subscription[Symbol.dispose]();
  subscription[Symbol.dispose]();
  await client.json(URL_A);
  assertEquals(heard.length, length);
  {
    using _ = client.on(({ type }) => heard.push(type));
  }
  await client.json(URL_A);
  assertEquals(heard.length, length);
});

test("Client.on() accepts the same listener twice, as two subscriptions", async () => {
  const { client } = setUp(() => ({ json: 1 }));
  let heard = 0;
  const listener = (event: ClientEvent) => {
    if (event.type === "settled") heard++;
  };
  const first = client.on(listener);
  client.on(listener);
  await client.json(URL_A);
  assertEquals(heard, 2);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await client.json(URL_A);
  assertEquals(heard, 3);
});

test("Client.on() survives a listener that throws: the others get a warning", async () => {
  const { client, events } = setUp(() => ({ json: 1 }));
  const failure = new Error("broken listener");
  let after = 0;
  client.on(() => {
    throw failure;
  });
  client.on(() => after++);

  assertEquals(await client.json(URL_A), 1);
  const warnings = events.filter((event) => event.type === "warning");
  assert(
    warnings.length >= 1 && warnings.every(({ source, error }) => source === "listener" && error === failure),
  );
  assert(after >= 6);
  assertEquals(events.filter(({ type }) => type === "settled").length, 1);
});

test("Client.on() survives listeners that throw at every event, warnings included", async () => {
  const { client } = setUp(() => ({ json: 1 }));
  for (let n = 0; n < 3; n++) {
    client.on(() => {
      throw new Error(`broken ${n}`);
    });
  }
  assertEquals(await client.json(URL_A), 1);
});

test("Client.on() lets a listener leave, add listeners and call the client during an event", async () => {
  const { client, clock } = setUp(() => ({ json: 1 }));
  const heard: string[] = [];
  let followUp: Promise<unknown> | undefined;
  const leaving = client.on(({ type }) => {
    heard.push(`leaving ${type}`);
    leaving[Symbol.dispose]();
    client.on(({ type }) => type === "settled" && heard.push(`joined ${type}`));
    followUp ??= client.json("https://a.test/b");
  });

  await clock.run(client.json(URL_A));
  assertEquals(await clock.run(followUp!), 1);
  assertEquals(heard.filter((entry) => entry.startsWith("leaving")), ["leaving queued"]);
  assertEquals(heard.filter((entry) => entry === "joined settled").length, 2);
});

test("Client.on() refuses a value that is no function", () => {
  const { client } = setUp(() => ({ json: 1 }));
  let error: unknown;
  try {
    client.on("listener" as unknown as () => void);
  } catch (thrown) {
    error = thrown;
  }
  assertInstanceOf(error, TypeError);
});

test("Client.on() never emits a secret of a URL", async () => {
  const { client, clock, events } = setUp(() => ({ error: new TypeError("refused") }), { maxRetries: 0 });

  await clock.run(rejection(client.json("https://user:s3cret@a.test/x?lap=1")));
  await clock.run(rejection(client.json("https://a.test/x?api_key=s3cret&token=s3cret&lap=1")));
  await clock.run(rejection(client.json("https://a.test/x?access_token=s3cret&lap=1")));
  const texts = events.map((event) =>
    JSON.stringify(event) + (event.type === "settled" ? String(event.error) : "")
  );
  assert(texts.length > 4);
  for (const text of texts) assert(!text.includes("s3cret"), text);
  assert(texts.some((text) => text.includes("lap=1")));
});

test("Client.on() numbers requests from 1 in each client, batches and fetch included", async () => {
  const { client, clock, events } = setUp(() => ({ json: 1 }));

  await clock.run(client.settle([URL_A, "https://a.test/b"]));
  await (await client.fetch(URL_A)).text();
  assertEquals(events.flatMap((event) => event.type === "queued" ? [event.requestId] : []), [1, 2, 3]);
});

test("Client.on() emits the body of client.fetch() when it has been read", async () => {
  const { client, clock, events } = setUp(() => ({ body: "0123456789", bodyMs: 100 }));

  const response = await client.fetch(URL_A);
  await clock.run(response.text());
  const bodies = events.filter((event) => event.type === "body");
  assertEquals(bodies.map(({ bytes, atMs }) => [bytes, atMs]), [[10, 600]]);
});

test("Client.on() numbers the retries of a request from 1, also retries that do not count as rounds", async () => {
  const { client, clock, events } = setUp(({ url, nth }) => {
    if (url === URL_A && nth < 6) return { status: 429, headers: { "retry-after": "1" } };
    return { json: 1 };
  }, { concurrency: 5 });

  const urls = [URL_A, ...Array.from({ length: 50 }, (_, index) => `https://a.test/${index}`)];
  const [first] = await clock.run(client.settle(urls));
  assertEquals([first!.ok, first!.attempts, client.stats().retried], [true, 6, 5]);
  assertEquals(events.flatMap((event) => event.type === "retry" ? [event.retry] : []), [1, 2, 3, 4, 5]);
});

test("Client.on() emits no permit after the end of a request that was aborted in the same turn", async () => {
  for (const baseUrls of [undefined, ["https://a.test", "https://b.test"]]) {
    const { client, clock, events, network } = setUp(() => ({ json: 1 }), {
      baseUrls,
      rateLimit: { limit: 10, intervalMs: 1_000 },
    });
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = rejection(client.json(baseUrls === undefined ? URL_A : "a", { signal }));
    controller.abort("enough");
    assertEquals(await aborted, "enough");
    await clock.advance(10_000);

    assertEquals(events.map(({ type }) => type), ["queued", "settled"]);
    assertEquals([network.sent.length, client.stats().inFlight], [0, 0]);
    assertEquals(client.stats().origins["https://a.test"]!.attempts, 0);
  }
});

test("Client.on() emits no mirror for a request that a listener aborts at the event of its permit", async () => {
  const { client, clock, events, network } = setUp(() => ({ status: 503 }), {
    baseUrls: ["https://a.test", "https://b.test"],
  });
  const controller = new AbortController();
  using _second = client.on(({ type }) => {
    if (type === "permit" && network.sent.length === 1) controller.abort("enough");
  });

  assertEquals(await clock.run(rejection(client.json("a", { signal: controller.signal }))), "enough");
  await clock.advance(10_000);
  assertEquals(events.filter(({ type }) => type === "permit").length, 2);
  assertEquals(events.filter(({ type }) => type === "mirror"), []);
  assertEquals([network.sent.length, client.stats().inFlight], [1, 0]);
});
