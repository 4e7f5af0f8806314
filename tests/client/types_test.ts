import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as v from "valibot";
import {
  type BatchOptions,
  type CallOptions,
  createClient,
  fetchJson,
  fetchMany,
  type FetchRequest,
  fetchStream,
  type InferOutput,
  type LinesOptions,
  type OnlyRequest,
  type OnlyRequests,
  type Outcome,
  type OutcomesOf,
  type RequestOptions,
  type RequestSource,
  type RequestSpec,
  type ServerSentEvent,
  type StandardSchemaV1,
  type ValueOf,
  type ValuesOf,
} from "../../mod.ts";
import { test } from "../support/test.ts";
import { rejection } from "../support/settled.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** Fails to compile unless a value has exactly this type; returns the value. */
function typed<Expected>(): <Actual>(
  value: Actual & (Equal<Actual, Expected> extends true ? unknown : never),
) => Actual {
  return (value) => value;
}

const URL_A = "https://a.test/a";

/** A schema of valibot, and one without a library. */
const Lap = v.object({ time: v.pipe(v.string(), v.transform(Number)) });
const Name: StandardSchemaV1<unknown, { readonly name: string }> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as { name: string } }) },
};
const BODY = { time: "91", name: "Max" };

const client = createClient({ fetch: () => Promise.resolve(Response.json(BODY)) });

test("a schema in a request sets the types of json() and outcome()", async () => {
  typed<number>()((await client.json({ url: URL_A, schema: Lap })).time);
  typed<string>()((await client.json({ url: new URL(URL_A), schema: Name })).name);
  typed<number>()((await client.json({ url: URL_A, schema: Lap }, { schema: Name })).time);
  typed<number>()((await client.json(URL_A, { schema: Lap })).time);
  typed<unknown>()(await client.json({ url: URL_A, as: "text" }));

  const outcome = typed<Outcome<{ time: number }>>()(
    await client.outcome({ url: URL_A, schema: Lap }),
  );
  assert(outcome.ok);
  assertEquals([outcome.value.time, outcome.status], [91, 200]);
  typed<Outcome<string>>()(await client.outcome(URL_A, { as: "text" }));
  typed<Outcome<Uint8Array<ArrayBuffer>>>()(await client.outcome({ url: URL_A, as: "bytes" }));
  typed<Outcome<unknown>>()(await client.outcome(URL_A));
  typed<Outcome<{ time: number }>>()(
    await client.outcome({ url: URL_A, as: "json" }, { schema: Lap, timeoutMs: 5 }),
  );
});

/** A schema with a method whose result type depends on `this`, as some libraries' have. */
interface FluentSchema<Shape> extends StandardSchemaV1<unknown, Shape> {
  readonly shape: Shape;
  partial(): PartialSchema<this>;
}
type PartialSchema<S> = S extends FluentSchema<object> ? FluentSchema<Partial<S["shape"]>> : S;

test("a schema whose methods have types that depend on `this` sets the types, too", async () => {
  const schema = Name as FluentSchema<{ readonly name: string }>;
  const request = { url: URL_A, schema };
  typed<string>()((await client.json(URL_A, { schema })).name);
  typed<string>()((await client.json(request)).name);
  typed<string>()((await client.text(URL_A, { schema, as: "json" })).name);
  typed<string>()((await client.all([request]))[0].name);
  const options = { fetch: () => Promise.resolve(Response.json(BODY)) };
  typed<string>()((await fetchJson(URL_A, { schema, client: options })).name);
  for await (const { name } of client.lines(URL_A, { schema })) typed<string>()(name);
  for await (const { value } of client.pages(URL_A, { schema, next: ({ value }) => value.name.at(99) })) {
    typed<string>()(value.name);
  }
});

