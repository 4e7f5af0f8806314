import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type ClientOptions,
  isHttpError,
  isNetworkError,
  isTimeoutError,
  type RequestBody,
} from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { bearerAuth, type BearerAuthOptions } from "../../src/middleware/bearer_auth.ts";
import type { RefreshInput } from "../../src/middleware/token_source.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { type FakeClient, fakeClient } from "../client/fake_client.ts";
import type { SentRequest } from "../client/fake_network.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";

/** A service that accepts one token, and a client that may have another one. */
interface Scene extends FakeClient {
  accepted: string;
  readonly refreshes: RefreshInput[];
  /** Returns the tokens that were sent. */
  readonly tokens: () => (string | null)[];
}

function tokenOf({ headers }: SentRequest): string | null {
  return headers.get("authorization")?.replace("Bearer ", "") ?? null;
}

/** Creates a scene in which each refresh gives the next of t2, t3, …, and the service accepts the latest. */
function scene(auth: Partial<BearerAuthOptions> = {}, options: ClientOptions = {}): Scene {
  const refreshes: RefreshInput[] = [];
  const state = { accepted: "t1" };
  const entry = bearerAuth({
    token: "t1",
    refresh: (input) => {
      refreshes.push(input);
      return state.accepted = `t${refreshes.length + 1}`;
    },
    ...auth,
  });
  const fake = fakeClient(
    (request) => tokenOf(request) === state.accepted ? { json: "ok" } : { status: 401, json: "who?" },
    { ...options, use: [...options.use ?? [], entry] },
  );
  return Object.assign(state, {
    ...fake,
    refreshes,
    tokens: () => fake.network.sent.map(tokenOf),
  });
}

function gate<T>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, open: resolve };
}

function statusOf(error: unknown): unknown {
  return isHttpError(error) ? error.status : error;
}

test("bearerAuth() sends the token with each request that has no authorization of its own", async () => {
  const { client, network } = scene();
  await client.json(URL_A);
  const own = await client.outcome({ url: URL_A, headers: { authorization: "Basic x" } });
  assertEquals(network.sent.map(({ headers }) => headers.get("authorization")), ["Bearer t1", "Basic x"]);
  // A refusal of the caller's own authorization causes no refresh either.
  assertEquals(own.ok, false);
});

test("bearerAuth() calls a function before each attempt, which may return no token", async () => {
  const given = ["a", undefined, Promise.resolve("b")];
  const { client, tokens } = scene({ token: () => given.shift(), refresh: undefined });
  for (let count = 0; count < 3; count++) await client.outcome(URL_A);
  assertEquals(tokens(), ["a", null, "b"]);
});

test("bearerAuth() gives the token to the origins of its list only", async () => {
  const { client, network } = scene({ origins: ["https://a.test/base", new URL("https://b.test:8443")] });
  for (
    const url of [URL_A, "https://b.test:8443/", "https://b.test/", "http://a.test/", "https://a.test.evil/"]
  ) {
    await client.outcome(url);
  }
  assertEquals(network.sent.map(tokenOf), ["t1", "t1", null, null, null]);
});

test("bearerAuth() does not refresh for an origin that is not in its list", async () => {
  const { client, refreshes } = scene({ origins: ["https://b.test"] });
  assertEquals(statusOf(await client.json(URL_A).catch((error) => error)), 401);
  assertEquals(refreshes.length, 0);
});

test("bearerAuth() refreshes once for all requests that were refused with one token", async () => {
  const started = scene();
  started.accepted = "t2";
  const urls = numberedUrls(10);
  assertEquals(await started.client.all(urls), urls.map(() => "ok"));
  assertEquals(started.refreshes.length, 1);
  const [{ token, response, url }] = started.refreshes as [RefreshInput];
  assertEquals([token, response.status, response.body, url], ["t1", 401, null, urls[0]]);
  assertEquals(started.tokens(), [...urls.map(() => "t1"), ...urls.map(() => "t2")]);
});

