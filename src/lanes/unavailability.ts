/**
 * What a 503 that asks for a pause says of its origin.
 *
 * @module
 */

import type { Errand } from "./errand.ts";
import { REFUSALS, UNASKED_MS } from "./quota.ts";

/** So many attempts say that only a part is unavailable, and so many refute it. */
const FEWEST = 5;
const MANY = 20;

/** Such a part of those that were sent after a refused one is served by the others. */
const LOWEST_SHARE = 1 / 3;

/** For how long it is taken for granted that only a part is unavailable, in milliseconds, if nothing else turns up. */
const KNOWN_MS = 10_000;

/** So many requests that were sent for the first time are not all refused for what they ask for; with fewer it takes this many times as long. */
const MANY_NEW = 10;
const DOUBT_FACTOR = 2;

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
  /** When the latest pause ends, on the client's clock; said by the lane. */
  pausedUntilMs: number = Infinity;
  /** When the attempt began that has made the origin pause; `Infinity` if no such pause is on. */
  #sinceMs = Infinity;
  /** What has become of attempts that began no sooner. */
  #served = 0;
  #refused = 0;
  /** How many had succeeded when the latest pause began. */
  #succeededBefore = 0;
  /** How many requests that were sent for the first time have been refused since something was served; counted by what tells of a 503. */
  newRefused = 0;
  /** The request that goes ahead of others again and again, and whether it was refused as often as a request is tried. */
  #persistent: Errand | undefined;
  #hasPersisted = false;
  /** How many pauses in a row have brought nothing, and when the first of them began. */
  #fruitlessPauses = 0;
  #refusesSinceMs = Infinity;
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
    if (hasServed || startedAtMs - this.pausedUntilMs >= UNASKED_MS) this.#fruitlessPauses = 0;
    if (this.#fruitlessPauses++ === 0) {
      this.#refusesSinceMs = nowMs;
      this.newRefused = 0;
      this.#persistent = undefined;
      this.#hasPersisted = false;
    }
    return hasServed ? "overload" : "all";
  }

  /**
   * Whether a request that was refused, and may come again, finds out before those that were never sent whether the origin is back.
   *
   * @param errand The request.
   * @param isFit Whether it may do so more often than it would be sent otherwise.
   * @param forMs For how long nothing may have been served, in milliseconds. Then those of a batch leave it to others, as they may be refused for
   * ever, until many of these were refused too. After twice as long one of them does it, until it was sent as often as is usual: the origin may
   * serve only what it was asked for before.
   * @param nowMs The time on the client's clock.
   * @returns `undefined` if this is for others to say.
   */
  goesAhead(errand: Errand, isFit: boolean, forMs: number, nowMs: number): boolean | undefined {
    const unservedMs = nowMs - this.#refusesSinceMs;
    if (this.#fruitlessPauses < REFUSALS || unservedMs < forMs) return undefined;
    if (isFit && unservedMs >= 2 * forMs) this.#persistent ??= errand;
    if (errand === this.#persistent) {
      if (errand.attempts < REFUSALS) return true;
      this.#hasPersisted = true;
    }
    return errand.allowance === undefined || this.newRefused >= MANY_NEW ? undefined : false;
  }

  /**
   * Whether the whole origin has been unavailable for so long, in milliseconds, and at least as often as a request is tried: it has refused
   * many that it had not known, and one as often as that, or has done so for twice as long.
   */
  refusesAll({ succeeded }: CountingLane, forMs: number, nowMs: number): boolean {
    const isSure = this.#hasPersisted && this.newRefused >= MANY_NEW;
    return this.#fruitlessPauses >= REFUSALS && succeeded === this.#succeededBefore &&
      nowMs - this.#refusesSinceMs >= (isSure ? forMs : DOUBT_FACTOR * forMs);
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
