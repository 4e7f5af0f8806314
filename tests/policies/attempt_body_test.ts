import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidDataError } from "../../src/errors.ts";
import { AttemptBody } from "../../src/policies/attempt_body.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { schedulerOn } from "../lanes/scheduler_on.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { fakeCall, fakeLane, fakeTarget } from "./fake_call.ts";

/** Opens a body, and records what it reports. */
function open(response: Response, maxBytes = Infinity, method = "GET", url?: string) {
  const clock = new ManualClock();
  const semaphore = new Semaphore(1);
  const deadlines = new DeadlineQueue(clock);
  const scheduler = schedulerOn(clock, { semaphore, deadlines, maxRetryAfterMs: 0 });
  const timeouts: boolean[] = [];
  const alive = { count: 0 };
  const ends: (number | undefined)[] = [];
  const unusable: unknown[] = [];
  const background: Promise<unknown>[] = [];
  const lane = fakeLane();
  const settings = { timeoutMs: 1_000, idleTimeoutMs: 200, maxBodyBytes: maxBytes };
  const call = fakeCall({ settings, request: { method } });
  if (url !== undefined) Object.assign(call, { isSentAsIs: true, sentUrl: url });
  const body: AttemptBody = new AttemptBody({
    response,
    environment: {
      deadlines,
      idleDeadlines: deadlines,
      scheduler,
      runtime: bunRuntime,
      inBackground: (work) => background.push(work),
    },
    call,
    target: fakeTarget({ lane }),
    onHandOut() {},
    onStop() {},
    onAlive: () => void alive.count++,
    onTimeout: (isRead) => timeouts.push(isRead),
    onBytes: undefined,
    onEnd: (bytes) => {
      ends.push(bytes);
      body.end();
    },
    onUnusable: (error) => {
      unusable.push(error);
      return error;
    },
  });
  return { body, lane, clock, ends, unusable, background, semaphore, timeouts, alive };
}

function stalled(): Response {
  return new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("some")) }),
  );
}

test("AttemptBody.release() reports with each wait of its reader that the body is alive", async () => {
  const { body, alive } = open(
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(10));
        },
      }),
    ),
  );
  const reader = body.release().body!.getReader();
  assertEquals(alive.count, 0);
  let before = 0;
  for (let chunk = 0; chunk < 3; chunk++) {
    await reader.read();
    assert(alive.count > before);
    before = alive.count;
  }
  await reader.cancel();
});

test("AttemptBody.excerpt() discards the body in the background, once, and gives its first characters (S8)", async () => {
  const { body, ends, background } = open(new Response("x".repeat(10_000)));
  const [first, second] = [body.excerpt(), body.excerpt()];
  body.discard();
  assertStrictEquals(first, second);
  assertEquals((await first).slice(0, 3), "xxx");
  assertEquals([ends, background.length], [[undefined], 1]);
});

test("AttemptBody.discard() waits 250 ms for a body that never ends (S8)", async () => {
  const { body, clock, ends } = open(stalled());
  body.discard();
  await clock.advance(249);
  assertEquals([ends, clock.pending], [[], 1]);
  await clock.advance(1);
  assertEquals([ends, clock.pending], [[undefined], 0]);
});

test("AttemptBody.release() returns the response, and reports when it has been read, and how many bytes", async () => {
  const { body, ends } = open(new Response("12345", { status: 201 }));
  const response = body.release();
  assertEquals([response.status, ends], [201, []]);
  assertEquals(await response.text(), "12345");
  assertEquals(ends, [5]);
});

test("AttemptBody.release() breaks off a body that is larger than allowed", async () => {
  const { body, ends } = open(new Response("12345"), 4);
  await assertRejects(() => body.release().text(), InvalidDataError, "larger than 'maxBodyBytes': 4");
  assertEquals(ends.length, 1);
});

