import { assertEquals } from "@std/assert";
import { parseRetryAfter, retryAfterMs } from "../../src/http/retry_after.ts";
import { test } from "../support/test.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const GARBAGE = [
  ...[
    "-1",
    "-0",
    "+5",
    "5.",
    "1.5.5",
    ".5",
    "0x10",
    "1e3",
    "5s",
    "five",
    "",
    " ",
    "5 5",
    "5, 10",
    "inf",
    "Infinity",
  ],
  ...["NaN", "null", "٥", "５", "2026-01-01T12:00:10Z", "Thu, 01 Jan 2026 12:00:10", "1_000", "5;6"],
];

test("S4: parseRetryAfter() reads whole seconds", () => {
  assertEquals(parseRetryAfter("120", NOW), 120_000);
  assertEquals(parseRetryAfter("1", NOW), 1_000);
  assertEquals(parseRetryAfter("007", NOW), 7_000);
  assertEquals(parseRetryAfter(" 5 ", NOW), 5_000);
});

test("S4: parseRetryAfter() reads a fraction of a second, which popular rate limiters send", () => {
  assertEquals(parseRetryAfter("1.5", NOW), 1_500);
  assertEquals(parseRetryAfter(" 0.25 ", NOW), 250);
  assertEquals(parseRetryAfter(`${NOW / 1_000 + 10}.5`, NOW), 10_500);
});

test("S4: parseRetryAfter() takes 0 as now, and not as absent", () => {
  assertEquals(parseRetryAfter("0", NOW), 0);
  assertEquals(parseRetryAfter("000", NOW), 0);
  assertEquals(parseRetryAfter("0.0", NOW), 0);
});

