import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import * as v from "valibot";
import {
  type ClientOptions,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  TimeoutError,
} from "../../mod.ts";
import { memoryCache } from "../../src/http_cache/mod.ts";
import type { Call } from "../../src/policies/call.ts";
import { Flights, join, leave } from "../../src/policies/single_flight.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { fakeClient, testClientsBothWays } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { gate, rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { fakeAllowance, fakeCall, type FakeCallOptions, SECRET_URL } from "./fake_call.ts";
import { RecordingCache } from "../http_cache/recording_cache.ts";
import { planOf } from "../http_cache/plan_of.ts";

const URL_A = "https://a.test/a.json";

const testBothWays = testClientsBothWays({ backoff: { jitter: "none" } });

/** Returns fifty values. */
function fifty<T>(make: (index: number) => T): T[] {
  return Array.from({ length: 50 }, (_, index) => make(index));
}

const slowly = ({ nth }: SentRequest): Answer => ({ json: { nth }, afterMs: 100, bodyMs: 100 });

testBothWays("50 concurrent requests for one URL are one fetch, and all are answered", async (setUp) => {
  const { client, clock, network } = setUp(slowly);

  const values = await clock.run(Promise.all(fifty(() => client.json(URL_A))));
  assertEquals(values, fifty(() => ({ nth: 1 })));
  assertEquals(network.sent.length, 1);
  const { requests, succeeded, cacheHits, origins } = client.stats();
  assertEquals([requests, succeeded, cacheHits.shared, origins["https://a.test"]!.attempts], [50, 50, 49, 1]);
});

testBothWays("50 concurrent requests take one permit and one token", async (setUp) => {
  const { client, clock, network } = setUp(slowly, {
    concurrency: 1,
    rateLimit: { limit: 1, intervalMs: 60_000, burst: 1 },
  });

  await clock.run(Promise.all(fifty(() => client.json(URL_A))));
  assertEquals([clock.now(), network.sent.length], [200, 1]);
});

testBothWays("A batch says which of its values were shared", async (setUp) => {
  const { client, clock } = setUp(slowly);

  const outcomes = await clock.run(client.settle([URL_A, URL_A, URL_A]));
  assertEquals(outcomes.map((outcome) => outcome.ok && outcome.from), ["network", "shared", "shared"]);
});

testBothWays(
  "A batch says of each request that shares a failure how many attempts were made for it",
  async (setUp) => {
    const { client, clock } = setUp(() => ({ status: 503 }), { maxRetries: 2 });

    const outcomes = await clock.run(client.settle([URL_A, URL_A, URL_A]));
    assertEquals(outcomes.map(({ ok, attempts }) => [ok, attempts]), [[false, 3], [false, 3], [false, 3]]);
  },
);

testBothWays("Nothing is kept: a request after the end sends a new one", async (setUp) => {
  const { client, clock } = setUp(slowly);

  assertEquals(await clock.run(client.json(URL_A)), { nth: 1 });
  assertEquals(await clock.run(client.json(URL_A)), { nth: 2 });
});

testBothWays("Shared values are objects of each caller's own", async (setUp) => {
  const { client, clock } = setUp(slowly);

  const [one, two] = await clock.run(Promise.all([client.json(URL_A), client.json(URL_A)])) as {
    nth: number;
  }[];
  assertNotStrictEquals(one, two);
  one!.nth = 77;
  assertEquals(two!.nth, 1);

  const bytes = await clock.run(Promise.all(fifty(() => client.bytes(URL_A))));
  const expected = bytes[0]!.slice();
  bytes[0]!.fill(0);
  assertEquals(new Set(bytes.map(({ buffer }) => buffer)).size, 50);
  assertEquals(bytes[49], expected);
});

testBothWays("Shared and cached bytes are copied for each caller, and for the cache", async (setUp) => {
  const cache = new RecordingCache();
  const { client } = setUp(() => ({ body: "0123456789" }), { cache: planOf({ adapter: cache }) });
  const expected = new TextEncoder().encode("0123456789");

  for (let round = 0; round < 2; round++) {
    const all = await Promise.all(fifty(() => client.bytes(URL_A)));
    for (const bytes of all) {
      assertEquals(bytes, expected);
      new Uint8Array(bytes.buffer).fill(0);
    }
  }
  assertEquals(cache.only.body, expected);
  assertEquals(await client.bytes(URL_A), expected);
});