test("AttemptBody.release() of a discarded body has its first characters", async () => {
  const headers = { "content-length": "5", "content-encoding": "gzip", "x-a": "b" };
  const response = Object.defineProperty(new Response("12345", { status: 503, headers }), "url", {
    value: "https://a.test/x",
  });
  const { body } = open(response);
  body.discard();
  const shown = body.release();
  assertEquals([shown.status, shown.url, shown.headers.get("x-a")], [503, "https://a.test/x", "b"]);
  assertEquals([shown.headers.get("content-length"), shown.headers.get("content-encoding")], [null, null]);
  assertEquals(await shown.text(), "12345");
});

test("AttemptBody.release() throws if the body has already been read", async () => {
  const response = new Response("12345");
  await response.text();
  const { body, unusable } = open(response);
  const error = assertThrows(() => body.release());
  assertStrictEquals(error, unusable[0]);
});

test("AttemptBody.fail() breaks the body off for its reader, with the reason itself", async () => {
  const { body } = open(stalled());
  const response = body.release();
  const reading = response.text();
  const reason = { my: "reason" };
  body.fail(reason);
  assertStrictEquals(await reading.catch((error) => error), reason);
  // Without a reader there is nothing to break off.
  open(stalled()).body.fail(reason);
});

test("AttemptBody.collect() gives the whole body that its reader has read, or that was discarded", async () => {
  const decode = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
  const read = open(new Response("12345"));
  const collected = read.body.collect(5);
  await read.body.release().text();
  assertEquals(decode(await collected), "12345");

  const discarded = open(new Response("12345"));
  const rest = discarded.body.collect(5);
  discarded.body.discard();
  assertEquals(decode(await rest), "12345");
});

test("AttemptBody.collect() gives undefined, and no empty body, if its attempt ends before any of it was read", async () => {
  for (const body of ["12345", ""]) {
    const opened = open(new Response(body));
    const collected = opened.body.collect(5);
    opened.body.end();
    assertEquals(await collected, undefined);
  }
});

test("AttemptBody.collect() gives nothing of a body that is larger, was cancelled, or has already ended", async () => {
  const larger = open(new Response("12345"));
  const tooMuch = larger.body.collect(4);
  await larger.body.release().text();
  const cancelled = open(new Response("12345"));
  const part = cancelled.body.collect(5);
  await cancelled.body.release().body!.cancel();
  const ended = open(new Response("12345"));
  ended.body.end();
  assertEquals(await Promise.all([tooMuch, part, ended.body.collect(5)]), [undefined, undefined, undefined]);
});

/** A response as from the network, with a content-length header. */
function sized(text: string): Response {
  const headers = { "content-length": String(text.length) };
  return Object.defineProperty(new Response(text, { headers }), "url", { value: "https://a.test/x" });
}

test("AttemptBody.release() treats a body that can't have a byte as ended (S11)", async () => {
  const cases: [Response, string][] = [
    [sized(""), "DELETE"],
    [sized("12345"), "HEAD"],
    [new Response(null, { status: 204 }), "PUT"],
    [new Response(null), "GET"],
  ];
  for (const [response, method] of cases) {
    const { body, ends } = open(response, Infinity, method);
    assertStrictEquals(body.release(), response);
    assertEquals(ends, [0]);
  }
  const { body, ends } = open(sized("1"), Infinity, "PUT");
  assertEquals([await body.release().text(), ends], ["1", [1]]);
});

test("AttemptBody.release() passes on opaque responses, as service workers give them to their pages", () => {
  for (const [type, url] of [["opaqueredirect", "https://a.test/"], ["opaque", ""]] as const) {
    const response = new Response(null);
    Object.defineProperties(response, { type: { value: type }, status: { value: 0 }, url: { value: url } });
    const { body, ends } = open(response);
    assertStrictEquals(body.release(), response);
    assertEquals(ends.length, 1);
  }
});

test("AttemptBody receives an unread body as soon as a request waits for a permit, and keeps it for its reader (S11)", async () => {
  for (const isWaitingBefore of [true, false]) {
    const { body, ends, semaphore, background } = open(sized("12345"), Infinity, "DELETE");
    await semaphore.acquire();
    const before = isWaitingBefore ? semaphore.acquire() : undefined;
    const response = body.release();
    assertEquals(ends, []);
    before ?? semaphore.acquire();
    await Promise.all(background);
    assertEquals([ends, response.bodyUsed], [[5], false]);
    assertEquals(await response.text(), "12345");
  }
});

