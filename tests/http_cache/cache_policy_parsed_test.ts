import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { keptValuesOf } from "../../src/cache/kept_values.ts";
import { type CacheAdapter, type CacheEntry, memoryCache, tieredCache } from "../../src/http_cache/mod.ts";
import type { StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import {
  type CacheRig,
  cacheRig,
  type CacheRigOptions,
  counting,
  tagged,
  turns,
  URL_A,
  URL_B,
} from "./cache_rig.ts";
import { RecordingCache } from "./recording_cache.ts";

const FRESH = "max-age=60";

interface Counted extends StandardSchemaV1<unknown, { list: number[] }> {
  /** The inputs of its calls. */
  readonly inputs: unknown[];
}

/** A schema that records its inputs, and returns them with a list. */
function counted(): Counted {
  const inputs: unknown[] = [];
  const validate = (input: unknown) => {
    inputs.push(JSON.stringify(input));
    return { value: { ...input as object, list: [1] } };
  };
  return { "~standard": { version: 1, vendor: "test", validate }, inputs };
}

/** Creates a client whose memory cache keeps parsed values. */
function rigWith(
  answer: (request: SentRequest) => Answer,
  { plan, ...options }: CacheRigOptions = {},
): CacheRig {
  return cacheRig(answer, { plan: { adapter: memoryCache({ keep: "parsed" }), ...plan }, ...options });
}

test("keep: parsed × schema calls the schema once, for the caller that fetches and all later ones", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, network } = rigWith(counting(FRESH), { plan: { mode } });
    const schema = counted();
    for (let time = 0; time < 4; time++) {
      const value = await client.json(URL_A, { schema });
      assertEquals(value as unknown, { nth: 1, list: [1] });
      // The value is the caller's own: its changes reach no other caller.
      value.list.push(2);
    }
    assertEquals([schema.inputs.length, network.sent.length], [1, 1], mode);
    await client.close();
  }
});

test("keep: bytes × schema calls the schema for each caller", async () => {
  const { client } = cacheRig(counting(FRESH), { plan: { adapter: memoryCache() } });
  const schema = counted();
  for (let time = 0; time < 3; time++) await client.json(URL_A, { schema });
  assertEquals(schema.inputs.length, 3);
  await client.close();
});

test("keep: parsed × validate: false gives the parsed value, with and without a schema beside it", async () => {
  const { client } = rigWith(counting(FRESH));
  const schema = counted();
  for (let time = 0; time < 2; time++) {
    assertEquals(await client.json(URL_A, { schema, validate: false }), { nth: 1 } as never);
    assertEquals(await client.json(URL_A, { schema }) as unknown, { nth: 1, list: [1] });
    assertEquals(await client.json(URL_A), { nth: 1 });
  }
  assertEquals(schema.inputs, ['{"nth":1}']);
  await client.close();
});

test("keep: parsed × two schemas gives each caller the value of its own schema", async () => {
  const { client } = rigWith(counting(FRESH));
  const [one, two] = [counted(), v.pipe(v.object({ nth: v.number() }), v.transform(({ nth }) => `${nth}`))];
  for (let time = 0; time < 2; time++) {
    assertEquals((await client.json(URL_A, { schema: one })).list, [1]);
    assertEquals(await client.json(URL_A, { schema: two }), "1");
  }
  assertEquals(one.inputs.length, 1);
  await client.close();
});

test("keep: parsed × frozen output gives all callers the same value, which none can change", async () => {
  const { client } = rigWith(counting(FRESH));
  const schema = v.pipe(
    v.object({ nth: v.number() }),
    v.transform(({ nth }) => Object.freeze({ list: Object.freeze([nth]) as number[] })),
  );
  const first = await client.json(URL_A, { schema });
  assertThrows(() => first.list.push(2), TypeError);
  assertStrictEquals(await client.json(URL_A, { schema }), first);
  assertEquals(first, { list: [1] });
  await client.close();
});

test("keep: parsed × instances validates a fresh parse each time", async () => {
  class Lap {
    constructor(readonly data: { nth: number; more?: number }) {}
  }
  const { client } = rigWith(counting(FRESH));
  const schema = v.pipe(v.object({ nth: v.number() }), v.transform((data) => new Lap(data)));
  const first = await client.json(URL_A, { schema });
  first.data.nth = 7;
  const second = await client.json(URL_A, { schema });
  assert(second instanceof Lap);
  assertEquals(second.data, { nth: 1 });
  await client.close();
});

