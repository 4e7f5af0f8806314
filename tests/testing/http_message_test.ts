import { assertEquals } from "@std/assert";
import { encodeChunk, encodeHead, LAST_CHUNK, statusText } from "../../src/testing/http_message.ts";
import { test } from "../support/test.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("encodeHead() writes the status line, the headers and an empty line", () => {
  assertEquals(
    text(encodeHead(503, { "retry-after": "1", connection: "close" })),
    "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
  );
  assertEquals(text(encodeHead(299, {})), "HTTP/1.1 299 \r\n\r\n");
});

test("encodeChunk() writes the length in hexadecimal", () => {
  assertEquals(text(encodeChunk(new TextEncoder().encode("x".repeat(26)))), `1a\r\n${"x".repeat(26)}\r\n`);
  assertEquals(text(LAST_CHUNK), "0\r\n\r\n");
});

test("statusText() knows the common statuses", () => {
  assertEquals([200, 404, 429, 599].map(statusText), ["OK", "Not Found", "Too Many Requests", ""]);
});
