/**
 * The lists of events and sessions that `slipstream f1` shows.
 *
 * @module
 */

import { eventsOf } from "../f1/calendar.ts";
import { type EventName, sessionsOf } from "../f1/event_names.ts";
import { layOutTable } from "./table.ts";

/**
 * Returns the events of a season, one on each line: the round, the name, the place, and whether it has a sprint.
 *
 * @param year The season.
 * @returns The lines.
 * @throws {RangeError} If the calendar does not have the season.
 */
export function eventLines(year: number): readonly string[] {
  const rows = eventsOf(year).map(({ round, name, location, country, sprint }) => [
    round === null ? "" : String(round),
    name,
    location === undefined ? "" : `${location}, ${country}`,
    sprint ? "sprint" : "",
  ]);
  return layOutTable(rows, "rlll");
}

/**
 * Returns the sessions of an event, one on each line: the place in the weekend and the name.
 *
 * @param year The season.
 * @param event The event.
 * @returns The lines.
 * @throws {RangeError} If the calendar does not have the season or the event.
 */
export function sessionLines(year: number, event: EventName): readonly string[] {
  return layOutTable(sessionsOf(year, event).map((name, index) => [String(index + 1), name]), "rl");
}
