import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as v from "valibot";
import {
  type ClientOptions,
  createClient,
  DataNotFoundError,
  type FetchRequest,
  HttpError,
  InvalidDataError,
  type PagesOptions,
} from "../../mod.ts";
import { type FakeClient, fakeClient } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { rejection, watch } from "../support/settled.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/items";

/** A page with a link to the next one. */
function page(json: unknown, next?: string): Answer {
  return { json, headers: next === undefined ? {} : { link: `<${next}>; rel="next"` } };
}

/** Three pages: two of two items, one of one. */
function threePages({ url }: SentRequest): Answer {
  const number = Number(new URL(url).searchParams.get("page") ?? 1);
  return number < 3 ? page([number, -number], `?page=${number + 1}`) : page([3]);
}

/** Returns the values of the pages, while it moves the clock. */
async function valuesOf(
  { client, clock }: FakeClient,
  options?: PagesOptions,
  request: FetchRequest = URL_A,
): Promise<unknown[]> {
  const pages = await clock.run(Array.fromAsync(client.pages(request, options)));
  return pages.map(({ value }) => value);
}

function setUp(answer: (request: SentRequest) => Answer, options: ClientOptions = {}): FakeClient {
  return fakeClient(answer, { maxRetries: 0, ...options });
}

test("Client.pages() follows the links of responses, and gives each response's members", async () => {
  const { client, clock, network } = setUp(threePages);
  const pages = await clock.run(Array.fromAsync(client.pages<number[]>(URL_A)));
  assertEquals<unknown>(
    pages.map(({ headers, ...rest }) => ({ ...rest, link: headers.get("link") !== null })),
    [
      { value: [1, -1], link: true, index: 0, request: URL_A, url: URL_A },
      { value: [2, -2], link: true, index: 1, request: `${URL_A}?page=2`, url: `${URL_A}?page=2` },
      { value: [3], link: false, index: 2, request: `${URL_A}?page=3`, url: `${URL_A}?page=3` },
    ].map((each) => ({ ...each, status: 200, from: "network", attempts: 1, durationMs: 0 })),
  );
  assertEquals([network.peak, client.stats().inFlight, client.stats().requests], [1, 0, 3]);
});

test("Client.pages() finds the next link among others, and takes no other for it", async () => {
  const links = [
    `<x>; rel="prev", <?a=1,2>; title="rel=\\"next\\", <y>; rel=next"; REL="last NEXT", <z>; rel=next`,
    `<${URL_A}?b>; rel=next; anchor="${URL_A}?a=1,2"`,
    `<x>; rel=nextish, <y>; rel=last, <z>; rel=next; anchor="/other", <z>; rel=next; anchor="http://["`,
  ];
  const rig = setUp(() => ({ json: 1, headers: { link: links[rig.network.sent.length - 1]! } }));
  await valuesOf(rig);
  assertEquals(rig.network.urls, [URL_A, `${URL_A}?a=1,2`, `${URL_A}?b`]);
});

test("Client.pages() requests each page like the first one, but without its query", async () => {
  const rig = setUp(threePages);
  await valuesOf(rig, { query: { size: 2 } }, {
    url: URL_A,
    method: "POST",
    body: "{}",
    headers: { "x-a": "1" },
    query: { sort: "up" },
    key: "k",
  });
  assertEquals(rig.network.urls, [`${URL_A}?size=2&sort=up`, `${URL_A}?page=2`, `${URL_A}?page=3`]);
  for (const { method, body, headers } of rig.network.sent) {
    assertEquals([method, body, headers.get("x-a")], ["POST", "{}", "1"]);
  }
});

test("Client.pages() takes the options when it is called, also for later pages", async () => {
  const { client, clock, network } = setUp(threePages);
  const options = { query: { size: 2 }, json: { a: 1 }, headers: { "x-a": "1" } };
  const pages = client.pages({ url: URL_A, method: "QUERY" }, options);
  options.query.size = options.json.a = 3;
  options.headers["x-a"] = "3";
  await clock.run(Array.fromAsync(pages));
  assertEquals(network.urls, [`${URL_A}?size=2`, `${URL_A}?page=2`, `${URL_A}?page=3`]);
  for (const { body, headers } of network.sent) assertEquals([body, headers.get("x-a")], ['{"a":1}', "1"]);
});

