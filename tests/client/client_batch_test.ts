import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  type Client,
  type ClientOptions,
  createClient,
  DataNotFoundError,
  type FetchRequest,
  HttpError,
  InvalidDataError,
  isTimeoutError,
  NetworkError,
  type Next,
  type Outcome,
  type RequestSource,
} from "../../mod.ts";
import { type Bucket, type Clock, Semaphore, type TimerHandle } from "../../src/primitives/mod.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { test } from "../support/test.ts";
import { fakeClient, type MakeFakeClient } from "./fake_client.ts";
import type { Answer, SentRequest } from "./fake_network.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { microtasks } from "../support/microtasks.ts";
import { rejection, watch } from "../support/settled.ts";

const setUp: MakeFakeClient = (answer, options) => fakeClient(answer, { maxRetries: 0, ...options });

/** Returns URLs that are answered with these numbers, after as many milliseconds. */
function numbered(...numbers: readonly number[]): string[] {
  return numbers.map((number) => `https://a.test/${number}`);
}

function numberOf({ url }: SentRequest): number {
  return Number(url.split("/").at(-1));
}

const echo = (request: SentRequest): Answer => ({ json: numberOf(request), afterMs: numberOf(request) });

/** A source that counts how many requests were pulled from it, and how often it was closed. */
class Source implements Iterable<FetchRequest> {
  pulled = 0;
  returned = 0;
  readonly #length: number;
  readonly #item: (index: number) => FetchRequest;

  constructor(length: number, item: (index: number) => FetchRequest = (index) => `https://a.test/${index}`) {
    this.#length = length;
    this.#item = item;
  }

  [Symbol.iterator](): Iterator<FetchRequest> {
    return {
      next: () =>
        this.pulled < this.#length
          ? { done: false, value: this.#item(this.pulled++) }
          : { done: true, value: undefined },
      return: () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
  }

  async *stream(): AsyncGenerator<FetchRequest> {
    try {
      while (this.pulled < this.#length) yield await Promise.resolve(this.#item(this.pulled++));
    } finally {
      this.returned++;
    }
  }
}

test("Client.all() gives values in input order, whatever completes first", async () => {
  const { client, clock } = setUp(echo);

  assertEquals(await clock.run(client.all(numbered(30, 10, 20, 1))), [30, 10, 20, 1]);
  assertEquals(await clock.run(client.all(new Set(numbered(3, 2)))), [3, 2]);
  assertEquals(await clock.run(client.all(new Source(5).stream())), [0, 1, 2, 3, 4]);
  assertEquals(await clock.run(client.all([])), []);
});

test("Client.settle() and Client.stream() get their turn while single calls keep all permits busy", async () => {
  const batches = [
    (client: Client) => client.settle(["https://b.test/1", "https://a.test/1"]),
    (client: Client) => Array.fromAsync(client.stream(["https://b.test/1", "https://a.test/1"])),
  ];
  for (const batch of batches) {
    const { client, clock } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 2 });
    let isOver = false;
    let calling = 4;
    const caller = async (name: number): Promise<void> => {
      for (let id = 0; id < 200 && !isOver; id++) await client.json(`https://a.test/${name}/${id}`);
      calling--;
    };
    const callers = [1, 2, 3, 4].map(caller);
    const outcomes = await clock.run(batch(client));
    assertEquals([outcomes.map(({ ok }) => ok), calling], [[true, true], 4]);
    isOver = true;
    await clock.run(Promise.all(callers));
  }
});

test("Client.all() decodes as asked, by the batch or by the request", async () => {
  const { client, clock } = setUp(() => ({ body: "1" }));
  const [url] = numbered(1);
  const schema = v.pipe(v.number(), v.transform((number) => `lap ${number}`));

  assertEquals(await clock.run(client.all([url!], { as: "text" })), ["1"]);
  assertEquals(await clock.run(client.all([url!], { as: "bytes" })), [new Uint8Array([49])]);
  assertEquals(await clock.run(client.all([url!], { schema })), ["lap 1"]);
  const mixed: unknown[] = await clock.run(
    client.all([{ url: url!, as: "text" }, { url: url!, schema }, url!]),
  );
  assertEquals(mixed, ["1", "lap 1", 1]);
});

test("Client.all() aborts the other requests at the first failure, and rejects with it", async () => {
  const { client, clock, network } = setUp(
    (request) => numberOf(request) === 3 ? { status: 500, afterMs: 5 } : { json: 1, afterMs: 1_000 },
    { concurrency: 4 },
  );
  const source = new Source(1_000);

  const error = await clock.run(rejection(client.all(source)));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.url], [500, "https://a.test/3"]);
  await clock.advance(0);
  assertEquals([clock.now(), network.open, clock.pending], [5, 0, 0]);
  // The permit of the failed request goes to the next one as soon as its body has ended.
  assertEquals([network.sent.length, source.pulled, source.returned], [5, 5, 1]);
  assert(network.sent.filter((request) => numberOf(request) !== 3).every(({ signal }) => signal?.aborted));
  await clock.advance(5_000);
  assertEquals(network.sent.length, 5);
});

test("Client.all() rejects with the very reason of a request's signal, of close() and of the caller's code, even if that is no error", async () => {
  for (const reason of ["enough", null, 0, { code: 1 }, new Error("enough")]) {
    const { client, clock } = setUp(() => ({ json: 1, afterMs: 1_000 }));
    const controller = new AbortController();
    const [url = "", other = ""] = numbered(1, 2);
    const aborted = watch(client.all([other, { url, signal: controller.signal }]));
    const refused = watch(client.all([{ url, signal: AbortSignal.abort(reason) }]));
    const validate = () => {
      throw reason;
    };
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const invalid = watch(client.all([{ url, schema }]));
    await clock.advance(1);
    controller.abort(reason);
    await clock.advance(1_000);
    const closed = watch(client.all(numbered(3)));
    await clock.advance(1);
    await client.close(reason);
    for (const { state, error } of [aborted, refused, invalid, closed]) {
      assertEquals(state, "rejected");
      assertStrictEquals(error, reason);
    }
  }
});

