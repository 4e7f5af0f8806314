import { assert, assertEquals } from "@std/assert";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { runtime, test } from "../support/test.ts";

test("bunRuntime.env() reads the environment on Bun, and finds nothing elsewhere", () => {
  assertEquals(bunRuntime.name, "bun");
  assertEquals(typeof bunRuntime.env("PATH"), runtime === "bun" ? "string" : "undefined");
  assertEquals(bunRuntime.env("SLIPSTREAM_NO_SUCH_VARIABLE"), undefined);
});

test("bunRuntime runs as many requests at once as the variable says, or 256", () => {
  const { maxConcurrentRequests } = bunRuntime;
  assert(Number.isInteger(maxConcurrentRequests) && maxConcurrentRequests > 0);
  const said = bunRuntime.env("BUN_CONFIG_MAX_HTTP_REQUESTS");
  assertEquals(maxConcurrentRequests, said === undefined ? 256 : Number(said));
});

test("bunRuntime speaks HTTP/1.1, or does not say", () => {
  assertEquals(bunRuntime.negotiatesHttp2, false);
});
