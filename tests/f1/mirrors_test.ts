import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import { HttpError } from "../../src/errors.ts";
import { FALLBACK_MIRRORS, SourceMirrors } from "../../src/f1/mirrors.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import type { TracingInsights, TracingInsightsOptions } from "../../src/f1/tracing_insights.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { seasonCache } from "../../src/f1/season_cache.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { microtasks } from "../support/microtasks.ts";
import { test } from "../support/test.ts";
import { driversOf, fakeFiles } from "./fake_files.ts";

const CDN = "https://cdn.jsdelivr.net/gh/TracingInsights";
const FASTLY = "https://fastly.jsdelivr.net/gh/TracingInsights";
const GCORE = "https://gcore.jsdelivr.net/gh/TracingInsights";
const FOLDER = "Monaco%20Grand%20Prix/Race/drivers.json";

interface SetUp {
  readonly f1: TracingInsights;
  readonly urls: readonly string[];
  readonly load: () => Promise<unknown>;
  /** The hosts that were asked, by the first part of their names. */
  readonly hosts: () => string[];
}

/** Creates a source whose file is at the named hosts; the others are down. */
function setUp(up: readonly string[], options: TracingInsightsOptions = {}): SetUp {
  const files = fakeFiles({ "drivers.json": driversOf("VER") });
  const f1 = tracingInsights({
    fetch: (input, init) =>
      up.some((host) => String(input).includes(host))
        ? files.fetch(input, init)
        : files.fetch("https://x@main/a/b/none", init).then(() => new Response("", { status: 503 })),
    cache: false,
    maxRetries: 0,
    circuitBreaker: false,
    ...options,
  });
  const load = () => f1.fetchJson(2025, "Monaco Grand Prix", "Race", "drivers.json");
  return {
    f1,
    urls: files.urls,
    load,
    hosts: () => files.urls.map((url) => new URL(url).host.split(".")[0]!),
  };
}

test("FALLBACK_MIRRORS are the files at Hugging Face and StaticDelivr, each with its own layout", async () => {
  const { f1, urls, load } = setUp(["huggingface"]);
  await using _f1 = f1;
  for (const mirror of FALLBACK_MIRRORS) f1.mirrors.add(mirror);
  await load();
  assertEquals(urls.at(-1), `https://huggingface.co/buckets/tracinginsights/2025/resolve/${FOLDER}`);

  const other = setUp(["staticdelivr"], { baseUrls: FALLBACK_MIRRORS });
  await using _other = other.f1;
  await other.load();
  assertEquals(
    other.urls.at(-1),
    `https://cdn.staticdelivr.com/gh/TracingInsights/2025/main/${FOLDER}`,
  );
});

test("FALLBACK_MIRRORS have layouts with their base URLs", async () => {
  const [huggingFace = "", staticDelivr = ""] = FALLBACK_MIRRORS.map(({ url }) => String(url));
  for (const baseUrls of [`${huggingFace}/`, new URL(huggingFace), [{ url: huggingFace }]]) {
    const { f1, urls, load } = setUp(["huggingface"], { baseUrls });
    await using _f1 = f1;
    await load();
    assertEquals(urls, [`${huggingFace}/2025/resolve/${FOLDER}`]);
  }
  const { f1, urls, load } = setUp(["staticdelivr"]);
  await using _f1 = f1;
  f1.mirrors.add(staticDelivr);
  await load();
  assertEquals(urls.at(-1), `${staticDelivr}/2025/main/${FOLDER}`);
  const own = setUp(["huggingface"], { baseUrls: [{ url: huggingFace, path: (path) => `x@main/${path}` }] });
  await using _own = own.f1;
  await own.load().catch(() => {});
  assertEquals(own.urls, [`${huggingFace}/x@main/2025@main/${FOLDER}`]);
});

test("F1Mirrors.list() returns the mirrors of jsDelivr, or those of the option", async () => {
  const { f1 } = setUp([]);
  await using _f1 = f1;
  assertEquals(
    f1.mirrors.list(),
    [CDN, FASTLY, GCORE].map((url) => ({ url, enabled: true, circuit: "closed" })),
  );
  for (
    const baseUrls of ["https://a:b@m.test/x", new URL("https://m.test/x"), [{ url: "https://m.test/x" }]]
  ) {
    const own = setUp([], { baseUrls });
    await using _own = own.f1;
    assertEquals(own.f1.mirrors.list().map(({ url }) => url), ["https://m.test/x"]);
  }
});