test("S4: parseRetryAfter() reads the three forms of HTTP dates, and takes a past one as now", () => {
  assertEquals(parseRetryAfter("Thu, 01 Jan 2026 12:00:10 GMT", NOW), 10_000);
  assertEquals(parseRetryAfter("Thursday, 01-Jan-26 12:00:10 GMT", NOW), 10_000);
  assertEquals(parseRetryAfter("Thu Jan  1 12:00:10 2026", NOW), 10_000);
  assertEquals(parseRetryAfter("Thu, 01 Jan 2026 12:00:00 GMT", NOW), 0);
  assertEquals(parseRetryAfter("Thu, 01 Jan 2026 11:59:59 GMT", NOW), 0);
  assertEquals(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", NOW), 0);
});

test("S4: parseRetryAfter() is undefined for malformed values, so that the normal backoff holds", () => {
  for (const value of GARBAGE) assertEquals(parseRetryAfter(value, NOW), undefined, JSON.stringify(value));
});

test("S4: parseRetryAfter() takes a number that can only be a Unix time as one, in seconds or a finer unit", () => {
  assertEquals(parseRetryAfter(String(NOW / 1_000 + 10), NOW), 10_000);
  assertEquals(parseRetryAfter(String(NOW + 10_500), NOW), 10_500);
  assertEquals(parseRetryAfter(`${NOW + 10_500}250`, NOW), 10_500.25);
  assertEquals(parseRetryAfter(`${NOW + 10_500}000000`, NOW), 10_500);
  for (const past of [NOW / 1_000, NOW / 1_000 - 3_600, NOW, NOW - 1, 1_000_000_000, 1_600_000_000]) {
    assertEquals(parseRetryAfter(String(past), NOW), 0, `${past}`);
  }
});

test("S4: parseRetryAfter() accepts a number of years in seconds", () => {
  for (const seconds of [366 * 86_400, 10 * 366 * 86_400, 999_999_999]) {
    assertEquals(parseRetryAfter(String(seconds), NOW), seconds * 1_000);
  }
});

test("S5: parseRetryAfter() returns a huge wait as it is, never NaN or a delay at which a timer fires at once", () => {
  assertEquals(parseRetryAfter("99999999", NOW), 99_999_999_000);
  assertEquals(parseRetryAfter("9".repeat(400), NOW), Infinity);
  assertEquals(
    parseRetryAfter("Fri, 31 Dec 9999 23:59:59 GMT", NOW),
    Date.UTC(9999, 11, 31, 23, 59, 59) - NOW,
  );
});

test("S4: retryAfterMs() prefers Retry-After, whatever the status", () => {
  const headers = new Headers({ "retry-after": "3", "ratelimit-reset": "9" });
  for (const status of [408, 429, 500, 502, 503, 504]) {
    assertEquals(retryAfterMs(status, headers, NOW), 3_000);
  }
});

test("S4: retryAfterMs() reads x-ms-retry-after-ms as it reads retry-after-ms", () => {
  const headers = new Headers({ "x-ms-retry-after-ms": "12.5", "retry-after": "3" });
  assertEquals(retryAfterMs(429, headers, NOW), 12.5);
  headers.set("retry-after-ms", "7");
  assertEquals(retryAfterMs(503, headers, NOW), 7);
  for (const value of ["", "soon", "-1"]) {
    assertEquals(
      retryAfterMs(429, new Headers({ "x-ms-retry-after-ms": value, "retry-after": "3" }), NOW),
      3_000,
    );
  }
});

test("S4: retryAfterMs() prefers retry-after-ms, which is more precise, to all others, whatever the status", () => {
  for (
    const [value, expectedMs] of [["250", 250], ["0", 0], [" 7 ", 7], ["1.5", 1.5], [
      "90000",
      90_000,
    ]] as const
  ) {
    const headers = new Headers({ "retry-after-ms": value, "retry-after": "3", "ratelimit-reset": "9" });
    for (const status of [408, 429, 500, 503]) {
      assertEquals(retryAfterMs(status, headers, NOW), expectedMs, value);
    }
  }
});

test("S4: retryAfterMs() falls back to the other headers when retry-after-ms is malformed", () => {
  for (const value of ["", "-1", "soon", "1e3", "0x10", "5, 10", "NaN", "Infinity", "5ms"]) {
    const headers = new Headers({ "retry-after-ms": value, "retry-after": "3" });
    assertEquals(retryAfterMs(429, headers, NOW), 3_000, value);
    assertEquals(retryAfterMs(429, new Headers({ "retry-after-ms": value }), NOW), undefined, value);
  }
});

test("S4: retryAfterMs() does not fall back to the rate limit headers when Retry-After is malformed", () => {
  for (const value of GARBAGE.filter((text) => /^[\x20-\x7e]*$/.test(text))) {
    const headers = new Headers({ "retry-after": value, "ratelimit-reset": "9" });
    assertEquals(retryAfterMs(429, headers, NOW), undefined, JSON.stringify(value));
  }
});

test("S4: retryAfterMs() uses the rate limit headers for 429, 403 and 503 only", () => {
  const headers = new Headers({ "ratelimit-reset": "9" });
  assertEquals(retryAfterMs(429, headers, NOW), 9_000);
  assertEquals(retryAfterMs(403, headers, NOW), 9_000);
  assertEquals(retryAfterMs(503, headers, NOW), 9_000);
  for (const status of [408, 500, 502, 504]) assertEquals(retryAfterMs(status, headers, NOW), undefined);
});

test("S4: retryAfterMs() uses the longest wait that a 429 names for one of several limits", () => {
  const headers = new Headers({ "x-ratelimit-limit-short": "3", "retry-after-short": "2" });
  assertEquals(retryAfterMs(429, headers, NOW), 2_000);
  headers.set("retry-after-day", "90");
  headers.set("retry-after-hour", "soon");
  assertEquals(retryAfterMs(429, headers, NOW), 90_000);
  assertEquals(retryAfterMs(503, headers, NOW), undefined);
  headers.set("retry-after", "5");
  assertEquals(retryAfterMs(429, headers, NOW), 5_000);
  const unknown = new Headers({ "retry-after-milliseconds": "5", "ratelimit-reset": "9" });
  assertEquals(retryAfterMs(429, unknown, NOW), 9_000);
});

test("retryAfterMs() is undefined for a response without such headers", () => {
  assertEquals(retryAfterMs(429, new Headers({ date: "Thu, 01 Jan 2026 12:00:00 GMT" }), NOW), undefined);
});

test("S4: retryAfterMs() uses the server's clock for dates, if that differs", () => {
  for (const offMs of [-3_600_000, -10_000, 10_000, 3_600_000]) {
    const date = new Date(NOW + offMs).toUTCString();
    const until = new Date(NOW + offMs + 7_000).toUTCString();
    const epoch = String((NOW + offMs) / 1_000 + 7);
    for (
      const headers of [
        { "retry-after": until },
        { "retry-after": epoch },
        { "x-ratelimit-reset": epoch },
        { "x-ratelimit-reset": `${epoch}000` },
        { "ratelimit-reset": "7" },
        { "retry-after": "7" },
      ]
    ) assertEquals(retryAfterMs(429, new Headers({ ...headers, date }), NOW), 7_000, JSON.stringify(headers));
  }
});

test("S4: retryAfterMs() uses this machine's clock for dates if the response has no Date", () => {
  for (
    const headers of [
      { "retry-after": "Thu, 01 Jan 2026 12:00:07 GMT" },
      { "retry-after": `${NOW / 1_000 + 7}` },
      { "x-ratelimit-reset": `${NOW / 1_000 + 7}` },
      { "x-ratelimit-reset": `${NOW + 7_000}` },
    ] as Record<string, string>[]
  ) assertEquals(retryAfterMs(429, new Headers(headers), NOW), 7_000, JSON.stringify(headers));
});