test("bearerAuth() repeats a request that was refused with an older token, without a refresh", async () => {
  const slow = gate<void>();
  const refreshes: RefreshInput[] = [];
  const { client, network } = fakeClient(
    (request) =>
      tokenOf(request) === "t2"
        ? { json: "ok" }
        : { status: 401, ...(request.url.endsWith("/slow") ? { gate: slow.promise } : {}) },
    {
      use: [bearerAuth({
        token: "t1",
        refresh: (input) => {
          refreshes.push(input);
          return "t2";
        },
      })],
    },
  );
  const late = client.json("https://a.test/slow");
  assertEquals(await client.json(URL_A), "ok");
  slow.open();
  assertEquals(await late, "ok");
  assertEquals([refreshes.length, network.sent.length], [1, 4]);
});

test("bearerAuth() returns a second refusal as it is", async () => {
  const { client, tokens } = scene({ refresh: () => "t2" });
  const service = scene({ refresh: () => "other" });
  service.accepted = "never";
  assertEquals(statusOf(await service.client.json(URL_A).catch((error) => error)), 401);
  assertEquals(service.tokens(), ["t1", "other"]);
  assertEquals(await client.json(URL_A), "ok");
  assertEquals(tokens(), ["t1"]);
});

test("bearerAuth() does not refresh again within a moment, whether or not the last refresh succeeded", async () => {
  let refreshes = 0;
  for (const fails of [true, false]) {
    refreshes = 0;
    const service = scene({
      refresh: () => {
        refreshes++;
        if (fails) throw new Error("down");
        return `other${refreshes}`;
      },
    });
    service.accepted = "never";
    for (let count = 0; count < 5; count++) {
      assertEquals(statusOf(await service.client.json(URL_A).catch((error) => error)), 401);
    }
    assertEquals(refreshes, 1);
    await service.clock.advance(1_000);
    await service.client.outcome(URL_A);
    assertEquals(refreshes, 2);
  }
});

test("bearerAuth() returns to each waiting request its own response when the refresh fails", async () => {
  const failures: unknown[] = [];
  const reason = new Error("down");
  const asked = gate<void>();
  const service = scene({
    refresh: async () => {
      await asked.promise;
      throw reason;
    },
    onRefreshFailure: (error) => {
      failures.push(error);
      throw new Error("a listener");
    },
  });
  service.accepted = "t2";
  const responses = Promise.all([1, 2, 3].map((id) => service.client.fetch(`https://a.test/${id}`)));
  await service.clock.advance(10);
  asked.open();
  const bodies = (await responses).map(async (response) => [response.status, await response.json()]);
  assertEquals(await Promise.all(bodies), [[401, "who?"], [401, "who?"], [401, "who?"]]);
  assertEquals(failures, [reason]);
});

test("bearerAuth() treats a refresh without a token, or with the old one, as failed", async () => {
  for (const given of [undefined, "", "t1", "two words", "Bearer t2", 7]) {
    const failures: unknown[] = [];
    const service = scene({
      refresh: () => given as string,
      onRefreshFailure: (error) => failures.push(error),
    });
    service.accepted = "t2";
    assertEquals(statusOf(await service.client.json(URL_A).catch((error) => error)), 401);
    assertEquals(failures.length, 1);
    assertEquals(service.tokens(), ["t1"]);
  }
});

test("bearerAuth() lets requests that begin during a refresh wait for it", async () => {
  const renewed = gate<string>();
  const service = scene({ refresh: () => renewed.promise });
  service.accepted = "t2";
  const first = service.client.json(URL_A);
  await service.clock.advance(1);
  const second = service.client.json("https://a.test/y");
  await service.clock.advance(1);
  assertEquals(service.tokens(), ["t1"]);
  renewed.open("t2");
  assertEquals(await Promise.all([first, second]), ["ok", "ok"]);
  assertEquals(service.tokens(), ["t1", "t2", "t2"]);
});

