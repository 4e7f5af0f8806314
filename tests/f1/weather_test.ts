import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { type Weather, weatherSchema } from "../../src/f1/weather.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

const WEATHER: Readonly<Record<string, unknown>> = {
  wT: [60.108, 120.124],
  wAT: [27.4, 27],
  wH: [55.0, "None"],
  wP: [1016.4, 1016.3],
  wR: [false, "None"],
  wTT: [34.6, 34.0],
  wWD: [67, 290],
  wWS: [3.0, 2.4],
  note: "unknown",
};

test('weatherSchema turns "None" into null and keeps unknown columns', () => {
  const weather = v.parse(weatherSchema, WEATHER);
  assertEquals<unknown>(weather, { ...WEATHER, wH: [55, null], wR: [false, null] });
  assertType<Equal<typeof weather, Weather>>();
});

test("weatherSchema refuses a sample without a time, and rain that is a number", () => {
  assertEquals(v.is(weatherSchema, { ...WEATHER, wT: [60.108, "None"] }), false);
  assertEquals(v.is(weatherSchema, { ...WEATHER, wR: [0, 1] }), false);
});
