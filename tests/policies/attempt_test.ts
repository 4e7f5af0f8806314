import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  type ClientOptions,
  createClient,
  HttpError,
  InvalidDataError,
  NetworkError,
  TimeoutError,
} from "../../mod.ts";
import { buildPipeline } from "../../src/client/pipeline.ts";
import { Lane } from "../../src/lanes/lane.ts";
import type { CdnRequest } from "../../src/middleware/faults/cdn_request.ts";
import { admit } from "../../src/policies/admit.ts";
import { attempt } from "../../src/policies/attempt.ts";
import type { Deadlines } from "../../src/primitives/deadline_queue.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { mortalDeadlines } from "../lanes/mortal_deadlines.ts";
import { schedulerOn } from "../lanes/scheduler_on.ts";
import { microtasks } from "../support/microtasks.ts";
import { ownedControllers } from "../support/owned_controllers.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import {
  broken,
  endless,
  FakeOrigin,
  hanging,
  json,
  late,
  lateBody,
  refused,
  type Reply,
  stalled,
  status,
  text,
} from "./fake_origin.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";
import { nextEvent } from "./next_event.ts";
import { rig, testBothWays, URL_A } from "./rig.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });
const KIB = 1_024;

/** Options for real sockets: retries without pauses, and nothing that would hold an attempt back. */
const AT_ONCE: ClientOptions = {
  backoff: { baseMs: 0, jitter: "none" },
  retryBudget: false,
  circuitBreaker: false,
};

// S6: deadlines

testBothWays("every attempt has a timeout of its own (S6)", async (rig) => {
  const clock = new ManualClock();
  const { client, origin, run } = rig(
    [hanging(), late(clock, 900, OK)],
    { timeoutMs: 1_000 },
    { clock },
  );

  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(origin.timesMs, [0, 3_000]);
  assertEquals(clock.now(), 3_900);
});

testBothWays("a timeout covers the body as well as the headers (S6)", async (rig) => {
  const { client, clock, run } = rig(stalled(), { timeoutMs: 1_000, maxRetries: 0 });

  const error = await assertRejects(() => run(client.json(URL_A)), TimeoutError);
  assertEquals([error.kind, error.timeoutMs, error.attempts, clock.now()], ["attempt", 1_000, 1, 1_000]);
});

testBothWays("headers and body share one timeout (S6)", async (rig) => {
  const clock = new ManualClock();
  const slow: Reply = async (sent) => await late(clock, 600, lateBody(clock, 600, "{}"))(sent);
  const { client, run } = rig(slow, { timeoutMs: 1_000, maxRetries: 0 }, { clock });

  await assertRejects(() => run(client.json(URL_A)), TimeoutError);
  assertEquals(clock.now(), 1_000);
});

testBothWays(
  "a timeout starts when the attempt is sent, not while it waits for a permit or a token (S6)",
  async (rig) => {
    const clock = new ManualClock();
    const { client, origin, run } = rig(late(clock, 900, OK), {
      timeoutMs: 1_000,
      concurrency: 1,
      rateLimit: { limit: 1, intervalMs: 5_000 },
    }, { clock });
    const outcomes = await run(client.settle(["https://a.test/1", "https://a.test/2", "https://a.test/3"]));

    assertEquals(outcomes.map(({ ok }) => ok), [true, true, true]);
    assertEquals(origin.timesMs, [0, 5_000, 10_000]);
  },
);

test("on the general way a fetch that ignores its signal is written off after `timeoutMs`, with a warning without secrets", async () => {
  const replies = [hanging(), OK];
  const { client, clock, events, origin } = rig(replies, { concurrency: 1, maxRetries: 0 }, { deaf: true });
  const first = watch(client.json(`${URL_A}?token=secret`, { timeoutMs: 100 }));
  const next = watch(client.json(`${URL_A}?2`));
  await clock.advance(199);
  assertEquals([first.error instanceof TimeoutError, next.state, origin.calls], [true, "pending", 1]);
  await clock.advance(1);
  assertEquals([next.state, origin.calls], ["fulfilled", 2]);
  const warnings = events.filter(({ type }) => type === "warning");
  assertEquals(warnings.map(({ atMs }) => atMs), [200]);
  assertEquals(JSON.stringify(warnings).includes("secret"), false);
});

testBothWays("a timeout ends the wait even if `fetch` ignores signals (S6)", async (rig) => {
  for (const reply of [hanging(), stalled()]) {
    const { client, clock, run } = rig(reply, { timeoutMs: 1_000, maxRetries: 0 }, { deaf: true });

    await assertRejects(() => run(client.json(URL_A)), TimeoutError);
    assertEquals(clock.now(), 1_000);
  }
});

testBothWays(
  "an `isFailure` that throws counts the error as a failure, and the caller gets the error",
  async (rig) => {
    const replies: readonly (readonly [Reply, new (message: string, options: never) => Error])[] = [
      [refused(), NetworkError],
      [broken(), NetworkError],
      [stalled(), TimeoutError],
      [hanging(), TimeoutError],
      [status(500), HttpError],
    ];
    for (const [reply, kind] of replies) {
      const isFailure = (): boolean => {
        throw new Error("isFailure is broken");
      };
      const circuitBreaker = { threshold: 2, isFailure };
      const options = { circuitBreaker, maxRetries: 0, timeoutMs: 100, concurrency: 1 };
      const { client, clock, run } = rig(reply, options);
      const both = [watch(client.json(URL_A)), watch(client.json(`${URL_A}?2`))];
      await clock.advance(500);
      for (const { error } of both) assertInstanceOf(error, kind);
      const { inFlight, origins } = client.stats();
      assertEquals([inFlight, origins["https://a.test"]!.failed, clock.pending], [0, 2, 0]);
      assertEquals(origins["https://a.test"]!.breaker, "open");
      await run(client.close());
    }
  },
);

testBothWays("an `isFailure` that returns nothing counts no error as a failure", async (rig) => {
  const isFailure = (() => {}) as unknown as () => boolean;
  for (const reply of [refused(), stalled(), status(500)]) {
    const options = { circuitBreaker: { threshold: 1, isFailure }, maxRetries: 0, timeoutMs: 100 };
    const { client, clock } = rig(reply, options);
    const failed = watch(client.json(URL_A));
    await clock.advance(500);
    assertEquals([failed.state, client.stats().origins["https://a.test"]!.breaker], ["rejected", "closed"]);
  }
});

testBothWays("a timeout aborts the request that it ends (S6)", async (rig) => {
  for (const reply of [hanging(), stalled()]) {
    const { client, origin, run } = rig(reply, { timeoutMs: 1_000, maxRetries: 0 });
    await assertRejects(() => run(client.json(URL_A)), TimeoutError);

    assert(origin.sent[0]!.signal?.aborted);
    assertEquals(origin.open, 0);
  }
});

