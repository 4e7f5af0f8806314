import { assert, assertEquals, assertRejects } from "@std/assert";
import type { AddressInfo } from "node:net";
import { createClient, OfflineError } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { httpCache } from "../../src/http_cache/mod.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { type CacheRig, cacheRig, type CacheRigOptions, turns } from "./cache_rig.ts";

const [ASKED, MIDDLE, FINAL] = ["https://a.test/latest", "https://a.test/v", "https://cdn.test/v/3.json"];
const FRESH = { "cache-control": "max-age=600" };

/** The answer of one URL. */
interface Site {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A redirect to a URL. */
function to(location: string, headers: Readonly<Record<string, string>> = FRESH, status = 301): Site {
  return { status, headers: { location, ...headers } };
}

/** Creates a client before sites by their URLs; without a redirect a URL answers with its request count. */
function rigWith(sites: Readonly<Record<string, Site>>, options: CacheRigOptions = {}): CacheRig {
  const answer = ({ url, nth, method }: SentRequest): Answer => {
    const { status = 200, headers = FRESH } = sites[url] ?? {};
    if (method !== "GET" && method !== "HEAD") return { json: null };
    return status === 200 ? { json: nth, headers } : { status, headers, body: "" };
  };
  return cacheRig(answer, options);
}

/** Returns how many requests two calls in a row have cost: 2 for each call that the cache does not answer. */
async function askTwice({ client, network }: CacheRig, headers: Record<string, string> = {}) {
  await client.json(ASKED, { headers });
  await client.json(ASKED, { headers });
  return network.sent.length;
}

test("Redirects: the final answer is stored for the requested URL, and says where it came from", async () => {
  const { client, clock, network } = rigWith({ [ASKED]: to(MIDDLE), [MIDDLE]: to(FINAL) });
  const responses: Response[] = [];
  for (let nth = 0; nth < 2; nth++) {
    responses.push(await client.fetch(ASKED));
    assertEquals(await responses[nth]!.json(), 1);
    await turns(clock);
  }
  assertEquals(responses.map(({ url, redirected, status }) => [url, redirected, status]), [
    [FINAL, true, 200],
    [FINAL, true, 200],
  ]);
  assertEquals(network.urls, [ASKED, MIDDLE, FINAL]);
  const outcome = await client.outcome(ASKED);
  assertEquals([outcome.ok && outcome.url, outcome.ok && outcome.from], [FINAL, "cache"]);
  // The target of the redirect has no entry of its own.
  await client.json(FINAL);
  assertEquals(network.sent.length, 4);
});

test("Redirects: the statuses and headers of a redirect that let the answer be stored", async () => {
  const modified = { "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" };
  const cases: readonly (readonly [number, Record<string, string>, boolean])[] = [
    [301, {}, true],
    [308, {}, true],
    [302, {}, false],
    [303, {}, false],
    [307, {}, false],
    [301, modified, true],
    [302, modified, false],
    [301, { pragma: "no-cache" }, false],
    ...[301, 302, 303, 307, 308].flatMap((status) =>
      ([
        [{ "cache-control": "max-age=60" }, true],
        [{ "cache-control": "private, max-age=60" }, true],
        [{ "cache-control": "max-age=60, must-revalidate" }, true],
        [{ expires: "Fri, 01 Jan 2100 00:00:00 GMT" }, true],
        [{ "cache-control": "max-age=60", age: "59" }, true],
        [{ "cache-control": "max-age=60", age: "60" }, false],
        [{ "cache-control": "max-age=0" }, false],
        [{ "cache-control": "s-maxage=60, max-age=0" }, false],
        [{ "cache-control": "max-age=60, no-store" }, false],
        [{ "cache-control": "max-age=60, no-cache" }, false],
        [{ "cache-control": "max-age=60", vary: "*" }, false],
        [{ expires: "0" }, false],
      ] as const).map(([headers, isStored]) => [status, headers, isStored] as const)
    ),
  ];
  for (const [status, headers, isStored] of cases) {
    for (const ttlMs of [undefined, 1_000]) {
      const rig = rigWith({ [ASKED]: to(FINAL, headers, status) }, {
        plan: { ttlMs: ttlMs && (() => ttlMs) },
      });
      assertEquals(await askTwice(rig), isStored ? 2 : 4, `${status} ${JSON.stringify(headers)}`);
    }
  }
});

test("Redirects: one that may not be stored keeps the answer from being stored", async () => {
  for (
    const bad of [{ "cache-control": "no-store" }, { "cache-control": "max-age=0" }, { vary: "*", ...FRESH }]
  ) {
    for (const [first, second] of [[bad, FRESH], [FRESH, bad]] as const) {
      const rig = rigWith({ [ASKED]: to(MIDDLE, first), [MIDDLE]: to(FINAL, second) });
      assertEquals([await askTwice(rig), rig.cache.entries.size], [6, 0]);
    }
  }
  const rig = rigWith({ [ASKED]: to(FINAL), [FINAL]: { headers: { "cache-control": "no-store" } } });
  assertEquals(await askTwice(rig), 4);
});

test("Redirects: the answer is fresh as long as all of them are, by the greatest age among them", async () => {
  const maxAge = (seconds: number, age?: number) => ({
    "cache-control": `max-age=${seconds}`,
    ...(age === undefined ? {} : { age: `${age}` }),
  });
  const cases = [
    [maxAge(60), maxAge(600), maxAge(600), 60, 0],
    [maxAge(600), maxAge(60), maxAge(600), 60, 0],
    [maxAge(600), maxAge(600), maxAge(60), 60, 0],
    [maxAge(100, 70), maxAge(600), maxAge(40), 30, 70],
    [maxAge(100, 40), maxAge(600, 570), maxAge(40, 5), 30, 570],
    [{}, {}, maxAge(60, 7), 53, 7],
    [{}, {}, { "cache-control": "max-age=9999999" }, 86_400, 0],
  ] as const;
  for (const [first, second, last, seconds, age] of cases) {
    const { client, clock, network } = rigWith({
      [ASKED]: to(MIDDLE, first),
      [MIDDLE]: to(FINAL, second),
      [FINAL]: { headers: last },
    });
    await client.json(ASKED);
    await clock.advance(seconds * 1_000 - 1);
    const served = await client.fetch(ASKED);
    assertEquals([await served.json(), served.headers.get("age")], [1, String(age + seconds - 1)]);
    await clock.advance(1);
    assertEquals([await client.json(ASKED), network.sent.length], [2, 6]);
  }
});

test("Redirects: the travel time of each counts from when it was sent, without the redirects before it", async () => {
  const { client, clock, network } = cacheRig(({ url, nth }) =>
    url === FINAL
      ? { json: nth, afterMs: 1_000, headers: { "cache-control": "max-age=10" } }
      : { ...to(FINAL, { "cache-control": "max-age=30" }), afterMs: 15_000 }
  );
  await clock.run(client.json(ASKED));
  // The redirect has used up 15 of its 30 seconds, and another one since; the answer has used up 1 of 10.
  await clock.advance(8_999);
  await client.json(ASKED);
  assertEquals(network.sent.length, 2);
  await clock.advance(1);
  await clock.run(client.json(ASKED));
  assertEquals(network.sent.length, 4);
});

test("Redirects: a stale answer is requested again at the original URL, without another URL's validators", async () => {
  const { client, clock, network, cache } = rigWith({
    [ASKED]: to(FINAL, { "cache-control": "max-age=60", etag: '"hop"' }),
    [FINAL]: { headers: { ...FRESH, etag: '"final"', "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" } },
  });
  await client.json(ASKED);
  assertEquals((await client.fetch(ASKED)).headers.get("etag"), '"final"');
  await clock.advance(60_000);
  assertEquals(await client.json(ASKED), 2);
  assertEquals(
    network.sent.map((
      { url, headers },
    ) => [url, headers.get("if-none-match"), headers.get("if-modified-since")]),
    [ASKED, FINAL, ASKED, FINAL].map((url) => [url, null, null]),
  );
  await turns(clock);
  assertEquals(await client.json(ASKED, { cache: "no-cache" }), 3);
  assertEquals(network.sent.at(-1)!.headers.get("if-none-match"), null);
  // The answer, and the generation of the redirect's target.
  assertEquals(cache.entries.size, 2);
});

test("Redirects: a redirect to another URL replaces the stored answer, and so does an answer of the URL itself", async () => {
  const sites: Record<string, Site> = { [ASKED]: to(FINAL, { "cache-control": "max-age=60" }) };
  const { client, clock, network } = rigWith(sites);
  await client.json(ASKED);
  await clock.advance(60_000);
  sites[ASKED] = to(MIDDLE);
  for (let nth = 0; nth < 2; nth++) {
    assertEquals((await client.fetch(ASKED)).url, MIDDLE);
    await turns(clock);
  }
  sites[ASKED] = { headers: FRESH };
  for (const cache of ["reload", "default"] as const) {
    const response = await client.fetch(ASKED, {}, { cache });
    assertEquals([response.url, response.redirected], [ASKED, false]);
    await response.text();
    await turns(clock);
  }
  assertEquals(
    network.urls.slice(2),
    [ASKED, MIDDLE, ASKED, MIDDLE, ASKED].slice(0, network.sent.length - 2),
  );
});

test("Redirects: a stale answer serves when the network fails only if all of them allow it", async () => {
  const sie = { "cache-control": "max-age=60, stale-if-error=600" };
  const plain = { "cache-control": "max-age=60" };
  const must = { "cache-control": "max-age=60, must-revalidate" };
  const none = { "cache-control": "max-age=60, stale-if-error=0" };
  const cases = [
    [sie, sie, undefined, true],
    [plain, sie, undefined, false],
    [sie, plain, undefined, false],
    [plain, plain, 600_000, true],
    [must, plain, 600_000, false],
    [plain, must, 600_000, false],
    [none, plain, 600_000, false],
    [{}, sie, undefined, false],
    [{}, sie, 600_000, true],
  ] as const;
  for (const [first, last, staleIfErrorMs, isServed] of cases) {
    const sites: Record<string, Site> = { [ASKED]: to(FINAL, first), [FINAL]: { headers: last } };
    const { client, clock } = rigWith(sites, { plan: { staleIfErrorMs } });
    await client.json(ASKED);
    await clock.advance(61_000);
    sites[ASKED] = { status: 500 };
    const outcome = await clock.run(client.outcome(ASKED));
    assertEquals(
      [outcome.ok, outcome.ok && outcome.from],
      [isServed, isServed && "stale"],
      JSON.stringify([first, last]),
    );
  }
});

test("Redirects: a stale answer serves while it is refreshed only if all of them allow it", async () => {
  const swr = { "cache-control": "max-age=60, stale-while-revalidate=600" };
  const short = { "cache-control": "max-age=60, stale-while-revalidate=1" };
  const plain = { "cache-control": "max-age=60" };
  for (
    const [first, last, isServed] of [[swr, swr, true], [plain, swr, false], [swr, short, false]] as const
  ) {
    const { client, clock, network } = rigWith({ [ASKED]: to(FINAL, first), [FINAL]: { headers: last } });
    await client.json(ASKED);
    await clock.advance(62_000);
    assertEquals(await client.json(ASKED), isServed ? 1 : 2);
    await turns(clock);
    assertEquals([await client.json(ASKED), network.sent.length], [2, 4]);
  }
});

test("Redirects × Vary: the answer is selected by the Vary of each of them", async () => {
  for (
    const [first, last] of [["x-kind", undefined], [undefined, "x-kind"], ["x-kind", "x-other"]] as const
  ) {
    const vary = (name: string | undefined) => ({ ...FRESH, ...(name === undefined ? {} : { vary: name }) });
    const { client, clock, network } = cacheRig(({ url, headers, nth }) =>
      url === FINAL
        ? { json: [headers.get("x-kind"), nth], headers: vary(last) }
        : { ...to(FINAL, vary(first)), body: "" }
    );
    const ask = async (kind: string) => {
      const value = await client.json(ASKED, { headers: { "x-kind": kind } });
      await turns(clock);
      return value;
    };
    assertEquals([await ask("a"), await ask("b"), await ask("a"), await ask("b")], [
      ["a", 1],
      ["b", 2],
      ["a", 1],
      ["b", 2],
    ]);
    assertEquals(network.sent.length, 4);
  }
});

test("Redirects × Vary: a redirect that varies by Accept keeps JSON and text apart", async () => {
  const { client, clock, network } = rigWith({ [ASKED]: to(FINAL, { ...FRESH, vary: "accept" }) });
  const both = [client.json(ASKED), client.text(ASKED)];
  assertEquals(await clock.run(Promise.all(both)), [1, "2"]);
  assertEquals(network.sent.length, 4);
});

test("Redirects × Vary: an answer that is not stored is not shared between different Accept headers either", async () => {
  for (const vary of ["accept", "*", "x-other"]) {
    const { client, clock, network } = cacheRig(({ url, headers }) =>
      url === FINAL
        ? { json: headers.get("accept"), headers: { "cache-control": "no-store" } }
        : { ...to(FINAL, { "cache-control": "no-store", vary }), body: "" }
    );
    // The second call asks when the first one has stored nothing, and the third has waited for it.
    const calls = [client.json(ASKED), client.json(ASKED, { timeoutMs: 40_000 }), client.text(ASKED)];
    const [one, two, text] = await clock.run(Promise.all(calls));
    assertEquals([one === two, JSON.parse(String(text)) === one], [true, vary === "x-other"], vary);
    assertEquals(network.sent.length, vary === "x-other" ? 4 : 6);
  }
});

test("Redirects × retry: redirects of a failed attempt are not stored with the answer", async () => {
  const { client, clock, network } = cacheRig(
    ({ url, nth }) =>
      url !== FINAL
        ? { ...to(FINAL, nth === 1 ? { "cache-control": "no-store" } : FRESH), body: "" }
        : nth === 1
        ? { status: 503 }
        : { json: nth, headers: FRESH },
    { maxRetries: 1 },
  );
  assertEquals(await clock.run(client.json(ASKED)), 2);
  assertEquals([await client.json(ASKED), network.sent.length], [2, 4]);
});

test("Redirects × single-flight: calls for one URL share; a call for its target sends a request of its own", async () => {
  const { client, clock, network } = rigWith({ [ASKED]: to(FINAL) });
  const calls = [client.json(ASKED), client.json(ASKED, { timeoutMs: 5_000 }), client.json(FINAL)];
  await clock.run(Promise.all(calls));
  assertEquals([...network.urls].sort(), [ASKED, FINAL, FINAL]);
});

test("Redirects × HEAD: a HEAD that is redirected elsewhere, or contradicts, removes the entry; one that agrees does not", async () => {
  const etag = (tag: string) => ({ headers: { ...FRESH, etag: tag } });
  const cases: readonly (readonly [Record<string, Site>, boolean])[] = [
    [{}, false],
    [{ [ASKED]: to(MIDDLE), [MIDDLE]: etag('"1"') }, true],
    [{ [ASKED]: to(MIDDLE), [MIDDLE]: to(FINAL) }, true],
    [{ [ASKED]: etag('"1"') }, true],
    [{ [FINAL]: etag('"2"') }, true],
  ];
  for (const [now, isRemoved] of cases) {
    const sites: Record<string, Site> = { [ASKED]: to(FINAL), [FINAL]: etag('"1"') };
    const { client, clock, network } = rigWith(sites);
    await client.json(ASKED);
    await turns(clock);
    Object.assign(sites, now);
    await client.text({ url: ASKED, method: "HEAD" });
    await turns(clock);
    const before = network.sent.length;
    await client.json(ASKED);
    assertEquals(network.sent.length > before, isRemoved, JSON.stringify(now));
  }
});

test("Redirects × Range: parts are cut from a whole stored answer, and never stored themselves", async () => {
  const { client, clock, network } = cacheRig(({ url, headers }) =>
    url !== FINAL
      ? { ...to(FINAL), body: "" }
      : headers.has("range")
      ? { status: 206, body: "01", headers: { ...FRESH, etag: '"1"', "content-range": "bytes 0-1/4" } }
      : { body: "0123", headers: { ...FRESH, etag: '"1"' } }
  );
  const part = async () => {
    const response = await client.fetch(ASKED, { headers: { range: "bytes=0-1" } });
    assertEquals([response.status, response.url, response.redirected], [206, FINAL, true]);
    return await response.text();
  };
  assertEquals([await part(), await part(), network.sent.length], ["01", "01", 4]);
  assertEquals(await client.text(ASKED), "0123");
  await turns(clock);
  assertEquals([await part(), network.sent.length], ["01", 6]);
});

test("Redirects × partition: each user has an own answer, and another origin gets no credentials", async () => {
  const { client, clock, network, cache } = cacheRig(
    ({ url, headers }) =>
      url === FINAL
        ? { json: headers.get("authorization"), headers: FRESH }
        : { ...to(`${FINAL}`, { ...FRESH, vary: "authorization" }), body: "" },
    {
      plan: { partition: ({ headers }) => headers["authorization"] ?? "" },
    },
  );
  const ask = async (who: string) => {
    await client.json(ASKED, { headers: { authorization: who } });
    await turns(clock);
  };
  for (const who of ["alice", "bob", "alice", "bob"]) await ask(who);
  assertEquals(network.sent.length, 4);
  assert(![...cache.entries.values()].some(({ meta }) => /alice|bob/.test(JSON.stringify(meta))));
  await client.json({ url: ASKED, method: "PUT" });
  await ask("bob");
  // The change has followed the redirect as well.
  assertEquals(network.sent.length, 8);
});

test("Redirects × offline: the stored answer serves at any age, but not a call that refuses redirects", async () => {
  const { client, clock, cache } = rigWith({ [ASKED]: to(FINAL) });
  await client.json(ASKED);
  await turns(clock);
  await clock.advance(3_600_000);
  const offline = rigWith({}, { offline: true, manualClock: clock, plan: { adapter: cache } });
  const response = await offline.client.fetch(ASKED);
  assertEquals([await response.json(), response.url, response.redirected], [1, FINAL, true]);
  await assertRejects(() => offline.client.fetch(ASKED, { redirect: "error" }), OfflineError);
  await assertRejects(() => offline.client.json(FINAL), OfflineError);
});

test("Redirects × mirrors: the answer is fresh for all mirrors, whichever gave it", async () => {
  const sites = { "https://b.test/y/laps": to(FINAL), "https://a.test/x/laps": { status: 503 } };
  const { client, clock, network } = rigWith(sites, { baseUrls: ["https://a.test/x", "https://b.test/y"] });
  for (let nth = 0; nth < 2; nth++) {
    const response = await client.fetch("laps");
    assertEquals([await response.json(), response.url, response.redirected], [1, FINAL, true]);
    await turns(clock);
  }
  assertEquals(network.urls, ["https://a.test/x/laps", "https://b.test/y/laps", FINAL]);
  await client.text({ url: "https://a.test/x/laps", method: "PUT" });
  await client.json("laps");
  assertEquals(network.sent.length, 7);
});

test("Redirects: 'manual' stores the redirect itself separately, and 'error' does not use a redirected answer", async () => {
  const { client, clock, network } = rigWith({ [ASKED]: to(FINAL) });
  await client.json(ASKED);
  await turns(clock);
  for (let nth = 0; nth < 2; nth++) {
    const unfollowed = await client.fetch(ASKED, { redirect: "manual" });
    assertEquals([unfollowed.status, unfollowed.headers.get("location"), unfollowed.redirected], [
      301,
      FINAL,
      false,
    ]);
    await unfollowed.text();
    await turns(clock);
  }
  assertEquals(network.urls, [ASKED, FINAL, ASKED]);
  await assertRejects(() => client.fetch(ASKED, { redirect: "error" }));
  assertEquals(network.sent.length, 4);
  // The entry stays.
  assertEquals([await client.json(ASKED), network.sent.length], [1, 4]);
  await client.json({ url: ASKED, method: "PUT" });
  await (await client.fetch(ASKED, { redirect: "manual" })).text();
  assertEquals(network.sent.length, 6);
});

test("Redirects: 'error' also refuses a stored redirect without a Location", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { client, clock, network } = rigWith({ [ASKED]: { status, headers: FRESH } });
    const first = await client.fetch(ASKED);
    assertEquals([first.status, await first.text()], [status, ""]);
    await turns(clock);
    await assertRejects(() => client.fetch(ASKED, { redirect: "error" }));
    assertEquals(network.sent.length, 2);
    assertEquals([(await client.fetch(ASKED)).status, network.sent.length], [status, 2]);
  }
});

