import { assertEquals } from "@std/assert";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { isOwnAdapter } from "../../src/cache/own_adapters.ts";
import { test } from "../support/test.ts";

test("isOwnAdapter() recognizes the adapters of this package, and no objects derived from them", () => {
  assertEquals([memoryCache(), filesystemCache("never-written")].map(isOwnAdapter), [true, true]);
  const made = {
    ...memoryCache(),
    name: "other",
    get: () => undefined,
    set: () => true,
    delete: () => false,
  };
  assertEquals(isOwnAdapter(made), false);
});