testBothWays(
  "`totalTimeoutMs` ends a request at whatever stage, at its time and without retries (S6)",
  async (rig) => {
    const busy = (clock: ManualClock): Reply => late(clock, 10_000, OK);
    const stations: [string, (clock: ManualClock) => Reply, ClientOptions][] = [
      ["headers", hanging, {}],
      ["body", () => stalled(), {}],
      ["backoff", () => status(503), {}],
      ["permit", busy, { concurrency: 1 }],
      ["token", busy, { rateLimit: { limit: 1, intervalMs: 100_000 } }],
    ];
    for (const [station, reply, options] of stations) {
      const clock = new ManualClock();
      const { client, origin, run } = rig(reply(clock), { maxRetries: 1, ...options }, { clock });
      const isQueueing = station === "permit" || station === "token";
      const first = isQueueing ? client.json(URL_A).catch(() => {}) : undefined;
      const callsBefore = origin.calls;
      const error = await assertRejects(
        () => run(client.json("https://a.test/2", { totalTimeoutMs: 1_000 })),
        NetworkError,
        undefined,
        station,
      );

      // A backoff that can't succeed in time may end at once, with the error before it.
      if (station !== "backoff") {
        assertInstanceOf(error, TimeoutError, station);
        assertEquals([error.kind, error.timeoutMs, clock.now()], ["total", 1_000, 1_000], station);
      }
      assert(clock.now() <= 1_000, station);
      assert(origin.calls - callsBefore <= 1, station);
      await clock.run(Promise.all([first]));
    }
  },
);

testBothWays("`totalTimeoutMs` includes every attempt and every wait between them (S6)", async (rig) => {
  const clock = new ManualClock();
  const { client, origin, run } = rig(late(clock, 600, status(503)), { totalTimeoutMs: 4_000 }, { clock });

  await assertRejects(() => run(client.json(URL_A)), NetworkError);
  assert(clock.now() <= 4_000, `${clock.now()} ms`);
  assertEquals(origin.timesMs, [0, 2_600]);
});

testBothWays("a request that the total timeout ends has nothing left under way (S6)", async (rig) => {
  const { client, origin, clock, run } = rig(hanging(), { totalTimeoutMs: 500 });
  await assertRejects(() => run(client.json(URL_A)), TimeoutError);
  await clock.advance(60_000);

  assertEquals([origin.open, origin.calls, clock.pending, client.stats().inFlight], [0, 1, 0, 0]);
});

testBothWays(
  "options of a request take precedence over the client's: timeoutMs, totalTimeoutMs (S6)",
  async (rig) => {
    const { client, clock, run } = rig(hanging(), { timeoutMs: 1_000, totalTimeoutMs: 9_000, maxRetries: 0 });

    const attempt = await assertRejects(() => run(client.json(URL_A, { timeoutMs: 300 })), TimeoutError);
    assertEquals([attempt.kind, attempt.timeoutMs, clock.now()], ["attempt", 300, 300]);
    const total = await assertRejects(
      () => run(client.json({ url: URL_A, totalTimeoutMs: 200 }, { totalTimeoutMs: 400 })),
      TimeoutError,
    );
    assertEquals([total.kind, total.timeoutMs, clock.now()], ["total", 200, 500]);
  },
);

// S6: aborts

testBothWays(
  "a signal that has already aborted makes no call, and rejects with its reason itself (S6)",
  async (rig) => {
    const reasons: unknown[] = [new Error("mine"), "a string", 0, null, { code: 7 }];
    for (const reason of reasons) {
      const { client, origin, clock } = rig(OK);
      const signal = AbortSignal.abort(reason);
      const requests = [
        client.json(URL_A, { signal }),
        client.text({ url: URL_A, signal }),
        client.bytes(URL_A, { signal }),
        client.fetch(URL_A, { signal }),
        client.fetch(new Request(URL_A, { signal })),
        client.all([URL_A], { signal }),
        client.settle([URL_A], { signal }),
      ].map(watch);
      await microtasks(20);

      for (const request of requests) {
        assertEquals(request.state, "rejected");
        assertStrictEquals(request.error, reason);
      }
      assertEquals([origin.calls, clock.pending, client.stats().queued], [0, 0, 0]);
    }
  },
);

testBothWays("an abort without a reason rejects with the signal's AbortError (S6)", async (rig) => {
  const { client } = rig(hanging());
  const controller = new AbortController();
  const request = watch(client.json(URL_A, { signal: controller.signal }));
  controller.abort();
  await microtasks(20);

  assertStrictEquals(request.error, controller.signal.reason);
  assertEquals((request.error as Error).name, "AbortError");
});

testBothWays("the caller's abort is not taken for a timeout when both happen (S6)", async (rig) => {
  const { client, origin, clock } = rig(hanging(), { timeoutMs: 1_000, totalTimeoutMs: 5_000 });
  const controller = new AbortController();
  const request = watch(client.json(URL_A, { signal: controller.signal }));
  await clock.advance(500);
  controller.abort("enough");
  await microtasks(20);

  assertEquals([request.state, request.error], ["rejected", "enough"]);
  await clock.advance(60_000);
  assertEquals(origin.calls, 1);
});

testBothWays(
  "an `AbortSignal.timeout()` of the caller is the caller's abort, and not retried (S6)",
  async (rig) => {
    const { client, origin } = rig(hanging());
    const signal = AbortSignal.timeout(1);
    // A signal's own timer keeps no process alive.
    const awake = setInterval(() => {}, 1);
    const error = await client.json(URL_A, { signal }).catch((error) => error);
    clearInterval(awake);

    assertStrictEquals(error, signal.reason);
    assertEquals(origin.calls, 1);
  },
);

// S7: signals

testBothWays("`fetch` never gets the caller's signal (S7)", async (rig) => {
  const { client, origin, run } = rig([status(503), OK]);
  const { signal } = new AbortController();
  await run(client.json(URL_A, { signal }));
  await run(client.fetch(URL_A, { signal }));
  await run(client.settle([URL_A, { url: "https://a.test/b", signal }], { signal }));

  assertEquals(origin.calls, 5);
  for (const sent of origin.sent) assertNotStrictEquals(sent.signal, signal);
});

testBothWays("an attempt's signal does not abort when the request has succeeded (S7)", async (rig) => {
  const { client, origin, run } = rig(OK, { timeoutMs: 100 });
  const controller = new AbortController();
  await run(client.json(URL_A, { signal: controller.signal }));
  controller.abort();

  assertEquals(origin.sent[0]!.signal?.aborted, false);
});

// S8: bodies that are not read

testBothWays(
  "an error body that never ends does not hold up the retry, and is cancelled after 250 ms (S8)",
  async (rig) => {
    const { client, origin, clock } = rig([stalled("", { status: 503 }), OK]);
    const request = watch(client.json(URL_A));
    await clock.advance(250);
    assertEquals(origin.open, 0);
    await clock.advance(1_749);
    assertEquals(origin.calls, 1);
    await clock.advance(1);

    assertEquals([request.state, origin.timesMs], ["fulfilled", [0, 2_000]]);
  },
);