testBothWays("One caller's abort concerns only that caller: the other 49 are answered", async (setUp) => {
  for (const leaver of [0, 7, 49]) {
    for (const afterMs of [0, 50, 150]) {
      const { client, clock, network } = setUp(slowly);
      const controller = new AbortController();
      const reason = { my: "reason" };
      const settled = fifty((n) =>
        watch(client.json(URL_A, n === leaver ? { signal: controller.signal } : {}))
      );
      await clock.advance(afterMs);
      controller.abort(reason);
      await clock.advance(0);
      assertEquals(settled[leaver]!.state, "rejected");
      assertStrictEquals(settled[leaver]!.error, reason);
      await clock.advance(200);
      assertEquals(settled.filter(({ state }) => state === "fulfilled").length, 49);
      assertEquals([network.sent.length, network.sent[0]!.signal?.aborted], [1, false]);
      assertEquals([client.stats().succeeded, client.stats().failed, clock.pending], [49, 1, 0]);
    }
  }
});

testBothWays("When all callers abort, the fetch is aborted, and nothing more is sent", async (setUp) => {
  for (const afterMs of [50, 150]) {
    const { client, clock, network } = setUp(slowly);
    const controllers = fifty(() => new AbortController());
    const settled = controllers.map(({ signal }) => watch(client.json(URL_A, { signal })));
    await clock.advance(afterMs);
    for (const controller of controllers.slice(1)) controller.abort();
    await clock.advance(0);
    assertEquals(network.sent[0]!.signal?.aborted, false);
    controllers[0]!.abort();
    await clock.advance(0);
    assert(settled.every(({ state }) => state === "rejected"));
    assertEquals([network.sent[0]!.signal?.aborted, network.open, clock.pending], [true, 0, 0]);
    await clock.advance(100_000);
    assertEquals([network.sent.length, client.stats().inFlight], [1, 0]);
  }
});

testBothWays("When all callers abort in a backoff or a queue, nothing more is sent", async (setUp) => {
  const backoff = setUp(() => ({ status: 503 }));
  const controller = new AbortController();
  const { signal } = controller;
  const all = fifty(() => rejection(backoff.client.json(URL_A, { signal })));
  await backoff.clock.advance(1_000);
  controller.abort();
  await Promise.all(all);
  await backoff.clock.advance(100_000);
  assertEquals([backoff.network.sent.length, backoff.clock.pending], [1, 0]);
});

testBothWays("A caller that comes after all others have aborted gets a fetch of its own", async (setUp) => {
  const { client, clock, network } = setUp(slowly);
  const controller = new AbortController();
  const left = [1, 2].map(() => rejection(client.json(URL_A, { signal: controller.signal })));
  await clock.advance(50);
  controller.abort();
  const late = client.json(URL_A);
  await Promise.all(left);

  assertEquals(await clock.run(late), { nth: 2 });
  assertEquals(network.sent.length, 2);
});

testBothWays("A caller that joins late, during the body, gets the same answer", async (setUp) => {
  const { client, clock, network } = setUp(slowly);
  const first = client.json(URL_A);
  await clock.advance(150);
  const late = client.json(URL_A);

  assertEquals(await clock.run(Promise.all([first, late])), [{ nth: 1 }, { nth: 1 }]);
  assertEquals([network.sent.length, clock.now()], [1, 200]);
});

testBothWays("A failure is shared too, and not repeated for each caller", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ status: 503, afterMs: 10 }), { maxRetries: 1 });

  const errors = await clock.run(Promise.all(fifty(() => rejection(client.json(URL_A)))));
  for (const error of errors) assertInstanceOf(error, HttpError);
  assertEquals([network.sent.length, client.stats().failed], [2, 50]);

  const missing = setUp(() => ({ status: 404, afterMs: 10 }));
  const outcomes = await missing.clock.run(missing.client.settle(fifty(() => URL_A), { concurrency: 20 }));
  assert(outcomes.every((outcome) => !outcome.ok && outcome.error instanceof DataNotFoundError));
  // A request that waits for another one's answer takes no place in the batch.
  assertEquals(missing.network.sent.length, 1);
});

testBothWays("A failure is not kept: a request after the end sends a new one", async (setUp) => {
  const { client, clock } = setUp(({ nth }) => nth === 1 ? { status: 500 } : { json: { nth } }, {
    maxRetries: 0,
  });

  await clock.run(rejection(client.json(URL_A)));
  assertEquals(await clock.run(client.json(URL_A)), { nth: 2 });
});

