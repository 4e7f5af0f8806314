import { assertEquals } from "@std/assert";
import { currentAgeMs, dateMs, initialAgeMs } from "../../../src/http_cache/rfc9111/age.ts";
import { MAX_DELTA_MS } from "../../../src/http_cache/rfc9111/delta_seconds.ts";
import { test } from "../../support/test.ts";
import { dateAt, metaOf, NOW } from "./stored.ts";

const times = { requestedAtMs: NOW, storedAtMs: NOW };
const ageOf = (headers: Record<string, string>, at: Partial<typeof times> = {}) =>
  initialAgeMs(new Headers(headers), { ...times, ...at });

test("initialAgeMs() is the response's travel time, without Age and Date", () => {
  assertEquals([ageOf({}), ageOf({}, { requestedAtMs: NOW - 1_500 })], [0, 1_500]);
});

test("initialAgeMs() adds the travel time to Age", () => {
  assertEquals(ageOf({ age: "30" }, { requestedAtMs: NOW - 1_500 }), 31_500);
});

test("initialAgeMs() is the time since Date, if that is more", () => {
  assertEquals(ageOf({ date: dateAt(NOW - 7_200_000) }), 7_200_000);
  assertEquals(ageOf({ date: dateAt(NOW - 10_000), age: "25" }), 25_000);
  assertEquals(ageOf({ date: dateAt(NOW - 40_000), age: "25" }), 40_000);
});

test("initialAgeMs() ignores fractions of a second, which Date can't express", () => {
  assertEquals(ageOf({ date: dateAt(NOW) }, { requestedAtMs: NOW + 999, storedAtMs: NOW + 999 }), 0);
  assertEquals(ageOf({ date: dateAt(NOW) }, { requestedAtMs: NOW + 1_000, storedAtMs: NOW + 1_000 }), 1_000);
});

test("initialAgeMs() is never negative: for a Date in the future, and a clock that was set back during the request", () => {
  assertEquals([ageOf({ date: dateAt(NOW + 60_000) }), ageOf({}, { requestedAtMs: NOW + 5_000 })], [0, 0]);
});

test("initialAgeMs() takes the first member of an Age that is a list (RFC 9111 §5.1)", () => {
  const cases = [["0, 0", 0], ["3600, 3600", 3_600], ["0,7200", 0], ["7200\t,0", 7_200], ["5,abc", 5], [
    ", 7",
    7,
  ]] as const;
  for (const [age, seconds] of cases) assertEquals(ageOf({ age }), seconds * 1_000, age);
  const lines = new Headers([["age", "20"], ["age", "10"]]);
  assertEquals(initialAgeMs(lines, times), 20_000);
});

test("initialAgeMs() ignores an Age whose first member is no number of seconds (RFC 9111 §5.1)", () => {
  for (const age of ["abc", "-1", "+1", "7200.0", "1e3", "0x10", "1;foo=bar", "1 2", "abc, 7200", ",", ""]) {
    assertEquals(ageOf({ age }), 0, age);
    assertEquals(ageOf({ age, date: dateAt(NOW - 40_000) }), 40_000, age);
  }
});

test("initialAgeMs() caps an Age that is too large", () => {
  assertEquals(ageOf({ age: "9".repeat(30) }), MAX_DELTA_MS);
});

test("dateMs() is the time of arrival if Date is absent or malformed", () => {
  const read = (date?: string) => dateMs(new Headers(date === undefined ? {} : { date }), NOW);
  assertEquals([read(), read("foo"), read(dateAt(NOW - 5_000))], [NOW, NOW, NOW - 5_000]);
});

test("currentAgeMs() grows with time", () => {
  assertEquals(currentAgeMs(metaOf({}, { initialAge: 500 }), NOW + 1_000), 1_500);
});

test("currentAgeMs() of a response from the future is its distance in time, and never infinite", () => {
  for (const awayMs of [1, 1_000, 1e12]) {
    assertEquals(currentAgeMs(metaOf({}, { initialAge: 500 }), NOW - awayMs), 500 + awayMs);
  }
});
