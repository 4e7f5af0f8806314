/**
 * Loads all files of sessions, in order to fill the cache.
 *
 * @module
 */

import type { RequestSpec } from "../client/request.ts";
import { isDataNotFoundError } from "../errors.ts";
import { assertSwitch, shapeError } from "../primitives/argument_checks.ts";
import { eventsOf, type F1Event } from "./calendar.ts";
import { sourceError } from "./missing_file.ts";
import { type EventName, sessionsOf } from "./event_names.ts";
import { type ResolvedNames, resolveNames } from "./names.ts";
import { checkF1Options } from "./option_checks.ts";
import { sessionFolder } from "./path.ts";
import { refreshOptions } from "./refresh_options.ts";
import { findSession, type SessionName } from "./session_names.ts";
import { type F1BatchOptions, payloadRequest, type SourceContext } from "./payload_request.ts";
import { type SessionFile, SessionFiles } from "./session_files.ts";

const ACTION = "prefetch F1 data";

/** Options of {@linkcode F1Session.prefetch}. */
export type SessionPrefetchOptions = F1BatchOptions & {
  /**
   * Whether to load the telemetry of all laps: about 150 MB a race.
   * @default {true}
   */
  readonly telemetry?: boolean | undefined;
  /**
   * Whether to load files again that are in the cache already. A server that can tell sends only those that have changed.
   * @default {false}
   */
  readonly refresh?: boolean | undefined;
};

/** A file that could not be loaded. */
export interface PrefetchFailure {
  /** Year, event, session and path, joined by slashes. */
  readonly file: string;
  /** The reason. */
  readonly error: Error;
}

/** The result of a prefetch. */
export interface PrefetchSummary {
  /** How many files were loaded, from the network or from the cache. */
  readonly loaded: number;
  /** How many files do not exist, such as the telemetry of some laps. */
  readonly missing: number;
  /** The files that could not be loaded. */
  readonly failures: readonly PrefetchFailure[];
}

/** Options of {@linkcode TracingInsights.prefetch}. */
export type PrefetchOptions = SessionPrefetchOptions & {
  /**
   * The events to load, as in {@linkcode TracingInsights.session}.
   * @default {all events of the calendar}
   */
  readonly events?: readonly EventName[] | undefined;
  /**
   * The sessions of each event to load, as in {@linkcode TracingInsights.session}. Without `events`, the prefetch skips events
   * that have none of these sessions: `["Sprint"]` loads all sprints of the season.
   * @default {all sessions of the event}
   */
  readonly sessions?: readonly SessionName[] | undefined;
};

/** A session to load. */
export interface PrefetchTarget extends ResolvedNames {
  /** The season. */
  readonly year: number;
  /**
   * Whether the session comes from the calendar alone, so that it may not have taken place yet: a missing file is then no
   * failure.
   */
  readonly isPlanned?: boolean | undefined;
}

/**
 * Loads all files of a session into the cache, and keeps none of them in memory.
 *
 * @param context The source.
 * @param target The session.
 * @param options The options.
 * @returns How many files were loaded, how many do not exist, and which could not be loaded.
 * @throws {unknown} Rejects, with the caller's own reason, if `options.signal` aborts.
 */
