import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { takeSnapshot } from "../../src/cache/snapshot.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { collectGarbage } from "../support/garbage.ts";
import { test } from "../support/test.ts";

/** Draws a JSON value of a few levels. */
function jsonValue(random: () => number, depth = 0): unknown {
  const kind = Math.floor(random() * (depth > 4 ? 5 : 8));
  const length = Math.floor(random() * 40);
  if (kind === 0) return Math.floor(random() * 100);
  if (kind === 1) return random() * 1e300;
  if (kind === 2) return `text ${random()}`;
  if (kind === 3) return random() < 0.5;
  if (kind === 4) return null;
  if (kind === 5) return Array.from({ length }, () => random());
  if (kind === 6) return Array.from({ length: length / 4 }, () => jsonValue(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length: length / 4 }, (_, key) => [`k${key}`, jsonValue(random, depth + 1)]),
  );
}

/** Returns the objects in a value, in order. */
function objectsIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

function frozen<T>(value: T): T {
  for (const object of objectsIn(value)) Object.freeze(object);
  return value;
}

test("takeSnapshot() gives equal copies that share no object with each other or the value", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 300; round++) {
    const value = jsonValue(random);
    const text = JSON.stringify(value);
    const snapshot = takeSnapshot(value)!;
    const [one, two] = [snapshot.give(), snapshot.give()];
    assertEquals([JSON.stringify(one), JSON.stringify(two)], [text, text]);
    const all = [value, one, two].flatMap(objectsIn);
    assertEquals(new Set(all).size, all.length);
  }
});

test("takeSnapshot() keeps the value as it was, whatever happens to it and to the copies", () => {
  const long = Array.from({ length: 100 }, (_, index) => index);
  const value = { a: [1, { b: 2 }], long, none: null };
  const snapshot = takeSnapshot(value)!;
  value.a.push(3);
  long[0] = 99;
  for (let round = 0; round < 2; round++) {
    const copy = snapshot.give() as typeof value;
    assertEquals(copy, {
      a: [1, { b: 2 }],
      long: Array.from({ length: 100 }, (_, index) => index),
      none: null,
    });
    copy.a.length = 0;
    copy.long[1] = -1;
  }
});

test("takeSnapshot() accepts primitives, undefined and null included", () => {
  for (const value of [1, NaN, -0, "", "text", true, false, null, undefined, 10n]) {
    assertStrictEquals(takeSnapshot(value)?.give(), value);
    assert(takeSnapshot(value) !== undefined);
  }
});

test("takeSnapshot() copies a property called __proto__ as a property", () => {
  const value = JSON.parse('{"__proto__":{"polluted":[1]},"a":{"__proto__":2}}');
  const copy = takeSnapshot(value)!.give() as Record<string, unknown>;
  assertEquals(JSON.stringify(copy), '{"__proto__":{"polluted":[1]},"a":{"__proto__":2}}');
  assertEquals([Object.getPrototypeOf(copy), copy["polluted"]], [Object.prototype, undefined]);
  assertNotStrictEquals(copy["__proto__"], value["__proto__"]);
});

test("takeSnapshot() returns the value itself if it is deeply frozen", () => {
  const value = frozen({ a: [1, 2, { b: "text" }], empty: {}, none: [] });
  assertStrictEquals(takeSnapshot(value)!.give(), value);
  assertThrows(() => (takeSnapshot(value)!.give() as { a: number[] }).a.push(1), TypeError);
});

test("takeSnapshot() copies a value that is partly frozen, and freezes the copy in those parts", () => {
  const value = Object.freeze({ a: [1], b: Object.freeze([2]) });
  const copy = takeSnapshot(value)!.give() as { a: number[]; b: number[] };
  assertNotStrictEquals(copy, value as unknown);
  assertEquals([Object.isFrozen(copy), Object.isFrozen(copy.a), Object.isFrozen(copy.b)], [
    true,
    false,
    true,
  ]);
  copy.a.push(2);
  assertEquals(value.a, [1]);
});

test("takeSnapshot() copies dates and typed arrays, also within frozen objects", () => {
  const value = Object.freeze({
    at: new Date(5),
    numbers: new Float64Array([1, NaN]),
    bytes: new Uint8Array([3]),
  });
  const snapshot = takeSnapshot(value)!;
  const copy = snapshot.give() as typeof value;
  assertEquals(copy, value);
  copy.at.setTime(9);
  copy.numbers[0] = 9;
  copy.bytes.fill(9);
  assertEquals(snapshot.give(), {
    at: new Date(5),
    numbers: new Float64Array([1, NaN]),
    bytes: new Uint8Array([3]),
  });
});

