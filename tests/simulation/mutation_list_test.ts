import { assertEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { MUTATIONS } from "./mutation_list.ts";

const { readFile } = await import("node:fs/promises");

test("MUTATIONS change places that are there once, so that each breaks what it says", async () => {
  const counts: Record<string, number> = {};
  for (const { name, changes } of MUTATIONS) {
    for (const { file, search } of changes) {
      const places = (await readFile(file, "utf8")).split(search).length - 1;
      if (places !== 1) counts[`${name}: ${file}`] = places;
    }
  }
  assertEquals(counts, {});
});
