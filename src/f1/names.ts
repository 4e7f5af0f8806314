/**
 * From what people call an event and a session to the names of their folders.
 *
 * @module
 */

import { type EventName, findEvent } from "./event_names.ts";
import { findSession, type SessionName } from "./session_names.ts";

/** An event and a session by the names of their folders. */
export interface ResolvedNames {
  readonly event: string;
  readonly session: string;
}

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
