import { assertEquals, assertNotStrictEquals, assertRejects } from "@std/assert";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { KeptValues } from "../../src/cache/kept_values.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { toReply } from "../../src/http_cache/cached_reply.ts";
import { decodeEntry, keepDecoded } from "../../src/http_cache/decode_entry.ts";
import type { Call } from "../../src/policies/call.ts";
import { Reply } from "../../src/policies/reply.ts";
import type { StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import { entryOf } from "../support/cache_entries.ts";
import { test } from "../support/test.ts";
import { type CallParts, callWith } from "./parts.ts";

function held(): KeptValues {
  const values = new KeptValues();
  values.hold({ take: () => true, free: () => {} });
  return values;
}

function heldEntry(text: string, decoded: CacheEntry["decoded"] = held(), status = 200): CacheEntry {
  return { ...entryOf(text, { url: "https://a.test/x", status }), decoded };
}

function replyOf(entry: CacheEntry, range?: string): Reply {
  return toReply(entry, { from: "cache", headers: [], range })!;
}

/** A schema that counts its calls, and returns what the test says. */
function schemaOf(
  output: (input: unknown) => unknown,
  isAsync = false,
): StandardSchemaV1 & { readonly asked: () => number } {
  let asked = 0;
  const validate = (input: unknown) => {
    asked++;
    const result = { value: output(input) };
    return isAsync ? Promise.resolve(result) : result;
  };
  return { "~standard": { version: 1, vendor: "test", validate }, asked: () => asked };
}

/** Returns the value that a call gets. */
async function valueFor(entry: CacheEntry, parts: CallParts = {}, range?: string): Promise<unknown> {
  const call = callWith(parts);
  const reply = replyOf(entry, range);
  await decodeEntry(call, reply, entry);
  assertEquals(reply.decodedFor === call, parts.streams !== true && entry.meta.status === 200);
  return reply.value;
}

test("decodeEntry() calls a schema once for an entry, synchronous or not, and gives each call a value of its own", async () => {
  for (const isAsync of [false, true]) {
    const schema = schemaOf((input) => ({ input, list: [1] }), isAsync);
    const entry = heldEntry('{"a":1}');
    const one = await valueFor(entry, { settings: { schema } });
    const two = await valueFor(entry, { settings: { schema } });
    assertEquals([one, two, schema.asked()], [{ input: { a: 1 }, list: [1] }, one, 1]);
    assertNotStrictEquals(one, two);
  }
});

test("decodeEntry() calls each schema object by itself, and none with validate: false", async () => {
  const [double, triple] = [schemaOf((input) => [input, input]), schemaOf((input) => [input, input, input])];
  const entry = heldEntry("7");
  for (let time = 0; time < 2; time++) {
    assertEquals(await valueFor(entry, { settings: { schema: double } }), [7, 7]);
    assertEquals(await valueFor(entry, { settings: { schema: triple } }), [7, 7, 7]);
    assertEquals(await valueFor(entry, { settings: { schema: double, validate: false } }), 7);
    assertEquals(await valueFor(entry), 7);
  }
  assertEquals([double.asked(), triple.asked()], [1, 1]);
});

test("decodeEntry() calls a schema each time, with a fresh parse, if its output is no plain data", async () => {
  const schema = schemaOf((input) => new Map([["input", input]]));
  const entry = heldEntry("[1]");
  const one = await valueFor(entry, { settings: { schema } }) as Map<string, unknown[]>;
  one.get("input")!.push(2);
  assertEquals(await valueFor(entry, { settings: { schema } }), new Map([["input", [1]]]));
  assertEquals(schema.asked(), 2);
});

test("decodeEntry() keeps every JSON value, null and undefined included", async () => {
  for (
    const [text, value] of [["null", null], ["0", 0], ['""', ""], ["false", false], ["", undefined]] as const
  ) {
    const entry = heldEntry(text);
    const schema = schemaOf((input) => input);
    for (let time = 0; time < 2; time++) assertEquals(await valueFor(entry, { settings: { schema } }), value);
    assertEquals(schema.asked(), 1, text);
  }
});

test("decodeEntry() keeps no failure: each call gets its own error", async () => {
  const entry = heldEntry("{");
  for (let time = 0; time < 2; time++) await assertRejects(() => valueFor(entry), InvalidDataError);
  let issues: { message: string }[] | undefined = [{ message: "no" }];
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => issues === undefined ? { value } : { issues },
    },
  };
  const other = heldEntry("1");
  await assertRejects(() => valueFor(other, { settings: { schema } }), InvalidDataError);
  issues = undefined;
  assertEquals(await valueFor(other, { settings: { schema } }), 1);
});

test("decodeEntry() does not handle texts, bytes, ranges, streams and errors", async () => {
  const entry = heldEntry("[1,2]");
  assertEquals(await valueFor(entry), [1, 2]);
  assertEquals(await valueFor(entry, { settings: { as: "text" } }), "[1,2]");
  assertEquals(await valueFor(entry, { settings: { as: "bytes" } }), new TextEncoder().encode("[1,2]"));
  assertEquals(await valueFor(entry, {}, "bytes=1-1"), 1);
  assertEquals(await valueFor(entry, { streams: true }), undefined);
  assertEquals(await valueFor(entry), [1, 2]);
  assertEquals(await valueFor(heldEntry("[1]", held(), 404)), undefined);
});

test("decodeEntry() keeps nothing where the entry has no place for it, or a place of an unknown kind", async () => {
  for (const decoded of [undefined, { bytes: 0 }]) {
    const schema = schemaOf((input) => input);
    const entry = { ...heldEntry("1"), decoded };
    for (let time = 0; time < 2; time++) assertEquals(await valueFor(entry, { settings: { schema } }), 1);
    assertEquals(schema.asked(), 2);
  }
});

test("keepDecoded() keeps the value that was decoded for the call, and the caller's changes do not reach it", () => {
  const body = new TextEncoder().encode("[1]");
  const decodedFor = (owner: Call, values: KeptValues, call: Call): unknown => {
    const head = { status: 200, headers: new Headers(), url: "https://a.test/x" };
    const reply = new Reply(head, { from: "network", body });
    const value = [1];
    Object.assign(reply, { decodedFor: owner, value });
    keepDecoded(call, reply, values);
    value.push(2);
    return values.find(undefined)?.give();
  };
  const call = callWith();
  assertEquals(decodedFor(call, held(), call), [1]);
  assertEquals(decodedFor(callWith(), held(), call), undefined);
  assertEquals(decodedFor(call, new KeptValues(), call), undefined);
});
