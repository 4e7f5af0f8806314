import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CdnRecorder } from "../../src/testing/cdn_log.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { FaultRules } from "../../src/middleware/faults/fault_rules.ts";
import { type Latency, latencySampler } from "../../src/middleware/faults/latency.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { resourceLookup } from "../../src/testing/resource.ts";
import { SimulatedMirror } from "../../src/testing/simulated_mirror.ts";
import { test } from "../support/test.ts";

interface Settings {
  readonly seed?: number;
  readonly log?: "full" | "counts";
  readonly latency?: Latency;
  readonly faults?: readonly FaultRule[];
  readonly name?: string;
}

function newMirror(settings: Settings = {}): SimulatedMirror {
  const { seed = 1, log = "full", latency = 0, faults = [], name = "near" } = settings;
  return new SimulatedMirror(name, undefined, {
    latency: latencySampler(latency, "test"),
    bytesPerSecond: Infinity,
  }, {
    clock: new ManualClock(),
    startedAt: 0,
    open: new Set(),
    seed,
    log,
    lookup: resourceLookup(() => "x"),
    rules: new FaultRules(faults, ["near", "far"], "test"),
    recorder: new CdnRecorder(log),
  });
}

function receive(mirror: SimulatedMirror, url: string) {
  return mirror.receive({ method: "GET", url, headers: () => ({ a: "b" }), body: "" });
}

const LATENCY = { medianMs: 50, p99Ms: 500 };

test("SimulatedMirror.receive() draws the same for the same request, whatever others come before", () => {
  const first = newMirror({ latency: LATENCY });
  const second = newMirror({ latency: LATENCY });
  const urls = Array.from({ length: 50 }, (_, index) => `/${index}`);
  const forward = urls.map((url) => receive(first, url).entry.latencyMs);
  const backward = urls.toReversed().map((url) => receive(second, url).entry.latencyMs).reverse();

  assertEquals(forward, backward);
  assertEquals(new Set(forward).size, 50);
});

test("SimulatedMirror.receive() draws anew for another seed, another mirror and the next request of a URL", () => {
  const draw = (settings: Settings) =>
    receive(newMirror({ latency: LATENCY, ...settings }), "/").entry.latencyMs;
  const mirror = newMirror({ latency: LATENCY });

  assertNotEquals(draw({}), draw({ seed: 2 }));
  assertNotEquals(draw({}), draw({ name: "far" }));
  assertNotEquals(receive(mirror, "/").entry.latencyMs, receive(mirror, "/").entry.latencyMs);
});

test("SimulatedMirror.receive() draws by the order of requests when it keeps only counts", () => {
  const draws = () => {
    const mirror = newMirror({ latency: LATENCY, log: "counts" });
    return Array.from({ length: 5 }, (_, index) => receive(mirror, `/${index}`).entry.latencyMs);
  };

  assertEquals(draws(), draws());
  assertEquals(new Set(draws()).size, 5);
});

test("SimulatedMirror.receive() numbers the requests of each URL, if a rule or the log needs the numbers", () => {
  const numbers = (mirror: SimulatedMirror) =>
    ["/a", "/b", "/a"].map((url) => receive(mirror, url).entry.nth);

  assertEquals(numbers(newMirror()), [1, 1, 2]);
  assertEquals(numbers(newMirror({ log: "counts" })), [0, 0, 0]);
  assertEquals(numbers(newMirror({ log: "counts", faults: [{ kind: "reset", nth: 9 }] })), [1, 1, 2]);
});

test("SimulatedMirror.receive() adds the latency of a slow fault", () => {
  const mirror = newMirror({ latency: 10, faults: [{ kind: "slow", latency: { minMs: 100, maxMs: 200 } }] });
  const { entry } = receive(mirror, "/");

  assertEquals(entry.fault, "slow");
  assert(entry.latencyMs >= 110 && entry.latencyMs < 210);
});

test("SimulatedMirror.receive() copies the headers at once, or reads them when asked", () => {
  const header = { a: "1" };
  const incoming = { method: "GET", url: "/p?q", headers: () => ({ ...header }), body: "" };
  const full = newMirror().receive(incoming);
  const counts = newMirror({ log: "counts" }).receive(incoming);
  header.a = "2";

  assertEquals([full.entry.headers, counts.entry.headers], [{ a: "1" }, { a: "2" }]);
  assertEquals([full.entry.path, counts.entry.path], ["/p", "/p"]);
});

test("SimulatedMirror.reset() restarts numbers and random draws", () => {
  const mirror = newMirror({ latency: LATENCY, faults: [{ kind: "refuse", afterRequests: 1 }] });
  const round = () =>
    ["/a", "/a"].map((url) => {
      const { entry } = receive(mirror, url);
      return [entry.nth, entry.latencyMs, entry.fault];
    });
  const first = round();
  mirror.reset();

  assertEquals(round(), first);
  assertEquals(first.map(([, , fault]) => fault), [undefined, "refuse"]);
});
