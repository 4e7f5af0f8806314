import { Buffer } from "node:buffer";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { BodyCollector } from "../../src/http/body_collector.ts";
import { BodyReceiver, type BodyReceiverOptions } from "../../src/http/body_receiver.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";

function receive(response: Response, options: Partial<BodyReceiverOptions> = {}) {
  const ends: number[] = [];
  const waits: boolean[] = [];
  const receiver = new BodyReceiver(response, {
    maxBytes: Infinity,
    isMade: response.url === "",
    onTooLarge: () => new RangeError("too large"),
    onBreak: (error) => error,
    onEnd: (bytes) => ends.push(bytes),
    onWait: (isWaiting) => waits.push(isWaiting),
    ...options,
  });
  return { receiver, ends, waits };
}

/** Creates a response whose body arrives when the test says so. */
function slow() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const cancelled: unknown[] = [];
  const response = new Response(
    new ReadableStream<Uint8Array>({
      start: (own) => void (controller = own),
      cancel: (reason) => void cancelled.push(reason),
    }, { highWaterMark: 0 }),
  );
  const send = (text: string) => controller.enqueue(new TextEncoder().encode(text));
  return { response, send, close: () => controller.close(), cancelled };
}

async function textOf(receiver: BodyReceiver): Promise<string> {
  let text = "";
  for (let chunk = await receiver.next(); chunk !== undefined; chunk = await receiver.next()) {
    text += new TextDecoder().decode(chunk);
  }
  return text;
}

test("BodyReceiver.next() rejects where the body was read or cancelled meanwhile, and does not take that for its end", async () => {
  for (
    const use of [(response: Response) => response.body!.cancel(), (response: Response) => response.text()]
  ) {
    const response = new Response("12345");
    const { receiver, ends } = receive(response);
    await use(response);
    await assertRejects(() => receiver.next(), TypeError, "cancelled, before the caller read it");
    assertEquals(ends, [0]);
  }
  const { receiver } = receive(new Response(""));
  assertEquals(await receiver.next(), undefined);
});

test("BodyReceiver.next() returns chunk by chunk, and then nothing; its end is reported once", async () => {
  const { response, send, close } = slow();
  const { receiver, ends, waits } = receive(response);
  send("ab");
  assertEquals((await receiver.next())?.length, 2);
  const second = receiver.next();
  assertEquals([ends, waits], [[], [true, false, true]]);
  send("c");
  assertEquals((await second)?.length, 1);
  close();
  assertEquals([await receiver.next(), await receiver.next(), ends], [undefined, undefined, [3]]);
});

test("BodyReceiver.next() returns chunks that belong to the reader, also where the program gives views of shared memory", async () => {
  const shared = new Uint8Array([...new TextEncoder().encode("-12-")]);
  const views = [
    Buffer.from(shared.buffer, 1, 2),
    new DataView(shared.buffer, 1, 2),
    new Uint16Array(shared.buffer.slice(1, 3)),
  ];
  for (const isMade of [true, false]) {
    for (const view of views) {
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(view);
          controller.close();
        },
      });
      const { receiver } = receive(new Response(stream), { isMade });
      const chunk = (await receiver.next())!;
      assertEquals([chunk.constructor, new TextDecoder().decode(chunk)], [Uint8Array, "12"]);
      structuredClone(chunk, { transfer: [chunk.buffer] });
      assertEquals([shared.length, view.byteLength], [4, 2]);
    }
  }
});

test("BodyReceiver does not touch its response before a reader wants a chunk", async () => {
  let touched = 0;
  const response = Object.defineProperty(new Response("x"), "body", {
    get() {
      touched++;
      return Object.getOwnPropertyDescriptor(Response.prototype, "body")!.get!.call(response);
    },
  });
  const { receiver } = receive(response);
  assertEquals(touched, 0);
  assertEquals(await textOf(receiver), "x");
});

test("BodyReceiver.receiveAhead() ends an unread short body, which can still be read afterwards", async () => {
  const { receiver, ends, waits } = receive(new Response("12345"));
  await receiver.receiveAhead(1_000);
  assertEquals([ends, receiver.hasEnded, waits], [[5], true, []]);
  assertEquals(await textOf(receiver), "12345");
});

test("S11: BodyReceiver.receiveAhead() ends a body that is as long as it may be, with and without an announced length", async () => {
  for (const headers of [{}, { "content-length": "65536" }]) {
    const { receiver, ends } = receive(new Response(new Uint8Array(65_536), { headers }));
    await receiver.receiveAhead(65_536);
    assertEquals([ends, receiver.hasEnded], [[65_536], true]);
  }
});

