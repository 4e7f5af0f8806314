import { assertEquals, assertThrows } from "@std/assert";
import { fileUrl, lapTimesPath, sessionFolder, telemetryPath } from "../../src/f1/path.ts";
import { test } from "../support/test.ts";

const FOLDER = sessionFolder(2025, "Abu Dhabi Grand Prix", "Race");

/** Names that are no plain path segments. */
const BAD_SEGMENTS: readonly string[] = [
  "",
  " ",
  ".",
  "..",
  "a/b",
  "/",
  "a\\b",
  "..\\..",
  "a\u0000b",
  "a\nb",
  "a\u007fb",
  "%2e%2e",
  "%2E%2e%2f",
  "..%2f",
  "Abu%20Dhabi",
  "\ud800",
];

const BAD_PATHS: readonly string[] = [
  "",
  "/VER/laptimes.json",
  "//evil.example/x.json",
  "https://evil.example/x.json",
  "../../2024@main/x.json",
  "VER/../drivers.json",
  "VER/./laptimes.json",
  "VER//laptimes.json",
  "VER/",
  "VER\\laptimes.json",
  "%2e%2e/drivers.json",
  "VER/%2E%2E/drivers.json",
  "VER%2flaptimes.json",
  "VER/laptimes.json\n",
  "VER/\ud800.json",
];

test("sessionFolder() and fileUrl() write names in composed form, as they are published", () => {
  const names = ["São Paulo Grand Prix", "México Grand Prix", "Österreich"];
  for (const name of names) {
    const composed = name.normalize("NFC");
    const decomposed = name.normalize("NFD");
    assertEquals(sessionFolder(2024, decomposed, "Race"), sessionFolder(2024, composed, "Race"));
    assertEquals(fileUrl(FOLDER, `${decomposed}/x.json`), fileUrl(FOLDER, `${composed}/x.json`));
  }
  assertEquals(sessionFolder(2024, "Sa\u0303o Paulo", "Race"), "2024@main/S%C3%A3o%20Paulo/Race");
});

test("sessionFolder() percent-encodes event and session", () => {
  assertEquals(FOLDER, "2025@main/Abu%20Dhabi%20Grand%20Prix/Race");
  assertEquals(
    sessionFolder(2026, "São Paulo? #1 100%", "Practice 1"),
    "2026@main/S%C3%A3o%20Paulo%3F%20%231%20100%25/Practice%201",
  );
});

for (const year of [2017, 2101, 2025.5, NaN, Infinity, -2025]) {
  test(`sessionFolder() refuses the year ${year}`, () => {
    assertThrows(
      () => sessionFolder(year, "Monaco Grand Prix", "Race"),
      RangeError,
      `Cannot fetch F1 data as 'year' must be an integer from 2018 to 2100: received ${year}`,
    );
  });
}

test("sessionFolder() refuses a year that is no number", () => {
  assertThrows(() => sessionFolder("2025" as never, "Monaco Grand Prix", "Race"), TypeError, "'year'");
  assertThrows(() => sessionFolder(undefined as never, "Monaco Grand Prix", "Race"), TypeError, "'year'");
});

test("sessionFolder() accepts the first and the last year", () => {
  assertEquals(sessionFolder(2018, "a", "b"), "2018@main/a/b");
  assertEquals(sessionFolder(2100, "a", "b"), "2100@main/a/b");
});

for (const segment of BAD_SEGMENTS) {
  test(`sessionFolder() refuses ${JSON.stringify(segment)} as event and as session`, () => {
    assertThrows(
      () => sessionFolder(2025, segment, "Race"),
      TypeError,
      "Cannot fetch F1 data as 'event' must be",
    );
    assertThrows(
      () => sessionFolder(2025, "Monaco Grand Prix", segment),
      TypeError,
      "Cannot fetch F1 data as 'session' must be",
    );
  });

  test(`lapTimesPath() and telemetryPath() refuse ${JSON.stringify(segment)} as driver`, () => {
    assertThrows(() => lapTimesPath(segment), TypeError, "Cannot fetch F1 data as 'driver' must be");
    assertThrows(() => telemetryPath(segment, 1), TypeError, "Cannot fetch F1 data as 'driver' must be");
  });
}

test("sessionFolder() refuses names that are no strings", () => {
  for (const name of [undefined, null, {}, ["Race"], 5]) {
    assertThrows(() => sessionFolder(2025, name as never, "Race"), TypeError, "'event'");
    assertThrows(() => sessionFolder(2025, "Race", name as never), TypeError, "'session'");
  }
});

test("fileUrl() encodes each segment of the path", () => {
  assertEquals(fileUrl(FOLDER, "VER/8_tel.json"), `${FOLDER}/VER/8_tel.json`);
  assertEquals(fileUrl(FOLDER, "a b/ü?c#d.json"), `${FOLDER}/a%20b/%C3%BC%3Fc%23d.json`);
});

for (const path of BAD_PATHS) {
  test(`fileUrl() refuses ${JSON.stringify(path)}`, () => {
    const error = assertThrows(
      () => fileUrl(FOLDER, path),
      TypeError,
      "Cannot fetch F1 data as 'path' must be",
    );
    assertEquals(error.message.endsWith(`received ${JSON.stringify(path)}`), true);
  });
}

test("fileUrl() refuses a path that is no string", () => {
  assertThrows(() => fileUrl(FOLDER, undefined as never), TypeError, "'path'");
  assertThrows(() => fileUrl(FOLDER, ["VER"] as never), TypeError, "'path'");
  assertThrows(() => fileUrl(FOLDER, 5 as never), TypeError, "'path'");
});

test("fileUrl() stays below the base, whatever the URL parser makes of the path", () => {
  const base = "https://cdn.example/gh/TracingInsights/";
  for (const path of ["...", "a b.json", "@x", "a;b", "a:b", "%", "a%zz", "~", "..."]) {
    const url = new URL(base + fileUrl(FOLDER, path));
    assertEquals(url.href.startsWith(`${base}${FOLDER}/`), true, url.href);
    assertEquals(url.search + url.hash, "");
  }
});

test("telemetryPath() returns the path of the lap's file", () => {
  assertEquals(telemetryPath("VER", 8), "VER/8_tel.json");
  assertEquals(telemetryPath("VER", 8.0), "VER/8_tel.json");
  assertEquals(lapTimesPath("VER"), "VER/laptimes.json");
});

for (const lap of [0, -1, 1.5, NaN, Infinity]) {
  test(`telemetryPath() refuses the lap ${lap}`, () => {
    assertThrows(
      () => telemetryPath("VER", lap),
      RangeError,
      `Cannot fetch F1 data as 'lap' must be a positive integer: received ${lap}`,
    );
  });
}
