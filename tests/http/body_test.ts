import { assertEquals, assertRejects } from "@std/assert";
import { BodyCollector } from "../../src/http/body_collector.ts";
import { contentLength, drainBody, readBody, utf8Length } from "../../src/http/body.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function streamed(chunks: readonly string[], headers: Record<string, string> = {}): Response {
  const parts = chunks.map((chunk) => new TextEncoder().encode(chunk));
  return new Response(
    new ReadableStream({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(part);
      },
    }),
    { headers },
  );
}

test("readBody() reads a body up to its limit, and gives nothing of a larger one", async () => {
  for (
    const headers of [{}, { "content-length": "4" }, { "content-length": "4", "content-encoding": "gzip" }]
  ) {
    assertEquals((await readBody(streamed(["ab", "cd"], headers), 4))?.length, 4);
    assertEquals(await readBody(streamed(["ab", "cd"], headers), 3), undefined);
    assertEquals((await readBody(streamed(["ab", "cd"], headers), Infinity))?.length, 4);
  }
  assertEquals((await readBody(new Response(null), 1))?.length, 0);
});

test("readBody() gives nothing of a body that is larger than announced", async () => {
  assertEquals(await readBody(streamed(["ab", "cd"], { "content-length": "2" }), 3), undefined);
});

test("readBody() tells of each chunk, whatever the limit and the announced length", async () => {
  for (const headers of [{}, { "content-length": "5" }]) {
    for (const maxBytes of [5, Infinity]) {
      const told: number[] = [];
      const bytes = await readBody(streamed(["ab", "cde"], headers), maxBytes, (length) => told.push(length));
      assertEquals([bytes?.length, told], [5, [2, 3]]);
    }
  }
});

test("readBody() rejects when the body breaks off", async () => {
  const broken = () =>
    new Response(new ReadableStream({ start: (controller) => controller.error(new Error("cut")) }));
  await assertRejects(() => readBody(broken(), 10), Error, "cut");
  await assertRejects(() => readBody(broken(), Infinity), Error, "cut");
});

test("S8: drainBody() ends a body that never does after 250 ms, and leaves no timer", async () => {
  const clock = new ManualClock();
  let cancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("begin")),
    cancel() {
      cancelled = true;
    },
  });
  const drained = drainBody(new Response(body), new DeadlineQueue(clock));
  assertEquals(await clock.run(drained), "begin");
  assertEquals([clock.now(), cancelled, clock.pending], [250, true, 0]);
});

test("S8: drainBody() reads no more than 64 KB, and shows no more than 2 KB", async () => {
  // Of what is announced to be more than that, it reads what is shown.
  for (
    const [headers, chunks] of [[{}, 4], [{ "content-length": "65536" }, 4], [
      { "content-length": "65537" },
      1,
    ]] as const
  ) {
    let pulled = 0;
    let cancelled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(16_384).fill(120));
      },
      cancel: () => void cancelled++,
    }, { highWaterMark: 0 });
    const clock = new ManualClock();
    const excerpt = await drainBody(new Response(body, { headers }), new DeadlineQueue(clock));
    assertEquals([excerpt.length, pulled, cancelled, clock.pending], [2_048, chunks, 1, 0]);
  }
});

test("drainBody() gives what came of a body that breaks off, and nothing of one that is gone", async () => {
  const deadlines = new DeadlineQueue(new ManualClock());
  let sent = false;
  const broken = new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new Error("cut"));
      sent = true;
      controller.enqueue(new TextEncoder().encode("half"));
    },
  });
  assertEquals(await drainBody(new Response(broken), deadlines), "half");
  assertEquals(await drainBody(new Response(null), deadlines), "");
  const used = new Response("used");
  await used.text();
  assertEquals(await drainBody(used, deadlines), "");
});

