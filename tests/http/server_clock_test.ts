import { assertEquals } from "@std/assert";
import { serverNowMs } from "../../src/http/server_clock.ts";
import { test } from "../support/test.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

test("serverNowMs() uses a Date that differs by more than dates usually do", () => {
  for (const offMs of [-86_400_000, -3_600_000, -3_000, 3_000, 3_600_000]) {
    assertEquals(serverNowMs(new Headers({ date: new Date(NOW + offMs).toUTCString() }), NOW), NOW + offMs);
  }
  for (const offMs of [-2_000, -1_000, 0, 1_000, 2_000]) {
    assertEquals(serverNowMs(new Headers({ date: new Date(NOW + offMs).toUTCString() }), NOW), NOW);
  }
  const date = new Date(NOW).toUTCString();
  assertEquals(serverNowMs(new Headers({ date }), NOW + 2_000), NOW + 2_000);
  for (const wallNowMs of [NOW - 2_001, NOW + 2_001]) {
    assertEquals(serverNowMs(new Headers({ date }), wallNowMs), NOW);
  }
});

test("serverNowMs() uses this machine's clock for a response without a Date", () => {
  for (const date of [undefined, "", "yesterday", "2026-01-01T10:00:00Z", "1767225600"]) {
    assertEquals(serverNowMs(new Headers(date === undefined ? {} : { date }), NOW), NOW, date);
  }
});

test("serverNowMs() adds the time that a cache has kept a response", () => {
  const date = new Date(NOW - 60_000).toUTCString();
  for (const [age, expectedMs] of [["60", NOW], ["59", NOW], ["20", NOW - 40_000], ["x", NOW - 60_000]]) {
    assertEquals(serverNowMs(new Headers({ date, age: `${age}` }), NOW), expectedMs);
  }
});

test("serverNowMs() takes a two-digit year as the nearest one", () => {
  for (const year of [2026, 2075, 1977]) {
    const wallNowMs = Date.UTC(year, 0, 1, 12);
    const weekday =
      ["Sun", "Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur"][new Date(wallNowMs).getUTCDay()];
    const date = `${weekday}day, 01-Jan-${`${year}`.slice(2)} 13:00:00 GMT`;
    assertEquals(serverNowMs(new Headers({ date }), wallNowMs), wallNowMs + 3_600_000, date);
  }
});
