import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { SimulatedCdnOptions } from "../../src/testing/cdn_options.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const BODY = "0123456789".repeat(10_000);

/** Starts a CDN, and hands over the URL of its one resource; closes everything afterwards. */
async function withServer(
  options: Partial<SimulatedCdnOptions>,
  body: (url: string, cdn: SimulatedCdn) => Promise<void>,
): Promise<void> {
  await using cdn = createSimulatedCdn({ resources: { "/a.json": BODY }, ...options });
  const server = await cdn.listen();
  await body(`${server.url}/a.json`, cdn);
  await cdn.close();
  // Nothing may be left open, whatever the client did.
  assertEquals([cdn.log.openRequests, cdn.log.openBodies, cdn.log.openSockets], [0, 0, 0]);
}

test("SimulatedCdn.listen() answers the runtime's own fetch", async () => {
  await withServer({}, async (url, cdn) => {
    const response = await fetch(`${url}?x=1`, { headers: { "X-A": "b" } });

    assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"]);
    assertEquals(response.headers.get("content-length"), "100000");
    assertEquals(await response.text(), BODY);
    await until(() => cdn.log.outcomes.complete === 1);
    const [entry] = cdn.log.entries;
    assertEquals([entry?.method, entry?.url, entry?.path, entry?.headers["x-a"]], [
      "GET",
      "/a.json?x=1",
      "/a.json",
      "b",
    ]);
    assertEquals([entry?.status, entry?.bytesSent], [200, 100_000]);
  });
});

test("SimulatedCdn.listen() keeps connections alive", async () => {
  await withServer({}, async (url, cdn) => {
    for (let index = 0; index < 50; index++) await (await fetch(url)).text();

    assertEquals([cdn.log.requests, cdn.log.sockets], [50, 1]);
  });
});

test("SimulatedCdn.listen() accepts request bodies", async () => {
  await withServer(
    { resources: (_path, { method, body }) => `${method} ${body.length}` },
    async (url, cdn) => {
      const chunks = new ReadableStream({
        start(controller) {
          for (let index = 0; index < 10; index++) {
            controller.enqueue(new TextEncoder().encode("x".repeat(1_000)));
          }
          controller.close();
        },
      });
      const put = await fetch(url, { method: "PUT", body: BODY });
      const streamed = await fetch(url, { method: "POST", body: chunks, duplex: "half" } as RequestInit);

      assertEquals([await put.text(), await streamed.text()], ["PUT 100000", "POST 10000"]);
      assertEquals(cdn.log.entries[0]?.body, BODY);
    },
  );
});

test("SimulatedCdn.listen() answers HEAD, 204, 304, 404 and chunked bodies on one connection", async () => {
  const resources = { "/a.json": { body: BODY, etag: '"1"', chunked: true }, "/none": { status: 204 } };
  await withServer({ resources }, async (url, cdn) => {
    const answers: unknown[] = [];
    const ask = async (path: string, init?: RequestInit) => {
      const response = await fetch(url.replace("/a.json", path), init);
      answers.push([response.status, (await response.text()).length, response.headers.get("content-length")]);
    };
    await ask("/a.json", { method: "HEAD" });
    await ask("/none");
    await ask("/a.json", { headers: { "if-none-match": '"1"' } });
    await ask("/missing");
    await ask("/a.json");

    assertEquals(answers, [[200, 0, null], [204, 0, null], [304, 0, null], [404, 10, "10"], [
      200,
      100_000,
      null,
    ]]);
    assertEquals(cdn.log.sockets, 1);
  });
});

test("SimulatedCdn.listen() waits and sends by its clock", async () => {
  const clock = new ManualClock({ stalledAfterMs: 30_000 });
  await withServer({ clock, latency: 3_600_000, bytesPerSecond: 1_000 }, async (url, cdn) => {
    const text = await clock.run(fetch(url).then((response) => response.text()));
    const [entry] = cdn.log.entries;

    assertEquals(text, BODY);
    assertEquals([entry?.atMs, entry?.latencyMs], [0, 3_600_000]);
    assertEquals(clock.now(), 3_700_000);
  });
});