test("Client.all() leaves other requests of the client alone when it fails", async () => {
  const { client, clock } = setUp((request) =>
    numberOf(request) === 3 ? { status: 500, afterMs: 5 } : { json: 1, afterMs: 1_000 }
  );

  const other = client.json("https://a.test/other");
  const sameAsOther = rejection(client.all(["https://a.test/other", ...numbered(3)]));
  await clock.run(sameAsOther);
  assertEquals(await clock.run(other), 1);
});

test("Client.all() rejects with the fault of a malformed request, and with the error of its source", async () => {
  const { client, clock, network } = setUp(echo);

  assertInstanceOf(await clock.run(rejection(client.all(["ftp://a.test/x"]))), TypeError);
  assertInstanceOf(await clock.run(rejection(client.all(null as unknown as string[]))), TypeError);
  assertInstanceOf(await clock.run(rejection(client.all(5 as unknown as string[]))), TypeError);
  assertEquals(network.sent.length, 0);

  const broken = new Error("broken source");
  function* source(): Generator<string> {
    yield* numbered(1, 2);
    throw broken;
  }
  assertStrictEquals(await clock.run(rejection(client.all(source()))), broken);
});

test("Client.settle() gives every outcome in input order, and never rejects for an item", async () => {
  const { client, clock } = setUp(({ url }) => {
    if (url.endsWith("/refused")) return { error: new TypeError("refused") };
    if (url.endsWith("/html")) return { body: "<html>" };
    if (url.endsWith("/throws")) throw new Error("fetch itself is broken");
    return { json: 1, status: Number(url.split("/").at(-1)) };
  });
  const reason = "no error at all";
  const requests = [
    "https://a.test/200",
    "https://a.test/404",
    "https://a.test/500",
    "https://a.test/refused",
    "https://a.test/html",
    "https://a.test/throws",
    "ftp://a.test/",
    { url: "https://a.test/200", timeoutMs: -1 },
    { url: "https://a.test/200", headers: { "bad name": "x" } },
    { url: "https://a.test/200", schema: v.string() },
    null as unknown as string,
    7 as unknown as string,
    { url: "https://a.test/200", signal: AbortSignal.abort(reason) },
    "https://a.test/200",
  ] as const;

  const outcomes = await clock.run(client.settle(requests));
  assertEquals(outcomes.map(({ index }) => index), requests.map((_, index) => index));
  for (const [index, { request }] of outcomes.entries()) assertStrictEquals(request, requests[index]);
  assertEquals(outcomes.map(({ ok }) => ok), [true, ...Array(12).fill(false), true]);
  const errors = outcomes.map((outcome) => outcome.ok ? undefined : outcome.error);
  const types = [
    DataNotFoundError,
    HttpError,
    NetworkError,
    InvalidDataError,
    NetworkError,
    TypeError,
    RangeError,
  ];
  for (const [index, type] of types.entries()) assertInstanceOf(errors[index + 1], type, `${index}`);
  for (const error of errors.slice(1, -1)) assertInstanceOf(error, Error);
  assertStrictEquals(errors[12]?.cause, reason);
  assertEquals(outcomes.map(({ attempts }) => attempts), [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

/** Values that are no requests, and the end of the message about each. */
const RUBBISH: readonly (readonly [unknown, string])[] = [
  [undefined, "received undefined"],
  [null, "received null"],
  [7, "received 7"],
  [true, "received true"],
  [[numbered(1)[0]], "received an array"],
  [() => numbered(1)[0], "received a function"],
  [Promise.resolve(numbered(1)[0]), "received an object of Promise; await it first"],
  [
    new Request(numbered(1)[0]!),
    "received an object of Request; give its URL, or use client.fetch() for a Request",
  ],
];

for (const isAsync of [false, true]) {
  test(`Client.settle() reports what is wrong with each item, isAsync: ${isAsync}`, async () => {
    const { client, clock, network } = setUp(echo);
    const items = [...RUBBISH.map(([item]) => item), numbered(5)[0]];
    // An array's own iterator does not await its items; a generator would.
    const source = isAsync
      ? {
        [Symbol.asyncIterator]: () => {
          const iterator = items.values();
          return { next: () => Promise.resolve(iterator.next()) };
        },
      }
      : items;

    const outcomes = await clock.run(client.settle(source as FetchRequest[]));
    assertEquals(outcomes.length, items.length);
    for (const [index, [item, received]] of RUBBISH.entries()) {
      const outcome = outcomes[index]!;
      assert(!outcome.ok);
      assertInstanceOf(outcome.error, TypeError);
      assert(outcome.error.message.endsWith(`{ url, … }: ${received}`), outcome.error.message);
      assertStrictEquals(outcome.request, item);
    }
    const last = outcomes.at(-1);
    assert(last?.ok && last.value === 5);
    assertEquals(network.sent.length, 1);
  });
}

test("Client.settle() waits for thenables of an iterator, as for await does", async () => {
  const { client, clock } = setUp(echo);
  let given = 0;
  const next = () => ({
    then: (resolve: (result: IteratorResult<string>) => void) => {
      if (given < 3) resolve({ done: false, value: `https://a.test/${given++}` });
      else resolve({ done: true, value: undefined });
    },
  });
  const source = { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<string>;

  const outcomes = await clock.run(client.settle(source));
  assertEquals(outcomes.map((outcome) => outcome.ok && outcome.value), [0, 1, 2]);
});

test("Client.settle() refuses values that are no batch, and says what to do instead", async () => {
  const { client, network } = setUp(echo);
  const one = numbered(1)[0]!;
  for (const source of [one, new URL(one), { url: one }, new Request(one)]) {
    const error = await rejection(client.settle(source as unknown as string[]));
    assertInstanceOf(error, TypeError);
    assert(
      error.message.endsWith("put it into an array, or use client.json() for one request"),
      error.message,
    );
  }
  assertEquals(network.sent.length, 0);
});

test("Client.settle() refuses malformed options, as other methods do", async () => {
  const { client, network } = setUp(echo);
  for (const options of [null, "x", 5, [], new AbortController().signal, { method: "DELETE" }]) {
    const calls = [
      () => client.settle(numbered(1), options as never),
      () => client.all(numbered(1), options as never),
      () => client.record({ a: numbered(1)[0]! }, options as never),
      async () => await client.stream(numbered(1), options as never).next(),
    ];
    for (const call of calls) assertInstanceOf(await rejection(call()), TypeError);
  }
  assertEquals(network.sent.length, 0);
});

test("Client.settle() gives an aborted request the reason itself if it is an Error", async () => {
  const { client, clock } = setUp(echo);
  const controller = new AbortController();
  const reason = new Error("enough");

  const outcomes = client.settle([
    { url: "https://a.test/500", signal: controller.signal },
    "https://a.test/20",
  ]);
  await clock.advance(10);
  controller.abort(reason);
  const [aborted, other] = await clock.run(outcomes);
  assert(!aborted!.ok && aborted!.error === reason);
  assertEquals([aborted!.attempts, aborted!.durationMs, other!.ok], [1, 10, true]);
});

test("Client.settle() gives each value its source, the head of the response, the attempts and the duration", async () => {
  const { client, clock } = setUp(({ nth, ...request }) => ({
    status: nth < 3 && numberOf({ nth, ...request }) === 7 ? 503 : 200,
    json: 1,
    afterMs: 100,
  }), { maxRetries: 3, backoff: { jitter: "none" } });

  const outcomes = await clock.run(client.settle(numbered(1, 7)));
  const seen = outcomes.map((outcome) => {
    assert(outcome.ok);
    const { headers, ...rest } = outcome;
    return { ...rest, type: headers.get("content-type") };
  });
  const common = { ok: true, value: 1, status: 200, type: null, from: "network" } as const;
  const [first, second] = [numbered(1)[0]!, numbered(7)[0]!];
  assertEquals(seen, [
    { ...common, index: 0, request: first, url: first, attempts: 1, durationMs: 100 },
    { ...common, index: 1, request: second, url: second, attempts: 3, durationMs: 6_300 },
  ]);
});

test("Client.settle() rejects with the batch's own reason when its signal aborts", async () => {
  const { client, clock, network } = setUp(echo, { concurrency: 2 });
  const controller = new AbortController();
  const reason = { my: "reason" };
  const source = new Source(100, (index) => `https://a.test/${1_000 + index}`);

  const pending = rejection(client.settle(source, { signal: controller.signal }));
  await clock.advance(10);
  controller.abort(reason);
  assertStrictEquals(await pending, reason);
  await clock.advance(0);
  assertEquals([network.open, clock.pending, source.returned], [0, 0, 1]);

  const untouched = new Source(100);
  const before = client.settle(untouched, { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await rejection(before), reason);
  assertEquals(untouched.pulled, 0);
});

test("Client.settle() names a bad option of a batch", async () => {
  const { client, network } = setUp(echo);
  const problems: string[] = [];
  const cases: readonly (readonly [string, unknown, ErrorConstructor])[] = [
    ["concurrency", 0, RangeError as ErrorConstructor],
    ["concurrency", 1.5, RangeError as ErrorConstructor],
    ["concurrency", "2", TypeError as ErrorConstructor],
    ["prefetch", -1, RangeError as ErrorConstructor],
    ["prefetch", "2", TypeError as ErrorConstructor],
    ["ordered", "yes", TypeError as ErrorConstructor],
    ["order", true, TypeError as ErrorConstructor],
    ["timeoutMs", 0, RangeError as ErrorConstructor],
    ["as", "xml", TypeError as ErrorConstructor],
  ];
  for (const [name, value, type] of cases) {
    const options = { [name]: value };
    const calls = [
      () => client.settle(numbered(1), options),
      () => client.all(numbered(1), options),
      () => client.record({ a: "https://a.test/1" }, options),
      async () => await client.stream(numbered(1), options).next(),
    ];
    for (const call of calls) {
      const error = await call().then(() => new Error("it passed"), (error) => error as Error);
      if (!(error instanceof type) || !error.message.includes(`'${name}'`)) {
        problems.push(`${name}: ${error}`);
      }
    }
  }
  assertEquals(problems, []);
  assertEquals(network.sent.length, 0);
});

test("Client.record() gives outcomes under the names of their requests", async () => {
  const { client, clock } = setUp((request) => numberOf(request) === 2 ? { status: 404 } : echo(request));

  const { laps, drivers } = await clock.run(
    client.record({ laps: numbered(9)[0]!, drivers: { url: numbered(2)[0]! } }),
  );
  assert(laps.ok && laps.value === 9 && laps.index === 0);
  assert(!drivers.ok && drivers.error instanceof DataNotFoundError && drivers.index === 1);
  assertEquals(await clock.run(client.record({})), {});
});

test("Client.record() takes a map, under the same names", async () => {
  const { client, clock } = setUp(echo);
  const names = ["laps", "__proto__", "10", "2"];

  const outcomes = await clock.run(
    client.record(new Map(names.map((name, index) => [name, `https://a.test/${index}`]))),
  );
  assertEquals(Object.keys(outcomes).sort(), [...names].sort());
  for (const [index, name] of names.entries()) {
    const outcome = Object.getOwnPropertyDescriptor(outcomes, name)?.value;
    assertEquals([outcome.ok, outcome.index, outcome.value], [true, index, index]);
  }
  assertEquals(await clock.run(client.record(new Map<string, string>())), {});
});

test("Client.record() rejects for a collection without names, before anything is sent", async () => {
  const { client, network } = setUp(echo);
  const one = numbered(1)[0]!;
  const inputs: unknown[] = [
    [one],
    new Set([one]),
    new Map([[1, one]]),
    Promise.resolve({ a: one }),
    one,
    null,
    undefined,
  ];
  for (const input of inputs) {
    assertInstanceOf(await rejection(client.record(input as Record<string, string>)), TypeError);
  }
  assertEquals(network.sent.length, 0);
});

test("Client.record() takes any name", async () => {
  const { client, clock } = setUp(echo);
  const requests = Object.fromEntries(
    ["__proto__", "constructor", "10", "2"].map((name) => [name, numbered(5)[0]!]),
  );

  const outcomes = await clock.run(client.record(requests));
  assertEquals(Object.keys(outcomes), Object.keys(requests));
  assert(Object.keys(requests).every((name) => Object.hasOwn(outcomes, name) && outcomes[name]!.ok));
  assertStrictEquals(Object.getPrototypeOf(outcomes), Object.prototype);
});

test("Client.stream() yields as requests complete", async () => {
  const { client, clock } = setUp(echo);

  const outcomes = await clock.run(Array.fromAsync(client.stream(numbered(30, 10, 20))));
  assertEquals(outcomes.map(({ index, ok }) => [index, ok]), [[1, true], [2, true], [0, true]]);
});

test("Client.stream() yields in input order with ordered: true", async () => {
  const { client, clock } = setUp(echo, { concurrency: 3 });

  const outcomes = await clock.run(
    Array.fromAsync(client.stream(numbered(30, 10, 20, 5, 1), { ordered: true })),
  );
  assertEquals(outcomes.map(({ index }) => index), [0, 1, 2, 3, 4]);
  assertEquals(outcomes.map((outcome) => outcome.ok && outcome.value), [30, 10, 20, 5, 1]);
});

test("S13: Client.stream() in order keeps outcomes behind a sleeping request, but goes on sending up to its bound", async () => {
  for (const status of [500, 503, 429]) {
    const { client, clock, network } = setUp(
      (request) =>
        numberOf(request) % 100 === 7 && request.nth < 3
          ? { status }
          : { json: numberOf(request), afterMs: 5 },
      { concurrency: 5, maxRetries: 3, maxWaiting: 400, retryBudget: false, pauseOn429: "request" },
    );
    const source = new Source(1_000);
    const indices: number[] = [];
    let most = 0;

    await clock.run((async () => {
      for await (const { index, ok } of client.stream(source, { ordered: true, prefetch: 3 })) {
        assert(ok);
        indices.push(index);
        most = Math.max(most, source.pulled - indices.length);
      }
    })());
    assertEquals(indices, Array.from({ length: 1_000 }, (_, index) => index));
    assert(most > 300 && most <= 5 + 3 + 400, `held ${most}`);
    // The requests after the first sleeping one, up to the bound, were sent before that one was sent again.
    const again = network.sent.findIndex(({ nth }) => nth === 2);
    assert(again > 350 && again <= 7 + 5 + 3 + 400, `sent again after ${again}`);
  }
});

for (const ordered of [false, true]) {
  test(`S13: Client.stream() holds O(concurrency) of 10,000 requests, ordered: ${ordered}`, async () => {
    const { client, clock, network } = setUp((request) => ({ json: 1, afterMs: numberOf(request) % 7 }), {
      concurrency: 5,
    });
    const source = new Source(10_000);
    let taken = 0;
    let most = 0;

    await clock.run((async () => {
      for await (const { ok } of client.stream(source, { ordered, prefetch: 3 })) {
        taken++;
        most = Math.max(most, source.pulled - taken);
        assert(ok);
      }
    })());
    assertEquals([taken, network.peak, client.stats().succeeded], [10_000, 5, 10_000]);
    assert(most <= 5 + 3, `held ${most}`);
  });

  test(`S13: Client.stream() pulls no further while its consumer is busy, ordered: ${ordered}`, async () => {
    const { client, clock } = setUp(() => ({ json: 1, afterMs: 1 }), { concurrency: 4 });
    for (const input of [new Source(100), new Source(100)]) {
      const requests = input.pulled === 0 && ordered ? input : input.stream();
      const outcomes = client.stream(requests, { ordered, prefetch: 2 });
      const first = watch(outcomes.next());
      await clock.advance(1_000);
      assertEquals(first.state, "fulfilled");
      assert(input.pulled <= 1 + 4 + 2, `pulled ${input.pulled}`);
      await outcomes.return!();
    }
  });

  test(`S13: Client.stream() closes its input when its consumer stops early, ordered: ${ordered}`, async () => {
    const { client, clock, network } = setUp(
      (request) => ({ json: 1, afterMs: 1 + 10 * numberOf(request) }),
      {
        concurrency: 3,
      },
    );
    for (const isAsync of [false, true]) {
      const source = new Source(1_000);
      const requests = isAsync ? source.stream() : source;
      await clock.run((async () => {
        for await (const _ of client.stream(requests, { ordered })) break;
      })());
      await clock.advance(0);
      assertEquals([source.returned, network.open, clock.pending], [1, 0, 0]);
      const { pulled } = source;
      await clock.advance(10_000);
      assertEquals(source.pulled, pulled);
    }
  });

  test(`Client.stream() throws the error of its source after the outcomes of started requests, ordered: ${ordered}`, async () => {
    const { client, clock } = setUp(echo);
    const broken = new Error("broken source");
    async function* source(): AsyncGenerator<string> {
      yield* await Promise.resolve(numbered(20, 10));
      throw broken;
    }
    const seen: number[] = [];
    const error = await clock.run(rejection((async () => {
      for await (const { index } of client.stream(source(), { ordered })) seen.push(index);
    })()));
    assertStrictEquals(error, broken);
    assertEquals(seen, ordered ? [0, 1] : [1, 0]);
  });

  test(`Client.stream() throws the reason itself when its signal aborts, ordered: ${ordered}`, async () => {
    const { client, clock, network } = setUp(echo, { concurrency: 2 });
    const controller = new AbortController();
    const reason = { my: "reason" };
    const source = new Source(1_000, (index) => `https://a.test/${index + 1}`);
    const seen: Outcome<unknown>[] = [];
    const pending = rejection((async () => {
      for await (const outcome of client.stream(source, { ordered, signal: controller.signal })) {
        seen.push(outcome);
        if (seen.length === 3) controller.abort(reason);
      }
    })());

    assertStrictEquals(await clock.run(pending), reason);
    await clock.advance(0);
    assertEquals([seen.length, source.returned, network.open, clock.pending], [3, 1, 0, 0]);
  });
}

test("S13: Client.all(), settle() and record() pull lazily, also from an async source", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 3 });
  for (const call of ["all", "settle"] as const) {
    for (const isAsync of [false, true]) {
      const source = new Source(100);
      const pending = client[call](isAsync ? source.stream() : source);
      await clock.advance(5);
      const pulledAtFirst = source.pulled;
      await clock.advance(10);
      assert(
        pulledAtFirst <= 4 && source.pulled <= 7,
        `${call} pulled ${pulledAtFirst}, then ${source.pulled}`,
      );
      assertEquals((await clock.run<readonly unknown[]>(pending)).length, 100);
      assertEquals(source.returned, isAsync ? 1 : 0);
    }
  }
  assertEquals(network.peak, 3);
});

test("Client.stream() that goes out of scope stops as by break", async () => {
  const { client, clock, network } = setUp((request) => ({ json: 1, afterMs: 1 + 10 * numberOf(request) }), {
    concurrency: 3,
  });
  const source = new Source(1_000);
  await clock.run((async () => {
    await using outcomes = client.stream(source);
    assertEquals((await outcomes.next()).value?.index, 0);
  })());
  await clock.advance(0);
  assertEquals([source.returned, network.open, clock.pending], [1, 0, 0]);
});

test("Client.stream() serves several next() calls at once, and ends for all of them", async () => {
  const { client, clock } = setUp(echo);
  const stream = client.stream(numbered(20, 10));

  const results = await clock.run(Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]));
  assertEquals(results.map(({ done }) => done ?? false), [false, false, true, true]);
  assertEquals((await stream.next()).done, true);
  assertEquals((await stream.return!()).done, true);
});

test("Client.stream() ends at once when it is left before its first outcome, while an async source hangs", async () => {
  const { client, clock } = setUp(echo);
  const hung = Promise.withResolvers<IteratorResult<string>>();
  let returned = 0;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => hung.promise,
      return: () => {
        returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  const stream = client.stream(source);
  const first = watch(stream.next());
  await clock.advance(1);
  const left = watch(stream.return!());
  await clock.advance(1);

  assertEquals([first.state, first.value?.done, left.state, returned], ["fulfilled", true, "fulfilled", 1]);
  hung.resolve({ done: true, value: undefined });
});

test("Client.stream() runs no more than the batch's concurrency, and no more than the client's", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 6 });

  await clock.run(client.settle(new Source(30), { concurrency: 2 }));
  assertEquals(network.peak, 2);
  await clock.run(client.settle(new Source(30), { concurrency: 50 }));
  assertEquals(network.peak, 6);
});

