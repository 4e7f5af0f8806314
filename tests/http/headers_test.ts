import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import {
  DEFAULT_SENSITIVE_HEADERS,
  isConditional,
  isEmpty,
  isToken,
  mergeHeaders,
  needsOwnRedirects,
  NO_HEADERS,
  sensitiveNames,
  sentHeaders,
  toHeaderMap,
  trimSpace,
  withoutHeaders,
} from "../../src/http/headers.ts";
import { test } from "../support/test.ts";

const SECRET = "Bearer hunter2";

/** Returns input that the types forbid. */
function untyped(input: unknown): Record<string, string> {
  return input as Record<string, string>;
}

function entriesOf(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers).sort();
}

test("toHeaderMap() accepts a record, Headers and pairs, and turns names to lower case", () => {
  const expected = [["accept", "a/b"], ["x-one", "1"]];
  assertEquals(entriesOf(toHeaderMap({ Accept: "a/b", "X-ONE": "1" }, "it")), expected);
  assertEquals(entriesOf(toHeaderMap(new Headers({ Accept: "a/b", "X-ONE": "1" }), "it")), expected);
  assertEquals(entriesOf(toHeaderMap([["Accept", "a/b"], ["X-ONE", "1"]], "it")), expected);
  assertEquals(entriesOf(toHeaderMap(undefined, "it")), []);
});

test("toHeaderMap() joins values of one name, as a list field is joined (RFC 9110 §5.3)", () => {
  const pairs = [["Accept", "a"], ["accept", " b "], ["ACCEPT", ""]] as const;
  assertEquals(toHeaderMap(pairs, "it").accept, new Headers(pairs.map(([k, v]) => [k, v])).get("accept")!);
  assertEquals(toHeaderMap({ Accept: "a", accept: "b" }, "it").accept, "a, b");
});

test("toHeaderMap() joins cookies as the Cookie header does, not with commas (RFC 6265 §5.4)", () => {
  const pairs = [["cookie", "a=1"], ["x", "1"], ["Cookie", "b=2; c=3"], ["X", "2"], [
    "COOKIE",
    "d=4",
  ]] as const;
  assertEquals(entriesOf(toHeaderMap(pairs, "it")), [["cookie", "a=1; b=2; c=3; d=4"], ["x", "1, 2"]]);
  assertEquals(toHeaderMap({ Cookie: "a=1", cookie: "b=2" }, "it").cookie, "a=1; b=2");
});

test("toHeaderMap() keeps an empty value, which is a value", () => {
  assertEquals(entriesOf(toHeaderMap({ "x-empty": "", "x-blank": "  " }, "it")), [["x-blank", ""], [
    "x-empty",
    "",
  ]]);
});

test("toHeaderMap() omits undefined values", () => {
  const headers = toHeaderMap(untyped({ a: undefined, b: "1" }), "it");
  assertEquals(entriesOf(headers), [["b", "1"]]);
  assertFalse("a" in headers);
});

test("toHeaderMap() strips the white space around a value that HTTP strips, and no other", () => {
  for (const value of [" x ", "\tx\t", "\xa0x\xa0", "\x85x", "a  b"]) {
    assertEquals(
      toHeaderMap({ a: value }, "it").a,
      new Headers({ a: value }).get("a")!,
      JSON.stringify(value),
    );
  }
});

test("toHeaderMap() handles a hundred thousand spaces in a value, and strips those at its ends", () => {
  for (const space of [" ", "\t", " \t"]) {
    const inner = `x${space.repeat(100_000)}y`;
    assertEquals(toHeaderMap({ a: inner }, "it").a === inner, true);
    const outer = space.repeat(100_000);
    assertEquals(toHeaderMap({ a: `${outer}x${space}y${outer}` }, "it").a, `x${space}y`);
    assertEquals(toHeaderMap({ a: outer }, "it").a, "");
    assertEquals(toHeaderMap({ a: `${outer}\xa0x\xa0${outer}` }, "it").a, "\xa0x\xa0");
  }
});

