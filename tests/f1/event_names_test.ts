import { assertEquals, assertThrows } from "@std/assert";
import { CALENDAR_YEARS, eventsOf } from "../../src/f1/calendar.ts";
import { findEvent, sessionsOf } from "../../src/f1/event_names.ts";
import { resolveNames } from "../../src/f1/names.ts";
import { test } from "../support/test.ts";

function eventOf(year: number, name: string | number): string {
  const found = findEvent(year, name);
  return typeof found === "string" ? `${found} (as it is)` : found.name;
}

test("findEvent() finds every event by its folder, its round and what stands before Grand Prix", () => {
  for (const year of CALENDAR_YEARS) {
    for (const event of eventsOf(year)) {
      assertEquals(findEvent(year, event.name), event);
      assertEquals(findEvent(year, event.name.normalize("NFD").toUpperCase()), event);
      if (event.round === null) continue;
      assertEquals(findEvent(year, event.round), event);
      assertEquals(findEvent(year, event.name.replace(" Grand Prix", "").toLowerCase()), event);
      assertEquals(findEvent(year, event.name.replace("Grand Prix", "GP")), event);
    }
  }
});

test("findEvent() knows towns, tracks, countries and beginnings", () => {
  const names: readonly [number, string, string][] = [
    [2025, "spa", "Belgian"],
    [2025, "Monza", "Italian"],
    [2025, "imola", "Emilia Romagna"],
    [2025, "montreal", "Canadian"],
    [2025, "Brazil", "São Paulo"],
    [2025, "sao paulo", "São Paulo"],
    [2018, "brazil", "Brazilian"],
    [2025, "USA", "United States"],
    [2025, "uk", "British"],
    [2025, "vegas", "Las Vegas"],
    [2025, "abu", "Abu Dhabi"],
    [2020, "austria", "Austrian"],
    [2020, "sakhir", "Sakhir"],
    [2021, "sakhir", "Bahrain"],
    [2025, "mexico", "Mexico City"],
  ];
  for (const [year, name, stem] of names) assertEquals(eventOf(year, name), `${stem} Grand Prix`, name);
});

test("findEvent() suggests what may have been meant", () => {
  const suggestions: readonly [string, string][] = [
    ["monacco", "Monaco"],
    ["Bahrian Grand Prix", "Bahrain"],
    ["hungry", "Hungarian"],
    ["silverstoen", "British"],
    ["Qatr", "Qatar"],
  ];
  for (const [typed, stem] of suggestions) {
    const message = `there is no "${typed}" in 2025; did you mean '${stem} Grand Prix'?`;
    assertThrows(() => findEvent(2025, typed), RangeError, message);
  }
  const error = assertThrows(() => findEvent(2025, "xyz"), RangeError);
  assertEquals(error.message, 'Cannot find event as there is no "xyz" in 2025');
});

test("findEvent() refuses what may be several events, nothing, and a round that is not there", () => {
  assertThrows(
    () => findEvent(2020, "silverstone"),
    RangeError,
    "may be any of 'British Grand Prix', '70th Anniversary Grand Prix' in 2020",
  );
  for (const name of ["", "..", "a/b", "a%2Fb"]) {
    assertThrows(() => findEvent(2025, name), TypeError, "'event' must be a");
    assertThrows(() => resolveNames(2025, 8, name), TypeError, "'session' must be a");
  }
  for (const name of ["Grand Prix", "!?"]) {
    assertThrows(() => findEvent(2025, name), RangeError, "there is no");
  }
  for (const round of [0, 25, -1, 1.5, NaN]) {
    assertThrows(() => findEvent(2025, round), RangeError, "'round' must be an integer from 1 to 24");
  }
  assertThrows(() => findEvent(2025, null as never), TypeError, "'event' must be");
  assertThrows(() => findEvent(2027, 1), RangeError, "which has 2018 to 2026");
});

test("sessionsOf() has the sessions of an event of the calendar", () => {
  assertEquals(sessionsOf(2025, "monaco"), ["Practice 1", "Practice 2", "Practice 3", "Qualifying", "Race"]);
  assertThrows(() => sessionsOf(2027, "Monaco Grand Prix"), RangeError, "which has 2018 to 2026");
  assertThrows(() => sessionsOf(2023, "Pre-Season Testing"), RangeError, "in the calendar of 2023");
});