test("Client.pages() goes where next() says: to a URL, to a request of its own, or nowhere", async () => {
  const nexts: (FetchRequest | null)[] = [
    "?page=2",
    new URL("https://a.test/other"),
    { url: "/third", method: "POST", json: { cursor: 3 }, headers: { "x-own": "1" } },
    null,
  ];
  const rig = setUp(() => page(rig.network.sent.length, "ignored"));
  const seen: unknown[] = [];
  const next = async ({ index, value, url }: { index: number; value: unknown; url: string }) => {
    seen.push([index, value, url]);
    return await Promise.resolve(nexts[index]);
  };
  const request = { url: URL_A, headers: { "x-first": "1" } };
  assertEquals(await valuesOf(rig, { next, query: { size: 2 } }, request), [1, 2, 3, 4]);
  assertEquals(
    rig.network.sent.map(({ url, method, body, headers }) => [
      url,
      method,
      body ?? null,
      headers.get("x-first"),
      headers.get("x-own"),
    ]),
    [
      [`${URL_A}?size=2`, "GET", null, "1", null],
      [`${URL_A}?page=2`, "GET", null, "1", null],
      ["https://a.test/other", "GET", null, "1", null],
      ["https://a.test/third?size=2", "POST", '{"cursor":3}', null, "1"],
    ],
  );
  assertEquals(seen[1], [1, 2, `${URL_A}?page=2`]);
});

test("Client.pages() ends when next() returns an empty text, such as an empty cursor after the last page", async () => {
  const cursors = ["b", "c", ""];
  const rig = setUp(() => page({ cursor: cursors[rig.network.sent.length - 1] }));
  type Cursor = { cursor: string };
  for (const isLate of [false, true]) {
    rig.network.sent.length = 0;
    const next = ({ value }: { value: unknown }) => {
      const { cursor } = value as Cursor;
      const found = cursor && `?cursor=${cursor}`;
      return isLate ? Promise.resolve(found) : found;
    };
    assertEquals((await valuesOf(rig, { next })).length, 3);
    assertEquals(rig.network.sent.map(({ url }) => new URL(url).search), ["", "?cursor=b", "?cursor=c"]);
  }
  // In a header an empty reference is the page itself.
  await assertRejects(() => valuesOf(setUp(() => page(1, ""))), InvalidDataError, "leads back to a page");
});

test("Client.pages() types and validates values, also for next()", async () => {
  const schema = v.object({ ids: v.array(v.number()), cursor: v.optional(v.string()) });
  const { client, network } = setUp(({ nth, url }) => ({
    json: url === URL_A ? { ids: [nth], cursor: "b" } : { ids: ["x"] },
  }));
  const pages = client.pages(URL_A, {
    schema,
    next: ({ value }) => value.cursor && `?cursor=${value.cursor}`,
  });
  const first = await pages.next();
  assertEquals(first.value?.value.ids, [1]);
  assertInstanceOf(await rejection(pages.next()), InvalidDataError);
  assertEquals([await pages.next(), network.urls[1]], [
    { done: true, value: undefined },
    `${URL_A}?cursor=b`,
  ]);

  const texts = client.pages(URL_A, { as: "text", next: ({ value }) => value.length > 99 ? "" : undefined });
  assertEquals((await texts.next()).value?.value, '{"ids":[2],"cursor":"b"}');
});

test("Client.pages() fetches a page when it is taken, and at most maxPages of them", async () => {
  const { client, network } = setUp(threePages);
  const pages = client.pages(URL_A, { maxPages: 2 });
  assertEquals(network.sent.length, 0);
  await pages.next();
  assertEquals(network.sent.length, 1);
  await pages.next();
  assertEquals([await pages.next(), network.sent.length], [{ done: true, value: undefined }, 2]);
});