testBothWays("an error body without end or pause is read to 64 KB, and cancelled (S8)", async (rig) => {
  for (const maxRetries of [0, 1]) {
    let taken = 0;
    const flood = endless({ status: 503 }, (bytes) => taken = bytes);
    const { client, origin, clock } = rig([flood, OK], { maxRetries });
    const request = watch(client.json(URL_A));
    await clock.advance(2_000);

    assertEquals(request.state, maxRetries === 0 ? "rejected" : "fulfilled");
    assertEquals([origin.cancelled, origin.open], [1, 0]);
    assert(taken >= 64 * KIB && taken <= 66 * KIB, `${taken} bytes`);
  }
});

testBothWays(
  "an error body of up to 64 KB is read to its end, so that its connection can be used again (S8)",
  async (rig) => {
    for (const bytes of [0, 1, 16 * KIB, 63 * KIB]) {
      const { client, origin, run } = rig([text("x".repeat(bytes), { status: 503 }), OK]);
      await run(client.json(URL_A));

      assertEquals([origin.cancelled, origin.open], [0, 0], `${bytes} bytes`);
    }
  },
);

testBothWays("a discarded body holds its permit for at most 250 ms (S8)", async (rig) => {
  const { client, origin, run } = rig([stalled("", { status: 503 }), OK], { concurrency: 1 });
  const first = client.json(URL_A);
  const second = client.json("https://a.test/second");
  await run(Promise.all([first, second]));

  assertEquals(origin.sent[1]!.url, "https://a.test/second");
  assert(origin.timesMs[1]! <= 250, `${origin.timesMs[1]} ms`);
  assertEquals(origin.peak, 1);
});

testBothWays("a body whose cancellation never ends holds up no other request (S8)", async (rig) => {
  const stubborn: Reply = () => {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => new Promise(() => {}) });
    return new Response(body, { status: 503 });
  };
  const { client, origin, run } = rig([stubborn, OK], { concurrency: 1 }, { deaf: true });
  const first = client.json(URL_A);
  const second = client.json("https://a.test/second");
  await run(Promise.all([first, second]));

  assert(origin.timesMs[1]! <= 250, `${origin.timesMs[1]} ms`);
});

testBothWays("an endless body does not delay a final error (S8, S9)", async (rig) => {
  for (const code of [400, 404, 503]) {
    const { client, clock, run } = rig(stalled("gone", { status: code }), { maxRetries: 0 });

    const error = await assertRejects(() => run(client.json(URL_A)));
    assert(clock.now() <= 250, `${code}: ${clock.now()} ms`);
    if (error instanceof HttpError) assertEquals([error.status, error.body], [code, "gone"]);
    else assertEquals((error as Error).name, "DataNotFoundError");
  }
});

testBothWays("Client.fetch() holds the permit until the body has been read (S8)", async (rig) => {
  const long = "x".repeat(200_000);
  const { client, origin, clock } = rig(json(long), { concurrency: 1 });
  const response = await client.fetch(URL_A);
  const second = watch(client.json("https://a.test/second"));
  await clock.advance(1_000);
  assertEquals([second.state, origin.calls, client.stats().inFlight], ["pending", 1, 1]);

  assertEquals(await response.json(), long);
  await clock.advance(0);
  assertEquals([second.state, origin.peak, client.stats().inFlight], ["fulfilled", 1, 0]);
});

testBothWays("Client.fetch() gives the permit back when the body is cancelled (S8)", async (rig) => {
  const { client, origin, clock } = rig([stalled(), OK], { concurrency: 1 });
  const response = await client.fetch(URL_A);
  const second = watch(client.json("https://a.test/second"));
  await response.body?.cancel();
  await clock.advance(0);

  assertEquals([second.state, origin.peak, origin.cancelled], ["fulfilled", 1, 1]);
});

testBothWays(
  "an unread response of Client.fetch() gives its permit back after `timeoutMs` (S8)",
  async (rig) => {
    const { client, origin, clock } = rig([stalled(), OK], { concurrency: 1, timeoutMs: 1_000 });
    const response = await client.fetch(URL_A);
    const second = watch(client.json("https://a.test/second"));
    await clock.advance(999);
    assertEquals([origin.calls, second.state], [1, "pending"]);
    await clock.advance(1);

    assertEquals([origin.calls, second.state, origin.peak], [2, "fulfilled", 1]);
    await assertRejects(() => response.text(), TimeoutError);
  },
);

testBothWays("responses of Client.fetch() without a body hold no permit", async (rig) => {
  const { client, clock } = rig([status(204), status(304), OK], { concurrency: 1 });
  assertEquals((await client.fetch(URL_A)).status, 204);
  assertEquals((await client.fetch(URL_A)).status, 304);
  const last = watch(client.json(URL_A));
  await clock.advance(0);

  assertEquals(last.state, "fulfilled");
});

// S9: strange bodies

testBothWays(
  "an error body that is malformed, broken or binary never replaces the HTTP error (S9)",
  async (rig) => {
    const bodies: Reply[] = [
      text("<html>", { status: 503, headers: { "content-type": "application/json" } }),
      text("{", { status: 503, headers: { "content-type": "application/json" } }),
      broken("{", { status: 503 }),
      broken("", { status: 503 }),
      () => new Response(new Uint8Array([0xff, 0xfe, 0xc3, 0x28]), { status: 503 }),
      text(null, { status: 503 }),
      stalled("{", { status: 503 }),
    ];
    for (const [index, body] of bodies.entries()) {
      const lost = rig(body, { maxRetries: 0 });
      const error = await assertRejects(
        () => lost.run(lost.client.json(URL_A)),
        HttpError,
        undefined,
        `${index}`,
      );
      assertEquals(error.status, 503);

      const recovered = rig([body, OK]);
      assertEquals(await recovered.run(recovered.client.json(URL_A)), { ok: true }, `${index}`);
    }
  },
);

testBothWays(
  "json() gives undefined for 204, 205, 304, HEAD and empty bodies, and sends one request (S9)",
  async (rig) => {
    const replies = [status(204), status(205), status(304), text(""), text(null), text("", { status: 201 })];
    for (const [index, reply] of replies.entries()) {
      const { client, origin, run } = rig(reply);
      assertEquals(await run(client.json(URL_A)), undefined, `${index}`);
      assertEquals(origin.calls, 1);
    }
    const { client, run } = rig(text(null, { headers: { "content-length": "100" } }));
    assertEquals(await run(client.json({ url: URL_A, method: "HEAD" })), undefined);
  },
);

