/**
 * The question whether an origin fails because too much is in flight there.
 *
 * @module
 */

import type { LaneLimit } from "./lane_limit.ts";
import { LONGEST_GAP_MS, Pace } from "./pace.ts";

/** A failure that comes this late is not a refusal, in milliseconds. */
const SLOW_MS = 1_000;
/** What the refusal of a request at a pace costs, in milliseconds: the others go on. */
const REFUSAL_MS = 500;
/** A pace may turn out to be this many times as slow as the longest gap, since few requests were served until it began. */
const TOLERANCE = 1.5;

/** The fewest attempts that are weighed together; fewer may fail together by chance. */
const FEWEST = 10;

/** The share of failures that is too many; and the share once the limit is lowered, until that is known not to help. */
const TOO_MANY = 0.5;
const STILL_TOO_MANY = 0.25;

/** If so large a share of attempts fails although they go one by one, the origin may limit their rate. */
const MOST = 2 / 3;

/** So many consecutive attempts that fail late, while no later one succeeds, are no accident. */
const FEW_HUNG = 5;

/**
 * Late failures are weighed over this many times the limit in attempts. As many successes mean that the limit has gone well for
 * long.
 */
const FEW_TIMES = 4;

/**
 * How long the origin is taken to fail whatever is in flight, in milliseconds, at least; and how many times the time that it took
 * to find out.
 */
const DISBELIEF_MS = 60_000;
const DISBELIEF_FACTOR = 8;

/**
 * A pace is of use while it has served this many times as many requests as it has had refused. No more than so many served beyond
 * that count later: a pace that was of use for long need not be any more.
 */
const WORTH = 2;
const MOST_CREDIT = 20;

/** So many consecutive outages of an origin, each soon after the recovery from the one before, may be a limit on the rate of requests. */
const MANY_RELAPSES = 3;

/**
 * How long before a failed attempt began the latest retry may have succeeded, in milliseconds; otherwise requests may fail for
 * what they ask for. And how soon after a recovery an outage must begin to be blamed on the rush of requests after it.
 */
const RECENTLY_MS = 10_000;

/** A lane, as far as strain depends on it; all times are on the client's clock, in milliseconds. */
export interface StrainedLane {
  readonly limit: LaneLimit;
  readonly inFlight: number;
  /** How many attempts have succeeded and failed. */
  readonly succeeded: number;
  readonly failed: number;
  /** When the latest successful attempt began. */
  readonly succeededAtMs: number;
  /** When the latest failed attempt began; a timeout says nothing about the time after that. */
  readonly failedAtMs: number;
  /** When the latest retry succeeded. */
  readonly rescuedAtMs: number;
  /** Applies a change of what the strain allows. */
  refresh(): void;
}

/**
 * Finds out from failures whether the origin has too much to do: half of the attempts fail, while others that were sent in
 * between succeed, and so do retries. In an outage nothing succeeds; and requests that fail for ever have no successful retries.
 * An origin that lets excess requests hang looks like an outage. There too, the lane tries fewer at once, but not for long; and
 * not at the first time, if as many have gone well for long.
 *
 * An origin that fails most requests although they go one by one may limit their rate: then they are sent at a pace, as long as
 * that helps. So may an origin that comes back again and again, but only for a few requests: it may count those that it refuses
 * as well, and serve again only when few have come for a while.
 */
export class Strain {
  #succeeded: number;
  #failed: number;
  #sinceMs: number;
  /** Whether strain has lowered the limit. */
  #hasLowered = false;
  /** When strain lowered the limit first and last. */
  #strainedAtMs = -Infinity;
  #loweredAtMs = -Infinity;
  /** How many attempts had succeeded when strain lowered the limit first. */
  #strained = 0;
  /** How many consecutive attempts have failed late while no later one has succeeded. */
  #hung = 0;
  /** Whether the same limit had gone well before the first of them failed, and when they were excused for that reason. */
  #wentWell = false;
  #excusedAtMs = -Infinity;
  /** Until when fewer attempts at once are known to fail as well. */
  #disbelievesUntilMs = -Infinity;
  /** The pace of the requests, once one at a time has not helped, and since when it holds. */
  #pace: Pace | undefined;
  #pacedAtMs = -Infinity;
  /** Until when a pace is known not to help. */
  #pacelessUntilMs = -Infinity;
  /** How many attempts had succeeded when the latest outage was over, and when that was. */
  #recovered = -Infinity;
  #recoveredAtMs = -Infinity;
  /**
   * How many attempts were in flight when the present outage began, if that was soon after a recovery; whether it began with a
   * late failure; and whether it is judged.
   */
  #rush: number | undefined;
  #isSlow = false;
  #isJudged = false;
  /** How many consecutive outages began so, and no more than a rush of requests was served before each. */
  #relapses = 0;

  /** Creates the state after a first failure, which the lane has counted. A late failure takes in all that was sent before it. */
  constructor({ succeeded, failed, failedAtMs }: StrainedLane, nowMs: number) {
    const isSlow = nowMs - failedAtMs >= SLOW_MS;
    this.#succeeded = isSlow ? 0 : succeeded;
    this.#failed = isSlow ? 0 : failed - 1;
    this.#sinceMs = isSlow ? -Infinity : nowMs;
  }