test("a schema sets the types of text() and bytes(), too", async () => {
  const Length = v.pipe(v.string(), v.transform((text) => text.length));
  const Size = v.pipe(v.instance(Uint8Array), v.transform((bytes) => bytes.length));
  const length = JSON.stringify(BODY).length;
  assertEquals(typed<number>()(await client.text(URL_A, { schema: Length })), length);
  assertEquals(typed<number>()(await client.text({ url: URL_A, schema: Length })), length);
  assertEquals(typed<number>()(await client.bytes(URL_A, { schema: Size })), length);
  assertEquals(typed<number>()(await client.bytes({ url: URL_A, schema: Size })), length);
  typed<string>()(await client.text(URL_A, { timeoutMs: 5_000 }));
  typed<Uint8Array<ArrayBuffer>>()(await client.bytes({ url: URL_A }));
});

test("lines() and events() say nothing about values whose kind the compiler does not know", async () => {
  const headers = { "content-type": "text/event-stream" };
  await using client = createClient({
    fetch: () => Promise.resolve(new Response('data: {"a":1}\n\n', { headers })),
  });
  async function read(as: "json" | "text", options?: LinesOptions): Promise<unknown[]> {
    const lines = typed<unknown[]>()(await Array.fromAsync(client.lines(URL_A, options)));
    const [event] = typed<ServerSentEvent<unknown>[]>()(
      await Array.fromAsync(client.events(URL_A, { as, reconnect: false })),
    );
    return [...lines, event?.data];
  }
  assertEquals(await read("json", { as: "text" }), ['data: {"a":1}', "", { a: 1 }]);
  assertEquals(await read("text"), ['data: {"a":1}', "", '{"a":1}']);
  for await (const line of client.lines(URL_A, { maxLineBytes: 99 })) typed<string>()(line);
  for await (const { data } of client.events(URL_A, { as: "text", reconnect: false })) typed<string>()(data);
});

test("a function can pass on requests with a schema whose type is its parameter", async () => {
  async function inRequests<S extends StandardSchemaV1>(schema: S): Promise<Outcome<InferOutput<S>>[]> {
    return await client.settle([1, 2].map((id) => ({ url: `${URL_A}/${id}`, schema })));
  }
  async function inOptions<S extends StandardSchemaV1>(schema: S): Promise<InferOutput<S>[]> {
    return await client.all([1, 2].map((id) => `${URL_A}/${id}`), { schema });
  }
  async function asOutcome<S extends StandardSchemaV1>(schema: S): Promise<Outcome<InferOutput<S>>> {
    return await client.outcome({ url: URL_A, schema });
  }
  async function inRecord<S extends StandardSchemaV1>(schema: S): Promise<Outcome<InferOutput<S>>> {
    return (await client.record({ a: { url: URL_A, schema } })).a;
  }
  const [first] = typed<Outcome<{ time: number }>[]>()(await inRequests(Lap));
  assert(first?.ok);
  assertEquals(first.value.time, 91);
  assertEquals(typed<{ time: number }[]>()(await inOptions(Lap)), [{ time: 91 }, { time: 91 }]);
  assertEquals([(await asOutcome(Lap)).ok, (await inRecord(Lap)).ok], [true, true]);
});

test("json() has the type that its caller states, and infers none from the place of its value", async () => {
  const stated = await client.json<{ name: string }>(URL_A);
  assertEquals(typed<string>()(stated.name), "Max");
  typed<unknown>()(await client.json(URL_A));
  typed<number[]>()(await client.json<number[]>({ url: URL_A }, { timeoutMs: 5_000 }));
  // @ts-expect-error: nobody has said that it is one.
  const inferred: { readonly name: string } = await client.json(URL_A);
  assertEquals(inferred.name, "Max");
});

test("each request of a tuple types its own value in all() and settle()", async () => {
  const [lap, name] = await client.all([{ url: URL_A, schema: Lap }, { url: URL_A, schema: Name }]);
  assertEquals([typed<number>()(lap.time), typed<string>()(name.name)], [91, "Max"]);

  const [first, second, third] = await client.settle([{ url: URL_A, schema: Lap }, {
    url: URL_A,
    as: "text",
  }, URL_A]);
  typed<Outcome<{ time: number }>>()(first);
  typed<Outcome<string>>()(second);
  typed<Outcome<unknown>>()(third);
  assert(first.ok && first.value.time === 91);
});

