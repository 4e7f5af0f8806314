import { assert, assertEquals } from "@std/assert";
import { test } from "../support/test.ts";

const { readdir, readFile } = await import("node:fs/promises");

test("deno.lock holds no rival of the benchmarks, so that no task of the project downloads one", async () => {
  const files = await readdir("bench/rivals");
  const sources = await Promise.all(files.map((file) => readFile(`bench/rivals/${file}`, "utf8")));
  const rivals = sources.flatMap((source) =>
    [...source.matchAll(/"(npm:(?:@[^/"]+\/)?[^/"]+)/g)].map(([, name]) => name!)
  );
  assert(rivals.length > 0);
  const { specifiers }: { readonly specifiers: Readonly<Record<string, string>> } = JSON.parse(
    await readFile("deno.lock", "utf8"),
  );
  assertEquals(Object.keys(specifiers).filter((specifier) => rivals.includes(specifier)), []);
});
