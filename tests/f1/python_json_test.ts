import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidDataError } from "../../src/errors.ts";
import { seasonCache, tracingInsights } from "../../src/f1/mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { parsePythonJson } from "../../src/f1/python_json.ts";
import { test } from "../support/test.ts";

const CHANNELS = "time,rpm,speed,gear,throttle,brake,drs,distance,acc_x,acc_y,acc_z,x,y,z".split(",");
/** A lap on which the car stood still, so that no part of the lap is known: 0 of 0 metres. */
const STANDING = `{"tel": {${CHANNELS.map((name) => `"${name}": [0.0, 0.0]`)}, "rel_distance": [NaN, NaN]}}`;

test("parsePythonJson() gives null for each word of Python's that is no number", () => {
  assertEquals(parsePythonJson('{"a": [NaN,Infinity, -Infinity ,1], "b":NaN}'), {
    a: [null, null, null, 1],
    b: null,
  });
  assertEquals(parsePythonJson("NaN"), null);
});

test("parsePythonJson() leaves texts as they are", () => {
  for (const text of ["NaN", ", NaN,", '[NaN], "NaN", ', "\\", '\\"NaN\\\\', "", '"']) {
    assertEquals(parsePythonJson(`[NaN, ${JSON.stringify(text)}, NaN]`), [null, text, null]);
    assertEquals(parsePythonJson(`{${JSON.stringify(text)}: NaN}`), { [text]: null });
  }
});

test("parsePythonJson() refuses what is no JSON apart from these words", () => {
  for (
    const text of ["<html>NaN</html>", "[NaN", '["NaN', "[nan]", "[NaNa]", "[NaN NaN]", "[1NaN]", '"\\"', ""]
  ) {
    assertThrows(() => parsePythonJson(text), SyntaxError);
  }
});

test("a file with bare NaN is loaded from the first mirror, whether it is checked or not", async () => {
  let requests = 0;
  const serve = () => Promise.resolve(new Response((requests++, STANDING)));
  await using f1 = tracingInsights({ fetch: serve, cache: false });
  for (const validate of [true, false]) {
    const path = "HAD/1_tel.json";
    const { tel } = await f1.fetchJson(2025, "Monaco Grand Prix", "Race", path, { validate });
    assertEquals(tel.rel_distance, [null, null]);
  }
  await f1.fetchJson(2018, "Monaco Grand Prix", "Race", "session_laptimes.json");
  assertEquals(requests, 3);
});

test("a cache keeps a file with bare NaN", async () => {
  let requests = 0;
  const serve = () => Promise.resolve(new Response((requests++, STANDING)));
  await using f1 = tracingInsights({ fetch: serve, cache: seasonCache(memoryCache()) });
  const race = f1.session(2025, "Monaco", "Race");
  assertEquals(await race.telemetry("HAD", 1), await race.telemetry("HAD", 1));
  assertEquals(requests, 1);
});

test("a file that is no JSON in other ways than by bare NaN is wrong data", async () => {
  const serve = () => Promise.resolve(new Response("[NaN, oops]"));
  await using f1 = tracingInsights({ fetch: serve, cache: false, maxRetries: 0 });
  const race = f1.session(2025, "Monaco", "Race");
  const error = await assertRejects(() => race.weather(), InvalidDataError, "unexpected 'NaN' at position 1");
  assertEquals(error.reason, "not-json");
});