test("options of a batch set the value types of all requests that say nothing else", async () => {
  const [first, second] = await client.settle(["https://a.test/1", "https://a.test/2"], { schema: Lap });
  typed<Outcome<{ time: number }>>()(first);
  assert(second.ok && second.value.time === 91);
  typed<[string, Uint8Array<ArrayBuffer>]>()(
    await client.all([URL_A, { url: URL_A, as: "bytes" }], { as: "text", concurrency: 1 }),
  );
  const Length = v.pipe(v.instance(Uint8Array), v.transform((bytes) => bytes.length));
  typed<[number]>()(await client.all([{ url: URL_A, as: "bytes" }], { schema: Length }));
});

test("requests that are no tuple have values of one type", async () => {
  const urls: string[] = [URL_A];
  const specs: readonly RequestSpec[] = [{ url: URL_A }];
  const requests: RequestSource = specs;
  const laps = [{ url: URL_A, schema: Lap }];
  typed<unknown[]>()(await client.all(urls));
  typed<{ time: number }[]>()(await client.all(urls, { schema: Lap }));
  typed<{ time: number }[]>()(await client.all(laps));
  typed<string[]>()(await client.all(specs, { as: "text" }));
  typed<string[]>()(await client.all(requests, { as: "text" }));
  typed<string[]>()(await client.all(new Set(urls), { as: "text" }));
  typed<Outcome<{ time: number }>[]>()(await client.settle(urls.values(), { schema: Lap }));
  typed<unknown[]>()(await client.all([...urls, URL_A].map((url): FetchRequest => url)));

  const anything = JSON.parse(JSON.stringify(urls)); // of type `any`
  typed<unknown[]>()(await client.all(anything));
  typed<Outcome<string>[]>()(await client.settle(anything, { as: "text" }));
  const arrayOrSet = urls.length > 0 ? urls : new Set(urls);
  const texts: string[] = await client.all(arrayOrSet, { as: "text" });
  assertEquals(texts, [JSON.stringify(BODY)]);

  async function* later(): AsyncGenerator<{ url: string; schema: typeof Lap }> {
    yield* await Promise.resolve(laps);
  }
  typed<Outcome<{ time: number }>[]>()(await client.settle(later()));
  for await (const outcome of client.stream(later())) typed<Outcome<{ time: number }>>()(outcome);
  await using outcomes = client.stream(urls, { schema: Name });
  for await (const outcome of outcomes) {
    assert(outcome.ok);
    assertEquals(typed<string>()(outcome.value.name), "Max");
  }
});

test("record() types each value by its name, of an object and of a map", async () => {
  const record = await client.record({
    lap: { url: URL_A, schema: Lap },
    name: { url: URL_A, schema: Name },
    raw: URL_A,
  });
  typed<Outcome<{ time: number }>>()(record.lap);
  typed<Outcome<{ readonly name: string }>>()(record.name);
  typed<Outcome<unknown>>()(record.raw);
  assert(record.lap.ok && record.lap.value.time === 91);

  const map = new Map([["a", URL_A]] as const);
  const fromMap = await client.record(map, { schema: Lap });
  typed<Outcome<{ time: number }>>()(fromMap.a);
  interface Files {
    readonly laps: string;
    readonly names: RequestSpec;
  }
  const files: Files = { laps: URL_A, names: { url: URL_A } };
  typed<Outcome<string>>()((await client.record(files, { as: "text" })).names);
});

test("a function can pass on requests whose type is its parameter", async () => {
  async function load<const R extends RequestSource>(
    requests: R & OnlyRequests<R>,
  ): Promise<OutcomesOf<ValuesOf<R, BatchOptions>>> {
    return await client.settle<R>(requests, { concurrency: 1 });
  }
  async function loadOne<const R extends FetchRequest>(
    request: R & OnlyRequest<R>,
  ): Promise<Outcome<ValueOf<CallOptions, R>>> {
    return await client.outcome<R>(request, { timeoutMs: 5_000 });
  }
  const [text, lap] = await load([{ url: URL_A, as: "text" }, { url: URL_A, schema: Lap }]);
  typed<Outcome<string>>()(text);
  assert(typed<Outcome<{ time: number }>>()(lap).ok);
  assert(typed<Outcome<{ time: number }>>()(await loadOne({ url: URL_A, schema: Lap })).ok);
  // @ts-expect-error: a key that does not exist.
  assertEquals((await loadOne({ url: URL_A, schma: Lap })).ok, false);
});

