import { assertEquals } from "@std/assert";
import { distanceMs, rateLimitResetMs, statesLimits } from "../../src/http/rate_limit_headers.ts";
import { test } from "../support/test.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const NOW_S = NOW / 1_000;

function resetMs(headers: Record<string, string>): number | undefined {
  return rateLimitResetMs(new Headers(headers), NOW);
}

test("S4: rateLimitResetMs() reads RateLimit as a structured field", () => {
  assertEquals(resetMs({ ratelimit: '"default";r=0;t=30' }), 30_000);
  assertEquals(resetMs({ ratelimit: "default;r=0;t=30" }), 30_000);
  assertEquals(resetMs({ ratelimit: '"default"; t=30; r=0' }), 30_000);
  assertEquals(resetMs({ ratelimit: '"default";r=0;t=0' }), 0);
  assertEquals(resetMs({ ratelimit: '"default";r=0;t=5;pk=:aGVsbG8=:' }), 5_000);
});

test("S4: rateLimitResetMs() is undefined while a quota is left", () => {
  assertEquals(resetMs({ ratelimit: '"default";r=1;t=30' }), undefined);
  assertEquals(resetMs({ ratelimit: '"a";r=5;t=30, "b";r=1;t=60' }), undefined);
});

test("S4: rateLimitResetMs() waits for the longest of the quotas that are used up", () => {
  assertEquals(resetMs({ ratelimit: '"a";r=0;t=10, "b";r=0;t=60, "c";r=9;t=3600' }), 60_000);
  assertEquals(resetMs({ ratelimit: '"b";r=0;t=60,"a";r=0;t=10' }), 60_000);
});

test("S4: rateLimitResetMs() takes the policy's window when a used-up quota names no time", () => {
  const policy = '"hour";q=1000;w=3600, "minute";q=100;w=60';
  assertEquals(resetMs({ ratelimit: '"minute";r=0', "ratelimit-policy": policy }), 60_000);
  assertEquals(resetMs({ ratelimit: "minute;r=0", "ratelimit-policy": policy }), 60_000);
  assertEquals(resetMs({ ratelimit: '"minute";r=0;t=7', "ratelimit-policy": policy }), 7_000);
  assertEquals(resetMs({ ratelimit: '"day";r=0', "ratelimit-policy": policy }), undefined);
  assertEquals(resetMs({ ratelimit: '"minute";r=0' }), undefined);
  assertEquals(resetMs({ "ratelimit-policy": policy }), undefined);
});

test("rateLimitResetMs() copes with delimiters and escapes in quoted names", () => {
  const name = '"a,b;r=0;t=9\\"\\\\,c"';
  assertEquals(resetMs({ ratelimit: `${name};r=5;t=30` }), undefined);
  assertEquals(resetMs({ ratelimit: `${name};r=0;t=30` }), 30_000);
  assertEquals(resetMs({ ratelimit: `${name};r=0`, "ratelimit-policy": `${name};q=1;w=12` }), 12_000);
  assertEquals(resetMs({ ratelimit: '"a=b";r=0;t=3' }), 3_000);
});

test("rateLimitResetMs() tells a quota from a member of the old form with the same name", () => {
  assertEquals(resetMs({ ratelimit: '"reset";r=0;t=30' }), 30_000);
  assertEquals(resetMs({ ratelimit: '"remaining";r=0;t=5, "reset";r=0;t=30' }), 30_000);
});

test("rateLimitResetMs() reads integers as structured fields write them (RFC 9651 §3.3.1)", () => {
  assertEquals(resetMs({ ratelimit: '"a";r=00;t=030' }), 30_000);
});

test("S4: rateLimitResetMs() reads the dictionary form of RateLimit", () => {
  assertEquals(resetMs({ ratelimit: "limit=100, remaining=0, reset=12" }), 12_000);
  assertEquals(resetMs({ ratelimit: "reset=12,remaining=0,limit=100;w=60" }), 12_000);
  assertEquals(resetMs({ ratelimit: "limit=100, reset=12" }), 12_000);
  assertEquals(resetMs({ ratelimit: "limit=100, remaining=5, reset=12" }), undefined);
  assertEquals(resetMs({ ratelimit: "limit=100, remaining=0, reset=0" }), 0);
});

test("S4: rateLimitResetMs() is undefined for a malformed RateLimit", () => {
  const garbage = [
    ...[
      "",
      ",",
      ";",
      '"',
      '"a;r=0;t=5',
      '"a";r=0;t=-5',
      '"a";r=0;t=soon',
      '"a";r=0;t',
      '"a";r;t=5',
      '"a";r="0";t=5',
    ],
    ...["limit=100, remaining=0, reset=-1", "reset=", "reset=soon", "0", '"a";R=0;T=5', '"a";r=-1;t=5'],
  ];
  for (const ratelimit of garbage) assertEquals(resetMs({ ratelimit }), undefined, ratelimit);
});

test("S4: rateLimitResetMs() reads every name of the reset headers", () => {
  const names = [
    ...["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset", "X-RateLimit-Reset-After"],
    ...["X-RateLimit-Retry-After", "X-Rate-Limit-Retry-After-Seconds"],
  ];
  for (const name of names) assertEquals(resetMs({ [name]: "8" }), 8_000, name);
});

