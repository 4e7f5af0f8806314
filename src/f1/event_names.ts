/**
 * Finds events by their everyday names.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import { eventsOf, type F1Event, hasCalendar } from "./calendar.ts";
import { COUNTRY_ALIASES, TRACKS } from "./calendar_data.ts";
import { ambiguousName, key, nearest, unknownName } from "./near_miss.ts";
import { assertSegment } from "./path.ts";

/** A round as a string: `8`, `R8`, `round 8`. */
const ROUND = /^\s*(?:(?:r|round)\s*)?0*(\d{1,2})\s*$/i;
/** How many characters the beginning of a name must have to be found. */
const SHORTEST_BEGINNING = 3;
/** How many first characters an event and its country share: Italian and Italy. */
const SHARED_BEGINNING = 3;

/** An event: the name of its folder, its round (`8` or `"8"`), or an everyday name: `"monaco"`, `"spa"`, `"Brazil"`. */
export type EventName = string | number;

/**
 * Finds an event of the calendar.
 *
 * @param year The season.
 * @param name The event.
 * @returns The event; or the name itself, if the calendar does not have the season or the name is that of a pre-season test.
 * @throws {RangeError} If the calendar has no such event.
 */
export function findEvent(year: number, name: EventName): F1Event | string {
  if (typeof name === "number") return eventOfRound(year, name);
  if (typeof name !== "string") throw argumentError("find event", "event", "a name or a round", name);
  assertSegment(name, "event");
  if (!hasCalendar(year)) return name;
  const events = eventsOf(year);
  const exact = events.find((event) => event.name === name.normalize("NFC"));
  if (exact !== undefined) return exact;
  const round = ROUND.exec(name)?.[1];
  if (round !== undefined) return eventOfRound(year, Number(round));
  const wanted = COUNTRY_ALIASES.has(key(name)) ? key(name) : stem(name);
  const matches = matchingEvents(events, wanted);
  if (matches.length === 1) return matches[0]!;
  if (/^pre-?season/i.test(name.trim())) return name;
  if (matches.length > 1) {
    throw ambiguousName(
      "event",
      name,
      `in ${year}`,
      matches.map((event) => event.name),
    );
  }
  throw unknownName("event", name, `in ${year}`, nearestEvent(events, wanted)?.name);
}

/**
 * Lists the sessions of an event of the calendar.
 *
 * @param year The season.
 * @param event The event.
 * @returns The names of the sessions.
 * @throws {RangeError} If the calendar does not have the season or the event.
 */
export function sessionsOf(year: number, event: EventName): readonly string[] {
  eventsOf(year);
  const found = findEvent(year, event);
  if (typeof found !== "string") return found.sessions;
  throw unknownName("event", found, `in the calendar of ${year}`, undefined);
}

function eventOfRound(year: number, round: number): F1Event {
  const events = eventsOf(year);
  const event = events.find((candidate) => candidate.round === round);
  if (event !== undefined) return event;
  throw argumentError("find event", "round", `an integer from 1 to ${events.at(-1)?.round}`, round);
}

/**
 * Returns the events that a name may mean. The first rule that matches exactly one event decides. If no rule does, the result is
 * that of the first rule which matches several, or else the events whose names begin like this.
 */
function matchingEvents(events: readonly F1Event[], wanted: string): readonly F1Event[] {
  if (wanted === "") return [];
  const country = COUNTRY_ALIASES.get(wanted) ?? wanted;
  const town = TRACKS.get(wanted) ?? wanted;
  const rules: readonly ((event: F1Event) => boolean)[] = [
    ({ name }) => stem(name) === wanted,
    ({ name }) => stem(name) === country,
    ({ location = "" }) => key(location) === town,
    (event) => key(event.country ?? "") === country,
    // Of several events in a country, choose the one that is named after the country.
    (event) => key(event.country ?? "") === country && isNamedAfter(event, country),
    ({ name }) => words(name).includes(wanted),
    ({ location = "" }) => words(location).includes(wanted),
  ];
  let several: readonly F1Event[] = [];
  for (const rule of rules) {
    const matches = events.filter(rule);
    if (matches.length === 1) return matches;
    if (several.length === 0) several = matches;
  }
  return several.length > 0 ? several : eventsThatBegin(events, wanted);
}

/**
 * Returns the events whose names begin like this, or else those whose towns do. "aus" may mean Australian or Austrian, and does
 * not mean Austin.
 */
function eventsThatBegin(events: readonly F1Event[], wanted: string): readonly F1Event[] {
  if (wanted.length < SHORTEST_BEGINNING) return [];
  const named = events.filter(({ name }) => stem(name).startsWith(wanted));
  return named.length > 0 ? named : events.filter(({ location = "" }) => key(location).startsWith(wanted));
}

/**
 * Returns the event to suggest for an unknown name: the one that the most similar known name finds, or a known name that is part
 * of a longer text, as in "Grand Prix de Monaco".
 */
function nearestEvent(events: readonly F1Event[], wanted: string): F1Event | undefined {
  const ofEvents = events.flatMap((
    { name, location = "", country = "" },
  ) => [stem(name), key(location), key(country)]);
  const names = [...ofEvents, ...TRACKS.keys(), ...COUNTRY_ALIASES.keys()].filter((name) =>
    name.length > SHORTEST_BEGINNING && matchingEvents(events, name).length > 0
  );
  const meant = nearest(names, wanted, (name) => name) ?? names.find((name) => wanted.includes(name));
  return meant === undefined ? undefined : matchingEvents(events, meant)[0];
}

/** Returns the part of a name before "Grand Prix", as {@linkcode key} writes it. */
function stem(name: string): string {
  return key(name).replace(/(?:grandprix|gp)$/, "");
}

function isNamedAfter({ name }: F1Event, country: string): boolean {
  return stem(name).slice(0, SHARED_BEGINNING) === country.slice(0, SHARED_BEGINNING);
}

function words(name: string): string[] {
  return name.replace(/ Grand Prix$/, "").split(/[\s-]+/).map(key);
}
