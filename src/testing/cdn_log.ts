/**
 * What the simulated CDN saw.
 *
 * @module
 */

import { assertPositive } from "../primitives/argument_checks.ts";
import type { CdnRequest } from "../middleware/faults/cdn_request.ts";
import type { FaultKind } from "../middleware/faults/fault.ts";

/** How far a request has come, or how it ended; `aborted` says that the client left. */
export type CdnOutcome = "open" | "complete" | "aborted" | "refused" | "reset" | "cut";

/** One request and what became of it. Times are milliseconds since the start. */
export interface CdnLogEntry extends CdnRequest {
  /** How long the mirror thought. */
  readonly latencyMs: number;
  /** What went wrong. */
  readonly fault: FaultKind | undefined;
  /** The status, once the headers have been sent. */
  readonly status: number | undefined;
  /** How many bytes of the body have been sent. */
  readonly bytesSent: number;
  /** How far it has come. */
  readonly outcome: CdnOutcome;
  /** When it ended. */
  readonly endedAtMs: number | undefined;
}

/** The log of a mirror, or of all. */
export interface CdnLog {
  /** How many requests have arrived. */
  readonly requests: number;
  /** How many requests are in flight: from their arrival to the end of the body. */
  readonly openRequests: number;
  /** The most requests that were in flight at once. */
  readonly peakOpenRequests: number;
  /**
   * How many bodies are open: from the headers until the client has read or cancelled the body, or until the server has
   * sent it where sockets are between them.
   */
  readonly openBodies: number;
  /** The most bodies that were open at once. */
  readonly peakOpenBodies: number;
  /** How many connections were accepted; none as a `fetch`. */
  readonly sockets: number;
  /** How many connections are open. */
  readonly openSockets: number;
  /** How many bytes of bodies have been sent. */
  readonly bytesSent: number;
  /** How many requests ended in which way, or have not yet. */
  readonly outcomes: Readonly<Record<CdnOutcome, number>>;
  /** How often each status was sent. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How often each fault struck. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How many requests arrived in each second since the start; seconds without any are absent. */
  readonly perSecond: ReadonlyMap<number, number>;
  /**
   * Every request, in the order of arrival.
   *
   * @throws {TypeError} If the log keeps counts alone.
   */
  readonly entries: readonly CdnLogEntry[];
  /**
   * How many requests asked for each URL (path and query), over all mirrors of this log.
   *
   * @throws {TypeError} If the log keeps counts alone.
   */
  countByUrl(): ReadonlyMap<string, number>;
  /**
   * The most requests that arrived in any stretch of time of this length, whose end does not belong to it.
   *
   * @throws {TypeError} If the log keeps counts alone.
   * @throws {RangeError} If `windowMs` is not positive.
   */
  peakWithin(windowMs: number): number;
}

/** A log entry while it is written. */
export type OpenLogEntry = { -readonly [Name in keyof CdnLogEntry]: CdnLogEntry[Name] };

/** Writes a log. */
export class CdnRecorder implements CdnLog {
  requests = 0;
  openRequests = 0;
  peakOpenRequests = 0;
  openBodies = 0;
  peakOpenBodies = 0;
  sockets = 0;
  openSockets = 0;
  bytesSent = 0;
  readonly outcomes: Record<CdnOutcome, number> = noOutcomes();
  readonly statuses: Map<number, number> = new Map();
  readonly faults: Map<FaultKind, number> = new Map();
  readonly perSecond: Map<number, number> = new Map();
  readonly #entries: OpenLogEntry[] | undefined;

  /** Creates an empty log that keeps every request, or counts alone. */
  constructor(detail: "full" | "counts") {
    this.#entries = detail === "full" ? [] : undefined;
  }

  get entries(): readonly CdnLogEntry[] {
    return this.#kept();
  }

  countByUrl(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { url } of this.#kept()) increment(counts, url);
    return counts;
  }

  peakWithin(windowMs: number): number {
    assertPositive("count requests", "windowMs", windowMs);
    const entries = this.#kept();
    let peak = 0;
    for (let first = 0, last = 0; last < entries.length; last++) {
      while (entries[last]!.atMs - entries[first]!.atMs >= windowMs) first++;
      peak = Math.max(peak, last - first + 1);
    }
    return peak;
  }

  /** Forgets what has ended; what is still open goes on being counted as open. */
  reset(): void {
    const { open } = this.outcomes;
    Object.assign(this.outcomes, noOutcomes(), { open });
    this.requests = 0;
    this.bytesSent = 0;
    this.sockets = this.openSockets;
    this.peakOpenRequests = this.openRequests;
    this.peakOpenBodies = this.openBodies;
    for (const counts of [this.statuses, this.faults, this.perSecond]) counts.clear();
    if (this.#entries !== undefined) this.#entries.length = 0;
  }

  /** A request has arrived. */
  arrived(entry: OpenLogEntry): void {
    this.requests++;
    this.outcomes.open++;
    if (++this.openRequests > this.peakOpenRequests) this.peakOpenRequests = this.openRequests;
    increment(this.perSecond, Math.floor(entry.atMs / 1_000));
    if (entry.fault !== undefined) increment(this.faults, entry.fault);
    this.#entries?.push(entry);
  }

  /** Its headers go out. */
  answered(status: number): void {
    increment(this.statuses, status);
    if (++this.openBodies > this.peakOpenBodies) this.peakOpenBodies = this.openBodies;
  }

  /** It has ended. */
  ended(entry: CdnLogEntry): void {
    this.openRequests--;
    if (entry.status !== undefined) this.openBodies--;
    this.outcomes.open--;
    this.outcomes[entry.outcome]++;
  }

  /** A connection was accepted. */
  connected(): void {
    this.sockets++;
    this.openSockets++;
  }

  /** A connection is gone. */
  disconnected(): void {
    this.openSockets--;
  }

  #kept(): readonly OpenLogEntry[] {
    if (this.#entries !== undefined) return this.#entries;
    throw new TypeError(
      "Cannot list requests as the simulated CDN keeps counts alone: its 'log' is \"counts\"",
    );
  }
}

function noOutcomes(): Record<CdnOutcome, number> {
  return { open: 0, complete: 0, aborted: 0, refused: 0, reset: 0, cut: 0 };
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
