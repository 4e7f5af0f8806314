import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as v from "valibot";
import {
  type ClientOptions,
  createClient,
  type EventsOptions,
  type HttpError,
  InvalidDataError,
  NetworkError,
  type RequestSpec,
  type ServerSentEvent,
  TimeoutError,
} from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { rejection, watch } from "../support/settled.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  type ChunkedBody,
  chunkedBody,
  type ChunkedClient,
  chunkedClient,
  type Ending,
  pieces,
  toBytes,
} from "./chunked.ts";

const URL_A = "https://a.test/events";
const EVENT_STREAM = { headers: { "content-type": "text/event-stream" } };

function stream(text: string, ending: Ending = "end"): ChunkedBody {
  return chunkedBody(text === "" ? [] : [text], ending, EVENT_STREAM);
}

/** Creates a client whose first requests get these answers, and all others a 204, which ends the events. */
function setUp(answers: readonly (() => ChunkedBody | Error)[], options: ClientOptions = {}): ChunkedClient {
  return chunkedClient(
    (nth) =>
      answers[nth - 1]?.() ?? Object.assign(stream(""), { response: new Response(null, { status: 204 }) }),
    options,
  );
}

const dataOf = (events: ServerSentEvent<unknown>[]): unknown[] => events.map(({ data }) => data);

/** Waits until the client waits for the next event: in a body that hangs, or between two connections. */
function untilWaiting({ bodies, client, clock }: ChunkedClient, ending: "hang" | "end"): Promise<void> {
  return until(() =>
    ending === "hang" ? bodies[0]!.pulled === 2 : client.stats().inFlight === 0 && clock.pending > 0
  );
}

/** Returns all events, while it moves the clock. */
function all(rig: ChunkedClient, options?: EventsOptions): Promise<ServerSentEvent<unknown>[]> {
  return rig.clock.run(Array.fromAsync(rig.client.events(URL_A, options)));
}

test("Client.events() gives the events of a stream, wherever its chunks begin", async () => {
  const text = "\uFEFF: hi\r\n\r\nid: 1\revent: lap\rdata: ä€𝄞\r\rdata: a\ndata: b\n\ndata: lost";
  for (const size of [1, 2, 3, 7, 1_000]) {
    const rig = setUp([() => chunkedBody(pieces(toBytes(text), size), "end", EVENT_STREAM)]);
    assertEquals(await all(rig, { reconnect: false }), [
      { event: "lap", data: "ä€𝄞", id: "1" },
      { event: "message", data: "a\nb", id: "1" },
    ]);
    assertEquals([rig.sent.length, rig.client.stats().inFlight], [1, 0]);
  }
});

test("Client.events() sends accept for events, unless the request sets it", async () => {
  const rig = setUp([], { headers: { accept: "application/json", "x-a": "1" } });
  await all(rig);
  await all(rig, { headers: { accept: "application/json, text/event-stream" } });
  await all(rig, { headers: { "Cache-Control": "no-cache" } });
  const sent = rig.sent.map((headers) => ["accept", "cache-control", "x-a"].map((name) => headers.get(name)));
  assertEquals(sent, [
    ["text/event-stream", "no-store", "1"],
    ["application/json, text/event-stream", "no-store", "1"],
    ["text/event-stream", "no-cache", "1"],
  ]);
});

test("Client.events() connects again after 3 s, with the id of the last event, until it gets a 204", async () => {
  const rig = setUp([
    () => stream("id: 1\ndata: a\n\n"),
    () => stream("data: b\n\nid: ä\ndata: c\n\nid: 9\ndata: lost"),
  ]);
  assertEquals(dataOf(await all(rig)), ["a", "b", "c"]);
  assertEquals(rig.sent.map((headers) => headers.get("last-event-id")), [null, "1", "\xc3\xa4"]);
  assertEquals([rig.clock.now(), rig.client.stats().inFlight, rig.clock.pending], [6_000, 0, 0]);
});

