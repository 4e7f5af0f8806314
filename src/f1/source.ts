/**
 * The F1 source: fetches payloads from the season repositories of TracingInsights.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import { createClient, reporterOf } from "../client/create_client.ts";
import type { ClientOptions } from "../client/options.ts";
import { isCachePlan } from "../policies/cache_plan.ts";
import { assertOptions, assertSwitch, secretShapeError, shapeError } from "../primitives/argument_checks.ts";
import { systemClock } from "../primitives/clock.ts";
import "../primitives/dispose_symbols.ts";
import { eventsOf, type F1Event } from "./calendar.ts";
import { defaultCache } from "./default_cache.ts";
import { type EventName, sessionsOf } from "./event_names.ts";
import { type F1Request, fetchMultiple, type PayloadsOf } from "./fetch_multiple.ts";
import { type F1Mirrors, FOREIGN_MIRRORS, SourceMirrors } from "./mirrors.ts";
import { fileOf, withMissingFiles } from "./missing_file.ts";
import { resolveNames } from "./names.ts";
import { checkF1Options } from "./option_checks.ts";
import { sessionFolder } from "./path.ts";
import type { PayloadOf } from "./payload.ts";
import {
  type F1BatchOptions,
  type F1RequestOptions,
  payloadRequest,
  type SourceContext,
} from "./payload_request.ts";
import {
  checkPrefetchOptions,
  type PrefetchOptions,
  prefetchSession,
  type PrefetchSummary,
  prefetchTargets,
  sumOf,
} from "./prefetch.ts";
import type { F1Session } from "./session.ts";
import type { SessionName } from "./session_names.ts";
import { SourceSession } from "./source_session.ts";

/**
 * Options of {@linkcode tracingInsights}: an existing client, or the options of a client that the source creates for itself. Two
 * options of that client have other defaults here. `baseUrls` are jsDelivr's mirrors. `cache` is a {@linkcode seasonCache}: a
 * race that is loaded twice is fetched, parsed and checked once, and each caller gets its own copy. A missing file, and a file of
 * the running season, is fetched again after five minutes. While the network fails, the cache serves its old files, and one
 * `warning` event says so.
 *
 * That cache keeps up to 384 MiB in memory. Where there is a disk, it also keeps up to 2 GiB (about thirteen races) in a folder,
 * so that the next run needs no requests either. The folder is `slipstream/f1` in `$XDG_CACHE_HOME`, or else in `~/.cache`, in
 * `~/Library/Caches` on macOS, and in `%LOCALAPPDATA%` on Windows. All programs of a user share it, and the least recently used
 * files go first. `slipstream cache stats --f1` shows what is in it, and `slipstream cache clear --f1` removes it. If the disk is
 * full or can't be written, one `warning` event says so, and the cache goes on in memory alone.
 *
 * The cache uses memory alone in a browser, at the edge and on Node. It does so too on Deno without `--allow-read` and
 * `--allow-write` for the folder and `--allow-env` for the variables; the source never prompts for these permissions. And it does
 * so when the caller gives a `fetch` (or replaces `globalThis.fetch`), a `clock`, `use` or other mirrors, so that no test and no
 * simulation writes to the disk. Mirrors other than {@linkcode FALLBACK_MIRRORS} that are added later count as well.
 *
 * `cache: false`, and `SLIPSTREAM_CI=1` in the environment, turn the cache off. For another folder or another bound, give
 * `seasonCache(filesystemCache(folder, { maxBytes }))`.
 */
export interface TracingInsightsOptions extends ClientOptions {
  /**
   * A client to use; closing the source leaves it open. The client's `baseUrls` are the mirrors, and its `cache` decides how long
   * entries live. Beside `client`, only `validate` may be given.
   */
  readonly client?: Client | undefined;
  /**
   * Whether payloads are checked against the schema of their path. Without the check, payloads come as they were published: a
   * missing value is `"None"`, whatever the types say. Only Python's bare `NaN`, which is no JSON, becomes `null` in any case. A
   * method that reads a list of drivers or laps itself still rejects with an `InvalidDataError` if the list is unusable.
   * @default {true}
   */
  readonly validate?: boolean | undefined;
}