test("Client.stream() works with a shared semaphore without a bound", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), {
    concurrency: new Semaphore(Infinity),
  });

  const outcomes = await clock.run(Array.fromAsync(client.stream(new Source(50), { concurrency: 10 })));
  assertEquals([outcomes.length, network.peak], [50, 10]);
});

test("Client.settle() handles 50,000 requests that fail at once, without a stack overflow", async () => {
  const { client, clock } = setUp(echo);

  const outcomes = await clock.run(client.settle(new Source(50_000, () => "no URL")));
  assertEquals([outcomes.length, outcomes.filter(({ ok }) => ok).length], [50_000, 0]);
});

test("Client.settle() accepts a source that calls the client while it is being pulled", async () => {
  const { client, clock } = setUp(echo, { concurrency: 1 });
  async function* source(): AsyncGenerator<string> {
    yield `https://a.test/${await client.json("https://a.test/3")}`;
    yield `https://a.test/${await client.json("https://a.test/4")}`;
  }

  const outcomes = await clock.run(client.settle(source()));
  assertEquals(outcomes.map((outcome) => outcome.ok && outcome.value), [3, 4]);
});

test("Client.settle() ends when its requests have ended, even if other requests hold all permits", async () => {
  const slow = numbered(1_000)[0]!;
  const sources: readonly (readonly [number, (source: Source) => Source | AsyncGenerator<FetchRequest>])[] = [
    [1, (source) => source],
    [1, (source) => source.stream()],
    [3, (source) => source],
    [3, (source) => source.stream()],
  ];
  for (const [length, sourceOf] of sources) {
    const { client, clock, network } = setUp(echo, { concurrency: 1 });
    const source = new Source(length, (index) => `https://a.test/${100 + index}`);
    const batch = watch(client.settle(sourceOf(source)));
    await clock.advance(0);
    const other = watch(client.json(slow));
    await clock.advance(500);
    // The remaining requests wait behind the other one, and only one more of them is pulled.
    assertEquals([batch.state, other.state], [length === 1 ? "fulfilled" : "pending", "pending"]);
    assertEquals([source.pulled, network.sent.length], [Math.min(length, 2), 2]);
    await clock.advance(2_000);
    assertEquals([batch.state, other.state], ["fulfilled", "fulfilled"]);
    assertEquals(network.urls.filter((url) => url !== slow), numbered(100, 101, 102).slice(0, length));
    assertEquals(client.stats().inFlight, 0);
  }
});

