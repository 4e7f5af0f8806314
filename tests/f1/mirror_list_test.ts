import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { CircuitOpenError, type ClientOptions, createClient, DataNotFoundError } from "../../mod.ts";
import { memoryCache, ttlCache } from "../../src/http_cache/mod.ts";
import { MirrorList } from "../../src/f1/mirror_list.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { type Answer, FakeNetwork } from "../client/fake_network.ts";
import { rejection } from "../support/settled.ts";

const A = "https://a.test/";
const B = "https://b.test/";
const C = "https://c.test/";

function setUp(
  urls: readonly string[],
  answers: Readonly<Record<string, () => Answer>> = {},
  options: ClientOptions = {},
) {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock, ({ url }) => {
    const letter = new URL(url).host[0]!;
    return answers[letter]?.() ?? { json: letter };
  });
  const list = new MirrorList(urls.map((url) => ({ url })));
  const client = createClient({
    fetch: network.fetch,
    clock,
    maxRetries: 0,
    baseUrls: list.baseUrls,
    ...options,
  });
  const get = (url = "x") => clock.run(client.json(url));
  const asked = () => network.urls.map((url) => new URL(url).host[0]).join("");
  return { clock, network, list, client, get, asked };
}

test("MirrorList belongs to one client", () => {
  const { list } = setUp([A]);
  assertThrows(() => createClient({ baseUrls: list.baseUrls }), TypeError, "belong to another one");
});

test("MirrorList.list() returns the mirrors, and the state of their breakers", async () => {
  const { list, client, clock } = setUp([A, B], { a: () => ({ status: 503 }) }, {
    circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
  });
  assertEquals(list.list().map(({ circuit }) => circuit), ["closed", "closed"]);
  await clock.run(client.json("x"));
  assertEquals(list.list(), [
    { url: A, enabled: true, circuit: "open" },
    { url: B, enabled: true, circuit: "closed" },
  ]);
});

test("MirrorList leaves the names of mirrors in errors to the client", async () => {
  const list = new MirrorList([{ url: A }, { url: B, path: (() => 5) as never }]);
  await using client = createClient({
    baseUrls: list.baseUrls,
    fetch: () => Promise.reject(new Error("no")),
  });
  list.remove(A);
  assertStringIncludes(
    `${await rejection(client.json("x"))}`,
    "the 'path' of 'baseUrls.1' must return a string",
  );
  list.add({ url: C, path: (() => 5) as never });
  list.remove(B);
  assertStringIncludes(`${await rejection(client.json("x"))}`, "the 'path' of 'url' must return a string");
});

test("MirrorList.add() appends a mirror, also for a client that had only one", async () => {
  const { list, get, asked } = setUp([A], { a: () => ({ status: 503 }) });
  list.add({ url: B, path: (path) => `moved/${path}` });
  assertEquals(await get(), "b");
  assertEquals([asked(), list.list().map(({ url }) => url)], ["ab", [A, B]]);
});

test("MirrorList.add() replaces a mirror with the same URL", async () => {
  const { list, get, network } = setUp([A, B]);
  list.add({ url: A, headers: { "x-key": "1" } });
  list.remove(B);
  assertEquals(await get(), "a");
  assertEquals([list.list().length, network.sent[0]?.headers.get("x-key")], [1, "1"]);
});

test("MirrorList.remove() and enable() leave a mirror out from then on, and say whether it was there", async () => {
  const { list, get, asked } = setUp([A, B, C]);
  assertEquals([list.enable(A, false), list.remove("https://other.test/"), list.enable("x", true)], [
    true,
    false,
    false,
  ]);
  await get();
  assertEquals(list.remove(B), true);
  assertEquals(list.remove(B), false);
  await get("y");
  list.enable(A, true);
  await get("z");
  assertEquals([asked(), list.list().map(({ url }) => url)], ["bca", [A, C]]);
});

test("MirrorList leaves one mirror enabled", () => {
  const { list } = setUp([A, B]);
  list.enable(A, false);
  assertThrows(() => list.enable(B, false), RangeError, "one must be left that is enabled");
  assertThrows(() => list.remove(B), RangeError, B);
  assertEquals(list.list().map(({ enabled }) => enabled), [false, true]);
});

test("MirrorList removes a mirror that the client was given twice", async () => {
  for (
    const leaveOut of [(list: MirrorList) => list.remove(A), (list: MirrorList) => list.enable(A, false)]
  ) {
    const { list, get, asked } = setUp([A, "https://a.test", B]);
    assertEquals(leaveOut(list), true);
    await get();
    list.add({ url: A });
    list.enable(B, false);
    await get("y");
    assertEquals([asked(), list.list().map(({ url }) => url)], ["ba", [B, A]]);
    assertThrows(() => list.remove(A), RangeError, "one must be left");
  }
  const { list } = setUp([A, "https://a.test"]);
  assertThrows(() => list.remove(A), RangeError, A);
});

