import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { SimulatedCdnOptions } from "../../src/testing/cdn_options.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";

const FAULTS: SimulatedCdnOptions["faults"] = [
  { kind: "status", status: 503, probability: 0.2 },
  { kind: "reset", probability: 0.1 },
  { kind: "cut", probability: 0.1 },
  { kind: "slow", probability: 0.1, latency: { minMs: 500, maxMs: 900 } },
];

function flaky(clock: ManualClock, options: Partial<SimulatedCdnOptions> = {}): SimulatedCdn {
  return createSimulatedCdn({
    clock,
    mirrors: ["near", { name: "far", latency: { minMs: 100, maxMs: 300 } }],
    resources: (path) => path.repeat(20),
    latency: { medianMs: 50, p99Ms: 500 },
    bytesPerSecond: 10_000,
    faults: FAULTS,
    ...options,
  });
}

/** Requests many resources from both mirrors, a few at a time. */
async function load(cdn: SimulatedCdn, clock: ManualClock, concurrency: number): Promise<void> {
  const urls = Array.from({ length: 100 }, (_, index) => `${cdn.origins[index % 2]}/${index % 40}`);
  const queue = urls.values();
  const work = async () => {
    // Failures are expected: the CDN simulates them.
    for (const url of queue) await cdn.fetch(url).then((response) => response.text()).catch(() => {});
  };
  await clock.run(Promise.all(Array.from({ length: concurrency }, work)));
}

/** Returns what happened to each request, whatever the order and the time. */
function fates(cdn: SimulatedCdn): string[] {
  return cdn.log.entries.map(({ mirror, url, nth, latencyMs, fault, outcome }) =>
    [mirror, url, nth, latencyMs, fault, outcome].join(" ")
  ).sort();
}

test("createSimulatedCdn() gives the same log for the same seed, to the last detail", async () => {
  const logs = await Promise.all([1, 1, 2].map(async (seed) => {
    const clock = new ManualClock();
    const cdn = flaky(clock, { seed });
    await load(cdn, clock, 6);
    return cdn.log;
  }));

  assertEquals(logs[0]!.entries, logs[1]!.entries);
  assertEquals([...logs[0]!.faults].length, 4);
  assertNotEquals(logs[0]!.entries, logs[2]!.entries);
});

test("createSimulatedCdn() treats each request the same, however many run at once", async () => {
  const [alone, together] = await Promise.all([1, 12].map(async (concurrency) => {
    const clock = new ManualClock();
    const cdn = flaky(clock);
    await load(cdn, clock, concurrency);
    return fates(cdn);
  }));

  assertEquals(alone, together);
});

test("SimulatedCdn.listen() treats each request as fetch does", async () => {
  const options = {
    resources: (path: string) => path,
    seed: 9,
    faults: FAULTS!.filter(({ kind }) => kind !== "slow"),
  };
  const direct = createSimulatedCdn(options);
  await using served = createSimulatedCdn(options);
  const { url } = await served.listen();
  const paths = Array.from({ length: 40 }, (_, index) => `/${index}`);
  const statuses = async (get: typeof fetch, origin: string) => {
    const seen: (number | string)[] = [];
    for (const path of paths) {
      // A POST, because a runtime may repeat a GET by itself when its connection breaks.
      const response = await get(origin + path, { method: "POST", body: "" }).catch(() => undefined);
      seen.push(response?.status ?? "failed");
      await response?.text().catch(() => {});
    }
    return seen;
  };

  const expected = await statuses(direct.fetch, direct.origins[0]!);
  await statuses(fetch, url);

  assertEquals([...new Set(expected)].sort(), [200, 503, "failed"]);
  assertEquals(
    served.log.entries.filter(({ nth }) => nth === 1).map(({ url, fault }) => [url, fault]),
    direct.log.entries.map(({ url, fault }) => [url, fault]),
  );
});

test("createSimulatedCdn() can have a mirror that fails half-way and recovers, by requests or by time", async () => {
  const clock = new ManualClock();
  const cdn = createSimulatedCdn({
    clock,
    mirrors: ["a", "b"],
    resources: () => "x",
    faults: [
      { mirror: "a", afterRequests: 2, untilRequests: 4, kind: "refuse" },
      { mirror: "b", fromMs: 1_000, untilMs: 2_000, kind: "refuse" },
    ],
  });
  const works = (origin: string) => cdn.fetch(origin).then((response) => response.ok).catch(() => false);
  const a: boolean[] = [];
  const b: boolean[] = [];
  for (let step = 0; step < 6; step++) {
    a.push(await works("https://a.test/"));
    b.push(await works("https://b.test/"));
    await clock.advance(500);
  }

  assertEquals(a, [true, true, false, false, true, true]);
  assertEquals(b, [true, true, false, false, true, true]);
});

