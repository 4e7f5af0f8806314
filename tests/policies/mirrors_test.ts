import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as v from "valibot";
import {
  CircuitOpenError,
  type ClientOptions,
  createClient,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  isSlipstreamError,
  type MirrorEvent,
  NetworkError,
  type RetryEvent,
} from "../../mod.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { type FakeClient, fakeClient } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";

const A = "https://a.test";
const B = "https://b.test";
const C = "https://c.test";

interface SetUp extends FakeClient {
  readonly mirrorEvents: MirrorEvent[];
  readonly retryEvents: RetryEvent[];
  /** The mirrors that the requests went to, each by its first letter. */
  readonly asked: () => string;
}

/** Creates three mirrors, which answer with their letter unless `answers` says otherwise. */
function setUp(
  answers: Partial<Record<"a" | "b" | "c", (request: SentRequest) => Answer>>,
  options: ClientOptions = {},
): SetUp {
  const letterOf = (url: string) => new URL(url).host[0] as "a" | "b" | "c";
  const made = fakeClient((request) => {
    const letter = letterOf(request.url);
    return answers[letter]?.(request) ?? { json: letter };
  }, { backoff: { jitter: "none" }, baseUrls: [A, B, C], ...options });
  const mirrorEvents: MirrorEvent[] = [];
  const retryEvents: RetryEvent[] = [];
  made.client.on((event) => {
    if (event.type === "mirror") mirrorEvents.push(event);
    if (event.type === "retry") retryEvents.push(event);
  });
  const asked = () => made.network.urls.map(letterOf).join("");
  return { ...made, mirrorEvents, retryEvents, asked };
}

const down = (): Answer => ({ status: 503 });
const refused = (): Answer => ({ error: new TypeError("refused") });

test("An error that middleware throws by itself is no failure of the mirror: no other one is asked", async () => {
  for (const isAnswered of [true, false]) {
    const own = new Error("mine");
    const { client, clock, asked } = setUp({ a: isAnswered ? () => ({ json: 1 }) : down }, {
      use: [async (request, next) => {
        await next(request);
        throw own;
      }],
    });
    assertEquals([await clock.run(rejection(client.json("1"))), asked()], [own, "a"]);
  }
});

test("Mirrors are asked in their order, the preferred one first and alone while it is well", async () => {
  const { client, clock, asked } = setUp({});

  assertEquals(await clock.run(client.all(["1", "2", "3"])), ["a", "a", "a"]);
  assertEquals(asked(), "aaa");
});

test("Mirrors follow one another within a round, without a delay, after any kind of failure", async () => {
  for (
    const fails of [
      down,
      refused,
      () => ({ status: 500 }),
      () => ({ status: 429 }),
      () => ({ body: "01", breaksWith: new TypeError("reset") }),
    ]
  ) {
    const { client, clock, asked } = setUp({ a: fails, b: fails });
    assertEquals(await clock.run(client.json("x")), "c");
    assertEquals([asked(), clock.now()], ["abc", 0]);
  }
});

test("Mirrors follow one another after a timeout, each with a timeout of its own", async () => {
  const slow = (): Answer => ({ json: 1, afterMs: 1e6 });
  const { client, clock, asked } = setUp({ a: slow, b: slow }, { timeoutMs: 100 });

  assertEquals(await clock.run(client.json("x")), "c");
  assertEquals([asked(), clock.now()], ["abc", 200]);
});

test("A round that failed at every mirror is repeated after a backoff, up to maxRetries times", async () => {
  const { client, clock, asked, network, retryEvents } = setUp({ a: down, b: refused, c: down }, {
    circuitBreaker: false,
    maxRetries: 2,
  });

  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, NetworkError);
  assertEquals([asked(), error.attempts], ["abcabcabc", 9]);
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 0, 0, 2_000, 2_000, 2_000, 6_000, 6_000, 6_000]);
  assertEquals(retryEvents.map(({ retry, delayMs }) => [retry, delayMs]), [[1, 2_000], [2, 4_000]]);
});

test("maxRetries: 0 asks each mirror once, without a delay", async () => {
  const { client, clock, asked } = setUp({ a: down, b: down, c: down }, { maxRetries: 0 });

  assertInstanceOf(await clock.run(rejection(client.json("x"))), HttpError);
  assertEquals([asked(), clock.now()], ["abc", 0]);
});