test("BodyReceiver.receiveAhead() stops after enough bytes, and when it is stopped; no byte is lost", async () => {
  const { response, send, close } = slow();
  const { receiver, ends } = receive(response);
  send("1234");
  send("5678");
  await receiver.receiveAhead(4);
  assertEquals(ends, []);
  const ahead = receiver.receiveAhead(1_000);
  receiver.stopAhead();
  await ahead;
  const text = textOf(receiver);
  send("9");
  close();
  assertEquals([await text, ends], ["123456789", [9]]);
});

test("BodyReceiver.receiveAhead() shares chunks with a reader that waits for the same bytes", async () => {
  const { response, send, close } = slow();
  const { receiver } = receive(response);
  const text = textOf(receiver);
  const ahead = receiver.receiveAhead(100);
  send("ab");
  send("cd");
  close();
  await ahead;
  assertEquals(await text, "abcd");
});

test("BodyReceiver breaks off when a body exceeds its limit, and returns nothing of the excess", async () => {
  for (const isAhead of [true, false]) {
    const { response, send, cancelled } = slow();
    const { receiver, ends } = receive(response, { maxBytes: 3 });
    send("12");
    send("34");
    if (isAhead) await receiver.receiveAhead(100);
    else await receiver.next();
    await assertRejects(() => receiver.next(), RangeError, "too large");
    assertEquals([ends, cancelled.length], [[4], 1]);
  }
});

test("BodyReceiver.fail() wakes a waiting reader with the reason itself, even if the body ignores the abort", async () => {
  const { response } = slow();
  const { receiver, ends } = receive(response);
  const waiting = receiver.next();
  const reason = { my: "reason" };
  receiver.fail(reason);
  receiver.fail(new Error("another one"));
  assertStrictEquals(await waiting.catch((error) => error), reason);
  assertStrictEquals(await receiver.next().catch((error) => error), reason);
  assertEquals(ends, [0]);
});

test("BodyReceiver lets its owner make the error of a body that breaks off", async () => {
  const cut = new Response(new ReadableStream({ start: (controller) => controller.error(new Error("cut")) }));
  const { receiver, ends } = receive(cut, { onBreak: (cause) => new Error("broken", { cause }) });
  const error = await assertRejects(() => receiver.next(), Error, "broken");
  assertEquals([(error.cause as Error).message, ends], ["cut", [0]]);
});

test("BodyReceiver.cancel() cancels the body, read or not, and reports the end once", async () => {
  for (const isRead of [true, false]) {
    const { response, send, cancelled } = slow();
    const { receiver, ends } = receive(response);
    send("ab");
    if (isRead) await receiver.next();
    await receiver.cancel("no more");
    await receiver.cancel("again");
    assertEquals([cancelled, ends], [["no more"], [isRead ? 2 : 0]]);
  }
});

test("BodyReceiver gives its collector the whole body, or nothing", async () => {
  const [whole, part] = [new BodyCollector(100), new BodyCollector(100)];
  await textOf(receive(new Response("12345"), { collector: whole }).receiver);
  await receive(new Response("12345"), { collector: part }).receiver.cancel(undefined);
  assertEquals([(await whole.bytes)?.length, await part.bytes], [5, undefined]);
});

test("BodyReceiver does not reuse the bytes of a response that the program itself has made", async () => {
  const own = new TextEncoder().encode("mine");
  const response = new Response(
    new ReadableStream({
      pull(controller) {
        controller.enqueue(own);
        controller.close();
      },
    }),
  );
  const chunk = await receive(response).receiver.next();
  chunk!.fill(0);
  assertEquals(new TextDecoder().decode(own), "mine");
});

test("BodyReceiver.stopAhead() does not disturb a reader that waits for the same chunk", async () => {
  const { response, send } = slow();
  const { receiver, waits } = receive(response);
  const waiting = receiver.next();
  const ahead = receiver.receiveAhead(100);
  receiver.stopAhead();
  await ahead;
  assertEquals(waits, [true]);
  send("ab");
  assertEquals([(await waiting)?.length, waits], [2, [true, false]]);
});

test("BodyReceiver.fail() cancels the body before it reports the end, which others wait for", () => {
  const { response, cancelled } = slow();
  const order: string[] = [];
  const { receiver } = receive(response, {
    onEnd: () => order.push(`end after ${cancelled.length} cancelled`),
  });
  receiver.next().catch(() => {});
  receiver.fail("enough");
  assertEquals(order, ["end after 1 cancelled"]);
});

/** A response as it comes from the network. */
function networkResponse(body: BodyInit, headers: HeadersInit): Response {
  return Object.defineProperties(new Response(body, { headers }), { url: { value: "https://a.test/" } });
}