test("Client.settle() ends when its source says so later, even if other requests hold all permits", async () => {
  const { client, clock } = setUp(echo, { concurrency: 1 });
  const end = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<string> {
    yield "https://a.test/100";
    await end.promise;
  }
  const batch = watch(client.settle(source()));
  await clock.advance(200);
  const other = watch(client.json("https://a.test/1000"));
  await clock.advance(500);
  end.resolve();
  await clock.advance(0);
  assertEquals([batch.state, other.state], ["fulfilled", "pending"]);
  await clock.advance(1_000);
  assertEquals(other.state, "fulfilled");
});

test("Client.settle() reports a source that throws after its last request even if other requests hold all permits", async () => {
  const { client, clock } = setUp(echo, { concurrency: 1 });
  const error = new Error("no more");
  function* source(): Generator<string> {
    yield "https://a.test/100";
    throw error;
  }
  const batch = watch(client.settle(source()));
  await clock.advance(0);
  const other = watch(client.json("https://a.test/1000"));
  await clock.advance(500);
  assertStrictEquals(batch.error, error);
  assertEquals(other.state, "pending");
  await clock.advance(1_000);
  assertEquals(other.state, "fulfilled");
});

test("Client.settle() keeps its outcomes when the client closes after the last request of an array has started", async () => {
  // The permits are all taken: the batch has had no room to find out that its array is at its end.
  const { client, clock } = setUp(({ url }) => ({ json: 1, afterMs: url.endsWith("/1") ? 1 : 100 }), {
    concurrency: 2,
  });
  const whole = watch(client.settle(numbered(1, 2, 3)));
  await clock.advance(50);
  const unbegun = watch(client.settle(numbered(4)));
  await clock.advance(0);
  await client.close("enough");
  assertEquals(whole.value?.map(({ ok }) => ok), [true, false, false]);
  assertEquals(unbegun.error, "enough");
});