test("S15: a failed mirror is left out while its breaker is open, and comes back by itself", async () => {
  let isDown = true;
  const { client, clock, asked } = setUp({ a: () => isDown ? { status: 500 } : { json: "a" } }, {
    circuitBreaker: { threshold: 3, cooldownMs: 10_000 },
  });

  for (let n = 0; n < 5; n++) assertEquals(await clock.run(client.json(`${n}`)), "b");
  assertEquals(asked(), "ababab" + "bb");
  const { [A]: first, [B]: second } = client.stats().origins;
  assertEquals([first!.healthy, first!.breaker, second!.healthy], [false, "open", true]);

  isDown = false;
  await clock.advance(9_999);
  assertEquals(await clock.run(client.json("early")), "b");
  await clock.advance(1);
  assertEquals(await clock.run(client.json("late")), "a");
  assertEquals(await clock.run(client.json("later")), "a");
  assertEquals(client.stats().origins[A]!.healthy, true);
});

test("S15: a mirror that fails its probe is left out for another cooldown", async () => {
  const { client, clock, asked } = setUp({ a: down }, {
    circuitBreaker: { threshold: 1, cooldownMs: 10_000 },
  });

  await clock.run(client.json("1"));
  await clock.advance(10_000);
  await clock.run(client.json("2"));
  await clock.advance(9_999);
  await clock.run(client.json("3"));
  assertEquals(asked(), "ab" + "ab" + "b");
});

test("S15: while a mirror is probed, the others serve", async () => {
  const { client, clock, asked } = setUp({
    a: ({ nth, url }) => nth === 1 && url.endsWith("/1") ? { status: 500 } : { json: "a", afterMs: 100 },
  }, { circuitBreaker: { threshold: 1, cooldownMs: 1_000 } });

  await clock.run(client.json("1"));
  await clock.advance(1_000);
  const values = await clock.run(Promise.all(["p", "q", "r"].map((path) => client.json(path))));
  // The order between different origins does not matter.
  assertEquals([values, [...asked().slice(2)].sort().join("")], [["a", "b", "b"], "abb"]);
});

test("S15: with every mirror's breaker open, a request fails at once with the shortest time left", async () => {
  const { client, clock, asked } = setUp({
    a: down,
    b: ({ url }) => url.endsWith("/1") ? { json: "b" } : { status: 503 },
  }, { baseUrls: [A, B], circuitBreaker: { threshold: 1, cooldownMs: 10_000 }, maxRetries: 0 });

  await clock.run(client.json("1"));
  await clock.advance(4_000);
  await clock.run(rejection(client.json("2")));
  await clock.advance(1_000);
  const error = await clock.run(rejection(client.json("3")));
  assertInstanceOf(error, CircuitOpenError);
  assertEquals([error.retryAfterMs, error.attempts, asked()], [5_000, 0, "ab" + "b"]);
});

test("S15: 404 and 410 are final", async () => {
  for (const status of [404, 410] as const) {
    const { client, clock, asked } = setUp({ a: () => ({ status }) });
    const error = await clock.run(rejection(client.json("x")));
    assertInstanceOf(error, DataNotFoundError);
    assertEquals([error.status, error.url, error.attempts, asked()], [status, `${A}/x`, 1, "a"]);
  }
});

test("S15: a 404 goes on to the next mirror with notFoundIsFinal: false", async () => {
  const notFound = (): Answer => ({ status: 404 });
  const lagging = setUp({ a: notFound, b: notFound }, { notFoundIsFinal: false });
  assertEquals(await lagging.clock.run(lagging.client.json("x")), "c");
  assertEquals([lagging.asked(), lagging.clock.now()], ["abc", 0]);

  const gone = setUp({ a: notFound, b: notFound, c: notFound }, { notFoundIsFinal: false });
  assertInstanceOf(await gone.clock.run(rejection(gone.client.json("x"))), DataNotFoundError);
  assertEquals([gone.asked(), gone.clock.now()], ["abc", 0]);

  const single = setUp({ a: notFound });
  const perRequest = single.client.json({ url: "x", notFoundIsFinal: false });
  assertEquals(await single.clock.run(perRequest), "b");
});