test("BodyReceiver.next() returns a small body as one chunk where that is requested, and no other body", async () => {
  const chunksOf = async (response: Response, joinsSmall: boolean) => {
    const { receiver, ends, waits } = receive(response, { joinsSmall });
    const chunks: number[] = [];
    for (let chunk = await receiver.next(); chunk !== undefined; chunk = await receiver.next()) {
      chunks.push(chunk.length);
    }
    assertEquals([ends, waits.at(-1)], [[4], false]);
    return chunks;
  };
  const twice = () => {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    for (const text of ["ab", "cd"]) writer.write(new TextEncoder().encode(text)).catch(() => {});
    writer.close().catch(() => {});
    return readable;
  };
  const small = { "content-length": "4" };
  assertEquals(await chunksOf(networkResponse(twice(), small), true), [4]);
  assertEquals(await chunksOf(networkResponse(twice(), small), false), [2, 2]);
  assertEquals(await chunksOf(networkResponse(twice(), {}), true), [2, 2]);
  assertEquals(await chunksOf(networkResponse(twice(), { "content-length": "16385" }), true), [2, 2]);
  assertEquals(await chunksOf(networkResponse(twice(), { ...small, "content-encoding": "x" }), true), [2, 2]);
  assertEquals(await chunksOf(new Response(twice(), { headers: small }), true), [2, 2]);
});

test("BodyReceiver.receiveSmall() receives a small body before its reader asks, and leaves every other one alone", async () => {
  const small = { "content-length": "4" };
  const begun = receive(networkResponse("abcd", small), { joinsSmall: true });
  assertEquals(begun.receiver.receiveSmall(), true);
  await eventLoopTurn();
  assertEquals([begun.ends, begun.waits], [[4], []]);
  assertEquals(await textOf(begun.receiver), "abcd");

  const { response, send, close } = slow();
  const asked = receive(networkResponse(response.body!, small), { joinsSmall: true });
  assertEquals(asked.receiver.receiveSmall(), true);
  const text = textOf(asked.receiver);
  await eventLoopTurn();
  send("abcd");
  close();
  assertEquals(await text, "abcd");

  for (
    const [response, joinsSmall] of [
      [networkResponse("abcd", small), false],
      [networkResponse("abcd", {}), true],
      [new Response("abcd", { headers: small }), true],
    ] as const
  ) {
    const { receiver, ends } = receive(response, { joinsSmall });
    assertEquals([receiver.receiveSmall(), response.bodyUsed], [false, false]);
    await eventLoopTurn();
    assertEquals(ends, []);
    assertEquals(await textOf(receiver), "abcd");
  }
});

/** A body that a runtime can read into buffers, and that can break off. */
function byteStream(
  chunks: readonly Uint8Array[],
  breaksOff = false,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...chunks];
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) return controller.enqueue(chunk.slice());
      if (breaksOff) return controller.error(new Error("broken"));
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

test("BodyReceiver.next() reads into the given buffer, if the body was fetched and supports that", async () => {
  const chunks = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)];
  const { receiver, ends } = receive(networkResponse(byteStream(chunks), {}));
  const received: number[] = [];
  for (;;) {
    const room = new Uint8Array(2);
    room[1] = 99;
    const chunk = await receiver.next(room);
    assertEquals(room.length, 0);
    if (chunk === undefined) break;
    assertEquals([chunk.byteOffset, chunk.buffer.byteLength], [0, 2]);
    received.push(...chunk);
  }
  assertEquals([received, ends], [[1, 2, 3, 4, 5, 6], [6]]);

  for (
    const response of [
      new Response(byteStream(chunks)),
      networkResponse(new ReadableStream({ start: (own) => (own.enqueue(chunks[0]), own.close()) }), {}),
    ]
  ) {
    const room = new Uint8Array(2);
    assertEquals(await receive(response).receiver.next(room), chunks[0]);
    assertEquals(room.length, 2);
  }
});

test("BodyReceiver.next() with a buffer returns bytes that were received ahead, with and without a buffer", async () => {
  const chunks = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
  const { receiver } = receive(networkResponse(byteStream(chunks), {}));
  assertEquals(await receiver.next(new Uint8Array(5)), chunks[0]);
  await receiver.receiveAhead(1);
  const room = new Uint8Array(5);
  assertEquals([await receiver.next(room), room.length], [chunks[1], 5]);
  assertEquals(await receiver.next(), chunks[2]);
  assertEquals(await receiver.next(room), undefined);
});