test("toHeaderMap() treats names of Object.prototype like any others", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const input = Object.fromEntries([[name, "1"]]);
    const headers = toHeaderMap(input, "it");
    assertEquals(entriesOf(headers), [[name.toLowerCase(), "1"]]);
    assertFalse("constructor" in toHeaderMap({ a: "1" }, "it"));
    assertEquals(
      entriesOf(mergeHeaders(headers, { a: "2" })),
      [[name.toLowerCase(), "1"], ["a", "2"]].sort(),
    );
    assertEquals(entriesOf(withoutHeaders(headers, sensitiveNames([]))), [[name.toLowerCase(), "1"]]);
  }
});

test("toHeaderMap() refuses a name that is no token (RFC 9110 §5.1)", () => {
  for (
    const name of [
      "",
      " a",
      "a ",
      "a b",
      "a:",
      "a\n",
      "a\r\nb",
      "é",
      "a\0",
      "a(b)",
      "a,b",
      '"a"',
      "a/b",
      "ａ",
    ]
  ) {
    assertThrows(() => toHeaderMap({ [name]: "1" }, "the request"), TypeError, "name must be a token");
  }
  assertThrows(() => toHeaderMap([[untyped(5) as unknown as string, "1"]], "the request"), TypeError);
});

test("toHeaderMap() accepts every character of a token", () => {
  const name = "!#$%&'*+.^_`|~09azaz-";
  assertEquals(entriesOf(toHeaderMap({ [name]: "1" }, "it")), [[name, "1"]]);
});

test("toHeaderMap() refuses a value with a line break or NUL at any place, so that no header can be injected", () => {
  for (const value of ["a\r\nx-evil: 1", "a\nb", "a\rb", "\na", "a\n", "\r\n", "a\0b"]) {
    assertThrows(() => toHeaderMap({ a: value }, "the request"), TypeError, "value of header 'a'");
    assertThrows(() => toHeaderMap([["a", value]], "the request"), TypeError, "value of header 'a'");
  }
});

test("toHeaderMap() refuses a value with another control character, which no runtime can send (RFC 9110 §5.5)", () => {
  for (const value of ["a\x01b", "a\x1bb", "a\x7fb", "\x08"]) {
    assertThrows(() => toHeaderMap({ a: value }, "the request"), TypeError, "value of header 'a'");
  }
});

test("toHeaderMap() accepts latin-1 and tabs within a value, and refuses characters that a byte can't hold", () => {
  assertEquals(toHeaderMap({ a: "caf\xe9\tau lait \xff" }, "it").a, "caf\xe9\tau lait \xff");
  for (const value of ["\u0100", "€", "日本", "\ud83d\ude00", "\ud800"]) {
    assertThrows(() => toHeaderMap({ a: value }, "the request"), TypeError, "latin-1");
  }
});

test("toHeaderMap() refuses a value that is no string", () => {
  for (const value of [5, null, true, {}, ["a"]]) {
    assertThrows(() => toHeaderMap(untyped({ a: value }), "the request"), TypeError, "value of header 'a'");
  }
});

test("toHeaderMap() refuses pairs that are no pairs", () => {
  for (const pairs of [[["a"]], ["ab"], [["a", "b", "c"]], [[]], [5]]) {
    assertThrows(
      () => toHeaderMap(untyped(pairs), "the request"),
      TypeError,
      undefined,
      JSON.stringify(pairs),
    );
  }
});

test("S17: toHeaderMap() says where a bad header comes from, and never shows its value", () => {
  const error = assertThrows(
    () => toHeaderMap({ Authorization: `${SECRET}\n` }, "the client's headers"),
    TypeError,
    "Cannot send the client's headers as the value of header 'Authorization'",
  );
  assertFalse(error.message.includes("hunter2"));
});

test("S17: toHeaderMap() does not show the value of a header that was written into its name", () => {
  const error = assertThrows(
    () => toHeaderMap({ [`Authorization: ${SECRET}`]: "" }, "the request"),
    TypeError,
  );
  assertFalse(error.message.includes("hunter2"), error.message);
});

test("mergeHeaders() replaces by name, and copies only if it must", () => {
  const below = toHeaderMap({ a: "1", b: "1" }, "it");
  const above = toHeaderMap({ B: "2", c: "2" }, "it");
  assertEquals(entriesOf(mergeHeaders(below, above)), [["a", "1"], ["b", "2"], ["c", "2"]]);
  assertEquals(entriesOf(below), [["a", "1"], ["b", "1"]]);
  assertStrictEquals(mergeHeaders(below, NO_HEADERS), below);
  assertStrictEquals(mergeHeaders(NO_HEADERS, above), above);
});