test("bearerAuth() completes a refresh whose caller has left, for the others and for later", async () => {
  const renewed = gate<string>();
  let refreshSignal: AbortSignal | undefined;
  const service = scene({
    refresh: ({ signal }) => {
      refreshSignal = signal;
      return renewed.promise;
    },
  });
  service.accepted = "t2";
  const controllers = [new AbortController(), new AbortController()];
  const callers = controllers.map(({ signal }, index) =>
    service.client.json(`https://a.test/${index}`, { signal }).catch((error: unknown) => error)
  );
  await service.clock.advance(1);
  const reason = new Error("enough");
  controllers[0]!.abort(reason);
  assertStrictEquals(await callers[0], reason);
  assertEquals(refreshSignal!.aborted, false);
  renewed.open("t2");
  assertEquals(await callers[1], "ok");
  assertEquals(await service.client.json(URL_A), "ok");
  assertEquals(service.tokens(), ["t1", "t1", "t2", "t2"]);
});

test("bearerAuth() keeps the token of a refresh that all callers have left, since the old one may be void", async () => {
  const renewed = gate<string>();
  const service = scene({ refresh: () => renewed.promise });
  service.accepted = "t2";
  const controller = new AbortController();
  const caller = service.client.json(URL_A, { signal: controller.signal }).catch(() => "left");
  await service.clock.advance(1);
  controller.abort();
  assertEquals(await caller, "left");
  renewed.open("t2");
  assertEquals(await service.client.json(URL_A), "ok");
  assertEquals(service.tokens(), ["t1", "t2"]);
});

test("bearerAuth() ends a refresh that takes too long, and uses its token if that still comes", async () => {
  const renewed = gate<string>();
  const failures: unknown[] = [];
  let refreshes = 0;
  const service = scene({
    refresh: () => {
      refreshes++;
      return renewed.promise;
    },
    refreshTimeoutMs: 5_000,
    onRefreshFailure: (error) => failures.push(error),
  });
  service.accepted = "t2";
  const refused = service.client.json(URL_A).catch(statusOf);
  await service.clock.advance(5_000);
  assertEquals(await refused, 401);
  assertEquals((failures[0] as Error).name, "TimeoutError");
  renewed.open("t2");
  await service.clock.advance(1);
  assertEquals(await service.client.json(URL_A), "ok");
  assertEquals(refreshes, 1);
});

test("bearerAuth() is within the attempt's timeoutMs, and a retry joins the same refresh", async () => {
  const renewed = gate<string>();
  const service = scene({ refresh: () => renewed.promise, refreshTimeoutMs: Infinity }, {
    timeoutMs: 1_000,
    maxRetries: 1,
  });
  service.accepted = "t2";
  const value = service.client.json(URL_A);
  const given = service.client.json("https://a.test/y", { maxRetries: 0 }).catch((error: unknown) => error);
  await service.clock.advance(1_000);
  assertEquals(isTimeoutError(await given), true);
  renewed.open("t2");
  await service.clock.advance(5_000);
  assertEquals(await value, "ok");
  assertEquals(service.tokens(), ["t1", "t1", "t2"]);
});

test("bearerAuth() counts a refusal and its repetition as one attempt, and uses no retry for it", async () => {
  const service = scene({}, { maxRetries: 0 });
  service.accepted = "t2";
  const outcome = await service.client.outcome(URL_A);
  assertEquals([outcome.ok, outcome.attempts, service.client.stats().retried], [true, 1, 0]);
});

test("bearerAuth() leaves a failure after a refresh to the usual retries, with the new token", async () => {
  let sent = 0;
  const { client, clock, network } = fakeClient(
    (request) =>
      tokenOf(request) !== "t2" ? { status: 401 } : ++sent === 1 ? { status: 503 } : { json: "ok" },
    { use: [bearerAuth({ token: "t1", refresh: () => "t2" })] },
  );
  const value = client.json(URL_A);
  await clock.advance(10_000);
  assertEquals(await value, "ok");
  assertEquals(network.sent.map(tokenOf), ["t1", "t2", "t2"]);
});

