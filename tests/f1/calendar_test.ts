import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CALENDAR_YEARS, eventsOf, hasCalendar } from "../../src/f1/calendar.ts";
import { sessionFolder } from "../../src/f1/path.ts";
import { test } from "../support/test.ts";

test("eventsOf() returns all rounds of each season, in order, under names that are folders", () => {
  const rounds = CALENDAR_YEARS.map((
    year,
  ) => [year, eventsOf(year).filter(({ round }) => round !== null).length]);
  assertEquals(rounds, [
    [2018, 21],
    [2019, 21],
    [2020, 17],
    [2021, 22],
    [2022, 22],
    [2023, 22],
    [2024, 24],
    [2025, 24],
    [2026, 23],
  ]);
  for (const year of CALENDAR_YEARS) {
    const races = eventsOf(year).filter(({ round }) => round !== null);
    assertEquals(races.map(({ round }) => round), races.map((_race, index) => index + 1));
    assertEquals(new Set(races.map(({ name }) => name)).size, races.length);
    for (const { name, sessions, location, country } of races) {
      assert(name.endsWith(" Grand Prix") && location !== undefined && country !== undefined, name);
      assertEquals(sessions.at(-1), "Race");
      for (const session of sessions) assert(sessionFolder(year, name, session).startsWith(`${year}@main/`));
    }
  }
});

test("eventsOf() returns one event", () => {
  assertEquals(eventsOf(2025).find(({ round }) => round === 2), {
    year: 2025,
    round: 2,
    name: "Chinese Grand Prix",
    location: "Shanghai",
    country: "China",
    sprint: true,
    sessions: ["Practice 1", "Sprint Qualifying", "Sprint", "Qualifying", "Race"],
  });
  assertStrictEquals(eventsOf(2025), eventsOf(2025));
});

test("eventsOf() knows how sprint weekends have changed, and which sessions were cancelled", () => {
  const sessions = (year: number, name: string) =>
    eventsOf(year).find((event) => event.name === `${name} Grand Prix`)?.sessions.slice(1, 4);
  assertEquals(sessions(2021, "British"), ["Qualifying", "Practice 2", "Sprint Qualifying"]);
  assertEquals(sessions(2022, "Austrian"), ["Qualifying", "Practice 2", "Sprint"]);
  assertEquals(sessions(2023, "Belgian"), ["Qualifying", "Sprint Shootout", "Sprint"]);
  assertEquals(sessions(2024, "São Paulo"), ["Sprint Qualifying", "Sprint", "Qualifying"]);
  assertEquals(sessions(2019, "Japanese"), ["Practice 2", "Qualifying", "Race"]);
  assertEquals(sessions(2020, "Emilia Romagna"), ["Qualifying", "Race"]);
});

test("eventsOf() has the tests whose folders are known, before the rounds and without a round number", () => {
  const tests = CALENDAR_YEARS.flatMap((year) => eventsOf(year).slice(0, 1)).filter(({ round }) =>
    round === null
  );
  assertEquals(tests.map(({ year, name }) => [year, name]), [
    [2022, "Pre-Season Test"],
    [2024, "Pre-Season Testing"],
    [2025, "Pre-Season Testing"],
    [2026, "Pre-Season Testing"],
  ]);
  assertEquals(tests[0]?.sessions, ["Practice 1", "Practice 2", "Practice 3"]);
});

test("eventsOf() refuses a season that is not in the calendar", () => {
  for (const year of [2017, 2027, 2024.5, NaN]) {
    assertEquals(hasCalendar(year), false);
    assertThrows(() => eventsOf(year), RangeError, `which has 2018 to 2026: received ${year}`);
  }
  for (const year of ["2024", "2017", null, undefined, ["2024"]]) {
    assertThrows(() => eventsOf(year as never), TypeError, "'year' must be a season of the calendar");
  }
});

test("eventsOf() knows that an event has moved", () => {
  const at = (year: number, stem: string) =>
    eventsOf(year).find(({ name }) => name === `${stem} Grand Prix`)?.location;
  assertEquals([at(2025, "Spanish"), at(2026, "Spanish")], ["Barcelona", "Madrid"]);
  assertEquals([at(2025, "Bahrain"), at(2026, "Bahrain")], ["Sakhir", "Sepang"]);
});
