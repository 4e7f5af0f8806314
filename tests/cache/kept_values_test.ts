import { assertEquals, assertStrictEquals } from "@std/assert";
import { KeptValues, keptValuesOf, type ValueHolder } from "../../src/cache/kept_values.ts";
import { takeSnapshot } from "../../src/cache/snapshot.ts";
import { test } from "../support/test.ts";

/** Creates a holder with this much room, which counts its bytes. */
function holderOf(room = Infinity): ValueHolder & { bytes: number } {
  return {
    bytes: 0,
    take(bytes) {
      if (this.bytes + bytes > room) return false;
      this.bytes += bytes;
      return true;
    },
    free(bytes) {
      this.bytes -= bytes;
    },
  };
}

function heldBy(holder: ValueHolder): KeptValues {
  const values = new KeptValues();
  values.hold(holder);
  return values;
}

const VALUE = [1, 2, 3];
const BYTES = takeSnapshot(VALUE)!.bytes;

test("KeptValues.find() returns the value that was kept for the same schema object, or for none", () => {
  const values = heldBy(holderOf());
  const [one, two] = [{}, {}];
  values.keep(undefined, "raw");
  values.keep(one, null);
  assertEquals([values.find(undefined)?.give(), values.find(one)?.give()], ["raw", null]);
  assertEquals([values.find(two), values.find({})], [undefined, undefined]);
});

test("KeptValues.keep() keeps the first of two values for a schema", () => {
  const values = heldBy(holderOf());
  const schema = {};
  values.keep(schema, 1);
  values.keep(schema, 2);
  assertEquals(values.find(schema)?.give(), 1);
});

test("KeptValues.keep() keeps nothing without a holder", () => {
  const values = new KeptValues();
  values.keep(undefined, VALUE);
  assertEquals([values.find(undefined), values.bytes, values.isHeld], [undefined, 0, false]);
});

test("KeptValues.keep() examines a value that can't be kept only once", () => {
  const values = heldBy(holderOf());
  let looks = 0;
  const value = new Proxy({}, {
    getPrototypeOf() {
      looks++;
      return Map.prototype;
    },
  });
  for (let time = 0; time < 3; time++) values.keep(undefined, value);
  assertEquals([looks, values.find(undefined), values.bytes], [1, undefined, 0]);
});

test("KeptValues.keep() drops the value of the oldest schema, and frees its bytes", () => {
  const holder = holderOf();
  const values = heldBy(holder);
  const schemas = Array.from({ length: 6 }, () => ({}));
  for (const schema of schemas) values.keep(schema, VALUE);
  assertEquals(schemas.map((schema) => values.find(schema) !== undefined), [
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
  assertEquals([values.bytes, holder.bytes], [4 * BYTES, 4 * BYTES]);
});

test("KeptValues.keep() keeps as many values as there is room for", () => {
  const holder = holderOf(BYTES);
  const values = heldBy(holder);
  const [one, two] = [{}, {}];
  values.keep(one, VALUE);
  values.keep(two, VALUE);
  assertEquals([values.find(one)?.give(), values.find(two)], [VALUE, undefined]);
  assertEquals([values.bytes, holder.bytes], [BYTES, BYTES]);
});

test("KeptValues.release() leaves the values to their users, and hold() counts them again", () => {
  const [first, second, small] = [holderOf(), holderOf(), holderOf(BYTES - 1)];
  const values = heldBy(first);
  values.keep(undefined, VALUE);
  values.release();
  values.release();
  values.keep({}, VALUE);
  assertEquals([first.bytes, values.isHeld, values.find(undefined)?.give()], [0, false, VALUE]);
  values.hold(second);
  assertEquals([second.bytes, values.isHeld], [BYTES, true]);
  values.release();
  values.hold(small);
  assertEquals([small.bytes, values.bytes, values.find(undefined)], [0, 0, undefined]);
});

test("keptValuesOf() ignores an object that holds no kept values", () => {
  const values = new KeptValues();
  assertStrictEquals(keptValuesOf(values), values);
  for (const other of [undefined, {}, null, { bytes: 1 }, []] as never[]) {
    assertEquals(keptValuesOf(other), undefined);
  }
});
