import { assertEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { SeasonNotice } from "../../src/cli/season_notice.ts";
import { test } from "../support/test.ts";

const noticeOf = (adapter = memoryCache(), year = 2025, nowYear = 2026, defaultDir?: string) =>
  new SeasonNotice({ adapter, defaultDir }, {
    year: String(year),
    url: `https://cdn.test/gh/T/${year}@main/a/Race`,
    nowMs: Date.UTC(nowYear, 5, 1),
  });

test("SeasonNotice says how long files are kept, and where, if the user has not chosen that", () => {
  assertEquals(noticeOf().text, "The season 2025 is over: its files are kept without expiry");
  assertEquals(
    noticeOf(memoryCache(), 2026, 2026, "/caches").text,
    "The season 2026 is not over: its files are kept for 5 min 00 s, in /caches (unless you say --no-cache)",
  );
});

test("SeasonNotice is due until it is remembered, for each season, and again when the season has ended", async () => {
  const adapter = memoryCache();
  const isDue = (year: number, nowYear: number) => noticeOf(adapter, year, nowYear).isDue();
  assertEquals([await isDue(2025, 2025), await isDue(2025, 2025)], [true, true]);
  await noticeOf(adapter, 2025, 2025).remember();
  assertEquals(
    [await isDue(2025, 2025), await isDue(2025, 2026), await isDue(2024, 2025), await isDue(2026, 2025)],
    [false, true, true, true],
  );
  await adapter.clear?.();
  assertEquals(await isDue(2025, 2025), true);
});

test("SeasonNotice is due, and forgotten without an error, where the cache fails", async () => {
  const broken = () => Promise.reject(new Error("broken"));
  const notice = noticeOf({
    ...memoryCache(),
    name: "x",
    maxEntryBytes: 1,
    get: broken,
    set: broken,
    delete: broken,
  });
  await notice.remember();
  assertEquals(await notice.isDue(), true);
});
