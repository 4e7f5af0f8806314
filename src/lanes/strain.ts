/**
 * Whether an origin fails because too much is in flight there.
 *
 * @module
 */

import { COST_FACTOR, type LaneLimit, SLOW_MS } from "./lane_limit.ts";

/** How many attempts are looked at together at the least: fewer may fail together by chance. */
const FEWEST = 10;

/** From which share of failures on they are too many; and once the limit is lower, until it is known that this is of no use. */
const TOO_MANY = 0.5;
const STILL_TOO_MANY = 0.25;

/** Of what fails late, as much as this many times what may be at once is looked at together. */
const FEW_TIMES = 4;

/** How long it is taken for granted that an origin fails whatever is in flight, in milliseconds; and how many times as long as that took to find out. */
const DISBELIEF_MS = 60_000;
const DISBELIEF_FACTOR = 8;

/**
 * How long before a failed attempt began the latest retry may have succeeded, in milliseconds: otherwise requests may fail for what they
 * ask for. And how long before an outage may have been over: otherwise the next one has nothing to do with what came all together then.
 */
const RECENTLY_MS = 10_000;

/** What is looked at of a lane; all times are on the client's clock, in milliseconds. */
export interface StrainedLane {
  readonly limit: LaneLimit;
  readonly inFlight: number;
  /** How many attempts have succeeded and failed. */
  readonly succeeded: number;
  readonly failed: number;
  /** When the latest attempt that succeeded began. */
  readonly succeededAtMs: number;
  /** When the latest attempt that failed began: one that took too long says nothing of what was after that. */
  readonly failedAtMs: number;
  /** When the latest retry succeeded. */
  readonly rescuedAtMs: number;
}

/**
 * Finds out from failures whether the origin has too much to do: half of the attempts fail, others that were sent meanwhile succeed, and
 * so do retries. In an outage nothing succeeds, and requests that fail for ever have no retries that do.
 */
export class Strain {
  #succeeded: number;
  #failed: number;
  #sinceMs: number;
  /** Whether the limit is lower because of it. */
  #hasLowered = false;
  /** When it was lowered for the first time, and for the last. */
  #strainedAtMs = -Infinity;
  #loweredAtMs = -Infinity;
  /** Until when it is known that fewer attempts at once would fail as well. */
  #disbelievesUntilMs = -Infinity;
  /** How many had succeeded when the latest outage was over, and when that was. */
  #recovered = -Infinity;
  #recoveredAtMs = -Infinity;
  /** How many were in flight when the next one began, if none had succeeded in between. */
  #rush: number | undefined;

  /** Begins with a failure that its lane has counted. */
  constructor({ succeeded, failed }: StrainedLane, nowMs: number) {
    this.#succeeded = succeeded;
    this.#failed = failed - 1;
    this.#sinceMs = nowMs;
  }

  /**
   * An attempt has failed, and its lane has counted it: lowers its limit if too much was in flight, once for as many attempts as may be
   * at once; or takes that back, if they fail one by one as well. Once it is lower, more than was not too much is given up as soon as an
   * attempt fails right after it was begun.
   *
   * @param lane Where.
   * @param nowMs The time on the client's clock.
   */
  note(lane: StrainedLane, nowMs: number): void {
    const { limit, failedAtMs } = lane;
    const isSlow = nowMs - failedAtMs >= SLOW_MS;
    if (isSlow && failedAtMs < this.#loweredAtMs) {
      // It says nothing of the limit that is in force by now.
      this.#failed++;
      return;
    }
    if (this.#hasLowered && limit.retreat(failedAtMs, nowMs)) return this.#lookAnew(lane, nowMs);
    const failed = lane.failed - this.#failed;
    const ended = failed + lane.succeeded - this.#succeeded;
    const atOnce = limit.atOnce(lane.inFlight);
    if (ended < Math.max(FEWEST, atOnce)) return;
    // It may be lower for another reason, such as a 429, which says nothing of why attempts fail.
    this.#hasLowered &&= limit.current < limit.most;
    const share = this.#hasLowered ? STILL_TOO_MANY : TOO_MANY;
    const isHung = isSlow && failed === ended;
    const areTooMany = failed >= share * ended && (isHung || lane.succeededAtMs > this.#sinceMs);
    // What has succeeded came sooner than what was sent with it and fails late.
    if (isSlow && !areTooMany && failed < ended && ended < FEW_TIMES * atOnce) return;
    this.#lookAnew(lane, nowMs);
    if (!areTooMany || nowMs < this.#disbelievesUntilMs) return;
    // A probe that was served says of requests that fail late what a retry does; others may have come too soon after it.
    const servedAtMs = isSlow ? Math.max(lane.rescuedAtMs, this.#recoveredAtMs) : lane.rescuedAtMs;
    if (this.#hasLowered && limit.current === 1) {
      const costMs = DISBELIEF_FACTOR * (nowMs - this.#strainedAtMs);
      this.#disbelievesUntilMs = nowMs + Math.max(DISBELIEF_MS, costMs);
      this.#hasLowered = false;
      limit.restore();
      return;
    }
    const isLikely = failedAtMs - servedAtMs <= RECENTLY_MS;
    if (!this.#hasLowered && !isLikely && !isHung) return;
    // An origin that is down does not come back the sooner for that, and is to have no less than before afterwards.
    this.#halve(lane, lane.inFlight, nowMs, isLikely ? COST_FACTOR : 1);
  }

  /** The origin is back after an outage; its probe has been counted. */
  noteRecovery(lane: StrainedLane, nowMs: number): void {
    if (this.#rush !== undefined) this.#judge(lane, this.#rush, lane.succeeded - 1, nowMs);
    this.#rush = undefined;
    this.#recovered = lane.succeeded;
    this.#recoveredAtMs = nowMs;
  }

  /**
   * An outage begins: it is none if the origin has just served a probe, and hardly any of those that came all together after it. Then
   * fewer of them may be in flight next time. An origin that refuses sooner than it serves shows that while it is taken for down.
   */
  noteOutage(lane: StrainedLane, nowMs: number): void {
    const { inFlight, succeeded, failedAtMs } = lane;
    if (failedAtMs - this.#recoveredAtMs > RECENTLY_MS) return;
    if (!this.#judge(lane, inFlight, succeeded, nowMs)) this.#rush = inFlight;
  }

  /** Halves the limit if of a rush only some have been served, when so many attempts have succeeded. */
  #judge(lane: StrainedLane, inFlight: number, succeeded: number, nowMs: number): boolean {
    const served = succeeded - this.#recovered;
    if (served <= 0) return false;
    if (served <= 2 * lane.limit.atOnce(inFlight)) this.#halve(lane, inFlight, nowMs, COST_FACTOR);
    return true;
  }

  #lookAnew({ succeeded, failed }: StrainedLane, nowMs: number): void {
    this.#succeeded = succeeded;
    this.#failed = failed;
    this.#sinceMs = nowMs;
  }

  #halve({ limit, failedAtMs }: StrainedLane, inFlight: number, nowMs: number, costFactor: number): void {
    if (!this.#hasLowered) this.#strainedAtMs = nowMs;
    this.#hasLowered = true;
    this.#loweredAtMs = nowMs;
    const costMs = nowMs - failedAtMs;
    if (costMs < SLOW_MS) return limit.halve(inFlight, false);
    limit.halve(inFlight, false, nowMs + costFactor * costMs);
    limit.stay();
  }
}
