import { assertEquals, assertThrows } from "@std/assert";
import { memoryCache } from "../../../src/cache/memory.ts";
import type { CacheFault } from "../../../src/cache/cache.ts";
import { Faults, joined } from "../../../src/cache/tiered/faults.ts";
import { test } from "../../support/test.ts";

const tier = memoryCache();
const error = new Error("broken");

test("Faults.add() tells the listener which tier failed at what, and survives a listener that throws", () => {
  const told: CacheFault[] = [];
  const faults = new Faults("set", (fault) => {
    told.push(fault);
    throw new Error("the listener's own");
  });
  faults.add(tier, error);
  faults.add(tier, error, "delete");
  assertEquals(told, [
    { adapter: "memory", operation: "set", error },
    { adapter: "memory", operation: "delete", error },
  ]);
  faults.throwIfMany(2);
});

test("Faults.throwIfMany() throws if there is no listener and enough faults", () => {
  const faults = new Faults("get", undefined);
  faults.add(tier, error);
  faults.throwIfMany(2);
  assertThrows(() => faults.throwIfMany(1), Error, "broken");
  faults.add(tier, error);
  assertThrows(() => faults.throwIfMany(2), AggregateError, "Several tiers of the cache have failed");
});

test("joined() returns a single error as it is, and several as one", () => {
  assertEquals([joined([error]) === error, (joined([error, 1]) as AggregateError).errors], [true, [
    error,
    1,
  ]]);
});