test("Redirects × ttl: 'error' refuses a stored response that a redirect led to, and accepts one without redirects", async () => {
  const { client, clock, network } = rigWith({ [ASKED]: to(FINAL) }, { plan: { mode: "ttl" } });
  const texts: unknown[] = [];
  for (let nth = 0; nth < 2; nth++) {
    const response = await client.fetch(ASKED);
    texts.push([await response.json(), response.redirected, response.url]);
    await turns(clock);
  }
  assertEquals([texts, network.sent.length], [[[1, true, FINAL], [1, true, FINAL]], 2]);
  await assertRejects(() => client.fetch(ASKED, { redirect: "error" }));
  assertEquals(network.sent.length, 3);
  for (let nth = 0; nth < 2; nth++) {
    const response = await client.fetch(FINAL, { redirect: "error" });
    assertEquals([await response.json(), response.redirected], [2, false]);
    await turns(clock);
  }
  assertEquals(network.sent.length, 4);
  assertEquals([await client.json(ASKED), network.sent.length], [1, 4]);
});

test("Redirects × credentials: a location with a password is stored nowhere, whether followed or not", async () => {
  const secret = "https://alice:s3cret@cdn.test/v/3.json";
  const { client, clock, cache, network } = rigWith({ [ASKED]: to(secret), [MIDDLE]: to(ASKED) });
  for (const url of [ASKED, MIDDLE]) await client.json(url).catch(() => {});
  await (await client.fetch(ASKED, { redirect: "manual" })).text();
  await turns(clock);
  assert(network.sent.length > 4);
  const stored = [...cache.entries.values()].map(({ meta }) => JSON.stringify(meta));
  assertEquals(stored.filter((text) => /alice|s3cret/.test(text)), []);
});