test("S15: a 404 from a mirror that may lag does not hide another mirror's failure", async () => {
  const { client, clock, asked } = setUp({
    a: () => ({ status: 404 }),
    b: ({ nth }) => nth === 1 ? { status: 503 } : { json: "b" },
  }, { baseUrls: [A, B], notFoundIsFinal: false });

  assertEquals(await clock.run(client.json("x")), "b");
  assertEquals(asked(), "abab");
});

test("S15: wrong content goes to the next mirror", async () => {
  const schema = v.object({ lap: v.number() });
  const good = (): Answer => ({ json: { lap: 1 } });
  for (
    const wrong of [
      { body: "<html>maintenance</html>" },
      { body: '{"lap":' },
      { json: { lap: "None" } },
      { body: "" },
    ] satisfies Answer[]
  ) {
    const { client, clock, asked } = setUp({ a: () => wrong, b: good });
    assertEquals(await clock.run(client.json("x", { schema })), { lap: 1 });
    assertEquals([asked(), clock.now()], ["ab", 0], JSON.stringify(wrong));
  }
});

test("S15: wrong content at every mirror is an InvalidDataError, and is not retried", async () => {
  const schema = v.object({ lap: v.number() });
  const html = (): Answer => ({ body: "<html>" });
  const notJson = setUp({ a: html, b: html, c: html });
  const error = await notJson.clock.run(rejection(notJson.client.json("x")));
  assertInstanceOf(error, InvalidDataError);
  assertEquals([error.reason, error.attempts, notJson.asked(), notJson.clock.now()], [
    "not-json",
    3,
    "abc",
    0,
  ]);

  const wrong = (): Answer => ({ json: { lap: "None" } });
  const misfit = setUp({ a: wrong, b: wrong, c: wrong });
  const second = await misfit.clock.run(rejection(misfit.client.json("x", { schema })));
  assertInstanceOf(second, InvalidDataError);
  assertEquals([second.reason, second.issues[0]?.path, misfit.asked()], ["schema", "lap", "abc"]);
});

test("S15: text(), bytes() and fetch() accept any content, since they do not parse", async () => {
  const { client, clock, asked } = setUp({ a: () => ({ body: "<html>" }) });

  assertEquals(await clock.run(client.text("x")), "<html>");
  assertEquals((await clock.run(client.bytes("x"))).length, 6);
  assertEquals(await clock.run(client.fetch("x").then((response) => response.text())), "<html>");
  assertEquals(asked(), "aaa");
});

test("S1: truncated JSON is retried, also with one mirror", async () => {
  const { client, clock, asked } = setUp({
    a: ({ nth }) => nth === 1 ? { body: '{"lap":[1,2' } : { json: "a" },
  }, {
    baseUrls: A,
  });

  assertEquals(await clock.run(client.json("x")), "a");
  assertEquals([asked(), clock.now()], ["aa", 2_000]);
});

test("S1: other 4xx end the request at the mirror that gave them", async () => {
  const { client, clock, asked } = setUp({ a: () => ({ status: 403 }) });

  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, asked()], [403, "a"]);
});

test("S16: headers of a mirror go to that mirror only", async () => {
  const { client, clock, network } = setUp({ a: down, b: down }, {
    baseUrls: [
      { url: A, headers: { "x-key": "for a", authorization: "Bearer a" } },
      { url: B, headers: new Headers({ "X-Key": "for b" }) },
      C,
    ],
    headers: { "x-all": "1" },
  });

  await clock.run(client.json("x"));
  await clock.run(client.json("https://other.test/x"));
  await clock.run(client.fetch("y"));
  const seen = network.sent.map(({ url, headers }) => [
    new URL(url).host,
    headers.get("x-key"),
    headers.get("authorization"),
    headers.get("x-all"),
  ]);
  const round = [
    ["a.test", "for a", "Bearer a", "1"],
    ["b.test", "for b", null, "1"],
    ["c.test", null, null, "1"],
  ];
  assertEquals(seen, [...round, ["other.test", null, null, "1"], ...round]);
});

