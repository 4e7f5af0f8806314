/**
 * The telemetry of all laps of a session, as a stream.
 *
 * @module
 */

import type { Outcome } from "../client/outcome.ts";
import type { BatchOptions, RequestSpec } from "../client/request.ts";
import type { ValueSource } from "../policies/event.ts";
import { sourceError } from "./missing_file.ts";
import { fileUrl, lapTimesPath, telemetryPath } from "./path.ts";
import { type F1DriversOptions, payloadRequest, type SourceContext } from "./payload_request.ts";
import type { Telemetry } from "./telemetry.ts";
import { usableLaps } from "./usable.ts";

/** Options of {@linkcode F1Session.allTelemetry}. */
export type AllTelemetryOptions = F1DriversOptions & Pick<BatchOptions, "ordered" | "prefetch">;

/** A lap whose telemetry was loaded. */
export interface TelemetrySuccess {
  /** `true`: the telemetry was loaded. */
  readonly ok: true;
  /** The driver's code. */
  readonly driver: string;
  /** The lap's number. */
  readonly lap: number;
  /** The lap's telemetry. */
  readonly telemetry: Telemetry;
  /** The origin of the telemetry: the network, the cache (fresh or stale), or a concurrent identical request. */
  readonly from: ValueSource;
  /** How many attempts were made; 0 when the cache answered. */
  readonly attempts: number;
  /** The time from the request to the payload, all waits included, in milliseconds. */
  readonly durationMs: number;
}

/** A lap whose telemetry could not be loaded. */
export interface TelemetryFailure {
  /** `false`: the telemetry could not be loaded. */
  readonly ok: false;
  /** The driver's code. */
  readonly driver: string;
  /** The lap's number; `null` when the driver's list of laps could not be loaded, so that none of the laps was requested. */
  readonly lap: number | null;
  /** The reason. */
  readonly error: Error;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The time from the request to the failure, all waits included, in milliseconds. */
  readonly durationMs: number;
}

/** The outcome of loading a lap's telemetry. */
export type TelemetryOutcome = TelemetrySuccess | TelemetryFailure;

interface LapReference {
  readonly driver: string;
  readonly lap: number;
}

/**
 * Loads the telemetry of all laps of some drivers lazily: it lists the laps of a driver when the stream reaches that driver, and
 * requests a lap when there is room for its payload.
 *
 * @param context The source.
 * @param folder The session's folder.
 * @param drivers Returns the drivers' codes, or a promise for them.
 * @param options The options of the stream.
 * @returns One outcome per lap.
 */
export async function* streamTelemetry(
  context: SourceContext,
  folder: string,
  drivers: () => readonly string[] | Promise<readonly string[]>,
  options: AllTelemetryOptions,
): AsyncGenerator<TelemetryOutcome, undefined, undefined> {
  const { drivers: _drivers, ...batch } = options;
  const laps = new LapQueue(context, folder, await drivers(), batch);
  const outcomes = context.client.stream(laps.requests(), batch);
  try {
    for (let next = await outcomes.next(); next.done !== true; next = await outcomes.next()) {
      yield* laps.failures.splice(0);
      yield telemetryOutcome(laps.take(next.value.index), next.value);
    }
    yield* laps.failures.splice(0);
  } finally {
    // Stop the lists of laps first, because the stream may be waiting for one.
    laps.stop();
    await outcomes.return?.();
  }
}

/** Lists the laps of drivers, and remembers which lap each request in flight is for. */
class LapQueue {
  /** Lists and laps that could not be requested, since the stream last took the failures. */
  readonly failures: TelemetryFailure[] = [];
  readonly #context: SourceContext;
  readonly #folder: string;
  readonly #drivers: readonly string[];
  readonly #options: BatchOptions;
  readonly #listed: string[] = [];
  readonly #underWay = new Map<number, LapReference>();
  readonly #stopped = new AbortController();
  #count = 0;

  constructor(context: SourceContext, folder: string, drivers: readonly string[], options: BatchOptions) {
    this.#context = context;
    this.#folder = folder;
    this.#drivers = drivers;
    this.#options = { ...options, signal: this.#stopped.signal };
  }

  /** Yields the requests for the laps' telemetry. */
  async *requests(): AsyncGenerator<RequestSpec, undefined, undefined> {
    const lists = this.#context.client.stream(this.#listRequests(), this.#options);
    try {
      for await (const list of lists) yield* this.#lapRequests(this.#listed[list.index]!, list);
    } catch (error) {
      // After `stop()` nothing reads the requests any more, so the abort that it caused is no failure.
      if (!this.#stopped.signal.aborted) throw error;
    }
  }

  /** Returns the lap that the request with this index was for, and forgets it. */
  take(index: number): LapReference {
    const lap = this.#underWay.get(index)!;
    this.#underWay.delete(index);
    return lap;
  }

  stop(): void {
    this.#stopped.abort();
  }

  *#listRequests(): Generator<RequestSpec, undefined, undefined> {
    for (const driver of this.#drivers) {
      const request = this.#request(driver, null, lapTimesPath);
      if (request === undefined) continue;
      this.#listed.push(driver);
      yield request;
    }
  }

  *#lapRequests(driver: string, list: Outcome<unknown>): Generator<RequestSpec, undefined, undefined> {
    const laps = this.#lapsIn(driver, list);
    for (const lap of new Set(laps)) {
      const request = this.#request(driver, lap, () => telemetryPath(driver, lap));
      if (request === undefined) continue;
      this.#underWay.set(this.#count++, { driver, lap });
      yield request;
    }
  }

  /** Returns the numbers of a driver's laps; records a failure instead if the list could not be loaded or is unusable. */
  #lapsIn(driver: string, list: Outcome<unknown>): readonly number[] {
    let error: Error;
    try {
      if (list.ok) return usableLaps(list.value, fileUrl(this.#folder, lapTimesPath(driver)), ["lap"]).lap;
      error = sourceError(list.error);
    } catch (unusable) {
      // Report it with the other failures.
      error = unusable as Error;
    }
    const { attempts, durationMs } = list;
    this.failures.push({ ok: false, driver, lap: null, error, attempts, durationMs });
    return [];
  }

  /** Returns the request; records a failure instead if the driver or the lap can't be part of a path. */
  #request(driver: string, lap: number | null, path: (driver: string) => string): RequestSpec | undefined {
    try {
      return payloadRequest(this.#context, this.#folder, path(driver), this.#options);
    } catch (error) {
      this.failures.push({ ok: false, driver, lap, error: error as Error, attempts: 0, durationMs: 0 });
      return undefined;
    }
  }
}

function telemetryOutcome({ driver, lap }: LapReference, outcome: Outcome<unknown>): TelemetryOutcome {
  const { attempts, durationMs } = outcome;
  if (!outcome.ok) {
    return { ok: false, driver, lap, error: sourceError(outcome.error), attempts, durationMs };
  }
  return {
    ok: true,
    driver,
    lap,
    telemetry: outcome.value as Telemetry,
    from: outcome.from,
    attempts,
    durationMs,
  };
}