test("Client.pages() fetches one page ahead with prefetch, and at most maxPages", async () => {
  const { client, clock, network } = setUp(threePages);
  const pages = client.pages(URL_A, { prefetch: 1, maxPages: 2 });
  await pages.next();
  await clock.advance(0);
  assertEquals(network.sent.length, 2);
  assertEquals([(await pages.next()).value?.index, (await pages.next()).done, network.sent.length], [
    1,
    true,
    2,
  ]);
});

test("Client.pages() reports the failure of a page ahead when that page is taken, or never", async () => {
  const answer = ({ url }: SentRequest): Answer =>
    url === URL_A ? page(1, "?2") : { status: 404, body: "no" };
  const { client, clock } = setUp(answer);
  const pages = client.pages(URL_A, { prefetch: 1 });
  await pages.next();
  await clock.advance(1_000);
  assertInstanceOf(await rejection(pages.next()), DataNotFoundError);

  const left = client.pages(URL_A, { prefetch: 1 });
  await left.next();
  await left.return!();
  await clock.advance(1_000);
  assertEquals(client.stats().inFlight, 0);
});

test("Client.pages() rejects at a page that it has already had, however long the circle is", async () => {
  for (const length of [1, 2, 5]) {
    const rig = setUp(() => page(1, `?page=${rig.network.sent.length % length}#top`));
    const got: unknown[] = [];
    const error = await rejection((async () => {
      for await (const { value } of rig.client.pages(`${URL_A}?page=0`)) got.push(value);
    })());
    assert(error instanceof InvalidDataError);
    assertEquals([got.length, rig.network.sent.length, error.reason, error.attempts], [
      length,
      length,
      "link",
      1,
    ]);
    assertEquals(
      error.message,
      `The link of ${URL_A}?page=${
        length - 1
      } to its next page leads back to a page that was there before: ${URL_A}?page=0#top`
        .replace("#top", ""),
    );
  }
});

test("Client.pages() notices a circle through parameters that were added, and through mirrors", async () => {
  const added = setUp(() => page(1, "?page=1"));
  await assertRejects(() => valuesOf(added, { query: { page: 1 } }), InvalidDataError, "leads back");
  assertEquals(added.network.sent.length, 1);

  const mirrored = setUp(() => page(1, "?page=1"), { baseUrls: ["https://a.test/v1", "https://b.test"] });
  await assertRejects(() => valuesOf(mirrored, {}, "items?page=1"), InvalidDataError, "leads back");
});

test("Client.pages() notices a circle whose pages come from several mirrors", async () => {
  // Each mirror answers once, and is then down for a request.
  for (const down of [[1], [2], [3], [4], [1, 3], [2, 3], [2, 4]]) {
    let asked = 0;
    const { client, clock } = setUp(({ url }) => {
      if (url.startsWith("https://a.test") && down.includes(++asked)) return { status: 500 };
      const number = Number(new URL(url).searchParams.get("page") ?? 1);
      return page(number, `?page=${number % 3 + 1}`);
    }, { baseUrls: ["https://a.test/v1/", "https://b.test/"] });
    const values: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const { value } of client.pages("items?page=1")) values.push(value);
    };
    await assertRejects(() => clock.run(reading()), InvalidDataError, "leads back");
    assertEquals(values, [1, 2, 3], `${down}`);
  }
});

test("Client.pages() tells requests apart that differ only in their bodies", async () => {
  const rig = setUp(() => page(rig.network.sent.length));
  const next = ({ index }: { index: number }) =>
    index < 3 ? { url: URL_A, method: "POST", json: { after: index } } : undefined;
  assertEquals(await valuesOf(rig, { next }, { url: URL_A, json: {} }), [1, 2, 3, 4]);
  const still = () => ({ url: URL_A, json: { after: 0 } });
  await assertRejects(
    () => valuesOf(rig, { next: still }, { url: URL_A, json: {} }),
    InvalidDataError,
    "leads back",
  );
});

