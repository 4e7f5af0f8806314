import { assertEquals } from "@std/assert";
import { nodeModule } from "../../src/runtime/node_module.ts";
import { test } from "../support/test.ts";

test("nodeModule() returns a built-in module, and undefined for others", () => {
  assertEquals(nodeModule<{ basename(path: string): string }>("node:path")?.basename("/a/b"), "b");
  assertEquals(nodeModule("node:no-such-module"), undefined);
});
