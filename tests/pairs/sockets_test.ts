// The most common mistakes of libraries that wrap `fetch`, tested over real connections.

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import {
  CircuitOpenError,
  type ClientOptions,
  createClient,
  HttpError,
  type RequestSpec,
  TimeoutError,
} from "../../mod.ts";
import type { CdnRequest } from "../../src/middleware/faults/cdn_request.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { Resources } from "../../src/testing/resource.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { nextEvent } from "../policies/next_event.ts";
import { microtasks } from "../support/microtasks.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const AT_ONCE: ClientOptions = { backoff: { baseMs: 0, jitter: "none" }, retryBudget: false };
const VALUE = Array.from({ length: 5_000 }, (_, index) => index);

/** Starts a simulated CDN that listens on a socket, and returns it with its URL. */
async function listening(
  faults: readonly FaultRule[],
  resources: Resources = { "/x.json": { json: VALUE } },
): Promise<AsyncDisposable & { readonly cdn: SimulatedCdn; readonly url: string }> {
  const cdn = createSimulatedCdn({ resources, faults });
  const server = await cdn.listen();
  return { cdn, url: server.url, [Symbol.asyncDispose]: () => cdn.close() };
}

for (const kind of ["refuse", "reset", "cut"] as const) {
  test(`a connection that ends by '${kind}' is tried again, over sockets`, async () => {
    await using origin = await listening([{ nth: [1, 2], kind }]);
    await using client = createClient(AT_ONCE);

    assertEquals(await client.json(`${origin.url}/x.json`), VALUE);
    // A runtime may itself repeat a request if a reused connection has died.
    assert(origin.cdn.log.requests >= 3);
  });
}

test("an attempt after a timeout can succeed, and is not told of the timeout before, over sockets", async () => {
  const arrived = Promise.withResolvers<void>();
  const match = ({ nth }: CdnRequest): boolean => {
    arrived.resolve();
    return nth === 1;
  };
  await using origin = await listening([{ kind: "stall", phase: "headers", match }]);
  const clock = new ManualClock();
  await using client = createClient({ ...AT_ONCE, clock, timeoutMs: 1_000 });
  const isRetried = nextEvent(client, "retry");
  const request = client.json(`${origin.url}/x.json`);
  await arrived.promise;
  await clock.advance(1_000);
  await isRetried;
  await clock.advance(0);

  assertEquals(await request, VALUE);
  assertEquals(origin.cdn.log.requests, 2);
});

test("an abort in the backoff is heard at once, and nothing more is sent, over sockets", async () => {
  await using origin = await listening([{ kind: "status", status: 503 }]);
  await using client = createClient({ timeoutMs: 10_000 });
  const controller = new AbortController();
  const isBackingOff = Promise.withResolvers<void>();
  using _listening = client.on(({ type }) => type === "retry" && isBackingOff.resolve());
  const request = watch(client.json(`${origin.url}/x.json`, { signal: controller.signal }));
  await isBackingOff.promise;
  const reason = new Error("enough");
  controller.abort(reason);
  await microtasks(100);

  assertStrictEquals(request.error, reason);
  assertEquals(origin.cdn.log.requests, 1);
});

test("the caller's abort is not retried because there is a timeout too, over sockets", async () => {
  const arrived = Promise.withResolvers<void>();
  const match = (): boolean => {
    arrived.resolve();
    return true;
  };
  await using origin = await listening([{ kind: "stall", phase: "headers", match }]);
  await using client = createClient({ ...AT_ONCE, timeoutMs: 10_000 });
  const controller = new AbortController();
  const request = watch(client.json(`${origin.url}/x.json`, { signal: controller.signal }));
  await arrived.promise;
  controller.abort("enough");
  await microtasks(100);

  assertEquals(request.error, "enough");
  await client.close();
  assertEquals(origin.cdn.log.requests, 1);
});

test("a 503 that says it is JSON and holds HTML is a 503, and tried again, over sockets", async () => {
  const fault = {
    kind: "status",
    status: 503,
    body: "<html>busy</html>",
    headers: { "content-type": "application/json" },
  } as const;
  await using once = await listening([{ nth: 1, ...fault }]);
  await using always = await listening([fault]);
  await using client = createClient(AT_ONCE);

  assertEquals(await client.json(`${once.url}/x.json`), VALUE);
  const error = await assertRejects(() => client.json(`${always.url}/x.json`), HttpError);
  assertEquals([error.status, error.body], [503, "<html>busy</html>"]);
});

