import { assertEquals } from "@std/assert";
import type { FaultRule } from "../../../src/middleware/faults/fault.ts";
import { FaultRules } from "../../../src/middleware/faults/fault_rules.ts";
import { Traffic } from "../../../src/middleware/faults/traffic.ts";
import { ManualClock } from "../../../src/testing/manual_clock.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import { numberedUrls } from "../../support/numbered_urls.ts";
import { test } from "../../support/test.ts";

/** Returns for each request whether it is struck. */
function struck(rule: FaultRule, urls: readonly string[], random = () => 0): boolean[] {
  const traffic = new Traffic(new FaultRules([rule], undefined, "test"), random);
  const clock = new ManualClock();
  return urls.map((url) => traffic.faultFor(new Request(url), clock) !== undefined);
}

const A = "https://a.test/x?y=1";
const B = "https://b.test/x?y=1";

test("Traffic.faultFor() identifies a mirror by its origin, and a URL by path and query", () => {
  assertEquals(struck({ kind: "reset", mirror: "https://a.test" }, [A, B]), [true, false]);
  assertEquals(struck({ kind: "reset", match: "/x?y=1" }, [A, "https://a.test/x"]), [true, false]);
  const match = (request: { path: string; method: string }) =>
    request.path === "/x" && request.method === "GET";
  assertEquals(struck({ kind: "reset", match }, [A, "https://a.test/z"]), [true, false]);
});

test("Traffic.faultFor() numbers the requests of each URL, and those of each origin", () => {
  assertEquals(struck({ kind: "reset", nth: 2 }, [A, B, A, A, B]), [false, false, true, false, true]);
  assertEquals(struck({ kind: "reset", afterRequests: 1 }, [A, B, "https://a.test/z"]), [false, false, true]);
});

test("Traffic.faultFor() counts time from the first request", async () => {
  const rules = new FaultRules([{ kind: "reset", fromMs: 10, untilMs: 20 }], undefined, "test");
  const traffic = new Traffic(rules, () => 0);
  const clock = new ManualClock();
  await clock.advance(15);
  const found: boolean[] = [];
  for (let count = 0; count < 3; count++) {
    found.push(traffic.faultFor(new Request(A), clock) !== undefined);
    await clock.advance(10);
  }
  assertEquals(found, [false, true, false]);
});

test("Traffic.faultFor() gives rules the headers as they are sent", () => {
  const traffic = new Traffic(
    new FaultRules([{ kind: "reset", match: ({ headers }) => headers["x-a"] === "1" }], undefined, "test"),
    () => 0,
  );
  const clock = new ManualClock();
  assertEquals(traffic.faultFor(new Request(A, { headers: { "X-A": "1" } }), clock)?.kind, "reset");
  assertEquals(traffic.faultFor(new Request(A), clock), undefined);
});

test("Traffic.faultFor() gives the same faults with a seeded random", () => {
  const urls = numberedUrls(50);
  const rule: FaultRule = { kind: "reset", probability: 0.3 };
  const first = struck(rule, urls, seededRandom(1));
  assertEquals(struck(rule, urls, seededRandom(1)), first);
  assertEquals(new Set(first).size, 2);
});