test("Client.events() begins after lastEventId", async () => {
  const rig = setUp([() => stream("data: a\n\nid\ndata: b\n\n")]);
  assertEquals((await all(rig, { lastEventId: "7" })).map(({ id }) => id), ["7", ""]);
  assertEquals(rig.sent.map((headers) => headers.get("last-event-id")), ["7", null]);
});

test("Client.events() waits as long as the server asks, and longer while no events come", async () => {
  const rig = setUp([
    () => stream("retry: 500\ndata: a\n\n"),
    () => stream(""),
    () => stream(""),
    () => stream("data: b\n\n"),
  ]);
  const times: number[] = [];
  for await (const _ of driven(rig)) times.push(rig.clock.now());
  // 500 ms, again 500 after the first connection in vain, and 2,000 after the second.
  assertEquals([times, rig.clock.now()], [[0, 3_000], 3_500]);
});

/** Gives the events, while it moves the clock for each of them. */
async function* driven(
  rig: ChunkedClient,
  options?: EventsOptions,
): AsyncGenerator<ServerSentEvent<unknown>> {
  await using events = rig.client.events(URL_A, options);
  for (;;) {
    const result = await rig.clock.run(events.next());
    if (result.done) return;
    yield result.value;
  }
}

test("Client.events() connects again after a break or silence, and when the server is away", async () => {
  const rig = setUp([
    () => stream("data: a\n\n", new TypeError("reset")),
    () => new TypeError("refused"),
    () => chunkedBody(["no"], "end", { status: 503 }),
    () => stream("data: b\n\n", "hang"),
  ]);
  assertEquals(dataOf(await all(rig, { idleTimeoutMs: 10_000 })), ["a", "b"]);
  assertEquals([rig.sent.length, rig.client.stats().inFlight, rig.bodies.at(-2)!.isCancelled], [5, 0, true]);
  assertEquals(rig.clock.now(), 3_000 + 3_000 + 6_000 + 10_000 + 3_000);
});

test("Client.events() reports each connection after a failure as a retry, and none after an end", async () => {
  const rig = setUp([
    () => stream("data: a\n\n", new TypeError("reset")),
    () => chunkedBody(["no"], "end", { status: 503 }),
    () => stream("data: b\n\n"),
  ]);
  const retries: unknown[] = [];
  using _listening = rig.client.on((event) => {
    if (event.type === "retry") retries.push([event.requestId, event.retry, event.delayMs, event.reason]);
  });
  assertEquals(dataOf(await all(rig)), ["a", "b"]);
  assertEquals(retries, [[1, 1, 3_000, "NetworkError"], [2, 2, 3_000, "503"]]);
  assertEquals(rig.client.stats().retried, 2);
});

test("Client.events() ends when it is left by whoever hears of its retry", async () => {
  const rig = setUp([() => stream("data: a\n\n", new TypeError("reset"))]);
  const events = rig.client.events(URL_A);
  using _listening = rig.client.on(({ type }) => void (type === "retry" && events.return?.()));
  assertEquals((await events.next()).value?.data, "a");
  assertEquals((await events.next()).done, true);
  assertEquals([rig.clock.pending, rig.sent.length], [0, 1]);
});

test("Client.events() retries each connection as usual, before it counts as one in vain", async () => {
  const rig = setUp([
    () => stream("data: a\n\n"),
    () => chunkedBody(["no"], "end", { status: 503, headers: { "retry-after": "7" } }),
    () => stream("data: b\n\n"),
  ], { maxRetries: 1 });
  assertEquals(dataOf(await all(rig)), ["a", "b"]);
  assertEquals([rig.clock.now(), rig.client.stats().retried], [3_000 + 7_000 + 3_000, 1]);
});

test("Client.events() waits for a day at most, whatever wait a server asks for", async () => {
  for (const after of ["7200", "999999999", "Fri, 31 Dec 2399 23:59:59 GMT"]) {
    for (const status of [429, 503]) {
      const rig = setUp([
        () => stream("data: a\n\n"),
        () => chunkedBody(["no"], "end", { status, headers: { "retry-after": after } }),
        () => stream("data: b\n\n"),
      ]);
      assertEquals(dataOf(await all(rig)), ["a", "b"]);
      const waitMs = after === "7200" ? 7_200_000 : 86_400_000;
      assertEquals(rig.clock.now(), 3_000 + waitMs + 3_000, `${status} ${after}`);
    }
  }
});

