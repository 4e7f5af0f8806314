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
  createClient,
  DataNotFoundError,
  type FetchRequest,
  InvalidDataError,
  type LinesOptions,
  NetworkError,
  TimeoutError,
} from "../../mod.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { rejection, watch } from "../support/settled.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { chunkedBody, chunkedClient, pieces, toBytes } from "./chunked.ts";

const URL_A = "https://a.test/laps.ndjson";
const Lap = v.object({ lap: v.number() });

/** Returns the items, and the error at their end. */
async function collect<T>(items: AsyncIterable<T>): Promise<{ items: T[]; error: unknown }> {
  const got: T[] = [];
  try {
    for await (const item of items) got.push(item);
  } catch (error) {
    return { items: got, error };
  }
  return { items: got, error: undefined };
}

test("Client.lines() gives the lines of a text, wherever its chunks begin", async () => {
  const text = "a\r\n\nbä€𝄞\rc\nlast";
  for (const size of [1, 2, 3, 100]) {
    const { client } = chunkedClient(() => chunkedBody(pieces(toBytes(text), size)));
    assertEquals(await Array.fromAsync(client.lines(URL_A)), ["a", "", "bä€𝄞\rc", "last"]);
    assertEquals(client.stats().inFlight, 0);
  }
});

test("Client.lines() gives nothing for a body without any", async () => {
  for (const response of [new Response(null, { status: 204 }), new Response(""), new Response(null)]) {
    const client = createClient({ fetch: () => Promise.resolve(response) });
    assertEquals(await Array.fromAsync(client.lines(URL_A)), []);
  }
});

test("Client.lines() sends no accept header, also for JSON values", async () => {
  const { client, sent } = chunkedClient(() => chunkedBody(["1\n"]));
  await Array.fromAsync(client.lines(URL_A, { as: "json" }));
  await Array.fromAsync(client.lines(URL_A, { as: "json", headers: { accept: "application/x-ndjson" } }));
  assertEquals(sent.map((headers) => headers.get("accept")), [null, "application/x-ndjson"]);
});

test("Client.lines() gives JSON values, without empty lines, as options or request say", async () => {
  const text = '{"lap":1}\r\n\n \t\r\n \t{"lap":2}\n[null, "\\u00e4"]\n7\nnull';
  const make = () => chunkedClient(() => chunkedBody(pieces(toBytes(text), 3))).client;
  const values = [{ lap: 1 }, { lap: 2 }, [null, "ä"], 7, null];
  assertEquals(await Array.fromAsync(make().lines(URL_A, { as: "json" })), values);
  assertEquals(await Array.fromAsync(make().lines({ url: URL_A, as: "json" })), values);
  const loose = make().lines(URL_A, { schema: Lap, validate: false });
  assertEquals(await Array.fromAsync<unknown>(loose), values);
});

test("Client.lines() validates each line, also with an async schema", async () => {
  const slow = v.pipeAsync(Lap, v.transformAsync(({ lap }) => Promise.resolve(`lap ${lap}`)));
  const make = () => chunkedClient(() => chunkedBody(['{"lap":1}\n{"lap":2}\n', '{"lap":3}'])).client;
  assertEquals(await Array.fromAsync(make().lines(URL_A, { schema: Lap })), [{ lap: 1 }, { lap: 2 }, {
    lap: 3,
  }]);
  assertEquals(await Array.fromAsync(make().lines({ url: URL_A, schema: slow })), [
    "lap 1",
    "lap 2",
    "lap 3",
  ]);
});

test("Client.lines() rejects at a line that is not JSON, after those before it, with line and position", async () => {
  const { client, bodies } = chunkedClient(() =>
    chunkedBody(['{"lap":1}\n\n{"lap":2}\n{"lap":', "x}\n7\n"], "hang")
  );
  const { items, error } = await collect(client.lines(URL_A, { as: "json" }));
  assertEquals(items, [{ lap: 1 }, { lap: 2 }]);
  assertInstanceOf(error, InvalidDataError);
  assertEquals(
    error.message,
    `Line 4 of the response to GET ${URL_A} is not JSON: unexpected 'x' at position 7`,
  );
  assertEquals([error.reason, error.position, error.context, error.attempts], [
    "not-json",
    7,
    { line: 4 },
    1,
  ]);
  assertEquals([client.stats().inFlight, bodies[0]!.isCancelled], [0, true]);
});