test("a permit is held until the body has been read, so that no more bodies are open than allowed, over sockets", async () => {
  await using origin = await listening([], () => ({ body: "x".repeat(200_000) }));
  await using client = createClient({ ...AT_ONCE, concurrency: 2 });
  const read = async (index: number): Promise<number> => {
    const response = await client.fetch(`${origin.url}/${index}`);
    assert(client.stats().inFlight <= 2);
    return (await response.arrayBuffer()).byteLength;
  };

  assertEquals(
    await Promise.all(Array.from({ length: 10 }, (_, index) => read(index))),
    Array(10).fill(200_000),
  );
  assert(origin.cdn.log.peakOpenRequests <= 2, `${origin.cdn.log.peakOpenRequests} at once`);
});

test("half-open lets one of many through, over sockets", async () => {
  await using origin = await listening([{ untilRequests: 2, kind: "status", status: 500 }]);
  const clock = new ManualClock();
  await using client = createClient({
    clock,
    maxRetries: 0,
    circuitBreaker: { threshold: 2, cooldownMs: 10_000 },
  });
  const urls = Array.from({ length: 10 }, (_, index) => `${origin.url}/x.json?${index}`);
  await client.settle(urls.slice(0, 2), { concurrency: 1 });
  await clock.advance(10_000);
  const outcomes = await client.settle(urls);

  assertEquals(outcomes.filter(({ ok }) => ok).length, 1);
  for (const outcome of outcomes) assert(outcome.ok || outcome.error instanceof CircuitOpenError);
  assertEquals(origin.cdn.log.requests, 3);
  assertEquals((await client.settle(urls)).filter(({ ok }) => ok).length, 10);
});

