import { assertEquals, assertThrows } from "@std/assert";
import { CALENDAR_YEARS, eventsOf } from "../../src/f1/calendar.ts";
import { findSession } from "../../src/f1/session_names.ts";
import { test } from "../support/test.ts";

test("findSession() finds every session by its folder and its number", () => {
  for (const event of CALENDAR_YEARS.flatMap(eventsOf)) {
    for (const [index, session] of event.sessions.entries()) {
      assertEquals(findSession(session, event), session);
      assertEquals(findSession(session.toLowerCase().replace(" ", ""), event), session);
      assertEquals(findSession(index + 1, event), session);
    }
  }
});

test("findSession() leaves names alone for an event that is not in the calendar", () => {
  const names = ["Q", "FP1", "sprint", "SQ", "Shootout", "Something Else"].map((name) =>
    findSession(name, undefined)
  );
  assertEquals(names, [
    "Qualifying",
    "Practice 1",
    "Sprint",
    "Sprint Qualifying",
    "Sprint Shootout",
    "Something Else",
  ]);
  assertThrows(() => findSession(1, undefined), RangeError, "does not have the event");
});

test("findSession() accepts any session of tests, which have had more than three days", () => {
  const tests = eventsOf(2025)[0]!;
  assertEquals([findSession("FP3", tests), findSession("Day 4", tests)], ["Practice 3", "Day 4"]);
});

test("findSession() accepts the number of a session as a text for events of the calendar", () => {
  const monaco = eventsOf(2025)[8]!;
  assertEquals([findSession("4", monaco), findSession(" 1 ", monaco)], ["Qualifying", "Practice 1"]);
  assertEquals(findSession("qualy", monaco), "Qualifying");
  assertEquals(findSession("practice two", monaco), "Practice 2");
  assertEquals(findSession("Free Practice 3", monaco), "Practice 3");
  const ordinals = ["FirstPractice", "second practice", "Third Practice"];
  assertEquals(ordinals.map((name) => findSession(name, monaco)), monaco.sessions.slice(0, 3));
  assertEquals(findSession("Qualification", monaco), "Qualifying");
  assertThrows(() => findSession("6", monaco), RangeError, "an integer from 1 to 5");
  assertEquals(findSession("6", undefined), "6");
  assertEquals(findSession("2", eventsOf(2025)[0]), "Practice 2");
});