test("Client.lines() rejects at a line that does not fit the schema, and at one that was cut off", async () => {
  const { client } = chunkedClient(() => chunkedBody(['{"lap":1}\n{"lap":"2"}\n{"lap":3}\n']));
  const unfit = await collect(client.lines(URL_A, { schema: Lap }));
  assert(unfit.error instanceof InvalidDataError);
  assertEquals([unfit.items, unfit.error.reason, unfit.error.context], [[{ lap: 1 }], "schema", { line: 2 }]);
  assertEquals(unfit.error.issues.map(({ path }) => path), ["lap"]);

  const cut = chunkedClient(() => chunkedBody(['{"lap":1}\n{"la'])).client;
  const { error } = await collect(cut.lines(URL_A, { as: "json" }));
  assert(error instanceof InvalidDataError);
  assertEquals([error.reason, error.context.line], ["truncated", 2]);
});

test("Client.lines() rejects at an endless line, and says where it begins", async () => {
  const endless = "x".repeat(1_000);
  const { client, bodies } = chunkedClient(() => chunkedBody(["a\nb\n", ...Array(10_000).fill(endless)]));
  const { items, error } = await collect(client.lines(URL_A, { maxLineBytes: 9_999 }));
  assert(error instanceof InvalidDataError);
  assertEquals(
    error.message,
    `Line 3 of the response to GET ${URL_A}, which begins at byte 4, is longer than 'maxLineBytes': 9999`,
  );
  assertEquals([items, error.reason, error.context], [["a", "b"], "too-large", { line: 3, byte: 4 }]);
  assertEquals([bodies[0]!.pulled, bodies[0]!.isCancelled, client.stats().inFlight], [11, true, 0]);
});

test("Client.lines() rejects at the first wrong line, whatever follows", async () => {
  const { client } = chunkedClient(() => chunkedBody(["1\n<html>\n" + "x".repeat(100)]));
  const { items, error } = await collect(client.lines({ url: URL_A, as: "json" }, { maxLineBytes: 50 }));
  assertInstanceOf(error, InvalidDataError);
  assertEquals([items, error.reason, error.context], [[1], "not-json", { line: 2 }]);
});

test("Client.lines() accepts lines up to a mebibyte, unless told otherwise", async () => {
  for (const [length, isTaken] of [[1_048_576, true], [1_048_577, false]] as const) {
    const { client } = chunkedClient(() => chunkedBody(["x".repeat(length), "\n"]));
    const { items, error } = await collect(client.lines(URL_A));
    assertEquals([items.length, error === undefined], [isTaken ? 1 : 0, isTaken]);
  }
});

test("Client.lines() rejects with NetworkError when the body breaks off, after its whole lines", async () => {
  const { client } = chunkedClient(() => chunkedBody(["a\nb\nc"], new TypeError("reset")), { maxRetries: 3 });
  const { items, error } = await collect(client.lines(URL_A));
  assertEquals([items, client.stats().inFlight, client.stats().retried], [["a", "b"], 0, 0]);
  assertInstanceOf(error, NetworkError);
});

test("Client.lines() retries until the headers come, and rejects as json() does", async () => {
  const { client, clock, sent } = chunkedClient(
    (nth) => nth < 3 ? chunkedBody(["no"], "end", { status: 503 }) : chunkedBody(["yes\n"]),
    { maxRetries: 3 },
  );
  assertEquals(await clock.run(Array.fromAsync(client.lines(URL_A))), ["yes"]);
  assertEquals(sent.length, 3);

  const missing = chunkedClient(() => chunkedBody(["no"], "end", { status: 404 })).client;
  await assertRejects(() => missing.lines(URL_A).next(), DataNotFoundError);
});

