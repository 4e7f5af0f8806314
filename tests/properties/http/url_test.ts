import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../property.ts";
import { withQuery } from "../../../src/http/query.ts";
import {
  isPlainUrl,
  joinUrl,
  OriginIndex,
  redactUrl,
  shownUrl,
  splitUserInfo,
} from "../../../src/http/url.ts";
import { test } from "../../support/test.ts";

const SECRET = "hunter2";
/** Pieces that are difficult for URL parsers. */
const PIECES = [
  ..."/\\?#@:;&=%.[]()'\" \t\n",
  "//",
  "http:",
  "https://",
  "a.test",
  "127.1",
  "[::1]",
  ":443",
  ":80",
  "%40",
  "%2f",
  "..",
  "ä",
  "x",
];
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(""));
const anyUrl = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  soup,
  soup.map((text) => `https://${text}`),
);

test("OriginIndex.originOf() agrees with the URL parser, in any order", () => {
  fc.assert(fc.property(fc.array(anyUrl, { minLength: 1, maxLength: 20 }), (urls) => {
    const origins = new OriginIndex();
    for (const url of urls) {
      const parsed = URL.parse(url);
      const isHttp = parsed?.protocol === "http:" || parsed?.protocol === "https:";
      if (isHttp) assertEquals(origins.originOf(url), parsed.origin, url);
      else assertThrows(() => origins.originOf(url), TypeError);
      assert(origins.find(url) === undefined || origins.find(url) === parsed?.origin, url);
    }
  }));
});

test("joinUrl() stays at the origin of its base, whatever is appended", () => {
  const base = fc.constantFrom(
    "https://a.test",
    "https://a.test/",
    "https://a.test/b",
    "http://[::1]:8080/b/",
  );
  fc.assert(fc.property(base, fc.oneof(soup, fc.webUrl(), fc.string()), (base, relative) => {
    const joined = URL.parse(joinUrl(base, relative));
    assertEquals(joined?.origin, new URL(base).origin);
  }));
});

test("S17: redactUrl() and shownUrl() show no secret, wherever a URL has it", () => {
  const name = fc.constantFrom(
    "token",
    "api_key",
    "X-Amz-Signature",
    "accessToken",
    "user[password]",
    "sig",
    "key",
  );
  const place = fc.oneof(
    fc.tuple(fc.webUrl(), fc.constantFrom(SECRET, `user:${SECRET}`, `:${SECRET}`, `${SECRET}:`)).map(
      ([url, userInfo]) => url.replace("://", `://${userInfo}@`),
    ),
    fc.tuple(fc.webUrl(), soup, name).map(([url, text, name]) =>
      `${url}?a=${text.replace(/[#?]/g, "")}&${name}=${SECRET}`
    ),
    fc.tuple(fc.webUrl(), name).map(([url, name]) => `${url};${name}=${SECRET}`),
    fc.tuple(fc.webUrl(), soup).map(([url, text]) => `${url}#${text}${SECRET}`),
    fc.tuple(fc.webUrl(), fc.webUrl()).map(([url, inner]) =>
      `${url}/?next=${encodeURIComponent(inner.replace("://", `://u:${SECRET}@`))}`
    ),
  );
  fc.assert(fc.property(place, (url) => {
    for (const shown of [redactUrl(url), shownUrl(url)]) assert(!shown.includes(SECRET), shown);
  }));
});

test("redactUrl() changes nothing the second time, and nothing of a URL without secrets", () => {
  fc.assert(fc.property(anyUrl, (url) => {
    const shown = redactUrl(url);
    // White space before a fragment is at the end of the URL after the fragment is removed.
    assertEquals(redactUrl(shown), shown.trimEnd());
  }));
  const plain = fc.webUrl().filter((url) => !/[;@]|%40/.test(url));
  fc.assert(fc.property(plain, (url) => assertEquals(redactUrl(url), url)));
});

test("splitUserInfo() leaves a URL without user info, that leads to the same place", () => {
  fc.assert(fc.property(fc.webUrl(), fc.string(), fc.string(), (url, name, password) => {
    const parsed = new URL(url);
    parsed.username = name;
    parsed.password = password;
    const { username } = parsed;
    const split = splitUserInfo(parsed.href);
    if (name === "" && password === "") return assertEquals(split, undefined);
    assert(username !== "" || password !== "");
    assertEquals(split!.url, new URL(url).href);
    const bytes = Uint8Array.from(atob(split!.authorization.slice(6)), (letter) => letter.charCodeAt(0));
    const expected = `${name}:${password}`.toWellFormed();
    // A percent escape in a name is also one in the URL, so it can't be compared directly.
    if (!expected.includes("%")) {
      assertEquals(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), expected);
    }
  }));
});

test("withQuery() adds what the URL parser reads, behind what was there", () => {
  const pairs = fc.array(
    fc.tuple(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.bigInt())),
  );
  const url = fc.tuple(fc.webUrl({ withQueryParameters: true }), fc.constantFrom("", "#", "#a?b=c")).map((
    parts,
  ) => parts.join(""));
  fc.assert(fc.property(url, pairs, (url, pairs) => {
    const before = new URL(url);
    const after = new URL(withQuery(url, pairs));
    const added = pairs.map(([name, value]) => [name.toWellFormed(), `${value}`.toWellFormed()]);
    const own = [...before.searchParams];
    assertEquals([...after.searchParams], [...own, ...added] as [string, string][]);
    assertEquals([after.origin, after.pathname, after.hash], [before.origin, before.pathname, before.hash]);
  }));
});

test("withQuery() writes a record, a string and URLSearchParams alike, and puts a request's own before the common", () => {
  const record = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true });
  fc.assert(fc.property(record, record, (own, common) => {
    const written = withQuery("https://a.test/", own);
    assertEquals(withQuery("https://a.test/", new URLSearchParams(own)), written);
    assertEquals(withQuery("https://a.test/", `${new URLSearchParams(own)}`), written);
    const both = Object.fromEntries(new URL(withQuery("https://a.test/", own, common)).searchParams);
    const wellFormed = (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(new URLSearchParams(values));
    assertEquals(both, wellFormed({ ...common, ...own }));
  }));
});

test("isPlainUrl() holds only for URLs that are as their parser writes them", () => {
  const origin = "https://a.test";
  const part = fc.string({ unit: fc.constantFrom(..."/.%2eE?#a=&;\\ ä'^{|}[]~@:\t\n"), maxLength: 12 });
  fc.assert(fc.property(part, (rest) => {
    const url = origin + rest;
    if (isPlainUrl(url, origin)) assertEquals(new URL(url).href, url);
  }));
});
