import { assertEquals } from "@std/assert";
import { createClient } from "../../../mod.ts";
import type { CacheEntry } from "../../../src/cache/cache.ts";
import { httpCache, memoryCache, ttlCache } from "../../../src/http_cache/mod.ts";
import { ManualClock } from "../../../src/testing/manual_clock.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

/** Draws wrong values for the members of an entry. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    -1,
    NaN,
    "text",
    [],
    {},
    [["a"]],
    [[1, 2]],
    [["a", "b", "c"]],
    [null],
    [
      ["\n", "\0"],
    ],
    [["etag", 5]],
    [["cache-control", "max-age=9"]],
    [["vary", "*"]],
    99,
    600,
    1e400,
  ),
  fc.anything({ maxDepth: 2 }),
);

/** Draws the members of an entry to replace by wrong values. */
const damage = fc.record({
  meta: fc.dictionary(
    fc.constantFrom(
      "v",
      "url",
      "status",
      "headers",
      "vary",
      "requestedAt",
      "storedAt",
      "initialAge",
      "freshForMs",
      "removeAt",
    ),
    odd,
    { minKeys: 1, noNullPrototype: true },
  ),
  body: fc.option(odd),
});

for (
  const [name, planOf] of Object.entries({
    "httpCache()": httpCache,
    "ttlCache()": (adapter: ReturnType<typeof memoryCache>) => ttlCache(adapter, { ttlMs: 60_000 }),
  })
) {
  test(`Client.outcome() with ${name} survives any entry that a cache gives`, async () => {
    await fc.assert(
      fc.asyncProperty(damage, async ({ meta, body }) => {
        const memory = memoryCache();
        let isDamaged = false;
        const adapter = {
          ...memory,
          name: "damaged",
          maxEntryBytes: 1e6,
          async get(key: string, options: Parameters<typeof memory.get>[1]): Promise<CacheEntry | undefined> {
            const entry = await memory.get(key, options);
            if (entry === undefined || !isDamaged) return entry;
            return {
              meta: { ...entry.meta, ...meta },
              body: body === null ? entry.body : body,
            } as CacheEntry;
          },
          set: memory.set.bind(memory),
          delete: memory.delete.bind(memory),
        };
        await using client = createClient({
          clock: new ManualClock(),
          maxRetries: 0,
          cache: planOf(adapter as unknown as typeof memory),
          fetch: () =>
            Promise.resolve(Response.json([1], { headers: { "cache-control": "max-age=60", etag: '"1"' } })),
        });
        await client.json("https://a.test/x");
        isDamaged = true;
        const outcome = await client.outcome("https://a.test/x");
        // If the damaged entry is still a valid one, it may have any body. Otherwise the request is a cache miss.
        if (outcome.ok && outcome.from === "network") assertEquals(outcome.value, [1]);
        else if (!outcome.ok) {
          assertEquals(
            ["InvalidDataError", "HttpError"].includes(outcome.error.name),
            true,
            `${outcome.error}`,
          );
        }
        assertEquals(client.stats().inFlight, 0);
      }),
      { numRuns: 300 },
    );
  });
}