test("Client.lines() sends nothing before the first next(), and reads no more than is taken", async () => {
  const { client, bodies } = chunkedClient(() => chunkedBody(["1\n2\n", "3\n", "4\n"]));
  const lines = client.lines(URL_A);
  assertEquals([bodies.length, client.stats().requests], [0, 0]);
  assertEquals([(await lines.next()).value, (await lines.next()).value], ["1", "2"]);
  assertEquals([bodies[0]!.pulled, client.stats().inFlight], [1, 1]);
  await lines.return!();
  assertEquals(client.stats().inFlight, 0);
});

test("Client.lines() cancels the body and frees the permit when the loop is left", async () => {
  const { client, bodies } = chunkedClient(() => chunkedBody(["1\n2\n3\n"], "hang"), { concurrency: 1 });
  for (let round = 1; round <= 3; round++) {
    for await (const line of client.lines(URL_A)) {
      if (line === "2") break;
    }
    assertEquals([bodies.length, bodies.at(-1)!.isCancelled, client.stats().inFlight], [round, true, 0]);
  }
  await using unread = client.lines(URL_A);
  assertEquals((await unread.next()).value, "1");
});

test("Client.lines() ends a next() that waits for a line, a permit or headers, when it is left", async () => {
  const { client, bodies } = chunkedClient(() => chunkedBody(["1\n"], "hang"), { concurrency: 1 });
  const [first, second] = [client.lines(URL_A), client.lines(`${URL_A}?2`)];
  await first.next();
  const [body, queued] = [watch(first.next()), watch(second.next())];
  await until(() => bodies[0]!.pulled === 2 && client.stats().queued === 1);
  assertEquals([body.state, queued.state], ["pending", "pending"]);
  await second.return!();
  await first.return!();
  await until(() => body.state !== "pending" && queued.state !== "pending");
  assertEquals([body.value?.done, queued.value?.done, bodies.length, client.stats().inFlight], [
    true,
    true,
    1,
    0,
  ]);
});

test("Client.lines() rejects with the signal's reason itself, at any stage, and leaves no listener", async () => {
  const reason = new Error("enough");
  // Before the call, while it waits for headers, between lines of a chunk, and while it waits for a chunk.
  for (const linesBefore of [-1, 0, 1, 3]) {
    const controller = new AbortController();
    const listeners = countAbortListeners(controller.signal);
    const { promise, resolve } = Promise.withResolvers<Response>();
    const body = chunkedBody(["1\n2\n3\n"], "hang");
    if (linesBefore > 0) resolve(body.response);
    let sent = 0;
    const client = createClient({
      fetch: (_url, init) => {
        sent++;
        return Promise.race([promise, aborted(init!.signal!)]);
      },
    });
    const lines = client.lines(URL_A, { signal: controller.signal });
    if (linesBefore === -1) controller.abort(reason);
    for (let line = 0; line < linesBefore; line++) assertEquals((await lines.next()).done, false);
    const next = linesBefore === 1 ? undefined : rejection(lines.next());
    if (linesBefore === 0) await until(() => sent === 1);
    if (linesBefore === 3) await until(() => body.pulled === 2);
    controller.abort(reason);
    assertStrictEquals(await (next ?? rejection(lines.next())), reason);
    assertEquals(
      [await lines.next(), listeners.now],
      [{ done: true, value: undefined }, 0],
      String(linesBefore),
    );
    if (linesBefore > 0) assertEquals([client.stats().inFlight, body.isCancelled], [0, true]);
    resolve(body.response);
  }
});

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

test("Client.lines() rejects at once when a schema does not end", async () => {
  const controller = new AbortController();
  let isAsked = false;
  const never = v.pipeAsync(
    v.unknown(),
    v.transformAsync(() => {
      isAsked = true;
      return new Promise<never>(() => {});
    }),
  );
  const { client } = chunkedClient(() => chunkedBody(["1\n"], "hang"));
  const next = rejection(client.lines(URL_A, { schema: never, signal: controller.signal }).next());
  await until(() => isAsked);
  controller.abort("enough");
  assertEquals(await next, "enough");
  assertEquals(client.stats().inFlight, 0);
});

