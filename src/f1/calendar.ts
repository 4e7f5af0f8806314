/**
 * Lists the events of a season, from the calendar that comes with this module.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import {
  MOVED,
  NOT_HELD,
  PLACES,
  ROUNDS,
  SPRINT_SESSIONS,
  STANDARD_SESSIONS,
  TESTING,
} from "./calendar_data.ts";

/** An event of a season. */
export interface F1Event {
  /** The season. */
  readonly year: number;
  /** The round, from 1; `null` for tests. */
  readonly round: number | null;
  /** The name, which is also the event's folder. */
  readonly name: string;
  /** The town or track; absent for tests. */
  readonly location?: string | undefined;
  /** The country; absent for tests. */
  readonly country?: string | undefined;
  /** Whether the weekend has a sprint. */
  readonly sprint: boolean;
  /** The names of the sessions in order, which are also the names of their folders. */
  readonly sessions: readonly string[];
}

const ACTION = "list the events";
const seasons = new Map<number, readonly F1Event[]>();

/** The seasons whose calendars come with this module. */
export const CALENDAR_YEARS: readonly number[] = Object.keys(ROUNDS).map(Number);

/** Whether the calendar has a season. */
export function hasCalendar(year: number): boolean {
  return ROUNDS[year] !== undefined;
}

/**
 * Lists the events of a season.
 *
 * @param year The season.
 * @returns The pre-season tests, if their folder is known, and then the rounds in order.
 * @throws {TypeError} If the season is no number.
 * @throws {RangeError} If the calendar does not have the season.
 */
export function eventsOf(year: number): readonly F1Event[] {
  // A string would find the season, too, and become the `year` of its events.
  if (typeof year !== "number" || !hasCalendar(year)) {
    const [first, last] = [CALENDAR_YEARS[0], CALENDAR_YEARS.at(-1)];
    throw argumentError(ACTION, "year", `a season of the calendar, which has ${first} to ${last}`, year);
  }
  let events = seasons.get(year);
  if (events === undefined) seasons.set(year, events = buildSeason(year, ROUNDS[year]!));
  return events;
}

function buildSeason(year: number, rounds: string): readonly F1Event[] {
  const races = rounds.split(",").map((entry, index) => {
    const [stem = "", star] = entry.trim().split(/(\*)/);
    return raceWeekend(year, index + 1, stem, star !== undefined);
  });
  const testing = TESTING[year];
  if (testing === undefined) return races;
  const sessions = STANDARD_SESSIONS.slice(0, 3);
  return [{ year, round: null, name: testing, sprint: false, sessions }, ...races];
}

function raceWeekend(year: number, round: number, stem: string, sprint: boolean): F1Event {
  const [, usualLocation, usualCountry] = PLACES.find(([name]) => name === stem)!;
  const [location, country] = MOVED[`${year} ${stem}`] ?? [usualLocation, usualCountry];
  const planned = sprint ? SPRINT_SESSIONS[year]! : STANDARD_SESSIONS;
  const sessions = planned.filter((session) => !NOT_HELD[`${year} ${stem}`]?.includes(session));
  return { year, round, name: `${stem} Grand Prix`, location, country, sprint, sessions };
}