test("a function can pass on URLs to record() under names that are its parameter", async () => {
  async function load<K extends string, T>(
    urls: Readonly<Record<K, string>>,
    schema: StandardSchemaV1<unknown, T>,
  ): Promise<Record<K, Outcome<T>>> {
    return await client.record(urls, { schema });
  }
  async function loadAny<R extends Record<string, string>>(
    urls: R,
  ): Promise<Record<keyof R & string, Outcome<unknown>>> {
    return await client.record(urls);
  }
  const { lap } = typed<Record<"lap", Outcome<{ time: number }>>>()(await load({ lap: URL_A }, Lap));
  assert(lap.ok);
  assertEquals(lap.value.time, 91);
  assert((await loadAny({ raw: URL_A })).raw.ok);
});

test("the one-call forms have the same types", async () => {
  const client = { fetch: () => Promise.resolve(Response.json(BODY)) };
  typed<number>()((await fetchJson({ url: URL_A, schema: Lap }, { client })).time);
  typed<number>()((await fetchJson(URL_A, { schema: Lap, client })).time);
  typed<string>()((await fetchJson<{ name: string }>(URL_A, { client })).name);
  const [lap, text] = await fetchMany([{ url: URL_A, schema: Lap }, URL_A], { as: "text", client });
  typed<Outcome<{ time: number }>>()(lap);
  typed<Outcome<string>>()(text);
  assert(text.ok);
  assertEquals(text.value, JSON.stringify(BODY));
});

test("functions around the client may accept options, and requests", async () => {
  const load = (url: FetchRequest, options?: RequestOptions) => client.json(url, options);
  const loadAll = <O extends BatchOptions>(urls: readonly string[], options: O): Promise<ValueOf<O>[]> =>
    client.all(urls, options);
  typed<{ time: number }[]>()(await loadAll([URL_A], { schema: Lap }));
  const texts = {
    as: "text",
    concurrency: 1,
    retryOn: ({ status }) => status === 500,
  } as const satisfies BatchOptions;
  typed<[string]>()(await client.all([URL_A], texts));
  typed<[string]>()(
    await client.all([URL_A], { ...texts, onProgress: ({ bytes }) => typed<number>()(bytes) }),
  );
  assertEquals(await load(URL_A, { timeoutMs: 5_000 }), BODY);
});

test("a body may be bytes of which the compiler does not know whether their memory is shared", async () => {
  const bytes: Uint8Array = new TextEncoder().encode("[1]"); // what a function without a type argument returns
  await using echo = createClient({ fetch: (_url, init) => Promise.resolve(new Response(init?.body)) });
  assertEquals(await echo.json({ url: URL_A, method: "POST", body: bytes }), [1]);
  assertEquals(await echo.all([{ url: URL_A, method: "POST", body: bytes }]), [[1]]);
});

test("a header may be undefined wherever headers are given, and is not sent then", async () => {
  const sent: Headers[] = [];
  const token = new Headers().get("authorization") ?? undefined;
  const headers = { authorization: token, "x-a": "1" };
  await using client = createClient({
    baseUrls: [{ url: "https://a.test/", headers }],
    headers,
    fetch: (_url, init) => {
      sent.push(new Headers(init?.headers));
      return Promise.resolve(Response.json(BODY));
    },
  });
  await client.json("a", { headers });
  await client.all([{ url: "b", headers }], { headers });
  await client.extend({ headers }).json({ url: "c", headers });
  assertEquals(sent.map((each) => [each.has("authorization"), each.get("x-a")]), Array(3).fill([false, "1"]));
});