export async function prefetchSession(
  context: SourceContext,
  { year, event, session, isPlanned = false }: PrefetchTarget,
  { telemetry = true, refresh = false, ...options }: SessionPrefetchOptions,
): Promise<PrefetchSummary> {
  const folder = sessionFolder(year, event, session);
  const name = `${year}/${event}/${session}`;
  const files = new SessionFiles({ session: true, laps: true, telemetry, drivers: [] });
  const underWay = new Map<number, SessionFile>();
  const batch = refresh ? refreshOptions(options) : options;
  let [given, loaded, missing] = [0, 0, 0];
  const failures: PrefetchFailure[] = [];

  async function* requests(): AsyncGenerator<RequestSpec, undefined, undefined> {
    for (;;) {
      // `files.stop()` ends this wait when the stream ends early.
      const file = await files.next();
      if (file === undefined) return;
      underWay.set(given++, file);
      yield payloadRequest(context, folder, file.path, batch);
    }
  }

  try {
    for await (const outcome of context.client.stream(requests(), batch)) {
      const file = underWay.get(outcome.index)!;
      underWay.delete(outcome.index);
      const problems = files.settle(file, outcome.ok ? outcome.value : undefined);
      const error = outcome.ok ? undefined : sourceError(outcome.error);
      if (error === undefined) loaded++;
      else if (isDataNotFoundError(error) && (isPlanned || !file.required)) missing++;
      else failures.push({ file: `${name}/${file.path}`, error });
      for (const problem of problems) {
        failures.push({ file: `${name}/${file.path}`, error: problem as Error });
      }
    }
  } finally {
    files.stop();
  }
  return { loaded, missing, failures };
}

/**
 * Lists the sessions that a prefetch has to load.
 *
 * @param year The season.
 * @param options The events and the sessions.
 * @returns The names of the folders, event by event; each once, even if several names stand for it.
 * @throws {RangeError} If there is no such event or session.
 */
export function prefetchTargets(
  year: number,
  { events, sessions }: Pick<PrefetchOptions, "events" | "sessions">,
): readonly ResolvedNames[] {
  checkList("events", events);
  checkList("sessions", sessions);
  if (events === undefined && sessions !== undefined) return targetsOfSeason(year, sessions);
  const targets = new Map<string, ResolvedNames>();
  for (const event of events ?? eventsOf(year).map(({ name }) => name)) {
    for (const session of sessions ?? sessionsOf(year, event)) {
      const names = resolveNames(year, event, session);
      targets.set(`${names.event}/${names.session}`, names);
    }
  }
  return [...targets.values()];
}

/**
 * Lists the given sessions of each event that has them. A session that no event has throws the error that the last event of the
 * season gives.
 */
function targetsOfSeason(year: number, sessions: readonly SessionName[]): readonly ResolvedNames[] {
  const events = eventsOf(year);
  const found = sessions.map((session) => events.map((event) => sessionOf(event, session)));
  for (const [nth, names] of found.entries()) {
    if (names.every((name) => name === undefined)) findSession(sessions[nth]!, events.at(-1));
  }
  return events.flatMap(({ name }, nth) => {
    const names = found.map((session) => session[nth]).filter((session) => session !== undefined);
    return [...new Set(names)].map((session) => ({ event: name, session }));
  });
}

/**
 * Checks the options that only a prefetch has.
 *
 * @param options The options.
 * @param further The names of options that the method takes besides those of a session.
 * @throws {TypeError} If the options are no object, a name is misspelt, or `telemetry` or `refresh` is no boolean.
 */
export function checkPrefetchOptions(options: SessionPrefetchOptions, further: readonly string[] = []): void {
  checkF1Options(ACTION, options, ["telemetry", "refresh", ...further]);
  assertSwitch(ACTION, "telemetry", options.telemetry);
  assertSwitch(ACTION, "refresh", options.refresh);
}

/** Returns the folder of a session; `undefined` if the event does not have it. */
function sessionOf(event: F1Event, session: SessionName): string | undefined {
  try {
    const name = findSession(session, event);
    return event.sessions.includes(name) ? name : undefined;
  } catch (error) {
    // Not every weekend has every session.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function checkList(name: string, value: unknown): void {
  if (value === undefined || Array.isArray(value)) return;
  throw shapeError(ACTION, name, "an array", value);
}

/** Adds up the results of several prefetches. */
export function sumOf(summaries: readonly PrefetchSummary[]): PrefetchSummary {
  return {
    loaded: summaries.reduce((sum, { loaded }) => sum + loaded, 0),
    missing: summaries.reduce((sum, { missing }) => sum + missing, 0),
    failures: summaries.flatMap(({ failures }) => failures),
  };
}