test("Client.pages() rejects at a link that leads nowhere", async () => {
  for (const next of ["https://[", "javascript:alert(1)", "ftp://a.test/"]) {
    await assertRejects(
      () => valuesOf(setUp(() => page(1, next))),
      InvalidDataError,
      "is no http or https URL",
    );
  }
  const requests = [
    new Request("https://a.test/2", { method: "PUT", body: "all but its URL would be lost" }),
    new Response(),
  ];
  for (const next of [7, true, {}, { url: 7 }, [], () => {}, ...requests] as unknown as FetchRequest[]) {
    await assertRejects(
      () => valuesOf(setUp(() => page(1)), { next: () => next }),
      TypeError,
      "'next' must give",
    );
  }
  const failure = new Error("own");
  const next = () => {
    throw failure;
  };
  assertStrictEquals(await rejection(valuesOf(setUp(() => page(1)), { next })), failure);
});

test("Client.pages() names the first page if a caller's own response has no URL", async () => {
  await using client = createClient({ fetch: () => Promise.resolve(Response.json(1)) });
  const pages = client.pages("https://a.test/1", { next: () => "ftp://a.test/2" });
  await pages.next();
  const error = await rejection(pages.next());
  assert(error instanceof InvalidDataError);
  assertStringIncludes(error.message, "The link of https://a.test/1 to its next page");
});

test("Client.pages() resolves each link against its own page, also if middleware has wrapped the responses", async () => {
  const links: Record<string, string> = {
    "https://a.test/items": '<other/2>; rel="next"; anchor="https://a.test/items"',
    "https://a.test/other/2": '<3>; rel="next"; anchor=""',
    "https://a.test/other/3": '<../items>; rel="next"',
  };
  const rig = setUp(({ url }) => ({ json: url, headers: { link: links[url] ?? "" } }), {
    use: [async (request, next) => {
      const response = await next(request);
      return new Response(response.body, response);
    }],
  });
  const error = await rejection(valuesOf(rig));
  assertEquals(rig.network.sent.map(({ url }) => url), Object.keys(links));
  assert(error instanceof InvalidDataError);
  assertStringIncludes(error.message, "The link of https://a.test/other/3 to its next page leads back");
});

const SECRETS = {
  authorization: "Bearer a",
  cookie: "a=1",
  "x-api-key": "k",
  "x-own-key": "o",
  "x-plain": "p",
};

/** Returns the names of the secret headers that were sent. */
function sentNames({ headers }: SentRequest): string {
  return Object.keys(SECRETS).filter((name) => headers.has(name)).join(" ");
}

test("Client.pages() sends no sensitive header to another origin, nor to any page after it", async () => {
  const nexts = ["?page=2", "https://b.test/items", "?page=4", "https://a.test/items?page=5"];
  for (const given of ["client", "options", "request"] as const) {
    const own = { headers: SECRETS };
    const rig = setUp(() => page(1, nexts[rig.network.sent.length - 1]), {
      sensitiveHeaders: ["x-api-key", "x-own-key"],
      ...given === "client" ? own : {},
    });
    await valuesOf(rig, given === "options" ? own : {}, given === "request" ? { url: URL_A, ...own } : URL_A);
    const all = Object.keys(SECRETS).join(" ");
    assertEquals(rig.network.sent.map(sentNames), [all, all, "x-plain", "x-plain", "x-plain"], given);
  }
});

test("Client.pages() shares no answer between another origin's page and a request with all headers", async () => {
  const rig = setUp(
    ({ url }) => ({ ...page(1, url === URL_A ? "https://b.test/" : undefined), afterMs: 10 }),
    {
      headers: SECRETS,
    },
  );
  const pages = rig.client.pages(URL_A);
  await rig.clock.run(pages.next());
  await rig.clock.run(Promise.all([pages.next(), rig.client.json("https://b.test/")]));
  assertEquals(rig.network.sent.slice(1).map(sentNames).sort(), [
    "authorization cookie x-api-key x-own-key x-plain",
    "x-own-key x-plain",
  ]);
});

test("Client.pages() sends another origin the headers of next()'s own request, and no other sensitive ones", async () => {
  const rig = setUp(() => page(1), { headers: SECRETS });
  const next = ({ index }: { index: number }) =>
    index === 0 ? { url: "https://b.test/", headers: { Authorization: "Bearer b" } } : undefined;
  await valuesOf(rig, { next });
  assertEquals(sentNames(rig.network.sent[1]!), "authorization x-own-key x-plain");
  assertEquals(rig.network.sent[1]!.headers.get("authorization"), "Bearer b");
});