test("takeSnapshot() refuses values that a copy would not equal", () => {
  class Lap {
    constructor(readonly lap: number) {}
  }
  const shared = { a: 1 };
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const buffer = new ArrayBuffer(16);
  let deep: unknown = 1;
  for (let level = 0; level < 1_000; level++) deep = [deep];
  const refused: Record<string, unknown> = {
    "an instance": new Lap(1),
    "an inherited array": new (class extends Array<number> {})(),
    "an inherited date": new (class extends Date {})(0),
    "what pretends to be a date": Object.create(Date.prototype),
    "a map": new Map([[1, 2]]),
    "a set": new Set([1]),
    "a function": () => {},
    "a symbol": Symbol("a"),
    "a regular expression": /a/,
    "an error": new Error("a"),
    "a boxed number": Object(1),
    "a promise": Promise.resolve(1),
    "a buffer": buffer,
    "a view of data": new DataView(buffer),
    "a part of a buffer": new Uint8Array(buffer, 8),
    "two views": [new Uint8Array(buffer), new Uint8Array(buffer)],
    "shared memory": new Uint8Array(new SharedArrayBuffer(8)),
    "a null prototype": Object.create(null),
    "an accessor": {
      get a() {
        return 1;
      },
    },
    "a frozen accessor": Object.freeze({
      get a() {
        return 1;
      },
    }),
    "a symbol as a name": { [Symbol("a")]: 1 },
    "a hidden property": Object.defineProperty({}, "a", { value: 1, writable: true }),
    "a constant property": Object.defineProperty({}, "a", { value: 1, enumerable: true }),
    "a sealed object": Object.seal({ a: 1 }),
    "holes": [1, , 2], // deno-lint-ignore no-sparse-arrays
    "a named element": Object.assign([1], { name: 2 }),
    "a match": /(?<a>.)/.exec("a"),
    "the same object twice": [shared, shared],
    "a cycle": cycle,
    "a thousand levels": deep,
    "a proxy that throws": new Proxy({}, {
      ownKeys() {
        throw new Error("no");
      },
    }),
  };
  for (const [name, value] of Object.entries(refused)) {
    assertEquals([takeSnapshot(value), takeSnapshot({ a: [value] })], [undefined, undefined], name);
  }
});

test("takeSnapshot() counts larger values as larger, by about the memory that engines use", () => {
  const bytesOf = (value: unknown) => takeSnapshot(value)!.bytes;
  assertEquals(bytesOf(Array.from({ length: 1_000 }, () => 0.5)), 8_040);
  assertEquals(bytesOf(["ab", null, 1]), 40 + 3 * 8 + 26);
  assertEquals(bytesOf({ a: 1, b: { c: "abc" } }), 40 + 2 * 8 + 40 + 8 + 27);
  assert(bytesOf(new Float64Array(1_000)) >= 8_000);
  assertEquals(bytesOf(frozen([1, 2])), bytesOf([1, 2]));
});

/** The part of the process that reports its memory. */
interface ProcessGlobal {
  readonly memoryUsage: () => { readonly heapUsed: number };
}

const { memoryUsage } = (globalThis as unknown as { process: ProcessGlobal }).process;

/** Returns the bytes in use after a garbage collection. */
async function heapUsed(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve));
  }
  return memoryUsage().heapUsed;
}

test("takeSnapshot() uses about as much memory as it counts: one copy, with numbers as numbers", async () => {
  const random = seededRandom(1);
  const column = (length: number) => Array.from({ length }, () => random());
  const table = (gap: unknown) => ({
    time: [1, ...column(99), gap],
    text: column(50).map(String),
    count: [1, 2, 3],
  });
  for (let nth = 0; nth < 500; nth++) takeSnapshot(table(null))!.give();
  const before = await heapUsed();
  const snapshots = Array.from(
    { length: 300 },
    () => takeSnapshot(JSON.parse(JSON.stringify({ a: column(8_000) })))!,
  );
  const counted = snapshots.reduce((sum, { bytes }) => sum + bytes, 0);
  const taken = await heapUsed() - before;
  assert(taken < 1.6 * counted, `${taken} of ${counted}`);
  assertEquals(snapshots.length, 300);
});
