import { assertEquals } from "@std/assert";
import { test } from "../support/test.ts";

const { readdir, readFile } = await import("node:fs/promises");

/** Returns the npm packages that a text names in quotation marks, without the paths inside the packages. */
function packagesIn(text: string): string[] {
  return [...text.matchAll(/"(npm:(?:@[^/"]+\/)?[^/"]+)/g)].map(([, name]) => name!);
}

test("deno.lock holds the packages that deno.json and its links name, and no others, so that no task downloads more", async () => {
  const links = await readdir("tests/links", { recursive: true });
  const named = [
    "deno.json",
    ...links.filter((file) => /\.(ts|json)$/.test(file)).map((file) => `tests/links/${file}`),
  ];
  const texts = await Promise.all(named.map((file) => readFile(file, "utf8")));
  const { specifiers }: { readonly specifiers: Readonly<Record<string, string>> } = JSON.parse(
    await readFile("deno.lock", "utf8"),
  );
  assertEquals(Object.keys(specifiers).sort(), [...new Set(texts.flatMap(packagesIn))].sort());
});
