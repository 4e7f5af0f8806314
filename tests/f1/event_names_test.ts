import { assertEquals, assertThrows } from "@std/assert";
import { CALENDAR_YEARS, eventsOf } from "../../src/f1/calendar.ts";
import { findEvent, sessionsOf } from "../../src/f1/event_names.ts";
import { resolveNames } from "../../src/f1/names.ts";
import { test } from "../support/test.ts";

function eventOf(year: number, name: string | number): string {
  const found = findEvent(year, name);
  return typeof found === "string" ? `${found} (as it is)` : found.name;
}

test("findEvent() finds every event by its folder, its round and its name without Grand Prix", () => {
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

test("findEvent() accepts towns, tracks, countries and beginnings of names", () => {
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

test("findEvent() accepts country codes, and the older names of renamed races", () => {
  const names: readonly [number, string, string][] = [
    [2025, "JPN", "Japanese"],
    [2025, "ned", "Dutch"],
    [2025, "GBR", "British"],
    [2025, "AUT", "Austrian"],
    [2021, "aut", "Austrian"],
    [2025, "ESP", "Spanish"],
    [2026, "esp", "Spanish"],
    [2025, "KSA", "Saudi Arabian"],
    [2020, "BHR", "Bahrain"],
    [2020, "GER", "Eifel"],
    [2019, "ger", "German"],
    [2018, "BRA", "Brazilian"],
    [2024, "Brazilian Grand Prix", "São Paulo"],
    [2018, "Brazilian Grand Prix", "Brazilian"],
    [2022, "mexican gp", "Mexico City"],
    [2019, "Mexican", "Mexican"],
  ];
  for (const [year, name, stem] of names) {
    assertEquals(eventOf(year, name), `${stem} Grand Prix`, `${name} ${year}`);
  }
  assertThrows(() => findEvent(2025, "FRA"), RangeError, "there is no");
});

test("findEvent() suggests the event that may have been meant", () => {
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

test("findEvent() refuses a hostile name in linear time", () => {
  for (const text of [" ", "0", "r ", "x", "-", "é"]) {
    assertThrows(() => findEvent(2025, `${text.repeat(500_000)}!`), RangeError, "there is no");
  }
});

test("findEvent() refuses a name of several events or of none, and an unknown round", () => {
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

test("sessionsOf() returns the sessions of an event in the calendar", () => {
  assertEquals(sessionsOf(2025, "monaco"), ["Practice 1", "Practice 2", "Practice 3", "Qualifying", "Race"]);
  assertThrows(() => sessionsOf(2027, "Monaco Grand Prix"), RangeError, "which has 2018 to 2026");
  assertThrows(() => sessionsOf(2023, "Pre-Season Testing"), RangeError, "in the calendar of 2023");
});

test("findEvent() accepts a round as a text, and only in seasons of the calendar", () => {
  for (const text of ["8", "08", " 8 ", "R8", "round 8", "Round8"]) {
    assertEquals(eventOf(2025, text), "Monaco Grand Prix", text);
  }
  assertEquals(eventOf(2020, "70th"), "70th Anniversary Grand Prix");
  assertEquals(eventOf(2027, "8"), "8 (as it is)");
  assertThrows(() => findEvent(2025, "25"), RangeError, "'round' must be an integer from 1 to 24");
});

test("findEvent() accepts tracks by their own names, and prefers the event with the country's name", () => {
  const names: readonly [number, string, string][] = [
    [2025, "Interlagos", "São Paulo"],
    [2019, "interlagos", "Brazilian"],
    [2025, "COTA", "United States"],
    [2025, "Yas Marina", "Abu Dhabi"],
    [2025, "Red Bull Ring", "Austrian"],
    [2025, "Hungaroring", "Hungarian"],
    [2025, "Paul Ricard", ""],
    [2025, "Italy", "Italian"],
    [2020, "italy", "Italian"],
    [2026, "Spain", "Spanish"],
    [2021, "Austria", "Austrian"],
    [2025, "England", "British"],
    [2025, "Brasil", "São Paulo"],
  ];
  for (const [year, name, stem] of names) {
    if (stem === "") assertThrows(() => findEvent(year, name), RangeError, "there is no");
    else assertEquals(eventOf(year, name), `${stem} Grand Prix`, `${name} ${year}`);
  }
});

test("findEvent() accepts codes that end in GP, and further names of countries and races", () => {
  const names: readonly [number, string, string][] = [
    [2025, "SGP", "Singapore"],
    [2018, "sgp", "Singapore"],
    [2025, "Singapore GP", "Singapore"],
    [2025, "USGP", "United States"],
    [2025, "MCO", "Monaco"],
    [2025, "BRN", "Bahrain"],
    [2021, "Türkiye", "Turkish"],
    [2025, "The Netherlands", "Dutch"],
    [2025, "San Marino", "Emilia Romagna"],
    [2026, "bahrain", "Bahrain"],
    [2026, "Malaysia", "Bahrain"],
    [2026, "Malaysian Grand Prix", "Bahrain"],
    [2026, "Sepang", "Bahrain"],
    [2026, "Kuala Lumpur", "Bahrain"],
    [2026, "Singapore", "Singapore"],
    [2026, "R16", "Bahrain"],
    [2026, "17", "Singapore"],
    [2026, "Barcelona-Catalunya", "Barcelona"],
    [2026, "Barcelona-Catalunya Grand Prix", "Barcelona"],
    [2025, "Barcelona-Catalunya", "Spanish"],
    [2021, "Montmeló", "Spanish"],
    [2026, "Montmeló", "Barcelona"],
    [2025, "Miami Gardens", "Miami"],
    [2021, "Al Daayen", "Qatar"],
  ];
  for (const [year, name, stem] of names) {
    assertEquals(eventOf(year, name), `${stem} Grand Prix`, `${name} ${year}`);
  }
});

test("findEvent() suggests the event for a mistyped track or country", () => {
  const names: readonly [number, string, string][] = [
    [2024, "Untied States", "United States"],
    [2025, "Amercia", "United States"],
    [2025, "Engalnd", "British"],
    [2025, "Interlagoss", "São Paulo"],
    [2019, "interlago", "Brazilian"],
    [2025, "Red Bull Rign", "Austrian"],
    [2025, "Catalunia", "Spanish"],
    [2026, "Catalunia", "Barcelona"],
    [2025, "Yas Marina Circuit", "Abu Dhabi"],
    [2025, "Autódromo Hermanos Rodríguez", "Mexico City"],
  ];
  for (const [year, name, stem] of names) {
    assertThrows(() => findEvent(year, name), RangeError, `did you mean '${stem} Grand Prix'?`, name);
  }
});

test("findEvent() suggests nothing outside of the season", () => {
  for (const [year, name] of [[2024, "Turkiye"], [2025, "Hockenhiem"], [2025, "Paul Riccard"]] as const) {
    const error = assertThrows(() => findEvent(year, name), RangeError, "there is no");
    assertEquals(error.message.includes("did you mean"), false, error.message);
  }
});

test("findEvent() does not take a beginning of several event names for a town", () => {
  for (const [year, name] of [[2025, "aus"], [2026, "Aust"], [2018, "AUSTR"]] as const) {
    const both = "may be any of 'Australian Grand Prix', 'Austrian Grand Prix'";
    assertThrows(() => findEvent(year, name), RangeError, both);
  }
  assertEquals([eventOf(2025, "austi"), eventOf(2021, "aus")], [
    "United States Grand Prix",
    "Austrian Grand Prix",
  ]);
});

test("findEvent() suggests the event that a longer name mentions", () => {
  for (
    const name of [
      "GP de Monaco",
      "Grand Prix of Monaco",
      "Monaco Grand Prix 2025",
      "FORMULA 1 GRAND PRIX DE MONACO 2025",
    ]
  ) {
    assertThrows(() => findEvent(2025, name), RangeError, "did you mean 'Monaco Grand Prix'?");
  }
  assertThrows(
    () => findEvent(2025, "Formula 1 Las Vegas GP of Nevada"),
    RangeError,
    "'Las Vegas Grand Prix'?",
  );
  for (const name of ["a", "gp", "the", "dubai"]) {
    const { message } = assertThrows(() => findEvent(2025, name), RangeError);
    assertEquals(message.includes("did you mean"), false, message);
  }
});

test("findEvent() and findSession() accept no names of inherited properties", () => {
  for (const name of ["constructor", "__proto__", "toString"]) {
    assertThrows(() => findEvent(2025, name), RangeError, "there is no");
    assertThrows(() => resolveNames(2025, 8, name), RangeError, "there is no");
    assertEquals(resolveNames(2027, name, name), { event: name, session: name });
  }
});