testBothWays(
  "text() gives an empty string, and bytes() no bytes, for a response without a body (S9)",
  async (rig) => {
    for (const reply of [status(204), status(205), status(304), text(""), text(null)]) {
      const { client, run } = rig(reply);
      assertEquals(await run(client.text(URL_A)), "");
      assertEquals(await run(client.bytes(URL_A)), new Uint8Array(0));
    }
  },
);

testBothWays(
  "json() accepts every JSON text: null, scalars, white space and a byte order mark (S9)",
  async (rig) => {
    const texts: [string, unknown][] = [
      ["null", null],
      ["0", 0],
      ['"text"', "text"],
      ["false", false],
      [" \n[1] \t\r\n", [1]],
      ["\uFEFF[1]", [1]],
      ['{"__proto__":1}', JSON.parse('{"__proto__":1}')],
    ];
    for (const [body, value] of texts) {
      const { client, run } = rig(text(body));
      assertEquals(await run(client.json(URL_A)), value, JSON.stringify(body));
    }
  },
);

testBothWays(
  "text() decodes UTF-8 across chunks, and drops a byte order mark as Response.text() does (S9)",
  async (rig) => {
    const whole = new TextEncoder().encode("\uFEFFNürburgring 🏁");
    const chunked: Reply = () => {
      const chunks = [...whole].map((byte) => Uint8Array.of(byte));
      return new Response(
        new ReadableStream({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk);
            controller.close();
          },
        }),
      );
    };
    const { client, run } = rig(chunked);

    assertEquals(await run(client.text(URL_A)), "Nürburgring 🏁");
    assertEquals(await run(client.bytes(URL_A)), whole);
  },
);

testBothWays("a byte order mark means the same, however the body is read (S9)", async (rig) => {
  const options: ClientOptions[] = [{}, { maxBodyBytes: 1_000 }, { cache: planOf() }];
  for (const [index, option] of options.entries()) {
    const { client, run } = rig(text("\uFEFF[1]"), option);
    assertEquals(await run(client.json(URL_A)), [1], `${index}`);
    assertEquals(await run(client.text(URL_A)), "[1]", `${index}`);
    assertEquals((await run(client.bytes(URL_A))).length, 6, `${index}`);
  }
});

testBothWays("any status of 2xx is a success", async (rig) => {
  for (const code of [200, 201, 202, 203, 206, 226]) {
    const { client, run } = rig(json(code, { status: code }));
    assertEquals(await run(client.json(URL_A)), code);
  }
});

// Bodies that are too large

testBothWays("`maxBodyBytes` accepts a body of exactly that size, and not one byte more", async (rig) => {
  const body = "x".repeat(1_000);
  const exact = rig(text(body), { maxBodyBytes: 1_000 });
  assertEquals(await exact.run(exact.client.text(URL_A)), body);

  const above = rig(text(`${body}x`), { maxBodyBytes: 1_000 });
  const error = await assertRejects(() => above.run(above.client.text(URL_A)), InvalidDataError);
  assertEquals([error.reason, error.name, above.origin.calls], ["too-large", "InvalidDataError", 1]);
});

testBothWays(
  "`maxBodyBytes` stops reading as soon as the body is too large, and cancels it",
  async (rig) => {
    let taken = 0;
    const { client, origin, clock, run } = rig(endless({}, (bytes) => taken = bytes), {
      maxBodyBytes: 10 * KIB,
      concurrency: 1,
    });

    const error = await assertRejects(() => run(client.bytes(URL_A)), InvalidDataError);
    assertEquals(error.reason, "too-large");
    await clock.advance(250);
    assertEquals([origin.calls, origin.open, client.stats().inFlight], [1, 0, 0]);
    assert(taken <= 80 * KIB, `${taken} bytes`);
  },
);

testBothWays("`maxBodyBytes` refuses a Content-Length that is too large, and reads nothing", async (rig) => {
  const { client, clock, run } = rig(stalled("", { headers: { "content-length": "2000" } }), {
    maxBodyBytes: 1_000,
  });

  const error = await assertRejects(() => run(client.json(URL_A)), InvalidDataError);
  assertEquals([error.reason, clock.now()], ["too-large", 0]);
});

testBothWays("`maxBodyBytes` does not replace an HTTP error by another error", async (rig) => {
  const { client, run } = rig(text("x".repeat(5_000), { status: 400 }), { maxBodyBytes: 10 });

  assertEquals((await assertRejects(() => run(client.json(URL_A)), HttpError)).status, 400);
});

testBothWays(
  "`maxBodyBytes` bounds bodies: an answer without a body may have a larger Content-Length",
  async (rig) => {
    const headers = { "content-length": "2000" };
    for (const [method, code] of [["HEAD", 200], ["GET", 304], ["GET", 204]] as const) {
      const { client, run } = rig(text(null, { status: code, headers }), { maxBodyBytes: 1_000 });
      const request = { url: URL_A, method, onProgress: () => {} };
      assertEquals(await run(client.json(request)), undefined);
      assertEquals(await run(client.text(request)), "");
      assertEquals(await run(client.bytes({ url: URL_A, method })), new Uint8Array(0));
      const [outcome] = await run(client.settle([{ url: URL_A, method }]));
      assertEquals([outcome!.ok, outcome!.attempts], [true, 1]);
    }
    const { client, run } = rig(text("x".repeat(2_000), { headers }), { maxBodyBytes: 1_000 });
    await assertRejects(() => run(client.text(URL_A)), InvalidDataError);
  },
);

testBothWays(
  "a body that is longer than a string can be is no failure of its origin, and not loaded again",
  async (rig) => {
    // What Deno, Bun and Node throw.
    const thrown = [
      new RangeError("string too long"),
      new RangeError("Out of memory"),
      Object.assign(new Error("Cannot create a string longer than 0x1fffffe8 characters"), {
        code: "ERR_STRING_TOO_LONG",
      }),
    ];
    for (const cause of thrown) {
      const pull = (controller: ReadableStreamDefaultController): void => controller.error(cause);
      const { client, origin, run } = rig(() => new Response(new ReadableStream({ pull })));
      const error = await assertRejects(() => run(client.json(URL_A)), InvalidDataError, "larger than");
      assertEquals([error.reason, error.cause, origin.calls], ["too-large", cause, 1]);
      assertEquals(client.stats().origins["https://a.test"]?.failed, 0);
    }
  },
);

testBothWays("a JSON value is parsed anew for every caller", async (rig) => {
  const { client, run } = rig(json({ list: [1] }));
  const [first, second] = await run(Promise.all([client.json(URL_A), client.json(URL_A)]));

  assertEquals(first, second);
  assertNotStrictEquals(first, second);
});

// With real sockets

