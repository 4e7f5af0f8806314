import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkF1Options } from "../../src/f1/option_checks.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { test } from "../support/test.ts";
import { fakeFiles } from "./fake_files.ts";

test("checkF1Options() refuses options that follow from the path, and misspelt options of the method", () => {
  for (
    const [name, hint] of [["schema", "'client'"], ["as", "'client'"], ["driver", "'drivers'"], [
      "telemtry",
      "'telemetry'",
    ]]
  ) {
    const check = () => checkF1Options("load", { [name!]: {} }, ["drivers", "telemetry"]);
    assertThrows(check, TypeError, `Cannot load as '${name}' is not an option`);
    assertThrows(check, TypeError, hint);
  }
  for (const options of [null, [], "VER", 7]) {
    assertThrows(() => checkF1Options("load", options as never), TypeError, "the options must be an object");
  }
});

test("checkF1Options() leaves the options of requests and batches to the client", () => {
  const options = {
    signal: undefined,
    schema: undefined,
    concurrency: 3,
    prefetch: 1,
    ordered: true,
    priority: 1,
    mystery: 1,
  };
  for (const own of [[], ["drivers", "by"], ["telemetry", "refresh", "events", "sessions"]]) {
    checkF1Options("load", options, own);
  }
});

test("the methods of a source and its sessions refuse such options before any request", async () => {
  const files = fakeFiles({});
  await using f1 = tracingInsights({ fetch: files.fetch });
  const race = f1.session(2025, "monaco", "R");
  const calls: [() => Promise<unknown>, string][] = [
    [() => f1.fetchJson(2025, "a", "b", "drivers.json", { schema: {} } as never), "'schema'"],
    [() => f1.fetchMultiple([[2025, "a", "b", "drivers.json"]], { as: "text" } as never), "'as'"],
    [() => f1.prefetch(2025, { event: ["monaco"] } as never), "did you mean 'events'?"],
    [() => race.weather({ schema: {} } as never), "'schema'"],
    [() => race.laps({ driver: ["VER"] } as never), "did you mean 'drivers'?"],
    [() => race.laps("VER", { as: "bytes" } as never), "'as'"],
    [() => race.results({ schema: {} } as never), "'schema'"],
    [() => race.lapRows({ Drivers: ["VER"] } as never), "did you mean 'drivers'?"],
    [() => race.fastestLap({ drivrs: ["VER"] } as never), "did you mean 'drivers'?"],
    [() => race.fastestLapTelemetry({ driver: ["VER"] } as never), "did you mean 'drivers'?"],
    [() => Array.fromAsync(race.allTelemetry({ as: "text" } as never)), "'as'"],
    [() => race.prefetch({ telemtry: false } as never), "did you mean 'telemetry'?"],
    [() => race.drivers({ misspelt: 1 } as never), "'misspelt' is not an option"],
  ];
  for (const [call, text] of calls) await assertRejects(async () => await call(), TypeError, text);
  assertEquals(files.urls, []);
});