test("Client.lines() can be left while a schema never ends: that wait ends too", async () => {
  let isAsked = false;
  const never = v.pipeAsync(
    v.unknown(),
    v.transformAsync(() => {
      isAsked = true;
      return new Promise<never>(() => {});
    }),
  );
  const { client } = chunkedClient(() => chunkedBody(["1\n"], "hang"));
  const lines = client.lines(URL_A, { schema: never });
  const next = watch(lines.next());
  await until(() => isAsked);
  await lines.return?.();
  await until(() => next.state !== "pending");
  assertEquals([next.value, next.error], [{ done: true, value: undefined }, undefined]);
  assertEquals(client.stats().inFlight, 0);
});

test("Client.lines() ends at totalTimeoutMs also while a schema never ends", async () => {
  const never = v.pipeAsync(
    v.number(),
    v.transformAsync((lap) => lap === 1 ? Promise.resolve(lap) : new Promise<number>(() => {})),
  );
  for (const ending of ["end", "hang"] as const) {
    const { client, clock } = chunkedClient(() => chunkedBody(["1\n", "2\n"], ending));
    const lines = client.lines(URL_A, { schema: never, totalTimeoutMs: 500, timeoutMs: Infinity });
    assertEquals(await lines.next(), { done: false, value: 1 });
    const error = await clock.run(rejection(lines.next()));
    assertInstanceOf(error, TimeoutError);
    assertEquals([error.kind, error.timeoutMs, clock.now()], ["total", 500, 500]);
    assertEquals([await lines.next(), client.stats().inFlight, clock.pending], [
      {
        done: true,
        value: undefined,
      },
      0,
      0,
    ]);
  }
});

test("Client.close() ends lines with its reason, also later ones", async () => {
  const { client } = chunkedClient(() => chunkedBody(["1\n2\n"], "hang"));
  const lines = client.lines(URL_A);
  await lines.next();
  await client.close("closed");
  assertEquals(await rejection(lines.next()), "closed");
  assertEquals(await rejection(client.lines(URL_A).next()), "closed");
});

test("Client.lines() gives two readers of one URL each all of its lines", async () => {
  const { client, bodies } = chunkedClient(() => chunkedBody(["1\n", "2\n", "3\n"]));
  const [first, second] = [client.lines(URL_A), client.lines(URL_A)];
  const got: unknown[] = [];
  for (let round = 0; round < 3; round++) got.push((await first.next()).value, (await second.next()).value);
  assertEquals([got, bodies.length], [["1", "1", "2", "2", "3", "3"], 2]);
});

test("Client.lines() bounds the wait for a chunk by idleTimeoutMs, but never the reader's own pause", async () => {
  const { client, clock } = chunkedClient(() => chunkedBody(["1\n"], "hang"));
  const lines = client.lines(URL_A, { idleTimeoutMs: 500 });
  await lines.next();
  await clock.advance(100_000);
  const error = await clock.run(rejection(lines.next()));
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.kind, clock.now(), client.stats().inFlight], ["idle", 100_500, 0]);
});

test("Client.lines() refuses bad options at once, and says what they must be", () => {
  const { client } = chunkedClient(() => chunkedBody([""]));
  const cases: [options: object, message: string][] = [
    [{ as: "bytes" }, "Cannot fetch as 'as' must be 'json' or 'text': received 'bytes'"],
    [{ maxLineBytes: 0 }, "Cannot fetch as 'maxLineBytes' must be a positive integer: received 0"],
    [{ maxLinesBytes: 5 }, "Cannot fetch as 'maxLinesBytes' is not an option: did you mean 'maxLineBytes'?"],
    [{ ordered: true }, "Cannot fetch as 'ordered' is not an option here: give it to stream()"],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => client.lines(URL_A, options as LinesOptions));
    assertEquals((error as Error).message, message);
  }
  assertThrows(() => client.lines(7 as unknown as FetchRequest), TypeError);
});