test("mergeHeaders() makes a record without inherited names", () => {
  const merged = mergeHeaders(toHeaderMap({ a: "1" }, "it"), toHeaderMap({ b: "2" }, "it"));
  assertEquals("constructor" in merged, false);
});

test("isEmpty() is true if there are no headers", () => {
  assert(isEmpty(NO_HEADERS));
  assert(isEmpty(toHeaderMap({}, "it")));
  assertFalse(isEmpty(toHeaderMap({ a: "" }, "it")));
});

test("S16: sensitiveNames() always has the credentials, and the caller's names in any case", () => {
  for (const marked of [[], ["X-Secret"], ["AUTHORIZATION"]]) {
    const names = sensitiveNames(marked);
    for (const name of ["authorization", "cookie", "proxy-authorization"]) assert(names.has(name));
  }
  assert(sensitiveNames(["X-Secret"]).has("x-secret"));
  assert(DEFAULT_SENSITIVE_HEADERS.includes("x-api-key"));
});

test("S16: needsOwnRedirects() is true for sensitive headers that a runtime would forward", () => {
  const sensitive = sensitiveNames(["X-Api-Key"]);
  assert(needsOwnRedirects(toHeaderMap({ "X-API-Key": "1" }, "it"), sensitive));
  assertFalse(
    needsOwnRedirects(toHeaderMap({ authorization: "1", cookie: "1", accept: "1" }, "it"), sensitive),
  );
  assertFalse(needsOwnRedirects(NO_HEADERS, sensitive));
});

test("withoutHeaders() removes exactly the headers of these names", () => {
  const headers = toHeaderMap(
    { Authorization: "1", "X-Api-Key": "2", "x-api-key-id": "3", accept: "4" },
    "it",
  );
  const left = withoutHeaders(headers, sensitiveNames(["x-api-key"]));
  assertEquals(entriesOf(left), [["accept", "4"], ["x-api-key-id", "3"]]);
  assertEquals(Object.keys(headers).length, 4);
});

test("sentHeaders() merges headers, and omits withheld ones, whatever their source", () => {
  const [below, above] = [{ authorization: "a", accept: "x" }, { cookie: "b", "x-a": "1" }];
  assertEquals({ ...sentHeaders(below, above, undefined) }, { ...below, ...above });
  assertEquals(sentHeaders(below, above, new Set(["authorization", "cookie"])), { accept: "x", "x-a": "1" });
});

test("trimSpace() strips spaces and tabs at both ends, and nothing else", () => {
  const cases: readonly [string, string][] = [
    ["", ""],
    [" \t ", ""],
    ["a", "a"],
    ["\t a  b \t", "a  b"],
    ["\u00a0a\u00a0", "\u00a0a\u00a0"],
    ["\na\n", "\na\n"],
  ];
  for (const [text, expected] of cases) assertEquals(trimSpace(text), expected);
});

test("trimSpace() takes linear time for a long run of spaces inside", () => {
  const text = `a${" ".repeat(200_000)}b`;
  assertEquals(trimSpace(text), text);
});

test("isConditional() says whether a 304 may be the answer", () => {
  for (const headers of [{}, { range: "bytes=0-" }, { "if-match": '"1"' }, { "if-range": '"1"' }]) {
    assertEquals(isConditional(toHeaderMap(headers, "the request")), false);
  }
  for (const name of ["If-None-Match", "if-modified-since"]) {
    assertEquals(isConditional(toHeaderMap({ [name]: "x" }, "the request")), true);
  }
});

test("isToken() accepts one or more of the characters of RFC 9110 §5.6.2, and nothing else", () => {
  for (let unit = 0; unit < 0x180; unit++) {
    const character = String.fromCharCode(unit);
    const isOne = /[A-Za-z0-9]/.test(character) || "!#$%&'*+-.^_`|~".includes(character);
    assertEquals([isToken(character), isToken(`a${character}b`)], [isOne, isOne], `U+${unit.toString(16)}`);
  }
  assertEquals(["", "a b", " a", "a\n", "x-api-key", "GET"].map(isToken), [
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});
