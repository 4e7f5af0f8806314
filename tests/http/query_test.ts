import { assertEquals, assertThrows } from "@std/assert";
import { ownQuery, type QueryInit, withQuery } from "../../src/http/query.ts";
import { test } from "../support/test.ts";

test("withQuery() adds parameters after existing ones, before the fragment", () => {
  const cases: readonly (readonly [url: string, query: QueryInit | undefined, expected: string])[] = [
    ["https://a.test/x", { a: 1 }, "https://a.test/x?a=1"],
    ["https://a.test/x?b=2", { a: 1 }, "https://a.test/x?b=2&a=1"],
    ["https://a.test/x?", { a: 1 }, "https://a.test/x?a=1"],
    ["https://a.test/x?b=2&", { a: 1 }, "https://a.test/x?b=2&a=1"],
    ["https://a.test/x??", { a: 1 }, "https://a.test/x??&a=1"],
    ["https://a.test/x?b?", { a: 1 }, "https://a.test/x?b?&a=1"],
    ["https://a.test/x#f?g", { a: 1 }, "https://a.test/x?a=1#f?g"],
    ["https://a.test", { a: 1 }, "https://a.test?a=1"],
    ["x/y", { a: 1 }, "x/y?a=1"],
    ["", { a: 1 }, "?a=1"],
    ["x", undefined, "x"],
    ["x", {}, "x"],
    ["x#f", new URLSearchParams(), "x#f"],
  ];
  for (const [url, query, expected] of cases) assertEquals(withQuery(url, query), expected);
});

test("withQuery() adds parameters to the parsed URL, so that white space at its end stays ignored", () => {
  const urls = [
    "https://a.test/x ",
    " https://a.test/x\n",
    "https://a.test/x? ",
    "https://a.test/x?b=2&\t",
    "y/z \r\n",
  ];
  for (const url of urls) {
    const expected = new URL(url, "https://a.test/");
    expected.searchParams.append("a", "1");
    assertEquals(new URL(withQuery(url, { a: 1 }), "https://a.test/").href, expected.href);
  }
  assertEquals(withQuery("https://a.test/x#f ", { a: 1 }), "https://a.test/x?a=1#f");
  assertEquals(withQuery("x ", undefined), "x ");
});

test("withQuery() accepts every form of parameters, and escapes them", () => {
  const cases: readonly (readonly [query: QueryInit, expected: string])[] = [
    [
      { text: "a b&c=d/é", number: 1.5, yes: true, no: false, big: 10n },
      "text=a+b%26c%3Dd%2F%C3%A9&number=1.5&yes=true&no=false&big=10",
    ],
    [{ gone: undefined, none: null, empty: "" }, "empty="],
    [{ id: [1, 2, undefined, "3"], none: [] }, "id=1&id=2&id=3"],
    ["a=1&b=%20", "a=1&b=+"],
    ["?a=1", "a=1"],
    [new URLSearchParams([["a", "1"], ["a", "2"]]), "a=1&a=2"],
    [[["a", 1], ["a", 2], ["b", undefined]], "a=1&a=2"],
    [new Map<string, string | number>([["a", 1], ["b", "x"]]), "a=1&b=x"],
  ];
  for (const [query, expected] of cases) assertEquals(withQuery("x", query), `x?${expected}`);
});

test("withQuery() lets a request's own parameters replace common ones, all values of a name together", () => {
  assertEquals(withQuery("x?u=0", { a: [1, 2] }, { a: 3, b: 4, u: 5 }), "x?u=0&b=4&u=5&a=1&a=2");
  assertEquals(withQuery("x", undefined, { b: 4 }), "x?b=4");
});

test("withQuery() refuses a value that is no parameter, and names it", () => {
  const bad = [
    [{ a: {} }, "query.a"],
    [{ a: [Symbol("x")] }, "query.a"],
    [{ when: new Date(0) }, "toISOString"],
    [5, "'query'"],
    [null, "'query'"],
    [[5], "'query'"],
    [["ab"], "'query'"],
    [[["a"]], "'query'"],
    [[[Symbol("s"), "b"]], "'query'"],
    [new Set([{}]), "'query'"],
    [new Map([[1, "a"]]), "'query'"],
  ];
  for (const [query, part] of bad) {
    assertThrows(() => withQuery("x", query as QueryInit), TypeError, part as string);
  }
});

test("ownQuery() copies every form of parameters, and those of an iterator for more than one use", () => {
  const record = { a: [1, 2], b: "x", c: undefined };
  const params = new URLSearchParams("a=1&a=2&b=x");
  const copies = [record, params, "a=1&a=2&b=x", params.entries()].map((query) => ownQuery(query));
  record.a.push(3);
  params.set("b", "y");
  for (const copy of [...copies, ...copies]) assertEquals(withQuery("x", copy), "x?a=1&a=2&b=x");
  assertThrows(() => ownQuery(5 as unknown as QueryInit), TypeError, "'query'");
});
