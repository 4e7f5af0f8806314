import { assertEquals, assertThrows } from "@std/assert";
import type { CdnRequest } from "../../../src/middleware/faults/cdn_request.ts";
import type { FaultRule } from "../../../src/middleware/faults/fault.ts";
import { FaultRules } from "../../../src/middleware/faults/fault_rules.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import { test } from "../../support/test.ts";

const ACTION = "create simulated CDN";

const noChance = () => {
  throw new Error("drawn");
};

function request(changes: Partial<CdnRequest> = {}): CdnRequest {
  return {
    mirror: "near",
    method: "GET",
    url: "/a.json",
    path: "/a.json",
    headers: {},
    body: "",
    atMs: 0,
    nth: 1,
    ...changes,
  };
}

/** Returns for each request whether a rule strikes it. */
function struck(rule: FaultRule, requests: readonly Partial<CdnRequest>[]): boolean[] {
  const rules = new FaultRules([rule], ["near", "far"], ACTION);
  return requests.map((changes, index) => rules.find(request(changes), index + 1, noChance) !== undefined);
}

test("FaultRules.find() returns the first rule that matches", () => {
  const rules = new FaultRules(
    [{ kind: "reset", match: "/other" }, { kind: "refuse" }, { kind: "drip" }],
    ["near"],
    "create simulated CDN",
  );

  assertEquals(rules.find(request(), 1, noChance)?.kind, "refuse");
  assertEquals(new FaultRules([], ["near"], ACTION).find(request(), 1, noChance), undefined);
});

test("FaultRules.find() matches the URL by text, pattern and function", () => {
  const urls = [{ url: "/a" }, { url: "/a?b" }, { url: "/b/a" }];

  assertEquals(struck({ kind: "reset", match: "/a" }, urls), [true, false, false]);
  assertEquals(struck({ kind: "reset", match: /^\/a/g }, urls), [true, true, false]);
  assertEquals(struck({ kind: "reset", match: ({ url }) => url.endsWith("b") }, urls), [false, true, false]);
});

test("FaultRules.find() heeds the mirror and the number of the request", () => {
  assertEquals(struck({ kind: "reset", mirror: "far" }, [{}, { mirror: "far" }]), [false, true]);
  const numbers = [{ nth: 1 }, { nth: 2 }, { nth: 3 }];
  assertEquals(struck({ kind: "reset", nth: 2 }, numbers), [false, true, false]);
  assertEquals(struck({ kind: "reset", nth: [1, 3] }, numbers), [true, false, true]);
});

test("FaultRules.find() lets a mirror fail and recover, by requests and by time", () => {
  assertEquals(
    struck({ kind: "refuse", afterRequests: 1, untilRequests: 3 }, [{}, {}, {}, {}]),
    [false, true, true, false],
  );
  assertEquals(
    struck({ kind: "refuse", fromMs: 10, untilMs: 20 }, [9.9, 10, 19.9, 20].map((atMs) => ({ atMs }))),
    [false, true, true, false],
  );
});

test("FaultRules.find() strikes no more often than `times` says, until it is reset", () => {
  const rules = new FaultRules([{ kind: "reset", times: 2 }], ["near"], ACTION);
  const strike = () => rules.find(request(), 1, noChance)?.kind;

  assertEquals([strike(), strike(), strike()], ["reset", "reset", undefined]);
  rules.reset();
  assertEquals(strike(), "reset");
});

test("FaultRules.find() strikes with the given probability", () => {
  const rules = new FaultRules(
    [{ kind: "status", status: 503, probability: 0.1 }],
    ["near"],
    "create simulated CDN",
  );
  const random = seededRandom(3);
  let strikes = 0;
  for (let index = 0; index < 10_000; index++) {
    if (rules.find(request(), 1, random) !== undefined) strikes++;
  }

  // The seed is fixed. 1,000 strikes are expected, with a standard deviation of 30.
  assertEquals(Math.abs(strikes - 1_000) < 100, true, `${strikes} strikes`);
});

test("FaultRules.find() draws equally often whether a rule matches or not", () => {
  const rules = new FaultRules(
    [{ kind: "reset", match: "/a", probability: 1 }, { kind: "refuse", probability: 0.5, times: 1 }],
    ["near"],
    "create simulated CDN",
  );
  let draws = 0;
  const random = () => {
    draws++;
    return 0.2;
  };
  for (const url of ["/a", "/b", "/b"]) rules.find(request({ url }), 1, random);

  assertEquals(draws, 6);
});

