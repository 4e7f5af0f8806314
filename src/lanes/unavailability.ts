/**
 * The meaning of 503 responses that ask for a pause: a part of the origin, or all of it, is unavailable.
 *
 * @module
 */

import { REFUSALS, UNASKED_MS } from "./quota.ts";

/** After this many attempts a partial outage can be recognized, and after this many it can be refuted. */
const FEWEST = 5;
const MANY = 20;

/** In a partial outage, at least this share of the attempts that are sent after a refused one are served. */
const LOWEST_SHARE = 1 / 3;

/** How long a partial outage is taken for granted, in milliseconds, unless it is refuted. */
const KNOWN_MS = 10_000;

/** The counts of a lane. */
export interface CountingLane {
  /** How many attempts have succeeded and failed. */
  readonly succeeded: number;
  readonly failed: number;
  /** When the latest successful attempt began, on the client's clock. */
  readonly succeededAtMs: number;
}

/** How much is unavailable: a part of the origin, or all of it; or the origin has too much to do. */
export type Extent = "all" | "overload" | "part";

/**
 * Tells partial outages from others. An origin may have several servers, one of which is down and names a wait. Then others serve
 * some of the requests that were sent after a refused one. An overloaded origin refuses those as well.
 */
export class Unavailability {
  /** When the latest pause ends, on the client's clock; set by the lane. */
  pausedUntilMs: number = Infinity;
  /** When the attempt began that made the origin pause; `Infinity` if no such pause is on. */
  #sinceMs = Infinity;
  /** How many later attempts were served and refused. */
  #served = 0;
  #refused = 0;
  /** How many attempts had succeeded when the latest pause began. */
  #succeededBefore = 0;
  /** When the latest pause began before which the origin had served others. */
  #servedUntilMs = -Infinity;
  /** How many consecutive pauses have brought nothing, and when the first of them began. */
  #fruitlessPauses = 0;
  #refusesSinceMs = Infinity;
  /** Until when the outage is taken to be partial. */
  #knownUntilMs = -Infinity;
  /** How many attempts had succeeded and failed when that was last found out. */
  #succeeded = 0;
  #failed = 0;

  /**
   * Judges a 503 that asks for a pause.
   *
   * @param lane The lane.
   * @param isPaused Whether a pause is on already.
   * @param startedAtMs When the attempt with this response began, on the client's clock.
   * @param nowMs The time on that clock.
   * @returns How much is unavailable, as far as that is known.
   */
  extentOf(lane: CountingLane, isPaused: boolean, startedAtMs: number, nowMs: number): Extent {
    if (nowMs < this.#knownUntilMs) {
      const served = lane.succeeded - this.#succeeded;
      const ended = served + lane.failed - this.#failed;
      if (ended < MANY) return "part";
      if (served >= LOWEST_SHARE * ended) {
        this.#noteFound(lane, nowMs);
        return "part";
      }
      this.#knownUntilMs = -Infinity;
    }
    if (isPaused) return "all";
    this.#sinceMs = startedAtMs;
    this.#served = 0;
    this.#refused = 0;
    // An attempt that was in flight when that pause began may have been served before the origin became unavailable.
    const hasServed = lane.succeeded > this.#succeededBefore && lane.succeededAtMs >= this.#servedUntilMs;
    if (hasServed) this.#servedUntilMs = nowMs;
    this.#succeededBefore = lane.succeeded;
    if (hasServed || startedAtMs - this.pausedUntilMs >= UNASKED_MS) this.#fruitlessPauses = 0;
    if (this.#fruitlessPauses++ === 0) this.#refusesSinceMs = nowMs;
    return hasServed ? "overload" : "all";
  }

  /** Whether the whole origin has been unavailable for so many milliseconds, and at least as often as a request is tried. */
  refusesAll({ succeeded }: CountingLane, forMs: number, nowMs: number): boolean {
    return this.#fruitlessPauses >= REFUSALS && succeeded === this.#succeededBefore &&
      nowMs - this.#refusesSinceMs >= forMs;
  }

  /** Notes that the origin pauses for another reason, which successes do not refute. */
  settle(): void {
    this.#sinceMs = Infinity;
  }

  /**
   * Counts an attempt that has ended during a pause; the lane has counted it too.
   *
   * @returns Whether the pause turns out to concern only a part of the origin.
   */
  note(lane: CountingLane, isServed: boolean, startedAtMs: number, nowMs: number): boolean {
    if (startedAtMs < this.#sinceMs) return false;
    if (isServed) this.#served++;
    else this.#refused++;
    const ended = this.#served + this.#refused;
    if (ended < FEWEST || this.#served < LOWEST_SHARE * ended) return false;
    this.settle();
    this.#noteFound(lane, nowMs);
    return true;
  }

  #noteFound({ succeeded, failed }: CountingLane, nowMs: number): void {
    this.#knownUntilMs = nowMs + KNOWN_MS;
    this.#succeeded = succeeded;
    this.#failed = failed;
  }
}
