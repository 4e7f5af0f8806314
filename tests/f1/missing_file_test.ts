import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { DataNotFoundError, HttpError } from "../../src/errors.ts";
import { sourceError } from "../../src/f1/missing_file.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { test } from "../support/test.ts";
import { driversOf, fakeFiles, lapsOf, telemetryOf } from "./fake_files.ts";

const EVENT = "Abu Dhabi Grand Prix";
const TEXT =
  "Package size exceeded the configured limit of 50 MB. Try https://github.com/T/2025/tree/main/x instead.";
const oversized = () => new Response(TEXT, { status: 403 });

function refusal(body: string, status = 403): HttpError {
  return new HttpError("GET x was answered with 403", {
    status,
    headers: new Headers(),
    body,
    url: "https://cdn.example/x",
    method: "GET",
    attempts: 1,
    context: { a: 1 },
  });
}

test("sourceError() takes a 403 about the package's size for a missing file", () => {
  const refused = refusal(TEXT);
  const error = sourceError(refused);
  assert(error instanceof DataNotFoundError);
  assertEquals([error.status, error.url, error.method, error.attempts, error.context], [
    403,
    "https://cdn.example/x",
    "GET",
    1,
    { a: 1 },
  ]);
  assertStrictEquals(error.cause, refused);
});

test("sourceError() leaves every other failure as it is", () => {
  for (
    const error of [
      refusal("Forbidden"),
      refusal(""),
      refusal("You asked why: Package size exceeded"),
      refusal(TEXT, 500),
      new TypeError(TEXT),
      undefined,
    ]
  ) assertStrictEquals(sourceError(error), error);
});

test("F1 methods treat a 403 about the package's size as a missing file", async () => {
  const files = fakeFiles({
    "drivers.json": driversOf("VER", "HAM", "NOR"),
    "VER/laptimes.json": lapsOf(91, 92),
    "VER/1_tel.json": telemetryOf("VER-1"),
    "VER/2_tel.json": oversized,
    "HAM/laptimes.json": oversized,
    "NOR/laptimes.json": lapsOf(90),
    "NOR/1_tel.json": oversized,
    "weather.json": oversized,
  });
  await using f1 = tracingInsights({ fetch: files.fetch, cache: false });
  const warnings: unknown[] = [];
  f1.client.on((event) => event.type === "warning" && warnings.push(event));
  const session = f1.session(2025, EVENT, "Race");
  assertEquals(Object.keys(await session.laps()), ["VER", "NOR"]);
  await assertRejects(() => session.weather(), DataNotFoundError, "the file is missing");
  await assertRejects(() => f1.fetchJson(2025, EVENT, "Race", "weather.json"), DataNotFoundError);
  assertEquals(
    (await session.fastestLapTelemetry({ by: "driver" })).map(({ driver }) => driver),
    ["VER"],
  );
  assertEquals(await f1.fetchMultiple([[2025, EVENT, "Race", "weather.json"]]), [null]);
  const failures: unknown[] = [];
  for await (const outcome of session.allTelemetry({ ordered: true })) {
    if (!outcome.ok) failures.push([outcome.driver, outcome.lap, outcome.error.name]);
  }
  assertEquals(failures.sort(), [
    ["HAM", null, "DataNotFoundError"],
    ["NOR", 1, "DataNotFoundError"],
    ["VER", 2, "DataNotFoundError"],
  ]);
  assertEquals(warnings, []);
  assertEquals(new Set(files.urls.map((url) => new URL(url).host)), new Set(["cdn.jsdelivr.net"]));
});

test("Missing files that come as 403 open no breaker", async () => {
  const files = fakeFiles({ "weather.json": oversized, "drivers.json": driversOf("VER") });
  await using f1 = tracingInsights({
    fetch: files.fetch,
    cache: false,
    circuitBreaker: { threshold: 3, cooldownMs: 60_000 },
  });
  const wanted = Array.from({ length: 40 }, () => [2025, EVENT, "Race", "weather.json"] as const);
  await f1.fetchMultiple(wanted);
  assertEquals((await f1.session(2025, EVENT, "Race").drivers()).length, 1);
  assertEquals(new URL(files.urls.at(-1)!).host, "cdn.jsdelivr.net");
});