test("Client.pages() keeps user info within its origin", async () => {
  const nexts = ["?page=2", "https://b.test/"];
  for (const headers of [undefined, { "x-a": "1" }]) {
    const rig = setUp(() => page(1, nexts[rig.network.sent.length - 1]));
    const url = "https://user:pass@a.test/items";
    await valuesOf(rig, {}, headers === undefined ? url : { url, headers });
    const sent = rig.network.sent.map((request) => request.headers.get("authorization"));
    assertEquals(sent, ["Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz", null]);
  }
});

test("Client.pages() requests each page from the mirrors, each with its own headers", async () => {
  const rig = setUp(
    ({ url, nth }) =>
      url.startsWith("https://a.test") && nth === 1 && url.includes("page=2")
        ? { status: 500 }
        : threePages({ url } as SentRequest),
    {
      baseUrls: [
        { url: "https://a.test/v1", headers: { authorization: "a" } },
        { url: "https://b.test/data", headers: { authorization: "b" } },
      ],
    },
  );
  assertEquals(await valuesOf(rig, {}, "items"), [[1, -1], [2, -2], [3]]);
  assertEquals(rig.network.sent.map(({ url, headers }) => [url, headers.get("authorization")]), [
    ["https://a.test/v1/items", "a"],
    ["https://a.test/v1/items?page=2", "a"],
    ["https://b.test/data/items?page=2", "b"],
    ["https://a.test/v1/items?page=3", "a"],
  ]);
});

test("Client.pages() retries each page, and rejects with the error of one that fails", async () => {
  const rig = setUp((request) => request.nth === 1 ? { status: 503 } : threePages(request), {
    maxRetries: 1,
  });
  assertEquals(await valuesOf(rig), [[1, -1], [2, -2], [3]]);
  assertEquals([rig.network.sent.length, rig.client.stats().retried], [6, 3]);

  const failing = setUp(({ url }) => url === URL_A ? page(1, "?2") : { status: 403, body: "no" });
  const pages = failing.client.pages(URL_A);
  await pages.next();
  assertInstanceOf(await rejection(pages.next()), HttpError);
});

test("Client.pages() retries early once its origin has served others, since nothing else is to be sent", async () => {
  const { client, clock, network } = setUp(
    ({ nth, url }) => nth === 1 && url === URL_A ? { status: 503 } : page(1),
    { maxRetries: 1 },
  );
  const values = client.pages(URL_A).next();
  await clock.advance(0);
  await client.json("https://a.test/other");
  await clock.advance(1_000);
  assertEquals([network.urls, clock.now()], [[URL_A, "https://a.test/other", URL_A], 1_000]);
  assertEquals((await values).value?.value, 1);
});

test("Client.pages() waits for an open breaker, as requests of a batch do", async () => {
  const breaker = { threshold: 1, cooldownMs: 5_000 };
  const rig = setUp(({ nth, url }) => url.endsWith("bad") && nth === 1 ? { status: 500 } : page(1), {
    circuitBreaker: breaker,
    maxRetries: 1,
  });
  await rig.clock.run(rejection(rig.client.json("https://a.test/bad", { maxRetries: 0 })));
  assertEquals((await rig.clock.run(rejection(rig.client.json(URL_A))) as Error).name, "CircuitOpenError");
  assertEquals(await valuesOf(rig), [1]);
});

test("Client.pages() can be left while a caller's function never ends: that wait ends too", async () => {
  const { client, clock } = setUp(() => page(1));
  const pages = client.pages(URL_A, { next: () => new Promise<undefined>(() => {}) });
  await clock.run(pages.next());
  const next = watch(pages.next());
  await clock.advance(0);
  assertEquals(next.state, "pending");
  await pages.return?.();
  await clock.advance(0);
  assertEquals([next.state, next.value], ["fulfilled", { done: true, value: undefined }]);
  assertEquals([client.stats().inFlight, clock.pending], [0, 0]);
});