test("AttemptBody receives at most 64 KiB ahead, and for at most 250 ms (S11)", async () => {
  const large = open(sized("x".repeat(1_000_000)));
  const response = large.body.release();
  await large.semaphore.acquire();
  large.semaphore.acquire();
  await Promise.all(large.background);
  assertEquals([large.ends, large.clock.pending], [[], 1]);
  assertEquals((await response.text()).length, 1_000_000);

  const slow = open(stalled());
  slow.body.release();
  await slow.semaphore.acquire();
  slow.semaphore.acquire();
  await slow.clock.advance(250);
  await Promise.all(slow.background);
  assertEquals([slow.ends, slow.clock.pending], [[], 1]);
});

test("AttemptBody of unknown length lasts from 'timeoutMs' on, if a request waits for it, and until its end", async () => {
  const expected = { unknown: [1, 2, 1], known: [1, 1, 1] };
  for (const [kind, limits] of Object.entries(expected)) {
    const response = stalled();
    if (kind === "known") response.headers.set("content-length", "1000000");
    const { body, lane, clock, semaphore } = open(response);
    lane.limit.halve(2, false);
    const reader = body.release().body!.getReader();
    await reader.read();
    await semaphore.acquire();
    semaphore.acquire();
    await clock.advance(999);
    const seen = [lane.limit.current];
    await clock.advance(1);
    seen.push(lane.limit.current);
    await reader.cancel();
    assertEquals([...seen, lane.limit.current, clock.pending], [...limits, 0]);
  }
});

test("AttemptBody times out when it stays unread, or its reader waits for too long, but never while a reader pauses (S6)", async () => {
  const unread = open(sized("12345"));
  unread.body.release();
  await unread.clock.advance(999);
  assertEquals(unread.timeouts, []);
  await unread.clock.advance(1);
  assertEquals(unread.timeouts, [false]);

  const silent = open(stalled());
  const reader = silent.body.release().body!.getReader();
  await reader.read();
  await silent.clock.advance(100_000);
  assertEquals([silent.timeouts, silent.clock.pending], [[], 0]);
  reader.read().catch(() => {});
  await silent.clock.advance(199);
  assertEquals(silent.timeouts, []);
  await silent.clock.advance(1);
  assertEquals(silent.timeouts, [true]);
});

test("AttemptBody.receive() gives the body chunk by chunk, and holds the permit until its end", async () => {
  const { body, ends } = open(new Response("12345", { status: 203, headers: { a: "b" } }));
  const { status, headers, chunks } = body.receive();
  assertEquals([status, headers.get("a"), ends], [203, "b", []]);
  assertEquals((await chunks!.next())?.length, 5);
  assertEquals([await chunks!.next(), ends], [undefined, [5]]);

  const empty = open(new Response(null, { status: 204 }));
  assertEquals([empty.body.receive().chunks, empty.ends], [undefined, [0]]);
});

test("AttemptBody.receive() gives the permit of a small body back without its reader, and sets no timer for that", async () => {
  const response = new Response("12345", { headers: { "content-length": "5" } });
  const { body, ends, clock, semaphore } = open(response, Infinity, "GET", "https://a.test/");
  await semaphore.acquire();
  semaphore.acquire();
  const { chunks } = body.receive();
  assertEquals(clock.pending, 0);
  await until(() => ends.length > 0);
  assertEquals(ends, [5]);
  assertEquals((await chunks!.next())?.length, 5);
  assertEquals(await chunks!.next(), undefined);
});

test("AttemptBody.receive() of a discarded body has its first characters", async () => {
  const { body } = open(new Response("gone"));
  body.discard();
  const { chunks } = body.receive();
  assertEquals(new TextDecoder().decode(await chunks!.next()), "gone");
});