test("a Retry-After of years is no retry at once, and no wait of years, over sockets", async () => {
  for (const value of ["99999999", "2147484", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    await using origin = await listening([{
      kind: "status",
      status: 503,
      headers: { "retry-after": value },
    }]);
    await using client = createClient();
    const error = await assertRejects(() => client.json(`${origin.url}/x.json`), HttpError);

    assert(error.retryAfterMs !== undefined && error.retryAfterMs >= 2_147_484_000 - 1_000, value);
    assertEquals(origin.cdn.log.requests, 1, value);
  }
});

test("a Retry-After of 0 or of the past is a retry at once, over sockets", async () => {
  for (const value of ["0", "Sun, 06 Nov 1994 08:49:37 GMT"]) {
    await using origin = await listening([{
      nth: 1,
      kind: "status",
      status: 503,
      headers: { "retry-after": value },
    }]);
    // A client that ignores the wait and backs off instead exceeds the total timeout, and fails.
    await using client = createClient({
      backoff: { baseMs: 100_000, maxMs: Infinity },
      totalTimeoutMs: 20_000,
    });

    assertEquals(await client.json(`${origin.url}/x.json`), VALUE);
  }
});

test("an error body that never ends does not hang the retry, with or without a timeout, over sockets", async () => {
  for (const timeoutMs of [60_000, Infinity]) {
    await using origin = await listening(
      [{ nth: 1, kind: "stall", afterBytes: 100 }],
      (_path, { nth }) => nth === 1 ? { status: 503, body: "x".repeat(1_000) } : { json: 1 },
    );
    await using client = createClient({ ...AT_ONCE, timeoutMs });

    assertEquals(await client.json(`${origin.url}/x`), 1);
  }
});

test("POST is sent once, whatever comes back, over sockets", async () => {
  const faults: FaultRule[] = [
    { kind: "status", status: 503 },
    { kind: "retryAfter", delayMs: 0 },
    { kind: "cut" },
    { kind: "stall", phase: "headers" },
    { kind: "wrongContent", content: "truncated" },
  ];
  for (const fault of faults) {
    const arrived = Promise.withResolvers<void>();
    const match = (): boolean => {
      arrived.resolve();
      return true;
    };
    await using origin = await listening([{ ...fault, match }], () => ({ json: VALUE }));
    const clock = fault.kind === "stall" ? new ManualClock() : undefined;
    await using client = createClient({ ...AT_ONCE, clock });
    const request: RequestSpec = { url: `${origin.url}/orders`, method: "POST", body: '{"count":1}' };
    const rejected = assertRejects(() => client.json(request));
    await arrived.promise;
    await clock?.advance(30_000);
    await rejected;

    assertEquals(
      origin.cdn.log.entries.map(({ method, body }) => [method, body]),
      [["POST", '{"count":1}']],
      fault.kind,
    );
  }
});

test("POST with an idempotency key is sent again, whole and with the key, over sockets", async () => {
  await using origin = await listening(
    [{ nth: [1, 2], kind: "status", status: 503 }],
    () => ({ json: "done" }),
  );
  await using client = createClient(AT_ONCE);
  const headers = { "idempotency-key": "k1" };
  const request: RequestSpec = { url: `${origin.url}/orders`, method: "POST", body: '{"count":1}', headers };

  assertEquals(await client.json(request), "done");
  assertEquals(
    origin.cdn.log.entries.map(({ body, headers }) => [body, headers["idempotency-key"]]),
    Array(3).fill(['{"count":1}', "k1"]),
  );
});

test("a list of any length is pulled as it is worked off, over sockets", async () => {
  await using origin = await listening([{ kind: "stall", phase: "headers" }]);
  await using client = createClient({ ...AT_ONCE, concurrency: 5 });
  let pulled = 0;
  function* requests(): Generator<string> {
    for (;;) yield `${origin.url}/x.json?${pulled++}`;
  }
  const controller = new AbortController();
  const arrived = Promise.withResolvers<void>();
  let attempts = 0;
  using _listening = client.on(({ type }) => type === "attempt" && ++attempts === 5 && arrived.resolve());
  const all = watch(client.settle(requests(), { signal: controller.signal }));
  await arrived.promise;
  await microtasks(1_000);
  assertEquals([pulled, attempts], [5, 5]);
  controller.abort("enough");
  await microtasks(100);

  assertEquals([all.state, all.error, pulled], ["rejected", "enough", 5]);
});

test("an origin that fails closes the door on itself only, over sockets", async () => {
  await using bad = await listening([{ kind: "status", status: 500 }]);
  await using good = await listening([]);
  await using client = createClient({ ...AT_ONCE, maxRetries: 0, circuitBreaker: { threshold: 2 } });
  const [failing, working] = [bad, good].map(({ url }) => Array(10).fill(`${url}/x.json`));
  const lost = await client.settle(failing!, { concurrency: 1 });
  const found = await client.settle(working!, { concurrency: 1 });

  assertEquals([lost.filter(({ ok }) => ok).length, bad.cdn.log.requests], [0, 2]);
  assertEquals([found.filter(({ ok }) => ok).length, good.cdn.log.requests], [10, 10]);
});

test("a mirror that failed serves again after its cooldown, without being told to, over sockets", async () => {
  await using near = await listening([{ untilRequests: 2, kind: "status", status: 503 }]);
  await using far = await listening([]);
  const clock = new ManualClock();
  await using client = createClient({
    clock,
    baseUrls: [near.url, far.url],
    circuitBreaker: { threshold: 2, cooldownMs: 60_000 },
  });
  for (let index = 0; index < 5; index++) assertEquals(await client.json(`x.json?${index}`), VALUE);
  assertEquals([near.cdn.log.requests, far.cdn.log.requests], [2, 5]);
  await clock.advance(60_000);
  for (let index = 0; index < 5; index++) assertEquals(await client.json(`x.json?again${index}`), VALUE);

  assertEquals([near.cdn.log.requests, far.cdn.log.requests], [7, 5]);
});

test("results have the order of the requests, however they come in, over sockets", async () => {
  const cdn = createSimulatedCdn({ resources: (path) => ({ json: path }), latency: { minMs: 0, maxMs: 20 } });
  await using server = await cdn.listen();
  await using client = createClient({ ...AT_ONCE, concurrency: 20 });
  const paths = Array.from({ length: 60 }, (_, index) => `/${index}`);
  const urls = paths.map((path) => server.url + path);

  assertEquals(await client.all(urls), paths);
  assertEquals((await client.settle(urls)).map((outcome) => outcome.ok && outcome.value), paths);
  const streamed: unknown[] = [];
  for await (const outcome of client.stream(urls, { ordered: true })) {
    streamed.push(outcome.ok && outcome.value);
  }
  assertEquals(streamed, paths);
  await cdn.close();
});

test("no failure gets lost: each item has its value or its error, over sockets", async () => {
  await using origin = await listening([
    { match: "/1", kind: "cut" },
    { match: "/3", kind: "wrongContent" },
    { match: "/5", kind: "stall" },
  ], (path) => path === "/7" ? undefined : { json: { path } });
  const clock = new ManualClock();
  await using client = createClient({ ...AT_ONCE, clock, maxRetries: 0, timeoutMs: 1_000 });
  const othersAreDone = nextEvent(client, "settled", 8);
  const settled = client.settle(Array.from({ length: 9 }, (_, index) => `${origin.url}/${index}`));
  await othersAreDone;
  await clock.advance(1_000);

  assertEquals((await settled).map((outcome) => outcome.ok ? "ok" : outcome.error.name), [
    "ok",
    "NetworkError",
    "ok",
    "InvalidDataError",
    "ok",
    "TimeoutError",
    "ok",
    "DataNotFoundError",
    "ok",
  ]);
});

test("a 204 is undefined, and an empty 200 as well, over sockets", async () => {
  await using origin = await listening([], {
    "/204": { status: 204 },
    "/304": { status: 304 },
    "/empty": { body: "", headers: { "content-type": "application/json" } },
    "/chunked": { body: "", chunked: true },
  });
  await using client = createClient(AT_ONCE);
  for (const path of ["/204", "/304", "/empty", "/chunked"]) {
    assertEquals(await client.json(origin.url + path), undefined, path);
    assertEquals(await client.text(origin.url + path), "", path);
  }

  assertEquals(await client.json({ url: `${origin.url}/empty`, method: "HEAD" }), undefined);
});

test("two hundred requests on one signal leave no listener on it, over sockets", async () => {
  await using origin = await listening([{ nth: 1, kind: "status", status: 503 }], () => ({ json: 1 }));
  await using client = createClient({ ...AT_ONCE, circuitBreaker: false });
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  await Promise.all(Array.from({ length: 200 }, (_, index) => {
    return index % 2 === 0
      ? client.json(`${origin.url}/${index}`, { signal })
      : client.fetch(`${origin.url}/${index}`, { signal }).then((response) => response.json());
  }));

  assertEquals(count.now, 0);
  assert(count.most <= 1, `${count.most} listeners at once`);
});

test("a signal that has aborted before sends nothing, over sockets", async () => {
  await using origin = await listening([]);
  await using client = createClient(AT_ONCE);
  await assertRejects(() => client.json(`${origin.url}/x.json`, { signal: AbortSignal.abort() }));
  await client.json(`${origin.url}/x.json`);

  assertEquals(origin.cdn.log.requests, 1);
});

test("the numbers of a client are those of what happened, over sockets", async () => {
  await using origin = await listening(
    [{ nth: 1, kind: "status", status: 503 }],
    () => ({ body: "x".repeat(1_000) }),
  );
  await using client = createClient({ ...AT_ONCE, circuitBreaker: false });
  await client.settle(Array.from({ length: 20 }, (_, index) => `${origin.url}/${index}`), { as: "text" });
  const { requests, succeeded, failed, retried, bytes, inFlight, queued, origins } = client.stats();

  assertEquals([requests, succeeded, failed, retried, inFlight, queued], [20, 20, 0, 20, 0, 0]);
  const { attempts } = origins[origin.url]!;
  assertEquals([attempts, origin.cdn.log.requests], [40, 40]);
  assert(bytes >= 20_000, `${bytes} bytes`);
});

test("a timeout that passes in the body is a timeout, and not a broken body, over sockets", async () => {
  await using origin = await listening([{ kind: "stall", afterBytes: 100 }]);
  const clock = new ManualClock();
  await using client = createClient({ ...AT_ONCE, clock, maxRetries: 0, timeoutMs: 1_000 });
  const isAnswered = nextEvent(client, "headers");
  const request = client.json(`${origin.url}/x.json`).catch((error) => error);
  await isAnswered;
  await clock.advance(1_000);

  assertInstanceOf(await request, TimeoutError);
});

test("JSON that a closed connection cut short is asked for again, over sockets", async () => {
  await using origin = await listening([{ nth: 1, kind: "cut", framing: "close" }]);
  await using client = createClient(AT_ONCE);

  assertEquals(await client.json(`${origin.url}/x.json`), VALUE);
  assertEquals(origin.cdn.log.requests, 2);
});

test("a client that is closed leaves no connection busy, over sockets", async () => {
  await using origin = await listening([{ kind: "stall", afterBytes: 100 }]);
  const client = createClient(AT_ONCE);
  const requests = Array.from(
    { length: 10 },
    (_, index) => watch(client.json(`${origin.url}/x.json?${index}`)),
  );
  const response = client.fetch(`${origin.url}/x.json?streamed`);
  await (await response).body?.getReader().read();
  await client.close("closed");

  assertEquals(requests.map(({ error }) => error), Array(10).fill("closed"));
  assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
});

test("the URL of an outcome is the one that the runtime's own fetch tells, over sockets", async () => {
  await using origin = await listening([]);
  await using client = createClient(AT_ONCE);
  const rests = [
    "x.json",
    "x.json?a=1&b=c/d",
    "x.json?a=b c",
    "x.json?ä='",
    "./x.json",
    "y/%2E./x.json",
  ];
  const urls = rests.map((rest) => `${origin.url}/${rest}`);
  urls.push(`${origin.url.replace("http:", "HTTP:")}/x.json`);
  const expected: string[] = [];
  for (const url of urls) {
    const response = await fetch(url);
    await response.body?.cancel();
    expected.push(response.url);
  }
  for (let round = 0; round < 2; round++) {
    const outcomes = await client.settle(urls);
    assertEquals(outcomes.map((outcome) => outcome.ok ? outcome.url : outcome.error.message), expected);
  }
});
