/**
 * From what people call an event or a session to the name of its folder.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import { eventsOf, type F1Event, hasCalendar } from "./calendar.ts";
import { COUNTRY_ALIASES } from "./calendar_data.ts";
import { editDistance } from "./edit_distance.ts";
import { assertSegment } from "./path.ts";

/** Which event: the name of its folder, its round, or what people call it: `"monaco"`, `"spa"`, `"Brazil"`. */
export type EventName = string | number;
/** Which session: the name of its folder, its place in the weekend from 1, or a short name: `"Q"`, `"FP1"`, `"race"`. */
export type SessionName = string | number;

/** An event and a session by the names of their folders. */
export interface ResolvedNames {
  readonly event: string;
  readonly session: string;
}

/** What each short name may stand for; the first that the weekend has counts, since sprints have changed their names. */
const SHORT_NAMES: Readonly<Record<string, readonly string[]>> = {
  fp1: ["Practice 1"],
  fp2: ["Practice 2"],
  fp3: ["Practice 3"],
  p1: ["Practice 1"],
  p2: ["Practice 2"],
  p3: ["Practice 3"],
  q: ["Qualifying"],
  quali: ["Qualifying"],
  r: ["Race"],
  gp: ["Race"],
  grandprix: ["Race"],
  s: ["Sprint", "Sprint Qualifying"],
  sr: ["Sprint", "Sprint Qualifying"],
  sprint: ["Sprint", "Sprint Qualifying"],
  sprintrace: ["Sprint", "Sprint Qualifying"],
  sq: ["Sprint Qualifying", "Sprint Shootout", "Sprint"],
  sprintqualifying: ["Sprint Qualifying", "Sprint Shootout", "Sprint"],
  sprintquali: ["Sprint Qualifying", "Sprint Shootout", "Sprint"],
  ss: ["Sprint Shootout", "Sprint Qualifying"],
  shootout: ["Sprint Shootout", "Sprint Qualifying"],
  sprintshootout: ["Sprint Shootout", "Sprint Qualifying"],
};

const ALL_SESSIONS: readonly string[] = [
  "Practice 1",
  "Practice 2",
  "Practice 3",
  "Qualifying",
  "Race",
  "Sprint",
  "Sprint Qualifying",
  "Sprint Shootout",
];

/**
 * Finds the folders of an event and a session. Names of a season that the calendar does not have are taken as they are, but for
 * the short names of sessions; so are tests, and their sessions.
 *
 * @param year The season.
 * @param event The event.
 * @param session The session.
 * @returns The names of the folders.
 * @throws {RangeError} If the calendar has no such event or session; the message says which one may have been meant.
 * @throws {TypeError} If a name is neither a number nor a text that can be a folder.
 */
export function resolveNames(year: number, event: EventName, session: SessionName): ResolvedNames {
  const found = findEvent(year, event);
  return typeof found === "string"
    ? { event: found, session: findSession(session, undefined) }
    : { event: found.name, session: findSession(session, found) };
}

/**
 * Finds an event of the calendar.
 *
 * @param year The season.
 * @param name The event.
 * @returns The event; the name itself, if it is none that the calendar could have.
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
  const wanted = stem(name);
  const matches = matchingEvents(events, wanted);
  if (matches.length === 1) return matches[0]!;
  if (/^pre-?season/i.test(name.trim())) return name;
  if (matches.length > 1) {
    const names = matches.map((event) => `'${event.name}'`).join(", ");
    throw new RangeError(`Cannot find event as ${JSON.stringify(name)} may be any of ${names} in ${year}`);
  }
  throw unknown("event", name, `in ${year}`, nearestEvent(events, wanted)?.name);
}

/**
 * Finds a session of an event.
 *
 * @param name The session.
 * @param event The event; `undefined` if the calendar does not have it.
 * @returns The name of the session's folder.
 * @throws {RangeError} If the event has no such session.
 */
