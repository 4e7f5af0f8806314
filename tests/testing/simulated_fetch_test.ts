import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { SimulatedCdnOptions } from "../../src/testing/cdn_options.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";

const BODY = "0123456789".repeat(100);

function setUp(options: Partial<SimulatedCdnOptions> = {}) {
  const clock = new ManualClock();
  const cdn = createSimulatedCdn({ clock, resources: { "/a.json": BODY }, ...options });
  return { clock, cdn, url: `${cdn.origins[0]}/a.json` };
}

function withFault(fault: FaultRule, options: Partial<SimulatedCdnOptions> = {}) {
  return setUp({ faults: [fault], ...options });
}

/** Counts the listeners of a signal. */
function countListeners(signal: AbortSignal): { count: number } {
  const listeners = { count: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...parameters: Parameters<typeof add>) => {
    listeners.count++;
    add(...parameters);
  };
  signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
    listeners.count--;
    remove(...parameters);
  };
  return listeners;
}

test("SimulatedCdn.fetch answers with status, headers, URL and body", async () => {
  const { cdn, url } = setUp();
  const response = await cdn.fetch(`${url}?x#fragment`);

  assertEquals([response.status, response.statusText, response.ok, response.redirected], [
    200,
    "OK",
    true,
    false,
  ]);
  assertEquals(response.headers.get("content-length"), "1000");
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(response.url, `${url}?x#fragment`);
  assertEquals(await response.text(), BODY);
  assertEquals(cdn.log.entries[0]?.url, "/a.json?x");
});

test("SimulatedCdn.fetch accepts a URL, a Request, headers and a body", async () => {
  const { cdn, url } = setUp();
  await cdn.fetch(new URL(url), { headers: { "X-A": "1" } });
  await cdn.fetch(new Request(url, { method: "PUT", body: "from request", headers: [["x-b", "2"]] }));
  await cdn.fetch(url, { method: "post", body: new URLSearchParams({ c: "3" }) });
  await cdn.fetch(new Request(url, { method: "DELETE" }), { method: "QUERY", body: "from init" });
  const seen = cdn.log.entries.map(({ method, body }) => `${method} ${body}`);

  assertEquals(seen, ["GET ", "PUT from request", "POST c=3", "QUERY from init"]);
  assertEquals(cdn.log.entries[0]?.headers, { "x-a": "1" });
  assertEquals(cdn.log.entries[1]?.headers["x-b"], "2");
  assertEquals(
    cdn.log.entries[2]?.headers["content-type"]?.toLowerCase(),
    "application/x-www-form-urlencoded;charset=utf-8",
  );
});

test("SimulatedCdn.fetch rejects wrong arguments with a TypeError and logs no request", async () => {
  const { cdn } = setUp();
  for (const input of ["/relative", "http://", "file:///a", "ftp://cdn.test/"]) {
    await assertRejects(() => cdn.fetch(input), TypeError);
  }

  assertEquals(cdn.log.requests, 0);
});

test("SimulatedCdn.fetch serves its mirrors, and no other host", async () => {
  const { cdn } = setUp({ mirrors: ["near", "far"] });
  await (await cdn.fetch("https://far.test/a.json")).text();
  await assertRejects(() => cdn.fetch("https://elsewhere.test/a.json"), TypeError, "no such host");

  assertEquals([cdn.logOf("near").requests, cdn.logOf("far").requests, cdn.log.requests], [0, 1, 1]);
});

test("SimulatedCdn.fetch waits for the latency before the headers", async () => {
  const { cdn, clock, url } = setUp({ latency: 75 });
  const response = await clock.run(cdn.fetch(url));

  assertEquals([clock.now(), response.status], [75, 200]);
});

test("SimulatedCdn.fetch sends the body as fast as the bandwidth allows", async () => {
  const { cdn, clock, url } = setUp({ bytesPerSecond: 1_000 });
  const response = await clock.run(cdn.fetch(url));
  assertEquals(clock.now(), 0);
  const text = await clock.run(response.text());

  assertEquals([clock.now(), text], [1_000, BODY]);
});

test("SimulatedCdn.fetch sends no unread bytes, and counts the body as open until it is read", async () => {
  const { cdn, url } = setUp();
  const [read, cancelled, ignored] = await Promise.all([cdn.fetch(url), cdn.fetch(url), cdn.fetch(url)]);
  await eventLoopTurn();
  assertEquals([cdn.log.openBodies, cdn.log.bytesSent], [3, 0]);
  await read.text();
  await cancelled.body?.cancel();

  assertEquals([cdn.log.openBodies, cdn.log.peakOpenBodies, cdn.log.bytesSent], [1, 3, 1_000]);
  assertEquals(cdn.log.entries.map(({ outcome }) => outcome), ["complete", "aborted", "open"]);
  await ignored.body?.cancel();
});