/** Calls that do not compile, and that the client refuses at run time. */
const init = { method: "POST", body: "{}", headers: { a: "1" } };
const inBatch = { concurrency: 3, timeoutMs: 5_000 };
const REFUSED: Readonly<Record<string, () => PromiseLike<unknown>>> = {
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for json()": () => client.json(URL_A, init),
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for text()": () => client.text(URL_A, init),
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for bytes()": () => client.bytes(URL_A, init),
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for outcome()": () => client.outcome(URL_A, init),
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for all()": () => client.all([URL_A], init),
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for settle()": () => client.settle([URL_A], init),
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for record()": () => client.record({ a: URL_A }, init),
  "an init in a variable, for stream()": async () => {
    // @ts-expect-error: it would be ignored.
    return await client.stream([URL_A], init).next();
  },
  // @ts-expect-error: it would be ignored.
  "an init in a variable, for fetchJson()": () => fetchJson(URL_A, init),
  // @ts-expect-error: one request has none.
  "concurrency, for json()": () => client.json(URL_A, inBatch),
  // @ts-expect-error: one request has none.
  "concurrency, for outcome()": () => client.outcome(URL_A, inBatch),
  // @ts-expect-error: one request has none.
  "concurrency in a request": () => client.json({ url: URL_A, ...inBatch }),
  // @ts-expect-error: one request has none.
  "concurrency in a request of a batch": () => client.all([{ url: URL_A, ...inBatch }]),
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of json()": () => client.json(URL_A, { timeoutMS: 5 }),
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of outcome()": () => client.outcome(URL_A, { as: "text", timeoutMS: 5 }),
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of all()": () => client.all([URL_A], { concurrency: 3, timeoutMS: 5 }),
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of settle()": () => client.settle([URL_A], { schema: Lap, timeoutMS: 5 }),
  "a misspelt option of stream()": async () => {
    // @ts-expect-error: a key that does not exist.
    return await client.stream([URL_A], { ordered: true, timeoutMS: 5 }).next();
  },
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of record()": () => client.record({ a: URL_A }, { as: "text", timeoutMS: 5 }),
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of fetchMany()": () => fetchMany([URL_A], { as: "text", timeoutMS: 5 }),
  "a misspelt option in an option of fetchStream()": () => {
    // @ts-expect-error: a key that does not exist.
    return fetchStream([URL_A], { client: { rateLimit: { limit: 1, intervalMs: 1, brst: 1 } } }).next();
  },
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of a request": () => client.json({ url: URL_A, schma: Lap }),
  // @ts-expect-error: a key that does not exist.
  "a misspelt option of a request of a batch": () => client.all([{ url: URL_A, schma: Lap }]),
  // @ts-expect-error: JSON is sent as text.
  "an object as body": () => client.json({ url: URL_A, method: "POST", body: { a: 1 } }),
  // @ts-expect-error: JSON is sent as text.
  "an object as body in a batch": () => client.all([{ url: URL_A, method: "POST", body: { a: 1 } }]),
  // @ts-expect-error: each letter would be a request.
  "a URL as a batch": () => client.all(URL_A),
  // @ts-expect-error: there is a method for it.
  "a Request": () => client.json(new Request(URL_A)),
  // @ts-expect-error: it is not awaited.
  "a promise": () => client.json(Promise.resolve(URL_A)),
  // @ts-expect-error: they are not awaited.
  "promises in a batch": () => client.all([Promise.resolve(URL_A)]),
  // @ts-expect-error: there are no names.
  "an array as record": () => client.record([URL_A]),
  // @ts-expect-error: a name is a string.
  "a map with numbers as keys": () => client.record(new Map([[1, URL_A]])),
};

for (const [what, call] of Object.entries(REFUSED)) {
  test(`a call that does not compile does not run either: ${what}`, async () => {
    assertInstanceOf(await rejection(call()), TypeError);
  });
}

test("options have the types that the methods declare", () => {
  const batch: BatchOptions = { concurrency: 3 };
  const request: RequestOptions = batch;
  const call: CallOptions = { timeoutMs: 5, concurrency: undefined, method: undefined };
  // @ts-expect-error: a batch may say more than a single request.
  const wrong: CallOptions = batch;
  assertEquals([request.timeoutMs, call.timeoutMs, wrong === batch], [undefined, 5, true]);
});
