import { assertEquals, assertStrictEquals } from "@std/assert";
import { type CacheContext, createCachePlan, isCachePlan, policyOf } from "../../src/policies/cache_plan.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { test } from "../support/test.ts";

const ENVIRONMENT = {} as Environment;
const CONTEXT: CacheContext = { offline: false, headers: {}, sensitive: new Set(), mirrors: [] };

test("policyOf() makes a plan create a policy for each client, from its environment and context", () => {
  const seen: unknown[][] = [];
  const plan = createCachePlan("httpCache", (...args) => {
    seen.push(args);
    return (next) => next;
  });
  const policies = [1, 2].map(() => policyOf(plan, ENVIRONMENT, CONTEXT));
  assertEquals([seen.length, policies[0] === policies[1]], [2, false]);
  assertStrictEquals(seen[0]![0], ENVIRONMENT);
  assertStrictEquals(seen[0]![1], CONTEXT);
});

test("isCachePlan() accepts the result of createCachePlan(), also from another copy of the module", () => {
  const makePolicy = () => (next: never) => next;
  const copied = { name: "ttlCache", [Symbol.for("@slipstream/fetch/cache-plan")]: makePolicy };
  assertEquals([createCachePlan("ttlCache", () => (next) => next), copied].map(isCachePlan), [true, true]);
});

test("isCachePlan() accepts nothing else", () => {
  const values = [undefined, null, false, 5, "ttlCache", {}, [], () => {}, { name: "ttlCache" }];
  for (const value of values) assertEquals(isCachePlan(value), false);
});