testBothWays("A retry serves all callers that wait", async (setUp) => {
  const { client, clock, network } = setUp(({ nth }) => ({ status: nth === 1 ? 503 : 200, json: { nth } }));

  const early = fifty(() => client.json(URL_A));
  await clock.advance(1_000);
  const late = client.json(URL_A);
  assertEquals(await clock.run(Promise.all([...early, late])), [...fifty(() => ({ nth: 2 })), { nth: 2 }]);
  assertEquals(network.sent.length, 2);
});

testBothWays("Truncated JSON is retried for all callers that wait", async (setUp) => {
  const { client, clock, network } = setUp(({ nth }) => nth === 1 ? { body: '{"nth":' } : { json: { nth } });

  const values = Promise.all([client.json(URL_A), client.json(URL_A)]);
  assertEquals(await clock.run(values), [{ nth: 2 }, { nth: 2 }]);
  assertEquals([network.sent.length, client.stats().inFlight], [2, 0]);
});

testBothWays(
  "A caller that joins while a schema still validates gets the same result, value or error",
  async (setUp) => {
    for (const issues of [undefined, [{ message: "no" }]]) {
      const { client, clock, network } = setUp(({ nth }) => ({ json: { nth } }));
      const { promise, open } = gate();
      const validate = (value: unknown) => promise.then(() => issues === undefined ? { value } : { issues });
      const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;

      const first = watch(client.json(URL_A, { schema }));
      await clock.advance(0);
      const late = watch(client.json(URL_A, { schema }));
      const outcome = watch(client.outcome(URL_A, { schema }));
      await clock.advance(0);
      assertEquals([first.state, late.state], ["pending", "pending"]);
      open();
      await clock.advance(0);
      const state = issues === undefined ? "fulfilled" : "rejected";
      assertEquals([first.state, late.state, outcome.state], [state, state, "fulfilled"]);
      assertEquals([outcome.value?.ok, network.sent.length], [issues === undefined, 1]);
      const { inFlight, queued } = client.stats();
      assertEquals([inFlight, queued], [0, 0]);
    }
  },
);

testBothWays("Requests with other headers do not share", async (setUp) => {
  const { client, clock, network } = setUp(({ headers }) => ({
    json: headers.get("accept-language"),
    afterMs: 10,
  }));
  const call = (language: string) => client.json(URL_A, { headers: { "accept-language": language } });

  assertEquals(await clock.run(Promise.all([call("de"), call("fr"), call("de")])), ["de", "fr", "de"]);
  assertEquals(network.sent.length, 2);
});

testBothWays("Alice's answer is never given to Bob", async (setUp) => {
  const { client, clock, network } = setUp(({ headers }) => ({
    json: headers.get("authorization") ?? headers.get("cookie"),
    afterMs: 10,
  }));
  const names = ["alice", "bob"];
  const calls = names.flatMap((name) => [
    client.json(URL_A, { headers: { Authorization: name } }),
    client.json(URL_A, { headers: { cookie: name } }),
  ]);

  assertEquals(await clock.run(Promise.all(calls)), ["alice", "alice", "bob", "bob"]);
  assertEquals(network.sent.length, 4);
});

testBothWays(
  "Headers of the same names and values share, in whatever form and case they come",
  async (setUp) => {
    const { client, clock, network } = setUp(slowly);

    await clock.run(Promise.all([
      client.json(URL_A, { headers: { "X-A": "1", "x-b": "2" } }),
      client.json(URL_A, { headers: { "x-b": "2", "x-a": "1" } }),
      client.json(URL_A, { headers: new Headers({ "x-a": "1", "X-B": "2" }) }),
    ]));
    assertEquals(network.sent.length, 1);
  },
);

testBothWays("Only GETs are shared", async (setUp) => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const { client, clock, network } = setUp(slowly);
    await clock.run(Promise.all([1, 2, 3].map(() => client.json({ url: URL_A, method, body: "1" }))));
    assertEquals(network.sent.length, 3, method);
  }
});

testBothWays(
  "A call after a change through another client of one family does not share a request from before the change",
  async (setUp) => {
    for (const [changer, reader] of [[0, 1], [1, 0], [1, 2], [2, 1], [0, 2], [1, 1]] as const) {
      for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
        let version = 1;
        const { client, clock } = setUp((request) => {
          if (request.method !== "GET") return { json: ++version, afterMs: 10 };
          return { json: version, afterMs: 100 };
        });
        const family = [client, client.extend({}), client.extend({}).extend({ headers: { "x-a": "1" } })];
        const before = family[reader]!.json(URL_A);
        await clock.advance(1);
        const change = family[changer]!.json({ url: `${URL_A}#here`, method, body: "1" });
        await clock.advance(50);
        await change;
        const after = family[reader]!.json(URL_A, { priority: 1 });
        assertEquals(await clock.run(Promise.all([before, after])), [1, 2], `${method} ${changer} ${reader}`);
      }
    }
  },
);