test("S4: rateLimitResetMs() tells seconds from now, seconds since 1970 and milliseconds since 1970", () => {
  for (const name of ["ratelimit-reset", "x-ratelimit-reset"]) {
    assertEquals(resetMs({ [name]: "30" }), 30_000);
    assertEquals(resetMs({ [name]: "0" }), 0);
    assertEquals(resetMs({ [name]: String(NOW_S + 30) }), 30_000);
    assertEquals(resetMs({ [name]: String(NOW + 30_000) }), 30_000);
    assertEquals(resetMs({ [name]: `${NOW_S + 30}.5` }), 30_500);
    assertEquals(resetMs({ [name]: "1.5" }), 1_500);
  }
});

test("S4: rateLimitResetMs() takes a past time as now", () => {
  assertEquals(resetMs({ "x-ratelimit-reset": String(NOW_S - 30) }), 0);
  assertEquals(resetMs({ "x-ratelimit-reset": String(NOW_S) }), 0);
  assertEquals(resetMs({ "x-ratelimit-reset": String(NOW - 30_000) }), 0);
});

test("S4: rateLimitResetMs() never takes a year in seconds for a Unix time", () => {
  assertEquals(resetMs({ "ratelimit-reset": String(366 * 86_400) }), 366 * 86_400_000);
});

test("distanceMs() takes a number of decades for a Unix time, in seconds or a finer unit", () => {
  assertEquals(distanceMs(999_999_999, NOW), 999_999_999_000);
  assertEquals(distanceMs(1_000_000_000, NOW), 0);
  assertEquals(distanceMs(NOW_S + 5, NOW), 5_000);
  assertEquals(distanceMs(999_999_999_999, NOW), 999_999_999_999_000 - NOW);
  assertEquals(distanceMs(1_000_000_000_000, NOW), 0);
  assertEquals(distanceMs(NOW + 5, NOW), 5);
  assertEquals(distanceMs(999_999_999_999_999, NOW), 999_999_999_999_999 - NOW);
  assertEquals(distanceMs(1_000_000_000_000_000, NOW), 0);
  assertEquals(distanceMs((NOW + 5) * 1_000, NOW), 5);
  assertEquals(distanceMs(1e18, NOW), 0);
  assertEquals(distanceMs((NOW + 5_000) * 1_000_000, NOW), 5_000);
  // Nothing is finer than nanoseconds, however large the number is.
  assertEquals(distanceMs(1e21, NOW), 1e15 - NOW);
  assertEquals(distanceMs(Infinity, NOW), Infinity);
});

test("S4: rateLimitResetMs() reads a reset that is a date with a zone", () => {
  const date = new Date(NOW + 30_000);
  for (
    const value of [
      date.toISOString(),
      date.toISOString().replace(".000Z", "Z"),
      // .NET states tenths of microseconds.
      date.toISOString().replace("Z", "9999Z"),
      new Date(NOW + 30_000 + 7_200_000).toISOString().replace("Z", "+02:00"),
      date.toUTCString(),
      String(date),
    ]
  ) assertEquals(resetMs({ "x-ratelimit-reset": value }), 30_000, value);
  assertEquals(resetMs({ "x-ratelimit-reset": new Date(NOW - 30_000).toISOString() }), 0);
});

test("S4: rateLimitResetMs() is undefined for a malformed reset", () => {
  for (
    const value of [
      ...["", "-5", "soon", "0x10", "1e3", "5, 10", "NaN", "Infinity", "5s"],
      ...[
        "2026-01-01",
        "2026-01-01T12:00:30",
        "2026-13-01T12:00:30Z",
        "Thu, 01 Jan 2026 12:00:30",
        "12:00:30 GMT",
      ],
    ]
  ) {
    assertEquals(resetMs({ "x-ratelimit-reset": value }), undefined, value);
  }
});

test("S4: rateLimitResetMs() is undefined while a remaining header says that there is quota left", () => {
  for (const name of ["RateLimit-Remaining", "X-RateLimit-Remaining", "X-Rate-Limit-Remaining"]) {
    assertEquals(resetMs({ [name]: "3", "x-ratelimit-reset": "30" }), undefined, name);
    assertEquals(resetMs({ [name]: "0", "x-ratelimit-reset": "30" }), 30_000, name);
    assertEquals(resetMs({ [name]: "none", "x-ratelimit-reset": "30" }), 30_000, name);
  }
});

test("rateLimitResetMs() prefers RateLimit to the older headers", () => {
  assertEquals(resetMs({ ratelimit: '"a";r=0;t=5', "x-ratelimit-reset": "30" }), 5_000);
});

test("rateLimitResetMs() is undefined without such headers", () => {
  assertEquals(resetMs({ "x-ratelimit-limit": "100", "x-ratelimit-remaining": "0" }), undefined);
  assertEquals(resetMs({}), undefined);
});

test("rateLimitResetMs() accepts spaces around separators", () => {
  for (const value of ["limit = 10 , remaining = 0 , reset = 5", '"a" ; r = 0 ; t = 5 ', "reset=5"]) {
    assertEquals(resetMs({ ratelimit: value }), 5_000, value);
  }
});

test("statesLimits() is true for each field that states the remaining requests, and for no others", () => {
  const states = (name: string) => statesLimits(new Headers({ [name]: "5" }));
  const names = ["RateLimit", "RateLimit-Policy"];
  for (const prefix of ["RateLimit", "X-RateLimit", "X-Rate-Limit"]) names.push(`${prefix}-Remaining`);
  for (const name of names) assertEquals(states(name), true, name);
  for (const name of ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Limit", "Remaining"]) {
    assertEquals(states(name), false, name);
  }
});