test("a connection that breaks is retried, wherever it breaks, over sockets (S1, S2)", async () => {
  const faults = [
    { nth: 1, match: "/refused.json", kind: "refuse" },
    { nth: 1, match: "/reset.json", kind: "reset" },
    { nth: 1, match: "/cut.json", kind: "cut" },
    { nth: 1, match: "/cut-chunked.json", kind: "cut", framing: "chunked" },
    { nth: 1, match: "/cut-close.json", kind: "cut", framing: "close" },
  ] as const;
  const value = Array.from({ length: 2_000 }, (_, index) => index);
  for (const fault of faults) {
    // Start a server for each fault: the runtimes themselves send again when a connection that served before breaks.
    await using cdn = createSimulatedCdn({ resources: () => ({ json: value }), faults: [fault] });
    await using server = await cdn.listen();
    await using client = createClient({ ...AT_ONCE, baseUrls: server.url });
    const [outcome] = await client.settle([fault.match]);

    assert(outcome?.ok, fault.match);
    assertEquals(outcome.value, value, fault.match);
    assertEquals(cdn.log.requests, 2, fault.match);
    assertEquals(outcome.attempts, 2, fault.match);
  }
});

test("a connection that no server accepts is retried, and ends in a NetworkError, over sockets (S1, S2)", async () => {
  const cdn = createSimulatedCdn({ resources: {} });
  const server = await cdn.listen();
  await server.close();
  await using client = createClient(AT_ONCE);

  const error = await assertRejects(() => client.json(`${server.url}/x.json`), NetworkError);
  assertEquals([error.name, error.attempts], ["NetworkError", 4]);
  assert(error.cause instanceof Error);
});

for (const phase of ["headers", "body"] as const) {
  test(`an attempt that stalls in the ${phase} is retried, and at last fails as a timeout, over sockets (S6)`, async () => {
    const clock = new ManualClock();
    let arrived = (): void => {};
    const match = ({ path, nth }: CdnRequest): boolean => {
      arrived();
      return path === "/never.json" || nth <= 2;
    };
    await using cdn = createSimulatedCdn({
      resources: { "/x.json": { json: [1, 2, 3] }, "/never.json": { json: [1] } },
      faults: [{ match, kind: "stall", phase, afterBytes: 1 }],
    });
    await using server = await cdn.listen();
    await using client = createClient({ ...AT_ONCE, clock, timeoutMs: 200, maxRetries: 2 });
    /** Lets the timeout of an attempt pass while the attempt stalls. */
    const timeOut = async (): Promise<void> => {
      const isOver = Promise.race([nextEvent(client, "retry"), nextEvent(client, "settled")]);
      await (phase === "headers"
        ? new Promise<void>((resolve) => arrived = resolve)
        : nextEvent(client, "headers"));
      await clock.advance(200);
      await isOver;
    };
    const stalls = async (count: number): Promise<void> => {
      for (let stall = 0; stall < count; stall++) {
        const timedOut = timeOut();
        // The backoff has no length, but it is a timer.
        await clock.advance(0);
        await timedOut;
      }
      await clock.advance(0);
    };

    // A listener from the beginning gets all events.
    const [, value] = await Promise.all([stalls(2), client.json(`${server.url}/x.json`)]);
    assertEquals([value, cdn.log.requests], [[1, 2, 3], 3]);
    const [, error] = await Promise.all([
      stalls(3),
      client.json(`${server.url}/never.json`).catch((error) => error),
    ]);
    assertInstanceOf(error, TimeoutError);
    assertEquals([error.kind, error.attempts, clock.now()], ["attempt", 3, 1_000]);
  });
}

for (const phase of ["headers", "body"] as const) {
  test(`an abort in the ${phase} rejects at once with its reason itself, over sockets (S6)`, async () => {
    const isThere = Promise.withResolvers<void>();
    const match = (): boolean => {
      if (phase === "headers") isThere.resolve();
      return true;
    };
    await using cdn = createSimulatedCdn({
      resources: { "/x.json": { json: [1, 2, 3] } },
      faults: [{ kind: "stall", phase, afterBytes: 2, match }],
    });
    await using server = await cdn.listen();
    await using client = createClient(AT_ONCE);
    using _listening = client.on(({ type }) => type === "headers" && isThere.resolve());
    const controller = new AbortController();
    const request = watch(client.json(`${server.url}/x.json`, { signal: controller.signal }));
    await isThere.promise;
    await microtasks(100);
    assertEquals(request.state, "pending");
    const reason = { mine: true };
    controller.abort(reason);
    await microtasks(100);

    assertEquals(request.state, "rejected");
    assertStrictEquals(request.error, reason);
    assertEquals(cdn.log.requests, 1);
  });
}

test("connections are reused after error bodies of 16 KB, over sockets (S8)", async () => {
  await using cdn = createSimulatedCdn({
    resources: { "/x.json": { json: [1, 2, 3] } },
    faults: [{ kind: "status", status: 503, body: "x".repeat(16 * KIB), times: 200 }],
  });
  await using server = await cdn.listen();
  await using client = createClient({ ...AT_ONCE, concurrency: 5, maxRetries: 200 });
  const outcomes = await client.settle(
    Array.from({ length: 100 }, (_, index) => `${server.url}/x.json?${index}`),
  );

  assertEquals(outcomes.filter(({ ok }) => ok).length, 100);
  assertEquals(cdn.log.requests, 300);
  assert(cdn.log.sockets <= 10, `${cdn.log.sockets} sockets`);
});

test("connections are reused after the bodies of final errors, over sockets (S8)", async () => {
  await using cdn = createSimulatedCdn({
    resources: () => ({ status: 422, body: "x".repeat(16 * KIB) }),
  });
  await using server = await cdn.listen();
  await using client = createClient({ ...AT_ONCE, concurrency: 5 });
  await client.settle(Array.from({ length: 100 }, (_, index) => `${server.url}/${index}`));

  assertEquals(cdn.log.requests, 100);
  assert(cdn.log.sockets <= 10, `${cdn.log.sockets} sockets`);
});

test("an endless error body holds up neither the retry nor other requests, over sockets (S8)", async () => {
  await using cdn = createSimulatedCdn({
    resources: { "/x.json": { json: [1] }, "/endless": { status: 503, body: "x".repeat(1_000) } },
    faults: [{ match: "/endless", kind: "stall", afterBytes: 10 }],
  });
  await using server = await cdn.listen();
  await using client = createClient({ ...AT_ONCE, concurrency: 1, timeoutMs: 60_000, maxRetries: 1 });
  const [lost, found] = await client.settle([`${server.url}/endless`, `${server.url}/x.json`]);

  assert(lost?.ok === false && lost.error instanceof HttpError);
  assertEquals([lost.error.status, lost.attempts], [503, 2]);
  assert(found?.ok);
});