test("SimulatedCdn.log is the sum of SimulatedCdn.logOf() for each mirror", async () => {
  const cdn = createSimulatedCdn({ mirrors: ["a", "b"], resources: { "/x": "1", "/y": "22" } });
  for (const path of ["/x", "/y", "/x"]) await (await cdn.fetch(`https://a.test${path}`)).text();
  const held = await cdn.fetch("https://b.test/x");

  assertEquals([...cdn.log.countByUrl()], [["/x", 3], ["/y", 1]]);
  assertEquals([...cdn.logOf("a").countByUrl()], [["/x", 2], ["/y", 1]]);
  assertEquals([cdn.log.openBodies, cdn.logOf("a").openBodies, cdn.logOf("b").openBodies], [1, 0, 1]);
  assertEquals([cdn.log.bytesSent, cdn.logOf("a").bytesSent], [4, 4]);
  await held.text();
  assertThrows(() => cdn.logOf("c"), RangeError, "'mirror' must be one of a, b: received \"c\"");
});

test("SimulatedCdn.reset() starts the same sequence again", async () => {
  const clock = new ManualClock({ nowMs: 123 });
  const cdn = flaky(clock);
  await load(cdn, clock, 1);
  const first = fates(cdn);
  cdn.reset();
  assertEquals([cdn.log.requests, cdn.logOf("near").requests], [0, 0]);
  await load(cdn, clock, 1);

  assertEquals(fates(cdn), first);
  assertEquals(cdn.log.entries[0]?.atMs, 0);
});

test("SimulatedCdn.listen() serves every mirror at a URL of its own", async () => {
  await using cdn = createSimulatedCdn({ mirrors: ["a", "b", "c"], resources: () => "x" });
  await using server = await cdn.listen();
  for (const url of server.urls.slice(1)) await (await fetch(url)).text();

  assertEquals([server.urls.length, new Set(server.urls).size, server.url], [3, 3, server.urls[0]]);
  assertEquals(["a", "b", "c"].map((name) => cdn.logOf(name).requests), [0, 1, 1]);
});

test("SimulatedCdn.close() closes servers and ends fetches under way, once or twice", async () => {
  const clock = new ManualClock();
  const cdn = createSimulatedCdn({ clock, resources: () => "x", latency: 1_000 });
  const server = await cdn.listen();
  const fetched = assertRejects(() => cdn.fetch(cdn.origins[0]!), TypeError, "the simulated CDN was closed");
  await cdn.close();
  await cdn.close();
  await server.close();

  await fetched;
  assertEquals([clock.pending, cdn.log.openRequests], [0, 0]);
  await assertRejects(() => fetch(server.url), TypeError);
});

test("createSimulatedCdn() keeps no request with log: 'counts'", async () => {
  const cdn = createSimulatedCdn({ resources: () => "x", log: "counts" });
  for (let index = 0; index < 1_000; index++) await (await cdn.fetch(`https://cdn.test/${index}`)).text();

  assertEquals([cdn.log.requests, cdn.log.outcomes.complete, cdn.log.peakOpenBodies], [1_000, 1_000, 1]);
  assertThrows(() => cdn.log.entries, TypeError);
});

test("createSimulatedCdn() refuses senseless options", () => {
  const refuse = (options: unknown, message: string) =>
    assertThrows(
      () => createSimulatedCdn({ resources: {}, ...options as object }),
      Error,
      `Cannot create simulated CDN as ${message}`,
    );

  refuse({ latancy: 5 }, "'latancy' is not an option: did you mean 'latency'?");
  refuse({ mirrors: [{ name: "a", fault: [] }] }, "'mirrors[0].fault' is not an option");
  for (const none of [undefined, null, 5]) {
    assertThrows(
      () => createSimulatedCdn(none as never),
      TypeError,
      `the options must be an object: received ${none}`,
    );
  }
  refuse({ resources: undefined }, "'resources' must be an object, a map or a function: received undefined");
  refuse({ clock: {} }, "'clock' must be a clock: received an object");
  refuse({ seed: 0.5 }, "'seed' must be a safe integer: received 0.5");
  refuse({ log: "some" }, '\'log\' must be "full" or "counts": received "some"');
  refuse({ latency: -1 }, "'latency' must be a number of at least 0: received -1");
  refuse({ bytesPerSecond: 0 }, "'bytesPerSecond' must be a positive number: received 0");
  refuse({ mirrors: [{ name: "a", latency: {} }] }, "'latency' must be milliseconds");
  refuse({ faults: [{ kind: "none" }] }, "'faults[0].kind' must be one of");
});