test("S16: a redirect to another origin carries neither credentials nor sensitive headers", async () => {
  await using cdn = createSimulatedCdn({
    mirrors: ["near", "far"],
    resources: (path, { headers }) => path === "/target" ? { json: headers } : undefined,
  });
  await using targets = await cdn.listen();
  const far = targets.urls[1]!;
  await using redirecting = createSimulatedCdn({
    resources: (path, { headers }) => {
      if (path === "/away") return { status: 302, headers: { location: `${far}/target` } };
      if (path === "/here") return { status: 307, headers: { location: "/target" } };
      return path === "/target" ? { json: headers } : undefined;
    },
  });
  await using server = await redirecting.listen();
  await using client = createClient({
    baseUrls: [{ url: server.url, headers: { "x-mirror-token": "t0" } }],
    sensitiveHeaders: ["x-mirror-token", "X-Api-Key"],
    maxRetries: 0,
  });
  const headers = { authorization: "Bearer t1", cookie: "a=t2", "x-api-key": "t3", "x-harmless": "yes" };

  const away = await client.json("away", { headers }) as Record<string, string>;
  assertEquals(away["x-harmless"], "yes");
  for (const name of ["authorization", "cookie", "x-api-key", "x-mirror-token"]) {
    assertEquals(away[name], undefined, name);
  }
  const here = await client.json("here", { headers }) as Record<string, string>;
  for (const name of [...Object.keys(headers), "x-mirror-token"]) assert(here[name] !== undefined, name);
  const streamed = await (await client.fetch("away", { headers })).json() as Record<string, string>;
  assertEquals([streamed["x-api-key"], streamed["x-harmless"]], [undefined, "yes"]);
});

test("S1: a POST that was sent does not go to another mirror", async () => {
  for (const fails of [down, refused]) {
    const { client, clock, asked } = setUp({ a: fails });
    const error = await clock.run(rejection(client.json({ url: "x", method: "POST", body: "1" })));
    assertInstanceOf(error, NetworkError);
    assertEquals([asked(), clock.now()], ["a", 0]);
  }
});

test("S1: a POST that may be repeated, or was never sent, goes to the next mirror", async () => {
  const repeatable = setUp({ a: down });
  const request = { url: "x", method: "POST", body: "1" };
  assertEquals(await repeatable.clock.run(repeatable.client.json({ ...request, idempotent: true })), "b");
  const headers = { "Idempotency-Key": "7" };
  assertEquals(await repeatable.clock.run(repeatable.client.json({ ...request, headers })), "b");
  assertEquals(repeatable.asked(), "abab");

  const refusing = setUp({ a: down }, { circuitBreaker: { threshold: 1 } });
  await refusing.clock.run(refusing.client.json("opens the breaker"));
  assertEquals(await refusing.clock.run(refusing.client.json(request)), "b");
  const stream = new Blob(["1"]).stream();
  assertEquals(await refusing.clock.run(refusing.client.json({ ...request, body: stream })), "b");
  assertEquals(refusing.asked(), "abbb");
});

test("S1: a stream that was sent does not go to another mirror, whatever the method", async () => {
  const { client, clock, asked } = setUp({ a: down });
  const body = new Blob(["1"]).stream();

  await clock.run(rejection(client.json({ url: "x", method: "PUT", body })));
  assertEquals(asked(), "a");
});

test("A mirror that asked for a wait is left out until then", async () => {
  const { client, clock, asked } = setUp({
    a: ({ nth, url }) =>
      nth === 1 && url.endsWith("/1") ? { status: 429, headers: { "retry-after": "5" } } : { json: "a" },
  });

  assertEquals(await clock.run(client.json("1")), "b");
  assertEquals(await clock.run(client.json("2")), "b");
  assertEquals([asked(), clock.now()], ["abb", 0]);
  await clock.advance(5_000);
  assertEquals(await clock.run(client.json("3")), "a");
});

test("A mirror's error body holds no permit that the next mirror needs", async () => {
  const failing = (): Answer => ({ status: 503, body: "x".repeat(100_000) });
  for (const call of ["json", "fetch"] as const) {
    const { client, clock, asked, network } = setUp({ a: failing, b: failing }, { concurrency: 1 });

    const answer: Promise<unknown> = call === "fetch" ? client.fetch("x") : client[call]("x");
    const value = await clock.run(answer);
    assertEquals(value instanceof Response ? await value.json() : value, "c");
    assert(asked() === "abc" && clock.now() < 1_000, `${asked()} at ${clock.now()}`);
    await clock.advance(1_000);
    assertEquals([network.peak, network.open, client.stats().inFlight], [1, 0, 0]);
  }
});

