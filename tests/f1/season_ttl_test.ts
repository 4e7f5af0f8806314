import { assertEquals } from "@std/assert";
import { seasonTtlMs } from "../../src/f1/season_ttl.ts";
import { test } from "../support/test.ts";

const BASE = "https://cdn.jsdelivr.net/gh/TracingInsights";
const FIVE_MINUTES_MS = 300_000;

test("seasonTtlMs() is endless for a season whose year has passed in UTC", () => {
  const url = `${BASE}/2025@main/Abu%20Dhabi%20Grand%20Prix/Race/VER/laptimes.json`;
  assertEquals(seasonTtlMs(url, Date.UTC(2025, 11, 31, 23, 59, 59, 999)), FIVE_MINUTES_MS);
  assertEquals(seasonTtlMs(url, Date.UTC(2026, 0, 1)), Infinity);
});

test("seasonTtlMs() is five minutes for a future season", () => {
  assertEquals(seasonTtlMs(`${BASE}/2027@main/a/b/drivers.json`, Date.UTC(2026, 5, 1)), FIVE_MINUTES_MS);
});

test("seasonTtlMs() accepts a URL object and a path below a mirror's base", () => {
  const now = Date.UTC(2026, 5, 1);
  assertEquals(seasonTtlMs(new URL(`${BASE}/2020@main/a/b/drivers.json`), now), Infinity);
  assertEquals(seasonTtlMs("2020@main/a/b/drivers.json", now), Infinity);
});

test("seasonTtlMs() is five minutes for a URL without a season", () => {
  const now = Date.UTC(2026, 5, 1);
  for (const url of [`${BASE}/drivers.json`, `${BASE}/12020@main/a`, `${BASE}/2020@next/a`, ""]) {
    assertEquals(seasonTtlMs(url, now), FIVE_MINUTES_MS, url);
  }
});

test("seasonTtlMs() handles the layouts of the other public copies", () => {
  const now = Date.UTC(2026, 5, 1);
  for (const path of ["2018/resolve/a/b/drivers.json", "2018/main/a/b/drivers.json"]) {
    assertEquals(seasonTtlMs(`https://copy.test/${path}`, now), Infinity, path);
    assertEquals(seasonTtlMs(`https://copy.test/${path.replace("2018", "2026")}`, now), FIVE_MINUTES_MS);
  }
});
