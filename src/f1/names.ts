/**
 * Resolves everyday names of an event and a session to the names of their folders.
 *
 * @module
 */

import { type EventName, findEvent } from "./event_names.ts";
import { findSession, type SessionName } from "./session_names.ts";

/** The names of the folders of an event and of a session. */
export interface ResolvedNames {
  readonly event: string;
  readonly session: string;
}

/**
 * Finds the folders of an event and a session. For a season that the calendar does not have, and for tests, names are taken as
 * they are, except for the short names of sessions.
 *
 * @param year The season.
 * @param event The event.
 * @param session The session.
 * @returns The names of the folders.
 * @throws {RangeError} If the calendar has no such event or session; the message suggests the nearest name.
 * @throws {TypeError} If a name is neither a number nor a string that can be the name of a folder.
 */
export function resolveNames(year: number, event: EventName, session: SessionName): ResolvedNames {
  const found = findEvent(year, event);
  return typeof found === "string"
    ? { event: found, session: findSession(session, undefined) }
    : { event: found.name, session: findSession(session, found) };
}
