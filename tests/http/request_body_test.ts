import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { MAX_REPLAY_BYTES, replayableBody, wholeBody } from "../../src/http/request_body.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";

const options = { signals: [], isWhole: false };

function post(body: BodyInit): Request {
  return new Request("https://a.test/", { method: "POST", body, duplex: "half" } as RequestInit);
}

test("replayableBody() reads a body, which counts as used at once", async () => {
  const bodies: BodyInit[] = ["hello", new Uint8Array([104, 105]), new Blob(["x".repeat(1_000)]), ""];
  for (const body of bodies) {
    const request = post(body);
    const reading = replayableBody(request, options);
    assert(request.bodyUsed || body === "");
    const bytes = await reading;
    assertInstanceOf(bytes, Uint8Array);
    assertEquals(bytes.length, await new Response(body).arrayBuffer().then(({ byteLength }) => byteLength));
  }
});

test("replayableBody() returns a stream of the whole body if that is too large to keep", async () => {
  const size = MAX_REPLAY_BYTES + 100_000;
  const body = await replayableBody(post("x".repeat(size)), options);
  assertInstanceOf(body, ReadableStream);
  assertEquals((await new Response(body).text()).length, size);
  const whole = await replayableBody(post("x".repeat(size)), { ...options, isWhole: true });
  assertInstanceOf(whole, Uint8Array);
  assertEquals(whole.length, size);
});

test("replayableBody() cancels a body that is too large to keep when its stream is cancelled", async () => {
  const reasons: unknown[] = [];
  const body = await replayableBody(postChunks(["x".repeat(MAX_REPLAY_BYTES + 1), "y"], reasons), options);
  await (body as ReadableStream).cancel("enough");
  assertEquals(reasons, ["enough"]);
});

test("replayableBody() keeps a body of exactly the limit", async () => {
  assertInstanceOf(await replayableBody(post("x".repeat(MAX_REPLAY_BYTES)), options), Uint8Array);
});

test("replayableBody() leaves no listener on its signals, however the reading ends", async () => {
  const controllers = [new AbortController(), new AbortController()];
  const signals = controllers.map(({ signal }) => signal);
  const counts = signals.map(countAbortListeners);
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) });
  await replayableBody(post("hello"), { signals, isWhole: false });
  await replayableBody(post("x".repeat(MAX_REPLAY_BYTES + 1)), { signals, isWhole: false });
  await assertRejects(() => replayableBody(post(broken), { signals, isWhole: true }), Error, "cut");
  assertEquals(counts.map(({ now, most }) => [now, most]), [[0, 1], [0, 1]]);
});

test("replayableBody() ends at once when a signal aborts, with its reason", async () => {
  const endless = (): ReadableStream<Uint8Array> =>
    new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(3)) });
  for (const isWhole of [false, true]) {
    const controller = new AbortController();
    const reading = replayableBody(post(endless()), { signals: [controller.signal], isWhole });
    await Promise.resolve();
    const reason = { my: "reason" };
    controller.abort(reason);
    assertEquals(await reading.catch((error) => error), reason);
  }
});

test("replayableBody() rejects with the error of a body that breaks off", async () => {
  const broken = new ReadableStream({
    pull: () => Promise.reject(new Error("cut")),
  });
  await assertRejects(() => replayableBody(post(broken), options), Error, "cut");
});

test("replayableBody() ends at once when a signal has aborted before, and cancels the body", async () => {
  const reason = { my: "reason" };
  let cancelled: unknown;
  const silent = new ReadableStream<Uint8Array>({ cancel: (reason) => void (cancelled = reason) });
  const signals = [new AbortController().signal, AbortSignal.abort(reason)];
  assertEquals(await replayableBody(post(silent), { ...options, signals }).catch((error) => error), reason);
  assertEquals(cancelled, reason);
});

/** A request whose body has these chunks, even those that its runtime would refuse. */
function postChunks(chunks: readonly unknown[], reasons: unknown[] = []): Request {
  let at = 0;
  const body = new ReadableStream({
    pull: (controller) => at < chunks.length ? controller.enqueue(chunks[at++]) : controller.close(),
    cancel: (reason) => void reasons.push(reason),
  });
  return Object.defineProperty(post(""), "body", { value: body });
}

test("replayableBody() accepts text and any bytes in a stream, and loses none of it", async () => {
  const chunks = ["hé", new Uint16Array([0x4142]), new Uint8Array([33]).buffer];
  const large = "x".repeat(MAX_REPLAY_BYTES);
  for (const all of [chunks, [...chunks, large, "y"], [large, ...chunks]]) {
    const text = await new Response(new Blob(all as BlobPart[])).text();
    const body = await replayableBody(postChunks(all), options);
    assertEquals(await new Response(body as BodyInit).text(), text);
  }
});

test("replayableBody() refuses other chunks, and cancels the stream", async () => {
  const reasons: unknown[] = [];
  const request = postChunks(["x", 5], reasons);
  const error = await assertRejects(() => replayableBody(request, options), TypeError, "received number");
  assertEquals(reasons, [error]);
});

test("wholeBody() reads a stream to its end, however long it is", async () => {
  const { signal } = new AbortController();
  for (const size of [0, 1, MAX_REPLAY_BYTES + 100_000]) {
    const body = await wholeBody(new Blob(["x".repeat(size)]).stream(), signal);
    assertInstanceOf(body, Uint8Array);
    assertEquals(body.length, size);
  }
});

test("wholeBody() ends at once when its signal aborts, with its reason, and cancels the stream", async () => {
  const controller = new AbortController();
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull: () => controller.abort("enough"),
    cancel: (reason) => void cancelled.push(reason),
  });
  assertEquals(await wholeBody(stream, controller.signal).catch((reason) => reason), "enough");
  assertEquals(cancelled, ["enough"]);
});
