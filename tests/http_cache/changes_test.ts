import { assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import type { CacheAdapter } from "../../src/http_cache/mod.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { rejection } from "../support/settled.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import {
  adapterWith,
  type CacheRig,
  cacheRig,
  type CacheRigOptions,
  from,
  turns,
  URL_A,
  URL_B,
} from "./cache_rig.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { planOf } from "./plan_of.ts";
import { RecordingCache } from "./recording_cache.ts";

const FRESH = { "cache-control": "max-age=600" };

/** Creates a client for which each user is a partition. GETs are answered with their count, and stored. */
function usersOf(adapter: CacheAdapter, options: CacheRigOptions = {}): CacheRig {
  const answer = ({ method, nth }: SentRequest): Answer =>
    method === "GET" ? { json: nth, headers: FRESH } : { json: null };
  const partition = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
    headers["cookie"] ?? "";
  return cacheRig(answer, { ...options, plan: { adapter, partition, ...options.plan } });
}

async function ask({ client }: CacheRig, user: string, url = URL_A, rest: Record<string, string> = {}) {
  return await client.json(url, { headers: user === "" ? rest : { cookie: user, ...rest } });
}

const USERS = ["alice", "bob", ""];

test("Changes × partition: a change by one user removes all users' entries of the URL, and no others", async () => {
  for (const changer of [...USERS, "carol"]) {
    const rig = usersOf(new RecordingCache());
    for (const url of [URL_A, URL_B]) for (const user of USERS) await ask(rig, user, url);
    for (const url of [URL_A, URL_B]) for (const user of USERS) await ask(rig, user, url);
    assertEquals(rig.network.sent.length, 6);
    await rig.client.json({ url: URL_A, method: "PUT", headers: { cookie: changer } });
    for (const user of USERS) await ask(rig, user, URL_B);
    assertEquals(rig.network.sent.length, 7, changer);
    for (let nth = 0; nth < 2; nth++) for (const user of USERS) await ask(rig, user);
    assertEquals(rig.network.sent.length, 10, changer);
  }
});

test("Changes × partition: users that ask at the same time each find their own answer afterwards", async () => {
  for (const delayed of [false, true]) {
    const inner = new RecordingCache();
    const cache = delayed
      ? adapterWith({
        get: async (key) => await Promise.resolve().then(() => inner.get(key)),
        set: async (key, entry) => await Promise.resolve().then(() => inner.set(key, entry)),
        delete: async (key) => await Promise.resolve().then(() => inner.delete(key)),
      })
      : inner;
    const rig = usersOf(cache);
    await rig.clock.run(Promise.all(USERS.map((user) => ask(rig, user))));
    await turns(rig.clock);
    await Promise.all(USERS.map((user) => ask(rig, user)));
    assertEquals(rig.network.sent.length, 3);
  }
});

test("Changes × partition × Vary: all variants of all users are removed", async () => {
  const { client, network } = cacheRig(
    ({ method, nth }) =>
      method === "GET" ? { json: nth, headers: { ...FRESH, vary: "x-kind" } } : { json: null },
    { plan: { partition: ({ headers }) => headers["cookie"] ?? "" } },
  );
  const all = async () => {
    for (const cookie of ["alice", "bob"]) {
      for (const kind of ["a", "b"]) await client.json(URL_A, { headers: { cookie, "x-kind": kind } });
    }
  };
  await all();
  await all();
  assertEquals(network.sent.length, 4);
  await client.json({ url: URL_A, method: "DELETE", headers: { cookie: "alice" } });
  await all();
  await all();
  assertEquals(network.sent.length, 9);
});

test("Changes × partition: the answer to a request from before another user's change is not stored", async () => {
  const { client, clock } = cacheRig(
    ({ method, nth }) =>
      method === "GET" ? { json: nth, headers: FRESH, afterMs: nth === 1 ? 100 : 0 } : { json: null },
    { plan: { partition: ({ headers }) => headers["cookie"] ?? "" } },
  );
  const bob = { headers: { cookie: "bob" } };
  const early = client.json(URL_A, bob);
  await clock.advance(1);
  await client.json({ url: URL_A, method: "PUT", headers: { cookie: "alice" } });
  assertEquals(await clock.run(early), 1);
  await turns(clock);
  // The second request to the URL was the change.
  assertEquals(await clock.run(client.json(URL_A, bob)), 3);
});

test("Changes × calls that wait: a call after a change does not get the answer to a request from before it", async () => {
  const target = "https://a.test/target.json";
  // A change of a redirect's target, and a change by another client on the same cache.
  for (const [url, changed, isOther] of [[URL_A, target, false], [URL_A, URL_A, true]] as const) {
    let version = 0;
    const cache = planOf({ adapter: new RecordingCache(), mode: "http" });
    const answer = ({ url, method }: SentRequest): Answer => {
      if (method === "PUT") return { json: ++version, afterMs: 5 };
      if (changed === target && url === URL_A) {
        return { status: 301, headers: { location: target, ...FRESH } };
      }
      return { json: version, headers: FRESH, afterMs: 50 };
    };
    const { client, clock } = cacheRig(answer, { cache });
    const { client: other } = cacheRig(answer, { cache, manualClock: clock });
    const early = client.json(url);
    await clock.advance(1);
    await clock.run((isOther ? other : client).json({ url: changed, method: "PUT" }));
    // Give it a timeout of its own, so that it does not join the other call.
    const late = client.json(url, { timeoutMs: 9_999 });
    assertEquals(await clock.run(Promise.all([early, late])), [0, 1]);
    assertEquals(await clock.run(client.json(url)), 1);
  }
});

test("Changes × partition: a removed entry stays removed when its generation is lost, and never counts as new", async () => {
  const cache = new RecordingCache();
  const rig = usersOf(cache);
  await ask(rig, "alice");
  const [[key]] = [...cache.entries].filter(([, { meta }]) => meta.headers.length === 0) as [
    [string, unknown],
  ];
  cache.entries.delete(key);
  assertEquals([await ask(rig, "alice"), await ask(rig, "alice")], [2, 2]);
});

test("Changes × partition: changes by another process on the same files take effect, and outlive a restart", async () => {
  await using folder = await tempFolder();
  const start = () => usersOf(filesystemCache(folder.path));
  const [first, second, third] = [start(), start(), start()];
  for (const user of USERS) await ask(first, user);
  await first.client.close();
  for (const user of USERS) await ask(second, user);
  assertEquals(second.network.sent.length, 0);
  await third.client.json({ url: URL_A, method: "PUT", headers: { cookie: "bob" } });
  await third.client.close();
  for (const rig of [second, start()]) {
    await ask(rig, "alice");
    await rig.client.close();
    assertEquals(rig.network.sent.length, rig === second ? 1 : 0);
  }
});

test("Changes × partition: the answer to a request from before another process's change is not found", async () => {
  const cache = new RecordingCache();
  const [one, other] = [usersOf(cache), usersOf(cache)];
  await ask(one, "alice");
  // It is under way, in the generation that the other process ends.
  const early = one.client.json(URL_A, { headers: { cookie: "bob" }, cache: "reload" });
  await other.client.json({ url: URL_A, method: "PUT" });
  await turns(one.clock);
  await one.clock.run(early);
  await turns(one.clock);
  const before = other.network.sent.length;
  for (const user of ["alice", "bob"]) await ask(other, user);
  assertEquals(other.network.sent.length, before + 2);
});

test("Changes × partition: a plan without partitions removes entries of a plan with partitions on the same cache", async () => {
  const cache = new RecordingCache();
  const users = usersOf(cache);
  await ask(users, "alice");
  const plain = cacheRig(() => ({ json: null }), { plan: { adapter: cache } });
  await plain.client.json({ url: URL_A, method: "PUT" });
  await turns(plain.clock);
  assertEquals(await ask(users, "alice"), 2);
});

test("Changes × partition: without a user, the adapter gets no more calls than without partitions", async () => {
  const calls = [];
  for (const partition of [undefined, () => ""]) {
    const cache = new RecordingCache();
    const rig = cacheRig(({ nth }) => ({ json: nth, headers: FRESH }), {
      plan: { adapter: cache, partition },
    });
    await ask(rig, "");
    await ask(rig, "");
    calls.push(cache.calls);
  }
  assertEquals(calls[0], calls[1]);
  assertEquals(calls[0], ["get", "set", "get"]);
});

test("Changes × partition: the generation of a URL outlives its entries, and is not written again with each", async () => {
  const cache = new RecordingCache();
  const rig = usersOf(cache);
  for (const user of ["alice", "bob", "carol"]) await ask(rig, user);
  const metas = [...cache.entries.values()].map(({ meta }) => meta);
  const slot = metas.find(({ headers }) => headers.length === 0)!;
  assertEquals(metas.length, 4);
  assertEquals(metas.every(({ removeAt }) => removeAt! <= slot.removeAt!), true);
  assertEquals(cache.calls.filter((call) => call === "set").length, 4);
});

const BASES = ["https://a.test/x", "https://b.test/y/"];

/** Creates a client of two mirrors, of which the first accepts no changes. */
function mirrored(change: Answer = { json: null }, options: CacheRigOptions = {}): CacheRig {
  return cacheRig(({ url, method, nth }) => {
    if (method === "GET") return { json: nth, headers: FRESH };
    return url.startsWith("https://a.test") && options.baseUrls === undefined ? { status: 503 } : change;
  }, { baseUrls: BASES, ...options });
}

test("Changes × mirrors: a change at one mirror removes the resource under its URLs at all mirrors", async () => {
  const names = ["laps", "/laps", "https://a.test/x/laps", "https://b.test/y/laps"];
  for (const changed of names) {
    for (const asked of names) {
      const { client, clock, network } = mirrored(undefined, { baseUrls: BASES });
      await client.json(asked);
      await client.json(asked);
      assertEquals(network.sent.length, 1);
      await client.text({ url: changed, method: "PUT" }).catch(() => {});
      await turns(clock);
      const before = network.sent.length;
      await client.json(asked);
      assertEquals(network.sent.length, before + 1, `${changed} ${asked}`);
    }
  }
});

test("Changes × mirrors: the URL in an answer's Location is removed at all mirrors, but only for the same origin", async () => {
  const cases = [
    ["/y/laps/5", true],
    ["laps/5", true],
    ["https://b.test/y/laps/5", true],
    ["/laps/5", false],
    ["https://a.test/x/laps/5", false],
    ["https://other.test/laps/5", false],
  ] as const;
  for (const name of ["location", "content-location"]) {
    for (const [location, isRemoved] of cases) {
      const { client, clock, network } = mirrored({ status: 201, json: null, headers: { [name]: location } });
      await client.json("laps/5");
      await client.json({ url: "laps", method: "POST", idempotent: true });
      await turns(clock);
      const before = network.sent.length;
      await client.json("laps/5");
      assertEquals(network.sent.length - before, isRemoved ? 1 : 0, `${name} ${location}`);
    }
  }
});

test("Changes × mirrors: a mirror with a layout of its own is identified by the relative URL", async () => {
  const baseUrls = [{ url: "https://a.test/x", path: (path: string) => `v2/${path}` }, "https://b.test/y"];
  for (const asked of ["laps", "https://a.test/x/v2/laps"]) {
    for (const changed of ["laps", "https://b.test/y/laps"]) {
      const { client, clock, network } = mirrored(undefined, { baseUrls });
      await client.json(asked);
      await client.json({ url: changed, method: "PUT" });
      await turns(clock);
      await client.json(asked);
      assertEquals(network.sent.length, 3, `${asked} ${changed}`);
    }
  }
});

test("Changes × mirrors × partition: a change by one user at one mirror takes effect for all users at all mirrors", async () => {
  const rig = usersOf(new RecordingCache(), { baseUrls: BASES });
  for (const user of USERS) for (const url of ["laps", "https://b.test/y/laps"]) await ask(rig, user, url);
  await rig.client.json({ url: "https://b.test/y/laps", method: "PATCH", headers: { cookie: "bob" } });
  for (const user of USERS) for (const url of ["laps", "https://b.test/y/laps"]) await ask(rig, user, url);
  assertEquals(rig.network.sent.length, 13);
});

test("Changes × redirects: a URL that a change was forwarded to is removed, and one that it was only pointed to is not", async () => {
  const cases = [
    [307, "/b.json", true],
    [308, "https://a.test/b.json", true],
    [308, "https://other.test/b.json", true],
    // These continue with a GET. As any Location they report a change, but only at the same origin.
    [303, "/b.json", true],
    [303, "https://other.test/b.json", false],
    [301, "https://other.test/b.json", false],
  ] as const;
  for (const [status, location, isRemoved] of cases) {
    const target = new URL(location, URL_A).href;
    const { client, clock, network } = cacheRig(({ url, method, nth }) =>
      method !== "GET" && url === URL_A
        ? { status, headers: { location }, body: "" }
        : { json: nth, headers: method === "GET" ? FRESH : {} }
    );
    await client.json(target);
    await client.json({ url: URL_A, method: "POST", body: "x" });
    await turns(clock);
    const before = network.sent.length;
    await client.json(target);
    assertEquals(network.sent.length > before, isRemoved, `${status} ${location}`);
  }
});

test("Changes × redirects: a forwarded change that fails there has changed nothing there", async () => {
  const other = "https://other.test/b";
  const { client, clock, network } = cacheRig(({ url, method, nth }) => {
    if (method === "GET") return { json: nth, headers: FRESH };
    return url === URL_A
      ? { status: 307, headers: { location: other }, body: "" }
      : { status: 400, json: null };
  });
  for (const url of [URL_A, other]) await client.json(url);
  await client.json({ url: URL_A, method: "PUT" }).catch(() => {});
  await turns(clock);
  for (const url of [URL_A, other]) await client.json(url);
  // A redirect is no failure (RFC 9111 §4.4).
  assertEquals(network.urls.slice(4), [URL_A]);
});

test("Changes × redirects: a change that ends without an answer may have changed every URL that it was sent to", async () => {
  const other = "https://other.test/b";
  const { client, clock, network } = cacheRig(({ url, method, nth }) => {
    if (method === "GET") return { json: nth, headers: FRESH };
    return url === URL_A
      ? { status: 307, headers: { location: other }, body: "" }
      : { error: new TypeError("reset") };
  });
  for (const url of [URL_A, other, URL_B]) await client.json(url);
  await client.json({ url: URL_A, method: "PUT" }).catch(() => {});
  await turns(clock);
  for (const url of [URL_A, other, URL_B]) await client.json(url);
  assertEquals(network.urls.slice(5), [URL_A, other]);
});

test("Changes × redirects: a change that is left on its way may have changed every URL that it was sent to", async () => {
  const other = "https://other.test/b";
  for (const end of ["signal", "totalTimeoutMs", "timeoutMs"]) {
    for (const [status, isForwarded] of [[307, true], [303, false]] as const) {
      const { client, clock, network } = cacheRig(({ url, method, nth }) => {
        if (method !== "GET" && url === URL_A) return { status, headers: { location: other }, body: "" };
        return { json: nth, headers: FRESH, afterMs: 100 };
      });
      const askAll = () => clock.run(Promise.all([URL_A, other, URL_B].map((url) => client.json(url))));
      await askAll();
      const controller = new AbortController();
      const options = { [end]: end === "signal" ? controller.signal : 20 };
      const change = rejection(client.json({ url: URL_A, method: "PUT" }, options));
      await clock.advance(20);
      controller.abort();
      await change;
      const before = network.sent.length;
      await askAll();
      const expected = isForwarded ? [URL_A, other] : [URL_A];
      assertEquals(network.urls.slice(before), expected, `${end} ${status}`);
    }
  }
});

test("Changes × redirects: a URL to which the runtime itself has redirected is removed at the same origin only", async () => {
  for (const [final, isRemoved] of [[URL_B, true], ["https://other.test/b", false]] as const) {
    let requests = 0;
    const client = createClient({
      clock: new ManualClock(),
      cache: planOf({ mode: "http" }),
      fetch: (_, init) => {
        requests++;
        const response = new Response("[1]", { headers: FRESH });
        return Promise.resolve(init?.method === "POST" ? from(final, response) : response);
      },
    });
    for (const url of [URL_A, final]) await client.json(url);
    await client.json({ url: URL_A, method: "POST" });
    for (const url of [URL_A, final]) await client.json(url);
    assertEquals(requests, isRemoved ? 5 : 4, final);
  }
});

test("Changes: the answer to a request from before a change is not stored, however many others have followed", async () => {
  for (const others of [0, 10, 1_000, 2_500]) {
    let value = "old";
    const { client, clock } = cacheRig(({ url, method, nth }) => {
      if (method === "GET") return { json: value, headers: FRESH, ...(nth === 1 ? { afterMs: 1_000 } : {}) };
      if (url === URL_A) value = "new";
      return { json: null };
    });
    const slow = client.json(URL_A);
    await turns(clock);
    await client.json({ url: URL_A, method: "PUT" });
    for (let nth = 0; nth < others; nth++) await client.json({ url: `${URL_B}?${nth}`, method: "PATCH" });
    await clock.advance(1_000);
    assertEquals(await slow, "old");
    assertEquals(await client.json(URL_A), "new", `${others}`);
    await client.close();
  }
});
