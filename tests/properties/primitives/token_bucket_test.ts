import { assert, assertEquals } from "@std/assert";
import { TokenBucket } from "../../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../../src/testing/manual_clock.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

const rate = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  intervalMs: fc.constantFrom(10, 100, 1_000),
  burst: fc.integer({ min: 1, max: 10 }),
});
const takes = fc.array(fc.record({ waitMs: fc.nat(300), tokens: fc.integer({ min: 1, max: 10 }) }), {
  maxLength: 30,
});

test("TokenBucket.tryTake() grants exactly what came in since, and no more than the burst", () => {
  fc.assert(fc.property(rate, takes, ({ limit, intervalMs, burst }, takes) => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ limit, intervalMs, burst, clock });
    // Count in parts of a token, so that nothing is rounded: `limit` parts arrive per millisecond, `intervalMs` make a token.
    let parts = burst * intervalMs;
    for (const { waitMs, tokens } of takes) {
      const wanted = Math.min(tokens, burst);
      clock.jump(waitMs);
      parts = Math.min(burst * intervalMs, parts + limit * waitMs);
      const isThere = parts >= wanted * intervalMs;
      assertEquals(bucket.tryTake(wanted), isThere);
      if (isThere) parts -= wanted * intervalMs;
    }
  }));
});

test("TokenBucket.take() serves in order, within the rate in every window, and forgets nobody", async () => {
  await fc.assert(
    fc.asyncProperty(rate, takes, async ({ limit, intervalMs, burst }, takes) => {
      const clock = new ManualClock();
      const bucket = new TokenBucket({ limit, intervalMs, burst, clock });
      const grants: { readonly index: number; readonly atMs: number; readonly tokens: number }[] = [];
      const wanted = takes.map(({ tokens }) => Math.min(tokens, burst));
      const all = wanted.map((tokens, index) =>
        bucket.take(tokens).then(() => void grants.push({ index, atMs: clock.now(), tokens }))
      );
      await clock.run(Promise.all(all));
      assertEquals(grants.map(({ index }) => index), wanted.map((_, index) => index));
      for (let from = 0; from < grants.length; from++) {
        let sum = 0;
        for (let to = from; to < grants.length; to++) {
          sum += grants[to]!.tokens;
          const most = burst + (grants[to]!.atMs - grants[from]!.atMs) * limit / intervalMs;
          assert(sum <= most + 1e-6, `${sum} of ${most}`);
        }
      }
      assertEquals([bucket.waiting, clock.pending], [0, 0]);
    }),
    { numRuns: 200 },
  );
});