testBothWays(
  "A call after a change does not share a request from before, however the URL of the change was written",
  async (setUp) => {
    const one = { baseUrls: "https://a.test" };
    const two = {
      baseUrls: ["HTTPS://A.test", { url: "https://b.test/data", path: (path: string) => `v1/${path}` }],
    };
    const spellings: readonly (readonly [string, string, ClientOptions])[] = [
      ["a.json", URL_A, one],
      [URL_A, "a.json", one],
      ["a.json", "./x/../a.json", one],
      ["a.json", "/a.json#there", one],
      ["a.json", URL_A, two],
      ["a.json", "https://b.test/data/v1/a.json", two],
      ["https://b.test/data/v1/a.json", "a.json", two],
      [URL_A, "https://c.test/a.json", { baseUrls: ["https://a.test", "https://c.test"] }],
      [URL_A, "https://b.test/data/v1/a.json", two],
      ["https://b.test/data/v1/a.json", URL_A, two],
      [URL_A, "HTTPS://A.TEST:443/a.json", {}],
      [URL_A, "https://a.test/b/../a.json", {}],
      ["https://a.test", "https://a.test/#there", {}],
      ["https://a.test/é?ü", "https://a.test/%C3%A9?%C3%BC", {}],
    ];
    for (const [read, changed, options] of spellings) {
      let version = 1;
      const { client, clock } = setUp((request) => {
        if (request.method !== "GET") return { json: ++version, afterMs: 10 };
        return { json: version, afterMs: 100 };
      }, options);
      const before = client.json(read);
      await clock.advance(1);
      const change = client.json({ url: changed, method: "PUT", body: "1" });
      await clock.advance(50);
      await change;
      const after = [client.json(read), client.json(read)];
      const values = await clock.run(Promise.all([before, ...after]));
      assertEquals(values, [1, 2, 2], `${read} ${changed}`);
      assertEquals(client.stats().cacheHits.shared, 1);
    }
  },
);

testBothWays(
  "A call after a change does not share a request from before for the URL that the change was redirected to",
  async (setUp) => {
    for (const status of [303, 307, 308]) {
      let version = 1;
      const { client, clock } = setUp(slowly, {
        fetch: async (url, { method = "GET" } = {}) => {
          if (method !== "GET") version = 2;
          if (String(url) === "https://a.test/alias") {
            return new Response(null, { status, headers: { location: "/a.json#there" } });
          }
          const response = Response.json(version);
          // The first answer is slow.
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, version === 1 ? 500 : 10));
          return Object.defineProperty(response, "url", { value: String(url) });
        },
      });
      const before = client.json(URL_A);
      await clock.advance(1);
      const change = client.text({ url: "https://a.test/alias", method: "PUT", body: "1" });
      await clock.advance(50);
      await change;
      assertEquals(await clock.run(Promise.all([before, client.json(URL_A)])), [1, 2], `${status}`);
    }
  },
);

testBothWays(
  "A call after a change does not share a redirected request from before, wherever redirects led the request or the change",
  async (setUp) => {
    const paths = ["/first", "/second", "/third"];
    const baseUrls = ["https://a.test", "https://b.test"];
    const pairs = paths.flatMap((read) => paths.map((changed) => [read, changed] as const));
    for (const [read, changed] of pairs) {
      for (const [origin, options] of [[baseUrls[0], {}], [baseUrls[1], { baseUrls }]] as const) {
        let version = 1;
        const { client, clock } = setUp(slowly, {
          ...options,
          fetch: async (url, { method = "GET" } = {}) => {
            const next = paths[paths.indexOf(new URL(String(url)).pathname) + 1];
            if (next !== undefined) return new Response(null, { status: 307, headers: { location: next } });
            if (method !== "GET") version = 2;
            const response = Response.json(version);
            // The first answer is slow.
            await new Promise<void>((resolve) => void clock.setTimeout(resolve, version === 1 ? 500 : 10));
            return response;
          },
        });
        const before = client.json(`https://a.test${read}`);
        await clock.advance(1);
        const change = client.text({ url: `${origin}${changed}`, method: "PUT", body: "1" });
        await clock.advance(50);
        await change;
        const values = await clock.run(Promise.all([before, client.json(`https://a.test${read}`)]));
        assertEquals(values, [1, 2], `${read} ${origin}${changed}`);
      }
    }
  },
);

