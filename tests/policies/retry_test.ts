import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import type { FetchRequest } from "../../src/client/request.ts";
import {
  type Client,
  type ClientOptions,
  createClient,
  HttpError,
  InvalidDataError,
  isHttpError,
  isSlipstreamError,
  NetworkError,
  type RequestBody,
  type RequestSpec,
  TimeoutError,
} from "../../mod.ts";
import { MAX_TIMER_MS } from "../../src/primitives/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { microtasks } from "../support/microtasks.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { broken, FakeOrigin, hanging, json, late, refused, type Reply, status, text } from "./fake_origin.ts";
import { rig, testBothWays, URL_A } from "./rig.ts";

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"];
const OK = json({ ok: true });

/** The delays before the retries of a request that never succeeds. */
async function delaysOf(options: ClientOptions): Promise<number[]> {
  const { client, events, run } = rig(status(503), { retryBudget: false, circuitBreaker: false, ...options });
  await assertRejects(() => run(client.json(URL_A)), HttpError);
  return events.flatMap((event) => event.type === "retry" ? [event.delayMs] : []);
}

/** Returns when the second attempt follows this first answer; `undefined` if there is none. */
async function secondAttemptMs(
  first: Reply,
  options: ClientOptions = {},
): Promise<number | undefined> {
  const { client, origin, run } = rig([first, OK], options);
  await run(client.json(URL_A).catch(() => {}));
  return origin.timesMs[1];
}

// S1: what is retried

for (const code of [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]) {
  testBothWays(`retry sends another attempt after ${code} (S1)`, async (rig) => {
    const { client, origin, run } = rig([status(code), OK]);

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.calls, 2);
  });
}

for (const code of [400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 431, 451, 501, 505, 507, 525, 530]) {
  testBothWays(`retry does not repeat ${code}, even with Retry-After (S1)`, async (rig) => {
    const { client, origin, run } = rig([status(code, { "retry-after": "1" }), OK]);

    await assertRejects(() => run(client.json(URL_A)));
    assertEquals(origin.calls, 1);
  });
}

testBothWays(
  "retry sends another attempt after network errors, whatever their class and message (S1, S2)",
  async (rig) => {
    const failures: unknown[] = [
      new TypeError("fetch failed"),
      new TypeError("error sending request for url"),
      new TypeError("Invalid URL"),
      Object.assign(new Error("The socket connection was closed unexpectedly."), { code: "ECONNRESET" }),
      Object.assign(new Error("getaddrinfo ENOTFOUND a.test"), { code: "ENOTFOUND" }),
      new DOMException("the operation was aborted", "AbortError"),
      new DOMException("too late", "TimeoutError"),
      new RangeError(""),
      "a string",
      undefined,
    ];
    for (const failure of failures) {
      const { client, origin, run } = rig([refused(failure), OK]);

      assertEquals(await run(client.json(URL_A)), { ok: true }, String(failure));
      assertEquals(origin.calls, 2, String(failure));
    }
  },
);

testBothWays("retry ends in a NetworkError with the last failure as its cause (S1, S17)", async (rig) => {
  const last = new TypeError("the last one");
  const { client, origin, run } = rig([refused(), refused(), refused(), refused(last)]);

  const error = await assertRejects(() => run(client.json(URL_A)), NetworkError);
  assertEquals(origin.calls, 4);
  assertEquals([error.name, error.attempts, error.method, error.url], ["NetworkError", 4, "GET", URL_A]);
  assertEquals((error.cause as Error).message, "the last one");
});

testBothWays("retry sends another attempt after an attempt's timeout (S1, S6)", async (rig) => {
  const { client, origin, run } = rig([hanging(), OK], { timeoutMs: 500 });

  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(origin.timesMs, [0, 2_500]);
});

testBothWays(
  "retry sends another attempt when a body breaks off, in every form of result (S1)",
  async (rig) => {
    const { client, origin, run } = rig([
      broken("[1,"),
      text("[1,2]"),
      broken("te"),
      text("text"),
      broken(""),
      text("bytes"),
    ]);

    assertEquals(await run(client.json(URL_A)), [1, 2]);
    assertEquals(await run(client.text(URL_A)), "text");
    assertEquals(await run(client.bytes(URL_A)), new TextEncoder().encode("bytes"));
    assertEquals(origin.calls, 6);
  },
);

testBothWays("retry ends in a NetworkError for a body that always breaks off (S1)", async (rig) => {
  const { client, origin, run } = rig(broken());

  const error = await assertRejects(() => run(client.json(URL_A)), NetworkError);
  assertEquals([error.name, error.attempts, origin.calls], ["NetworkError", 4, 4]);
  assertEquals((error.cause as Error).message, "connection lost in the body");
});

testBothWays("retry sends another attempt when JSON is truncated (S1)", async (rig) => {
  const starts = [
    "[1,2",
    "{",
    '{"a":',
    '{"a":"b',
    '{"a":"\\u12',
    "[tru",
    "[-",
    '{"a":{"b":[1,{"c":null}',
    '"abc',
  ];
  for (const start of starts) {
    const { client, origin, run } = rig([text(start), OK]);

    assertEquals(await run(client.json(URL_A)), { ok: true }, start);
    assertEquals(origin.calls, 2, start);
  }
});

testBothWays(
  "retry tells truncated JSON from wrong JSON, at whichever byte it ends (S1)",
  async (rig) => {
    const whole =
      '{"Nürburgring 🏁":[1,-2.5e+3,true,false,null,"a\\"\\u00fc\\n"],"b":{"c":{}},"d":[],"e":"x"} ';
    const bytes = new TextEncoder().encode(whole);
    for (let length = 1; length < bytes.length; length++) {
      const start = bytes.slice(0, length);
      const { client, origin, run } = rig([() => new Response(start), text(whole)]);

      assertEquals(await run(client.json(URL_A)), JSON.parse(whole), `${length} bytes`);
      // Only missing white space at the very end goes unnoticed.
      assertEquals(origin.calls, length === bytes.length - 1 ? 1 : 2, `${length} bytes`);
    }
  },
);

testBothWays(
  "retry ends in a truncated InvalidDataError when JSON is truncated every time (S1)",
  async (rig) => {
    const { client, origin, run } = rig(text("[1,2"));

    const error = await assertRejects(() => run(client.json(URL_A)), InvalidDataError);
    assertEquals([error.reason, error.attempts, origin.calls], ["truncated", 4, 4]);
  },
);

