import { assertEquals } from "@std/assert";
import {
  clientEntries,
  isAdaptiveLimit,
  rulesOf,
  sharedEntries,
} from "../../src/client/client_option_rules.ts";
import type { Rule } from "../../src/client/option_rules.ts";
import { CLIENT_WIDE } from "../../src/client/settings.ts";
import { AdaptiveLimit, Semaphore } from "../../src/primitives/mod.ts";
import { test } from "../support/test.ts";

function faultOf(rule: Rule, value: unknown): string | undefined {
  return rule(value)?.message;
}

test("rulesOf() gives each setting its rule", () => {
  const rules = rulesOf(["timeoutMs", "as"]);
  assertEquals(Object.keys(rules), ["timeoutMs", "as"]);
  assertEquals(faultOf(rules.timeoutMs!, 5), undefined);
  assertEquals(faultOf(rules.timeoutMs!, 0), "must be a positive number of milliseconds, or Infinity");
  assertEquals(faultOf(rules.as!, "xml"), "must be 'json', 'text' or 'bytes'");
});

test("sharedEntries are the options besides settings that clients and requests both have", () => {
  assertEquals(Object.keys(sharedEntries), ["signal", "headers"]);
  assertEquals(faultOf(sharedEntries.signal!, {}), "must be an AbortSignal");
  assertEquals(faultOf(sharedEntries.signal!, new AbortController().signal), undefined);
  assertEquals(faultOf(sharedEntries.headers!, "accept: text"), "must be a record of strings, or Headers");
});

test("clientEntries have all client-wide settings, and a rule for each option", () => {
  for (const name of [...CLIENT_WIDE, ...Object.keys(sharedEntries)]) {
    assertEquals(Object.hasOwn(clientEntries, name), true, name);
  }
  for (const [name, rule] of Object.entries(clientEntries)) {
    assertEquals(rule.isRequired, undefined, name);
    assertEquals(typeof faultOf(rule, Symbol("nothing")), "string", name);
  }
});

test("clientEntries suggest a member for an unknown one of an option", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["rateLimit", { limit: 5, intervalMs: 1_000, brust: 3 }, "burst"],
    ["rateLimit", { limit: 5, intervalMs: 1_000, interval: 3 }, "intervalMs"],
    ["rateLimit", { limit: 5, interval: 1_000 }, "intervalMs"],
    ["rateLimit", [{ limit: 5, intervalMs: 1_000 }, { limits: 5 }], "limit"],
    ["learnLimits", { limit: "x-limit" }, "limits"],
    ["baseUrls", [{ uri: "https://a.test" }], "url"],
    ["backoff", { jiter: "full" }, "jitter"],
    ["retryBudget", { ratios: 1 }, "ratio"],
    ["circuitBreaker", { treshold: 3 }, "threshold"],
    ["circuitBreaker", { cooldown: 3 }, "cooldownMs"],
    ["circuitBreaker", { failureThreshold: 3 }, "threshold"],
    ["circuitBreaker", { resetTimeout: 3 }, "cooldownMs"],
    ["perOrigin", { concurency: 5 }, "concurrency"],
    ["baseUrls", [{ url: "https://a.test", header: {} }], "headers"],
  ];
  for (const [name, value, meant] of cases) {
    assertEquals(faultOf(clientEntries[name]!, value), `is not an option: did you mean '${meant}'?`, name);
  }
});

test("isAdaptiveLimit() recognizes an adaptive limit by its members, and nothing else", () => {
  const limit = new AdaptiveLimit();
  const others = [undefined, null, 5, {}, new Semaphore(5), { record() {}, tryAcquire() {} }];
  assertEquals(isAdaptiveLimit(limit), true);
  for (const other of others) assertEquals(isAdaptiveLimit(other), false);
});

test("clientEntries refuse an async function for each option whose result counts at once", () => {
  const asynchronous = () => Promise.resolve(true);
  const refused = async (): Promise<boolean> => await asynchronous();
  const names = ["retryOn", "random", "limitKey", "rateLimit", "learnLimits"];
  const rules = names.map((name): [string, Rule] => [name, clientEntries[name]!]);
  const isFailure: Rule = (value) => clientEntries.circuitBreaker!({ isFailure: value });
  const path: Rule = (value) => clientEntries.baseUrls!([{ url: "http://a.test", path: value }]);
  for (const [name, rule] of [...rules, ["isFailure", isFailure], ["path", path]] as const) {
    assertEquals([name, faultOf(rule, refused) === undefined], [name, false]);
    assertEquals([name, faultOf(rule, () => undefined)], [name, undefined]);
  }
});

test("clientEntries refuse a bucket with an async method, which would always seem to give a token", () => {
  const notify = (): Disposable => ({ [Symbol.dispose]() {} });
  const prompt = (): boolean => true;
  const late = async (): Promise<boolean> => await Promise.resolve(true);
  const { rateLimit } = clientEntries;
  assertEquals(faultOf(rateLimit!, { tryTake: prompt, canTake: prompt, notify }), undefined);
  const message = "must be a bucket whose 'tryTake' and 'canTake' are not async";
  assertEquals(faultOf(rateLimit!, { tryTake: late, notify }), message);
  assertEquals(faultOf(rateLimit!, { tryTake: prompt, canTake: late, notify }), message);
});
