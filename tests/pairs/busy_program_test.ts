import { assertEquals } from "@std/assert";
import { type Client, type ClientOptions, isTimeoutError } from "../../mod.ts";
import { type CacheAdapter, type CacheEntry, ttlCache } from "../../src/http_cache/mod.ts";
import { type Deferred, deferred } from "../../src/primitives/deferred.ts";
import type { ManualClock } from "../../src/testing/manual_clock.ts";
import { testClientsBothWays } from "../client/fake_client.ts";

const testBothWays = testClientsBothWays();
const URL_A = "https://a.test/1";

/** A limit of 1 s that a program overruns by 1.5 s, because it blocks the event loop while the answer arrives. */
const LIMITS: Record<string, [ClientOptions, (client: Client) => Promise<unknown>]> = {
  "timeoutMs": [{ timeoutMs: 1_000, maxRetries: 0 }, (client) => client.json(URL_A)],
  "timeoutMs, with retries": [{ timeoutMs: 1_000 }, (client) => client.json(URL_A)],
  "timeoutMs of a POST": [{ timeoutMs: 1_000 }, (client) => client.json(URL_A, { json: 1 })],
  "timeoutMs in a batch": [
    { timeoutMs: 1_000, maxRetries: 0 },
    (client) => client.all([URL_A]).then(([one]) => one),
  ],
  "timeoutMs with mirrors": [
    { timeoutMs: 1_000, maxRetries: 0, baseUrls: ["https://a.test", "https://b.test"] },
    (client) => client.json("/1"),
  ],
  "totalTimeoutMs": [{ totalTimeoutMs: 1_000 }, (client) => client.json(URL_A)],
  "batchTimeoutMs": [{}, (client) => client.all([URL_A], { batchTimeoutMs: 1_000 }).then(([one]) => one)],
  "a second attempt": [{ hedge: { afterMs: 1_000 } }, (client) => client.json(URL_A)],
};

/**
 * Gives a value of a program that is busy for 1.5 s, so that the timer of a limit of 1 s fires before the program reads what has
 * arrived.
 */
async function whileBusy<T>(clock: ManualClock, value: Promise<T>, arrival: Deferred<void>): Promise<T> {
  await clock.advance(0);
  clock.jump(1_500);
  await clock.advance(1_000);
  arrival.resolve();
  return await clock.run(value);
}

for (const [name, [options, ask]] of Object.entries(LIMITS)) {
  testBothWays(
    `a program that is busy for too long still gets an answer that came meanwhile: ${name}`,
    async (setUp) => {
      const arrival = deferred<void>();
      const { client, clock, network } = setUp(() => ({ gate: arrival.promise, json: 1 }), options);
      assertEquals(await whileBusy(clock, ask(client), arrival), 1);
      assertEquals(network.sent.length, 1);
    },
  );
}

testBothWays("a program that is busy over and over still has its timeouts", async (setUp) => {
  const { client, clock } = setUp(() => ({ gate: new Promise(() => {}) }), {
    timeoutMs: 1_000,
    maxRetries: 0,
  });
  const outcome = client.outcome(URL_A);
  for (let turn = 0; turn < 6; turn++) {
    clock.jump(1_500);
    await clock.advance(1_000);
  }
  const { error } = await outcome as { error: unknown };
  assertEquals(isTimeoutError(error) && error.kind, "attempt");
});

testBothWays("a program that is busy while a cache answers does not pass the cache over", async (setUp) => {
  const stored = new Map<string, CacheEntry>();
  let read = Promise.resolve();
  const slow: CacheAdapter = {
    name: "slow",
    maxEntryBytes: 1_000,
    get: (key) => read.then(() => stored.get(key)),
    set: (key, entry) => stored.set(key, entry) === stored,
    delete: (key) => stored.delete(key),
  };
  const cache = ttlCache(slow, { ttlMs: 600_000, adapterTimeoutMs: 1_000 });
  const { client, clock, network } = setUp(() => ({ json: 1 }), { cache });
  await clock.run(client.json(URL_A));
  const arrival = deferred<void>();
  read = arrival.promise;
  assertEquals(await whileBusy(clock, client.json(URL_A), arrival), 1);
  assertEquals(network.sent.length, 1);
});