test("Client.settle() ends when its source or a request closes the client or aborts the batch", async () => {
  const reason = new Error("enough");
  const url = "https://a.test/1";
  for (const ends of ["close", "abort"] as const) {
    for (const place of ["source", "request", "limitKey"] as const) {
      const controller = new AbortController();
      const { signal } = controller;
      const end = (): void => {
        if (ends === "abort") controller.abort(reason);
        else client.close(reason);
      };
      const limitKey = (): undefined => place === "limitKey" ? end() as undefined : undefined;
      const { client, clock, network } = setUp(echo, { limitKey });
      const json = { toJSON: () => place === "request" ? end() : undefined };
      const requests = [{ url, method: "POST", json }, url];
      const source = { [Symbol.iterator]: () => (place === "source" && end(), requests[Symbol.iterator]()) };
      const batch = watch(client.settle(source, { signal, batchTimeoutMs: 1_000 }));
      await clock.advance(0);
      assertStrictEquals(batch.error, reason, `${ends} in ${place}`);
      // The manual clock has no timer left: the deadline of the batch is gone as well.
      if (ends === "abort") await client.close();
      await clock.advance(0);
      assertEquals([network.sent.length, clock.pending], [0, 0], `${ends} in ${place}`);
    }
  }
});

test("Client.stream() does not close a source that has ended, whenever its reader leaves", async () => {
  for (const count of [1, 2]) {
    for (let ticks = 0; ticks < 8; ticks++) {
      const { client, clock } = setUp(echo, { concurrency: 1 });
      let [asked, isOver, closed] = [0, false, 0];
      const source = {
        [Symbol.iterator]: () => ({
          next() {
            isOver = asked++ === count;
            return { done: isOver, value: `https://a.test/${asked}` };
          },
          return() {
            if (isOver) closed++;
            return { done: true as const, value: undefined };
          },
        }),
      };
      const reader = watch((async () => {
        let taken = 0;
        for await (const _ of client.stream(source)) {
          if (++taken < count) continue;
          for (let tick = 0; tick < ticks; tick++) await undefined;
          break;
        }
      })());
      // The permit goes to other requests, which were in line before.
      for (let other = 0; other < 5; other++) client.json(`https://a.test/other${other}`).catch(() => {});
      await clock.advance(10_000);
      assertEquals([reader.state, closed], ["fulfilled", 0], `${count} ${ticks}`);
      await client.close();
    }
  }
});

