import { assertEquals, assertStrictEquals } from "@std/assert";
import { dropIn, fetchAtImport, globalFetch } from "../../src/client/global_fetch.ts";
import { asIn, testElsewhere } from "../support/globals.ts";
import { test } from "../support/test.ts";

type Fetch = typeof globalThis.fetch;

function answering(name: string, asked: string[]): Fetch {
  return ((input: unknown) => {
    asked.push(`${name} ${input}`);
    return Promise.resolve(new Response());
  }) as Fetch;
}

test("globalFetch() is the current global fetch, unless that belongs to a client", async () => {
  const asked: string[] = [];
  try {
    globalThis.fetch = answering("found", asked);
    const fetch = globalFetch();
    await fetch("1");
    globalThis.fetch = answering("later", asked);
    await fetch("2");
    globalThis.fetch = dropIn(answering("client", asked));
    await fetch("3");
  } finally {
    globalThis.fetch = fetchAtImport;
  }
  assertEquals(asked, ["found 1", "later 2", "found 3"]);
});

test("dropIn() returns the same function, with the further members of the runtime's own fetch", () => {
  const own = () => Promise.resolve(new Response());
  const fetch = dropIn(own);
  assertStrictEquals(fetch as unknown, own);
  assertEquals("preconnect" in fetch, "preconnect" in fetchAtImport);
  assertEquals(Object.keys(fetch).filter((name) => name !== "preconnect"), []);
});

testElsewhere("dropIn() does without a global fetch at import, as where a test has removed it", async () => {
  await asIn({ fetch: undefined }, async () => {
    const copy: { dropIn: typeof dropIn } = await import(
      import.meta.resolve("../../src/client/global_fetch.ts?without-fetch")
    );
    const own = () => Promise.resolve(new Response());
    assertStrictEquals(copy.dropIn(own) as unknown, own);
  });
});