test("Redirects: a change of the target takes effect at the requested URL, also by another process", async () => {
  for (const url of [ASKED, MIDDLE, FINAL]) {
    const one = rigWith({ [ASKED]: to(MIDDLE), [MIDDLE]: to(FINAL) });
    assertEquals([await askTwice(one)], [3]);
    const { manualClock, ...plan } = { manualClock: one.clock, adapter: one.cache };
    const two = rigWith({}, { manualClock, plan });
    assertEquals([await two.client.json(ASKED), two.network.sent.length], [1, 0]);
    await two.client.json({ url, method: "DELETE" });
    await turns(one.clock);
    await one.client.json(ASKED);
    assertEquals(one.network.sent.length, 6, url);
  }
});

test("Redirects: an answer that is under way during a change of its target is not stored", async () => {
  const { client, clock, network } = cacheRig(({ url, method, nth }) =>
    method !== "GET"
      ? { json: null }
      : url === FINAL
      ? { body: `${nth}`, bodyMs: nth === 1 ? 100 : 0, headers: FRESH }
      : { ...to(FINAL), body: "" }
  );
  const early = client.json(ASKED);
  await clock.advance(10);
  await client.json({ url: FINAL, method: "PUT" });
  assertEquals(await clock.run(early), 1);
  await turns(clock);
  assertEquals([await clock.run(client.json(ASKED)), network.sent.length], [3, 5]);
});

