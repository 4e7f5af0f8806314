import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createClient, InvalidDataError, NetworkError, TimeoutError } from "../../mod.ts";
import { memoryCache } from "../../src/http_cache/mod.ts";
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
import { testBothWays, URL_A } from "../policies/rig.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });
const SECOND = "https://a.test/second";

testBothWays(
  "fetch() × permit: half-read bodies hold their permits, and no more are open than allowed",
  async (rig) => {
    const { client, clock, origin } = rig(text("x".repeat(500_000)), { concurrency: 2 });
    const responses = [await client.fetch(URL_A), await client.fetch(URL_A)];
    const third = watch(client.fetch(URL_A));
    const reader = responses[0]!.body!.getReader();
    await reader.read();
    await clock.advance(100);
    assertEquals([third.state, origin.calls, client.stats().inFlight], ["pending", 2, 2]);

    for (let done = false; !done;) done = (await reader.read()).done;
    await clock.advance(0);
    assertEquals([third.state, origin.peak], ["fulfilled", 2]);
    await responses[1]!.text();
    await third.value!.text();
    assertEquals([origin.open, client.stats().inFlight], [0, 0]);
  },
);

testBothWays(
  "fetch() × permit: a body that breaks gives its permit back, and is not retried behind the reader's back",
  async (rig) => {
    const { client, clock, origin } = rig([broken("start"), OK], { concurrency: 1 });
    const response = await client.fetch(URL_A);
    const body = watch(response.text());
    await clock.advance(0);
    assertEquals([body.state, origin.calls], ["rejected", 1]);

    assertEquals(await clock.run(client.json(SECOND)), { ok: true });
    assertEquals([origin.open, client.stats().inFlight], [0, 0]);
  },
);

testBothWays(
  "fetch() × timeout: a body that is read too slowly, or comes too slowly, is cut off",
  async (rig) => {
    const { client, clock, origin } = rig(stalled("start"), { timeoutMs: 1_000 });
    const body = watch((await client.fetch(URL_A)).text());
    await clock.advance(999);
    assertEquals(body.state, "pending");
    await clock.advance(1);

    assertEquals(body.state, "rejected");
    assert(body.error instanceof TimeoutError, String(body.error));
    assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
  },
);

testBothWays("fetch() × timeout: a body that was read in time has no timer left", async (rig) => {
  const { client, clock, origin } = rig(OK, { timeoutMs: 1_000, totalTimeoutMs: 5_000 });
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  await (await client.fetch(URL_A, { signal })).json();
  await clock.advance(0);

  assertEquals([clock.pending, origin.open, count.now], [0, 0, 0]);
});

testBothWays("fetch() × total timeout: a body that streams is ended by it as well", async (rig) => {
  const { client, clock, origin } = rig(stalled("start"), { totalTimeoutMs: 2_000, timeoutMs: 10_000 });
  const body = watch((await client.fetch(URL_A)).text());
  await clock.advance(2_000);

  assertEquals(body.state, "rejected");
  assert(body.error instanceof TimeoutError && body.error.kind === "total", String(body.error));
  assertEquals([origin.open, clock.pending], [0, 0]);
});

testBothWays(
  "fetch() × retry: the bodies of earlier attempts are gone before the last response is handed out",
  async (rig) => {
    const { client, origin, clock, run } = rig([
      stalled("", { status: 503 }),
      text("x", { status: 500 }),
      OK,
    ]);
    const response = await run(client.fetch(URL_A));

    assertEquals([response.status, origin.open, origin.calls], [200, 1, 3]);
    await response.text();
    assertEquals([origin.open, clock.pending], [0, 0]);
  },
);

testBothWays("fetch() × retry: the body of the last failure is the caller's, whole", async (rig) => {
  const long = "reason ".repeat(30_000);
  const { client, origin, run } = rig(text(long, { status: 503 }), { maxRetries: 1 });
  const response = await run(client.fetch(URL_A));

  assertEquals([response.status, response.ok, origin.calls], [503, false, 2]);
  assertEquals(await response.text(), long);
});

testBothWays("fetch() × abort: a response is not taken back by an abort after it was read", async (rig) => {
  const { client } = rig(OK);
  const controller = new AbortController();
  const response = await client.fetch(URL_A, { signal: controller.signal });
  const value = await response.json();
  controller.abort();

  assertEquals(value, { ok: true });
});