testBothWays(
  "retry sends no other attempt for JSON that no continuation could complete (S1, S15)",
  async (rig) => {
    for (const body of ["<html>", "[1,2]]", "nope", '{"a" 1', "[1,,", "{'a'", "undefined"]) {
      const { client, origin, run } = rig([text(body), OK]);

      const error = await assertRejects(() => run(client.json(URL_A)), InvalidDataError, undefined, body);
      assertEquals([error.reason, origin.calls], ["not-json", 1], body);
    }
  },
);

for (const method of SAFE_METHODS) {
  testBothWays(`retry repeats ${method} after a 503, a network error and a timeout (S1)`, async (rig) => {
    const { client, origin, run } = rig([status(503), refused(), hanging(), OK], { timeoutMs: 100 });

    await run(client.text({ url: URL_A, method }));
    assertEquals(origin.sent.map((sent) => sent.method), Array(4).fill(method));
  });
}

for (const method of ["POST", "PATCH"]) {
  testBothWays(`retry never repeats ${method} by itself (S1)`, async (rig) => {
    for (
      const failure of [status(503), status(429, { "retry-after": "0" }), refused(), hanging(), broken()]
    ) {
      const { client, origin, run } = rig([failure, OK], { timeoutMs: 100 });

      await assertRejects(() => run(client.json({ url: URL_A, method, body: "{}" })), NetworkError);
      assertEquals(origin.calls, 1);
    }
  });

  testBothWays(`retry does not repeat ${method} when its JSON is truncated (S1)`, async (rig) => {
    const { client, origin, run } = rig([text("[1"), OK]);

    await assertRejects(() => run(client.json({ url: URL_A, method })), InvalidDataError);
    assertEquals(origin.calls, 1);
  });

  testBothWays(
    `retry repeats ${method} that is idempotent, by option or by Idempotency-Key (S1)`,
    async (rig) => {
      const marks: Partial<RequestSpec>[] = [
        { idempotent: true },
        { headers: { "Idempotency-Key": "a1" } },
        { headers: new Headers({ "idempotency-key": "a1" }) },
      ];
      for (const mark of marks) {
        const { client, origin, run } = rig([status(503), refused(), OK]);

        await run(client.json({ url: URL_A, method, body: "payload", ...mark }));
        assertEquals(origin.calls, 3);
        for (const { body } of origin.sent) assertEquals(await new Response(body).text(), "payload");
      }
    },
  );
}

testBothWays(
  "retry heeds `idempotent` in the options of a call or a batch as well as in the request (S1)",
  async (rig) => {
    const request: RequestSpec = { url: URL_A, method: "POST", body: "payload" };
    const calls: ((client: Client) => Promise<unknown>)[] = [
      (client) => client.json(request, { idempotent: true }),
      (client) => client.all([request], { idempotent: true }),
      (client) => client.json({ ...request, idempotent: true }, { idempotent: false }),
    ];
    for (const [index, call] of calls.entries()) {
      const { client, origin, run } = rig([status(503), OK]);
      await run(call(client).catch(() => {}));
      assertEquals(origin.calls, 2, `${index}`);
    }
    const { client, origin, run } = rig([status(503), OK]);
    await run(client.json(URL_A, { idempotent: false }).catch(() => {}));
    assertEquals(origin.calls, 1);
  },
);

testBothWays("retry heeds `idempotent: false`, whatever the method (S1)", async (rig) => {
  const { client, origin, run } = rig([status(503), OK]);

  await assertRejects(() => run(client.json({ url: URL_A, method: "PUT", idempotent: false })), HttpError);
  assertEquals(origin.calls, 1);
});

testBothWays("retry sends every kind of body that can be replayed again, whole (S1)", async (rig) => {
  const form = new FormData();
  form.set("name", "value");
  const bodies: [RequestBody, string][] = [
    ["text", "text"],
    [new TextEncoder().encode("bytes"), "bytes"],
    [new TextEncoder().encode("buffer").buffer, "buffer"],
    [new Blob(["blob"]), "blob"],
    [new URLSearchParams({ a: "b" }), "a=b"],
  ];
  for (const [body, expected] of bodies) {
    const { client, origin, run } = rig([status(503), OK]);
    await run(client.json({ url: URL_A, method: "PUT", body }));

    assertEquals(origin.calls, 2, expected);
    for (const sent of origin.sent) assertEquals(await new Response(sent.body).text(), expected);
  }
  const { client, origin, run } = rig([status(503), OK]);
  await run(client.json({ url: URL_A, method: "PUT", body: form }));
  for (const { body, headers } of origin.sent) {
    const type = headers.get("content-type");
    const response = new Response(body, type === null ? {} : { headers: { "content-type": type } });
    assertEquals((await response.formData()).get("name"), "value");
  }
});

testBothWays("retry never repeats a body that is a stream, idempotent or not (S1)", async (rig) => {
  const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => new Blob(["once"]).stream();
  const specs: RequestSpec[] = [
    { url: URL_A, method: "PUT", body: stream() },
    { url: URL_A, method: "POST", body: stream(), idempotent: true },
    { url: URL_A, method: "POST", body: stream(), headers: { "idempotency-key": "1" } },
  ];
  for (const spec of specs) {
    for (const failure of [status(503), refused()]) {
      const { client, origin, run } = rig([failure, OK]);
      const body = spec.body instanceof ReadableStream ? stream() : null;

      await assertRejects(() => run(client.json({ ...spec, body })), NetworkError);
      assertEquals(origin.calls, 1);
    }
  }
});

testBothWays(
  "Client.fetch() sends the body of a Request whole, and again when it retries (S1)",
  async (rig) => {
    const headers = { "content-type": "application/x-test" };
    const bodies: (BodyInit | null)[] = [
      "payload",
      new TextEncoder().encode("payload"),
      new Blob(["payload"]),
    ];
    for (const body of bodies) {
      const { client, origin, run } = rig([status(503), OK]);
      const request = new Request(URL_A, { method: "PUT", headers, body });

      const answer = client.fetch(request);
      assert(request.bodyUsed);
      assertEquals((await run(answer)).status, 200);
      assertEquals(origin.calls, 2);
      for (const sent of origin.sent) {
        assertEquals(await new Response(sent.body).text(), "payload");
        assertEquals(sent.headers.get("content-type"), "application/x-test");
      }
    }
  },
);

