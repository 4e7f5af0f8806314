/**
 * Finds the folder of a session by its everyday names.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import type { F1Event } from "./calendar.ts";
import { key, nearest, unknownName } from "./near_miss.ts";
import { assertSegment } from "./path.ts";

/**
 * A session: the name of its folder, its position in the weekend from 1 (`4` or `"4"`), or a short name: `"Q"`, `"FP1"`,
 * `"race"`.
 */
export type SessionName = string | number;

/**
 * The sessions that each short name may mean. The first one that the weekend has is the result, since sprint sessions have
 * changed their names over the seasons.
 */
const SHORT_NAMES: ReadonlyMap<string, readonly string[]> = new Map(Object.entries({
  fp1: ["Practice 1"],
  freepractice1: ["Practice 1"],
  freepractice2: ["Practice 2"],
  freepractice3: ["Practice 3"],
  practiceone: ["Practice 1"],
  practicetwo: ["Practice 2"],
  practicethree: ["Practice 3"],
  firstpractice: ["Practice 1"],
  secondpractice: ["Practice 2"],
  thirdpractice: ["Practice 3"],
  fp2: ["Practice 2"],
  fp3: ["Practice 3"],
  p1: ["Practice 1"],
  p2: ["Practice 2"],
  p3: ["Practice 3"],
  q: ["Qualifying"],
  quali: ["Qualifying"],
  qualy: ["Qualifying"],
  qually: ["Qualifying"],
  qualification: ["Qualifying"],
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
}));

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
  const short = SHORT_NAMES.get(wanted)?.find((session) => sessions.includes(session));
  if (short !== undefined) return short;
  // Without a calendar entry, a string of digits may be the name of a folder.
  if (event !== undefined && /^\s*\d+\s*$/.test(name)) return sessionOfPlace(Number(name), event);
  if (event === undefined || event.round === null) return name;
  throw unknownName(
    "session",
    name,
    `of the ${event.name} ${event.year}`,
    nearest(sessions, wanted, (text) => text),
    sessions,
  );
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