test("F1Mirrors can change while the source runs", async () => {
  const { f1, load, hosts } = setUp(["jsdelivr", "m.test"]);
  await using _f1 = f1;
  await load();
  assertEquals(f1.mirrors.disable(new URL(CDN)), true);
  await load();
  assertEquals([f1.mirrors.remove(FASTLY), f1.mirrors.remove(FASTLY)], [true, false]);
  await load();
  f1.mirrors.add("https://m.test/f1");
  assertEquals(f1.mirrors.disable(GCORE), true);
  await load();
  assertEquals(f1.mirrors.enable(CDN), true);
  await load();
  assertEquals(hosts(), ["cdn", "fastly", "gcore", "m", "cdn"]);
  f1.mirrors.reset();
  assertEquals(
    f1.mirrors.list().map(({ url, enabled }) => [url, enabled]),
    [CDN, FASTLY, GCORE].map((url) => [url, true]),
  );
});

test("F1Mirrors keep the cached files", async () => {
  const { f1, load, urls } = setUp(["jsdelivr"], { cache: seasonCache(memoryCache()) });
  await using _f1 = f1;
  await load();
  f1.mirrors.remove(CDN);
  await load();
  assertEquals(urls.length, 1);
});

test("F1Mirrors refuse a bad mirror, and to remove the last one", async () => {
  const { f1 } = setUp([]);
  await using _f1 = f1;
  const notAdded: readonly (readonly [mirror: unknown, message: string])[] = [
    ["nope", "'url' must be an absolute http(s) URL: received 'nope'"],
    [{ url: "nope" }, "'url' must be an absolute http(s) URL: received 'nope'"],
    ["https://m.test/?a=1", "'url' must have no query and no fragment"],
    [null, "'mirror' must be a string, a URL or"],
    [{}, "'mirror.url' must be a string or a URL: received undefined"],
    [
      { url: "https://m.test", path: 5 },
      "'mirror.path' must be a function, and not an async one: received 5",
    ],
    [{ url: "https://m.test", headres: {} }, "'mirror.headres' is not an option: did you mean 'headers'?"],
    [{ url: "https://m.test", headers: "key: s3cret" }, "'mirror.headers' must be a record of strings"],
  ];
  for (const [mirror, message] of notAdded) {
    const error = assertThrows(
      () => f1.mirrors.add(mirror as string),
      TypeError,
      `Cannot add mirror as ${message}`,
    );
    assertEquals(error.message.includes("s3cret"), false);
  }
  assertThrows(() => f1.mirrors.add({ url: "https://m.test", moveOn: [200] }), RangeError, "mirror.moveOn");
  assertThrows(() => f1.mirrors.remove("no url"), TypeError, "'url' must be an absolute http(s) URL");
  for (const url of [FALLBACK_MIRRORS[0], null, 5, [CDN]]) {
    assertThrows(
      () => f1.mirrors.disable(url as never),
      TypeError,
      "'url' must be an absolute http(s) URL: received",
    );
  }
  f1.mirrors.disable(CDN);
  f1.mirrors.remove(GCORE);
  assertThrows(() => f1.mirrors.disable(FASTLY), RangeError, "one must be left that is enabled");
  assertEquals(f1.mirrors.list().length, 2);
});