test("SimulatedCdn.fetch gives every reader bytes of its own", async () => {
  const { cdn, url } = setUp({ resources: { "/a.json": new Uint8Array([1, 2, 3]) } });
  (await (await cdn.fetch(url)).bytes()).fill(0);

  assertEquals([...await (await cdn.fetch(url)).bytes()], [1, 2, 3]);
});

test("SimulatedCdn.fetch answers HEAD, 204 and 304 without a body", async () => {
  const { cdn, url } = setUp({
    resources: { "/a.json": { body: BODY, etag: '"1"' }, "/none": { status: 204 } },
  });
  const head = await cdn.fetch(url, { method: "HEAD" });
  const none = await cdn.fetch(url.replace("a.json", "none"));
  const same = await cdn.fetch(url, { headers: { "if-none-match": '"1"' } });

  assertEquals([head, none, same].map(({ status, body }) => [status, body]), [[200, null], [204, null], [
    304,
    null,
  ]]);
  assertEquals(head.headers.get("content-length"), "1000");
  assertEquals([cdn.log.openBodies, cdn.log.outcomes.complete], [0, 3]);
});

test("SimulatedCdn.fetch refuses at once and resets after the latency, with a TypeError", async () => {
  for (const [kind, ms] of [["refuse", 0], ["reset", 75]] as const) {
    const { cdn, clock, url } = withFault({ kind }, { latency: 75 });
    await assertRejects(() => clock.run(cdn.fetch(url)), TypeError);

    assertEquals(clock.now(), ms);
    assertEquals(cdn.log.outcomes[kind === "refuse" ? "refused" : "reset"], 1);
    assertEquals([cdn.log.openRequests, cdn.log.peakOpenBodies, clock.pending], [0, 0, 0]);
  }
});

test("SimulatedCdn.fetch breaks a cut body with a TypeError at its reader", async () => {
  for (const framing of ["length", "chunked"] as const) {
    const { cdn, url } = withFault({ kind: "cut", afterBytes: 10, framing });
    const response = await cdn.fetch(url);
    const reader = response.body!.getReader();

    assertEquals((await reader.read()).value?.length, 10);
    await assertRejects(() => reader.read(), TypeError, "reset in the body");
    assertEquals(response.headers.get("content-length"), framing === "length" ? "1000" : null);
    assertEquals([cdn.log.outcomes.cut, cdn.log.openBodies], [1, 0]);
  }
});

test("SimulatedCdn.fetch makes a cut body look complete when only the end of the connection ends it", async () => {
  const { cdn, url } = withFault({ kind: "cut", afterBytes: 10, framing: "close" });

  assertEquals(await (await cdn.fetch(url)).text(), "0123456789");
  assertEquals(cdn.log.outcomes.cut, 1);
});

test("SimulatedCdn.fetch makes statuses, waits to come back, wrong content and drips", async () => {
  const { cdn, clock, url } = setUp({
    faults: [
      { nth: 1, kind: "status", status: 503 },
      { nth: 2, kind: "retryAfter", delayMs: 2_000 },
      { nth: 3, kind: "wrongContent", content: "truncated" },
      { nth: 4, kind: "drip", bytesPerSecond: 10 },
      { nth: 5, kind: "slow", latency: 1_000 },
    ],
  });
  const first = await cdn.fetch(url);
  const second = await cdn.fetch(url);
  const third = await cdn.fetch(url);
  const fourth = await cdn.fetch(url);

  assertEquals([first.status, await first.text()], [503, "503"]);
  assertEquals([second.status, second.headers.get("retry-after")], [429, "2"]);
  assertEquals([third.status, await third.text()], [200, BODY.slice(0, 500)]);
  assertEquals(await clock.run(fourth.text()), BODY);
  assertEquals(clock.now(), 100_000);
  await clock.run(cdn.fetch(url));
  assertEquals(clock.now(), 101_000);
  assertEquals(cdn.log.entries.map(({ fault }) => fault), [
    "status",
    "retryAfter",
    "wrongContent",
    "drip",
    "slow",
  ]);
  await second.body?.cancel();
});

test("SimulatedCdn.fetch makes no call for a signal that has aborted", async () => {
  const { cdn, url } = setUp();
  const reason = { my: "reason" };
  const signal = AbortSignal.abort(reason);
  for (
    const call of [
      () => cdn.fetch(url, { signal }),
      () => cdn.fetch(url, { signal, method: "POST", body: "x" }),
    ]
  ) {
    assertStrictEquals(await call().catch((error) => error), reason);
  }

  assertEquals(cdn.log.requests, 0);
});