test("Client.events() ends with the error of a connection that was refused for good", async () => {
  for (const status of [400, 401, 404, 410, 501]) {
    const rig = setUp([() => stream("data: a\n\n"), () => chunkedBody(["no"], "end", { status })]);
    const got: unknown[] = [];
    const error = await rejection((async () => {
      for await (const { data } of driven(rig)) got.push(data);
    })());
    assertEquals([got, (error as HttpError).status, rig.sent.length], [["a"], status, 2]);
  }
});

test("Client.events() ends with the error of the first connection, of whatever kind", async () => {
  for (const answer of [() => new TypeError("refused"), () => chunkedBody(["no"], "end", { status: 503 })]) {
    const rig = setUp([answer]);
    assertInstanceOf(await rejection(all(rig)), NetworkError);
    assertEquals([rig.sent.length, rig.clock.pending], [1, 0]);
  }
});

test("Client.events() gives up after maxAttempts connections in vain, with the last one's error or end", async () => {
  const away = setUp([() => stream("data: a\n\n"), ...Array(9).fill(() => new TypeError("refused"))]);
  assertInstanceOf(await rejection(all(away, { reconnect: { maxAttempts: 3 } })), NetworkError);
  assertEquals(away.sent.length, 4);

  const empty = setUp(Array(9).fill(() => stream("")));
  assertEquals(await all(empty, { reconnect: { maxAttempts: 3 } }), []);
  assertEquals(empty.sent.length, 3);
});

test("Client.events() does not reconnect with reconnect: false, and rejects when the stream breaks off", async () => {
  const rig = setUp([() => stream("data: a\n\n", new TypeError("reset"))]);
  const events = rig.client.events(URL_A, { reconnect: false });
  assertEquals((await events.next()).value?.data, "a");
  assertInstanceOf(await rejection(events.next()), NetworkError);
  assertEquals([await events.next(), rig.sent.length], [{ done: true, value: undefined }, 1]);
});

test("Client.events() connects once for a request with side effects, unless told to reconnect", async () => {
  const events = (rig: ChunkedClient, request: RequestSpec, options: EventsOptions = {}) =>
    rig.clock.run(Array.fromAsync(rig.client.events(request, options)));
  const twice = () => setUp([() => stream("data: a\n\n"), () => stream("data: b\n\n")]);
  const post = { url: URL_A, method: "POST", body: "{}" };
  const keyed = { ...post, headers: { "idempotency-key": "1" } };
  const repeatable = { ...post, idempotent: true };
  for (const request of [post, keyed, repeatable, { url: URL_A, method: "PUT", body: "{}" }]) {
    const once = twice();
    assertEquals([dataOf(await events(once, request)), once.sent.length], [["a"], 1]);
  }
  assertEquals(dataOf(await events(twice(), { ...post, method: "QUERY" })), ["a", "b"]);
  for (const request of [keyed, repeatable]) {
    assertEquals(dataOf(await events(twice(), request, { reconnect: {} })), ["a", "b"]);
  }
  // A failure before the first event is retried as usual; after an event the request is not sent again.
  const full = () => Object.assign(stream(""), { response: new Response(null, { status: 529 }) });
  const busy = setUp([full, () => stream("data: a\n\n")], { maxRetries: 1 });
  assertEquals([dataOf(await events(busy, keyed)), busy.sent.length], [["a"], 2]);
  const broken = setUp([() => stream("data: a\n\n", new Error("reset"))]);
  assertInstanceOf(await rejection(events(broken, keyed)), NetworkError);
  assertEquals(broken.sent.length, 1);

  const refused = twice();
  await assertRejects(() => events(refused, post, { reconnect: {} }), TypeError, "idempotent: true");
  assertEquals(refused.sent.length, 0);
});

