import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Lane } from "../../src/lanes/lane.ts";
import { Lanes } from "../../src/lanes/lanes.ts";
import { fakeLane } from "../policies/fake_call.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { schedulerOn } from "./scheduler_on.ts";

function setUp() {
  const made: string[] = [];
  const lanes = new Lanes((key) => {
    made.push(key);
    return fakeLane(key);
  });
  /** Creates lanes for the origins with these numbers, `last` excluded. */
  const meet = (last: number, first = 0): Lane[] =>
    Array.from({ length: last - first }, (_, index) => lanes.get(`https://${first + index}.test`));
  return { lanes, made, meet };
}

function keysOf(lanes: Lanes): string[] {
  return [...lanes.values()].map(({ key }) => key);
}

test("Lanes.get() makes one lane for each origin, and keeps the order of their first requests", () => {
  const { lanes, made } = setUp();
  const first = lanes.get("https://b.test");
  lanes.get("https://a.test");
  assertStrictEquals(lanes.get("https://b.test"), first);
  assertEquals(made, ["https://b.test", "https://a.test"]);
  assertEquals(keysOf(lanes), made);
});

test("Lanes.find() gives nothing for an unknown origin, and makes no lane for it", () => {
  const { lanes, made } = setUp();
  assertEquals(lanes.find("https://a.test/x"), undefined);
  assertEquals(made, []);
});

test("Lanes.find() gives the lane of every URL that begins with a known origin", () => {
  const { lanes } = setUp();
  for (const origin of ["https://a.test", "https://b.test:8443", "http://a.test"]) {
    lanes.origins.originOf(`${origin}/x`);
  }
  const a = lanes.find("https://a.test/1");
  assertStrictEquals(a, lanes.get("https://a.test"));
  assertStrictEquals(lanes.find("https://a.test/2?q=1#f"), a);
  const others = ["https://b.test:8443/", "http://a.test/1"].map((url) => lanes.find(url));
  assertEquals(others.map((lane) => lane?.key), ["https://b.test:8443", "http://a.test"]);
  // The origin that was found last must not be taken for another one.
  assertStrictEquals(lanes.find("https://a.test/1"), a);
});

test("Lanes.find() gives one lane for all known spellings of an origin", () => {
  const { lanes } = setUp();
  const urls = ["https://a.test/x", "https://A.TEST/x", "https://a.test:443/x"];
  for (const url of urls) lanes.origins.originOf(url);
  assertEquals(new Set(urls.map((url) => lanes.find(url)?.key)), new Set(["https://a.test"]));
  assertEquals(keysOf(lanes), ["https://a.test"]);
});

test("Lanes.find() gives nothing for a URL that only looks like a known origin", () => {
  const { lanes } = setUp();
  lanes.origins.originOf("https://a.test/x");
  assert(lanes.find("https://a.test/x"));
  for (
    const url of [
      "https://user:pw@a.test/x",
      "https://a.test@evil.test/x",
      "https://a.test.evil.test/x",
      "https://a.test:8443/x",
      "https://a.test:99999/x",
      "https://a.test\\@evil.test/x",
      "https:/a.test/x",
      "https:a.test/x",
      " https://a.test/x",
      "http://a.test/x",
      "//a.test/x",
      "/x",
      "",
    ]
  ) {
    assertEquals(lanes.find(url), undefined, url);
  }
});

test("Lanes.find() gives nothing for a URL with user info, also the second time", () => {
  const { lanes } = setUp();
  lanes.origins.originOf("https://user:pw@a.test/x");
  assertEquals(lanes.find("https://user:pw@a.test/x"), undefined);
  assertEquals(lanes.find("https://a.test/x"), undefined);
});

test("Lanes forgets quiet lanes above 1,024, and no others", () => {
  const { lanes, meet } = setUp();
  const [busy, quiet] = meet(1_024);
  busy!.inFlight = 1;
  assertEquals(keysOf(lanes).length, 1_024);

  lanes.get("https://new.test");
  assertEquals(keysOf(lanes), ["https://0.test", "https://new.test"]);
  assertStrictEquals(lanes.get("https://0.test"), busy);
  assertNotStrictEquals(lanes.get("https://1.test"), quiet);
});

test("Lanes.find() does not give a lane that was forgotten", () => {
  const { lanes, meet } = setUp();
  lanes.origins.originOf("https://0.test/x");
  const before = lanes.find("https://0.test/x");
  meet(1_024, 1);
  lanes.get("https://new.test");

  const after = lanes.find("https://0.test/x");
  assertNotStrictEquals(after, before);
  assertStrictEquals(after, lanes.get("https://0.test"));
});

test("Lanes keeps up to 8,192 lanes that know something of their origin, and then forgets the oldest", () => {
  const lanes = new Lanes((key) => Object.assign(fakeLane(key), { limit: 5 }));
  for (let index = 0; index < 8_192; index++) lanes.get(`https://${index}.test`);
  assertEquals(keysOf(lanes).length, 8_192);
  lanes.get("https://new.test");
  const keys = keysOf(lanes);
  assertEquals([keys.length, keys[0], keys.at(-1)], [8_192, "https://1.test", "https://new.test"]);
});

test("Lanes never forgets a lane that is in use, however many there are", () => {
  const made = new Map<string, number>();
  const lanes = new Lanes((key) => {
    made.set(key, (made.get(key) ?? 0) + 1);
    return Object.assign(fakeLane(key), { inFlight: 1 });
  });
  for (let index = 0; index < 10_000; index++) lanes.get(`https://${index}.test`);
  for (let index = 0; index < 10_000; index++) lanes.get(`https://${index}.test`);
  assertEquals([keysOf(lanes).length, Math.max(...made.values())], [10_000, 1]);
});

test("Lanes forgets the lanes that are not in use, and keeps those between them that are", () => {
  const lanes = new Lanes((key) => Object.assign(fakeLane(key), { limit: 5 }));
  const used = [0, 5_000, 8_191].map((index) => `https://${index}.test`);
  for (let index = 0; index < 20_000; index++) {
    const lane = lanes.get(`https://${index}.test`);
    if (used.includes(lane.key)) lane.inFlight = 1;
  }
  assertEquals(keysOf(lanes).length <= 8_192, true);
  assertEquals(keysOf(lanes).filter((key) => used.includes(key)), used);
});

test("Lanes.keep() gives a lane that is never forgotten, also when it is quiet", () => {
  const { lanes, meet } = setUp();
  const kept = lanes.keep("https://mirror.test");
  assertStrictEquals(lanes.get("https://mirror.test"), kept);
  assertStrictEquals(lanes.keep("https://mirror.test"), kept);
  meet(20_000);
  assertStrictEquals(lanes.get("https://mirror.test"), kept);
});

test("Lanes forgets the outage of an origin with its lane, so that the time of retries does not stand still", () => {
  const clock = new ManualClock();
  const scheduler = schedulerOn(clock);
  const lanes = new Lanes((key) => {
    const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 1_000, clock });
    const lane = new Lane({ key, breaker, bucket: undefined });
    scheduler.adopt(lane);
    return lane;
  });
  for (let index = 0; index < 8_192; index++) {
    const { breaker } = lanes.get(`https://${index}.test`);
    breaker!.settle(breaker!.enter(), "failure");
  }
  assertEquals(scheduler.workingTime.outages, 8_192);
  clock.jump(1_000);
  lanes.get("https://new.test");
  assertEquals([keysOf(lanes).length, scheduler.workingTime.outages], [8_192, 8_191]);
});