test("`maxBodyBytes` counts the bytes of a compressed body after decompression, over sockets", async () => {
  const packed = new Blob(["0".repeat(1_000_000)]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  await using cdn = createSimulatedCdn({
    resources: () => ({ body, headers: { "content-encoding": "gzip", "content-type": "text/plain" } }),
  });
  await using server = await cdn.listen();
  await using client = createClient(AT_ONCE);
  assert(body.length < 10_000);

  const error = await assertRejects(
    () => client.text(server.url, { maxBodyBytes: 10_000 }),
    InvalidDataError,
  );
  assertEquals(error.reason, "too-large");
  assertEquals((await client.text(server.url, { maxBodyBytes: 1_000_000 })).length, 1_000_000);
});

test("`maxBodyBytes` ignores the Content-Length of a HEAD, over sockets", async () => {
  await using cdn = createSimulatedCdn({
    resources: () => ({ body: "0".repeat(100_000), headers: { "content-type": "text/plain" } }),
  });
  await using server = await cdn.listen();
  await using client = createClient({ ...AT_ONCE, maxBodyBytes: 1_000 });

  const head = await client.outcome({ url: server.url, method: "HEAD" }, { as: "bytes" });
  assert(head.ok);
  assertEquals([head.value.length, head.headers.get("content-length")], [0, "100000"]);
});

test("no more bodies are open at once than `concurrency`, also of Client.fetch(), over sockets (S11)", async () => {
  await using cdn = createSimulatedCdn({
    resources: () => ({ json: Array.from({ length: 3_000 }, () => 1) }),
    latency: { minMs: 0, maxMs: 4 },
  });
  await using server = await cdn.listen();
  await using client = createClient({ ...AT_ONCE, concurrency: 2 });
  const half = Array.from({ length: 20 }, (_, index) => `${server.url}/${index}`);
  await Promise.all([
    client.settle(half),
    ...half.map(async (url) => await (await client.fetch(`${url}?streamed`)).arrayBuffer()),
  ]);

  assertEquals(cdn.log.requests, 40);
  assert(cdn.log.peakOpenRequests <= 2, `${cdn.log.peakOpenRequests} at once`);
});

test("Client.fetch() sends the body and the type of a Request, over sockets", async () => {
  const seen: CdnRequest[] = [];
  await using cdn = createSimulatedCdn({
    resources: (_path, request) => {
      seen.push(request);
      return "thanks";
    },
  });
  await using server = await cdn.listen();
  await using client = createClient(AT_ONCE);
  const form = new FormData();
  form.set("name", "value");
  const requests = [
    new Request(server.url, { method: "POST", body: "text" }),
    new Request(server.url, { method: "POST", body: new URLSearchParams({ a: "b" }) }),
    new Request(server.url, { method: "POST", body: form }),
    new Request(server.url, { method: "POST", body: new Blob(["{}"], { type: "application/x-blob" }) }),
  ];
  for (const request of requests) assertEquals(await (await client.fetch(request)).text(), "thanks");

  assertEquals(seen.map(({ body }) => body).filter((_, index) => index !== 2), ["text", "a=b", "{}"]);
  const types = seen.map(({ headers }) => headers["content-type"]?.split(";")[0]);
  assertEquals(types.slice(1), [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/x-blob",
  ]);
  assert(seen[2]!.body.includes('name="name"'));
});

// S16: redirects

/** Returns the requests that arrive after a redirect, and the client's result. */
async function redirectTo(
  where: "same" | "other",
  options: ClientOptions,
  code = 302,
  init: RequestInit = {},
): Promise<{ arrived: CdnRequest; status: number }> {
  const arrived: CdnRequest[] = [];
  const target = (path: string, request: CdnRequest) => {
    if (path === "/start") return { status: code, headers: { location } };
    arrived.push(request);
    return { json: path };
  };
  let location = "/target";
  await using cdn = createSimulatedCdn({ resources: target });
  await using server = await cdn.listen();
  await using other = createSimulatedCdn({ resources: target });
  await using otherServer = await other.listen();
  if (where === "other") location = `${otherServer.url}/target`;
  await using client = createClient({ ...AT_ONCE, ...options });
  const response = await client.fetch(`${server.url}/start`, init);
  await response.body?.cancel();
  return { arrived: arrived[0]!, status: response.status };
}

const SECRETS = {
  authorization: "Bearer s3cret",
  cookie: "session=s3cret",
  "proxy-authorization": "Basic s3cret",
  "x-api-key": "s3cret",
  "api-key": "s3cret",
  "x-auth-token": "s3cret",
  "x-access-token": "s3cret",
  apikey: "s3cret",
  "x-goog-api-key": "s3cret",
  "private-token": "s3cret",
  "x-vault-token": "s3cret",
};

test("a redirect to another origin carries no credentials, of client or request, over sockets (S16)", async () => {
  for (const code of [301, 302, 303, 307, 308]) {
    for (const [options, init] of [[{ headers: SECRETS }, {}], [{}, { headers: SECRETS }]]) {
      const { arrived, status } = await redirectTo(
        "other",
        options as ClientOptions,
        code,
        init as RequestInit,
      );

      assertEquals(status, 200);
      assert(!JSON.stringify(arrived.headers).includes("s3cret"), JSON.stringify(arrived.headers));
    }
  }
});

test("a redirect to another origin carries all headers except those that the caller marked (S16)", async () => {
  const { arrived } = await redirectTo("other", {
    headers: { "X-Mine": "s3cret", "x-trace": "kept", accept: "application/x-test", authorization: "s3cret" },
    sensitiveHeaders: ["x-mine"],
  });

  assertEquals([arrived.headers["x-trace"], arrived.headers.accept], ["kept", "application/x-test"]);
  assert(!JSON.stringify(arrived.headers).includes("s3cret"), JSON.stringify(arrived.headers));
});

test("a redirect within the origin carries every header, over sockets (S16)", async () => {
  const { "proxy-authorization": _, ...headers } = SECRETS;
  const { arrived } = await redirectTo("same", { headers });

  for (const [name, value] of Object.entries(headers)) assertEquals(arrived.headers[name], value, name);
});

test("a redirect keeps or changes method and body as the fetch standard says, over sockets (S16)", async () => {
  const cases: [number, string, string, string][] = [
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [301, "PUT", "PUT", "payload"],
    [307, "POST", "POST", "payload"],
    [308, "POST", "POST", "payload"],
  ];
  for (const [code, method, arrivingMethod, arrivingBody] of cases) {
    const { arrived } = await redirectTo("same", {}, code, { method, body: "payload" });
    assertEquals([arrived.method, arrived.body], [arrivingMethod, arrivingBody], `${code} ${method}`);
    if (arrivingBody === "") assertEquals(arrived.headers["content-type"], undefined, `${code} ${method}`);
  }
});

test("credentials that a redirect has removed do not come back with the next one, over sockets (S16)", async () => {
  const home = createSimulatedCdn({
    resources: (path) => path === "/start" ? { status: 302, headers: { location: away } } : { json: "home" },
  });
  await using homeServer = await home.listen();
  const other = createSimulatedCdn({
    resources: () => ({ status: 307, headers: { location: `${homeServer.url}/again` } }),
  });
  await using otherServer = await other.listen();
  const away = `${otherServer.url}/away`;
  await using client = createClient({ ...AT_ONCE, headers: SECRETS });
  assertEquals(await client.json(`${homeServer.url}/start`), "home");

  assertEquals(home.log.entries[0]?.headers["x-api-key"], "s3cret");
  assert(!JSON.stringify([other.log.entries[0], home.log.entries[1]]).includes("s3cret"));
});

test("a redirect does not send a body that is a stream again, over sockets (S1, S16)", async () => {
  for (const headers of [{}, { "x-api-key": "secret" }]) {
    await using cdn = createSimulatedCdn({
      resources: (path) =>
        path === "/start" ? { status: 307, headers: { location: "/target" } } : { json: path },
    });
    await using server = await cdn.listen();
    await using client = createClient({ ...AT_ONCE, headers, maxRetries: 0 });
    const body = new Blob(["once"]).stream();
    const result = await client.json({ url: `${server.url}/start`, method: "PUT", body }).catch((error) =>
      error
    );

    // Some runtimes keep a stream that they have sent. The target must not get an empty body.
    for (const { body } of cdn.log.entries) assertEquals(body, "once");
    if (result !== "/target") assertInstanceOf(result, NetworkError);
  }
});

test("a redirected response says so, and gives its URL, whether the client or the runtime has followed, over sockets (S16)", async () => {
  for (const headers of [undefined, { "x-api-key": "secret" }]) {
    await using cdn = createSimulatedCdn({
      resources: (path) =>
        path === "/start" ? { status: 302, headers: { location: "/target" } } : { json: path },
    });
    await using server = await cdn.listen();
    await using client = createClient({ ...AT_ONCE, headers });
    const response = await client.fetch(`${server.url}/start`);

    assertEquals(
      [response.url, response.redirected],
      [`${server.url}/target`, true],
      JSON.stringify(headers),
    );
    assertEquals(await response.json(), "/target");
  }
});

test("endless redirects are a NetworkError after 20, over sockets (S16)", async () => {
  await using cdn = createSimulatedCdn({
    resources: (path) => ({ status: 302, headers: { location: `${path}x` } }),
  });
  await using server = await cdn.listen();
  // With a secret the client follows redirects; without one the runtime does, which has a limit of its own.
  await using client = createClient({ ...AT_ONCE, maxRetries: 0, headers: { "x-api-key": "secret" } });

  await assertRejects(() => client.json(`${server.url}/a`), NetworkError);
  assertEquals(cdn.log.requests, 21);
});

test("redirects out of HTTP fail, and nothing is read, over sockets (S16)", async () => {
  for (const headers of [{}, { "x-api-key": "secret" }]) {
    for (const location of ["file:///etc/passwd", "data:application/json,1", "ftp://a.test/", "http://"]) {
      await using cdn = createSimulatedCdn({ resources: () => ({ status: 302, headers: { location } }) });
      await using server = await cdn.listen();
      await using client = createClient({ ...AT_ONCE, headers, maxRetries: 0 });

      await assertRejects(() => client.json(`${server.url}/x`), NetworkError, undefined, location);
      assertEquals(cdn.log.requests, 1, location);
    }
  }
});

test("connections are reused after the bodies of redirects, over sockets (S8, S16)", async () => {
  await using cdn = createSimulatedCdn({
    resources: (path) =>
      path.startsWith("/from")
        ? { status: 302, headers: { location: path.replace("/from", "/to") }, body: "x".repeat(16 * KIB) }
        : { json: path },
  });
  await using server = await cdn.listen();
  // With a secret the client follows redirects, and reads their bodies.
  await using client = createClient({
    ...AT_ONCE,
    // A clock that stands still: however slow the machine is, no body is given up for taking too long.
    clock: new ManualClock(),
    concurrency: 5,
    headers: { "x-api-key": "secret" },
  });
  const urls = Array.from({ length: 100 }, (_, index) => `${server.url}/from/${index}`);

  assertEquals(await client.all(urls), urls.map((_, index) => `/to/${index}`));
  assert(cdn.log.sockets <= 10, `${cdn.log.sockets} sockets`);
});

test('`redirect: "manual"` and `"error"` of Client.fetch() mean what they do for fetch (S16)', async () => {
  const { status } = await redirectTo("same", {}, 302, { redirect: "manual" }).catch(() => ({ status: 302 }));
  assertEquals(status, 302);
  await assertRejects(() => redirectTo("same", { maxRetries: 0 }, 302, { redirect: "error" }), NetworkError);
});

testBothWays(
  "a redirect is part of its attempt: it has the attempt's timeout, and its failure is retried (S6, S16)",
  async (rig) => {
    const options = { headers: { "x-api-key": "secret" }, timeoutMs: 1_000 };
    const clock = new ManualClock();
    const slow: Reply = (sent) => {
      const reply = sent.url.endsWith("/c")
        ? OK
        : status(302, { location: sent.url.endsWith("/b") ? "/c" : "/b" });
      return late(clock, 400, reply)(sent);
    };
    const { client, origin, run } = rig(slow, { ...options, maxRetries: 0 }, { clock });

    await assertRejects(() => run(client.json("https://a.test/a")), TimeoutError);
    assertEquals([clock.now(), origin.calls], [1_000, 3]);

    const flaky = rig(
      [status(302, { location: "/b" }), refused(), status(302, { location: "/b" }), OK],
      options,
    );
    const [outcome] = await flaky.run(flaky.client.settle([URL_A]));
    assert(outcome?.ok);
    assertEquals([outcome.attempts, flaky.origin.calls], [2, 4]);
  },
);

// In workers, where requests may die

/** The environment of a client in a worker that has one permit, and the target of its requests. */
function workerWith({ fetch }: FakeOrigin, clock: ManualClock, deadlines: Deadlines) {
  const { environment: around } = buildPipeline(
    { fetch },
    { clock, reporter: { active: false, emit() {} } },
    { inBackground() {} },
  );
  const options = { semaphore: new Semaphore(1), deadlines, timersBelongToRequests: true };
  const scheduler = schedulerOn(clock, options);
  const target = fakeTarget({
    lane: new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined }),
  });
  scheduler.adopt(target.lane);
  return { environment: { ...around, ...options, scheduler }, scheduler, target };
}

