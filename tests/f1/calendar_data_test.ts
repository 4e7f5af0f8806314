import { assert, assertEquals } from "@std/assert";
import { MOVED, NOT_HELD, PLACES, ROUNDS, SPRINT_SESSIONS } from "../../src/f1/calendar_data.ts";
import { test } from "../support/test.ts";

const STEMS = Object.entries(ROUNDS).flatMap(([year, rounds]) =>
  rounds.split(",").map((entry) => ({ year: Number(year), stem: entry.trim().replace("*", ""), entry }))
);

test("PLACES has the place of each round, once and in composed form", () => {
  const places = PLACES.map(([stem]) => stem);
  assertEquals([...new Set(STEMS.map(({ stem }) => stem))].sort(), [...places].sort());
  assertEquals(new Set(places).size, places.length);
  for (const text of PLACES.flat()) assertEquals(text, text.normalize("NFC"));
});

test("ROUNDS mark sprints in the seasons whose sprint weekends are known", () => {
  const years = new Set(STEMS.filter(({ entry }) => entry.includes("*")).map(({ year }) => year));
  assertEquals([...years], Object.keys(SPRINT_SESSIONS).map(Number));
});

test("MOVED and NOT_HELD name rounds", () => {
  for (const name of Object.keys({ ...MOVED, ...NOT_HELD })) {
    assert(STEMS.some(({ year, stem }) => `${year} ${stem}` === name), name);
  }
});
