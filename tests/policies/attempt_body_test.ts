import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { AttemptBody } from "../../src/policies/attempt_body.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

/** An open body, and what has been heard of it. */
function open(response: Response, maxBytes = Infinity) {
  const clock = new ManualClock();
  const ends: (number | undefined)[] = [];
  const unusable: unknown[] = [];
  const background: Promise<unknown>[] = [];
  const body: AttemptBody = new AttemptBody({
    response,
    deadlines: new DeadlineQueue(clock),
    maxBytes,
    onTooLarge: () => new RangeError("too large"),
    onEnd: (bytes) => {
      ends.push(bytes);
      body.end();
    },
    onUnusable: (error) => {
      unusable.push(error);
      return error;
    },
    inBackground: (work) => background.push(work),
  });
  return { body, clock, ends, unusable, background };
}

function stalled(): Response {
  return new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("some")) }),
  );
}

test("AttemptBody.excerpt() gets rid of the body in the background, once, and gives its first characters (S8)", async () => {
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

test("AttemptBody.release() hands the response out, and says when it has been read, and how much", async () => {
  const { body, ends } = open(new Response("12345", { status: 201 }));
  const response = body.release();
  assertEquals([response.status, ends], [201, []]);
  assertEquals(await response.text(), "12345");
  assertEquals(ends, [5]);
});

test("AttemptBody.release() breaks a body off that is larger than allowed", async () => {
  const { body, ends } = open(new Response("12345"), 4);
  await assertRejects(() => body.release().text(), RangeError, "too large");
  assertEquals(ends.length, 1);
});

test("AttemptBody.release() of a body that had to be got rid of has its first characters", async () => {
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

test("AttemptBody.release() says so when somebody has read the body before", () => {
  const response = new Response("12345");
  response.body!.getReader();
  const { body, unusable } = open(response);
  const error = assertThrows(() => body.release());
  assertStrictEquals(error, unusable[0]);
});

test("AttemptBody.fail() breaks the body off for its reader, with the very reason", async () => {
  const { body } = open(stalled());
  const response = body.release();
  const reading = response.text();
  const reason = { my: "reason" };
  body.fail(reason);
  assertStrictEquals(await reading.catch((error) => error), reason);
  // Nobody reads: there is nothing to break off.
  open(stalled()).body.fail(reason);
});

test("AttemptBody.collect() gives the whole body that its reader reads, or that is got rid of", async () => {
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

test("AttemptBody.collect() gives nothing of a body that is larger, is cancelled, or has ended already", async () => {
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