test("drainBody() gives its collector a whole body, and nothing of one that is larger than that one takes", async () => {
  for (const [maxBytes, expected] of [[4, "abcd"], [3, undefined]] as const) {
    const collector = new BodyCollector(maxBytes);
    const excerpt = await drainBody(
      streamed(["ab", "cd"]),
      new DeadlineQueue(new ManualClock()),
      collector,
    );
    const bytes = await collector.bytes;
    assertEquals([excerpt, bytes && new TextDecoder().decode(bytes)], ["abcd", expected]);
  }
});

test("drainBody() gives its collector an empty body for a response without one", async () => {
  const collector = new BodyCollector(4);
  await drainBody(new Response(null, { status: 404 }), new DeadlineQueue(new ManualClock()), collector);
  assertEquals(await collector.bytes, new Uint8Array(0));
});

test("drainBody() tells its collector of no end that a body has not come to", async () => {
  const begin = new TextEncoder().encode("begin");
  const stalled = new ReadableStream({ start: (controller) => controller.enqueue(begin) });
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) });
  const broken = new ReadableStream({
    pull: (controller) => controller.error(new Error("cut")),
  });
  for (const body of [stalled, endless, broken]) {
    const clock = new ManualClock();
    const collector = new BodyCollector(Infinity);
    await clock.run(drainBody(new Response(body), new DeadlineQueue(clock), collector));
    // What ends the attempt ends its collector; the drain must not have called the body complete.
    collector.end(false);
    assertEquals(await collector.bytes, undefined);
  }
});

test("utf8Length() counts the bytes of any text", () => {
  for (const text of ["", "abc", "é€😀", "\ud800", "x".repeat(200_000) + "é", "😀".repeat(40_000)]) {
    assertEquals(utf8Length(text), new TextEncoder().encode(text).length);
  }
});

test("utf8Length() takes the announced length of a long text's response for what was received", () => {
  const announce = (length: number) => new Response(null, { headers: { "content-length": `${length}` } });
  for (const text of ["x".repeat(40_000), "é".repeat(40_000), "€".repeat(40_000), "😀".repeat(20_000)]) {
    const { length } = new TextEncoder().encode(text);
    assertEquals(utf8Length(text, announce(length)), length);
    // With a byte order mark.
    assertEquals(utf8Length(text, announce(length + 3)), length + 3);
  }
});

test("utf8Length() counts a response's text where its length is not announced, or can't be that of the text", () => {
  const text = "é".repeat(40_000);
  for (
    const headers of [
      {},
      { "content-length": "39999" },
      { "content-length": "120004" },
      { "content-length": "0" },
      { "content-length": "many" },
      { "content-length": "50000", "content-encoding": "gzip" },
      { "content-length": "50000", "transfer-encoding": "chunked" },
    ] as Record<string, string>[]
  ) {
    assertEquals(utf8Length(text, new Response(null, { headers })), 80_000, JSON.stringify(headers));
  }
  assertEquals(utf8Length("é", new Response(null, { headers: { "content-length": "3" } })), 2);
});

test("contentLength() takes nothing but digits", () => {
  for (
    const [value, expected] of [["12", 12], ["0", 0], ["-1", undefined], ["1e3", undefined], [
      "",
      undefined,
    ]] as const
  ) {
    assertEquals(contentLength(new Headers({ "content-length": value })), expected);
  }
  assertEquals(contentLength(new Headers()), undefined);
});

test("contentLength() believes no length that a transfer coding overrides", () => {
  for (const coding of ["chunked", "gzip, chunked", "identity"]) {
    const headers = new Headers({ "content-length": "0", "transfer-encoding": coding });
    assertEquals(contentLength(headers), undefined);
  }
});

test("readBody() keeps to its limit where a transfer coding overrides a small length", async () => {
  let pulled = 0;
  const pull = (controller: ReadableStreamDefaultController): void => {
    pulled++;
    controller.enqueue(new Uint8Array(100));
  };
  const headers = { "content-length": "10", "transfer-encoding": "chunked" };
  const endless = new Response(new ReadableStream({ pull }), { headers });

  assertEquals(await readBody(endless, 1_000), undefined);
  assertEquals(pulled < 20, true);
});
