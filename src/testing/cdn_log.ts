/**
 * The log of the simulated CDN.
 *
 * @module
 */

import { assertPositive } from "../primitives/argument_checks.ts";
import type { CdnRequest } from "../middleware/faults/cdn_request.ts";
import type { FaultKind } from "../middleware/faults/fault.ts";

/** The state of a request, or how it ended; `aborted` means that the client left. */
export type CdnOutcome = "open" | "complete" | "aborted" | "refused" | "reset" | "cut";

/** One request and its outcome. Times are in milliseconds since the start. */
export interface CdnLogEntry extends CdnRequest {
  /** The latency of the mirror's answer. */
  readonly latencyMs: number;
  /** The fault that affected the request. */
  readonly fault: FaultKind | undefined;
  /** The status, once the headers have been sent. */
  readonly status: number | undefined;
  /** How many bytes of the body have been sent. */
  readonly bytesSent: number;
  /** The state of the request, or how it ended. */
  readonly outcome: CdnOutcome;
  /** When the request ended. */
  readonly endedAtMs: number | undefined;
}

/** The log of one mirror, or of all mirrors. */
export interface CdnLog {
  /** How many requests have arrived. */
  readonly requests: number;
  /** How many requests are in flight, which they are from their arrival to the end of the body. */
  readonly openRequests: number;
  /** The most requests that were in flight at once. */
  readonly peakOpenRequests: number;
  /**
   * How many bodies are open. With `fetch` a body is open from the headers until the client has read or cancelled it; with
   * sockets, until the server has sent it.
   */
  readonly openBodies: number;
  /** The most bodies that were open at once. */
  readonly peakOpenBodies: number;
  /** How many connections were accepted; 0 with `fetch`. */
  readonly sockets: number;
  /** How many connections are open. */
  readonly openSockets: number;
  /** How many bytes of bodies have been sent. */
  readonly bytesSent: number;
  /** The number of requests by state or outcome. */
  readonly outcomes: Readonly<Record<CdnOutcome, number>>;
  /** How often each status was sent. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How often each fault occurred. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How many requests arrived in each second since the start; seconds without any are absent. */
  readonly perSecond: ReadonlyMap<number, number>;
  /**
   * Every request, in the order of arrival.
   *
   * @throws {TypeError} If the log keeps only counts.
   */
  readonly entries: readonly CdnLogEntry[];
  /**
   * Counts the requests for each URL (path and query), over all mirrors of this log.
   *
   * @throws {TypeError} If the log keeps only counts.
   */
  countByUrl(): ReadonlyMap<string, number>;
  /**
   * Returns the highest number of requests that arrived within any time window of this length; the end of a window does not
   * belong to it.
   *
   * @throws {TypeError} If the log keeps only counts.
   * @throws {RangeError} If `windowMs` is not positive.
   */
  peakWithin(windowMs: number): number;
}

/** A log entry that is still being written. */
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

  /** Creates an empty log that keeps every request, or only counts. */
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

  /** Forgets all requests and connections that have ended; open ones still count as open. */
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

  /** Logs the arrival of a request. */
  arrived(entry: OpenLogEntry): void {
    this.requests++;
    this.outcomes.open++;
    if (++this.openRequests > this.peakOpenRequests) this.peakOpenRequests = this.openRequests;
    increment(this.perSecond, Math.floor(entry.atMs / 1_000));
    if (entry.fault !== undefined) increment(this.faults, entry.fault);
    this.#entries?.push(entry);
  }

  /** Logs that the headers of a response are sent. */
  answered(status: number): void {
    increment(this.statuses, status);
    if (++this.openBodies > this.peakOpenBodies) this.peakOpenBodies = this.openBodies;
  }

  /** Logs the end of a request. */
  ended(entry: CdnLogEntry): void {
    this.openRequests--;
    if (entry.status !== undefined) this.openBodies--;
    this.outcomes.open--;
    this.outcomes[entry.outcome]++;
  }

  /** Logs an accepted connection. */
  connected(): void {
    this.sockets++;
    this.openSockets++;
  }

  /** Logs the end of a connection. */
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
