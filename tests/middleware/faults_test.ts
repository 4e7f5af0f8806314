import { assertEquals, assertThrows } from "@std/assert";
import { createClient, isHttpError, isInvalidDataError, isNetworkError, isTimeoutError } from "../../mod.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { faults, type FaultsOptions } from "../../src/middleware/faults.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { type FakeClient, fakeClient } from "../client/fake_client.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";

function faulty(rules: readonly FaultRule[], options: FaultsOptions = {}): FakeClient {
  return fakeClient(() => ({ json: ["right"], headers: { "content-length": "9" } }), {
    maxRetries: 0,
    timeoutMs: 1_000,
    use: [faults(rules, options)],
  });
}

/** Returns the result of a request, and how many were sent. */
async function resultOf(rule: FaultRule): Promise<{ result: unknown; sent: number }> {
  const { client, clock, network } = faulty([rule]);
  const value = client.json(URL_A).catch((error: unknown) => error);
  await clock.advance(2_000);
  const result = await value;
  assertEquals([network.open, client.stats().inFlight], [0, 0]);
  return { result, sent: network.sent.length };
}

test("faults() does not change requests that no rule matches", async () => {
  assertEquals(await resultOf({ kind: "reset", match: "/other" }), { result: ["right"], sent: 1 });
});

test("faults() breaks connections before anything is sent", async () => {
  for (const kind of ["refuse", "reset"] as const) {
    const { result, sent } = await resultOf({ kind });
    assertEquals([isNetworkError(result), isHttpError(result), sent], [true, false, 0]);
  }
});

test("faults() answers with statuses and pages itself", async () => {
  const status = await resultOf({ kind: "status", status: 503 });
  assertEquals([isHttpError(status.result) && status.result.status, status.sent], [503, 0]);
  for (const rule of [{ kind: "wrongContent" }, { kind: "wrongContent", content: "html" }] as const) {
    const page = await resultOf(rule);
    assertEquals([isInvalidDataError(page.result), page.sent], [true, 0]);
  }
  const json = await resultOf({ kind: "wrongContent", content: "json" });
  assertEquals([json.result, json.sent], [{ message: "not what you asked for" }, 0]);
});

test("faults() damages bodies from the network", async () => {
  for (const rule of [{ kind: "cut" }, { kind: "cut", framing: "chunked", afterBytes: 1 }] as const) {
    const cut = await resultOf(rule);
    assertEquals([isNetworkError(cut.result), cut.sent], [true, 1]);
  }
  for (
    const rule of [{ kind: "cut", framing: "close" }, { kind: "wrongContent", content: "truncated" }] as const
  ) {
    const short = await resultOf(rule);
    assertEquals([isInvalidDataError(short.result), short.sent], [true, 1]);
  }
  assertEquals(await resultOf({ kind: "wrongContent", content: "empty" }), { result: undefined, sent: 1 });
});

test("faults() halves a body by its announced length if that counts its bytes, else by its first chunk", async () => {
  const pieces = ["12", "3456", "78"];
  for (const coding of [undefined, "gzip"]) {
    const respond = () => {
      const body = new ReadableStream({
        start(controller) {
          for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
          controller.close();
        },
      });
      const headers = {
        "content-length": "8",
        ...coding === undefined ? {} : { "content-encoding": coding },
        "x-own": "1",
      };
      return Promise.resolve(new Response(body, { status: 404, statusText: "Lost", headers }));
    };
    await using client = createClient({
      fetch: respond,
      use: [faults([{ kind: "wrongContent", content: "truncated" }])],
    });
    const response = await client.fetch(URL_A);
    const { status, statusText, headers } = response;
    assertEquals([status, statusText, headers.get("x-own"), headers.has("content-length")], [
      200,
      "Lost",
      "1",
      false,
    ]);
    assertEquals(await response.text(), coding === undefined ? "1234" : "1");
  }
});

test("faults() stalls before the headers or in the body, until the attempt times out", async () => {
  const headers = await resultOf({ kind: "stall", phase: "headers" });
  assertEquals([isTimeoutError(headers.result), headers.sent], [true, 0]);
  const body = await resultOf({ kind: "stall", afterBytes: 3 });
  assertEquals([isTimeoutError(body.result), body.sent], [true, 1]);
});