test("Client.pages() rejects with the signal's reason itself, at any stage, and leaves no listener", async () => {
  const reason = new Error("enough");
  for (const place of ["before", "page", "next", "between"] as const) {
    const controller = new AbortController();
    const listeners = countAbortListeners(controller.signal);
    const { client, clock } = setUp(() => ({ ...page(1, "?2"), afterMs: place === "page" ? 1_000 : 0 }));
    const next = place === "next" ? () => new Promise<undefined>(() => {}) : undefined;
    const pages = client.pages(place === "between" ? { url: URL_A, signal: controller.signal } : URL_A, {
      signal: controller.signal,
      next,
    });
    if (place === "before") controller.abort(reason);
    if (place === "next" || place === "between") await clock.run(pages.next());
    const waiting = place === "between" ? undefined : watch(pages.next());
    await clock.advance(0);
    controller.abort(reason);
    await clock.advance(0);
    assertStrictEquals(waiting === undefined ? await rejection(pages.next()) : waiting.error, reason, place);
    assertEquals([listeners.now, client.stats().inFlight, clock.pending], [0, 0, 0], place);
  }
});

test("Client.pages() ends when it is left or the client closes, also during next()", async () => {
  const { client, clock, network } = setUp(() => ({ ...page(1, "?2"), afterMs: 1_000 }));
  const left = client.pages(URL_A);
  const waiting = watch(left.next());
  await clock.advance(0);
  await left.return!();
  await clock.advance(0);
  assertEquals([waiting.value?.done, network.open, client.stats().inFlight], [true, 0, 0]);

  const closed = client.pages(URL_A, { next: () => new Promise(() => {}) });
  await clock.run(closed.next());
  const last = watch(closed.next());
  await clock.advance(0);
  await client.close("closed");
  await clock.advance(0);
  assertEquals([last.error, await rejection(client.pages(URL_A).next())], ["closed", "closed"]);
});

test("Client.pages() refuses bad options and requests at once", () => {
  const { client } = setUp(() => page(1));
  const cases: [options: object, message: string][] = [
    [{ maxPages: 0 }, "Cannot fetch as 'maxPages' must be a positive integer: received 0"],
    [{ prefetch: 2 }, "Cannot fetch as 'prefetch' must be 0 or 1: received 2"],
    [{ next: "?2" }, "Cannot fetch as 'next' must be a function: received '?2'"],
    [{ maxPage: 2 }, "Cannot fetch as 'maxPage' is not an option: did you mean 'maxPages'?"],
    [{ ordered: true }, "Cannot fetch as 'ordered' is not an option here: give it to stream()"],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => client.pages(URL_A, options as PagesOptions));
    assertEquals((error as Error).message, message);
  }
  assertThrows(() => client.pages(7 as unknown as FetchRequest), TypeError);
});

test("Client.pages() follows a real server over a redirect to the next host", async () => {
  const received: (string | null)[] = [];
  await using other = serveHandler(({ url, headers }) => {
    received.push(headers.get("x-api-key"));
    const { searchParams } = new URL(url);
    return searchParams.has("last")
      ? Response.json(3)
      : Response.json(2, { headers: { link: "<?last>; rel=next" } });
  });
  await using home = serveHandler(({ headers }) => {
    received.push(headers.get("x-api-key"));
    return Response.json(1, { headers: { link: `<${other.url}/>; rel="next"` } });
  });
  await using client = createClient({ headers: { "x-api-key": "secret" } });
  const pages = await Array.fromAsync(client.pages(home.url));
  assertEquals([pages.map(({ value }) => value), received], [[1, 2, 3], ["secret", null, null]]);
});

test("Client.pages() resolves a link against the URL that a redirect led to, also of a constructed response", async () => {
  const asked: string[] = [];
  await using client = createClient({
    fetch: (url) => {
      asked.push(String(url));
      if (String(url) === URL_A) {
        return Promise.resolve(new Response(null, { status: 302, headers: { location: "/lists/1" } }));
      }
      const link = String(url).endsWith("1") ? "<2>; rel=next" : "";
      return Promise.resolve(Response.json(1, { headers: { link } }));
    },
  });
  await Array.fromAsync(client.pages(URL_A));
  assertEquals(asked, [URL_A, "https://a.test/lists/1", "https://a.test/lists/2"]);
});