test("attempt() keeps its permit in a worker as long as its request goes on, and not for its whole timeout", async () => {
  const clock = new ManualClock();
  const deadlines = mortalDeadlines(clock);
  const settings = { timeoutMs: 60_000 };
  const origin = new FakeOrigin(hanging(), { clock });
  const { environment, scheduler, target } = workerWith(origin, clock, deadlines);
  const call = fakeCall({ settings });
  const admission = await admit(environment, call, [target.lane]);
  const attempted = watch(attempt(environment, call, target, admission!));
  await clock.advance(10_500);
  assertEquals([attempted.state, admission!.expiresAtMs], ["pending", 12_000]);
  deadlines.isDying = true; // the next beat is the last one
  await clock.advance(500);
  deadlines.isDying = false;
  const next = watch(admit(environment, fakeCall({ settings }), [target.lane]));
  await clock.advance(1_999);
  assertEquals([next.state, scheduler.inFlight], ["pending", 1]);
  await clock.advance(1);
  assertEquals([next.state, scheduler.inFlight], ["fulfilled", 1]);
  call.abort(new Error("enough"));
  await microtasks(20);
  // It has no permit to give back.
  assertEquals([attempted.state, scheduler.inFlight], ["rejected", 1]);
});

test("attempt() keeps its permit in a worker while a reader waits for its body, as long as their request goes on", async () => {
  const clock = new ManualClock();
  const deadlines = mortalDeadlines(clock);
  const settings = { timeoutMs: 60_000, idleTimeoutMs: Infinity };
  const silent = () => new Response(new ReadableStream({}));
  const origin = new FakeOrigin([silent], { clock });
  const { environment, scheduler, target } = workerWith(origin, clock, deadlines);
  const call = fakeCall({ settings, streams: true });
  const admission = await admit(environment, call, [target.lane]);
  const reply = await attempt(environment, call, target, admission!);
  const reading = watch(reply.openBody!.release().body!.getReader().read());
  await clock.advance(300_500);
  assertEquals([reading.state, admission!.expiresAtMs], ["pending", 302_000]);
  deadlines.isDying = true; // the next beat is the last one
  await clock.advance(500);
  deadlines.isDying = false;
  const next = watch(admit(environment, fakeCall({ settings }), [target.lane]));
  await clock.advance(1_999);
  assertEquals([next.state, scheduler.inFlight], ["pending", 1]);
  await clock.advance(1);
  assertEquals([next.state, scheduler.inFlight], ["fulfilled", 1]);
});