testBothWays(
  "A call after a change that was aborted, or had no more time, does not share a request from before",
  async (setUp) => {
    for (const end of ["signal", "totalTimeoutMs", "timeoutMs"]) {
      for (const isDeaf of [false, true]) {
        let version = 1;
        const { client, clock } = setUp(slowly, {
          maxRetries: 0,
          fetch: async (_url, { method = "GET", signal } = {}) => {
            const isChange = method !== "GET";
            if (isChange) version = 2;
            const response = Response.json(version);
            await new Promise<void>((resolve, reject) => {
              clock.setTimeout(resolve, isChange || version === 1 ? 500 : 10);
              if (!isDeaf) signal?.addEventListener("abort", () => reject(signal.reason));
            });
            return response;
          },
        });
        const before = client.json(URL_A);
        await clock.advance(1);
        const controller = new AbortController();
        const options = { [end]: end === "signal" ? controller.signal : 20 };
        const change = rejection(client.text({ url: URL_A, method: "PUT", body: "1" }, options));
        await clock.advance(20);
        controller.abort();
        await change;
        const values = await clock.run(Promise.all([before, client.json(URL_A)]));
        assertEquals(values, [1, 2], `${end} ${isDeaf}`);
      }
    }
  },
);

testBothWays("A client and its extensions do not share each other's requests", async (setUp) => {
  const { client, clock, network } = setUp(slowly);
  const family = [client, client.extend({}), client.extend({})];

  await clock.run(Promise.all(family.flatMap((member) => [member.json(URL_A), member.json(URL_A)])));
  assertEquals(network.sent.length, 3);
  assertEquals(family.map((member) => member.stats().cacheHits.shared), [1, 1, 1]);
});

testBothWays("A HEAD and a GET do not share", async (setUp) => {
  const { client, clock, network } = setUp(slowly);

  const [text, json] = await clock.run(
    Promise.all([client.text({ url: URL_A, method: "HEAD" }), client.json(URL_A)]),
  );
  assertEquals([text, (json as { nth: number }).nth > 0, network.sent.length], ["", true, 2]);
});

testBothWays("Each caller's schema is applied for that caller", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: { lap: "7" }, afterMs: 10 }));
  const schema = v.object({ lap: v.pipe(v.string(), v.transform(Number)) });
  const misfit = v.object({ lap: v.boolean() });

  const calls = Promise.all([
    client.json(URL_A, { schema }),
    client.json(URL_A),
    rejection(client.json(URL_A, { schema: misfit })),
    client.json(URL_A, { schema: misfit, validate: false }) as Promise<unknown>,
    client.text(URL_A),
    client.json(URL_A, { schema }),
  ]);
  const [checked, raw, error, unchecked, text, again] = await clock.run(calls);
  assertEquals([checked, raw, unchecked, text, again], [
    { lap: 7 },
    { lap: "7" },
    { lap: "7" },
    '{"lap":"7"}',
    { lap: 7 },
  ]);
  assertNotStrictEquals(checked, again);
  assertInstanceOf(error, InvalidDataError);
});

testBothWays(
  "An attempt that fails because of one caller's options does not fail the others",
  async (setUp) => {
    const { client, clock } = setUp(({ nth }) =>
      nth === 1 ? { status: 503, afterMs: 50 } : { json: { a: 1 }, afterMs: 50 }
    );
    const strict = { timeoutMs: 10, maxRetries: 0 };
    const calls = [
      watch(client.json(URL_A, strict)),
      watch(client.json(URL_A)),
      watch(client.json(URL_A, { maxRetries: 0 })),
      watch(client.json(URL_A, { maxBodyBytes: 2 })),
      watch(client.json(URL_A, { cache: "only-if-cached" })),
    ];

    await clock.advance(60_000);
    assertInstanceOf(calls[0]!.error, TimeoutError);
    assertEquals(calls[1]!.value, { a: 1 });
    assert(calls.every(({ state }) => state !== "pending"));
  },
);

testBothWays("The total deadline of one caller does not fail the others", async (setUp) => {
  for (const [first, second] of [[50, undefined], [undefined, 50]]) {
    const { client, clock, network } = setUp(slowly);
    const calls = [first, second].map((totalTimeoutMs) => watch(client.json(URL_A, { totalTimeoutMs })));
    await clock.advance(50);
    const [late, waiting] = first === undefined ? calls.toReversed() : calls;
    assertInstanceOf(late!.error, TimeoutError);
    assertEquals([late!.error.kind, waiting!.state], ["total", "pending"]);
    await clock.advance(1_000);
    assertEquals(waiting!.state, "fulfilled");
    assert(network.sent.length <= 2);
    assertEquals(clock.pending, 0);
  }
});