test("bearerAuth() sends mirrors the token, and the new one to the next mirror if the first then fails", async () => {
  const { client, network } = fakeClient(
    (request) =>
      tokenOf(request) !== "t2"
        ? { status: 401 }
        : request.url.startsWith("https://a.test")
        ? { status: 500 }
        : { json: "ok" },
    {
      baseUrls: ["https://a.test", "https://b.test"],
      use: [bearerAuth({ token: "t1", refresh: () => "t2" })],
    },
  );
  assertEquals(await client.json("x"), "ok");
  assertEquals(network.sent.map((request) => `${request.url} ${tokenOf(request)}`), [
    "https://a.test/x t1",
    "https://a.test/x t2",
    "https://b.test/x t2",
  ]);
});

test("bearerAuth() runs after the cache: a hit needs no token", async () => {
  const service = scene({}, { cache: ttlCache(memoryCache(), { ttlMs: 60_000 }) });
  service.accepted = "t2";
  assertEquals(await service.client.json(URL_A), "ok");
  service.accepted = "never";
  assertEquals(await service.client.json(URL_A), "ok");
  assertEquals(service.tokens(), ["t1", "t2"]);
});

test("bearerAuth() refreshes once for callers that share one fetch, and lets each of them leave alone", async () => {
  const renewed = gate<string>();
  const service = scene({ refresh: () => renewed.promise });
  service.accepted = "t2";
  const controller = new AbortController();
  const first = service.client.json(URL_A, { signal: controller.signal }).catch(() => "left");
  const second = service.client.json(URL_A);
  await service.clock.advance(1);
  controller.abort();
  renewed.open("t2");
  assertEquals(await first, "left");
  assertEquals(await second, "ok");
  assertEquals(service.tokens(), ["t1", "t2"]);
});

test("bearerAuth() refreshes with its own fetch, also at concurrency 1", async () => {
  const { client, clock, network } = fakeClient(
    (request) =>
      request.url === "https://login.test/token"
        ? { json: "t2", afterMs: 100 }
        : tokenOf(request) === "t2"
        ? { json: "ok" }
        : { status: 401 },
    {
      concurrency: 1,
      use: [bearerAuth({
        token: "t1",
        refresh: async ({ fetch, signal }) =>
          await (await fetch("https://login.test/token", { method: "POST", signal })).json(),
      })],
    },
  );
  const values = client.all([1, 2, 3].map((id) => `https://a.test/${id}`));
  await clock.advance(100);
  assertEquals(await values, ["ok", "ok", "ok"]);
  assertEquals(network.peak, 1);
});

test("bearerAuth() does not hang for ever if its refresh uses the same client, and says what is wrong", async () => {
  for (const concurrency of [1, 3]) {
    const failures: unknown[] = [];
    const clock = new ManualClock();
    const { client, network } = fakeClient(
      (request) => request.url === "https://login.test/" ? { json: "t2" } : { status: 401, json: "who?" },
      {
        clock,
        concurrency,
        timeoutMs: Infinity,
        use: [bearerAuth({
          token: "t1",
          origins: ["https://a.test"],
          refresh: async ({ signal }) => await client.json<string>("https://login.test/", { signal }),
          onRefreshFailure: (error) => failures.push(error),
        })],
      },
    );
    // Each caller with a permit waits for a refresh that needs one.
    const callers = Array.from(
      { length: concurrency },
      (_, id) => client.json(`https://a.test/${id}`).catch(statusOf),
    );
    await clock.advance(9_999);
    assertEquals(network.sent.length, concurrency);
    await clock.advance(1);
    assertEquals(await Promise.all(callers), callers.map(() => 401));
    assertEquals(failures.length, 1);
    assertEquals((failures[0] as Error).message.includes("must use the 'fetch' that it is given"), true);
    assertEquals(client.stats().inFlight, 0);
  }
});

