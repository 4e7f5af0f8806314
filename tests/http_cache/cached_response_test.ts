import { assertEquals } from "@std/assert";
import { redirectsTo, toCachedResponse } from "../../src/http_cache/cached_response.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Hop } from "../../src/policies/journey.ts";
import { Reply } from "../../src/policies/reply.ts";
import { test } from "../support/test.ts";
import { callWith, PARTS_URL } from "./parts.ts";

const [B, C] = ["https://b.test/b", "https://c.test/c"];

function hop(from: string, to: string): Hop {
  const times = { sentAtMs: 1, answeredAtMs: 2 };
  return {
    from: { url: from, method: "GET" },
    to: { url: to, method: "GET" },
    status: 301,
    headers: new Headers(),
    ...times,
  };
}

function callAfter(hops: Hop[] | undefined): Call {
  const call = callWith();
  call.journey.exchange = { keepsBody: true, sentAtMs: 3, answeredAtMs: 4, hops };
  return call;
}

test("toCachedResponse() uses the times that were recorded, or the present", () => {
  const reply = new Reply({ status: 203, headers: new Headers(), url: PARTS_URL }, { from: "network" });
  const response = toCachedResponse(callAfter(undefined), reply, 9);
  assertEquals([response.requestedAtMs, response.storedAtMs, response.status, response.url], [
    3,
    4,
    203,
    PARTS_URL,
  ]);
  assertEquals(response.redirects, []);
  const unnoted = toCachedResponse(callWith(), reply, 9);
  assertEquals([unnoted.requestedAtMs, unnoted.storedAtMs], [9, 9]);
});

test("redirectsTo() returns the redirects from the requested URL to the one that has answered", () => {
  const [one, two] = [hop(PARTS_URL, B), hop(B, C)];
  const cases: readonly (readonly [string, Hop[] | undefined, readonly Hop[] | undefined])[] = [
    [PARTS_URL, undefined, []],
    [`${PARTS_URL}#part`, undefined, []],
    ["", undefined, []],
    [B, undefined, undefined],
    [B, [one], [one]],
    [`${B}#part`, [one], [one]],
    ["", [one], [one]],
    [C, [one, two], [one, two]],
    // The redirects have led back to where they began.
    [PARTS_URL, [one, hop(B, PARTS_URL)], []],
    // Several requests were sent, or another URL than the requested one.
    [C, [one], undefined],
    [B, [one, two], undefined],
    [C, [two], undefined],
    ["", [two], undefined],
    [B, [one, one], undefined],
  ];
  for (const [url, hops, redirects] of cases) {
    assertEquals(redirectsTo({ url }, callAfter(hops)), redirects, `${url} ${hops?.length}`);
  }
  assertEquals(redirectsTo({ url: B }, callWith()), undefined);
});