test("Endless error bodies of every mirror hold up neither the round nor its retry", async () => {
  const hanging = (): Answer => ({ status: 503, body: "0123456789", bodyMs: 1e9 });
  const { client, clock, asked, network } = setUp({ a: hanging, b: hanging, c: hanging }, {
    concurrency: 1,
    maxRetries: 1,
  });

  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, HttpError);
  assertEquals([asked(), network.peak], ["abcabc", 1]);
  assert(clock.now() < 2_000 + 6 * 300, `${clock.now()}`);
});

test("A mirror event says from where to where and why", async () => {
  const { client, clock, mirrorEvents } = setUp({ a: down, b: refused }, {
    circuitBreaker: { threshold: 1 },
  });

  await clock.run(client.json("x"));
  assertEquals(mirrorEvents, [
    { type: "mirror", requestId: 1, atMs: 0, from: A, to: B, reason: "503" },
    { type: "mirror", requestId: 1, atMs: 0, from: B, to: C, reason: "NetworkError" },
  ]);
});

test("An abort during the first mirror's attempt asks no other mirror", async () => {
  const { client, clock, asked } = setUp({ a: () => ({ json: 1, afterMs: 100 }) });
  const controller = new AbortController();
  const pending = rejection(client.json("x", { signal: controller.signal }));
  await clock.advance(50);
  controller.abort();
  await pending;
  await clock.advance(10_000);
  assertEquals(asked(), "a");
});

test("The total deadline ends the round, at whichever mirror it is", async () => {
  const slow = (): Answer => ({ json: 1, afterMs: 80 });
  const { client, clock, asked } = setUp({ a: slow, b: slow, c: slow }, {
    timeoutMs: 60,
    totalTimeoutMs: 100,
  });

  assertInstanceOf(await clock.run(rejection(client.json("x"))), NetworkError);
  assertEquals([asked(), clock.now()], ["ab", 100]);
});

test("An absolute URL goes to its own origin, and fails there", async () => {
  const { client, clock, asked } = setUp({ b: down }, { maxRetries: 0 });

  assertInstanceOf(await clock.run(rejection(client.json(`${B}/x`))), HttpError);
  assertEquals(asked(), "b");
});

test("client.fetch() goes from mirror to mirror, and returns the last response if none is good", async () => {
  const works = setUp({ a: down, b: refused });
  assertEquals(await works.clock.run(works.client.fetch("x").then((response) => response.json())), "c");

  const fails = setUp({ a: down, b: down, c: () => ({ status: 500, body: "last" }) }, { maxRetries: 0 });
  const response = await fails.clock.run(fails.client.fetch("x"));
  assertEquals([response.status, await response.text(), fails.asked()], [500, "last", "abc"]);
  assertEquals(fails.network.open, 0);
});

test("client.fetch() returns a 404 at once, or goes on with notFoundIsFinal: false", async () => {
  const notFound = (): Answer => ({ status: 404, body: "no" });
  const final = setUp({ a: notFound });
  assertEquals((await final.clock.run(final.client.fetch("x"))).status, 404);
  assertEquals(final.asked(), "a");

  const lagging = setUp({ a: notFound, b: notFound }, { notFoundIsFinal: false });
  assertEquals((await lagging.clock.run(lagging.client.fetch("x"))).status, 200);
  assertEquals(lagging.asked(), "abc");
});

test("Mirrors may be paths of one origin", async () => {
  const { client, clock, network } = setUp({
    a: ({ url }) => url.includes("/v1/") ? { status: 503 } : { json: "v2" },
  }, { baseUrls: [`${A}/v1`, `${A}/v2`] });

  assertEquals(await clock.run(client.json("x")), "v2");
  assertEquals(network.urls, [`${A}/v1/x`, `${A}/v2/x`]);
});

// S15, S17: what an error says about the mirrors

/** Returns the messages of the errors in an AggregateError. */
function messagesIn(cause: unknown): string[] {
  assertInstanceOf(cause, AggregateError);
  return cause.errors.map(({ message }: Error) => message);
}

test("S15: any 5xx goes on to the next mirror, also a status that is not retried", async () => {
  for (let status = 500; status <= 599; status++) {
    const { client, clock, asked } = setUp({ a: () => ({ status }) });
    assertEquals(await clock.run(client.json("x")), "b", `${status}`);
    assertEquals([asked(), clock.now()], ["ab", 0], `${status}`);
  }
});