testBothWays(
  "fetch() × abort: aborts in the queue, the headers and the backoff reject with the reason",
  async (rig) => {
    for (const place of ["queue", "headers", "backoff"]) {
      const { client, clock, origin } = rig(place === "backoff" ? status(503) : hanging(), {
        concurrency: 1,
      });
      if (place === "queue") client.json(SECOND).catch(() => {});
      const controller = new AbortController();
      const response = watch(client.fetch(URL_A, { signal: controller.signal }));
      await clock.advance(100);
      const reason = { place };
      controller.abort(reason);
      await clock.advance(0);

      assertStrictEquals(response.error, reason);
      const calls = origin.calls;
      await clock.advance(100);
      assertEquals(origin.calls, calls);
    }
  },
);

testBothWays(
  "fetch() × streams: a body that is piped, teed or iterated over gives its permit back",
  async (rig) => {
    const consumers: ((response: Response) => Promise<unknown>)[] = [
      (response) => response.body!.pipeTo(new WritableStream()),
      (response) => Promise.all(response.body!.tee().map((half) => new Response(half).text())),
      (response) => Promise.all([response.clone().text(), response.text()]),
      async (response) => {
        for await (const chunk of response.body!) assert(chunk.length > 0);
      },
      async (response) => {
        for await (const _chunk of response.body!) break;
      },
      (response) => new Response(response.body, response).arrayBuffer(),
      (response) => response.blob(),
    ];
    for (const [index, consume] of consumers.entries()) {
      const { client, clock, origin } = rig(text("x".repeat(3_000)), { concurrency: 1 });
      await consume(await client.fetch(URL_A));
      await clock.advance(0);

      assertEquals([origin.open, client.stats().inFlight, clock.pending], [0, 0, 0], `${index}`);
    }
  },
);

testBothWays(
  "fetch() × what a response says: status, headers, URL and body are those of the origin",
  async (rig) => {
    const { client } = rig(
      text("content", { status: 206, headers: { "x-a": "1", "content-type": "text/x" } }),
    );
    const response = await client.fetch(URL_A);

    assertEquals([response.status, response.ok, response.url, response.bodyUsed], [206, true, URL_A, false]);
    assertEquals([response.headers.get("x-a"), response.headers.get("content-type")], ["1", "text/x"]);
    assertEquals(await response.text(), "content");
    assertEquals(response.bodyUsed, true);
  },
);

testBothWays(
  "fetch() × cache: a streamed answer can be stored, and one that breaks or is left is not",
  async (rig) => {
    const adapter = memoryCache();
    const { client, origin, run } = rig([broken('{"a":'), stalled('{"a":'), OK], {
      cache: planOf({ adapter }),
      timeoutMs: 500,
    });
    await assertRejects(async () => await (await run(client.fetch(URL_A))).text());
    await (await run(client.fetch(URL_A))).body?.cancel();
    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.calls, 3);

    assertEquals(await (await run(client.fetch(URL_A))).json(), { ok: true });
    assertEquals(origin.calls, 3);
  },
);

testBothWays(
  "fetch() × breaker: bodies that break count against the origin, and those that are left do not",
  async (rig) => {
    const { client, origin, clock } = rig(stalled("start"), {
      circuitBreaker: { threshold: 2, cooldownMs: 10_000 },
    });
    for (let index = 0; index < 5; index++) {
      await (await client.fetch(URL_A)).body?.cancel();
      await clock.advance(0);
    }

    assertEquals(origin.calls, 5);
    assertEquals(client.stats().origins["https://a.test"]?.breaker, "closed");
  },
);

testBothWays("fetch() × POST: it is sent once, whatever happens, and its body arrives", async (rig) => {
  const outcomes: [Reply, number | undefined][] = [[status(503), 503], [refused(), undefined], [OK, 200]];
  for (const [reply, code] of outcomes) {
    const { client, origin, run } = rig([reply, OK]);
    const response = await run(
      client.fetch(URL_A, { method: "POST", body: "payload", headers: { "content-type": "text/x" } })
        .catch((error) => error),
    );

    if (code === undefined) assert(response instanceof NetworkError);
    else assertEquals((response as Response).status, code);
    assertEquals(origin.calls, 1);
    assertEquals(origin.sent[0]!.headers.get("content-type"), "text/x");
    assertEquals(await new Response(origin.sent[0]!.body).text(), "payload");
  }
});

