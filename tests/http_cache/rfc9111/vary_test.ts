import { assert, assertEquals, assertFalse, assertNotEquals, assertStrictEquals } from "@std/assert";
import {
  extendIndex,
  matchesVary,
  primaryKey,
  readIndexEntry,
  selectedHeaders,
  toIndexEntry,
  variantKey,
  varyNames,
} from "../../../src/http_cache/rfc9111/vary.ts";
import { test } from "../../support/test.ts";
import { metaOf, NOW } from "./stored.ts";

const namesOf = (vary?: string) => varyNames(new Headers(vary === undefined ? {} : { vary }));
const PRIMARY = primaryKey("https://a.test/", "");

/** Whether two requests select the same variant. */
function same(name: string, first: string | undefined, second: string | undefined): boolean {
  const headersOf = (value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [name]: value };
  const matches = matchesVary(selectedHeaders([name], headersOf(first)), headersOf(second));
  const index = { names: [name], generation: "1" };
  const keys = [first, second].map((value) => variantKey(PRIMARY, index, headersOf(value)));
  assertEquals(matches, keys[0] === keys[1]);
  return matches;
}

test("varyNames() gives each name once, in lower case and sorted", () => {
  assertEquals(namesOf("Foo,\tbar , FOO,, Baz"), ["bar", "baz", "foo"]);
  assertEquals([namesOf(), namesOf(""), namesOf(" , ")], [[], [], []]);
});

test("varyNames() is undefined if a name is a star or malformed", () => {
  for (const vary of ["*", "*, *", ", *", "*, foo", "foo, *", "foo bar", '"foo"', "foo;q=1"]) {
    assertEquals(namesOf(vary), undefined, vary);
  }
});

test("matchesVary() tells different values apart, and a value from an absent header", () => {
  assertEquals([same("foo", "1", "1"), same("foo", undefined, undefined)], [true, true]);
  assertEquals([same("foo", "1", "2"), same("foo", "1", undefined), same("foo", undefined, "")], [
    false,
    false,
    false,
  ]);
});

test("matchesVary() ignores white space at commas, except where there are quotes", () => {
  assert(same("foo", "1,2", " 1 ,\t2 "));
  assertFalse(same("foo", "1 2", "12"));
  assertFalse(same("foo", '"1,2"', '"1, 2"'));
});

test("matchesVary() ignores a hundred thousand spaces at commas, and keeps those within values", () => {
  const spaces = " ".repeat(100_000);
  assert(same("foo", "1,2", `${spaces}1${spaces},${spaces}2${spaces}`));
  assert(same("foo", `1${spaces}2`, `1${spaces}2 `));
  assertFalse(same("foo", `1${spaces}2`, `1${spaces} 2`));
});

test("matchesVary() ignores case in fields whose values are case-insensitive", () => {
  assertEquals([same("accept-language", "en, de", "eN,De"), same("foo", "a", "A")], [true, false]);
  assertFalse(same("accept-language", "en, de", "de, en"));
});

test("selectedHeaders() does not reveal the values", () => {
  const selected = selectedHeaders(["authorization", "foo"], { authorization: "Bearer secret" });
  assertEquals(selected.map(([name, digest]) => [name, digest?.length]), [["authorization", 64], [
    "foo",
    undefined,
  ]]);
  const index = { names: ["authorization"], generation: "1" };
  assertFalse(variantKey(PRIMARY, index, { authorization: "Bearer secret" }).includes("secret"));
});

test("primaryKey() tells URLs and partitions apart, and leaves the fragment out", () => {
  const urls = [
    "https://a.test/?id=1",
    "https://a.test/?id=2",
    "https://a.test/foo",
    "https://a.test/foo/bar",
  ];
  const keys = [...urls.map((url) => primaryKey(url, "")), ...urls.map((url) => primaryKey(url, "alice"))];
  assertEquals(new Set(keys).size, 8);
  assertEquals(primaryKey("https://a.test/#b", ""), PRIMARY);
});

test("variantKey() differs from the primary key, and with the values, the names and the generation", () => {
  const index = { names: ["foo"], generation: "1" };
  const keys = [
    PRIMARY,
    variantKey(PRIMARY, index, {}),
    variantKey(PRIMARY, index, { foo: "" }),
    variantKey(PRIMARY, index, { foo: "1" }),
    variantKey(PRIMARY, { ...index, names: ["bar", "foo"] }, { foo: "1" }),
    variantKey(PRIMARY, { ...index, generation: "2" }, { foo: "1" }),
  ];
  assertEquals(new Set(keys).size, 6);
  assertEquals(variantKey(PRIMARY, index, { foo: "1", other: "2" }), keys[3]);
});

test("extendIndex() begins a generation, and adds names without losing any", () => {
  const first = extendIndex(undefined, ["foo"], () => "1");
  assertEquals(first, { names: ["foo"], generation: "1" });
  const second = extendIndex(first, ["bar"], () => "2");
  assertEquals(second, { names: ["bar", "foo"], generation: "1" });
  assert(extendIndex(second, ["foo"], () => "3") === second);
  assert(extendIndex(second, [], () => "3") === second);
});

test("toIndexEntry() creates an entry that readIndexEntry() reads", () => {
  const index = { names: ["bar", "foo"], generation: "g-1" };
  const entry = toIndexEntry({
    ...index,
    key: PRIMARY,
    url: "https://a.test/",
    storedAtMs: NOW,
    removeAt: NOW + 1,
  });
  assertEquals(readIndexEntry(entry), index);
  assertEquals(readIndexEntry({ ...entry, meta: JSON.parse(JSON.stringify(entry.meta)) }), index);
  assertEquals([entry.meta.key, entry.meta.freshForMs, entry.meta.removeAt], [PRIMARY, 0, NOW + 1]);
  // The primary keys of ttlCache() may end with a digest of the request's headers.
  assertEquals(readIndexEntry({ ...entry, meta: { ...entry.meta, key: `${PRIMARY}0123abcd` } }), index);
});

test("readIndexEntry() does not take a response for an index, whether it is the only one or a variant", () => {
  const body = new Uint8Array(0);
  assertEquals(readIndexEntry({ meta: metaOf({}, { key: PRIMARY }), body }), undefined);
  const headers = { foo: "1" };
  const key = variantKey(PRIMARY, { names: ["foo"], generation: "1" }, headers);
  assertNotEquals(key, PRIMARY);
  assertEquals(
    readIndexEntry({ meta: metaOf({}, { key, vary: selectedHeaders(["foo"], headers) }), body }),
    undefined,
  );
});

test("extendIndex() takes linear time in the number of names", () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `x-${index}`).sort();
  const index = extendIndex(undefined, names, () => "g");
  assertStrictEquals(extendIndex(index, names, () => "h"), index);
  assertEquals(extendIndex(index, ["x-a", ...names], () => "h").names.length, 50_001);
});
