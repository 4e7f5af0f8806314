import { assertEquals } from "@std/assert";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { isOwn } from "../../src/cache/own_adapters.ts";
import { test } from "../support/test.ts";

test("isOwn() knows the adapters of this package, and nothing that was made of them", () => {
  assertEquals([memoryCache(), filesystemCache("never-written")].map(isOwn), [true, true]);
  const made = {
    ...memoryCache(),
    name: "other",
    get: () => undefined,
    set: () => true,
    delete: () => false,
  };
  assertEquals(isOwn(made), false);
});
