import { assertEquals } from "@std/assert";
import { readCountedHeaders, readLimitHeaders } from "../../src/http/limit_headers.ts";
import type { LimitReading } from "../../src/http/limit_reading.ts";
import { test } from "../support/test.ts";

const WALL_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

function read(headers: Record<string, string>): LimitReading[] {
  // An absent member is as good as undefined.
  return readLimitHeaders(new Headers(headers), WALL_MS).map((reading) =>
    Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined))
  );
}

test("readLimitHeaders() reads RateLimit with its policies, of which there may be several", () => {
  assertEquals(
    read({
      "ratelimit-policy": '"burst";q=100;w=60, "daily";q=1000;w=86400;pk=:dXNlcg==:',
      "ratelimit": '"burst";r=50;t=30, "daily";r=999',
    }),
    [
      { name: "ratelimit burst", limit: 100, windowMs: 60_000, remaining: 50, resetMs: 30_000 },
      { name: "ratelimit daily", limit: 1_000, windowMs: 86_400_000, remaining: 999, resetMs: 86_400_000 },
    ],
  );
});

test("readLimitHeaders() reads a policy without a state as a window", () => {
  assertEquals(read({ "ratelimit-policy": '"default";q=100;w=10' }), [
    { name: "ratelimit default", limit: 100, windowMs: 10_000 },
  ]);
});

test("readLimitHeaders() finds the policy of a quota also if its kind comes before its name", () => {
  const policy = '"fixed window";"api";q=500;w=300';
  assertEquals(read({ "ratelimit-policy": policy, "ratelimit": '"api";r=489;t=189' }), [
    { name: "ratelimit api", limit: 500, windowMs: 300_000, remaining: 489, resetMs: 189_000 },
  ]);
  assertEquals(read({ "ratelimit-policy": `"burst";q=9;w=1, ${policy}` }), [
    { name: "ratelimit burst", limit: 9, windowMs: 1_000 },
    { name: "ratelimit api", limit: 500, windowMs: 300_000 },
  ]);
});

test("readLimitHeaders() reads names with special characters, and passes over values that are no number", () => {
  assertEquals(read({ "ratelimit": '"a,b;r=1";r=2;t=3' }), [
    { name: "ratelimit a,b;r=1", remaining: 2, resetMs: 3_000 },
  ]);
  assertEquals(read({ "ratelimit": '"x";r=many;t=soon' }), [{ name: "ratelimit x" }]);
  assertEquals(read({ "ratelimit": "nonsense=" }), [{ name: "ratelimit nonsense" }]);
  assertEquals(read({ "ratelimit": '";;;,"' }).every(({ remaining }) => remaining === undefined), true);
});

test("readLimitHeaders() reads the dictionary of an earlier draft", () => {
  assertEquals(read({ "ratelimit": "limit=100, remaining=0, reset=30" }), [
    { name: "ratelimit", limit: 100, remaining: 0, resetMs: 30_000 },
  ]);
});

test("readLimitHeaders() reads three fields, with a distance, a Unix time or a date", () => {
  const cases: readonly [Record<string, string>, LimitReading][] = [
    [
      { "ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "4", "ratelimit-reset": "2" },
      { name: "ratelimit-", limit: 10, remaining: 4, resetMs: 2_000 },
    ],
    [
      {
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": `${WALL_MS / 1_000 + 9}`,
      },
      { name: "x-ratelimit-", limit: 60, remaining: 0, resetMs: 9_000 },
    ],
    [
      { "x-rate-limit-remaining": "7", "x-rate-limit-reset": `${WALL_MS + 500}` },
      { name: "x-rate-limit-", remaining: 7, resetMs: 500 },
    ],
    [
      {
        "x-rate-limit-limit": "1m",
        "x-rate-limit-remaining": "7",
        "x-rate-limit-reset": new Date(WALL_MS + 8_000).toISOString(),
      },
      { name: "x-rate-limit-", remaining: 7, resetMs: 8_000 },
    ],
    [
      { "x-ratelimit-remaining": "7", "x-ratelimit-reset": new Date(WALL_MS + 8_000).toUTCString() },
      { name: "x-ratelimit-", remaining: 7, resetMs: 8_000 },
    ],
    [
      {
        "x-ratelimit-remaining": "7",
        "x-ratelimit-reset-after": "1.5",
        "x-ratelimit-reset": `${WALL_MS / 1_000}`,
      },
      { name: "x-ratelimit-", remaining: 7, resetMs: 1_500 },
    ],
  ];
  for (const [headers, expected] of cases) assertEquals(read(headers), [expected]);
});

test("readLimitHeaders() needs both the remaining requests and a time", () => {
  for (
    const headers of [
      {},
      { "x-ratelimit-limit": "10" },
      { "x-ratelimit-remaining": "0" },
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "6m0s" },
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-01-01T12:00:00" },
      { "x-ratelimit-remaining": "few", "x-ratelimit-reset": "1" },
      { "x-ratelimit-remaining": "0", "ratelimit-reset": "1" },
    ]
  ) assertEquals(read(headers), [], JSON.stringify(headers));
});

test("readLimitHeaders() uses the server's clock for a Unix time, if that differs", () => {
  const atMs = WALL_MS - 7_200_000;
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${atMs / 1_000 + 30}` };
  assertEquals(read(headers)[0]?.resetMs, 0);
  assertEquals(read({ ...headers, date: new Date(atMs).toUTCString() })[0]?.resetMs, 30_000);
  const near = { ...headers, "x-ratelimit-reset": `${WALL_MS / 1_000 + 30}` };
  assertEquals(read({ ...near, date: new Date(WALL_MS - 1_000).toUTCString() })[0]?.resetMs, 30_000);
});

test("readCountedHeaders() reads pairs of a count and seconds, with their counts", () => {
  const headers = new Headers({
    "x-app-rate-limit": "20:1,100:120",
    "x-app-rate-limit-count": "3:120, 1:1",
    "x-method-rate-limit": "60:0.5, broken, 5:, :5, 1e3:1",
  });
  assertEquals(
    readCountedHeaders(headers, [
      { limits: "x-app-rate-limit", counts: "x-app-rate-limit-count", per: "origin" },
      { limits: "x-method-rate-limit" },
      { limits: "x-other", counts: "x-other-count" },
    ]),
    [
      { name: "x-app-rate-limit", limit: 20, windowMs: 1_000, used: 1, per: "origin" },
      { name: "x-app-rate-limit", limit: 100, windowMs: 120_000, used: 3, per: "origin" },
      { name: "x-method-rate-limit", limit: 60, windowMs: 500, used: undefined, per: undefined },
    ],
  );
});

test("readLimitHeaders() takes `remaining` with parameters for the name of a policy", () => {
  assertEquals(read({ ratelimit: '"remaining";r=3;t=5' }), [
    { name: "ratelimit remaining", remaining: 3, resetMs: 5_000 },
  ]);
});