testBothWays("A joined request's total deadline counts from its own call", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }));
  const first = watch(client.json(URL_A, { totalTimeoutMs: 110 }));
  await clock.advance(50);
  const second = watch(client.json(URL_A, { totalTimeoutMs: 110 }));
  await clock.advance(60);

  assertEquals([first.state, second.state], ["fulfilled", "fulfilled"]);
});

testBothWays("A wait for which the first caller has no time is done for a caller that has", async (setUp) => {
  const { client, clock, network } = setUp(({ nth }) =>
    nth === 1 ? { status: 429, headers: { "retry-after": "5" }, afterMs: 9_500 } : { json: { nth } }
  );
  const options = { totalTimeoutMs: 10_000 };

  const first = watch(client.json(URL_A, options));
  await clock.advance(9_000);
  const second = watch(client.json(URL_A, options));
  await clock.advance(1_000);
  assertEquals([first.state, second.state, network.sent.length], ["rejected", "pending", 1]);
  await clock.advance(4_500);
  assertEquals([second.value, network.sent.length], [{ nth: 2 }, 2]);
});

testBothWays(
  "a fetch that began before does not answer calls with cache: 'reload' or 'no-store'",
  async (setUp) => {
    const { client, clock, network } = setUp(slowly);

    const before = client.json(URL_A);
    await clock.advance(50);
    const fresh = [client.json(URL_A, { cache: "reload" }), client.json(URL_A, { cache: "no-store" })];
    await clock.run(Promise.all([before, ...fresh]));
    assert(network.sent.length >= 2);
  },
);

testBothWays(
  "Concurrent misses of a cache are one request, and so are concurrent requests for a stale entry",
  async (setUp) => {
    const clock = new ManualClock();
    const { client, network } = setUp(({ nth }) => ({ json: nth }), {
      clock,
      cache: planOf({ adapter: memoryCache({ now: () => clock.wallNow() }), ttlMs: 1_000 }),
    });

    assertEquals(await Promise.all(fifty(() => client.json(URL_A))), fifty(() => 1));
    await clock.advance(2_000);
    assertEquals(await Promise.all(fifty(() => client.json(URL_A))), fifty(() => 2));
    assertEquals(network.sent.length, 2);
  },
);

testBothWays("Cache hits do not use single-flight: each is a value of its own", async (setUp) => {
  const { client } = setUp(() => ({ json: { a: 1 } }), { cache: planOf() });
  await client.json(URL_A);

  const values = await Promise.all(fifty(() => client.json(URL_A)));
  assertEquals(new Set(values).size, 50);
});

testBothWays("Requests share whatever their fragment, but only with the same query", async (setUp) => {
  const { client, clock, network } = setUp(slowly);

  await clock.run(Promise.all([client.json(URL_A), client.json(`${URL_A}#x`), client.json(`${URL_A}?x=1`)]));
  assertEquals(network.sent.length, 2);
});

testBothWays("Closing the client ends a shared fetch for all callers, with its reason", async (setUp) => {
  const { client, clock, network } = setUp(slowly);
  const all = fifty(() => rejection(client.json(URL_A)));
  await clock.advance(50);
  const reason = new Error("the end");
  await client.close(reason);

  for (const error of await Promise.all(all)) assertStrictEquals(error, reason);
  await clock.advance(0);
  assertEquals([network.open, clock.pending], [0, 0]);
});

for (
  const [step, of] of [[0, "one fetch"], [1, "one fetch behind a cache that does not store it"]] as const
) {
  testBothWays(
    `S15: Callers of ${of} each learn of the other mirrors, and why no attempt followed`,
    async (setUp) => {
      const { client, clock, network } = setUp(
        ({ url }) => ({ status: url.startsWith("https://a.") ? 500 : 503, afterMs: 10 }),
        {
          maxRetries: 3,
          retryBudget: { ratio: 0, minPerSecond: 0 },
          baseUrls: ["https://a.test", "https://b.test"],
          ...step === 0 ? {} : { cache: planOf({ mode: "http" }) },
        },
      );
      const errors = await clock.run(
        Promise.all(
          [0, 1, 2].map((nth) => rejection(client.json({ url: "x", maxBodyBytes: 99 + step * nth }))),
        ),
      );
      for (const error of errors) {
        assertInstanceOf(error, HttpError);
        const { context: { mirrors, notRetried }, cause, attempts, message } = error;
        assertEquals((mirrors as { failure: string }[]).map(({ failure }) => failure), [
          "status 500",
          "status 503",
        ]);
        assertInstanceOf(cause, AggregateError);
        assertEquals([attempts, notRetried], [2, "the retry budget is used up"]);
        assertEquals(message, (errors[0] as Error).message);
      }
      // Behind a cache, the second call sends the request once more, because it came after the first one began.
      assertEquals(network.sent.length, step === 0 ? 2 : 4);
    },
  );
}

