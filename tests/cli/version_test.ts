import { assertEquals } from "@std/assert";
import { VERSION } from "../../src/cli/version.ts";
import config from "../../deno.json" with { type: "json" };
import { test } from "../support/test.ts";

test("VERSION is that of the package", () => {
  assertEquals(VERSION, config.version);
});