test("Client.events() parses and validates data, and rejects at invalid data, after the events before it", async () => {
  const text =
    'data: {"lap":1}\n\nid: 2\nevent: lap\ndata: {"lap":\ndata: 2}\n\ndata: {"lap":"3"}\n\ndata: {"lap":4}\n\n';
  const schema = v.object({ lap: v.number() });
  const rig = setUp([() => stream(text, "hang")]);
  const events = rig.client.events(URL_A, { schema });
  assertEquals([(await events.next()).value?.data, (await events.next()).value?.data], [{ lap: 1 }, {
    lap: 2,
  }]);
  const error = await rejection(events.next());
  assert(error instanceof InvalidDataError);
  assertEquals([error.reason, error.context], ["schema", { event: "message", id: "2" }]);
  assert(
    error.message.startsWith(`An event 'message' in the response to GET ${URL_A} does not fit the schema`),
  );
  assertEquals([rig.client.stats().inFlight, rig.bodies[0]!.isCancelled], [0, true]);

  const loose = setUp([() => stream("data: [1\n\n")]).client.events({ url: URL_A, as: "json" });
  assertEquals((await rejection(loose.next()) as InvalidDataError).reason, "truncated");
  const slow = v.pipeAsync(schema, v.transformAsync(({ lap }) => Promise.resolve(lap)));
  const late = setUp([() => stream(text)]).client.events(URL_A, { schema: slow });
  assertEquals([(await late.next()).value?.data, (await late.next()).value?.data], [1, 2]);
});

test("Client.events() ends for good at doneData, also within a chunk", async () => {
  const rig = setUp([() => stream('data: {"a":1}\n\ndata: [DONE]\n\ndata: {"a":2}\n\n', "hang")]);
  const events = rig.client.events<{ a: number }>(URL_A, { as: "json", doneData: "[DONE]" });
  assertEquals(dataOf(await Array.fromAsync(events)), [{ a: 1 }]);
  assertEquals([rig.sent.length, rig.bodies[0]!.isCancelled, rig.client.stats().inFlight], [1, true, 0]);
});

test("Client.events() suggests doneData where '[DONE]' is no JSON", async () => {
  for (const data of ["[DONE]", "[END]"]) {
    const events = setUp([() => stream(`data: 1\n\ndata: ${data}\n\n`, "hang")]).client.events(URL_A, {
      as: "json",
    });
    assertEquals((await events.next()).value?.data, 1);
    const error = await rejection(events.next());
    assert(error instanceof InvalidDataError);
    const subject = data === "[DONE]"
      ? "An event 'message' with '[DONE]', which 'doneData' would take for the end,"
      : "An event 'message'";
    assert(error.message.startsWith(`${subject} in the response to GET ${URL_A} is not JSON`), error.message);
  }
});

test("Client.events() rejects at an event that is too large, however it comes", async () => {
  const line = `data: ${"x".repeat(90)}\n`;
  for (
    const chunks of [["data: " + "x".repeat(100)], Array(5).fill("x".repeat(50)), Array(9).fill(line), [
      line.repeat(9) + "\n",
    ]]
  ) {
    const rig = setUp([() => chunkedBody(["data: a\n\n", ...chunks], "hang", EVENT_STREAM)]);
    const events = rig.client.events(URL_A, { maxEventBytes: 100 });
    assertEquals((await events.next()).value?.data, "a");
    const error = await rejection(events.next());
    assert(error instanceof InvalidDataError);
    assertEquals(
      error.message,
      `An event in the response to GET ${URL_A} is larger than 'maxEventBytes': 100`,
    );
    assertEquals([error.reason, rig.client.stats().inFlight, rig.bodies[0]!.isCancelled], [
      "too-large",
      0,
      true,
    ]);
  }
});