test("S17: the error of a round has the failure of every mirror, and the errors of the others as its cause", async () => {
  const { client, clock } = setUp({ a: down, b: refused, c: () => ({ status: 500 }) }, { maxRetries: 0 });
  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.url, error.status, error.attempts], [`${C}/x`, 500, 3]);
  assertEquals(error.context, {
    mirrors: [
      { url: `${A}/x`, failure: "status 503" },
      { url: `${B}/x`, failure: `GET ${B}/x failed: refused` },
      { url: `${C}/x`, failure: "status 500" },
    ],
  });
  assertEquals(messagesIn(error.cause), [
    `GET ${A}/x was answered with 503 (3 attempts)`,
    `GET ${B}/x failed: refused`,
  ]);
});

test("S17: the causes of a round's error include those of each mirror's error, in the order of the mirrors", async () => {
  for (
    const [fails, name, behind] of [
      [refused, "NetworkError", "refused"],
      [(): Answer => ({ body: "<html>" }), "InvalidDataError", undefined],
      [
        (): Answer => ({ body: "[1,", headers: { "content-type": "application/json" } }),
        "InvalidDataError",
        undefined,
      ],
    ] as const
  ) {
    const { client, clock } = setUp({ a: fails, b: fails }, { maxRetries: 0, baseUrls: [A, B] });
    const error = await clock.run(rejection(client.json("x"))) as NetworkError;
    assertEquals([error.name, error.url], [name, `${B}/x`]);
    assertInstanceOf(error.cause, AggregateError);
    const [other, own] = error.cause.errors as [NetworkError, Error];
    assertEquals([other.name, other.url], [name, `${A}/x`]);
    if (behind !== undefined) assertEquals(own.message, behind);
    assert(!isSlipstreamError(own));
    assertEquals((error.context.mirrors as unknown[]).length, 2);
  }
});

test("S17: the error of a round with one mirror has its own cause, and mentions no others", async () => {
  const single = setUp({ a: refused }, { maxRetries: 0, baseUrls: A });
  const error = await single.clock.run(rejection(single.client.json("x"))) as NetworkError;
  assertEquals([(error.cause as Error).message, error.context], ["refused", {}]);

  const http = setUp({ a: down }, { maxRetries: 0, baseUrls: A });
  const answered = await http.clock.run(rejection(http.client.json("x"))) as HttpError;
  assertEquals(["cause" in answered, answered.context], [false, {}]);
});

test("S17: a DataNotFoundError that is not final carries the other mirrors' failures", async () => {
  const { client, clock } = setUp({ a: () => ({ status: 410 }), b: () => ({ status: 404, body: "none" }) }, {
    baseUrls: [A, B],
    notFoundIsFinal: false,
  });
  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, DataNotFoundError);
  assertEquals([error.url, error.status, error.body], [`${B}/x`, 404, "none"]);
  assertEquals(messagesIn(error.cause), [`GET ${A}/x was answered with 410 (2 attempts)`]);
});

test("S15: the error of a final answer carries the failures of the mirrors before", async () => {
  for (const [status, asked] of [[404, [refused, down]], [403, [down, refused]], [410, [down]]] as const) {
    const [a, b] = asked;
    const { client, clock } = setUp({ a, b: b ?? (() => ({ status })), c: () => ({ status, body: "none" }) });
    const error = await clock.run(rejection(client.json("x"))) as HttpError | DataNotFoundError;
    const last = b === undefined ? B : C;
    assertEquals([error.url, error.status, error.attempts], [`${last}/x`, status, asked.length + 1]);
    const told = asked.map((answer, index) => ({
      url: `${[A, B][index]}/x`,
      failure: answer === down ? "status 503" : `GET ${[A, B][index]}/x failed: refused`,
    }));
    assertEquals(error.context, { mirrors: [...told, { url: `${last}/x`, failure: `status ${status}` }] });
    assertEquals((error.cause as AggregateError).errors.length, asked.length);
  }
});

