/**
 * What a 503 that asks for a pause says of its origin.
 *
 * @module
 */

/** So many attempts say that only a part is unavailable, and so many refute it. */
const FEWEST = 5;
const MANY = 20;

/** Such a part of those that were sent after a refused one is served by the others. */
const LOWEST_SHARE = 1 / 3;

/** For how long it is taken for granted that only a part is unavailable, in milliseconds, if nothing else turns up. */
const KNOWN_MS = 10_000;

/** What is looked at of a lane. */
export interface CountingLane {
  /** How many attempts have succeeded and failed. */
  readonly succeeded: number;
  readonly failed: number;
}

/** A part of the origin is unavailable; or it has too much to do; or all of it is unavailable. */
export type Extent = "all" | "overload" | "part";

/**
 * Behind an origin may be several servers, of which one is down and says for how long: then some of those that were sent after a request that
 * it has refused are served by the others. An origin that refuses what is too much for it refuses these as well.
 */
export class Unavailability {
  /** When the attempt began that has made the origin pause; `Infinity` if no such pause is on. */
  #sinceMs = Infinity;
  /** What has become of attempts that began no sooner. */
  #served = 0;
  #refused = 0;
  /** How many had succeeded when the latest pause began. */
  #succeededBefore = 0;
  /** Until when only a part is taken to be unavailable. */
  #knownUntilMs = -Infinity;
  /** How many had succeeded and failed when that was found out last. */
  #succeeded = 0;
  #failed = 0;

  /**
   * A 503 asks for a pause.
   *
   * @param lane Where.
   * @param isPaused Whether a pause is on already.
   * @param startedAtMs When the attempt began that was answered so, on the client's clock.
   * @param nowMs The time on that clock.
   * @returns What that concerns, for all that is known.
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
    const hasServed = lane.succeeded > this.#succeededBefore;
    this.#succeededBefore = lane.succeeded;
    return hasServed ? "overload" : "all";
  }

  /** The origin pauses for another reason, which what it serves does not refute. */
  settle(): void {
    this.#sinceMs = Infinity;
  }

  /**
   * An attempt has ended during a pause, and its lane has counted it.
   *
   * @returns Whether it turns out that the pause concerns a part only.
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