test("bearerAuth() sends bodies of all kinds again, and returns the refusal of a stream after a refresh", async () => {
  const form = new FormData();
  form.set("a", "b");
  const bodies: [RequestBody, boolean][] = [
    ["a=b", true],
    [new TextEncoder().encode("a=b"), true],
    [new TextEncoder().encode("a=b").buffer, true],
    [new URLSearchParams({ a: "b" }), true],
    [new Blob(["a=b"]), true],
    [form, true],
    [new Blob(["a=b"]).stream(), false],
  ];
  for (const [body, isReplayable] of bodies) {
    const received: string[] = [];
    const { client } = fakeClient(() => ({}), {
      fetch: async (url, init) => {
        const request = new Request(url, init);
        const text = await request.text();
        const token = request.headers.get("authorization");
        received.push(`${token} ${/a=b|name="a"[^]*b/.test(text)}`);
        return Response.json(1, { status: token === "Bearer t2" ? 200 : 401 });
      },
      use: [bearerAuth({ token: "t1", refresh: () => "t2" })],
    });
    const outcome = await client.outcome({ url: URL_A, method: "POST", body });
    assertEquals(outcome.ok, isReplayable);
    assertEquals(received, isReplayable ? ["Bearer t1 true", "Bearer t2 true"] : ["Bearer t1 true"]);
    assertEquals(await client.json(URL_A), 1);
  }
});

test("bearerAuth() sends a Request of client.fetch again, and gives the new response as a stream", async () => {
  const service = scene();
  service.accepted = "t2";
  const response = await service.client.fetch(new Request(URL_A, { method: "POST", body: "text" }));
  assertEquals([response.status, response.body instanceof ReadableStream], [200, true]);
  assertEquals(await response.json(), "ok");
  assertEquals(service.tokens(), ["t1", "t2"]);
  assertEquals(service.network.open, 0);
});

test("bearerAuth() discards the refused response before it sends again, so that one permit is one body", async () => {
  const service = scene({}, { concurrency: 1 });
  service.accepted = "t2";
  await service.client.all([URL_A, "https://a.test/y"]);
  assertEquals([service.network.peak, service.network.open], [1, 0]);
});

test("bearerAuth() does not send its token along a redirect to another origin, nor refresh for it", async () => {
  const { client, network } = fakeClient(
    ({ url }) =>
      url === URL_A
        ? { status: 302, headers: { location: "https://b.test/y" } }
        : { status: 401, json: "who?" },
    { use: [bearerAuth({ token: "t1", refresh: () => "t2" })] },
  );
  const error = await client.json(URL_A).catch((error: unknown) => error);
  assertEquals(statusOf(error), 401);
  assertEquals(network.sent.map(tokenOf), ["t1", null]);
});

test("bearerAuth() refreshes for the statuses that refreshOn names", async () => {
  const answer = (request: SentRequest) =>
    tokenOf(request) === "t2"
      ? { json: "ok" }
      : { status: 403, headers: { "www-authenticate": 'Bearer error="invalid_token"' } };
  const refreshOn: BearerAuthOptions["refreshOn"][] = [
    [401, 403],
    ({ headers }) => headers.get("www-authenticate")?.includes("invalid_token") === true,
  ];
  for (const each of refreshOn) {
    const { client } = fakeClient(answer, {
      use: [bearerAuth({ token: "t1", refresh: () => "t2", refreshOn: each })],
    });
    assertEquals(await client.json(URL_A), "ok");
  }
  const { client } = fakeClient(answer, { use: [bearerAuth({ token: "t1", refresh: () => "t2" })] });
  assertEquals(statusOf(await client.json(URL_A).catch((error) => error)), 403);
});

test("bearerAuth() gives the caller an error or a bad result of its token function, without a retry or the token", async () => {
  const reason = new Error("locked");
  const { client, network } = scene({
    token: () => {
      throw reason;
    },
  });
  assertStrictEquals(await client.json(URL_A).catch((error: unknown) => error), reason);
  const broken = scene({ token: () => "secret\r\nx: y" });
  const error = await assertRejects(() => broken.client.json(URL_A), TypeError, "visible ASCII");
  assertEquals(error.message.includes("secret"), false);
  assertEquals(network.sent.length + broken.network.sent.length, 0);
});

test("bearerAuth() passes network failures on to the retries", async () => {
  const { client, clock } = fakeClient(() => ({ error: new TypeError("refused") }), {
    maxRetries: 1,
    use: [bearerAuth({ token: "t1" })],
  });
  const failed = client.json(URL_A).catch((error: unknown) => error);
  await clock.advance(10_000);
  const error = await failed;
  assertEquals(isNetworkError(error) && error.attempts, 2);
});