test("FaultRules says whether its rules need request numbers and random draws", () => {
  const needs = (rule: FaultRule) => {
    const { needNth, needRandom } = new FaultRules([rule], ["near"], ACTION);
    return [needNth, needRandom];
  };

  assertEquals(needs({ kind: "reset" }), [false, false]);
  assertEquals(needs({ kind: "reset", nth: 1 }), [true, false]);
  assertEquals(needs({ kind: "reset", probability: 0 }), [false, true]);
  assertEquals(needs({ kind: "slow", latency: { minMs: 1, maxMs: 2 } }), [false, true]);
});

test("FaultRules refuses a mirror that is no string, where a mirror may have any name", () => {
  assertThrows(
    () => new FaultRules([{ kind: "reset", mirror: 5 as never }], undefined, ACTION),
    TypeError,
    "'faults[0].mirror' must be a string: received 5",
  );
});

test("FaultRules throws a TypeError for a number in the place of something else", () => {
  for (const rules of [5, [5], [{ kind: 5 }], [{ kind: "reset", match: 5 }], [{ kind: "cut", framing: 5 }]]) {
    assertThrows(() => new FaultRules(rules as never, ["near"], ACTION), TypeError, "received 5");
  }
});

test("FaultRules refuses senseless rules, and names the place", () => {
  const refuse = (rule: unknown, message: string) =>
    assertThrows(
      () => new FaultRules([{ kind: "reset" }, rule as FaultRule], ["near"], ACTION),
      Error,
      message,
    );

  refuse(null, "Cannot create simulated CDN as 'faults[1]' must be an object: received null");
  refuse({ kind: "explode" }, "'faults[1].kind' must be one of status, retryAfter");
  refuse({ kind: "reset", mirror: "x" }, "'faults[1].mirror' must be one of near: received \"x\"");
  refuse(
    { kind: "reset", match: 5 },
    "'faults[1].match' must be a string, a regular expression or a function",
  );
  // A promise would be true for every request.
  refuse(
    { kind: "reset", match: async () => await true },
    "'faults[1].match' must be a string, a regular expression or",
  );
  refuse({ kind: "reset", nth: 0 }, "'faults[1].nth' must be a positive integer: received 0");
  refuse({ kind: "reset", nth: [1, -1] }, "'faults[1].nth'");
  refuse(
    { kind: "reset", probability: 2 },
    "'faults[1].probability' must be a number from 0 to 1: received 2",
  );
  refuse({ kind: "reset", fromMs: -1 }, "'faults[1].fromMs'");
  refuse({ kind: "reset", times: NaN }, "'faults[1].times'");
  refuse({ kind: "status" }, "'faults[1].status' must be an integer from 200 to 599: received undefined");
  refuse({ kind: "status", status: 503, body: 5 }, "'faults[1].body' must be a string: received 5");
  refuse({ kind: "status", status: 503, headers: "a: b" }, "'faults[1].headers' must be an object of names");
  refuse(
    { kind: "status", status: 503, headers: { "a b": "c" } },
    "Cannot send the response of 'faults[1]' as a",
  );
  refuse({ kind: "retryAfter", delayMs: 1, status: 199 }, "'faults[1].status'");
  refuse({ kind: "status", status: 600 }, "'faults[1].status'");
  refuse({ kind: "retryAfter" }, "'faults[1].delayMs'");
  refuse({ kind: "cut", afterBytes: -1 }, "'faults[1].afterBytes'");
  refuse({ kind: "drip", bytesPerSecond: 0 }, "'faults[1].bytesPerSecond' must be a positive number");
  refuse({ kind: "slow", latency: -1 }, "'latency'");
  // A misspelt option would make the rule strike every request.
  refuse({ kind: "reset", probabilty: 0.01 }, "'faults[1].probabilty' is not an option: did you mean");
  refuse({ kind: "status", status: 503, delayMs: 5 }, "'faults[1].delayMs' is not an option");
  refuse({ kind: "cut", phase: "headers" }, "'faults[1].phase' is not an option");
  refuse({ kind: "stall", phase: "header" }, "'faults[1].phase' must be one of headers, body");
  refuse({ kind: "cut", framing: "half" }, "'faults[1].framing' must be one of length, chunked, close");
  refuse({ kind: "wrongContent", content: "xml" }, "'faults[1].content' must be one of html, json");
  refuse({ kind: "retryAfter", delayMs: 1, form: "ms" }, "'faults[1].form' must be one of seconds, date");
  assertThrows(
    () => new FaultRules({} as FaultRule[], [], ACTION),
    TypeError,
    "'faults' must be an array",
  );
});