test("keep: parsed × bodies of every kind gives the same as without a cache", async () => {
  for (
    const body of ["null", "0", "-0", '""', "false", "[]", "{}", "[[1],[2]]", '"é€😀"', " ", "1e400", ""]
  ) {
    const answer = () => ({ body, headers: { "cache-control": FRESH } });
    const { client, network } = rigWith(answer);
    const bare = cacheRig(answer, { cache: false });
    const expected = await bare.client.json(URL_A);
    const values = [await client.json(URL_A), await client.json(URL_A), await client.json(URL_A)];
    assertEquals([values, network.sent.length], [[expected, expected, expected], 1], body);
    await Promise.all([client.close(), bare.client.close()]);
  }
});

test("keep: parsed × 204 and empty bodies have no value, and are requested as often as with bytes", async () => {
  for (const answer of [{ status: 204, body: null }, { status: 200, body: "" }]) {
    const adapters = [memoryCache({ keep: "parsed" }), memoryCache()];
    const sent = await Promise.all(adapters.map(async (adapter) => {
      const { client, network } = cacheRig(() => answer, { plan: { adapter, mode: "ttl" } });
      for (let time = 0; time < 3; time++) assertEquals(await client.json(URL_A), undefined);
      await client.close();
      return network.sent.length;
    }));
    assertEquals(sent[0], sent[1]);
  }
});

test("keep: parsed × bytes, text and fetch give the body as it was, before and after json", async () => {
  const body = ' {"a": [1, 2],\n"a2":1.50}';
  const { client, network } = rigWith(() => ({ body, headers: { "cache-control": FRESH } }));
  for (let time = 0; time < 3; time++) {
    const value = await client.json(URL_A) as { a: number[] };
    value.a.push(3);
    assertEquals(await client.text(URL_A), body);
    const bytes = await client.bytes(URL_A);
    assertEquals(new TextDecoder().decode(bytes), body);
    bytes.fill(0);
    assertEquals(await (await client.fetch(URL_A)).text(), body);
    assertEquals(await client.json(URL_A, { headers: { range: "bytes=8-8" }, cache: "force-cache" }), 1);
  }
  assertEquals(network.sent.length, 1);
  await client.close();
});

test("keep: parsed × a body that was first streamed or read as text is parsed for the first caller that wants JSON", async () => {
  for (const first of ["text", "fetch", "bytes"] as const) {
    const { client, network } = rigWith(counting(FRESH));
    if (first === "fetch") await (await client.fetch(URL_A)).text();
    else await client[first](URL_A);
    const schema = counted();
    for (let time = 0; time < 3; time++) await client.json(URL_A, { schema });
    assertEquals([schema.inputs.length, network.sent.length], [1, 1], first);
    await client.close();
  }
});

test("keep: parsed × invalid JSON in the cache is fetched again, whatever value was kept before", async () => {
  const { client, network } = rigWith(({ nth }) => ({
    body: nth === 1 ? "<html>" : `{"nth":${nth}}`,
    headers: { "cache-control": FRESH },
  }));
  assertEquals(await client.text(URL_A), "<html>");
  for (let time = 0; time < 2; time++) assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(network.sent.length, 2);
  await client.close();
});

test("keep: parsed × a new response replaces the kept value, however it comes", async () => {
  for (const way of ["reload", "expiry", "invalidation"] as const) {
    const { client, clock } = rigWith(counting(FRESH));
    const schema = counted();
    await client.json(URL_A, { schema });
    await client.json(URL_A, { schema });
    if (way === "reload") await client.json(URL_A, { schema, cache: "reload" });
    else if (way === "expiry") await clock.advance(61_000);
    else await client.outcome({ url: URL_A, method: "POST" });
    await turns(clock);
    const values = [await client.json(URL_A, { schema }), await client.json(URL_A, { schema })];
    const nth = way === "invalidation" ? 3 : 2;
    assertEquals(values as unknown[], [{ nth, list: [1] }, { nth, list: [1] }], way);
    assertEquals(schema.inputs, ['{"nth":1}', `{"nth":${nth}}`], way);
    await client.close();
  }
});

test("keep: parsed × delete and clear of the adapter drop the kept value", async () => {
  for (const way of ["delete", "clear"] as const) {
    const inner = memoryCache({ keep: "parsed" });
    const keys = new Set<string>();
    const adapter: CacheAdapter = {
      name: "spy",
      maxEntryBytes: inner.maxEntryBytes,
      keep: "parsed",
      get: (key, options) => inner.get(key, options),
      set(key, entry, options) {
        keys.add(key);
        return inner.set(key, entry, options);
      },
      delete: (key) => inner.delete(key),
    };
    const { client } = rigWith(counting(FRESH), { plan: { adapter } });
    const schema = counted();
    await client.json(URL_A, { schema });
    if (way === "delete") { for (const key of keys) await inner.delete(key); }
    else await inner.clear!();
    assertEquals(await client.json(URL_A, { schema }) as unknown, { nth: 2, list: [1] });
    await client.close();
  }
});