test("MirrorList.reset() restores the original mirrors, with closed breakers", async () => {
  let isDown = true;
  const { list, client, clock, asked } = setUp([A, B], {
    a: () => isDown ? { status: 503 } : { json: "a" },
  }, { circuitBreaker: { threshold: 1, cooldownMs: 1_000_000 } });
  await clock.run(client.json("x"));
  list.add({ url: C });
  list.remove(A);
  list.enable(B, false);
  assertEquals(await clock.run(client.json("y")), "c");
  isDown = false;
  list.reset();
  assertEquals(list.list(), [
    { url: A, enabled: true, circuit: "closed" },
    { url: B, enabled: true, circuit: "closed" },
  ]);
  assertEquals([await clock.run(client.json("z")), asked()], ["a", "abca"]);
});

test("A request whose mirror is removed fails there, and goes on at a remaining one", async () => {
  for (const cache of [false as const, ttlCache(memoryCache(), { ttlMs: Infinity })]) {
    const { list, client, clock, asked } = setUp([A], { a: () => ({ status: 503, afterMs: 100 }) }, {
      concurrency: 1,
      circuitBreaker: false,
      cache,
    });
    const all = Promise.all([client.json("1"), client.json("2"), client.json("3")]);
    list.add({ url: B });
    list.remove(A);
    assertEquals(await clock.run(all), ["b", "b", "b"]);
    assertEquals(asked().replaceAll("a", ""), "bbb");
    assertEquals([await clock.run(client.json("4")), asked().at(-1)], ["b", "b"]);
  }
});

test("A request waits for no mirror that is left out", async () => {
  const { list, client, clock } = setUp([A, B], {
    a: () => ({ status: 503 }),
    b: () => ({ status: 503 }),
  }, { circuitBreaker: { threshold: 1, cooldownMs: 1_000 } });
  await clock.run(rejection(client.json("x")));
  list.enable(A, false);
  const error = await clock.run(rejection(client.json("y")));
  assertInstanceOf(error, CircuitOpenError);
});

test("MirrorList finds a mirror with and without a slash at the end", async () => {
  const { list, get, asked } = setUp(["https://a.test/f1", "https://b.test/f1/"]);
  list.add({ url: "https://a.test/f1/" });
  assertEquals(list.list().map(({ url }) => url), ["https://b.test/f1/", "https://a.test/f1/"]);
  assertEquals(list.enable("https://b.test/f1", false), true);
  assertEquals(list.remove("https://b.test/f1"), true);
  assertEquals([await get(), asked()], ["a", "a"]);
});

test("Requests in line go to no mirror that was left out meanwhile, single or in a batch", async () => {
  for (const others of [[], [B]]) {
    for (
      const leaveOut of [(list: MirrorList) => list.enable(A, false), (list: MirrorList) => list.remove(A)]
    ) {
      const slow = () => ({ afterMs: 100, json: 1 });
      const { list, client, clock, asked } = setUp([A, ...others], { a: slow, b: slow }, { concurrency: 2 });
      const single = Promise.all(["1", "2", "3", "4", "5"].map((url) => client.json(url)));
      await clock.advance(50);
      if (others.length === 0) list.add({ url: B });
      leaveOut(list);
      assertEquals([await clock.run(single), asked()], [[1, 1, 1, 1, 1], "aabbb"]);
      list.reset();
      list.add({ url: B });
      const batch = client.all(["6", "7", "8", "9"]);
      await clock.advance(50);
      leaveOut(list);
      assertEquals([await clock.run(batch), asked().slice(5)], [[1, 1, 1, 1], "aabb"]);
    }
  }
});

test("Requests in line for failing mirrors go to one that is added, enabled or reset, at once", async () => {
  const ways: readonly ((list: MirrorList) => void)[] = [
    (list) => list.add({ url: C }),
    (list) => list.enable(B, true),
    (list) => list.reset(),
  ];
  for (const [nth, helpBy] of ways.entries()) {
    let isDown = true;
    const down = () => isDown ? { status: 503 } : { json: "late" };
    const { list, client, clock } = setUp([A, B], { a: down, b: () => nth === 1 ? { json: "b" } : down() }, {
      maxRetries: 3,
      circuitBreaker: { threshold: 1, cooldownMs: 20_000, patienceMs: 30_000 },
    });
    list.enable(B, false);
    const batch = client.settle(Array.from({ length: 40 }, (_, n) => `${n}`));
    await clock.advance(10_000);
    if (nth === 2) isDown = false;
    helpBy(list);
    const outcomes = await clock.run(batch);
    assertEquals(outcomes.every(({ ok }) => ok), true);
    assertEquals(clock.now(), 10_000);
  }
});