test("SimulatedCdn.listen() breaks the connection when it refuses, resets and cuts", async () => {
  const faults: Record<string, NonNullable<SimulatedCdnOptions["faults"]>> = {
    refused: [{ kind: "refuse" }],
    reset: [{ kind: "reset" }],
    cut: [{ kind: "cut", afterBytes: 50_000 }],
    "cut at once": [{ kind: "cut", afterBytes: 0 }],
    "cut in chunks": [{ kind: "cut", framing: "chunked" }],
  };
  for (const [name, rules] of Object.entries(faults)) {
    await withServer({ faults: rules }, async (url, cdn) => {
      const whole = fetch(url).then((response) => response.text());

      await assertRejects(() => whole, TypeError, undefined, name);
      await until(() => cdn.log.openRequests === 0);
      const [entry] = cdn.log.entries;
      assertEquals(entry?.outcome, name.split(" ")[0] as "cut");
      assertEquals(entry?.status, name.startsWith("cut") ? 200 : undefined);
    });
  }
});

test("SimulatedCdn.listen() makes a cut body look complete when only the end of the connection ends it", async () => {
  await withServer({ faults: [{ kind: "cut", afterBytes: 7, framing: "close" }] }, async (url) => {
    assertEquals(await (await fetch(url)).text(), "0123456");
  });
});

test("SimulatedCdn.listen() makes statuses, waits to come back, wrong content and drips", async () => {
  const faults: SimulatedCdnOptions["faults"] = [
    { nth: 1, kind: "status", status: 503, headers: { "X-Why": "test" }, body: "<p>" },
    { nth: 2, kind: "retryAfter", delayMs: 2_000 },
    { nth: 3, kind: "wrongContent" },
    { nth: 4, kind: "drip", bytesPerSecond: 1_000_000 },
  ];
  await withServer({ faults }, async (url, cdn) => {
    const [first, second, third, fourth] = [
      await fetch(url),
      await fetch(url),
      await fetch(url),
      await fetch(url),
    ];

    assertEquals([first.status, first.headers.get("x-why"), await first.text()], [503, "test", "<p>"]);
    assertEquals([second.status, second.headers.get("retry-after")], [429, "2"]);
    assertEquals([third.status, third.headers.get("content-type")], [200, "text/html;charset=utf-8"]);
    assertEquals(await fourth.text(), BODY);
    assertEquals([cdn.log.faults.get("drip"), (await second.text()).length > 0], [1, true]);
    await third.text();
  });
});

test("SimulatedCdn.listen() notices that a client leaves, before the headers and during the body", async () => {
  const phases: Record<string, Partial<SimulatedCdnOptions>> = {
    latency: { latency: 3_600_000 },
    headers: { faults: [{ kind: "stall", phase: "headers" }] },
    stalledBody: { faults: [{ kind: "stall", afterBytes: 10 }] },
    drippingBody: { faults: [{ kind: "drip", bytesPerSecond: 1 }] },
  };
  for (const [phase, options] of Object.entries(phases)) {
    const clock = new ManualClock();
    await withServer({ clock, ...options }, async (url, cdn) => {
      const controller = new AbortController();
      const reason = { in: phase };
      const whole = fetch(url, { signal: controller.signal }).then((response) => response.text());
      const failed = whole.catch((error) => error);
      await until(() => phase.endsWith("Body") ? cdn.log.openBodies === 1 : cdn.log.openRequests === 1);
      controller.abort(reason);

      assertStrictEquals(await failed, reason);
      await until(() => cdn.log.outcomes.aborted === 1);
      assertEquals([cdn.log.openRequests, cdn.log.openBodies, clock.pending], [0, 0, 0], phase);
    });
  }
});

test("SimulatedCdn.listen() counts open requests", async () => {
  const clock = new ManualClock();
  await withServer({ clock, latency: 100, log: "counts" }, async (url, cdn) => {
    const fetched = Array.from({ length: 8 }, () => fetch(url).then((response) => response.text()));
    await until(() => cdn.log.openRequests === 8);
    await clock.advance(100);
    await Promise.all(fetched);
    await until(() => cdn.log.openRequests === 0);

    assertEquals([cdn.log.peakOpenRequests, cdn.log.requests, cdn.log.bytesSent], [8, 8, 800_000]);
    assert(cdn.log.sockets <= 8);
  });
});

test("SimulatedCdn.listen() breaks requests under way when it is closed", async () => {
  await using cdn = createSimulatedCdn({ resources: { "/": "x" }, latency: 3_600_000 });
  const server = await cdn.listen();
  const fetched = assertRejects(() => fetch(server.url), TypeError);
  await until(() => cdn.log.openRequests === 1);
  await server.close();

  await fetched;
  assertEquals([cdn.log.openRequests, cdn.log.outcomes.aborted], [0, 1]);
});
