import { assertEquals } from "@std/assert";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { asIn, NODE_GLOBALS, testElsewhere } from "../support/globals.ts";
import { test } from "../support/test.ts";

testElsewhere("nodeRuntime.env() reads the environment on Node, and finds nothing elsewhere", async () => {
  assertEquals([nodeRuntime.name, nodeRuntime.env("PATH")], ["node", undefined]);
  await asIn(NODE_GLOBALS, () => {
    assertEquals([nodeRuntime.env("SOME"), nodeRuntime.env("OTHER")], ["value", undefined]);
  });
});

test("nodeRuntime.isOutOfDescriptors() asks the cause for its code", () => {
  const failure = (code?: string) => new TypeError("fetch failed", { cause: code && { code } });
  assertEquals(
    [failure("EMFILE"), failure("ENFILE"), failure("ECONNREFUSED"), failure(), undefined, null, "text"]
      .map(nodeRuntime.isOutOfDescriptors),
    [true, true, false, false, false, false, false],
  );
});
