import { assertEquals } from "@std/assert";
import { cacheReport } from "../../src/cli/cache_report.ts";
import type { CacheSurvey } from "../../src/cli/cache_survey.ts";
import { ANSI, PLAIN } from "../../src/cli/style.ts";
import { test } from "../support/test.ts";

const NOW = Date.UTC(2026, 10, 21, 7, 8, 49);
const NONE = { files: 0, bytes: 0 };
const EMPTY: CacheSurvey = {
  all: NONE,
  states: { fresh: NONE, stale: NONE, expired: NONE, index: NONE, damaged: NONE, unfinished: NONE },
  origins: [],
};
const FULL: CacheSurvey = {
  all: { files: 1_026, bytes: 144_600_000 },
  states: {
    fresh: { files: 1_000, bytes: 140_000_000 },
    stale: { files: 20, bytes: 4_000_000 },
    expired: { files: 4, bytes: 500_000 },
    index: { files: 1, bytes: 500 },
    damaged: { files: 1, bytes: 99_500 },
    unfinished: NONE,
  },
  origins: [
    { origin: "https://cdn.test", files: 1_020, bytes: 144_000_000, fresh: 1_000, stale: 16, expired: 4 },
    { origin: "https://b.test", files: 4, bytes: 500_000, fresh: 0, stale: 4, expired: 0 },
  ],
  storedAt: { oldest: NOW - 3_600_000, newest: NOW + 1 },
};

test("cacheReport() shows states, times and origins in columns", () => {
  assertEquals(cacheReport(FULL, NOW, PLAIN), [
    "            entries       size",
    "  fresh       1,000   140.0 MB",
    "  stale          20     4.0 MB",
    "  expired         4   500.0 kB",
    "  indexes         1      500 B",
    "  damaged         1    99.5 kB",
    "  all         1,026   144.6 MB",
    "",
    "  oldest   2026-11-21 06:08:49 UTC   1 h 00 min ago",
    "  newest   2026-11-21 07:08:49 UTC   in the future",
    "",
    "  origin             entries       size   fresh   stale   expired",
    "  https://cdn.test     1,020   144.0 MB   1,000      16         4",
    "  https://b.test           4   500.0 kB       0       4         0",
  ]);
});

test("cacheReport() of an empty cache has the first table only", () => {
  assertEquals(cacheReport(EMPTY, NOW, PLAIN), [
    "            entries   size",
    "  fresh           0    0 B",
    "  stale           0    0 B",
    "  expired         0    0 B",
    "  all             0    0 B",
  ]);
});

test("cacheReport() sums up the origins after the tenth", () => {
  const origins = Array.from({ length: 13 }, (_, index) => (
    { origin: `https://${index}.test`, files: 2, bytes: 100, fresh: 1, stale: 1, expired: 0 }
  ));
  const lines = cacheReport({ ...EMPTY, origins }, NOW, PLAIN);
  assertEquals(lines.length, 5 + 1 + 1 + 11);
  assertEquals(lines.at(-2)?.trim().split(/ +/)[0], "https://9.test");
  assertEquals(lines.at(-1)?.trim().split(/ {2,}/), ["3 others", "6", "300 B", "3", "3", "0"]);
});

test("cacheReport() survives an invalid time", () => {
  const lines = cacheReport({ ...EMPTY, storedAt: { oldest: 9e99, newest: NOW } }, NOW, PLAIN);
  assertEquals(lines[6]?.trim().split(/ {2,}/).slice(0, 2), ["oldest", "?"]);
});

test("cacheReport() in colour is the same text", () => {
  // deno-lint-ignore no-control-regex
  const stripped = cacheReport(FULL, NOW, ANSI).map((line) => line.replace(/\x1b\[\d+m/g, "").trimEnd());
  assertEquals(stripped, cacheReport(FULL, NOW, PLAIN));
});