test("bearerAuth() refuses senseless options, and never shows a token", () => {
  const wrong: [unknown, string][] = [
    [undefined, "the options must be an object"],
    ["secret", "the options must be an object: received a string"],
    [{}, "'token' must be a string or a function: received undefined"],
    [{ token: "" }, "received an empty string"],
    [{ token: "Bearer secret" }, "begins with 'Bearer'"],
    [{ token: "sécret" }, "other characters"],
    [{ token: "a", refersh: () => "b" }, "'refersh' is not an option: did you mean 'refresh'?"],
    [{ token: "a", refresh: "secret" }, "'refresh' must be a function: received a string"],
    [{ token: "a", origins: "https://u:secret@a.test" }, "'origins' must be an array of http(s) URLs"],
    [{ token: "a", origins: ["a.test"] }, "'origins[0]' must be an http(s) URL"],
    [{ token: "a", refreshOn: [399] }, "'refreshOn' must be an array of statuses from 400 to 599"],
    [{ token: "a", refreshOn: [600] }, "'refreshOn' must be an array of statuses from 400 to 599"],
    [{ token: "a", refreshOn: 401 }, "'refreshOn' must be an array of statuses or a function"],
    [{ token: "a", refreshTimeoutMs: 0 }, "'refreshTimeoutMs' must be a positive number"],
    [{ token: "a", refreshIntervalMs: -1 }, "'refreshIntervalMs' must be a number of at least 0"],
    [{ token: "a", onRefreshFailure: 1 }, "'onRefreshFailure' must be a function"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => bearerAuth(options as BearerAuthOptions), Error, message);
    assertEquals(/s.cret/.test(error.message), false);
  }
  bearerAuth({ token: "a", refreshOn: [400, 599] });
});

test("bearerAuth() throws a TypeError for one status in the place of a list", () => {
  assertThrows(
    () => bearerAuth({ token: "a", refreshOn: 401 as never }),
    TypeError,
    "'refreshOn' must be an array",
  );
});

test("bearerAuth() survives an async onRefreshFailure that rejects", async () => {
  const service = scene({
    refresh: () => Promise.reject(new Error("refused")),
    onRefreshFailure: () => Promise.reject(new Error("a listener")) as unknown as void,
  });
  service.accepted = "t2";
  assertEquals(statusOf(await service.client.json(URL_A).catch((error) => error)), 401);
  await eventLoopTurn();
});

test("bearerAuth() refuses a refreshOn that returns no boolean, since a promise would always be true", async () => {
  for (const answer of [Promise.resolve(false), "no", undefined, 0]) {
    const service = scene({ refreshOn: () => answer as unknown as boolean });
    await assertRejects(() => service.client.json(URL_A), TypeError, "'refreshOn()' must be true or false");
    assertEquals(service.refreshes.length, 0);
  }
});

test("bearerAuth() × pages: a link to another origin carries no token there, unless `origins` has that", async () => {
  const cases = [
    [{}, ["Bearer t1", null, null]],
    [{ origins: ["https://a.test"] }, ["Bearer t1", null, "Bearer t1"]],
    [{ origins: ["https://a.test", "https://b.test"] }, ["Bearer t1", "Bearer t1", "Bearer t1"]],
  ] as const;
  for (const [auth, expected] of cases) {
    const { client, network } = fakeClient(({ url }) => {
      const next = { "https://a.test/1": "https://b.test/2", "https://b.test/2": "https://a.test/3" }[url];
      return { json: 1, headers: next === undefined ? {} : { link: `<${next}>; rel=next` } };
    }, { use: [bearerAuth({ token: "t1", ...auth })] });
    for await (const _page of client.pages("https://a.test/1"));
    assertEquals(network.sent.map(({ headers }) => headers.get("authorization")), [...expected]);
  }
});

test("bearerAuth() × batches: origins that the caller itself requests get the token", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }), { use: [bearerAuth({ token: "t1" })] });
  await client.all(["https://a.test/1", "https://b.test/2"]);
  assertEquals(network.sent.map(({ headers }) => headers.get("authorization")), ["Bearer t1", "Bearer t1"]);
});