test("Client.lines() rejects at the first line when the URL is malformed", async () => {
  const { client, bodies } = chunkedClient(() => chunkedBody([""]));
  for (const url of ["laps", "ftp://a.test", "https://["]) {
    await assertRejects(() => client.lines(url).next(), TypeError, "URL");
  }
  assertEquals(bodies.length, 0);
});

test("Client.lines() refuses a request whose option `as` is 'bytes'", async () => {
  const { client, bodies } = chunkedClient(() => chunkedBody([""]));
  await assertRejects(() => client.lines({ url: URL_A, as: "bytes" }).next(), TypeError, "'as' must be");
  assertEquals(bodies.length, 0);
});

test("Client.lines() reads the response of a real server, and cancels the rest when it is left", async () => {
  let lines = 0;
  let isCancelled = false;
  await using server = serveHandler(() => {
    return new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(toBytes(`{"n":${lines++},"text":"${"ä".repeat(500)}"}\n`));
        },
        cancel() {
          isCancelled = true;
        },
      }),
    );
  });
  await using client = createClient({ maxRetries: 0 });
  let taken = 0;
  for await (const line of client.lines(server.url, { schema: v.object({ n: v.number() }) })) {
    assertEquals(line.n, taken);
    if (++taken === 1_000) break;
  }
  assertEquals([taken, client.stats().inFlight], [1_000, 0]);
  await until(() => isCancelled);
});

test("Client.lines() gives whole lines only of a body whose connection is cut", async () => {
  const laps = Array.from({ length: 50_000 }, (_, lap) => `lap ${lap}`);
  const body = laps.join("\n");
  await using cdn = createSimulatedCdn({
    resources: { "/laps.txt": { body } },
    faults: [{ match: "/laps.txt", kind: "cut", afterBytes: 300_003 }],
  });
  await using server = await cdn.listen();
  await using client = createClient({ maxRetries: 0 });
  const { items, error } = await collect(client.lines(`${server.url}/laps.txt`));
  assertInstanceOf(error, NetworkError);
  assertEquals(items, laps.slice(0, items.length));
  // The runtime may lose the last chunks before the cut.
  const whole = body.slice(0, 300_003).split("\n").length - 1;
  assertEquals([items.length > 0, items.length <= whole, client.stats().inFlight], [true, true, 0]);
});

test("S15: Client.lines() goes to the next mirror until one sends a good first line, and to none after that", async () => {
  const broken = new TypeError("connection reset");
  const good = ['{"lap":1}\n', '{"lap":2}\n'];
  const cases: readonly { bodies: (string | Error)[][]; schema: boolean; items: unknown[] }[] = [
    { bodies: [["<html>\n"], good], schema: true, items: [1, 2] },
    { bodies: [["7\n"], ['{"lap":'], good], schema: true, items: [1, 2] },
    { bodies: [[broken], ['{"la', broken], good], schema: true, items: [1, 2] },
    {
      bodies: [[broken], ['{"lap":1}\n', '{"lap":2}\n']],
      schema: false,
      items: good.map((line) => line.trim()),
    },
    { bodies: [["<html>\n"], ["<b>"], ["7"]], schema: true, items: [] },
    { bodies: [['{"lap":1}\n7\n'], good], schema: true, items: [1] },
    { bodies: [['{"lap":1}\n', broken], good], schema: true, items: [1] },
  ];
  for (const { bodies, schema, items } of cases) {
    const baseUrls = bodies.map((_, index) => `https://m${index}.test`);
    for (const maxRetries of [0, 3]) {
      const rig = chunkedClient((nth) => {
        const body = bodies[nth - 1]!;
        const last = body.at(-1);
        const chunks = body.filter((chunk): chunk is string => typeof chunk === "string");
        return chunkedBody(chunks, typeof last === "string" ? "end" : last);
      }, { baseUrls, maxRetries });
      const lines = schema ? rig.client.lines("laps", { schema: Lap }) : rig.client.lines("laps");
      const { items: got, error } = await collect<unknown>(lines);
      assertEquals(got.map((item) => (item as { lap?: number }).lap ?? item), items, JSON.stringify(bodies));
      const asked = items.length === 1 ? 1 : bodies.length;
      assertEquals([rig.sent.length, error === undefined], [asked, items.length === 2]);
      assertEquals(rig.client.stats().inFlight, 0);
    }
  }
});