export function findSession(name: SessionName, event: F1Event | undefined): string {
  if (typeof name === "number") return sessionOfPlace(name, event);
  if (typeof name !== "string") throw argumentError("find session", "session", "a name or a number", name);
  assertSegment(name, "session");
  const sessions = event?.sessions ?? ALL_SESSIONS;
  const wanted = key(name);
  const plain = sessions.find((session) => key(session) === wanted);
  if (plain !== undefined) return plain;
  const short = SHORT_NAMES[wanted]?.find((session) => sessions.includes(session));
  if (short !== undefined) return short;
  if (event === undefined || event.round === null) return name;
  throw unknown(
    "session",
    name,
    `of the ${event.name} ${event.year}`,
    nearest(sessions, wanted, (text) => text),
    sessions,
  );
}

/**
 * The sessions of an event of the calendar.
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
  throw unknown("event", found, `in the calendar of ${year}`, undefined);
}

function eventOfRound(year: number, round: number): F1Event {
  const events = eventsOf(year);
  const event = events.find((candidate) => candidate.round === round);
  if (event !== undefined) return event;
  throw argumentError("find event", "round", `an integer from 1 to ${events.at(-1)?.round}`, round);
}

function sessionOfPlace(place: number, event: F1Event | undefined): string {
  if (event === undefined) {
    throw argumentError(
      "find session",
      "session",
      "a name where the calendar does not have the event",
      place,
    );
  }
  const session = event.sessions[place - 1];
  if (session !== undefined) return session;
  throw argumentError(
    "find session",
    "session",
    `a name, or an integer from 1 to ${event.sessions.length}`,
    place,
  );
}

/** The events that a name stands for, by the first rule that finds any; a rule that finds several is only the last word. */
function matchingEvents(events: readonly F1Event[], wanted: string): readonly F1Event[] {
  if (wanted === "") return [];
  const country = COUNTRY_ALIASES[wanted] ?? wanted;
  const rules: readonly ((event: F1Event) => boolean)[] = [
    ({ name }) => stem(name) === wanted,
    ({ name }) => stem(name) === country,
    ({ location = "" }) => key(location) === wanted,
    (event) => key(event.country ?? "") === country,
    ({ name }) => words(name).includes(wanted),
    ({ location = "" }) => words(location).includes(wanted),
    ({ name }) => wanted.length >= 3 && stem(name).startsWith(wanted),
    ({ location = "" }) => wanted.length >= 3 && key(location).startsWith(wanted),
  ];
  let several: readonly F1Event[] = [];
  for (const rule of rules) {
    const matches = events.filter(rule);
    if (matches.length === 1) return matches;
    if (several.length === 0) several = matches;
  }
  return several;
}

function nearestEvent(events: readonly F1Event[], wanted: string): F1Event | undefined {
  const names = events.flatMap((event) =>
    [stem(event.name), key(event.location ?? ""), key(event.country ?? "")].map((text) => ({ event, text }))
  );
  return nearest(names, wanted, ({ text }) => text)?.event;
}

/** What is most like a text, if it is like it at all. */
export function nearest<Item>(
  items: readonly Item[],
  wanted: string,
  textOf: (item: Item) => string,
): Item | undefined {
  let best: Item | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  if (wanted === "") return undefined;
  for (const item of items) {
    const text = key(textOf(item));
    const distance = editDistance(text, wanted);
    if (text !== "" && distance < least) [best, least] = [item, distance];
  }
  return best;
}

/** An error that says what may have been meant, or else what there is. */
export function unknown(
  kind: string,
  name: string,
  where: string,
  suggestion: string | undefined,
  all: readonly string[] = [],
): RangeError {
  const hint = suggestion !== undefined
    ? `; did you mean '${suggestion}'?`
    : all.length > 0
    ? `; there are ${all.map((text) => `'${text}'`).join(", ")}`
    : "";
  return new RangeError(`Cannot find ${kind} as there is no ${JSON.stringify(name)} ${where}${hint}`);
}

/** A text without accents, case, spaces and punctuation. */
export function key(text: string): string {
  return text.normalize("NFD").toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** What stands before "Grand Prix". */
function stem(name: string): string {
  return key(name).replace(/(?:grandprix|gp)$/, "");
}

function words(name: string): string[] {
  return name.replace(/ Grand Prix$/, "").split(/[\s-]+/).map(key);
}