test("A request that failed at one mirror goes on with the present list of mirrors", async () => {
  const { list, get, asked } = setUp([A, B], {
    a: () => {
      list.enable(B, false);
      list.add({ url: C });
      return { status: 503 };
    },
  });
  assertEquals([await get(), asked()], ["c", "ac"]);
});

test("A request does not go to a mirror that is left out at the very moment of its admission", async () => {
  const { list, client, clock, asked } = setUp([A, B], {}, {
    concurrency: 1,
    rateLimit: { limit: 1, intervalMs: 1_000 },
  });
  const both = Promise.all([client.json("1"), client.json("2")]);
  list.remove(A);
  assertEquals([await clock.run(both), asked()], [["b", "b"], "bb"]);
  assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
});

test("A slow request makes no second attempt at a mirror that was left out", async () => {
  for (const to of ["same", "nextMirror"] as const) {
    let afterMs = 0;
    const { list, client, clock, asked } = setUp([A, B, C], { a: () => ({ afterMs, json: "a" }) }, {
      hedge: { afterMs: 100, maxExtraRatio: 1, to },
    });
    // The first request waits for the hedging module.
    await clock.run(client.json("first"));
    afterMs = 1_000;
    const slow = client.json("1");
    await clock.advance(50);
    list.enable(A, false);
    list.enable(B, false);
    const isSame = to === "same";
    assertEquals([await clock.run(slow), asked().slice(1)], isSame ? ["a", "a"] : ["c", "ac"]);
  }
});

test("A request in line aborts at the very moment at which the mirrors change", async () => {
  const { list, client, clock, asked } = setUp([A, B], { a: () => ({ afterMs: 100, json: 1 }) }, {
    concurrency: 1,
  });
  const first = client.json("1");
  const controller = new AbortController();
  const second = rejection(client.json("2", { signal: controller.signal }));
  await clock.advance(50);
  list.remove(A);
  controller.abort("enough");
  assertEquals([await clock.run(second), await clock.run(first), asked()], ["enough", 1, "a"]);
  assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
});

test("MirrorList also applies to a client's extensions, each with headers of its own", async () => {
  const { list, client, clock, network, asked } = setUp([A, B], {}, { headers: { "x-of": "client" } });
  list.remove(A);
  const extension = client.extend({ headers: { "x-of": "extension" } });
  assertEquals(await clock.run(extension.json("1")), "b");
  list.add({ url: C, headers: { "x-key": "c" } });
  list.enable(B, false);
  assertEquals([await clock.run(extension.json("2")), await clock.run(client.json("3"))], ["c", "c"]);
  list.reset();
  assertEquals([await clock.run(extension.json("4")), await clock.run(client.json("5"))], ["a", "a"]);
  assertEquals(asked(), "bccaa");
  assertEquals(
    network.sent.map(({ headers }) => [headers.get("x-of"), headers.get("x-key")]),
    [["extension", null], ["extension", "c"], ["client", "c"], ["extension", null], ["client", null]],
  );
});

test("A mirror that was passed over is asked once the mirrors before it have been removed", async () => {
  const [x, y] = ["https://a.test/x", "https://a.test/y"];
  for (const isInLine of [false, true]) {
    const clock = new ManualClock();
    const network = new FakeNetwork(clock, ({ url }) => {
      if (url.endsWith("slow")) return { afterMs: 60_000, json: 1 };
      return { status: url.startsWith(x) ? 404 : 503 };
    });
    const list = new MirrorList([{ url: x }, { url: y }]);
    const client = createClient({
      fetch: network.fetch,
      clock,
      baseUrls: list.baseUrls,
      concurrency: 1,
      maxRetries: 1,
      circuitBreaker: false,
      timeoutMs: 90_000,
    });
    const missing = rejection(client.json("1", { notFoundIsFinal: false }));
    await clock.advance(0);
    const slow = isInLine ? client.json("slow") : undefined;
    // The request sleeps until its second round, and is then in line.
    await clock.advance(isInLine ? 10_000 : 500);
    list.remove(y);
    assertInstanceOf(await clock.run(missing), DataNotFoundError);
    await clock.run(Promise.resolve(slow));
    const asked = network.urls.filter((url) => url.endsWith("/1")).map((url) => url.slice(0, -2));
    assertEquals(asked, [x, y, x]);
  }
});
