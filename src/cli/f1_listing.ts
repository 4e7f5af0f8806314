/**
 * What `slipstream f1` shows of the calendar.
 *
 * @module
 */

import { eventsOf } from "../f1/calendar.ts";
import { type EventName, sessionsOf } from "../f1/event_names.ts";
import { layOutTable } from "./table.ts";

/**
 * The events of a season, a line each: the round, the name, where it is, and whether it has a sprint.
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
 * The sessions of an event, a line each: the place in the weekend and the name.
 *
 * @param year The season.
 * @param event The event.
 * @returns The lines.
 * @throws {RangeError} If the calendar does not have the season or the event.
 */
export function sessionLines(year: number, event: EventName): readonly string[] {
  return layOutTable(sessionsOf(year, event).map((name, index) => [String(index + 1), name]), "rl");
}