test("Client.lines() has one total timeout for all mirrors", async () => {
  const baseUrls = ["https://a.test", "https://b.test", "https://c.test"];
  for (const [totalTimeoutMs, asked] of [[1_000, 3], [500, 2], [300, 1]] as const) {
    const rig = chunkedClient(() => chunkedBody([], "hang"), {
      baseUrls,
      idleTimeoutMs: 400,
      totalTimeoutMs,
    });
    const error = await rig.clock.run(rejection(Array.fromAsync(rig.client.lines("x"))));
    assertInstanceOf(error, TimeoutError);
    assertEquals([error.kind, error.timeoutMs, error.attempts], ["total", totalTimeoutMs, asked]);
    assertEquals([rig.clock.now(), rig.sent.length], [totalTimeoutMs, asked]);
  }
});

test("Client.lines() counts the attempts at all mirrors in its error, and says what happened at each", async () => {
  for (const body of [chunkedBody([], new TypeError("connection reset")), chunkedBody(["<html>\n"])]) {
    const bodies = [chunkedBody([], new TypeError("connection reset")), body];
    const rig = chunkedClient((nth) => bodies[nth - 1]!, { baseUrls: ["https://a.test", "https://b.test"] });
    const error = await rejection(Array.fromAsync(rig.client.lines("x", { as: "json" })));
    const { attempts, context } = error as NetworkError;
    assertEquals([attempts, rig.sent.length], [2, 2]);
    const told = context.mirrors as readonly { readonly url: string; readonly failure: string }[];
    assertEquals(told.map(({ url }) => url), ["https://a.test/x", "https://b.test/x"]);
    assert(told[0]!.failure.includes("connection reset"));
  }
});

test("Client.lines() reports when it begins anew at the next mirror, and does not if whoever hears of it leaves", async () => {
  for (const way of ["goes on", "leaves", "closes"] as const) {
    const bodies = [chunkedBody([], new TypeError("connection reset")), chunkedBody(["a\n"])];
    const rig = chunkedClient((nth) => bodies[nth - 1]!, { baseUrls: ["https://a.test", "https://b.test"] });
    const lines = rig.client.lines("x");
    const moves: unknown[] = [];
    using _listening = rig.client.on((event) => {
      if (event.type !== "mirror") return;
      moves.push([event.requestId, event.from, event.to, event.reason]);
      if (way === "leaves") lines.return?.();
      if (way === "closes") rig.client.close();
    });
    const { items } = await collect(lines);
    assertEquals([items, rig.sent.length], way === "goes on" ? [["a"], 2] : [[], 1], way);
    assertEquals(moves, [[1, "https://a.test", "https://b.test", "NetworkError"]]);
    assertEquals([rig.client.stats().retried, rig.client.stats().inFlight], [0, 0]);
  }
});

test("Client.lines() counts the lines of the mirror that they come from", async () => {
  const bodies = [["\n\n\n<html>\n"], ['\n{"lap":1}\n', "7\n"]];
  const rig = chunkedClient((nth) => chunkedBody(bodies[nth - 1]!), {
    baseUrls: ["https://a.test", "https://b.test"],
  });
  const { items, error } = await collect(rig.client.lines("x", { schema: Lap }));
  assertInstanceOf(error, InvalidDataError);
  assertEquals([items, error.context], [[{ lap: 1 }], { line: 3 }]);
});

test("Client.lines() asks one mirror for a request that must not be sent twice", async () => {
  const rig = chunkedClient(() => chunkedBody(["<html>"]), {
    baseUrls: ["https://a.test", "https://b.test"],
  });
  const { error } = await collect(rig.client.lines({ url: "x", method: "POST", as: "json" }));
  assertInstanceOf(error, InvalidDataError);
  assertEquals(rig.sent.length, 1);
});
