import { assertEquals, assertThrows } from "@std/assert";
import { resolveNames } from "../../src/f1/names.ts";
import { test } from "../support/test.ts";

test("resolveNames() accepts the short names of sessions, by whatever name they went in a season", () => {
  const names: readonly [number, string | number, string | number, string][] = [
    [2025, "monaco", "Q", "Qualifying"],
    [2025, "monaco", "fp1", "Practice 1"],
    [2025, 8, "race", "Race"],
    [2025, 8, 5, "Race"],
    [2025, 8, 1, "Practice 1"],
    [2025, 8, "practice 2", "Practice 2"],
    [2025, "china", "S", "Sprint"],
    [2025, "china", "SQ", "Sprint Qualifying"],
    [2025, "china", 3, "Sprint"],
    [2023, "spa", "SQ", "Sprint Shootout"],
    [2023, "spa", "shootout", "Sprint Shootout"],
    [2022, "austria", "SQ", "Sprint"],
    [2021, "silverstone", "sprint", "Sprint Qualifying"],
    [2025, "Pre-Season Testing", "FP2", "Practice 2"],
    [2027, "Pre-Season Testing", "FP2", "Practice 2"],
    [2027, "Monaco Grand Prix", "q", "Qualifying"],
  ];
  for (const [year, event, session, name] of names) {
    assertEquals(resolveNames(year, event, session).session, name, `${year} ${event} ${session}`);
  }
});

test("resolveNames() refuses a session that the event does not have, with a suggestion", () => {
  assertThrows(
    () => resolveNames(2025, "monaco", "Qualifing"),
    RangeError,
    `Cannot find session as there is no "Qualifing" of the Monaco Grand Prix 2025; did you mean 'Qualifying'?`,
  );
  assertThrows(
    () => resolveNames(2025, "monaco", "sprint"),
    RangeError,
    `there is no "sprint" of the Monaco Grand Prix 2025; there are 'Practice 1', 'Practice 2'`,
  );
  assertThrows(
    () => resolveNames(2019, "suzuka", "FP3"),
    RangeError,
    "there are 'Practice 1', 'Practice 2', 'Qual",
  );
  assertThrows(() => resolveNames(2025, "monaco", 6), RangeError, "an integer from 1 to 5");
  assertThrows(() => resolveNames(2027, "Monaco Grand Prix", 5), RangeError, "does not have the event");
  assertThrows(() => resolveNames(2025, "monaco", undefined as never), TypeError, "'session' must be");
});

test("resolveNames() keeps names as they are where the calendar does not know better", () => {
  assertEquals(resolveNames(2027, "Any Event", "Any Session"), {
    event: "Any Event",
    session: "Any Session",
  });
  assertEquals(resolveNames(2023, "Pre-Season Testing", "Practice 1"), {
    event: "Pre-Season Testing",
    session: "Practice 1",
  });
});