test("keep: parsed × 304 keeps a value that is still right, and gives the new value once it changes", async () => {
  const unchanged = rigWith(tagged(FRESH));
  const schema = counted();
  await unchanged.client.json(URL_A, { schema });
  for (let time = 0; time < 3; time++) {
    await unchanged.clock.advance(61_000);
    const value = await unchanged.client.json(URL_A, { schema });
    assertEquals(value as unknown, { nth: 1, list: [1] });
    value.list.push(2);
  }
  assertEquals([schema.inputs.length, unchanged.network.sent.length], [1, 4]);
  const changing = rigWith(({ nth, headers }) => {
    const etag = nth < 3 ? '"one"' : '"two"';
    const fields = { etag, "cache-control": FRESH };
    return headers.get("if-none-match") === etag
      ? { status: 304, headers: fields }
      : { json: { nth }, headers: fields };
  });
  const values: unknown[] = [];
  for (let time = 0; time < 4; time++) {
    values.push(await changing.client.json(URL_A));
    await changing.clock.advance(61_000);
  }
  assertEquals(values, [{ nth: 1 }, { nth: 1 }, { nth: 3 }, { nth: 3 }]);
  await Promise.all([unchanged.client.close(), changing.client.close()]);
});

test("keep: parsed × stale-while-revalidate gives the stale value, and then the refreshed one", async () => {
  const { client, clock } = rigWith(counting("max-age=60, stale-while-revalidate=60"));
  const schema = counted();
  await client.json(URL_A, { schema });
  await clock.advance(61_000);
  assertEquals(await client.json(URL_A, { schema }) as unknown, { nth: 1, list: [1] });
  await turns(clock);
  for (let time = 0; time < 2; time++) {
    assertEquals(await client.json(URL_A, { schema }) as unknown, { nth: 2, list: [1] });
  }
  assertEquals(schema.inputs, ['{"nth":1}', '{"nth":2}']);
  await client.close();
});

test("keep: parsed × stale-if-error gives the stale value without another parse", async () => {
  const { client, clock } = rigWith(({ nth }) =>
    nth === 1
      ? { json: { nth }, headers: { "cache-control": "max-age=60, stale-if-error=600" } }
      : { status: 503 }
  );
  const schema = counted();
  await client.json(URL_A, { schema });
  await clock.advance(61_000);
  for (let time = 0; time < 2; time++) {
    const outcome = await client.outcome(URL_A, { schema });
    assertEquals(outcome.ok && [outcome.from, outcome.value], ["stale", { nth: 1, list: [1] }] as never);
  }
  assertEquals(schema.inputs.length, 1);
  await client.close();
});

test("keep: parsed × single-flight gives each concurrent caller a value of its own", async () => {
  const { client, network } = rigWith(counting(FRESH));
  const schema = counted();
  for (let round = 0; round < 2; round++) {
    // One call joins by single-flight; the other has different options, and waits in the cache.
    const values = await Promise.all([
      client.json(URL_A, { schema }),
      client.json(URL_A, { schema }),
      client.json(URL_A, { schema, priority: 1 }),
    ]);
    for (const [index, value] of values.entries()) {
      assertEquals(value as unknown, { nth: 1, list: [1] });
      value.list.push(2);
      for (const other of values.slice(0, index)) assertNotStrictEquals(value, other);
    }
  }
  assertEquals(network.sent.length, 1);
  await client.close();
});

test("keep: parsed × Vary keeps a value for each variant", async () => {
  const { client } = rigWith(({ headers }) => ({
    json: headers.get("accept-language"),
    headers: { "cache-control": FRESH, vary: "accept-language" },
  }));
  for (let time = 0; time < 3; time++) {
    for (const language of ["de", "fr"]) {
      assertEquals(await client.json(URL_A, { headers: { "accept-language": language } }), language);
    }
  }
  await client.close();
});

