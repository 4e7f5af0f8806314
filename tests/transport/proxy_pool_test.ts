import { assertEquals } from "@std/assert";
import { parseProxy } from "../../src/transport/proxy_address.ts";
import { ProxyPool, type ProxyPoolSettings } from "../../src/transport/proxy_pool.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

function setUp(options: Partial<ProxyPoolSettings> & { readonly count?: number } = {}) {
  const { count = 3, ...others } = options;
  const clock = new ManualClock();
  const addresses = Array.from(
    { length: count },
    (_, index) => parseProxy(`http://p${index}.test:80`, "proxy"),
  );
  const pool = new ProxyPool(addresses, {
    strategy: "round-robin",
    maxFailures: 2,
    cooldownMs: 1_000,
    clock,
    random: seededRandom(1),
    ...others,
  });
  const order = (): string => pool.candidates().map(({ index }) => index).join("");
  const fail = (index: number, times = 1): void => {
    for (let time = 0; time < times; time++) pool.noteFailure(pool.proxies[index]!);
  };
  return { clock, pool, order, fail };
}

test("ProxyPool.candidates() begins with each proxy in turn", () => {
  const { order } = setUp();
  assertEquals(Array.from({ length: 4 }, order), ["012", "120", "201", "012"]);
});

test("ProxyPool.candidates() begins with any proxy at random, about equally often", () => {
  const { order } = setUp({ strategy: "random" });
  const firsts = Array.from({ length: 3_000 }, () => order()[0]);
  for (const index of ["0", "1", "2"]) {
    const share = firsts.filter((first) => first === index).length / 3_000;
    assertEquals(share > 0.3 && share < 0.37, true);
  }
});

test("ProxyPool.candidates() begins with the proxy with the fewest failures since its last success", () => {
  const { order, fail, pool } = setUp({ strategy: "least-failures", maxFailures: 10 });
  fail(0, 2);
  fail(1, 1);
  assertEquals([order(), order()], ["210", "210"]);
  pool.noteSuccess(pool.proxies[0]!);
  assertEquals(order()[2], "1");
});

test("ProxyPool.candidates() leaves out resting proxies, until their time is over", async () => {
  const { clock, order, fail } = setUp();
  fail(1, 2);
  assertEquals([order(), order(), order()].map((each) => [...each].sort().join("")), ["02", "02", "02"]);
  await clock.advance(1_000);
  assertEquals(order().length, 3);
  // A proxy that fails again rests again at once.
  fail(1);
  assertEquals(order().length, 2);
});

test("ProxyPool.candidates() returns the proxy whose rest ends first, when all of them rest", async () => {
  const { clock, order, fail } = setUp();
  fail(2, 2);
  await clock.advance(10);
  fail(0, 2);
  fail(1, 2);
  assertEquals([order(), order()], ["2", "2"]);
});

test("ProxyPool.candidates() returns a single proxy even after failures", () => {
  const { order, fail } = setUp({ count: 1 });
  fail(0, 5);
  assertEquals(order(), "0");
});

test("ProxyPool.candidates() spreads the load of a resting proxy over all others, whatever the strategy", () => {
  for (const strategy of ["round-robin", "random", "least-failures"] as const) {
    for (const resting of [0, 1, 3]) {
      const { order, fail } = setUp({ count: 4, strategy });
      fail(resting, 2);
      const firsts = Array.from({ length: 3_000 }, () => Number(order()[0]));
      for (const index of [0, 1, 2, 3]) {
        const share = firsts.filter((first) => first === index).length / 3_000;
        const isFair = index === resting ? share === 0 : share > 0.3 && share < 0.37;
        assertEquals(isFair, true, `${strategy}, ${index} while ${resting} rests: ${share}`);
      }
    }
  }
});

test("ProxyPool.candidates() tries a proxy again long enough after its failure", async () => {
  const { clock, order, fail } = setUp({ strategy: "least-failures", maxFailures: 3 });
  const firsts = (): string => [order(), order(), order()].map(([first]) => first).sort().join("");
  fail(0, 1); // does not rest
  fail(1, 3);
  assertEquals(firsts(), "222");
  await clock.advance(999);
  assertEquals(firsts(), "222");
  await clock.advance(1);
  assertEquals(firsts(), "012");
  // The proxy has had no success yet, so that one more failure is enough.
  fail(1);
  assertEquals(order().includes("1"), false);
});