test("attempt() keeps its permit in a worker until the reader of its body has been away for its timeout", async () => {
  const clock = new ManualClock();
  const deadlines = new SeparateDeadlines(clock);
  const settings = { timeoutMs: 10_000 };
  let push = (_text: string) => {};
  const talking = () =>
    new Response(
      new ReadableStream({
        start: (to) => void (push = (text) => to.enqueue(new TextEncoder().encode(text))),
      }),
    );
  const origin = new FakeOrigin([talking], { clock });
  const { environment, scheduler, target } = workerWith(origin, clock, deadlines);
  const call = fakeCall({ settings, streams: true });
  const admission = await admit(environment, call, [target.lane]);
  const reply = await attempt(environment, call, target, admission!);
  const reader = reply.openBody!.release().body!.getReader();
  for (const pauseMs of [9_000, 11_500]) {
    const reading = reader.read();
    push("a");
    assertEquals((await reading).value, new TextEncoder().encode("a"));
    await clock.advance(pauseMs);
  }
  // No request waits for the permit yet, so a reader that comes back finds it still there.
  const reading = reader.read();
  await clock.advance(5_000);
  push("b");
  await reading;
  const next = watch(admit(environment, fakeCall({ settings: { timeoutMs: 60_000 } }), [target.lane]));
  await clock.advance(9_000);
  assertEquals([next.state, scheduler.inFlight], ["pending", 1]);
  await clock.advance(4_000);
  assertEquals([next.state, scheduler.inFlight], ["fulfilled", 1]);
});

test("an attempt in a worker leaves no timer behind when it ends, and none but its own when it hands its body out", async () => {
  const clock = new ManualClock();
  const options = { deadlines: new SeparateDeadlines(clock), timersBelongToRequests: true };
  const origin = new FakeOrigin([json({ ok: true }), json({ ok: true })], { clock });
  const { environment: around, lanes } = buildPipeline(
    { fetch: origin.fetch },
    { clock, reporter: { active: false, emit() {} } },
    { inBackground() {} },
  );
  const scheduler = schedulerOn(clock, options);
  const environment = { ...around, ...options, scheduler };
  const target = fakeTarget({ lane: lanes.get("https://a.test") });
  scheduler.adopt(target.lane);
  for (const streams of [false, true]) {
    const call = fakeCall({ settings: { timeoutMs: 5_000 }, streams });
    const admission = await admit(environment, call, [target.lane]);
    const reply = await attempt(environment, call, target, admission!);
    const response = streams ? reply.openBody!.release() : undefined;
    await clock.advance(4_000);
    await response?.text();
    await clock.advance(5_000);
    assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
  }
});

for (
  const { goesOn, deaf, backAfterMs } of [
    { goesOn: true, deaf: false, backAfterMs: 0 },
    { goesOn: true, deaf: true, backAfterMs: 7_000 },
    { goesOn: false, deaf: false, backAfterMs: 2_000 },
  ]
) {
  const whose = `${deaf ? "a deaf fetch" : "a fetch"} of one that ${goesOn ? "goes on" : "has died"}`;
  test(`attempt() that another request in a worker aborts keeps its permit until the end: ${whose}`, async () => {
    const clock = new ManualClock();
    const deadlines = mortalDeadlines(clock);
    const settings = { timeoutMs: 7_000 };
    const origin = new FakeOrigin(hanging(), { clock, deaf });
    const { environment: around } = buildPipeline(
      { fetch: origin.fetch },
      { clock, reporter: { active: false, emit() {} } },
      { inBackground() {} },
    );
    const options = { semaphore: new Semaphore(1), deadlines, timersBelongToRequests: true };
    const scheduler = schedulerOn(clock, options);
    const environment = { ...around, ...options, scheduler };
    const lane = new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined });
    scheduler.adopt(lane);
    const call = fakeCall({ settings });
    const admission = await admit(environment, call, [lane]);
    using request = ownedControllers();
    const attempted = watch(attempt(environment, call, fakeTarget({ lane }), admission!));
    await microtasks(5);
    deadlines.isDying = !goesOn;
    await clock.advance(1_000); // the last beat of the request that has died
    deadlines.isDying = false;
    const reason = new Error("no request waits for it any more");
    request.isElsewhere = true;
    call.abort(reason);
    assertEquals(scheduler.inFlight, 1);
    request.isElsewhere = !goesOn;
    await microtasks(20);
    assertStrictEquals(attempted.error, reason);
    assertEquals(origin.sent[0]!.signal!.aborted, goesOn);
    const next = watch(admit(environment, fakeCall({ settings }), [lane]));
    if (backAfterMs > 0) {
      await clock.advance(backAfterMs - 1);
      assertEquals([next.state, scheduler.inFlight], ["pending", 1]);
    }
    await clock.advance(1);
    assertEquals([next.state, scheduler.inFlight], ["fulfilled", 1]);
  });
}
