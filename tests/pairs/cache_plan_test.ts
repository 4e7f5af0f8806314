import { assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientOptions, createClient } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { type Answer, FakeNetwork, type SentRequest } from "../client/fake_network.ts";
import { gate, watch } from "../support/settled.ts";
import { adapterWith, turns } from "../http_cache/cache_rig.ts";
import { planOf, type PlanParts } from "../http_cache/plan_of.ts";
import { type CacheAdapter, httpCache, memoryCache, tieredCache } from "../../src/http_cache/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/a.json";

/** Creates two clients that share a cache plan and a network. */
function twoClients(
  answer: (request: SentRequest) => Answer,
  parts: PlanParts = {},
  options: ClientOptions = {},
) {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock, answer);
  const cache = planOf(parts);
  const make = () => createClient({ clock, fetch: network.fetch, maxRetries: 0, cache, ...options });
  return { clock, network, one: make(), two: make() };
}

const counting = ({ nth }: SentRequest): Answer => ({ json: nth });
const fresh = (nth: number): Answer => ({ json: nth, headers: { "cache-control": "max-age=60" } });

test("plan × clients: what one has stored answers the other, also while the adapter is still at it", async () => {
  const held = gate();
  const adapter = adapterWith({ set: () => held.promise.then(() => true) });
  const { clock, network, one, two } = twoClients(counting, { adapter });
  assertEquals([await clock.run(one.json(URL_A)), await clock.run(two.json(URL_A))], [1, 1]);
  assertEquals(network.sent.length, 1);
  held.open();
});

test("plan × clients: what one could not remove is not served by the other", async () => {
  const broken = () => Promise.reject(new Error("broken"));
  let isBroken = false;
  const { clock, one, two } = twoClients(
    ({ nth, method }) => method === "POST" ? { status: 204 } : fresh(nth),
    { adapter: adapterWith({ delete: () => isBroken ? broken() : true }), mode: "http" },
  );
  assertEquals(await clock.run(one.json(URL_A)), 1);
  isBroken = true;
  await clock.run(one.json({ url: URL_A, method: "POST" }));
  await turns(clock);
  assertEquals(await clock.run(two.json(URL_A)), 3);
});

test("plan × clients: a change by one keeps the other from storing what it has asked for before", async () => {
  const held = gate();
  const { clock, one, two } = twoClients(
    ({ nth, method }) =>
      method === "POST" ? { status: 204 } : { ...fresh(nth), ...nth === 1 && { gate: held.promise } },
    { mode: "http" },
  );
  const before = watch(two.json(URL_A));
  await turns(clock);
  await clock.run(one.json({ url: URL_A, method: "POST" }));
  held.open();
  await turns(clock);
  assertEquals([before.state, await clock.run(two.json(URL_A))], ["fulfilled", 3]);
});

test("plan × plan: a change by way of one keeps another one of the same adapter from storing what was asked for before", async () => {
  for (
    const kept of [memoryCache, () => [memoryCache(), memoryCache()], () => tieredCache([memoryCache()])]
  ) {
    for (const isExtension of [true, false]) {
      const [clock, held, adapter] = [new ManualClock(), gate(), kept()];
      const network = new FakeNetwork(
        clock,
        ({ nth, method }) =>
          method === "POST" ? { status: 204 } : { ...fresh(nth), ...nth === 1 && { gate: held.promise } },
      );
      const make = () => ({ clock, fetch: network.fetch, cache: httpCache(adapter) });
      const one = createClient(make());
      const two = isExtension ? one.extend({ cache: httpCache(adapter) }) : createClient(make());
      const before = watch(one.json(URL_A));
      await turns(clock);
      await clock.run(two.json({ url: URL_A, method: "POST" }));
      held.open();
      await turns(clock);
      assertEquals([before.state, await clock.run(one.json(URL_A))], ["fulfilled", 3]);
    }
  }
});