const ACTION = "create F1 source";

/** A source of Formula 1 timing and telemetry. */
export interface TracingInsights extends AsyncDisposable {
  /** The client that sends the requests; its events and its statistics show what the source does. */
  readonly client: Client;
  /** The mirrors that serve the requests. They can be changed while the source runs. */
  readonly mirrors: F1Mirrors;

  /**
   * Fetches one file of a session.
   *
   * @param year The season, from 2018.
   * @param event The event's name, as in `Abu Dhabi Grand Prix`.
   * @param session The session's name, as in `Practice 1`, `Qualifying` or `Race`.
   * @param path The file's path inside the session's folder; the return type follows from it.
   * @param options Options of the request.
   * @returns The checked payload; for a path that has no schema, the payload as it was published.
   * @throws {TypeError | RangeError} If an argument names no file, before any request.
   * @throws {DataNotFoundError} If the file is not there.
   * @throws {InvalidDataError} If no mirror has a file that passes the schema.
   * @throws {NetworkError} If all attempts failed.
   */
  fetchJson<const Path extends string>(
    year: number,
    event: string,
    session: string,
    path: Path,
    options?: F1RequestOptions,
  ): Promise<PayloadOf<Path>>;

  /**
   * Fetches many files, of any sessions, in parallel. The requests are pulled as permits allow.
   *
   * No single file makes the call reject. A missing file yields `null` without a warning. Any other failure, also a request that
   * names no file (such as one with `..` in its path), yields `null` and one `warning` event of the source `f1`. The call does
   * reject with the caller's own reason when `options.signal` aborts, and with the error of `requests` when iterating them
   * throws.
   *
   * @param requests The files to fetch.
   * @param options Options of the requests.
   * @returns The payloads, in input order.
   * @throws {TypeError | RangeError} Rejects, before any request, if `requests` is no iterable of requests, or an option has the
   * wrong shape or is out of range.
   */
  fetchMultiple<const Requests extends readonly F1Request[]>(
    requests: Requests,
    options?: F1BatchOptions,
  ): Promise<PayloadsOf<Requests>>;
  /**
   * Fetches files from an iterable whose length and paths are not known in advance; otherwise like the other overload.
   *
   * @param requests The files to fetch, pulled one by one.
   * @param options Options of the requests.
   * @returns The payloads, in input order.
   */
  fetchMultiple<Path extends string>(
    requests: Iterable<F1Request<Path>> | AsyncIterable<F1Request<Path>>,
    options?: F1BatchOptions,
  ): Promise<(PayloadOf<Path> | null)[]>;

  /**
   * Returns one session, with a method for each of its files. This call sends no request.
   *
   * The names may be those of the folders or everyday names: a round (`8`), a place (`"monaco"`, `"spa"`), a short name (`"Q"`,
   * `"FP1"`) or the session's position in the weekend. For a season or a test that the calendar does not have, the event's name is
   * taken as it is; short names of sessions still count, but no rounds and positions. {@linkcode TracingInsights.fetchJson} takes
   * every name as it is.
   *
   * @param year The season, from 2018.
   * @param event The event, as in `Abu Dhabi Grand Prix`, `"abu dhabi"` or `24`.
   * @param name The session, as in `Practice 1`, `"FP1"` or `1`.
   * @returns The session.
   * @throws {RangeError} If the season has no such event, or the event no such session; the message suggests the nearest name.
   * @throws {TypeError | RangeError} If an argument can't be part of a path.
   */
  session(year: number, event: EventName, name: SessionName): F1Session;

  /**
   * Lists the events of a season, from the calendar that comes with this module: 2018 to 2026, with 2026 as planned in October of
   * that year. The data repositories offer no listing (jsDelivr lists no repository of their size), so the calendar lacks later
   * seasons; their files can still be fetched by the names of their folders. Of the pre-season tests, the calendar has those
   * whose folders are known: 2022 and 2024 to 2026.
   *
   * @param year The season.
   * @returns The tests, and then the rounds in order.
   * @throws {TypeError} If the season is no number.
   * @throws {RangeError} If the calendar does not have the season.
   */
  events(year: number): readonly F1Event[];

