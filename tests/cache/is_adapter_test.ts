import { assertEquals } from "@std/assert";
import { isAdapter } from "../../src/cache/is_adapter.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { test } from "../support/test.ts";

const methods = { get: () => undefined, set: () => true, delete: () => false };

test("isAdapter() accepts an object with a name and the methods, also without maxEntryBytes", () => {
  assertEquals([memoryCache(), { name: "own", ...methods }].map(isAdapter), [true, true]);
});

test("isAdapter() accepts nothing else", () => {
  const others = [undefined, null, 5, "memory", {}, [], memoryCache, methods, { name: 5, ...methods }];
  const incomplete = ["get", "set", "delete"].map((name) => ({ name: "own", ...methods, [name]: undefined }));
  for (const value of [...others, ...incomplete]) assertEquals(isAdapter(value), false);
});