test("SourceMirrors are public until the caller adds one of its own, and again after a reset", async () => {
  const mirrors = new SourceMirrors();
  await using _client = createClient({ baseUrls: mirrors.baseUrls });
  assertEquals(mirrors.arePublic, true);
  for (const mirror of [CDN, new URL(GCORE), `${CDN}/`, ...FALLBACK_MIRRORS, FALLBACK_MIRRORS[0]!.url]) {
    mirrors.add(mirror);
    assertEquals(mirrors.arePublic, true, String(mirror));
  }
  for (
    const own of [
      "https://m.test",
      "http://cdn.jsdelivr.net/gh/TracingInsights",
      "https://cdn.jsdelivr.net/gh/Other",
      { url: CDN, path: (path: string) => path },
      { url: CDN, headers: { "x-a": "1" } },
    ]
  ) {
    mirrors.add(own);
    assertEquals(mirrors.arePublic, false, String(own));
    mirrors.remove(typeof own === "string" ? own : own.url);
    // The mirror's answers may still be on their way.
    assertEquals(mirrors.arePublic, false);
    mirrors.reset();
    assertEquals(mirrors.arePublic, true);
  }
  const own = new SourceMirrors([CDN]);
  await using _other = createClient({ baseUrls: own.baseUrls });
  own.reset();
  assertEquals(own.arePublic, false);
});

test("F1Mirrors move on after jsDelivr's 403, also where only its base URL was given", async () => {
  for (const baseUrls of [[CDN, "https://m.test"], [{ url: `${CDN}/` }, "https://m.test"]]) {
    const asked: string[] = [];
    const { f1, load } = setUp([], {
      baseUrls,
      fetch: (input) => {
        const isRefused = String(input).startsWith(CDN);
        asked.push(new URL(String(input)).host);
        return Promise.resolve(
          isRefused ? new Response("no", { status: 403 }) : Response.json(driversOf("VER")),
        );
      },
    });
    await using _f1 = f1;
    await load();
    assertEquals(asked, ["cdn.jsdelivr.net", "m.test"]);
  }
  const { f1, load } = setUp([], {
    baseUrls: [{ url: CDN, moveOn: [] }, "https://m.test"],
    fetch: () => Promise.resolve(new Response("no", { status: 403 })),
  });
  await using _f1 = f1;
  const { url = "" } = await assertRejects(load, HttpError);
  assertEquals(url.startsWith(CDN), true);
});

test("F1Mirrors.disable() loses no request and no permit, at whichever moment of a request it comes", async () => {
  for (let count = 0; count < 40; count++) {
    const clock = new ManualClock();
    const first = Promise.withResolvers<Response>();
    let sent = 0;
    const fetch = () => ++sent === 1 ? first.promise : Promise.resolve(new Response("[2]"));
    const baseUrls = ["https://a.test", "https://b.test"];
    await using f1 = tracingInsights({ clock, fetch, baseUrls, cache: false, concurrency: 1 });
    const values = Promise.all(["1", "2"].map((path) => f1.client.json(path)));
    await clock.advance(0);
    first.resolve(new Response("[1]"));
    await microtasks(count);
    f1.mirrors.disable("https://a.test");
    assertEquals(await clock.run(values), [[1], [2]]);
    assertEquals(f1.client.stats().inFlight, 0);
  }
});

test("F1Mirrors finds a mirror by its URL with and without the user's name and password", async () => {
  const { f1 } = setUp([]);
  await using _f1 = f1;
  const secret = "https://me:s3cret@own.test/x";
  f1.mirrors.add(secret);
  assertEquals(f1.mirrors.list().at(-1)?.url, "https://own.test/x");
  assertEquals([f1.mirrors.disable(secret), f1.mirrors.list().at(-1)?.enabled], [true, false]);
  assertEquals([f1.mirrors.enable("https://own.test/x"), f1.mirrors.remove(secret)], [true, true]);
});

test("F1Mirrors are those of the client if the source was given one", async () => {
  await using client = createClient({ baseUrls: CDN });
  await using f1 = tracingInsights({ client });
  assertThrows(() => f1.mirrors.list(), TypeError, "whose 'baseUrls' are its mirrors");
  const changes: readonly (() => unknown)[] = [
    () => f1.mirrors.add(CDN),
    () => f1.mirrors.remove(CDN),
    () => f1.mirrors.disable(CDN),
    () => f1.mirrors.enable(CDN),
    () => f1.mirrors.reset(),
  ];
  for (const change of changes) assertThrows(change, TypeError, "given a client");
});

test("tracingInsights() leaves the refusal of bad base URLs to its client", () => {
  assertThrows(() => tracingInsights({ baseUrls: 42 as never }), TypeError, "baseUrls");
  assertThrows(() => tracingInsights({ baseUrls: [] }), RangeError, "'baseUrls' must not be empty");
});
