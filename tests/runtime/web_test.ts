import { assertEquals } from "@std/assert";
import { webRuntime } from "../../src/runtime/web.ts";
import { test } from "../support/test.ts";

test("webRuntime has no environment and no limit of its own, wherever it runs", () => {
  assertEquals([webRuntime.name, webRuntime.maxConcurrentRequests], ["web", Infinity]);
  assertEquals(webRuntime.env("PATH"), undefined);
});

test("webRuntime speaks HTTP/1.1, or does not say", () => {
  assertEquals(webRuntime.negotiatesHttp2, false);
});