test("Client.events() rejects a response that is no event stream, and cancels it", async () => {
  for (
    const type of [
      undefined,
      "text/html",
      "text/event-streams",
      "application/json; x=text/event-stream",
      "text/event-stream, text/html",
      'text/html; x=", text/event-stream"',
    ]
  ) {
    const headers: HeadersInit = type === undefined ? {} : { "content-type": type };
    const rig = setUp([() => chunkedBody(["data: a\n\n"], "hang", { headers })]);
    const error = await rejection(all(rig));
    assert(error instanceof InvalidDataError);
    assertEquals([error.reason, rig.client.stats().inFlight, rig.sent.length], ["content-type", 0, 1]);
  }
  for (
    const type of [
      "TEXT/Event-Stream",
      "text/event-stream ; charset=utf-8",
      "text/event-stream;x",
      // Of several, as two servers in a row may send them, the last one counts.
      "text/event-stream, text/event-stream;charset=utf-8",
      "text/html, text/event-stream",
      'text/event-stream; x="a, b", utf-8',
    ]
  ) {
    const rig = setUp([() => chunkedBody(["data: a\n\n"], "end", { headers: { "content-type": type } })]);
    assertEquals(dataOf(await all(rig)), ["a"]);
  }
});

test("Client.events() holds no permit between two connections", async () => {
  const rig = setUp([() => stream("data: a\n\n"), () => stream("data: b\n\n", "hang")], { concurrency: 1 });
  await using events = rig.client.events(URL_A);
  await events.next();
  const next = watch(events.next());
  await rig.clock.advance(1_000);
  assertEquals([next.state, rig.client.stats().inFlight, rig.client.stats().queued], ["pending", 0, 0]);
  await rig.clock.advance(2_000);
  assertEquals([next.value?.value?.data, rig.client.stats().inFlight], ["b", 1]);
});

test("Client.events() rejects with the signal's reason itself, also between two connections", async () => {
  const reason = new Error("enough");
  for (const ending of ["hang", "end"] as const) {
    const controller = new AbortController();
    const listeners = countAbortListeners(controller.signal);
    const rig = setUp([() => stream("data: a\n\n", ending)]);
    const events = rig.client.events(URL_A, { signal: controller.signal });
    await events.next();
    const next = watch(events.next());
    await untilWaiting(rig, ending);
    controller.abort(reason);
    await until(() => next.state !== "pending");
    assertStrictEquals(next.error, reason);
    assertEquals([listeners.now, rig.clock.pending, rig.client.stats().inFlight], [0, 0, 0]);
  }
});

test("Client.close() ends events with its reason, also between two connections", async () => {
  for (const ending of ["hang", "end"] as const) {
    const rig = setUp([() => stream("data: a\n\n", ending)]);
    const events = rig.client.events(URL_A);
    await events.next();
    const next = watch(events.next());
    await untilWaiting(rig, ending);
    await rig.client.close("closed");
    await until(() => next.state !== "pending");
    assertEquals([next.error, rig.clock.pending, rig.client.stats().inFlight], ["closed", 0, 0]);
  }
});

test("Client.events() ends a waiting next() when it is left, and leaves no timer", async () => {
  for (const ending of ["hang", "end"] as const) {
    const rig = setUp([() => stream("data: a\n\n", ending)]);
    const events = rig.client.events(URL_A);
    await events.next();
    const next = watch(events.next());
    await untilWaiting(rig, ending);
    await events.return!();
    await until(() => next.state !== "pending");
    assertEquals([next.value?.done, rig.clock.pending, rig.client.stats().inFlight], [true, 0, 0]);
  }
});

test("Client.events() ends with the total deadline of a connection", async () => {
  const rig = setUp([() => stream("data: a\n\n", "hang")]);
  const error = await rejection(all(rig, { totalTimeoutMs: 5_000 }));
  assert(error instanceof TimeoutError);
  assertEquals([error.kind, rig.sent.length, rig.clock.now()], ["total", 1, 5_000]);
});

test("Client.events() refuses bad options at once, and says what they must be", () => {
  const { client } = setUp([]);
  const cases: [options: object, message: string][] = [
    [{ as: "bytes" }, "Cannot fetch as 'as' must be 'json' or 'text': received 'bytes'"],
    [{ maxEventBytes: -1 }, "Cannot fetch as 'maxEventBytes' must be a positive integer: received -1"],
    [{ lastEventId: 7 }, "Cannot fetch as 'lastEventId' must be a string: received 7"],
    [
      { reconnect: true },
      "Cannot fetch as 'reconnect' must be false, or an object such as { maxAttempts: 5 }: received true",
    ],
    [
      { reconnect: { maxAttempts: 0 } },
      "Cannot fetch as 'reconnect.maxAttempts' must be a positive integer, or Infinity: received 0",
    ],
    [
      { reconnect: { maxAttemps: 5 } },
      "Cannot fetch as 'reconnect.maxAttemps' is not an option: did you mean 'maxAttempts'?",
    ],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => client.events(URL_A, options as EventsOptions));
    assertEquals((error as Error).message, message);
  }
});

