import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { givenUrl } from "../../src/cli/given_url.ts";
import { test } from "../support/test.ts";

test("givenUrl() accepts absolute URLs as they are", () => {
  for (const url of ["https://h/a?b#c", "http://h:81/", "https://user:pw@h/"]) {
    assertEquals(givenUrl(url).href, url);
  }
});

test("givenUrl() adds http on this machine, and https elsewhere", () => {
  const hosts = {
    "127.0.0.1:80/x": "http://127.0.0.1/x",
    "127.0.0.1": "http://127.0.0.1/",
    "localhost": "http://localhost/",
    "localhost:8000/a?b=https://c": "http://localhost:8000/a?b=https://c",
    "api.localhost/x": "http://api.localhost/x",
    "[::1]:9/x": "http://[::1]:9/x",
    "example.com": "https://example.com/",
    "example.com:8443/x": "https://example.com:8443/x",
    "Example.com?x": "https://example.com/?x",
    "api:3000/x": "https://api:3000/x",
    "127.0.0.1.example.com/": "https://127.0.0.1.example.com/",
    "bücher.example/ä": "https://xn--bcher-kva.example/%C3%A4",
    "例え.テスト:8443": "https://xn--r8jz45g.xn--zckzah:8443/",
    "पोर्टल.भारत?q": "https://xn--c2bvsj6jna.xn--h2brj9c/?q",
  };
  for (const [text, href] of Object.entries(hosts)) assertEquals(givenUrl(text).href, href);
});

test("givenUrl() refuses texts without a host, and other schemes, and shows none of their secrets", () => {
  const cases = {
    "nonsense": "absolute and well-formed",
    "": "absolute and well-formed",
    "/x": "absolute and well-formed",
    "//h/y": "absolute and well-formed",
    "example.com:99999/": "absolute and well-formed",
    "htps:/nope": "http or https",
    "mailto:me@example.com": "http or https",
    "file:///etc/passwd": "http or https",
    "ftp://user:s3cret@h/?token=s3cret": "http or https",
    "http://h/caf\uFFFD": "text in UTF-8",
    "http://b\uFFFDcher.example/": "text in UTF-8",
    "http://h/\uD83C": "text in UTF-8",
    "\uFFFD\uFFFDh\0t\0t\0p\0:\0/\0/\0h\0": "text in UTF-8",
    "http://h/a\thttp://mirror/a": "no control characters",
    "http://h/a\tname.json": "no control characters",
    "http://h/\r\n?token=s3cret": "no control characters",
    "h.test/a\0http://h/b": "no NUL characters, as binary files and UTF-16",
    "http://h/\x1b[2J": "no control characters",
  };
  assertThrows(() => givenUrl("a\uFFFD", new URL("https://h/")), TypeError, "text in UTF-8");
  assertEquals(givenUrl("http://h/caf%EF%BF%BD").href, "http://h/caf%EF%BF%BD");
  assertEquals(givenUrl("http://h/🎉").href, "http://h/%F0%9F%8E%89");
  assertThrows(() => givenUrl("a\tb", new URL("https://h/")), TypeError, "no control characters");
  for (const [text, rule] of Object.entries(cases)) {
    const { message } = assertThrows(() => givenUrl(text), TypeError, rule);
    assertFalse(message.includes("s3cret"), message);
  }
});

test("givenUrl() resolves relative URLs against a base, also those that look like a host", () => {
  const base = new URL("https://cdn.test/data/");
  const texts = ["a.json", "example.com", "/b", "http://other.test/c", "?d"];
  assertEquals(texts.map((text) => givenUrl(text, base).href), [
    "https://cdn.test/data/a.json",
    "https://cdn.test/data/example.com",
    "https://cdn.test/data/b",
    "http://other.test/c",
    "https://cdn.test/data/?d",
  ]);
});