  /** Whether requests are sent at a pace. */
  get isPacing(): boolean {
    return this.#pace !== undefined;
  }

  /** Whether the origin has just come back from an outage that began soon after a recovery. */
  hasRelapsed(nowMs: number): boolean {
    return this.#relapses > 0 && nowMs - this.#recoveredAtMs <= RECENTLY_MS;
  }

  /** Returns until when nothing should be sent; not after `nowMs` if a request may be sent. */
  blockedUntilMs(nowMs: number): number {
    return this.#pace?.blockedUntilMs(nowMs) ?? nowMs;
  }

  /** Notes a request that is sent. */
  noteSent(nowMs: number): void {
    this.#pace?.noteSent(nowMs);
  }

  /** Notes a request that was served, and that was sent at that time. */
  noteServed(sentAtMs: number): void {
    this.#pace?.noteServed(sentAtMs);
  }

  /**
   * Judges a failure, which the lane has counted. Lowers the limit if too much was in flight, once for each limit's worth of
   * attempts; or restores it if attempts fail one by one as well. A lowered limit that has just grown too far goes back as soon
   * as an attempt fails that began right after.
   *
   * @param lane The lane.
   * @param nowMs The time on the client's clock.
   */
  note(lane: StrainedLane, nowMs: number): void {
    const { failedAtMs } = lane;
    const isSlow = nowMs - failedAtMs >= SLOW_MS;
    if (this.#pace !== undefined && !isSlow) return this.#keepPace(this.#pace, lane, nowMs);
    const isHung = isSlow && lane.succeededAtMs <= failedAtMs;
    if (!isHung) this.#hung = 0;
    else if (this.#noteHung(lane, nowMs)) return;
    if (isSlow && failedAtMs < Math.max(this.#loweredAtMs, this.#sinceMs)) {
      // The attempt says nothing about the present limit, or nothing beyond what was weighed.
      this.#failed++;
      return;
    }
    if (this.#retreat(lane, nowMs)) return this.#lookAnew(lane, nowMs);
    this.#weigh(lane, nowMs, isSlow);
  }

  /**
   * Weighs the attempts that have ended since the last time, if there are enough, and lowers the limit if too many have failed.
   */
  #weigh(lane: StrainedLane, nowMs: number, isSlow: boolean): void {
    const { limit } = lane;
    const failed = lane.failed - this.#failed;
    const ended = failed + lane.succeeded - this.#succeeded;
    const atOnce = limit.atOnce(lane.inFlight);
    if (ended < Math.max(FEWEST, atOnce)) return;
    // The limit may be lower for another reason, such as a 429, which does not explain failures.
    this.#hasLowered &&= limit.current < limit.most;
    const share = this.#hasLowered ? STILL_TOO_MANY : TOO_MANY;
    const areTooMany = failed >= share * ended && lane.succeededAtMs > this.#sinceMs;
    // Successes arrive sooner than late failures of the same time, so wait for more of them.
    if (isSlow && !areTooMany && failed < ended && ended < FEW_TIMES * atOnce) return;
    // Since the limit was lowered, the origin has been refusing requests, so it has served as many as it can.
    const servedEachMs = (nowMs - this.#strainedAtMs) / (lane.succeeded - this.#strained);
    this.#lookAnew(lane, nowMs);
    if (!areTooMany || nowMs < this.#disbelievesUntilMs) return;
    const areMostRefused = !isSlow && failed >= MOST * ended && servedEachMs <= TOLERANCE * LONGEST_GAP_MS;
    if (this.#hasLowered && limit.isLeast && areMostRefused) {
      this.#begin(new Pace(Math.min(LONGEST_GAP_MS, servedEachMs), 1, nowMs), lane, nowMs);
    } else if (this.#hasLowered || this.#isLikely(lane)) this.#lower(lane, nowMs);
  }

  /** Sends requests at a pace, whatever is in flight. */
  #begin(pace: Pace, lane: StrainedLane, nowMs: number): void {
    this.#pace = pace;
    this.#pacedAtMs = nowMs;
    this.#hasLowered = false;
    this.#lookAnew(lane, nowMs);
    lane.limit.restore();
    lane.refresh();
  }

  /** Judges an attempt that failed soon, and was sent at a pace. */
  #keepPace(pace: Pace, lane: StrainedLane, nowMs: number): void {
    if (lane.failedAtMs < this.#pacedAtMs || pace.noteRefused(nowMs, REFUSAL_MS, lane.failedAtMs)) return;
    // As long as most are served, the pace is of use, even if the origin refuses several for each step too far.
    const needed = WORTH * (lane.failed - this.#failed);
    this.#succeeded = Math.max(this.#succeeded, lane.succeeded - needed - MOST_CREDIT);
    if (lane.succeeded - this.#succeeded > needed) return;
    this.#pace = undefined;
    this.#disbelieve(lane, nowMs);
    this.#pacelessUntilMs = this.#disbelievesUntilMs;
    lane.refresh();
  }

  /**
   * Judges an attempt that has failed late while no later one has succeeded. After several of them, half of the attempts in
   * flight may be too much, and no attempts take the places of the hanging ones. Not if as many at once went well until then:
   * then the origin was away for a moment.
   *
   * @returns Whether the failure needs no further judgement.
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
    if (this.#wentWell) this.#excusedAtMs = nowMs;
    else this.#lower(lane, nowMs);
    return true;
  }

  /** Goes back to the limit that was not too much, if more has just been tried. Earlier attempts say nothing about that limit. */
  #retreat({ limit }: StrainedLane, nowMs: number): boolean {
    if (!this.#hasLowered || !limit.retreat()) return false;
    this.#loweredAtMs = nowMs;
    return true;
  }

  /** Whether fewer at once would help: a retry had succeeded shortly before the failed attempt was sent. */
  #isLikely({ rescuedAtMs, failedAtMs }: StrainedLane): boolean {
    return failedAtMs - rescuedAtMs <= RECENTLY_MS;
  }

  /** Halves the limit, or restores it if that did not help. */
  #lower(lane: StrainedLane, nowMs: number): void {
    if (!this.#hasLowered || !lane.limit.isLeast) this.#halve(lane, lane.inFlight, nowMs);
    else this.#disbelieve(lane, nowMs);
  }

  /** Restores the limit, because a lower one has not helped. */
  #disbelieve(lane: StrainedLane, nowMs: number): void {
    const costMs = DISBELIEF_FACTOR * (nowMs - this.#strainedAtMs);
    this.#disbelievesUntilMs = nowMs + Math.max(DISBELIEF_MS, costMs);
    this.#hasLowered = false;
    lane.limit.restore();
  }

  /** Notes that the origin is back after an outage; its probe has been counted. */
  noteRecovery(lane: StrainedLane, nowMs: number): void {
    if (this.#rush === undefined) this.#relapses = 0;
    else this.#noteRelapse(lane, this.#rush, nowMs);
    this.#rush = undefined;
    this.#recovered = lane.succeeded;
    this.#recoveredAtMs = nowMs;
  }

  /**
   * Judges an outage that begins soon after a recovery. It is none if the origin has served the probe, but hardly any of the
   * requests that rushed in after it; then fewer may be in flight next time. If the origin refuses faster than it serves, the
   * successes arrive during the outage, so the verdict comes with the next recovery.
   */
  noteOutage(lane: StrainedLane, nowMs: number): void {
    const { inFlight, succeeded, failedAtMs } = lane;
    if (failedAtMs - this.#recoveredAtMs > RECENTLY_MS) return;
    this.#rush = inFlight;
    this.#isSlow = nowMs - failedAtMs >= SLOW_MS;
    this.#isJudged = this.#judge(lane, inFlight, succeeded, nowMs);
  }

  /**
   * Judges an outage that began soon after a recovery, and is over. After several in a row before each of which the origin has
   * served a few requests, others are sent at the pace at which it has served these.
   */
  #noteRelapse(lane: StrainedLane, inFlight: number, nowMs: number): void {
    const served = lane.succeeded - this.#recovered;
    const many = Math.max(FEWEST, FEW_TIMES * lane.limit.atOnce(inFlight));
    // A limit on the rate refuses at once.
    this.#relapses = served <= many && !this.#isSlow ? this.#relapses + 1 : 0;
    if (this.#pace !== undefined) return;
    if (this.#relapses >= MANY_RELAPSES && nowMs >= this.#pacelessUntilMs) {
      this.#relapses = 0;
      const servedEachMs = (nowMs - this.#recoveredAtMs) / served;
      this.#begin(new Pace(Math.min(LONGEST_GAP_MS, servedEachMs), 1, nowMs), lane, nowMs);
    } else if (!this.#isJudged) this.#judge(lane, inFlight, lane.succeeded - 1, nowMs);
  }

  /** Halves the limit if the origin has served only a part of a rush. Returns false if it has served nothing. */
  #judge(lane: StrainedLane, inFlight: number, succeeded: number, nowMs: number): boolean {
    const served = succeeded - this.#recovered;
    if (served <= 0) return false;
    if (this.#pace === undefined && served <= 2 * lane.limit.atOnce(inFlight)) {
      this.#halve(lane, inFlight, nowMs);
    }
    return true;
  }

  #lookAnew({ succeeded, failed }: StrainedLane, nowMs: number): void {
    this.#succeeded = succeeded;
    this.#failed = failed;
    this.#sinceMs = nowMs;
  }

  #halve({ limit, failedAtMs, succeeded }: StrainedLane, inFlight: number, nowMs: number): void {
    if (!this.#hasLowered) {
      this.#strainedAtMs = nowMs;
      this.#strained = succeeded;
    }
    this.#hasLowered = true;
    this.#loweredAtMs = nowMs;
    const costMs = nowMs - failedAtMs;
    limit.halve(inFlight, false, costMs < SLOW_MS ? -Infinity : nowMs + costMs);
  }
}