test("Client.events() refuses a lastEventId with a NUL, which no event has", async () => {
  const { client } = setUp([]);
  await assertRejects(() => client.events(URL_A, { lastEventId: "a\0" }).next(), TypeError, "NUL");
});

test("Client.events() follows a real server over its connections", async () => {
  const ids: (string | null)[] = [];
  await using server = serveHandler(({ headers }) => {
    const id = headers.get("last-event-id");
    ids.push(id);
    const number = id === null ? 1 : Number(id.split("-")[1]) + 1;
    if (number > 3) return new Response(null, { status: 204 });
    return new Response(`retry: 1\nid: ä-${number}\ndata: ${number}\n\n`, EVENT_STREAM);
  });
  await using client = createClient();
  assertEquals(dataOf(await Array.fromAsync(client.events(server.url))), ["1", "2", "3"]);
  // Servers get the bytes of a header as characters.
  assertEquals(
    ids.map((id) => id && new TextDecoder().decode(Uint8Array.from(id, (char) => char.charCodeAt(0)))),
    [
      null,
      "ä-1",
      "ä-2",
      "ä-3",
    ],
  );
});

test("S15: Client.events() goes to the next mirror at once after a response that is no event stream", async () => {
  const page = (): ChunkedBody =>
    chunkedBody(["<html>"], "end", { headers: { "content-type": "text/html" } });
  for (const pages of [0, 1, 2, 3]) {
    for (const reconnect of [undefined, false] as const) {
      const answers = [...Array(pages).fill(page), () => stream("data: 1\n\n")];
      const baseUrls = ["https://a.test", "https://b.test", "https://c.test"];
      const rig = setUp(answers, { baseUrls, maxRetries: 0 });
      const events = Array.fromAsync(rig.client.events("x", { reconnect }));
      if (pages === 3) {
        assertInstanceOf(await rejection(events), InvalidDataError);
        assertEquals([rig.sent.length, rig.clock.pending], [3, 0]);
      } else {
        assertEquals(dataOf(await rig.clock.run(events)), ["1"]);
        assertEquals(rig.sent.length, pages + (reconnect === undefined ? 2 : 1));
      }
    }
  }
});

test("Client.events() goes to the next mirror after a connection without an event, and stays after one with an event", async () => {
  const broken = new TypeError("connection reset");
  for (const brings of ["", "data: 1\n\n"]) {
    const answers = [() => stream(brings, broken), () => stream("data: 2\n\n")];
    const rig = setUp(answers, { baseUrls: ["https://a.test", "https://b.test"] });
    await rig.clock.run(Array.fromAsync(rig.client.events("x")));
    assertEquals(rig.urls.slice(0, 2), ["https://a.test/x", `https://${brings === "" ? "b" : "a"}.test/x`]);
  }
});

test("Client.events() ends at totalTimeoutMs also while a schema never ends", async () => {
  const never = v.pipeAsync(
    v.number(),
    v.transformAsync((lap) => lap === 1 ? Promise.resolve(lap) : new Promise<number>(() => {})),
  );
  for (const ending of ["end", "hang"] as const) {
    const { client, clock } = setUp([() => stream("data: 1\n\ndata: 2\n\n", ending)]);
    const events = client.events(URL_A, { schema: never, totalTimeoutMs: 500, timeoutMs: Infinity });
    // Earlier events come first.
    assertEquals((await clock.run(events.next())).value?.data, 1);
    const error = await clock.run(rejection(events.next()));
    assertInstanceOf(error, TimeoutError, ending);
    assertEquals([error.kind, clock.now(), client.stats().inFlight, clock.pending], ["total", 500, 0, 0]);
  }
});
