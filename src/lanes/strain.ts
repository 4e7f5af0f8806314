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

/** So many attempts in a row that fail late, while none that was sent since succeeds, are no accident. */
const FEW_HUNG = 5;

/** Of what fails late, as much as this many times what may be at once is looked at together; so many that succeed have gone well for long. */
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
 * so do retries. In an outage nothing succeeds, and requests that fail for ever have no retries that do. An origin that lets too many hang
 * looks like an outage: there, fewer at once are tried as well, but not for long, and not at the first time if as many have gone well for
 * long.
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
  /** Attempts in a row that have failed late while nothing that was sent since has succeeded. */
  #hung = 0;
  /** Whether as many at once had gone well until the first of them failed, and when they were no sign because of that. */
  #wentWell = false;
  #excusedAtMs = -Infinity;
  /** Until when it is known that fewer attempts at once would fail as well. */
  #disbelievesUntilMs = -Infinity;
  /** How many had succeeded when the latest outage was over, and when that was. */
  #recovered = -Infinity;
  #recoveredAtMs = -Infinity;
  /** How many were in flight when the next one began, if none had succeeded in between. */
  #rush: number | undefined;

  /** Begins with a failure that its lane has counted: if it comes late, with all that was sent before it. */
  constructor({ succeeded, failed, failedAtMs }: StrainedLane, nowMs: number) {
    const isSlow = nowMs - failedAtMs >= SLOW_MS;
    this.#succeeded = isSlow ? 0 : succeeded;
    this.#failed = isSlow ? 0 : failed - 1;
    this.#sinceMs = isSlow ? -Infinity : nowMs;
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
    const { failedAtMs } = lane;
    const isSlow = nowMs - failedAtMs >= SLOW_MS;
    const isHung = isSlow && lane.succeededAtMs <= failedAtMs;
    if (!isHung) this.#hung = 0;
    else if (this.#noteHung(lane, nowMs)) return;
    if (isSlow && failedAtMs < Math.max(this.#loweredAtMs, this.#sinceMs)) {
      // It says nothing of the limit that is in force by now, or nothing more than what was looked at.
      this.#failed++;
      return;
    }
    if (this.#retreat(lane, nowMs)) return this.#lookAnew(lane, nowMs);
    this.#weigh(lane, nowMs, isSlow);
  }

  /** Looks at the attempts that have ended since the last look, if there are enough of them, and lowers the limit if too many have failed. */
  #weigh(lane: StrainedLane, nowMs: number, isSlow: boolean): void {
    const { limit } = lane;
    const failed = lane.failed - this.#failed;
    const ended = failed + lane.succeeded - this.#succeeded;
    const atOnce = limit.atOnce(lane.inFlight);
    if (ended < Math.max(FEWEST, atOnce)) return;
    // It may be lower for another reason, such as a 429, which says nothing of why attempts fail.
    this.#hasLowered &&= limit.current < limit.most;
    const share = this.#hasLowered ? STILL_TOO_MANY : TOO_MANY;
    const areTooMany = failed >= share * ended && lane.succeededAtMs > this.#sinceMs;
    // What has succeeded came sooner than what was sent with it and fails late.
    if (isSlow && !areTooMany && failed < ended && ended < FEW_TIMES * atOnce) return;
    this.#lookAnew(lane, nowMs);
    if (!areTooMany || nowMs < this.#disbelievesUntilMs) return;
    if (this.#hasLowered || this.#isLikely(lane, isSlow)) this.#lower(lane, nowMs);
  }

  /**
   * An attempt has failed late, and nothing that was sent since has succeeded: if there are some of them, half of what may be in flight may
   * be too much, and what hangs already is not followed by others. Not so if as many at once went well until then: something was away.
   *
   * @returns Whether all that it tells was made use of.
   */
  #noteHung(lane: StrainedLane, nowMs: number): boolean {
    const { limit, failedAtMs } = lane;
    if (failedAtMs < this.#loweredAtMs) {
      limit.yieldPlace(lane.inFlight);
      return false;
    }
    if (failedAtMs < this.#excusedAtMs) return false;
    if (this.#hung === 0) {
      this.#wentWell = lane.failed - this.#failed === 1 &&
        lane.succeeded - this.#succeeded >= FEW_TIMES * limit.atOnce(lane.inFlight);
    }
    if (++this.#hung < FEW_HUNG || nowMs < this.#disbelievesUntilMs) return false;
    this.#hung = 0;
    this.#lookAnew(lane, nowMs);
    if (this.#retreat(lane, nowMs)) return true;
    if (this.#wentWell) this.#excusedAtMs = nowMs;
    else this.#lower(lane, nowMs, true);
    return true;
  }

  /** Goes back to what was not too much, if more has just been begun; what was sent until now says nothing of that. */
  #retreat({ limit, failedAtMs }: StrainedLane, nowMs: number): boolean {
    if (!this.#hasLowered || !limit.retreat(failedAtMs, nowMs)) return false;
    this.#loweredAtMs = nowMs;
    return true;
  }

  /**
   * Whether what fails would do otherwise: a retry has succeeded shortly before it was sent. A probe that was served says the same of what
   * fails late; what is refused at once may have come too soon after it.
   */
  #isLikely({ rescuedAtMs, failedAtMs }: StrainedLane, isSlow: boolean): boolean {
    return failedAtMs - (isSlow ? Math.max(rescuedAtMs, this.#recoveredAtMs) : rescuedAtMs) <= RECENTLY_MS;
  }

  /** Halves the limit, or takes back what was of no use. */
  #lower(lane: StrainedLane, nowMs: number, isHung = false): void {
    if (!this.#hasLowered || lane.limit.current > 1) return this.#halve(lane, lane.inFlight, nowMs, isHung);
    const costMs = DISBELIEF_FACTOR * (nowMs - this.#strainedAtMs);
    this.#disbelievesUntilMs = nowMs + Math.max(DISBELIEF_MS, costMs);
    this.#hasLowered = false;
    lane.limit.restore();
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
    if (served <= 2 * lane.limit.atOnce(inFlight)) this.#halve(lane, inFlight, nowMs);
    return true;
  }

  #lookAnew({ succeeded, failed }: StrainedLane, nowMs: number): void {
    this.#succeeded = succeeded;
    this.#failed = failed;
    this.#sinceMs = nowMs;
  }

  #halve(lane: StrainedLane, inFlight: number, nowMs: number, isHung = false): void {
    const { limit, failedAtMs } = lane;
    if (!this.#hasLowered) this.#strainedAtMs = nowMs;
    this.#hasLowered = true;
    this.#loweredAtMs = nowMs;
    const costMs = nowMs - failedAtMs;
    if (costMs < SLOW_MS) return limit.halve(inFlight, false);
    // What is only down does not come back the sooner for that, and is to have as much as before soon afterwards.
    const isKnown = !isHung && this.#isLikely(lane, true);
    limit.halve(inFlight, false, nowMs + (isKnown ? COST_FACTOR : 1) * costMs);
    limit.stay();
  }
}