test("Redirects: in mode ttl the answer is kept for its time, whatever the redirects say", async () => {
  const rig = rigWith({ [ASKED]: to(FINAL, { "cache-control": "no-store" }, 302) }, {
    plan: { mode: "ttl" },
  });
  assertEquals(await askTwice(rig), 2);
});

test("Redirects: middleware that answers by itself, or requests another URL, does not count as a redirect", async () => {
  for (const asked of [FINAL, MIDDLE]) {
    const { client, clock, network } = rigWith({ [ASKED]: to(FINAL, { "cache-control": "no-store" }) }, {
      use: [async (request, next) => {
        await (await next(request)).text();
        return await next(new Request(asked));
      }],
    });
    for (let nth = 0; nth < 2; nth++) {
      await client.json(ASKED);
      await turns(clock);
    }
    assertEquals(network.sent.length, 6, asked);
  }
  const made = rigWith({ [ASKED]: to(FINAL) }, {
    use: [async (request, next) => new Response(await (await next(request)).text(), { headers: FRESH })],
  });
  assertEquals(await askTwice(made), 2);
  const unstorable = rigWith({ [ASKED]: to(FINAL, {}, 302) }, {
    use: [async (request, next) => new Response(await (await next(request)).text(), { headers: FRESH })],
  });
  assertEquals(await askTwice(unstorable), 4);
});