test("Client emits no event for a request that ends its own batch before it has begun", async () => {
  for (const place of ["body", "limitKey", "path"] as const) {
    for (const ends of ["abort", "leave"] as const) {
      for (const nth of [1, 2]) {
        const controller = new AbortController();
        const end = (at: string, url: string): undefined => {
          if (at !== place || !url.endsWith(`${nth}`)) return;
          if (ends === "abort") controller.abort(new Error("enough"));
          else stream.return!();
        };
        const path = (path: string): string => (end("path", path), path);
        const { client, clock, network } = setUp(echo, {
          baseUrls: [{ url: "https://a.test", path }],
          limitKey: ({ url }) => end("limitKey", url),
          concurrency: 1,
        });
        const events: string[] = [];
        client.on((event) => {
          if (event.type === "queued" || event.type === "settled") {
            events.push(`${event.type} ${event.requestId}`);
          }
        });
        const requests = [1, 2, 3].map((id) => ({
          url: `${id}`,
          method: "PUT",
          json: { toJSON: () => (end("body", `${id}`), {}) },
        }));
        const stream = client.stream(requests, { signal: controller.signal });
        const taken = watch(Array.fromAsync(stream));
        await clock.advance(1_000);
        const told = Array.from(
          { length: nth - 1 },
          (_, index) => [`queued ${index + 1}`, `settled ${index + 1}`],
        );
        assertEquals(taken.state, ends === "abort" ? "rejected" : "fulfilled");
        assertEquals(events, told.flat(), `${ends} in ${place} ${nth}`);
        assertEquals([client.stats().requests, client.stats().queued, network.sent.length], [
          nth - 1,
          0,
          nth - 1,
        ]);
        await client.close();
      }
    }
  }
});

