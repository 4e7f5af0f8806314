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
import type { TracingInsights, TracingInsightsOptions } from "./tracing_insights.ts";

const ACTION = "create F1 source";

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