test("S15: of the mirrors that asked for a wait, an error names the one that it reports", async () => {
  const busy = (wait: string) => (): Answer => ({
    status: 503,
    headers: { "retry-after": wait },
    body: wait,
  });
  const { client, clock } = setUp({ a: busy("9"), b: busy("3"), c: busy("6") }, { maxRetries: 0 });
  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, HttpError);
  const letter = { 9_000: A, 3_000: B, 6_000: C }[error.retryAfterMs!];
  assertEquals([error.url, `${error.retryAfterMs! / 1_000}`], [`${letter}/x`, error.body]);
  assertEquals(error.message, `GET ${letter}/x was answered with 503 (3 attempts)`);
});

test("S17: an error shows no secret of any mirror, as text or as data", async () => {
  const secret = "hunter2";
  const { client, clock } = setUp({ a: down, b: refused, c: () => ({ body: "<html>" }) }, {
    maxRetries: 0,
    baseUrls: [A, B, C].map((url) => url.replace("//", `//user:${secret}@`)),
  });
  const error = await clock.run(rejection(client.json(`x?otp=${secret}&page=2`))) as NetworkError;
  const shown = `${error.message}${error.stack}${JSON.stringify(error)}`;
  assert(!shown.includes(secret), shown);
  assert(shown.includes("page=2"), shown);
});

test("S15: when the next mirror's breaker opens while a request waits for it, the first one's answer counts", async () => {
  const { client, clock, asked } = setUp({
    a: () => ({ status: 503, body: "from a", afterMs: 10 }),
    b: () => ({ status: 500, afterMs: 100 }),
    c: () => ({ json: "c", afterMs: 1_000 }),
  }, {
    baseUrls: [A, B],
    concurrency: 2,
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 60_000 },
  });

  rejection(client.json(`${B}/y`));
  const request = rejection(client.json("x"));
  client.json(`${C}/z`);
  const error = await clock.run(request);
  assertInstanceOf(error, HttpError);
  assertEquals([error.url, error.status, error.body, clock.now()], [`${A}/x`, 503, "from a", 100]);
  assertEquals(asked(), "bac");
});

test("S17: the error of a round counts all attempts, also those after the mirror that it reports", async () => {
  const html = (): Answer => ({ body: "<html>" });
  for (
    const [answers, name, url] of [
      [{ a: refused, b: html }, "NetworkError", `${A}/x`],
      [{ a: html, b: refused }, "NetworkError", `${B}/x`],
      [{ a: down, b: html }, "HttpError", `${A}/x`],
    ] as const
  ) {
    const { client, clock } = setUp(answers, { baseUrls: [A, B], maxRetries: 1 });
    const [outcome] = await clock.run(client.settle(["x"]));
    assert(outcome !== undefined && !outcome.ok);
    const error = outcome.error as NetworkError;
    assertEquals([error.name, error.url, error.attempts, outcome.attempts], [name, url, 4, 4]);
  }
});

test("S15: a mirror with another layout is asked by its own path, and the others as usual", async () => {
  const path = (url: string) => url.replace("@main/", "/resolve/");
  const { client, clock, network } = setUp({ a: down }, { baseUrls: [A, { url: `${B}/base`, path }] });

  assertEquals(await clock.run(client.json("/2025@main/x.json?v=1")), "b");
  assertEquals(network.urls, [`${A}/2025@main/x.json?v=1`, `${B}/base/2025/resolve/x.json?v=1`]);
});

test("S15: a layout also holds for the only mirror, on every way", async () => {
  const baseUrls = [{ url: A, path: (url: string) => `moved/${url}` }];
  const { client, clock, network } = setUp({}, { baseUrls });
  await clock.run(client.json("x"));
  await clock.run(client.json("y", { headers: { "x-a": "1" } }));
  await clock.run(client.bytes({ url: "z", method: "POST" }));
  assertEquals(network.urls, ["moved/x", "moved/y", "moved/z"].map((part) => `${A}/${part}`));
});

test("S15: a path function that throws, or returns no text, ends its request and keeps no permit", async () => {
  const broken = new Error("my own fault");
  const paths = [
    () => {
      throw broken;
    },
    () => 42 as never,
  ];
  for (const path of paths) {
    for (const baseUrls of [[{ url: A, path }], [{ url: A, path }, B]]) {
      const { client, clock, network } = setUp({}, { baseUrls, concurrency: 1 });
      const error = await clock.run(rejection(client.json("x")));
      if (path === paths[0]) assertEquals(error, broken);
      else assertInstanceOf(error, TypeError);
      assertEquals(network.urls, []);
      // The only permit must be free.
      assertEquals(await clock.run(client.json(`${C}/other`)), "c");
    }
  }
});