  /**
   * Lists the sessions of an event, from the same calendar. Cancelled sessions are left out.
   *
   * @param year The season.
   * @param event The event, as in {@linkcode TracingInsights.session}.
   * @returns The names of the sessions in order, which are also the names of their folders.
   * @throws {TypeError} If the season is no number, or the event can't be a name.
   * @throws {RangeError} If the calendar does not have the season or the event.
   */
  sessions(year: number, event: EventName): readonly string[];

  /**
   * Loads all files of sessions into the source's cache, one session after the other, and keeps none of them in memory. Create
   * the source with a cache that is large enough: a race with its telemetry takes about 150 MB. Without `events`, all files of a
   * session that has not taken place yet count as missing; with `events`, its missing list of drivers is a failure. When
   * `options.signal` aborts, the call rejects with its reason; files that were loaded before stay in the cache.
   *
   * @param year The season.
   * @param options Which events and sessions to load, whether to load telemetry, and whether to load files again that the cache
   * has; and options of the requests.
   * @returns How many files were loaded, how many do not exist, and which could not be loaded.
   * @throws {TypeError} Rejects, if an argument has the wrong shape, before any request.
   * @throws {RangeError} Rejects, if there is no such season, event or session, before any request.
   */
  prefetch(year: number, options?: PrefetchOptions): Promise<PrefetchSummary>;

  /**
   * Closes the source's own client, which aborts the requests in flight. A client that the caller gave stays open. May be called
   * again.
   *
   * @param reason The reason with which requests in flight reject.
   */
  close(reason?: unknown): Promise<void>;
}

/**
 * Creates a source of Formula 1 timing and telemetry: the files that TracingInsights publishes for each season since 2018.
 *
 * @param options An existing client, or the options of the client that the source creates.
 * @returns The source; close it, or declare it with `await using`.
 * @throws {TypeError | RangeError} If an option has the wrong shape or is out of range.
 *
 * @example The drivers and the weather of a race
 * ```ts
 * import { tracingInsights } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * const files: Record<string, unknown> = {
 *   "drivers.json": { drivers: [{ driver: "VER", team: "Red Bull Racing" }] },
 *   "weather.json": { wT: [60.1], wAT: [27.4], wH: [55], wP: [1016.4], wR: [false], wTT: [34.6], wWD: [67], wWS: [3] },
 * };
 * // Stands in for the network here; leave `fetch` out to ask the mirrors.
 * await using f1 = tracingInsights({
 *   fetch: (input) => Promise.resolve(Response.json(files[String(input).split("/").at(-1)!])),
 * });
 *
 * const race = f1.session(2025, "Abu Dhabi Grand Prix", "Race");
 * const [champion] = await race.drivers();
 * assertEquals(champion?.driver, "VER");
 *
 * const { wR } = await f1.fetchJson(2025, "Abu Dhabi Grand Prix", "Race", "weather.json");
 * assertEquals(wR, [false]);
 * ```
 */
export function tracingInsights(options: TracingInsightsOptions = {}): TracingInsights {
  return new Source(options);
}

class Source implements TracingInsights {
  readonly client: Client;
  readonly mirrors: F1Mirrors;
  readonly #owned: boolean;
  readonly #context: SourceContext;
  readonly #signal: AbortSignal | undefined;

  constructor(given: TracingInsightsOptions) {
    assertOptions(ACTION, given);
    const { client, ...options } = given;
    const { validate = true, clock = systemClock, signal } = options;
    if (client !== undefined) checkClient(client, options);
    if (client === undefined) {
      const mirrors = new SourceMirrors(options.baseUrls);
      this.mirrors = mirrors;
      this.client = createClient({
        ...options,
        baseUrls: mirrors.baseUrls,
        cache: cacheOf(options, mirrors),
      });
    } else {
      this.mirrors = FOREIGN_MIRRORS;
      this.client = client;
    }
    this.#owned = client === undefined;
    this.#context = { client: this.client, clock, validate };
    this.#signal = signal;
  }