/**
 * Starts a server that redirects by its paths: `/to/b?max-age=60` leads to `/b`, and anything else answers with its
 * headers.
 */
async function redirectingServer(seen: string[]): Promise<AsyncDisposable & { readonly url: string }> {
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url!, "http://a.test");
    seen.push(`${request.method} ${pathname}`);
    const headers = { "cache-control": search.slice(1) || "max-age=60", etag: '"1"' };
    if (!pathname.startsWith("/to/")) return void response.writeHead(200, headers).end("[1]");
    const location = decodeURIComponent(pathname.slice("/to/".length));
    response.writeHead(308, { ...headers, location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("Redirects: over real sockets and files, across origins, for a later client and until a change", async () => {
  const seen: string[] = [];
  await using folder = await tempFolder();
  await using one = await redirectingServer(seen);
  await using two = await redirectingServer(seen);
  const final = `${two.url}/final`;
  const asked = `${one.url}/to/${encodeURIComponent(`/to/${encodeURIComponent(final)}`)}`;
  const open = () => createClient({ cache: httpCache(filesystemCache(folder.path)) });
  const heads = [];
  for (let nth = 0; nth < 2; nth++) {
    await using client = open();
    assertEquals(await client.json(asked), [1]);
    const response = await client.fetch(asked);
    heads.push([await response.json(), response.url, response.redirected, response.headers.get("etag")]);
  }
  assertEquals(heads, [[[1], final, true, '"1"'], [[1], final, true, '"1"']]);
  assertEquals(seen.length, 3);
  await using client = open();
  await client.text({ url: final, method: "DELETE" });
  assertEquals([await client.json(asked), seen.length], [[1], 7]);
  await client.json(asked, { cache: "no-cache" });
  assertEquals([seen.length, seen.at(-1)], [10, "GET /final"]);
});