testBothWays(
  "Client.fetch() sends a Request with a body that is too large to keep once (S1)",
  async (rig) => {
    const { client, origin, run } = rig([status(503), OK]);
    const request = new Request(URL_A, { method: "PUT", body: "x".repeat(1_500_000) });
    assertEquals((await run(client.fetch(request))).status, 503);
    assertEquals([origin.calls, (await new Response(origin.sent[0]!.body).text()).length], [1, 1_500_000]);
  },
);

testBothWays(
  "Client.fetch() refuses a Request whose body was read before, and sends nothing (S1, S2)",
  async (rig) => {
    const read = new Request(URL_A, { method: "PUT", body: "payload" });
    await read.text();
    const locked = new Request(URL_A, { method: "PUT", body: "payload" });
    locked.body?.getReader();
    for (const request of [read, locked]) {
      const { client, origin, run } = rig(OK);

      await assertRejects(() => run(client.fetch(request)), TypeError);
      assertEquals(origin.calls, 0);
    }
  },
);

testBothWays("a body that is a locked stream is refused, and nothing is sent (S1, S2)", async (rig) => {
  const body = new Blob(["payload"]).stream();
  body.getReader();
  const { client, origin, run } = rig(OK);

  await assertRejects(() => run(client.json({ url: URL_A, method: "PUT", body })), TypeError);
  assertEquals(origin.calls, 0);
});

testBothWays("retry stops at `maxRetries`, of the request rather than of the client (S1)", async (rig) => {
  const cases: [number | undefined, number | undefined, number][] = [
    [undefined, undefined, 4],
    [0, undefined, 1],
    [1, undefined, 2],
    [1, 2, 3],
    [2, 0, 1],
  ];
  for (const [ofClient, ofRequest, calls] of cases) {
    const { client, origin, run } = rig(status(503), { maxRetries: ofClient });

    const error = await assertRejects(() => run(client.json(URL_A, { maxRetries: ofRequest })), HttpError);
    assertEquals([origin.calls, error.attempts, error.status], [calls, calls, 503]);
  }
});

testBothWays("retry does not hold a permit or take a token while it waits (S1)", async (rig) => {
  const replies: Reply = ({ url }) => url.endsWith("slow") ? status(503)(null!) : OK(null!);
  const { client, origin, clock } = rig(replies, {
    concurrency: 1,
    rateLimit: { limit: 100, intervalMs: 1_000 },
  });
  const slow = client.json("https://a.test/slow", { maxRetries: 1 }).catch(() => {});
  const others = client.settle(numberedUrls(10));
  await clock.run(others);

  assertEquals(clock.now(), 0);
  assertEquals(origin.calls, 11);
  await clock.run(slow);
  assertEquals(origin.timesMs.at(-1), 2_000);
});

testBothWays(
  "retry sends the request as it was at the call, whatever the caller changes afterwards (S1, S2)",
  async (rig) => {
    const url = new URL(URL_A);
    const headers = new Headers({ "x-name": "before" });
    const spec = { url, headers, method: "PUT" };
    const { client, origin, clock, run } = rig([status(503), OK]);
    const request = client.json(spec);
    await clock.advance(100);
    url.pathname = "/changed";
    headers.set("x-name", "after");
    spec.method = "DELETE";
    await run(request);

    const sent = origin.sent.map(({ url, method, headers }) => [url, method, headers.get("x-name")]);
    assertEquals(sent, Array(2).fill([URL_A, "PUT", "before"]));
  },
);

// S2: errors by the place where they are thrown

test("retry makes a malformed request fail once, as a TypeError, before anything is sent (S2)", async () => {
  const requests: (string | RequestSpec)[] = [
    "not a url",
    "http://",
    "https://a.test:99999/",
    "ftp://a.test/",
    "file:///etc/passwd",
    "relative/path.json",
    { url: URL_A, method: "BAD METHOD" },
    { url: URL_A, method: "CONNECT" },
    { url: URL_A, body: "a GET has none" },
    { url: URL_A, method: "HEAD", body: "nor has a HEAD" },
    { url: URL_A, headers: { "bad name": "x" } },
    { url: URL_A, headers: { "x-name": "line\nbreak" } },
  ];
  for (const request of requests) {
    const { client, origin, events, run } = rig(OK);

    const error = await assertRejects(
      () => run(client.json(request)),
      TypeError,
      undefined,
      JSON.stringify(request),
    );
    assert(error.message.length > 0);
    assertEquals(origin.calls, 0, JSON.stringify(request));
    assertEquals(events.filter(({ type }) => type === "retry"), []);
  }
});

testBothWays(
  "retry does not take an error of the caller's own schema for a network error (S2)",
  async (rig) => {
    const failure = new TypeError("fetch failed");
    const schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw failure;
        },
      },
    } as const;
    const { client, origin, run } = rig(OK);

    await assertRejects(() => run(client.json(URL_A, { schema })));
    assertEquals(origin.calls, 1);
  },
);

test("a listener that throws, in any event, changes nothing (S2)", async () => {
  const { client, origin, run } = rig([status(503), OK]);
  using _listening = client.on(() => {
    throw new TypeError("fetch failed");
  });

  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(origin.calls, 2);
});

// S3: the delays

test("retry waits 2, 4 and 8 seconds by default, and up to a second more (S3)", async () => {
  assertEquals(await delaysOf({ random: () => 0 }), [2_000, 4_000, 8_000]);
  assertEquals(await delaysOf({ random: () => 0.5 }), [2_500, 4_500, 8_500]);
});

test("retry never waits longer than `maxMs`, jitter included (S3)", async () => {
  assertEquals(
    await delaysOf({ random: () => 0.5, maxRetries: 7 }),
    [2_500, 4_500, 8_500, 16_500, 32_500, 60_000, 60_000],
  );
});

test("retry waits as long as its event says (S3)", async () => {
  const { client, origin, events, run } = rig(status(503), { random: seededRandom(7) });
  await assertRejects(() => run(client.json(URL_A)), HttpError);

  const delays = events.flatMap((event) => event.type === "retry" ? [event.delayMs] : []);
  const waited = origin.timesMs.slice(1).map((timeMs, index) => timeMs - origin.timesMs[index]!);
  assertEquals(waited, delays);
});