test("plan × plan: what one could not remove, or is still removing, is not served by another one of the same adapter", async () => {
  const held = gate();
  const deletes: readonly CacheAdapter["delete"][] = [
    () => held.promise.then(() => true),
    () => new Promise<never>(() => {}),
    () => Promise.reject(new Error("broken")),
    () => {
      throw new Error("broken");
    },
  ];
  for (const remove of deletes) {
    for (const isTier of [false, true]) {
      let isBroken = false;
      const adapter = adapterWith({ delete: (key) => isBroken ? remove(key) : true });
      const given = isTier ? [adapter, memoryCache()] : adapter;
      const clock = new ManualClock();
      const answer = ({ nth, method }: SentRequest) => method === "POST" ? { status: 204 } : fresh(nth);
      const { fetch } = new FakeNetwork(clock, answer);
      const [one, two] = [1, 2].map(() => createClient({ clock, fetch, cache: httpCache(given) }));
      assertEquals(await clock.run(one!.json(URL_A)), 1);
      isBroken = true;
      await clock.run(one!.json({ url: URL_A, method: "POST" }));
      assertEquals(await clock.run(two!.json(URL_A)), 3);
    }
  }
  held.open();
});

test("plan × plan: a tier that could not remove something does not give it to a plan with other tiers", async () => {
  let isBroken = false;
  const remove = () => isBroken ? Promise.reject(new Error("broken")) : true;
  const shared = adapterWith({ delete: remove });
  const clock = new ManualClock();
  const answer = ({ nth, method }: SentRequest) => method === "POST" ? { status: 204 } : fresh(nth);
  const { fetch } = new FakeNetwork(clock, answer);
  const make = () => createClient({ clock, fetch, cache: httpCache([memoryCache(), shared]) });
  const [one, two] = [make(), make()];
  assertEquals(await clock.run(one.json(URL_A)), 1);
  isBroken = true;
  await clock.run(one.json({ url: URL_A, method: "POST" }));
  await turns(clock);
  assertEquals(await clock.run(two.json(URL_A)), 3);
});

test("plan × clients: what is under way is each client's own, and ends with it", async () => {
  const held = gate();
  const { clock, network, one, two } = twoClients(({ nth }) => ({ json: nth, gate: held.promise }));
  const reason = new Error("over");
  const [first, second] = [watch(one.json(URL_A)), watch(two.json(URL_A))];
  await turns(clock);
  assertEquals(network.sent.length, 2);
  await one.close(reason);
  held.open();
  await turns(clock);
  assertEquals([first.state, second.state], ["rejected", "fulfilled"]);
  assertStrictEquals(first.error, reason);
});

test("plan × offline: a client that may not ask is answered by what another has stored", async () => {
  const { clock, one } = twoClients(counting);
  const cache = planOf();
  const online = createClient({ clock, fetch: () => Promise.resolve(Response.json("stored")), cache });
  const offline = createClient({
    clock,
    fetch: () => Promise.reject(new Error("asked")),
    cache,
    offline: true,
  });
  assertEquals(await clock.run(online.json(URL_A)), "stored");
  assertEquals(await clock.run(offline.json(URL_A)), "stored");
  await one.close();
});

test("plan × a second tier that hangs: the first one goes on, reads are misses after a second, and then at once", async () => {
  const never = () => new Promise<never>(() => {});
  const tiers = () => [memoryCache(), adapterWith({ get: never, set: never, delete: never }, "hung")];
  for (const adapter of [tiers(), tieredCache(tiers())]) {
    const { clock, network, one, two } = twoClients(counting, { adapter });
    const warnings: string[] = [];
    one.on((event) => void (event.type === "warning" && warnings.push(event.message)));
    assertEquals(await clock.run(one.json(URL_A)), 1);
    assertEquals(clock.now(), 1_000);
    // The memory tier has the entry, whatever the second tier does with the write.
    assertEquals([await one.json(URL_A), await two.json(URL_A)], [1, 1]);
    assertEquals(await one.json("https://a.test/b.json"), 1);
    assertEquals(await one.json("https://a.test/b.json"), 1);
    assertEquals([clock.now(), network.sent.length], [1_000, 2]);
    await clock.advance(10_000);
    assertEquals(await one.json(URL_A), 1);
    assertEquals(warnings[0], "The cache 'hung' failed to get; requests go on without it");
  }
});