test("Every caller has an end of its own in events and numbers", async () => {
  const { client, clock } = fakeClient(slowly, { backoff: { jitter: "none" } });
  const ends: unknown[] = [];
  client.on((event) => {
    if (event.type === "settled") ends.push([event.requestId, event.from, event.durationMs]);
  });

  const first = client.json(URL_A);
  await clock.advance(50);
  const second = client.json(URL_A);
  await clock.run(Promise.all([first, second]));
  assertEquals(ends.toSorted(), [[1, "network", 200], [2, "shared", 150]]);
});

testBothWays(
  "single-flight shares among calls with the same options, in whatever order they come",
  async (setUp) => {
    const { client, clock, network } = setUp(slowly);
    const plain = () => client.json(URL_A);
    const patient = () => client.json(URL_A, { timeoutMs: 50_000 });
    const urgent = () => client.json(URL_A, { priority: 9 });
    const values = await clock.run(
      Promise.all([plain(), patient(), patient(), plain(), urgent(), patient()]),
    );
    assertEquals(network.sent.length, 2);
    assertEquals<unknown[]>(values, [1, 2, 2, 1, 1, 2].map((nth) => ({ nth })));

    // A call with other options is found after the earlier call has ended.
    const controller = new AbortController();
    const first = rejection(client.json(URL_A, { signal: controller.signal }));
    const second = patient();
    await clock.advance(0);
    controller.abort();
    await first;
    const third = patient();
    assertEquals(await clock.run(Promise.all([second, third])), [{ nth: 4 }, { nth: 4 }]);
    assertEquals(network.sent.length, 4);
  },
);

/** Returns calls for this many URLs. */
function callsFor(count: number): Call[] {
  return Array.from(
    { length: count },
    (_, index) => fakeCall({ request: { url: `https://a.test/${index}` } }),
  );
}

test("Flights finds the call for the same request after any additions and removals, and grows as needed", () => {
  const random = seededRandom(3);
  const flights = new Flights();
  const calls = callsFor(1_000);
  const entered = new Set<Call>();
  for (let step = 0; step < 5_000; step++) {
    const call = calls[Math.floor(random() * calls.length)]!;
    if (entered.has(call)) {
      flights.remove(call);
      entered.delete(call);
    } else {
      assertStrictEquals(flights.enter(call), undefined);
      entered.add(call);
    }
    assertEquals(flights.size, entered.size);
  }
  for (const call of calls) {
    const other = fakeCall({ request: { url: `${call.url}#part` } });
    assertStrictEquals(flights.enter(other), entered.has(call) ? call : undefined);
    flights.remove(other);
  }
  for (const call of calls) flights.remove(call);
  assertEquals(flights.size, 0);
});

/** Enters calls into a table, and counts how many entries of the table that looks at for each of them. */
function entriesSeen(calls: readonly Call[]): number {
  const flights = new Flights();
  let seen = 0;
  for (const call of calls) {
    let chain: Call | undefined;
    const next = { get: () => (seen++, chain), set: (value: Call | undefined) => (chain = value) };
    Object.defineProperty(call, "chain", next);
  }
  for (const call of calls) assertStrictEquals(flights.enter(call), undefined);
  for (const call of calls) flights.remove(call);
  assertEquals(flights.size, 0);
  return seen / calls.length;
}

test("Flights looks at few calls for each one, wherever requests differ, and also where only their settings do", () => {
  const kinds: Readonly<Record<string, (nth: number) => FakeCallOptions>> = {
    "the end of the URL": (nth) => ({ request: { url: `https://a.test/${nth}` } }),
    "the middle of the URL": (nth) => ({ request: { url: `https://a.test/${nth}/${"x".repeat(80)}` } }),
    "a header": (nth) => ({
      request: { headers: { accept: "a/b", range: `bytes=${nth}-${nth + 9}`, cookie: "a=1" } },
    }),
    "a setting": (nth) => ({ settings: { timeoutMs: 1_000 + nth } }),
    nothing: () => ({ settings: { idempotent: false } }),
  };
  for (const [what, optionsOf] of Object.entries(kinds)) {
    const seen = entriesSeen(Array.from({ length: 2_000 }, (_, nth) => fakeCall(optionsOf(nth))));
    assert(seen < 16, `${what}: ${seen}`);
  }
});