test("keep: parsed × eviction parses again, and gives the right value", async () => {
  const { client, network } = rigWith(
    ({ url, nth }) => ({ json: { url, nth }, headers: { "cache-control": FRESH } }),
    {
      plan: { adapter: memoryCache({ keep: "parsed", maxEntries: 1 }) },
    },
  );
  const schema = counted();
  for (const url of [URL_A, URL_B, URL_A, URL_A]) {
    assertEquals((await client.json(url, { schema }) as unknown as { url: string }).url, url);
  }
  assertEquals([schema.inputs.length, network.sent.length], [3, 3]);
  await client.close();
});

test("keep: parsed × no-store and writeCache: false keep nothing, and each caller gets its own value", async () => {
  for (const options of [{ cache: "no-store" }, { writeCache: false }] as const) {
    const { client, network } = rigWith(counting(FRESH));
    const schema = counted();
    for (let time = 0; time < 2; time++) await client.json(URL_A, { schema, ...options });
    assertEquals([schema.inputs.length, network.sent.length], [2, 2]);
    await client.close();
  }
});

test("keep: parsed × tiers keeps the value of an entry that is copied to a faster tier, and gives it to no slower one", async () => {
  const lower = new RecordingCache();
  const given: (CacheEntry | undefined)[] = [];
  const slow: CacheAdapter = {
    name: "slow",
    maxEntryBytes: 1_000_000,
    get: (key) => lower.get(key),
    set(key, entry) {
      given.push(entry);
      return lower.set(key, entry);
    },
    delete: (key) => lower.delete(key),
  };
  const memory = memoryCache({ keep: "parsed" });
  const { client, network } = rigWith(counting(FRESH), { plan: { adapter: tieredCache([memory, slow]) } });
  const schema = counted();
  await client.json(URL_A, { schema });
  await memory.clear!();
  for (let time = 0; time < 3; time++) (await client.json(URL_A, { schema })).list.push(2);
  assertEquals(await client.json(URL_A, { schema }) as unknown, { nth: 1, list: [1] });
  assertEquals([schema.inputs.length, network.sent.length], [2, 1]);
  assertEquals(given.map((entry) => entry?.decoded), given.map(() => undefined));
  await client.close();
});

test("keep: parsed × a folder as the slower tier works in a new process, too", async () => {
  await using folder = await tempFolder();
  const schema = counted();
  for (let process = 0; process < 2; process++) {
    const adapter = [memoryCache({ keep: "parsed" }), filesystemCache(folder.path)];
    const { client, network } = rigWith(counting(FRESH), { plan: { adapter } });
    for (let time = 0; time < 3; time++) {
      assertEquals(await client.json(URL_A, { schema }) as unknown, { nth: 1, list: [1] });
    }
    assertEquals(network.sent.length, process === 0 ? 1 : 0);
    await client.close();
  }
  assertEquals(schema.inputs.length, 2);
});

test("keep: parsed × an entry that memory does not accept is served from the slower tier, and its value never kept", async () => {
  const memory = memoryCache({ keep: "parsed", maxEntryBytes: 500 });
  const big = { json: { text: "x".repeat(1_000) }, headers: { "cache-control": FRESH } };
  const { client, network } = rigWith(() => big, {
    plan: { adapter: [memory, memoryCache()] },
  });
  const schema = counted();
  for (let time = 0; time < 3; time++) await client.json(URL_A, { schema });
  assertEquals([schema.inputs.length, network.sent.length], [3, 1]);
  await client.close();
});

test("keep: parsed × an adapter that returns other entries for values is a cache of bytes", async () => {
  const entries = new Map<string, CacheEntry>();
  const adapter: CacheAdapter = {
    name: "copying",
    maxEntryBytes: 1_000_000,
    keep: "parsed",
    get: (key) => structuredClone(entries.get(key)),
    set(key, entry) {
      entries.set(key, structuredClone({ ...entry, decoded: { bytes: 0 } }));
      return true;
    },
    delete: (key) => entries.delete(key),
  };
  const { client, network, warnings } = rigWith(counting(FRESH), { plan: { adapter } });
  for (let time = 0; time < 3; time++) assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals([network.sent.length, warnings], [1, []]);
  assertEquals([...entries.values()].map(({ decoded }) => keptValuesOf(decoded)), [undefined]);
  await client.close();
});

test("keep: parsed × offline gives the stored value", async () => {
  const adapter = memoryCache({ keep: "parsed" });
  const online = rigWith(counting(FRESH), { plan: { adapter } });
  await online.client.json(URL_A);
  const offline = rigWith(counting(FRESH), { plan: { adapter }, offline: true, manualClock: online.clock });
  for (let time = 0; time < 2; time++) assertEquals(await offline.client.json(URL_A), { nth: 1 });
  await Promise.all([online.client.close(), offline.client.close()]);
});