test("plan × a delete that fails in one tier: what lies there is not served again", async () => {
  const second = adapterWith({}, "second");
  let isBroken = false;
  const failing = adapterWith({
    get: (key) => second.get(key),
    set: (key, entry) => second.set(key, entry),
    delete: (key) => isBroken ? Promise.reject(new Error("broken")) : second.delete(key),
  }, "failing");
  const { clock, one } = twoClients(
    ({ nth, method }) => method === "POST" ? { status: 204 } : fresh(nth),
    { adapter: [memoryCache(), failing], mode: "http" },
  );
  assertEquals(await clock.run(one.json(URL_A)), 1);
  isBroken = true;
  await clock.run(one.json({ url: URL_A, method: "POST" }));
  await turns(clock);
  assertEquals(await clock.run(one.json(URL_A)), 3);
});

test("plan × an adapter that hangs: nothing is there offline, and closing ends", async () => {
  const never = () => new Promise<never>(() => {});
  const adapter = adapterWith({ get: never, set: never, delete: never });
  const { clock, network, one } = twoClients(counting, { adapter }, { offline: true });
  const settled = watch(one.json(URL_A));
  await clock.advance(1_000);
  assertEquals([settled.state, (settled.error as Error).name, network.sent.length], [
    "rejected",
    "OfflineError",
    0,
  ]);
  await one.close();
  assertEquals(clock.pending, 0);
});

test("plan × a clock that is moved by hand: it waits for the disk, also with a total timeout", async () => {
  await using folder = await tempFolder();
  const clock = new ManualClock();
  const cache = planOf({ adapter: filesystemCache(folder.path) });
  const fetch = () => Promise.resolve(Response.json("x".repeat(100_000)));
  await using client = createClient({ clock, fetch, cache, totalTimeoutMs: 10_000 });
  const warnings: string[] = [];
  client.on((event) => void (event.type === "warning" && warnings.push(event.message)));
  const sources: string[] = [];
  for (let nth = 0; nth < 20; nth++) {
    const [outcome] = await clock.run(client.settle([`https://a.test/${nth % 5}`]));
    sources.push(outcome!.ok ? outcome!.from : String(outcome!.error));
  }
  assertEquals(sources.filter((source) => source === "network").length, 5);
  assertEquals([sources.filter((source) => source === "cache").length, warnings], [15, []]);
});

test("plan × fetch: a stored response keeps its status text, also after a 304; a part of it has none", async () => {
  await using folder = await tempFolder();
  for (const mode of ["http", "ttl"] as const) {
    for (const adapter of [memoryCache(), filesystemCache(`${folder.path}/${mode}`)]) {
      const clock = new ManualClock();
      let isKnown = false;
      const fetch = (): Promise<Response> => {
        const headers = { etag: '"1"', "cache-control": "max-age=60" };
        if (isKnown) return Promise.resolve(new Response(null, { status: 304, headers }));
        isKnown = true;
        return Promise.resolve(new Response("0123", { statusText: "Fine", headers }));
      };
      const client = createClient({ clock, fetch, cache: planOf({ adapter, mode, ttlMs: 60_000 }) });
      const statusText = async (init?: RequestInit): Promise<string> =>
        (await clock.run(client.fetch(URL_A, init))).statusText;
      await clock.run(client.text(URL_A));
      const seen = [await statusText()];
      await clock.advance(61_000);
      seen.push(
        await statusText(),
        await statusText(),
        await statusText({ headers: { range: "bytes=1-2" } }),
      );
      assertEquals(seen, ["Fine", "Fine", "Fine", ""], mode);
    }
  }
});

test("plan × fragment: the URL of a stored response has no fragment, as that of no response has", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const clock = new ManualClock();
    const headers = { "cache-control": "max-age=60" };
    // A response of a program's own has no URL, so the stored one gets that of the request.
    const fetch = () => Promise.resolve(Response.json(1, { headers }));
    const client = createClient({ clock, fetch, cache: planOf({ mode }) });
    const urls = [];
    for (const fragment of ["#one", "#two", ""]) {
      urls.push(
        await clock.run(
          client.fetch(`${URL_A}${fragment}`).then(async (response) => {
            await response.text();
            return response.url;
          }),
        ),
      );
    }
    assertEquals(urls, ["", URL_A, URL_A], mode);
  }
});
