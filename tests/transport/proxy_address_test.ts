import { assertEquals, assertThrows } from "@std/assert";
import { parseProxy } from "../../src/transport/proxy_address.ts";
import { test } from "../support/test.ts";

test("parseProxy() parses a URL, and keeps the credentials out of the label", () => {
  const { label, ...address } = parseProxy("http://us%40er:p%3Ass@proxy.test:8080", "proxy");
  assertEquals(label, "http://proxy.test:8080");
  assertEquals(address, {
    kind: "http",
    host: "proxy.test",
    port: 8080,
    url: "http://us%40er:p%3Ass@proxy.test:8080",
    credentials: { username: "us@er", password: "p:ss" },
  });
});

test("parseProxy() knows the default ports", () => {
  const cases = {
    "http://a": 80,
    "https://a/": 443,
    "socks5://a": 1080,
    "socks5h://a": 1080,
    "http://a:3128": 3128,
  };
  for (const [url, port] of Object.entries(cases)) assertEquals(parseProxy(new URL(url), "proxy").port, port);
  assertEquals(parseProxy("http://[::1]:8080", "proxy").host, "::1");
});

test("parseProxy() refuses a value that is no proxy, and shows none of it", () => {
  const wrong = [
    "proxy.test:8080",
    "u:hunter2@proxy.test",
    "ftp://u:hunter2@a",
    "http://u:hunter2@a/path",
    "http://u:hunter2@a?x",
    "http://u:hunter2%@a%zz",
    "http://u:hunter2%ff@a",
    new URL("ws://u:hunter2@a"),
    "",
  ];
  for (const value of wrong) {
    const error = assertThrows(
      () => parseProxy(value, "proxy[1]"),
      TypeError,
      "Cannot create transport as 'proxy[1]'",
    );
    assertEquals(error.message.includes("hunter2"), false);
  }
  for (const value of [1, null, {}]) assertThrows(() => parseProxy(value, "proxy"), TypeError, "received");
});