testBothWays(
  "fetch() × concurrency: a hundred callers that read slowly never have more than the limit open",
  async (rig) => {
    const clock = new ManualClock();
    const { client, origin, run } = rig(late(clock, 5, text("x".repeat(2_000))), { concurrency: 3 }, {
      clock,
    });
    const read = async (index: number): Promise<number> => {
      const response = await client.fetch(`https://a.test/${index}`);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
      return (await response.text()).length;
    };
    const lengths = await run(Promise.all(Array.from({ length: 100 }, (_, index) => read(index))));

    assertEquals(lengths, Array(100).fill(2_000));
    assertEquals([origin.peak, origin.open, client.stats().inFlight], [3, 0, 0]);
  },
);

testBothWays(
  "fetch() × abort, timeout and close end a body that streams, whatever the body itself makes of it",
  async (rig) => {
    for (const end of ["abort", "timeout", "close"]) {
      const { client, clock, origin } = rig(stalled("start"), { concurrency: 1, timeoutMs: 1_000 }, {
        deaf: true,
      });
      const controller = new AbortController();
      const response = await client.fetch(URL_A, { signal: controller.signal });
      const body = watch(response.text());
      await clock.advance(10);
      const reason = new Error(end);
      if (end === "abort") controller.abort(reason);
      else if (end === "close") client.close(reason);
      await clock.advance(end === "timeout" ? 990 : 0);

      assertEquals(body.state, "rejected", end);
      if (end === "timeout") assert(body.error instanceof TimeoutError);
      else assertStrictEquals(body.error, reason);
      assertEquals([origin.open, client.stats().inFlight, clock.pending], [0, 0, 0], end);
    }
  },
);

testBothWays("fetch() × too large: a body that streams past the limit breaks off there", async (rig) => {
  const { client, origin, clock } = rig(text("x".repeat(1_001)), { maxBodyBytes: 1_000 });
  const body = watch((await client.fetch(URL_A)).text());
  await clock.advance(250);

  assertEquals(body.state, "rejected");
  assert(body.error instanceof InvalidDataError && body.error.reason === "too-large", String(body.error));
  assertEquals([origin.open, client.stats().inFlight, clock.pending], [0, 0, 0]);
});

test("fetch() × abort, timeout and close end a body that streams, over sockets", async () => {
  for (const end of ["abort", "timeout", "close"]) {
    await using cdn = createSimulatedCdn({
      resources: { "/x.json": { json: Array(100).fill(1) } },
      faults: [{ kind: "stall", afterBytes: 10 }],
    });
    await using server = await cdn.listen();
    const clock = new ManualClock();
    await using client = createClient({ clock, timeoutMs: 1_000, concurrency: 1 });
    const controller = new AbortController();
    const response = await client.fetch(`${server.url}/x.json`, { signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    const rest = watch(reader.read());
    const reason = new Error(end);
    if (end === "abort") controller.abort(reason);
    else if (end === "close") await client.close(reason);
    else await clock.advance(1_000);
    await clock.advance(0);

    assertEquals(rest.state, "rejected", end);
    if (end === "timeout") assert(rest.error instanceof TimeoutError, String(rest.error));
    else assertStrictEquals(rest.error, reason);
    assertEquals(client.stats().inFlight, 0, end);
  }
});

testBothWays(
  "fetch() × retry × abort: the end of a body that was discarded does not cut the caller off from the one that it reads (S6)",
  async (rig) => {
    const replies = [stalled("busy", { status: 503, headers: { "retry-after": "0" } }), stalled()];
    const { client, clock, origin } = rig(replies);
    const controller = new AbortController();
    const reading = watch(
      client.fetch(URL_A, { signal: controller.signal }).then((response) => response.text()),
    );
    await clock.advance(1_000);
    assertEquals([reading.state, origin.calls], ["pending", 2]);
    controller.abort("enough");
    await clock.advance(0);

    assertEquals([reading.state, reading.error], ["rejected", "enough"]);
    assertEquals([clock.pending, client.stats().inFlight, origin.open], [0, 0, 0]);
  },
);

testBothWays("fetch() × retry × total timeout: it reaches the body of a retry, too (S6)", async (rig) => {
  const replies = [stalled("busy", { status: 503, headers: { "retry-after": "0" } }), stalled()];
  const { client, clock, origin } = rig(replies, { totalTimeoutMs: 1_000 });
  const reading = watch(client.fetch(URL_A).then((response) => response.text()));
  await clock.advance(1_000);

  assertEquals([reading.state, reading.error instanceof TimeoutError], ["rejected", true]);
  assertEquals([clock.pending, client.stats().inFlight, origin.open], [0, 0, 0]);
});