  async fetchJson<const Path extends string>(
    year: number,
    event: string,
    session: string,
    path: Path,
    options?: F1RequestOptions,
  ): Promise<PayloadOf<Path>> {
    if (options !== undefined) checkF1Options("fetch F1 data", options);
    const request = payloadRequest(this.#context, sessionFolder(year, event, session), path, options);
    return await fileOf(this.client.json(request, options)) as PayloadOf<Path>;
  }

  fetchMultiple<const Requests extends readonly F1Request[]>(
    requests: Requests,
    options?: F1BatchOptions,
  ): Promise<PayloadsOf<Requests>>;
  fetchMultiple<Path extends string>(
    requests: Iterable<F1Request<Path>> | AsyncIterable<F1Request<Path>>,
    options?: F1BatchOptions,
  ): Promise<(PayloadOf<Path> | null)[]>;
  async fetchMultiple(
    requests: Iterable<F1Request> | AsyncIterable<F1Request>,
    options: F1BatchOptions = {},
  ): Promise<unknown[]> {
    checkRequests(requests);
    checkF1Options("fetch F1 data", options);
    return await fetchMultiple(this.#context, requests, options, [options.signal, this.#signal]);
  }

  session(year: number, event: EventName, name: SessionName): F1Session {
    const names = resolveNames(year, event, name);
    return new SourceSession(this.#context, year, names.event, names.session);
  }

  events(year: number): readonly F1Event[] {
    // Return copies, because all callers share the calendar.
    return eventsOf(year).map((event) => ({ ...event, sessions: [...event.sessions] }));
  }

  sessions(year: number, event: EventName): readonly string[] {
    return [...sessionsOf(year, event)];
  }

  async prefetch(
    year: number,
    given: PrefetchOptions = {},
  ): Promise<PrefetchSummary> {
    checkPrefetchOptions(given, ["events", "sessions"]);
    const { events, sessions, ...options } = given;
    const targets = prefetchTargets(year, { events, sessions });
    const summaries: PrefetchSummary[] = [];
    const isPlanned = events === undefined;
    for (const target of targets) {
      summaries.push(await prefetchSession(this.#context, { ...target, year, isPlanned }, options));
    }
    return sumOf(summaries);
  }

  async close(reason?: unknown): Promise<void> {
    if (this.#owned) await this.client.close(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkClient(client: Client, options: ClientOptions): void {
  assertSwitch(ACTION, "validate", options.validate);
  try {
    reporterOf(client);
  } catch {
    // Name the option that the caller gave, instead of the inner error.
    throw shapeError(ACTION, "client", "a client of createClient()", client);
  }
  for (const [name, value] of Object.entries(options)) {
    if (name !== "validate" && value !== undefined) {
      throw shapeError(ACTION, name, "absent beside 'client', which has options of its own", value);
    }
  }
}

/**
 * Checks that `requests` is an iterable of requests. A string is iterable too, and so is a single request, which is easily passed
 * in place of a list; both are refused.
 */
function checkRequests(
  requests: Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined,
): void {
  const isIterable = typeof (requests?.[Symbol.asyncIterator] ?? requests?.[Symbol.iterator]) === "function";
  const isOne = Array.isArray(requests) && requests.length > 0 &&
    requests.every((part) => typeof part !== "object");
  if (isIterable && typeof requests !== "string" && !isOne) return;
  const rule = `an iterable of [year, event, session, path]${isOne ? ", and not a single one" : ""}`;
  throw secretShapeError("fetch F1 data", "requests", rule, requests);
}

/** Returns the cache for the source's own client: the default one, or the caller's with support for missing files. */
function cacheOf(options: ClientOptions, mirrors: SourceMirrors): ClientOptions["cache"] {
  const { cache } = options;
  if (cache === undefined) return defaultCache(options, mirrors);
  // The client refuses a value that is no plan.
  return isCachePlan(cache) ? withMissingFiles(cache) : cache;
}