test("SimulatedCdn.fetch rejects with the signal's reason itself before the headers, and leaves nothing behind", async () => {
  const phases: Record<string, Partial<SimulatedCdnOptions>> = {
    latency: { latency: 1_000 },
    stall: { faults: [{ kind: "stall", phase: "headers" }] },
    resource: { resources: () => new Promise(() => {}) },
  };
  for (const [phase, options] of Object.entries(phases)) {
    const { cdn, clock, url } = setUp(options);
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const fetched = cdn.fetch(url, { signal: controller.signal }).catch((error) => error);
    await clock.advance(10);
    assertEquals([cdn.log.openRequests, listeners.count], [1, 1], phase);
    const reason = { in: phase };
    controller.abort(reason);

    assertStrictEquals(await fetched, reason);
    assertEquals([cdn.log.openRequests, cdn.log.outcomes.aborted], [0, 1], phase);
    assertEquals([clock.pending, listeners.count], [0, 0], phase);
  }
});

test("SimulatedCdn.fetch rejects with the signal's reason itself during the body, and leaves nothing behind", async () => {
  const phases: Record<string, Partial<SimulatedCdnOptions>> = {
    bandwidth: { bytesPerSecond: 100 },
    stall: { faults: [{ kind: "stall", afterBytes: 10 }] },
    drip: { faults: [{ kind: "drip", bytesPerSecond: 1 }] },
  };
  for (const [phase, options] of Object.entries(phases)) {
    const { cdn, clock, url } = setUp(options);
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const response = await cdn.fetch(url, { signal: controller.signal });
    const read = response.text().catch((error) => error);
    await clock.advance(1_000);
    assertEquals(cdn.log.openBodies, 1, phase);
    const reason = { in: phase };
    controller.abort(reason);

    assertStrictEquals(await read, reason);
    assertEquals([cdn.log.openBodies, cdn.log.outcomes.aborted], [0, 1], phase);
    assertEquals([clock.pending, listeners.count], [0, 0], phase);
  }
});

test("SimulatedCdn.fetch errors an unread body when its signal aborts", async () => {
  const { cdn, url } = setUp();
  const controller = new AbortController();
  const response = await cdn.fetch(url, { signal: controller.signal });
  const reason = { while: "unread" };
  controller.abort(reason);

  assertStrictEquals(await response.text().catch((error) => error), reason);
  assertEquals(cdn.log.outcomes.aborted, 1);
});

test("SimulatedCdn.fetch removes its listener from the signal when the body has been read", async () => {
  const { cdn, url } = setUp();
  const controller = new AbortController();
  const listeners = countListeners(controller.signal);
  const response = await cdn.fetch(url, { signal: controller.signal });
  assertEquals(listeners.count, 1);
  await response.text();

  assertEquals(listeners.count, 0);
  controller.abort();
  assertEquals(cdn.log.outcomes.complete, 1);
});

test("SimulatedCdn.fetch heeds the signal of a Request", async () => {
  const { cdn, clock, url } = setUp({ latency: 100 });
  const controller = new AbortController();
  const reason = { of: "request" };
  const fetched = cdn.fetch(new Request(url, { signal: controller.signal })).catch((error) => error);
  await clock.advance(1);
  controller.abort(reason);

  assertStrictEquals(await fetched, reason);
});

test("SimulatedCdn.fetch follows redirects, and leaves credentials behind when they lead to another origin", async () => {
  const { cdn } = setUp({
    mirrors: ["near", "far"],
    resources: {
      "/a": { status: 302, headers: { location: "/b" } },
      "/b": { status: 307, headers: { location: "https://far.test/c" } },
      "/c": "arrived",
    },
  });
  const headers = { authorization: "secret", "x-api-key": "key" };
  const response = await cdn.fetch("https://near.test/a", { headers });

  assertEquals([response.redirected, response.url, await response.text()], [
    true,
    "https://far.test/c",
    "arrived",
  ]);
  assertEquals(cdn.log.entries.map(({ mirror, url, headers }) => [mirror, url, headers.authorization]), [
    ["near", "/a", "secret"],
    ["near", "/b", "secret"],
    ["far", "/c", undefined],
  ]);
  // Like the runtimes, the simulated fetch forwards other headers.
  assertEquals(cdn.log.entries[2]?.headers["x-api-key"], "key");
});

test("SimulatedCdn.fetch returns redirects, or refuses them, when told", async () => {
  const { cdn, url } = setUp({ resources: { "/a.json": { status: 302, headers: { location: "/b" } } } });
  const response = await cdn.fetch(url, { redirect: "manual" });
  await response.body?.cancel();

  assertEquals([response.status, response.headers.get("location")], [302, "/b"]);
  await assertRejects(() => cdn.fetch(url, { redirect: "error" }), TypeError, "there is a redirect");
  assertEquals(cdn.log.requests, 2);
});