test("Flights.remove() does nothing for a call that is not there", () => {
  const flights = new Flights();
  const [first, second] = callsFor(2) as [Call, Call];
  flights.enter(first);
  flights.remove(second);
  flights.remove(first);
  flights.remove(first);
  assertEquals(flights.size, 0);
});

test("Flights does not join calls that differ in a header, a setting or their patience, except for the priority", () => {
  const flights = new Flights();
  const first = fakeCall({ request: { headers: { accept: "a/b" } } });
  flights.enter(first);
  const same = fakeCall({ request: { headers: { accept: "a/b" } }, settings: { priority: 9 } });
  assertStrictEquals(flights.enter(same), first);
  const others = [
    fakeCall(),
    fakeCall({ request: { headers: { accept: "a/c" } } }),
    fakeCall({ request: { headers: { accept: "a/b", "x-more": "1" } } }),
    fakeCall({ request: { headers: { accept: "a/b" } }, settings: { timeoutMs: 1 } }),
    fakeCall({ request: { headers: { accept: "a/b" } }, settings: { onOpen: "wait" } }),
    // A request of a batch is more patient.
    fakeCall({ request: { headers: { accept: "a/b" } }, allowance: fakeAllowance() }),
  ];
  for (const other of others) assertStrictEquals(flights.enter(other), undefined);
  assertEquals(flights.size, 1 + others.length);
});

test("Flights joins no call that has been stopped", () => {
  const flights = new Flights();
  const [first, second] = [fakeCall(), fakeCall()];
  flights.enter(first);
  first.cancel("enough");
  assertStrictEquals(flights.enter(second), undefined);
  assertStrictEquals(flights.enter(fakeCall()), second);
});

/** A call with a number, as a client counts them. */
function numbered(id: number, options?: FakeCallOptions): Call {
  const call = fakeCall(options);
  call.id = id;
  return call;
}

test("Flights.forget() lets later calls for a URL join only calls that began since then", () => {
  const flights = new Flights();
  const other = { request: { url: "https://a.test/other" } };
  const kept = numbered(3, other);
  for (const call of [numbered(1), numbered(2, { settings: { timeoutMs: 1 } }), kept]) flights.enter(call);
  flights.forget([SECRET_URL], 3);
  assertStrictEquals(flights.enter(numbered(4, other)), kept);
  const [next, another] = [numbered(4), numbered(5, { settings: { timeoutMs: 1 } })];
  for (const call of [next, another]) assertStrictEquals(flights.enter(call), undefined);
  assertStrictEquals(flights.enter(numbered(6)), next);
  assertStrictEquals(flights.enter(numbered(7, { settings: { timeoutMs: 1 } })), another);
  flights.forget([SECRET_URL], 7);
  assertStrictEquals(flights.enter(numbered(8)), undefined);
});

test("Flights.forget() remembers a thousand URLs; after more of them, no later call joins one that began before", () => {
  const flights = new Flights();
  const first = numbered(1);
  flights.enter(first);
  for (let nth = 0; nth < 1_000; nth++) flights.forget([`https://a.test/${nth}`], 1);
  assertStrictEquals(flights.enter(numbered(2)), first);
  flights.forget(["https://a.test/more"], 2);
  const second = numbered(3);
  assertStrictEquals(flights.enter(second), undefined);
  assertStrictEquals(flights.enter(numbered(4)), second);
});

testBothWays(
  "A request that must not be sent twice is sent even while another one asks for the same",
  async (setUp) => {
    const { client, clock, network } = setUp(({ nth }) => ({ json: nth, afterMs: 50 }));
    const once = { url: URL_A, idempotent: false };

    const values = client.all([
      once,
      once,
      { ...once, idempotent: true },
      { ...once, idempotent: true },
      URL_A,
      URL_A,
    ]);
    assertEquals(await clock.run(values), [1, 2, 3, 3, 4, 4]);
    assertEquals([network.sent.length, client.stats().cacheHits.shared], [4, 2]);
  },
);

test("leave() removes one waiting caller, and leaves the others and their leader alone", () => {
  const leader = fakeCall();
  const [first, second] = [fakeCall(), fakeCall()];
  for (const call of [first, second]) join(call, leader);
  leave(first, leader);
  assertEquals([leader.flight?.members, leader.flight?.followers.length, leader.cancelled], [2, 1, false]);
  assertStrictEquals(leader.flight?.followers[0], second);
  assertStrictEquals(first.leader, undefined);
});
