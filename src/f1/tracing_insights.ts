/**
 * A source of Formula 1 timing and telemetry, as callers see it.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { ClientOptions } from "../client/options.ts";
import type { F1Event } from "./calendar.ts";
import type { EventName } from "./event_names.ts";
import type { F1Request, PayloadsOf } from "./fetch_multiple.ts";
import type { F1Mirrors } from "./mirrors.ts";
import type { PayloadOf } from "./payload.ts";
import type { F1BatchOptions, F1RequestOptions } from "./payload_request.ts";
import type { PrefetchOptions, PrefetchSummary } from "./prefetch.ts";
import type { F1Session } from "./session.ts";
import type { SessionName } from "./session_names.ts";

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
   * `"FP1"`) or the session's position in the weekend. For a season or a test that the calendar does not have, the event's name
   * is taken as it is; short names of sessions still count, but no rounds and positions. {@linkcode TracingInsights.fetchJson}
   * takes every name as it is.
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
