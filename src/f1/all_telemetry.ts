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
  /** The place of the driver in the list of drivers. */
  readonly place: number;
  readonly driver: string;
  readonly lap: number;
}

/** A failure without a request for telemetry. */
interface EarlyFailure {
  readonly failure: TelemetryFailure;
  /** The place of the driver in the list of drivers. */
  readonly place: number;
  /** How many laps were requested before. */
  readonly lapsBefore: number;
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
      const { index } = next.value;
      const lap = laps.take(index);
      yield* laps.failuresBefore(index, lap.place);
      yield telemetryOutcome(lap, next.value);
    }
    yield* laps.failuresBefore(Infinity, Infinity);
  } finally {
    // Stop the lists of laps first, because the stream may be waiting for one.
    laps.stop();
    await outcomes.return?.();
  }
}

/** Lists the laps of drivers, and remembers which lap each request in flight is for. */
class LapQueue {
  /** Lists and laps that could not be requested, which the stream has not taken yet. */
  #failures: EarlyFailure[] = [];
  readonly #context: SourceContext;
  readonly #folder: string;
  readonly #drivers: readonly string[];
  readonly #options: BatchOptions;
  /** The places of the drivers whose laps were listed, by the number of the request. */
  readonly #listed: number[] = [];
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

  /**
   * Takes the failures that come before an outcome: in an ordered stream those of drivers and laps before it, else all.
   *
   * @param index The index of the request for the telemetry.
   * @param place The place of its driver.
   */
  failuresBefore(index: number, place: number): TelemetryFailure[] {
    if (this.#failures.length === 0) return [];
    const isDue = (failure: EarlyFailure): boolean =>
      this.#options.ordered !== true || failure.place < place ||
      (failure.place === place && failure.lapsBefore <= index);
    const due = this.#failures.filter(isDue);
    this.#failures = this.#failures.filter((failure) => !isDue(failure));
    return due.sort((a, b) => a.place - b.place).map(({ failure }) => failure);
  }

  stop(): void {
    this.#stopped.abort();
  }

  *#listRequests(): Generator<RequestSpec, undefined, undefined> {
    for (const [place, driver] of this.#drivers.entries()) {
      const request = this.#request(place, null, () => lapTimesPath(driver));
      if (request === undefined) continue;
      this.#listed.push(place);
      yield request;
    }
  }

  *#lapRequests(place: number, list: Outcome<unknown>): Generator<RequestSpec, undefined, undefined> {
    const driver = this.#drivers[place]!;
    for (const lap of new Set(this.#lapsIn(place, list))) {
      const request = this.#request(place, lap, () => telemetryPath(driver, lap));
      if (request === undefined) continue;
      this.#underWay.set(this.#count++, { place, driver, lap });
      yield request;
    }
  }

  /** Returns the numbers of a driver's laps; records a failure instead if the list could not be loaded or is unusable. */
  #lapsIn(place: number, list: Outcome<unknown>): readonly number[] {
    let error: Error;
    try {
      const path = lapTimesPath(this.#drivers[place]!);
      if (list.ok) return usableLaps(list.value, fileUrl(this.#folder, path), ["lap"]).lap;
      error = sourceError(list.error);
    } catch (unusable) {
      // Report it with the other failures.
      error = unusable as Error;
    }
    this.#fail(place, null, error, list);
    return [];
  }

  /** Returns the request; records a failure instead if the driver or the lap can't be part of a path. */
  #request(place: number, lap: number | null, path: () => string): RequestSpec | undefined {
    try {
      return payloadRequest(this.#context, this.#folder, path(), this.#options);
    } catch (error) {
      this.#fail(place, lap, error as Error, { attempts: 0, durationMs: 0 });
      return undefined;
    }
  }

  #fail(
    place: number,
    lap: number | null,
    error: Error,
    { attempts, durationMs }: Pick<TelemetryFailure, "attempts" | "durationMs">,
  ): void {
    const driver = this.#drivers[place]!;
    const failure = { ok: false, driver, lap, error, attempts, durationMs } as const;
    this.#failures.push({ failure, place, lapsBefore: this.#count });
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
