import { assertEquals } from "@std/assert";
import { DemoWatch } from "../../src/cli/demo_watch.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";

test("DemoWatch counts what each mirror did, hand-overs and breaker changes, until it is disposed", async () => {
  const clock = new ManualClock({ nowMs: 5_000 });
  const cdn = createSimulatedCdn({
    mirrors: ["a", "b"],
    resources: () => "{}",
    latency: 10,
    faults: [{ mirror: "a", afterRequests: 1, kind: "reset" }],
    clock,
  });
  const client = createClient({
    baseUrls: cdn.origins,
    fetch: cdn.fetch,
    clock,
    concurrency: 1,
    circuitBreaker: { threshold: 2, cooldownMs: 60_000 },
  });
  const [first = "", second = ""] = cdn.origins;
  const watch = new DemoWatch(
    client,
    [{ name: "a", origin: first, address: "1" }, { name: "b", origin: second, address: "2" }],
    clock.now(),
  );
  await clock.run(client.settle(["1", "2", "3", "4"]));
  const seen = watch.seen();
  assertEquals(seen.mirrors, [
    { name: "a", address: "1", attempts: 3, succeeded: 1, failed: 2, bytes: 2, breaker: "open" },
    { name: "b", address: "2", attempts: 3, succeeded: 3, failed: 0, bytes: 6, breaker: "closed" },
  ]);
  // 10 ms for the first file, 10 ms until the second is reset, and 10 ms until the third is.
  assertEquals(seen.breakerChanges, [{ mirror: "a", atMs: 30, from: "closed", to: "open" }]);
  assertEquals([seen.handovers >= 2, seen.retries], [true, 0]);

  watch[Symbol.dispose]();
  const { handovers } = seen;
  await clock.advance(60_000);
  await clock.run(client.settle(["5"]));
  assertEquals(watch.seen().handovers, handovers);
  await client.close();
});

test("DemoWatch shows a mirror without requests", async () => {
  const client = createClient();
  using watch = new DemoWatch(client, [{ name: "a", origin: "https://a.test", address: "1" }], 0);
  assertEquals(watch.seen().mirrors, [
    {
      name: "a",
      address: "1",
      attempts: 0,
      succeeded: 0,
      failed: 0,
      bytes: 0,
      breaker: "closed",
    },
  ]);
  await client.close();
});