test("retry knows the other jitters (S3)", async () => {
  const backoff = { baseMs: 100, factor: 3, maxMs: 2_000 };
  const half = { random: () => 0.5, maxRetries: 3 };

  assertEquals(await delaysOf({ ...half, backoff: { ...backoff, jitter: "none" } }), [300, 900, 2_000]);
  assertEquals(await delaysOf({ ...half, backoff: { ...backoff, jitter: "full" } }), [150, 450, 1_000]);
  assertEquals(await delaysOf({ ...half, backoff: { ...backoff, jitter: "equal" } }), [225, 675, 1_500]);
  const decorrelated = await delaysOf({ ...half, backoff: { ...backoff, jitter: "decorrelated" } });
  assertEquals(decorrelated.length, 3);
  for (const delayMs of decorrelated) assert(delayMs >= 100 && delayMs <= 2_000, String(delayMs));
});

// S4: what the server asks for

const SECONDS_AFTER_NEW_YEAR: readonly [header: string, value: string, waitMs: number][] = [
  ["retry-after", "7", 7_000],
  ["retry-after", "0", 0],
  ["retry-after", "Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["retry-after", "Thursday, 01-Jan-26 00:00:30 GMT", 30_000],
  ["retry-after", "Thu Jan  1 00:00:30 2026", 30_000],
  ["retry-after", "Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ["retry-after", "Sunday, 06-Nov-94 08:49:37 GMT", 0],
  ["ratelimit", '"default";r=0;t=12', 12_000],
  ["ratelimit-reset", "5", 5_000],
  ["x-ratelimit-reset", "5", 5_000],
  ["x-ratelimit-reset", "1767225609", 9_000],
];

for (const code of [429, 503]) {
  for (const [header, value, waitMs] of SECONDS_AFTER_NEW_YEAR) {
    test(`retry obeys '${header}: ${value}' of a ${code} (S4)`, async () => {
      assertEquals(await secondAttemptMs(status(code, { [header]: value })), waitMs);
    });
  }
}

test("retry obeys Retry-After with every status that it retries (S4)", async () => {
  for (const code of [408, 425, 429, 500, 502, 503, 504, 520, 529]) {
    assertEquals(await secondAttemptMs(status(code, { "retry-after": "7" })), 7_000, `${code}`);
  }
});

test("retry obeys Retry-After with a status that the caller's list or function retries (S4)", async () => {
  for (const code of [400, 403, 404, 409, 423, 501]) {
    for (const retryOn of [[code], () => true]) {
      const first = status(code, { "retry-after": "7" });
      assertEquals(await secondAttemptMs(first, { retryOn, notFoundIsFinal: false }), 7_000, `${code}`);
    }
    const delayed = { retryOn: () => 40, notFoundIsFinal: false, pauseOn429: "request" as const };
    assertEquals(await secondAttemptMs(status(code, { "retry-after": "7" }), delayed), 40, `${code}`);
  }
});

testBothWays(
  "retry makes a 403 that names a wait, and is retried, pause its whole origin (S4)",
  async (rig) => {
    for (
      const headers of [
        { "retry-after": "7" },
        { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "7" },
      ] as const
    ) {
      for (const retryOn of [[403, 429], () => true]) {
        const { client, origin, clock } = rig([status(403, headers), OK], { retryOn, learnLimits: false });
        const first = client.json(URL_A);
        await clock.advance(500);
        await clock.run(client.json("https://a.test/second"));
        await clock.run(first);
        assertEquals(origin.timesMs, [0, 7_000, 7_000]);
      }
    }
    const { client, origin, clock } = rig([status(403, { "retry-after": "7" }), OK]);
    await clock.run(client.settle([URL_A, "https://a.test/second"], { concurrency: 1 }));
    assertEquals(origin.timesMs, [0, 0]);
  },
);

testBothWays(
  "a 429 without a wait makes all requests to its origin wait for the first backoff (S4)",
  async (rig) => {
    const { client, origin, clock } = rig([status(429), OK]);
    const first = client.json(URL_A);
    await clock.advance(500);
    await clock.run(client.json("https://a.test/second"));
    await clock.run(first);

    assertEquals(origin.timesMs, [0, 1_000, 1_000]);
  },
);

test("retry obeys a wait of zero once a request: after a second refusal it backs off (S4)", async () => {
  for (
    const [code, headers] of [
      [429, { "retry-after": "0" }],
      [429, { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }],
      [429, { "retry-after-ms": "0" }],
      [429, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0" }],
      [503, { "retry-after": "0" }],
      [500, { "retry-after": "0" }],
    ] as const
  ) {
    const refusal = status(code, headers);
    const { client, origin, run } = rig([refusal, refusal, refusal, OK], { backoff: { jitter: "none" } });
    assertEquals(await run(client.json(URL_A)), { ok: true });
    const gaps = origin.timesMs.slice(1).map((atMs, index) => atMs - origin.timesMs[index]!);
    assertEquals([gaps[0], gaps[1]! >= 1_000, gaps[2]! >= 1_000], [0, true, true], JSON.stringify(headers));
  }
});

testBothWays("retry loses no request where a server rounds its waits down to zero (S4)", async (rig) => {
  let [window, count] = [-1, 0];
  const refusal = status(429, { "retry-after": "0" });
  const { client, clock, run } = rig((request) => {
    const now = Math.floor(clock.now() / 1_000);
    if (now !== window) [window, count] = [now, 0];
    return (++count <= 20 ? OK : refusal)(request);
  });
  const outcomes = await run(client.settle(numberedUrls(100)));
  assertEquals(outcomes.filter(({ ok }) => !ok), []);
});

test("retry ignores a senseless Retry-After, and then looks at no other header (S4)", async () => {
  for (
    const value of [
      "soon",
      "0x10",
      "1.5.5",
      "-1",
      "",
      "inf",
      "Infinity",
      "1e3",
      "7 s",
      "1, two",
      "Wed, 21 Oct",
    ]
  ) {
    const headers = { "retry-after": value, "ratelimit-reset": "50", "x-ratelimit-reset": "50" };
    assertEquals(await secondAttemptMs(status(503, headers)), 2_000, `'${value}'`);
  }
});

test("retry ignores senseless reset headers (S4)", async () => {
  for (const header of ["ratelimit", "ratelimit-reset", "x-ratelimit-reset"]) {
    for (const value of ["soon", "", "-5", "?", '"default";t=', "NaN"]) {
      assertEquals(await secondAttemptMs(status(503, { [header]: value })), 2_000, `${header}: '${value}'`);
    }
  }
});

test("retry prefers Retry-After to the reset headers (S4)", async () => {
  const headers = { "retry-after": "3", "ratelimit-reset": "50", "x-ratelimit-reset": "50" };
  assertEquals(await secondAttemptMs(status(429, headers)), 3_000);
});

testBothWays(
  "retry fails at once, with `retryAfterMs`, when the server asks for more than `maxRetryAfterMs` (S4, S5)",
  async (rig) => {
    for (const value of ["61", "99999999", "Fri, 31 Dec 9999 23:59:59 GMT", "999999999999999999999"]) {
      for (const code of [429, 503]) {
        const { client, origin, clock, run } = rig([status(code, { "retry-after": value }), OK]);

        const error = await assertRejects(() => run(client.json(URL_A)), HttpError, undefined, value);
        assertEquals([error.status, origin.calls, clock.now()], [code, 1, 0], value);
        assert(error.retryAfterMs !== undefined && error.retryAfterMs >= 61_000, value);
        assertEquals(clock.pending, 0, value);
      }
    }
  },
);

test("retry waits for a reset in a minute, also if it is stated as a time in whole seconds, rounded up", async () => {
  const answers: Reply[] = [];
  const { client, origin, clock, run } = rig(answers);
  await clock.advance(1);
  const reset = Math.ceil((clock.wallNow() + 60_000) / 1_000);
  answers.push(status(429, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${reset}` }), OK);
  await run(client.json(URL_A));
  assertEquals(origin.timesMs[1]! - origin.timesMs[0]!, 60_999);
});

test("retry waits for exactly `maxRetryAfterMs` if it must (S4)", async () => {
  assertEquals(await secondAttemptMs(status(503, { "retry-after": "60" })), 60_000);
  assertEquals(
    await secondAttemptMs(status(503, { "retry-after": "2" }), { maxRetryAfterMs: 1_999 }),
    undefined,
  );
  assertEquals(await secondAttemptMs(status(503, { "retry-after": "2" }), { maxRetryAfterMs: 2_000 }), 2_000);
});

testBothWays("retry reports in `retryAfterMs` the wait of the last response (S4)", async (rig) => {
  const { client, run } = rig(status(503, { "retry-after": "9" }), { maxRetries: 0 });

  const error = await assertRejects(() => run(client.json(URL_A)), HttpError);
  assertEquals(error.retryAfterMs, 9_000);
});

testBothWays(
  "retry reports in `retryAfterMs` also the wait of a response that it does not repeat",
  async (rig) => {
    const used = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "90" };
    for (
      const [code, headers, expected] of [
        [403, { "retry-after": "60" }, 60_000],
        [413, { "retry-after": "5" }, 5_000],
        [403, used, 90_000],
        [403, { ...used, "x-ratelimit-remaining": "5" }, undefined],
        [403, {}, undefined],
      ] as const
    ) {
      const { client, origin, run } = rig([status(code, headers)]);
      const error = await assertRejects(() => run(client.json(URL_A)), HttpError);
      assertEquals([error.status, error.retryAfterMs, origin.calls], [code, expected, 1]);
    }
  },
);

testBothWays("retry leaves no `retryAfterMs` where the server asked for nothing (S4)", async (rig) => {
  const { client, run } = rig(status(503), { maxRetries: 0 });

  const error = await assertRejects(() => run(client.json(URL_A)), HttpError);
  assertEquals(error.retryAfterMs, undefined);
});

test("a 429 makes every request to its origin wait, and none to another (S4)", async () => {
  const reply: Reply = (sent) =>
    sent.url === URL_A && sent.atMs === 0 ? status(429, { "retry-after": "10" })(sent) : OK(sent);
  const { client, origin, clock, events } = rig(reply);
  const first = client.json(URL_A);
  await clock.advance(1_000);
  const second = client.json("https://a.test/second");
  const elsewhere = client.json("https://b.test/");
  await clock.run(Promise.all([first, second, elsewhere]));

  const times = origin.sent.map(({ url, atMs }) => [url, atMs]);
  assertEquals(times.filter(([url]) => url === "https://b.test/"), [["https://b.test/", 1_000]]);
  assertEquals(times.filter(([url]) => url === "https://a.test/second"), [["https://a.test/second", 10_000]]);
  assertEquals(times.filter(([url]) => url === URL_A), [[URL_A, 0], [URL_A, 10_000]]);
  const limited = events.flatMap((event) =>
    event.type === "rateLimited" ? [[event.origin, event.retryAfterMs]] : []
  );
  assertEquals(limited, [["https://a.test", 10_000]]);
});

testBothWays("a 429 that asks for years does not stop the others for years (S4, S5)", async (rig) => {
  const { client, clock, run } = rig([status(429, { "retry-after": "99999999" }), OK]);
  await assertRejects(() => run(client.json(URL_A)), HttpError);
  await run(client.json("https://a.test/other").catch(() => {}));

  assert(clock.now() <= 60_000, `${clock.now()} ms later`);
});

testBothWays("a 503 with Retry-After pauses its whole origin, as a 429 does (S4)", async (rig) => {
  const { client, origin, clock } = rig([status(503, { "retry-after": "10" }), OK]);
  const first = client.json(URL_A);
  await clock.advance(1_000);
  await clock.run(client.json("https://a.test/second"));
  await clock.run(first);

  assertEquals(origin.timesMs, [0, 10_000, 10_000]);
});

// S5: timers beyond 2^31 - 1 ms

testBothWays(
  "retry waits for weeks, in timers within the runtime's maximum (S5)",
  async (rig) => {
    const { client, origin, run } = rig([status(503, { "retry-after": "3000000" }), OK], {
      maxRetryAfterMs: Infinity,
    });
    await run(client.json(URL_A));

    assert(3_000_000_000 > MAX_TIMER_MS);
    assertEquals(origin.timesMs, [0, 3_000_000_000]);
  },
);

test("timeouts beyond 2^31 - 1 ms do not end a request at once, by the machine's clock (S5)", async () => {
  for (const timeoutMs of [2 ** 31, 2 ** 40, Infinity]) {
    const turn: Reply = async (sent) => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      return OK(sent);
    };
    await using client = createClient({
      fetch: new FakeOrigin(turn).fetch,
      timeoutMs,
      totalTimeoutMs: timeoutMs,
    });

    assertEquals(await client.json(URL_A), { ok: true });
  }
});

// The result when every attempt fails

testBothWays("retry ends with the failure of the last round (S1)", async (rig) => {
  const { client, run } = rig([status(503), refused(), hanging()], { timeoutMs: 100, maxRetries: 2 });

  const error = await assertRejects(() => run(client.json(URL_A)), TimeoutError);
  assertEquals([error.kind, error.timeoutMs, error.attempts], ["attempt", 100, 3]);
});

testBothWays("retry leaves no timer behind, however it ends", async (rig) => {
  const { client, clock, run } = rig([status(503), OK, status(503)], { totalTimeoutMs: 100_000 });
  await run(client.json(URL_A));
  assertEquals(clock.pending, 0);
  await assertRejects(() => run(client.json(URL_A)), HttpError);
  assertEquals(clock.pending, 0);
});

testBothWays("Client.fetch() retries by the same rules, and returns the last response (S1)", async (rig) => {
  const recovered = rig([status(503), refused(), OK]);
  assertEquals((await recovered.run(recovered.client.fetch(URL_A))).status, 200);
  assertEquals(recovered.origin.calls, 3);

  const lost = rig(status(503));
  const response = await lost.run(lost.client.fetch(URL_A));
  assertEquals([response.status, await response.text(), lost.origin.calls], [503, "status 503", 4]);

  const final = rig(status(404));
  assertEquals((await final.run(final.client.fetch(URL_A))).status, 404);
  assertEquals(final.origin.calls, 1);

  const posted = rig(status(503));
  assertEquals((await posted.run(posted.client.fetch(URL_A, { method: "POST" }))).status, 503);
  assertEquals(posted.origin.calls, 1);
});

testBothWays(
  "Client.fetch() returns the last response also when the server asks for too long a wait (S4)",
  async (rig) => {
    const { client, origin, run } = rig(status(503, { "retry-after": "9999" }));

    assertEquals((await run(client.fetch(URL_A))).status, 503);
    assertEquals(origin.calls, 1);
  },
);

testBothWays("Client.fetch() rejects with a NetworkError when no response came (S1)", async (rig) => {
  const { client, run } = rig(refused());
  const error = await assertRejects(() => run(client.fetch(URL_A)));

  assertInstanceOf(error, NetworkError);
  assertStrictEquals(error.attempts, 4);
});

// In a batch

testBothWays(
  "in a batch a 429 is no round while others are served, so that no request is lost (S4)",
  async (rig) => {
    let servedMs = -Infinity;
    // Serves one request a second, whichever it is.
    const reply: Reply = (sent) => {
      if (sent.atMs - servedMs < 1_000) return status(429, { "retry-after": "1" })(sent);
      servedMs = sent.atMs;
      return OK(sent);
    };
    const { client, run } = rig(reply, { maxRetries: 1, concurrency: 10 });
    const outcomes = await run(client.settle(numberedUrls(60)));

    assertEquals(outcomes.filter(({ ok }) => ok).length, 60);
  },
);

testBothWays(
  "a 429 is a round where no request is served, and always for a single request (S4)",
  async (rig) => {
    const { client, origin, run } = rig(status(429, { "retry-after": "1" }), { maxRetries: 2 });
    const error = await assertRejects(() => run(client.json(URL_A)), HttpError);
    assertEquals([error.status, error.attempts, origin.calls], [429, 3, 3]);
    const outcomes = await run(client.settle(numberedUrls(5)));
    assertEquals(outcomes.map(({ ok, attempts }) => [ok, attempts <= 4]), Array(5).fill([false, true]));
  },
);

testBothWays(
  "a URL that is always answered with 429 does not hold up the others of its batch (S4)",
  async (rig) => {
    for (const headers of [{ "retry-after": "1" }, undefined]) {
      const reply: Reply = (sent) => sent.url.endsWith("refused") ? status(429, headers)(sent) : OK(sent);
      const { client, clock, run } = rig(reply, { concurrency: 2 });
      const served: number[] = [];
      const urls: FetchRequest[] = numberedUrls(60);
      // One of them even has a higher priority than all others.
      urls.splice(5, 0, URL_A + "/refused", { url: URL_A + "/b/refused", priority: 1 });
      const outcomes = await run((async () => {
        const all = [];
        for await (const outcome of client.stream(urls)) {
          if (outcome.ok) served.push(clock.now());
          all.push(outcome);
        }
        return all;
      })());

      // One after the other, with a few pauses: each refused request goes ahead twice at most.
      assertEquals([outcomes.length, served.length], [62, 60]);
      assert(served.at(-1)! < 15_000, `the last one was served after ${served.at(-1)} ms`);
    }
  },
);

testBothWays(
  "a request that is refused again and again is sent in its turn, however many come after it (S4)",
  async (rig) => {
    // The other requests never end: a new one follows each that is served, sometimes with a higher priority.
    for (const priorities of [[0], [1], [0, 1, -1]]) {
      let served = 0;
      const sentAfter: number[] = [];
      const reply: Reply = (sent) => {
        if (!sent.url.endsWith("refused")) return OK(sent);
        sentAfter.push(served);
        return sentAfter.length <= 3 ? status(429, { "retry-after": "1" })(sent) : OK(sent);
      };
      const { client, run } = rig(reply, { concurrency: 1 });
      const refused = watch(client.json(URL_A + "/refused"));
      let left = 400;
      const next = async (): Promise<void> => {
        if (left-- === 0 || refused.state !== "pending") return;
        await client.json(`${URL_A}/${left}`, { priority: priorities[left % priorities.length] });
        served++;
        await next();
      };
      await run(Promise.all(Array.from({ length: 5 }, next)));

      assertEquals([refused.state, sentAfter.length], ["fulfilled", 4]);
      // Lower priorities get one turn in sixteen.
      const waits = sentAfter.slice(1).map((at, index) => at - sentAfter[index]!);
      assert(
        waits.every((wait) => wait <= (priorities.length === 1 && priorities[0] === 0 ? 6 : 100)),
        String(waits),
      );
    }
  },
);

testBothWays(
  "a request that was told when to come again goes before requests that were never sent (S4)",
  async (rig) => {
    const reply: Reply = (sent) => sent.atMs === 0 ? status(429, { "retry-after": "5" })(sent) : OK(sent);
    const { client, origin, clock, run } = rig(reply, { concurrency: 1 });
    const first = client.json("https://a.test/first");
    await clock.advance(1_000);
    const others = numberedUrls(3).map((url) => client.json(url));
    await run(Promise.all([first, ...others]));

    assertEquals(origin.sent.map(({ url }) => url.split("/").at(-1)), ["first", "first", "0", "1", "2"]);
  },
);

testBothWays(
  "retries of a batch go early when it has nothing else to send and its origin answers others",
  async (rig) => {
    const seen = new Set<string>();
    const reply: Reply = (sent) => {
      const isFirst = !seen.has(sent.url);
      seen.add(sent.url);
      return isFirst && sent.url.endsWith("/0") ? status(503)(sent) : OK(sent);
    };
    const { client, origin, run } = rig(reply);
    const outcomes = await run(client.settle(numberedUrls(3)));
    assertEquals(outcomes.filter(({ ok }) => ok).length, 3);
    assertEquals(origin.timesMs, [0, 0, 0, 250]);
  },
);

/** What tells a retry how long to wait, or makes its lane more than that of a new origin. */
const WAITS: Readonly<Record<string, [Reply, ClientOptions, number]>> = {
  "a 429 that names it, for one request": [
    status(429, { "retry-after": "5" }),
    { pauseOn429: "request" },
    5_000,
  ],
  "a 500 that names it": [status(500, { "retry-after": "5" }), {}, 5_000],
  "a 502 that names it": [status(502, { "retry-after": "5" }), {}, 5_000],
  "a 408 that names it": [status(408, { "retry-after": "5" }), {}, 5_000],
  "a 425 that names it": [status(425, { "retry-after-ms": "3000" }), {}, 3_000],
  "retryOn, of a 503": [status(503), { retryOn: () => 4_000 }, 4_000],
  "retryOn, of a 403": [status(403), { retryOn: ({ status }) => status === 403 ? 4_000 : undefined }, 4_000],
  "retryOn, of a broken connection": [
    () => Promise.reject(new TypeError("reset")),
    { retryOn: () => 4_000 },
    4_000,
  ],
  "the backoff of the client": [status(503), { backoff: { jitter: "none", baseMs: 1_500 } }, 3_000],
  "a 429 that names none, for one request": [
    status(429),
    { pauseOn429: "request", random: () => 0 },
    2_000,
  ],
};

for (const [name, [refusal, options, waitMs]] of Object.entries(WAITS)) {
  testBothWays(
    `retries of a batch wait as long as ${name} says, even if nothing else is to be sent`,
    async (rig) => {
      const seen = new Set<string>();
      const reply: Reply = (sent) => {
        const isFirst = !seen.has(sent.url);
        seen.add(sent.url);
        return isFirst && sent.url.endsWith("/0") ? refusal(sent) : OK(sent);
      };
      const { client, origin, run } = rig(reply, options);
      const outcomes = await run(client.settle(numberedUrls(3)));
      assertEquals(outcomes.filter(({ ok }) => ok).length, 3);
      assertEquals(origin.timesMs, [0, 0, 0, waitMs]);
    },
  );
}

const AMPLE = { limit: 1_000, intervalMs: 1_000, burst: 1_000 };
/** Answers and options that make a lane keep count, without holding anything up. */
const COUNTED: Readonly<Record<string, [Record<string, string>, ClientOptions]>> = {
  "responses that state a limit": [{ ratelimit: "r=900;t=60", "ratelimit-policy": "1000;w=60" }, {}],
  "responses that state what is left": [{
    "x-ratelimit-limit": "1000",
    "x-ratelimit-remaining": "900",
    "x-ratelimit-reset": "60",
  }, {}],
  "a limit for each key": [{}, { limitKey: () => "key", rateLimit: { ...AMPLE, per: "key" } }],
  "a limit for each origin": [{}, { rateLimit: { ...AMPLE, per: "origin" } }],
};

for (const [name, [headers, options]] of Object.entries(COUNTED)) {
  testBothWays(
    `retries of a batch go early beside ${name}, as long as the limit is not used up`,
    async (rig) => {
      const seen = new Set<string>();
      const reply: Reply = (sent) => {
        const isFirst = !seen.has(sent.url);
        seen.add(sent.url);
        const isRefused = isFirst && sent.url.endsWith("/0");
        return isRefused ? status(503, headers)(sent) : json({ ok: true }, { headers })(sent);
      };
      const { client, origin, run } = rig(reply, options);
      await run(client.settle(numberedUrls(3)));
      assertEquals(origin.timesMs.at(-1), 250);
    },
  );
}

testBothWays("retries of a batch go early where only one mirror is not down", async (rig) => {
  const seen = new Set<string>();
  const reply: Reply = (sent) => {
    if (sent.url.startsWith("https://down.test")) return refused()(sent);
    const isFirst = !seen.has(sent.url);
    seen.add(sent.url);
    return isFirst && sent.url.endsWith("/late") ? status(503)(sent) : OK(sent);
  };
  const baseUrls = ["https://down.test", "https://a.test"];
  const { client, origin, run } = rig(reply, { baseUrls, circuitBreaker: { threshold: 2 } });
  for (const name of ["first", "second"]) await run(client.json(name));
  const sinceMs = origin.timesMs.at(-1)!;
  await run(client.settle(["data/late", "data/1", "data/2"]));
  assertEquals(origin.timesMs.at(-1)! - sinceMs, 250);
});

testBothWays("retries of a single request never go early", async (rig) => {
  const { client, origin, clock } = rig([status(503), OK]);
  const first = client.json(URL_A);
  await clock.advance(100);
  await clock.run(client.json("https://a.test/other"));
  await clock.run(first);
  assertEquals(origin.timesMs, [0, 100, 2_000]);
});

testBothWays(
  "a certificate that is not trusted is tried once at each mirror (S1, S15)",
  async (rig) => {
    const untrusted = () => Object.assign(new Error("Cannot trust it"), { name: "CertificateError" });
    for (
      const [baseUrls, calls] of [["https://a.test", 1], [["https://a.test", "https://b.test"], 2]] as const
    ) {
      const { client, origin, run } = rig(() => Promise.reject(untrusted()), { baseUrls });
      await assertRejects(() => run(client.json("/x")), NetworkError, "Cannot trust it");
      assertEquals(origin.calls, calls);
    }
  },
);

test("retry does not get in line again for a request that is aborted at any moment between two rounds", async () => {
  for (let count = 0; count < 30; count++) {
    const controller = new AbortController();
    const clock = new ManualClock();
    const replies = [status(429, { "retry-after": "1" }), late(clock, 100, OK)];
    const { client, events } = rig(replies, { concurrency: 1, maxQueue: 1 }, { clock });
    const failed = watch(client.json(URL_A, { signal: controller.signal }));
    client.on(({ type }) => {
      if (type === "retry") void microtasks(count).then(() => controller.abort("enough"));
    });
    await clock.advance(5_000);
    assertEquals(failed.error, "enough");
    const settledAt = events.findIndex(({ type }) => type === "settled");
    assertEquals(events.slice(settledAt + 1).map(({ type }) => type), [], `after ${count} microtasks`);
    // One request is sent, and the other one is alone in line.
    const both = Promise.all([client.json(URL_A), client.json(`${URL_A}?2`)]);
    assertEquals(await clock.run(both), [{ ok: true }, { ok: true }]);
  }
});

testBothWays(
  "a retry goes by its request's priority, before all waiting requests of a lower one",
  async (rig) => {
    const clock = new ManualClock();
    let isFirst = true;
    const reply: Reply = ({ url }) => {
      const fails = url === URL_A && isFirst;
      if (fails) isFirst = false;
      return late(clock, 100, fails ? status(503) : OK)({ url } as Parameters<Reply>[0]);
    };
    const { client, origin, run } = rig(reply, { concurrency: 1 }, { clock });
    const important = client.json(URL_A, { priority: 5 });
    const others = numberedUrls(40).map((url) => client.json(url));
    await run(Promise.all([important, ...others]));
    const nth = origin.sent.map(({ url }) => url).lastIndexOf(URL_A);
    // As soon as the backoff of two seconds is over.
    assertEquals(origin.timesMs[nth], 2_100);
  },
);

for (
  const [what, why, answer, options] of [
    [
      "a 503 and a minute",
      "it would have to wait longer than 'maxRetryAfterMs'",
      status(503, { "retry-after": "61" }),
      {},
    ],
    ["a 429", "it would have to wait longer than 'maxRetryAfterMs'", status(429, { "retry-after": "9" }), {
      maxRetryAfterMs: 5_000,
    }],
    ["a 503", "it would come after 'totalTimeoutMs'", status(503), { totalTimeoutMs: 1_000 }],
    ["a 503 and 2 s", "it would come after 'totalTimeoutMs'", status(503, { "retry-after": "2" }), {
      totalTimeoutMs: 1_000,
    }],
    ["a broken connection", "it would come after 'totalTimeoutMs'", refused(), { totalTimeoutMs: 1_000 }],
  ] as readonly (readonly [string, string, Reply, ClientOptions])[]
) {
  testBothWays(`an error after ${what} says that there was no further attempt, as ${why}`, async (rig) => {
    const { client, origin, run } = rig(answer, options);
    const outcome = await run(client.outcome(URL_A));
    assert(!outcome.ok && isSlipstreamError(outcome.error));
    const { context, message } = outcome.error;
    assertEquals([context, origin.calls], [{ notRetried: why }, 1]);
    if (!isHttpError(outcome.error)) return;
    const attempts = `1 attempt; no further one, as ${why}`;
    assertEquals(message, `GET ${URL_A} was answered with ${outcome.error.status} (${attempts})`);
  });
}

for (
  const [what, why, answer, breaker] of [
    ["a breaker that opens", "the circuit breaker of its origin is open", status(503), { onOpen: "fail" }],
    ["an outage", "its origin was down for longer than 'patienceMs'", status(503), {}],
    ["an origin that never answers", "nothing has ever come from its origin", refused(), {}],
    ["an outage and a deadline", "it would come after 'totalTimeoutMs'", status(503), { cooldownMs: 40_000 }],
  ] as const
) {
  testBothWays(
    `after ${what}, every request of a batch says why there was no further attempt`,
    async (rig) => {
      const { client, run } = rig(answer, {
        circuitBreaker: { threshold: 4, cooldownMs: 3_000, ...breaker },
        ...("cooldownMs" in breaker ? { totalTimeoutMs: 20_000 } : {}),
      });
      const outcomes = await run(client.settle(numberedUrls(4)));
      const reasons = outcomes.map((outcome) =>
        !outcome.ok && isSlipstreamError(outcome.error) && outcome.error.context.notRetried
      );
      assertEquals(reasons, [why, why, why, why]);
    },
  );
}

testBothWays(
  "an error says that there was no further attempt, as it was in line for longer than 'maxQueueMs'",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => sent.url === URL_A ? status(503)(sent) : late(clock, 9_000, OK)(sent);
    const { client, run } = rig(reply, { concurrency: 1, maxQueueMs: 3_000 }, { clock });
    const failed = client.outcome(URL_A);
    await clock.advance(100);
    const [outcome] = await run(Promise.all([failed, client.json(`${URL_A}?slow`)]));
    assert(!outcome.ok && isSlipstreamError(outcome.error));
    assertEquals(outcome.error.context, { notRetried: "it was in line for longer than 'maxQueueMs'" });
  },
);

testBothWays(
  "an error of a request that may not be sent twice gives no further reason",
  async (rig) => {
    const { client, run } = rig(status(503, { "retry-after": "61" }), { totalTimeoutMs: 1_000 });
    const outcome = await run(client.outcome({ url: URL_A, json: 1 }));
    assert(!outcome.ok && isSlipstreamError(outcome.error));
    assertEquals(outcome.error.context, {});
  },
);

for (
  const [why, options, most] of [
    ["three more 429s than rounds, as long as the origin serves others", {}, 7],
    ["its own maxRetries", { maxRetries: 3 }, 4],
    ["the usual number of rounds where a 429 pauses nothing but its request", { pauseOn429: "request" }, 4],
  ] as const
) {
  testBothWays(`a single call that is refused again and again has ${why} (S4)`, async (rig) => {
    const { client, clock, origin, run } = rig(async (sent) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
      return (sent.url === URL_A ? status(429) : OK)(sent);
    }, options);
    await run(client.outcome(`${URL_A}/first`));
    const call = watch(client.outcome(URL_A));
    while (call.state === "pending") {
      assert((await run(client.outcome(`${URL_A}/other`))).ok);
      await clock.advance(200);
    }
    assertEquals([call.value?.ok, call.value?.attempts], [false, most]);
    assert(origin.calls > most);
  });
}

testBothWays(
  "a single call that is refused while no other is served has the usual number of rounds (S4)",
  async (rig) => {
    const { client, run } = rig(status(429));
    const result = await run(client.outcome(URL_A));
    assertEquals([result.ok, result.attempts], [false, 4]);
  },
);
