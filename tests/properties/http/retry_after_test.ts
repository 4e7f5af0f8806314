import { assert, assertEquals } from "@std/assert";
import { fc } from "../property.ts";
import { rateLimitResetMs } from "../../../src/http/rate_limit_headers.ts";
import { parseRetryAfter, retryAfterMs } from "../../../src/http/retry_after.ts";
import { test } from "../../support/test.ts";

const NOW = Date.UTC(2026, 10, 28);
const NAMES = [
  "retry-after",
  "retry-after-ms",
  "ratelimit",
  "ratelimit-policy",
  "ratelimit-reset",
  "ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-remaining",
  "x-ratelimit-reset-after",
  "x-rate-limit-reset",
];

/** Draws header values: numbers of all kinds, dates, pieces of structured fields, and any other text that can be sent. */
const value = fc.oneof(
  fc.nat().map(String),
  fc.double().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.array(fc.constantFrom('"a"', ";", ",", "=", "r", "t", "w", "q", "0", "5", "-", "\\", '"', " ", "reset"))
    .map((
      parts,
    ) => parts.join("")),
  fc.string().map((text) => text.replace(/[^\x20-\x7e\x80-\xff]/g, "")),
);

const wait = (ms: number | undefined): void => assert(ms === undefined || ms >= 0, `${ms}`);

test("retryAfterMs() gives a wait or nothing, never less than none and never NaN, whatever the headers say", () => {
  const headers = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 6 });
  fc.assert(
    fc.property(headers, fc.constantFrom(200, 429, 500, 503), fc.integer(), (pairs, status, nowMs) => {
      wait(retryAfterMs(status, new Headers(pairs), nowMs));
    }),
  );
});

test("parseRetryAfter() takes nothing for a wait but digits and dates", () => {
  fc.assert(fc.property(value, (text) => {
    const ms = parseRetryAfter(text, NOW);
    wait(ms);
    if (ms !== undefined) assert(/^\s*(\d+|[A-Z].*)\s*$/.test(text), text);
  }));
});

test("parseRetryAfter() reads seconds, and dates relative to now", () => {
  fc.assert(fc.property(fc.nat(999_999_999), fc.constantFrom("", " ", "\t"), (seconds, space) => {
    assertEquals(parseRetryAfter(`${space}${seconds}${space}`, NOW), seconds * 1_000);
    const date = new Date(NOW + seconds * 1_000).toUTCString();
    assertEquals(parseRetryAfter(date, NOW), seconds * 1_000);
    assertEquals(parseRetryAfter(date, NOW + seconds * 1_000 + 5_000), 0);
  }));
});

test("rateLimitResetMs() waits for the longest of the quotas that are used up", () => {
  const quota = fc.record({
    name: fc.stringMatching(/^[a-z]{1,5}$/),
    remaining: fc.nat(2),
    seconds: fc.option(fc.nat(1_000)),
    window: fc.nat(1_000),
  });
  fc.assert(fc.property(fc.uniqueArray(quota, { minLength: 1, selector: ({ name }) => name }), (quotas) => {
    const limit = quotas.map(({ name, remaining, seconds }) =>
      `"${name}";r=${remaining}${seconds === null ? "" : `;t=${seconds}`}`
    ).join(", ");
    const policy = quotas.map(({ name, window }) => `"${name}";q=9;w=${window}`).join(", ");
    const usedUp = quotas.filter(({ remaining }) => remaining === 0);
    const waits = usedUp.map(({ seconds, window }) => (seconds ?? window) * 1_000);
    const headers = new Headers({ ratelimit: limit, "ratelimit-policy": policy });
    assertEquals(rateLimitResetMs(headers, NOW), waits.length === 0 ? undefined : Math.max(...waits));
  }));
});