test("faults() delays answers, and sends them slowly", async () => {
  for (const rule of [{ kind: "slow", latency: 300 }, { kind: "drip", bytesPerSecond: 30 }] as const) {
    const { client, clock } = faulty([rule]);
    let isThere = false;
    const value = client.json(URL_A).finally(() => isThere = true);
    await clock.advance(299);
    assertEquals(isThere, false);
    await clock.advance(1);
    assertEquals(await value, ["right"]);
  }
});

test("faults() causes retries, pauses and moves to mirrors as if the origin had failed", async () => {
  const { client, clock, network } = fakeClient(({ url }) => ({ json: url }), {
    baseUrls: ["https://a.test", "https://b.test"],
    use: [faults([
      { kind: "refuse", mirror: "https://a.test", times: 1 },
      { kind: "retryAfter", delayMs: 5_000, match: "/paused", times: 1 },
    ])],
  });
  assertEquals(await client.json("moved"), "https://b.test/moved");
  const paused = client.json("https://c.test/paused");
  await clock.advance(4_999);
  assertEquals(network.sent.length, 1);
  await clock.advance(2_001);
  assertEquals(await paused, "https://c.test/paused");
});

test("faults() opens breakers", async () => {
  const { client } = fakeClient(() => ({ json: 1 }), {
    maxRetries: 0,
    circuitBreaker: { threshold: 3, cooldownMs: 1_000 },
    use: [faults([{ kind: "refuse" }])],
  });
  for (let count = 0; count < 3; count++) await client.outcome(URL_A);
  assertEquals(client.stats().origins["https://a.test"]?.breaker, "open");
});

test("faults() also strikes the hops of redirects", async () => {
  const { client, network } = fakeClient(
    ({ url }) => url === URL_A ? { status: 302, headers: { location: "/y" } } : { json: 1 },
    { maxRetries: 0, use: [faults([{ kind: "status", status: 500, match: "/y" }])] },
  );
  const outcome = await client.outcome(URL_A);
  assertEquals([outcome.ok, network.sent.length], [false, 1]);
});

test("faults() answers HEAD without a body", async () => {
  const { client } = faulty([{ kind: "status", status: 404 }]);
  const response = await client.fetch(URL_A, { method: "HEAD" });
  assertEquals([response.status, response.body, response.url], [404, null, URL_A]);
});

test("faults() shows no secret of a URL", async () => {
  const { client } = faulty([{ kind: "refuse" }]);
  const error = await client.json("https://a.test/?token=secret").catch((error: Error) => error) as Error;
  assertEquals(String(error.message + (error.cause as Error).message).includes("secret"), false);
});

test("faults() gives the same faults with a seeded random", async () => {
  const urls = numberedUrls(40);
  const runs = await Promise.all([1, 1, 2].map(async (seed) => {
    const { client } = faulty([{ kind: "status", status: 404, probability: 0.5 }], {
      random: seededRandom(seed),
    });
    return (await client.settle(urls, { concurrency: 1 })).map(({ ok }) => ok).join();
  }));
  assertEquals([runs[0] === runs[1], runs[0] === runs[2]], [true, false]);
});

test("faults() damages real bodies over sockets", async () => {
  await using server = serveHandler(() => Response.json(Array.from({ length: 10_000 }, (_, id) => id)));
  const { client } = fakeClient(() => ({}), {
    fetch: globalThis.fetch,
    maxRetries: 0,
    use: [faults([{ kind: "cut", nth: 1 }, { kind: "wrongContent", content: "truncated", nth: 2 }])],
  });
  assertEquals(isNetworkError(await client.json(server.url).catch((error) => error)), true);
  assertEquals(isInvalidDataError(await client.json(server.url).catch((error) => error)), true);
  assertEquals((await client.json<number[]>(server.url)).length, 10_000);
});

test("faults() refuses senseless rules and options", () => {
  const wrong: [unknown, unknown, string][] = [
    [undefined, {}, "Cannot create faults as 'faults' must be an array"],
    [[{ kind: "explode" }], {}, "'faults[0].kind' must be one of"],
    [[{ kind: "slow", latency: -1 }], {}, "'latency' must be a number of at least 0"],
    [[], null, "the options must be an object"],
    [[], { random: 1 }, "'random' must be a function"],
    [[], { seed: 1 }, "'seed' is not an option"],
  ];
  for (const [rules, options, message] of wrong) {
    assertThrows(() => faults(rules as FaultRule[], options as FaultsOptions), Error, message);
  }
});