test("Client.settle() closes a source once if that closes the client or aborts while it is asked", async () => {
  for (const ends of ["close", "abort"] as const) {
    for (const nth of [1, 2, 3]) {
      for (const isOver of [false, true]) {
        for (const fails of [false, true]) {
          const controller = new AbortController();
          const { client, clock } = setUp(echo);
          let [asked, closed, closedInside, isInside] = [0, 0, 0, false];
          const source = {
            [Symbol.iterator]: () => ({
              next: () => {
                isInside = true;
                if (++asked === nth) ends === "abort" ? controller.abort() : client.close();
                isInside = false;
                if (asked === nth && fails) throw new Error("no more");
                return { done: isOver && asked === nth, value: `https://a.test/${asked}` };
              },
              return: () => {
                closed++;
                if (isInside) closedInside++;
                return { done: true as const, value: undefined };
              },
            }),
          };
          const batch = watch(client.settle(source, { signal: controller.signal }));
          await clock.advance(0);
          const about = `${ends} at ${nth}, over: ${isOver}, fails: ${fails}`;
          assertEquals([batch.state, asked], ["rejected", nth], about);
          // A loop does not close a source either that is over or has failed.
          assertEquals([closed, closedInside], [isOver || fails ? 0 : 1, 0], about);
          await client.close();
        }
      }
    }
  }
});

test("Client.settle() keeps no permit that comes free while its source reports its end", async () => {
  for (const frees of ["resize", "release"] as const) {
    const semaphore = new Semaphore(2);
    const held = await semaphore.acquire();
    const { client, clock } = setUp(echo, { concurrency: semaphore });
    const source = function* (): Generator<string> {
      try {
        yield* numbered(0, 0, 0);
      } finally {
        if (frees === "resize") semaphore.resize(5);
        else held.release();
      }
    };
    assertEquals((await clock.run(client.settle(source()))).length, 3);
    held.release();
    assertEquals([semaphore.inUse, semaphore.waiting, client.stats().inFlight], [0, 0, 0]);
  }
});

test("Client.settle() takes no token for a request that its source aborts while it gets in line", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let taken = 0;
  const rateLimit: Bucket = {
    tryTake: () => ++taken > 0,
    notify: () => ({ [Symbol.dispose]() {} }),
  };
  // With a cache, requests get in line one by one, and not while the batch pulls.
  const options = { cache: planOf(), perOrigin: { concurrency: 1 }, rateLimit };
  const { client, clock, network } = setUp(echo, options);
  const [first, second, third] = numbered(100, 101, 102) as [string, string, string];
  function* source(): Generator<FetchRequest> {
    yield first;
    yield { url: second, signal };
    controller.abort("enough");
    yield third;
  }
  const outcomes = await clock.run(client.settle(source(), { concurrency: 2 }));
  assertEquals(outcomes.map(({ ok }) => ok), [true, false, true]);
  assertEquals([network.urls, taken], [[first, third], 2]);
});

/** How an origin answers requests beyond its room, and how many times as many requests it then gets at most. */
const FULL: readonly { readonly room: number; readonly refusal: Answer; readonly most: number }[] = [
  { room: 3, refusal: { status: 504, afterMs: 1_000 }, most: 1.75 },
  { room: 8, refusal: { status: 503, afterMs: 1_000 }, most: 1.75 },
  { room: 12, refusal: { error: new TypeError("reset"), afterMs: 500 }, most: 1.75 },
  { room: 5, refusal: { status: 500, afterMs: 20 }, most: 1.75 },
];

for (const { room, refusal, most } of FULL) {
  test(`Client.settle() gets every URL of an origin that has room for ${room} at once`, async () => {
    const { client, clock, network } = fakeClient(() =>
      network.open >= room ? refusal : { json: 1, afterMs: 20 }
    );
    const outcomes = await clock.run(client.settle(numberedUrls(300)));
    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    assert(network.sent.length <= most * 300, `${network.sent.length}`);
  });
}

test("Client.settle() keeps twenty requests in flight although half of the URLs fail for ever", async () => {
  const { client, clock, network } = fakeClient((request) =>
    numberOf(request) % 2 === 0 ? { status: 500, afterMs: 20 } : { json: 1, afterMs: 20 }
  );
  await clock.run(client.settle(numberedUrls(1_000)));
  assert(network.sent[999]!.atMs <= 1_100, `${network.sent[999]!.atMs}`);
});

test("Batches run middleware in the async context of their own caller, whichever request makes room", async () => {
  const caller = new AsyncLocalStorage<string>();
  const seen: string[][] = [];
  const note = ({ url }: Request): void =>
    void seen.push([new URL(url).pathname.split("/")[1]!, caller.getStore()!]);
  let refusals = 0;
  const { clock, client } = setUp(
    () => refusals++ % 3 === 0 ? { status: 503, afterMs: 10 } : { json: 1, afterMs: 10 },
    {
      concurrency: 1,
      maxRetries: 3,
      use: [
        (request, next) => (note(request), next(request)),
        Object.assign((request: Request, next: Next) => (note(request), next(request)), {
          around: "hop" as const,
        }),
      ],
    },
  );
  const urls = (
    name: string,
  ) => [`https://a.test/${name}/1`, { url: `https://a.test/${name}/2`, timeoutMs: 5_000 }];
  const consume = async (name: string): Promise<void> => {
    for await (const { ok } of client.stream(urls(name), { ordered: true })) assert(ok);
  };
  const calls = [
    caller.run("a", () => client.all(urls("a"))),
    caller.run("b", () => client.settle(urls("b"))),
    caller.run("c", () => consume("c")),
    caller.run("d", () => client.json("https://a.test/d")),
    caller.run("e", () => client.record({ one: "https://a.test/e" })),
  ];
  await clock.run(Promise.all(calls));
  assertEquals(seen.filter(([name, store]) => name !== store), []);
  assert(seen.length > 16, `${seen.length}`);
});

