import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  type Client,
  type ClientOptions,
  createClient,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  NetworkError,
  TimeoutError,
} from "../../mod.ts";
import type { CdnRequest } from "../../src/middleware/faults/cdn_request.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import {
  broken,
  hanging,
  json,
  late,
  refused,
  type Reply,
  stalled,
  status,
  text,
} from "../policies/fake_origin.ts";
import { type Rig, rig } from "../policies/rig.ts";
import { rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const OK = json({ ok: true });
const MIRRORS = ["https://a.test/base", "https://b.test", "https://c.test/deep/"];

/** Creates a client with three mirrors that send the given replies. */
function mirrored(
  replies: Readonly<Record<string, Reply>>,
  options: ClientOptions = {},
  clock?: ManualClock,
): Rig {
  const reply: Reply = (sent) => (replies[new URL(sent.url).hostname[0]!] ?? OK)(sent);
  return rig(reply, { baseUrls: MIRRORS, ...options }, { clock });
}

/** Returns the mirrors that got requests, in order, by the first letter of their host. */
function hosts({ origin }: Rig): string {
  return origin.sent.map(({ url }) => new URL(url).hostname[0]).join("");
}

test("mirrors × failure: the next is asked at once, whatever the failure", async () => {
  for (
    const failure of [refused(), status(500), status(503), status(429), broken(), text("<html>"), text("[1")]
  ) {
    const setup = mirrored({ a: failure, b: failure });

    assertEquals(await setup.run(setup.client.json("x.json")), { ok: true });
    assertEquals([hosts(setup), setup.clock.now()], ["abc", 0]);
    assertEquals(setup.origin.sent.map(({ url }) => url), [
      "https://a.test/base/x.json",
      "https://b.test/x.json",
      "https://c.test/deep/x.json",
    ]);
  }
});

test("mirrors × retry: every round asks every mirror, with the pause between the rounds", async () => {
  const setup = mirrored({ a: refused(), b: refused(), c: refused() }, {
    circuitBreaker: false,
    maxRetries: 2,
  });
  const error = await assertRejects(() => setup.run(setup.client.json("x.json")), NetworkError);

  assertEquals([hosts(setup), error.attempts], ["abcabcabc", 9]);
  assertEquals(setup.origin.timesMs, [0, 0, 0, 2_000, 2_000, 2_000, 6_000, 6_000, 6_000]);
});

test("mirrors × `maxRetries: 0`: each is asked once", async () => {
  const setup = mirrored({ a: status(503), b: refused(), c: status(502) }, { maxRetries: 0 });
  const error = await assertRejects(() => setup.run(setup.client.json("x.json")), HttpError);

  assertEquals([hosts(setup), error.status, error.attempts, setup.clock.now()], ["abc", 502, 3, 0]);
});

test("mirrors × timeout: a mirror that hangs costs its timeout, and no more", async () => {
  for (const reply of [hanging(), stalled()]) {
    const setup = mirrored({ a: reply }, { timeoutMs: 1_000 });

    assertEquals(await setup.run(setup.client.json("x.json")), { ok: true });
    assertEquals(setup.origin.timesMs, [0, 1_000]);
  }
});

test("mirrors × total timeout: it ends the request at whichever mirror it is", async () => {
  const setup = mirrored({ a: hanging(), b: hanging() }, { timeoutMs: 1_000, totalTimeoutMs: 1_500 });
  const error = await assertRejects(() => setup.run(setup.client.json("x.json")), TimeoutError);

  assertEquals([error.kind, hosts(setup), setup.clock.now(), setup.origin.open], ["total", "ab", 1_500, 0]);
});

test("mirrors × abort: no further mirror is asked", async () => {
  for (const reply of [hanging(), stalled()]) {
    const setup = mirrored({ a: reply });
    const controller = new AbortController();
    const request = watch(setup.client.json("x.json", { signal: controller.signal }));
    await setup.clock.advance(10);
    const reason = new Error("enough");
    controller.abort(reason);
    await setup.clock.advance(100_000);

    assertStrictEquals(request.error, reason);
    assertEquals(hosts(setup), "a");
  }
});

test("mirrors × POST: a request that must not be sent twice is sent to one mirror only", async () => {
  for (const failure of [refused(), status(503), broken(), text("<html>")]) {
    const setup = mirrored({ a: failure });
    await assertRejects(() => setup.run(setup.client.json({ url: "x", method: "POST", body: "{}" })));

    assertEquals(hosts(setup), "a");
  }
});

test("mirrors × stream body: a body that is gone is sent to no second mirror", async () => {
  const setup = mirrored({ a: status(503) });
  const body = new Blob(["once"]).stream();
  await assertRejects(() => setup.run(setup.client.json({ url: "x", method: "PUT", body })), HttpError);

  assertEquals(hosts(setup), "a");
});

test("mirrors × 404: it is final, unless it is said that it is not", async () => {
  for (const code of [404, 410]) {
    const final = mirrored({ a: status(code) });
    await assertRejects(() => final.run(final.client.json("x")), DataNotFoundError);
    assertEquals(hosts(final), "a");

    const patient = mirrored({ a: status(code), b: status(code) }, { notFoundIsFinal: false });
    assertEquals(await patient.run(patient.client.json("x")), { ok: true });
    assertEquals([hosts(patient), patient.clock.now()], ["abc", 0]);

    const nowhere = mirrored({ a: status(code), b: status(code), c: status(code) }, {
      notFoundIsFinal: false,
    });
    await assertRejects(() => nowhere.run(nowhere.client.json("x")), DataNotFoundError);
    assertEquals(hosts(nowhere), "abc");
  }
});

test("mirrors × wrong content: each is asked once, and then it is the data that is wrong", async () => {
  const html = mirrored({ a: text("<html>"), b: text("<html>"), c: text("<html>") });
  const notJson = await assertRejects(() => html.run(html.client.json("x")), InvalidDataError);
  assertEquals([notJson.reason, hosts(html), html.clock.now()], ["not-json", "abc", 0]);

  const schema = v.object({ laps: v.array(v.number()) });
  const wrong = mirrored({ a: json({}), b: json({ laps: "none" }), c: json({ laps: [1] }) });
  assertEquals(await wrong.run(wrong.client.json("x", { schema })), { laps: [1] });

  const allWrong = mirrored({ a: json({}), b: json({}), c: json({}) });
  const error = await assertRejects(
    () => allWrong.run(allWrong.client.json("x", { schema })),
    InvalidDataError,
  );
  assertEquals([error.reason, error.attempts, hosts(allWrong)], ["schema", 3, "abc"]);
});

test("mirrors × wrong content × failure: good data of a later mirror beats both", async () => {
  const setup = mirrored({ a: text("<html>"), b: refused() });

  assertEquals(await setup.run(setup.client.json("x")), { ok: true });
});

test("mirrors × Retry-After: a mirror that asks to wait is left alone meanwhile, and the others serve", async () => {
  const setup = mirrored({ a: status(429, { "retry-after": "30" }) });
  await setup.run(setup.client.json("1"));
  await setup.run(setup.client.json("2"));
  assertEquals([hosts(setup), setup.clock.now()], ["abb", 0]);

  await setup.clock.advance(30_000);
  await setup.run(setup.client.json("3"));
  assertEquals(hosts(setup).slice(3), "ab");
});

test("mirrors × breaker: a mirror that failed is skipped, and comes back by itself after the cooldown", async () => {
  let isDown = true;
  const setup = mirrored({ a: (sent) => (isDown ? refused() : OK)(sent) }, {
    circuitBreaker: { threshold: 2, cooldownMs: 10_000 },
  });
  for (let index = 0; index < 5; index++) await setup.run(setup.client.json(`${index}`));
  assertEquals(hosts(setup), "ababbbb");
  assertEquals(setup.client.stats().origins["https://a.test"]?.healthy, false);

  isDown = false;
  await setup.clock.advance(10_000);
  for (let index = 5; index < 8; index++) await setup.run(setup.client.json(`${index}`));
  assertEquals(hosts(setup).slice(7), "aaa");
  assertEquals(setup.client.stats().origins["https://a.test"]?.healthy, true);
});

test("mirrors × breaker: when all are open the request fails at once, and not as if it had been sent", async () => {
  const setup = mirrored({ a: refused(), b: refused(), c: refused() }, {
    circuitBreaker: { threshold: 1, cooldownMs: 10_000 },
    maxRetries: 0,
  });
  await assertRejects(() => setup.run(setup.client.json("1")), NetworkError);
  const error = await assertRejects(() => setup.run(setup.client.json("2")), NetworkError);

  assertEquals([error.name, error.attempts, hosts(setup)], ["CircuitOpenError", 0, "abc"]);
});

test("mirrors × rate limit: every attempt takes a token, whichever mirror it goes to", async () => {
  const setup = mirrored({ a: refused(), b: refused() }, { rateLimit: { limit: 1, intervalMs: 1_000 } });
  await setup.run(setup.client.json("x"));

  assertEquals(setup.origin.timesMs, [0, 1_000, 2_000]);
});

test("mirrors × rate limit per origin: a mirror's tokens are its own", async () => {
  const setup = mirrored({ a: refused() }, { rateLimit: { limit: 1, intervalMs: 1_000, per: "origin" } });
  await setup.run(setup.client.json("x"));

  assertEquals([hosts(setup), setup.origin.timesMs], ["ab", [0, 0]]);
});

test("mirrors × concurrency: a permit goes back before the next mirror is asked", async () => {
  const clock = new ManualClock();
  const setup = mirrored({ a: late(clock, 10, status(503)), b: late(clock, 10, OK) }, {
    concurrency: 1,
    circuitBreaker: false,
  }, clock);
  const values = await setup.run(setup.client.all(["1", "2", "3"]));

  assertEquals([values.length, setup.origin.peak, setup.origin.open], [3, 1, 0]);
});

// Headers

const SECRET = { "x-mirror-key": "of-a", authorization: "Bearer of-a" };

test("mirrors × headers: those of one mirror go to that mirror only, those of client and request to all", async () => {
  const setup = mirrored({ a: refused() }, {
    baseUrls: [
      { url: "https://a.test", headers: SECRET },
      { url: new URL("https://b.test"), headers: new Headers({ "x-mirror-key": "of-b" }) },
      "https://c.test",
    ],
    headers: { "x-client": "1" },
  });
  await setup.run(setup.client.json({ url: "x", headers: { "x-request": "1" } }));
  const [a, b] = setup.origin.sent;

  assertEquals([a?.headers.get("x-mirror-key"), a?.headers.get("authorization")], ["of-a", "Bearer of-a"]);
  assertEquals([b?.headers.get("x-mirror-key"), b?.headers.get("authorization")], ["of-b", null]);
  for (const sent of [a, b]) {
    assertEquals([sent?.headers.get("x-client"), sent?.headers.get("x-request")], ["1", "1"]);
  }
});

test("mirrors × headers × absolute URLs: an absolute URL elsewhere gets none of a mirror's headers", async () => {
  const setup = mirrored({}, { baseUrls: [{ url: "https://a.test", headers: SECRET }] });
  await setup.run(setup.client.json("https://elsewhere.test/x"));

  assertEquals(setup.origin.sent[0]?.headers.get("x-mirror-key"), null);
  assertEquals(setup.origin.sent[0]?.headers.get("authorization"), null);
});

test("mirrors × headers × redirect: a mirror's headers stay behind when it leads elsewhere, over sockets", async () => {
  const arrived: CdnRequest[] = [];
  await using elsewhere = createSimulatedCdn({
    resources: (_path, request) => {
      arrived.push(request);
      return { json: 1 };
    },
  });
  await using elsewhereServer = await elsewhere.listen();
  await using mirror = createSimulatedCdn({
    resources: () => ({ status: 302, headers: { location: `${elsewhereServer.url}/target` } }),
  });
  await using mirrorServer = await mirror.listen();
  await using client = createClient({
    baseUrls: [{ url: mirrorServer.url, headers: SECRET }],
    headers: { "x-client": "1" },
  });
  assertEquals(await client.json("x"), 1);

  assertEquals(mirror.log.entries[0]?.headers["x-mirror-key"], "of-a");
  assertEquals(arrived[0]?.headers["x-client"], "1");
  assertEquals([arrived[0]?.headers["x-mirror-key"], arrived[0]?.headers.authorization], [
    undefined,
    undefined,
  ]);
});

test("mirrors × single-flight: relative requests share one way through the mirrors", async () => {
  const setup = mirrored({ a: refused() });
  await setup.run(Promise.all([setup.client.json("x"), setup.client.json("x"), setup.client.json("./x")]));

  assert(hosts(setup).length <= 4, hosts(setup));
  assertEquals(hosts(setup).slice(0, 1), "a");
});

test("mirrors × events: each change of mirror is told, with its reason", async () => {
  const setup = mirrored({ a: status(503), b: refused() });
  await setup.run(setup.client.json("x"));

  const changes = setup.events.flatMap((event) => event.type === "mirror" ? [event] : []);
  assertEquals(changes.map(({ from, to, reason }) => [from, to, reason]), [
    ["https://a.test", "https://b.test", "503"],
    ["https://b.test", "https://c.test", "NetworkError"],
  ]);
});

test("mirrors × Client.fetch(): the first answer that is no failure is returned, and otherwise the last", async () => {
  const good = mirrored({ a: status(503), b: refused() });
  assertEquals(await (await good.run(good.client.fetch("x"))).json(), { ok: true });
  assertEquals([hosts(good), good.origin.open], ["abc", 0]);

  const bad = mirrored({ a: status(500), b: status(502), c: status(503) }, { maxRetries: 0 });
  const response = await bad.run(bad.client.fetch("x"));
  assertEquals([response.status, hosts(bad)], [503, "abc"]);
  await response.text();
  assertEquals(bad.origin.open, 0);
});

test("mirrors × Client.fetch(): whichever answer is returned, its body is whole", async () => {
  const long = "reason ".repeat(5_000);
  const failures = [status(404), status(503), refused(), text("x", { status: 500 }), status(410)];
  for (const [index, failure] of failures.entries()) {
    for (
      const replies of [{ a: text(long, { status: 503 }), b: failure }, {
        a: failure,
        b: text(long, { status: 503 }),
      }]
    ) {
      const { client, run } = mirrored(replies, {
        baseUrls: MIRRORS.slice(0, 2),
        maxRetries: 0,
        notFoundIsFinal: false,
      });
      const response = await run(client.fetch("x").catch(() => undefined));
      const body = await response?.text();

      assert(
        body === undefined || body === long || body.length <= 10,
        `${index}: ${body?.length} of ${long.length}`,
      );
    }
  }
});

test("mirrors × abort: nothing is told of a further mirror, whatever the reason is", async () => {
  const reason = new HttpError("looks like a failure", { status: 503, headers: new Headers() });
  const setup = mirrored({ a: hanging() });
  const controller = new AbortController();
  const request = watch(setup.client.json("x", { signal: controller.signal }));
  await setup.clock.advance(10);
  controller.abort(reason);
  await setup.clock.advance(10_000);

  assertStrictEquals(request.error, reason);
  assertEquals([hosts(setup), setup.events.at(-1)?.type], ["a", "settled"]);
});

test("mirrors × paths: a relative URL stays below its base, and bad ones are refused", async () => {
  const setup = mirrored({});
  await setup.run(setup.client.all(["a.json?q=1", "/a.json", "sub/../a.json", "caf%C3%A9 x"]));
  for (const { url } of setup.origin.sent) assert(url.startsWith("https://a.test/base/"), url);

  const error = await setup.run(setup.client.json("../../outside.json").catch((error) => error));
  if (error instanceof Error) assertInstanceOf(error, TypeError);
  for (const { url } of setup.origin.sent) assert(url.startsWith("https://a.test/base/"), url);
});

test("mirrors × fetch × abort: the body of the last error that is handed out ends with the caller's abort (S6)", async () => {
  for (const baseUrls of [["https://a.test"], ["https://a.test", "https://b.test"]]) {
    const { client, clock, origin } = rig(stalled("some", { status: 500 }), { baseUrls, maxRetries: 0 });
    const controller = new AbortController();
    const reading = watch(
      client.fetch("x", { signal: controller.signal }).then((response) => response.text()),
    );
    await clock.advance(10);
    assertEquals([reading.state, origin.calls], ["pending", baseUrls.length]);
    const reason = { my: "reason" };
    controller.abort(reason);
    await clock.advance(0);
    assertEquals([reading.state, reading.error], ["rejected", reason]);
    await clock.advance(1_000);
    assertEquals([clock.pending, client.stats().inFlight, origin.open], [0, 0, 0]);
  }
});

test("mirrors × fetch × total timeout: it reaches the body of the last error that is handed out (S6)", async () => {
  const { client, clock } = mirrored({
    a: stalled("some", { status: 500 }),
    b: stalled("some", { status: 500 }),
    c: stalled("some", { status: 500 }),
  }, {
    maxRetries: 0,
    totalTimeoutMs: 1_000,
  });
  const reading = watch(client.fetch("x").then((response) => response.text()));
  await clock.advance(1_000);

  assertEquals(reading.state, "rejected");
  assertInstanceOf(reading.error, TimeoutError);
  await client.close();
  await clock.advance(1_000);
  assertEquals([clock.pending, client.stats().inFlight], [0, 0]);
});

test("mirrors × retry: one that does not have it is asked once, and can't use up what the others share with it", async () => {
  for (const [miss, moveOn] of [[404, []], [410, []], [403, [403]]] as const) {
    const replies = [status(miss), status(429), status(503), status(429), OK];
    const { client, origin, run } = rig(replies, {
      baseUrls: [
        { url: "https://a.test/one/", moveOn },
        { url: "https://a.test/two/", moveOn },
      ],
      notFoundIsFinal: false,
    });
    const [outcome] = await run(client.settle(["x.json"]));
    assertEquals(outcome!.ok && outcome!.value, { ok: true });
    const [first, ...others] = origin.sent.map(({ url }) => new URL(url).pathname);
    assertEquals([first, others], ["/one/x.json", Array(4).fill("/two/x.json")]);
  }
});

test("mirrors × retry: an error tells of the one that does not have it, though it was asked in the first round only", async () => {
  const { client, origin, run } = rig([status(404), status(503)], {
    baseUrls: ["https://a.test/one/", "https://a.test/two/"],
    notFoundIsFinal: false,
    maxRetries: 2,
  });
  const error = await run(rejection(client.json("x.json")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, origin.calls], [503, 4]);
  assertEquals(error.context?.mirrors, [
    { url: "https://a.test/one/x.json", failure: "status 404" },
    { url: "https://a.test/two/x.json", failure: "status 503" },
  ]);
});

test("mirrors × 429 × retryOn × batch: an answer of no use is no sign that its origin serves others", async () => {
  const useless: readonly Reply[] = [
    status(404),
    () => new Response("<p>Not JSON</p>"),
    () => Response.json("x".repeat(200)),
    () => new Response("", { headers: { "content-length": "1000" } }),
  ];
  for (const answer of useless) {
    // The mirrors are two folders of one origin, which accepts one request a second. So the second folder is never tried.
    let takenMs = -Infinity;
    const reply: Reply = (sent) => {
      if (sent.atMs - takenMs < 1_000) return status(429, { "retry-after": "1" })(sent);
      takenMs = sent.atMs;
      return answer(sent);
    };
    const made = rig(reply, {
      baseUrls: ["https://a.test/old", "https://a.test/new"],
      notFoundIsFinal: false,
      learnLimits: false,
      maxBodyBytes: 100,
      maxRetries: 2,
      retryOn: () => undefined,
    });
    const [outcome] = await made.run(made.client.settle(["x.json"]));

    assert(outcome?.ok === false);
    assertEquals([outcome.error.name, outcome.attempts], ["HttpError", 6]);
    assertEquals(made.origin.calls, 6);
  }
});

test("mirrors × streams: a round is repeated if one mirror may do better, however the body is read", async () => {
  const pairs: readonly (readonly [passing: Reply, final: Reply, reason: string])[] = [
    [status(503), status(501), "503"],
    [status(429), status(404), "429"],
    [status(408), status(505), "408"],
    [refused(), status(410), "NetworkError"],
  ];
  const reads: readonly ((client: Client) => Promise<unknown>)[] = [
    (client) => client.text("x"),
    (client) => client.fetch("x").then((response) => response.text()),
    (client) => client.download("x", new WritableStream()),
    (client) => Array.fromAsync(client.lines("x")),
  ];
  for (const [passing, final, reason] of pairs) {
    for (
      const order of [[passing, final], [final, passing], [passing, final, final], [final, passing, final]]
    ) {
      for (const read of reads) {
        const asked = new Set<number>();
        const replies = order.map((first, index): Reply => (sent) => {
          const reply = asked.has(index) ? OK : first;
          asked.add(index);
          return reply(sent);
        });
        const setup = mirrored(Object.fromEntries(replies.map((reply, index) => ["abc"[index]!, reply])), {
          baseUrls: MIRRORS.slice(0, order.length),
          notFoundIsFinal: false,
        });

        await setup.run(read(setup.client));
        assertEquals(hosts(setup).slice(0, order.length), "abc".slice(0, order.length));
        const reasons = setup.events.flatMap((event) => event.type === "retry" ? [event.reason] : []);
        assertEquals(reasons, [reason]);
      }
    }
  }
});

test("mirrors × fetch: the last response is given when no round is left, although another mirror might do better", async () => {
  const setup = mirrored({ a: status(503), b: status(501) }, {
    baseUrls: MIRRORS.slice(0, 2),
    maxRetries: 1,
  });
  const response = await setup.run(setup.client.fetch("x"));
  assertEquals([response.status, hosts(setup)], [501, "abab"]);
});