test("S15: a status in a mirror's `moveOn` goes on to the next mirror, and opens no breaker", async () => {
  const { client, clock, asked, mirrorEvents } = setUp({ a: () => ({ status: 403 }) }, {
    baseUrls: [{ url: A, moveOn: [403] }, B],
    circuitBreaker: { threshold: 2, cooldownMs: 60_000 },
  });
  for (let nth = 0; nth < 5; nth++) assertEquals(await clock.run(client.json(`x${nth}`)), "b");
  assertEquals([asked(), clock.now()], ["ababababab", 0]);
  assertEquals(mirrorEvents[0]?.reason, "403");
});

test("S15: a status in the `moveOn` of all mirrors is the request's result, without a retry, and other statuses are final", async () => {
  const baseUrls = [A, B].map((url) => ({ url, moveOn: [403, 404] }));
  const { client, clock, asked } = setUp({ a: () => ({ status: 404 }), b: () => ({ status: 403 }) }, {
    baseUrls,
  });
  const error = await clock.run(rejection(client.json("x")));
  assert(error instanceof DataNotFoundError || error instanceof HttpError);
  assertEquals([asked(), error.attempts], ["ab", 2]);

  const other = setUp({ a: () => ({ status: 401 }) }, { baseUrls });
  assertInstanceOf(await other.clock.run(rejection(other.client.json("x"))), HttpError);
  assertEquals(other.asked(), "a");
});

test("S15: with one mirror that has `moveOn`, its status is final", async () => {
  const { client, clock, asked } = setUp({ a: () => ({ status: 403 }) }, {
    baseUrls: [{ url: A, moveOn: [403] }],
  });
  const error = await clock.run(rejection(client.json("x")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, asked()], [403, "a"]);
});

test("S15: an error names the requested URL, whatever the only mirror's path function returns, and keeps no permit", async () => {
  const next = [
    () => "other",
    () => {
      throw new Error("my own fault");
    },
  ];
  for (const later of next) {
    let calls = 0;
    const path = (url: string): string => calls++ === 0 ? url : later();
    const { client, clock } = fakeClient(() => ({ status: 404 }), {
      baseUrls: [{ url: A, path }],
      concurrency: 1,
    });
    const error = await clock.run(rejection(client.json("x")));
    assertInstanceOf(error, DataNotFoundError);
    assertEquals([error.url, client.stats().inFlight], [`${A}/x`, 0]);
  }
});

test("A mirror that is passed over in a later round is not reported as failed in it", async () => {
  const { client, clock, mirrorEvents, network } = setUp({
    a: ({ url, nth }) =>
      url.includes("/old/") ? { status: 404 } : nth === 1 ? { status: 503 } : { json: "a" },
  }, { baseUrls: [A, `${A}/old`] });

  assertEquals(await clock.run(client.json("1", { notFoundIsFinal: false })), "a");
  assertEquals(network.urls, [`${A}/1`, `${A}/old/1`, `${A}/1`]);
  assertEquals(mirrorEvents.map(({ reason }) => reason), ["503"]);
});

test("White space before a URL changes nothing, with and without mirrors, as in the URL standard", async () => {
  for (
    const baseUrls of [undefined, A, [A, B], [{
      url: A,
      path: (path) => `v2/${path}`,
    }]] as ClientOptions["baseUrls"][]
  ) {
    const { client, clock, network } = fakeClient(() => ({ json: 1 }), { baseUrls });
    for (const space of ["", " ", "\n  ", "\t", "\r\n"]) {
      const outcome = await clock.run(client.outcome(`${space}${C}/x`));
      assert(outcome.ok);
      assertEquals(new URL(network.urls.at(-1)!).href, `${C}/x`);
      if (baseUrls === undefined) continue;
      for (const path of ["x", "/x", "?q=1"]) {
        await clock.run(client.json(path));
        const [plain] = network.urls.slice(-1);
        await clock.run(client.json(space + path));
        assertEquals(network.urls.at(-1), plain);
      }
      await clock.run(Array.fromAsync(client.pages(`${space}${C}/x`)));
      assertEquals(new URL(network.urls.at(-1)!).href, `${C}/x`);
    }
  }
});