test("Batches that are aborted when an attempt begins run no middleware for it", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  let runs = 0;
  const { clock, client, network } = setUp(() => ({ json: 1 }), {
    use: [(request, next) => (runs++, next(request))],
  });
  client.on(({ type }) => type === "attempt" && queueMicrotask(() => controller.abort(reason)));
  const error = await clock.run(rejection(client.all(["https://a.test/1"], { signal: controller.signal })));
  assertStrictEquals(error, reason);
  assertEquals([runs, network.sent.length, client.stats().inFlight], [0, 0, 0]);
});

/**
 * A clock that advances by a millisecond each time that it is read. Its timers fire in the next turn of the event
 * loop.
 */
class TickingClock implements Clock {
  #nowMs = 0;
  now = (): number => ++this.#nowMs;
  wallNow = (): number => ++this.#nowMs;
  setTimeout = (callback: () => void): TimerHandle => setTimeout(callback, 0);
  clearTimeout = (handle: TimerHandle): void => clearTimeout(handle as number);
}

const rejectsAll = (): Promise<Response> => Promise.reject(new TypeError("nothing is sent"));

const IN_MEMORY: readonly string[] = numberedUrls(300);

/** Creates a client whose cache answers for {@linkcode IN_MEMORY}. */
async function withAnswersInMemory(): Promise<Client> {
  const clock = new TickingClock();
  const client = createClient({ cache: planOf(), clock, fetch: () => Promise.resolve(Response.json(1)) });
  await client.all(IN_MEMORY);
  return client;
}

test("Batches yield to the event loop while one answer from memory follows another", async () => {
  const sources: Record<string, () => RequestSource> = {
    list: () => IN_MEMORY,
    iterable: () => new Map(IN_MEMORY.entries()).values(),
    "async iterable": async function* () {
      yield* IN_MEMORY;
    },
  };
  for (const [name, source] of Object.entries(sources)) {
    await using client = await withAnswersInMemory();
    let turns = 0;
    setTimeout(() => turns++, 0);
    const outcomes = await client.settle(source());
    assertEquals([outcomes.filter(({ ok }) => ok).length, turns], [300, 1], name);

    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 0);
    const error = await rejection(client.settle(source(), { signal: controller.signal }));
    assertStrictEquals(error, reason, name);
    assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
  }
});

test("Batches yield to the event loop while requests are refused one after another without being sent", async () => {
  const scenes: Record<string, [ClientOptions, (nth: number) => FetchRequest]> = {
    "no URL": [{}, () => "no URL"],
    "no request": [{}, () => ({ url: "https://a.test/", method: "a b" })],
    offline: [{ offline: true }, (nth) => `https://a.test/${nth}`],
    "nothing in the cache": [{ cache: planOf() }, (nth) => ({
      url: `https://a.test/${nth}`,
      cache: "only-if-cached",
    })],
  };
  for (const [name, [options, requestOf]] of Object.entries(scenes)) {
    await using client = createClient({ ...options, clock: new TickingClock(), fetch: rejectsAll });
    const controller = new AbortController();
    const many = function* (): Generator<FetchRequest> {
      for (let nth = 0; nth < 10_000; nth++) yield requestOf(nth);
    };
    setTimeout(() => controller.abort("enough"), 0);
    const settling = client.settle(many(), { signal: controller.signal });
    const ending = await settling.then(({ length }) => `${length} outcomes`, (reason) => reason);
    assertEquals(ending, "enough", name);
    assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
  }
});

test("Batches that yield to the event loop can be left, timed out and closed meanwhile", async () => {
  const client = await withAnswersInMemory();
  let taken = 0;
  for await (const _ of client.stream(IN_MEMORY)) if (++taken === 100) break;
  const outcomes = await client.settle(IN_MEMORY, { batchTimeoutMs: 150 });
  const last = outcomes.at(-1)!;
  assert(!last.ok && isTimeoutError(last.error) && last.error.kind === "batch");
  assertEquals(outcomes.length, 300);
  const closed = rejection(client.settle(IN_MEMORY));
  await microtasks(500);
  await client.close("over");
  assertEquals(await closed, "over");
  assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
});

test("a request that is always told to come again ends, though requests of its own middleware are served (S4)", async () => {
  let servedAtMs = -Infinity;
  const { client, clock, network } = fakeClient(() => {
    const isEarly = clock.now() - servedAtMs < 1_000;
    if (!isEarly) servedAtMs = clock.now();
    return isEarly ? { status: 429, headers: { "retry-after": "1" }, afterMs: 30 } : { json: 1, afterMs: 30 };
  }, {
    use: [async (request, next) => {
      if (request.url.endsWith("/private")) await client.json("https://a.test/token");
      return await next(request);
    }],
  });
  const [outcome] = await clock.run(client.settle(["https://a.test/private"]));
  assertInstanceOf(outcome!.ok ? undefined : outcome!.error, HttpError);
  assert(network.sent.length < 300, `${network.sent.length}`);
});

test("a request that is refused for ever is given up when its origin has served no others for long, though it alone pauses (S4)", async () => {
  const { client, clock, network } = fakeClient(
    ({ url }) => url.endsWith("/7") ? { status: 429, afterMs: 10 } : { json: 1, afterMs: 50 },
    { pauseOn429: "request" },
  );
  const outcomes = await clock.run(
    client.settle(Array.from({ length: 50 }, (_, nth) => `https://a.test/${nth}`)),
  );
  assertEquals(outcomes.filter(({ ok }) => !ok).map(({ index }) => index), [7]);
  // Three tries while others are served and soon after that, and the usual four.
  const tries = network.urls.filter((url) => url.endsWith("/7")).length;
  assert(tries <= 7, `${tries}`);
});
