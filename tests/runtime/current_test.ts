import { assertEquals, assertStrictEquals } from "@std/assert";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { runtime, test } from "../support/test.ts";

test("currentRuntime is the one that the tests run on", () => {
  assertEquals(currentRuntime.name, runtime);
  assertStrictEquals(currentRuntime, runtime === "bun" ? bunRuntime : denoRuntime);
});

test("currentRuntime reads the environment of the process", () => {
  assertEquals(typeof currentRuntime.env("PATH"), "string");
  assertEquals(currentRuntime.env("SLIPSTREAM_NO_SUCH_VARIABLE"), undefined);
});