test("BodyReceiver.receiveAhead() and a reader that waits read a byte stream once for both", async () => {
  const pulls: ReadableByteStreamController[] = [];
  const body = new ReadableStream({ type: "bytes", pull: (controller) => void pulls.push(controller) });
  const { receiver } = receive(networkResponse(body, {}));
  for (const room of [new Uint8Array(5), undefined]) {
    const chunk = receiver.next(room);
    await eventLoopTurn();
    pulls.shift()!.enqueue(Uint8Array.of(1));
    assertEquals(await chunk, Uint8Array.of(1));
  }
  const ahead = receiver.receiveAhead(1);
  const chunk = receiver.next();
  await eventLoopTurn();
  pulls.shift()!.enqueue(Uint8Array.of(2, 3));
  await ahead;
  assertEquals(await chunk, Uint8Array.of(2, 3));
});

test("BodyReceiver.next() with a buffer reports a break, an excess and a cancellation", async () => {
  const chunks = [Uint8Array.of(1), Uint8Array.of(2)];
  const broken = receive(networkResponse(byteStream(chunks, true), {})).receiver;
  for (const chunk of chunks) assertEquals(await broken.next(new Uint8Array(5)), chunk);
  await assertRejects(() => broken.next(new Uint8Array(5)), Error, "broken");

  const large = receive(networkResponse(byteStream(chunks), {}), { maxBytes: 1 }).receiver;
  await large.next(new Uint8Array(5));
  await assertRejects(() => large.next(new Uint8Array(5)), RangeError, "too large");

  const left = receive(networkResponse(byteStream(chunks), {}));
  await left.receiver.next(new Uint8Array(5));
  await left.receiver.cancel("enough");
  assertEquals([await left.receiver.next(new Uint8Array(5)), left.ends], [undefined, [1]]);
});

test("BodyReceiver stops a small body that its reader or attempt drops while it arrives as a whole", async () => {
  for (const leaves of ["cancel", "fail"] as const) {
    for (const goesOn of ["breaks off", "comes", "hangs"] as const) {
      let source!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (source = controller) });
      const log: string[] = [];
      const { receiver, ends } = receive(networkResponse(body, { "content-length": "4" }), {
        joinsSmall: true,
        onStop: () => void log.push(`stopped with ${ends.length} ends`),
        onBreak: (error) => {
          log.push("broken");
          return error;
        },
      });
      const ahead = receiver.receiveAhead(65_536);
      if (leaves === "cancel") await receiver.cancel(undefined);
      else receiver.fail(new Error("of no use"));
      // The attempt is stopped first, since its permit goes to another request.
      assertEquals([log, ends], [["stopped with 0 ends"], [0]], leaves);
      if (goesOn === "breaks off") source.error(new TypeError("aborted"));
      if (goesOn === "comes") {
        source.enqueue(new Uint8Array(4));
        source.close();
      }
      await eventLoopTurn();
      if (goesOn !== "hangs") await ahead;
      assertEquals([log.length, ends], [1, [0]], `${leaves}, ${goesOn}`);
    }
  }
});

test("BodyReceiver.next() of a small body reports a break, and an excess", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) });
  const { receiver, ends } = receive(networkResponse(broken, { "content-length": "4" }), {
    joinsSmall: true,
  });
  await assertRejects(() => receiver.next(), TypeError);
  assertEquals(ends, [0]);

  const large = receive(networkResponse("12345", { "content-length": "5" }), {
    joinsSmall: true,
    maxBytes: 4,
  });
  await assertRejects(() => large.receiver.next(), RangeError, "too large");
  assertEquals(large.ends.length, 1);

  const failed = receive(networkResponse("12345", { "content-length": "5" }), { joinsSmall: true });
  const next = failed.receiver.next();
  failed.receiver.fail(new Error("stopped"));
  await assertRejects(() => next, Error, "stopped");
  assertEquals(failed.ends.length, 1);
});

test("BodyReceiver.receiveAhead() counts bytes that already wait for a reader, however often it is called", async () => {
  const { response, send, close } = slow();
  const { receiver } = receive(response);
  send("1234");
  await receiver.receiveAhead(3);
  for (const text of ["5678", "9"]) send(text);
  await receiver.receiveAhead(3);
  await receiver.receiveAhead(6);
  await receiver.receiveAhead(7);
  close();
  assertEquals(receiver.hasEnded, false);
  assertEquals(await textOf(receiver), "123456789");
});

test("BodyReceiver.cancel() cancels the body once, however often it is called", async () => {
  const cancelled: unknown[] = [];
  let release!: () => void;
  const source = new ReadableStream<Uint8Array>({
    cancel(reason) {
      cancelled.push(reason);
      return new Promise<void>((resolve) => release = resolve);
    },
  });
  const { receiver, ends } = receive(new Response(source));
  const first = receiver.cancel("first");
  await receiver.cancel("second");
  assertEquals([cancelled, ends], [["first"], []]);
  release();
  await first;
  assertEquals([cancelled, ends], [["first"], [0]]);
});
