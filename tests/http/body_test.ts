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

test("readBody() reads a body up to its limit, and returns nothing of a larger one", async () => {
  for (
    const headers of [{}, { "content-length": "4" }, { "content-length": "4", "content-encoding": "gzip" }]
  ) {
    assertEquals((await readBody(streamed(["ab", "cd"], headers), 4))?.length, 4);
    assertEquals(await readBody(streamed(["ab", "cd"], headers), 3), undefined);
    assertEquals((await readBody(streamed(["ab", "cd"], headers), Infinity))?.length, 4);
  }
  assertEquals((await readBody(new Response(null), 1))?.length, 0);
});

test("readBody() stops at its limit where a compressed body becomes larger than it announces", async () => {
  const log: string[] = [];
  const body = new ReadableStream({
    pull(controller) {
      if (log.push("pull") > 20) throw new Error("the body was read on");
      controller.enqueue(new Uint8Array(2));
    },
    cancel: () => void log.push("cancel"),
  }, { highWaterMark: 0 });
  const headers = { "content-length": "4", "content-encoding": "gzip" };
  assertEquals(await readBody(new Response(body, { headers }), 5), undefined);
  assertEquals(log, ["pull", "pull", "pull", "cancel"]);
});

test("readBody() returns nothing of a body that announces more than its limit", async () => {
  assertEquals(await readBody(streamed(["ab", "cd"], { "content-length": "2" }), 3), undefined);
});

test("readBody() reports each chunk, whatever the limit and the announced length", async () => {
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

test("S8: drainBody() gives up an endless body after 250 ms, and leaves no timer", async () => {
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

test("S8: drainBody() reads at most 64 KB, and shows at most 2 KB", async () => {
  // Of a body that announces more, it reads only the excerpt.
  for (
    const [headers, chunks] of [[{}, 4], [{ "content-length": "65535" }, 4], [
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

test("S8: drainBody() reads a body of exactly 64 KB to its end, so that its connection can be used again", async () => {
  let cancelled = 0;
  let left = 4;
  const body = new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(new Uint8Array(16_384));
    },
    cancel: () => void cancelled++,
  }, { highWaterMark: 0 });
  const response = new Response(body, { headers: { "content-length": "65536" } });
  await drainBody(response, new DeadlineQueue(new ManualClock()));
  assertEquals([left, cancelled], [-1, 0]);
});

test("drainBody() returns the received part of a body that breaks off, and nothing of one that was read", async () => {
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

test("drainBody() gives its collector a whole body, and nothing of one that is too large for the collector", async () => {
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

test("drainBody() does not report an end to its collector that the body has not reached", async () => {
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
    // The end of an attempt ends its collector; drainBody() must not have called the body complete.
    collector.end(false);
    assertEquals(await collector.bytes, undefined);
  }
});

test("utf8Length() counts the bytes of any text", () => {
  for (const text of ["", "abc", "é€😀", "\ud800", "x".repeat(200_000) + "é", "😀".repeat(40_000)]) {
    assertEquals(utf8Length(text), new TextEncoder().encode(text).length);
  }
});

test("utf8Length() takes the announced length of a long text's response as its length", () => {
  const announce = (length: number) => new Response(null, { headers: { "content-length": `${length}` } });
  for (const text of ["x".repeat(40_000), "é".repeat(40_000), "€".repeat(40_000), "😀".repeat(20_000)]) {
    const { length } = new TextEncoder().encode(text);
    assertEquals(utf8Length(text, announce(length)), length);
    // The same with a byte order mark.
    assertEquals(utf8Length(text, announce(length + 3)), length + 3);
  }
});

test("utf8Length() counts a text whose response announces no length, or one that can't be the text's", () => {
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

test("contentLength() accepts digits only", () => {
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

test("contentLength() ignores a length that a transfer coding overrides", () => {
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
