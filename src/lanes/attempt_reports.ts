/**
 * What attempts tell of their lanes.
 *
 * @module
 */

import type { AdaptiveLimit } from "../primitives/adaptive_limit.ts";
import type { CircuitResult } from "../primitives/circuit_breaker.ts";
import type { WorkingTime } from "../primitives/working_time.ts";
import type { KeyLine } from "./key_line.ts";
import type { Lane, StatedAnswer } from "./lane.ts";
import type { Receipt } from "./receipt.ts";
import type { SilentLanes } from "./silent_lanes.ts";
import { noteUnanswered, wakeHopeless } from "./sleepers.ts";
import { Strain } from "./strain.ts";
import type { WakeUps } from "./wake_ups.ts";
import type { Place } from "./waiter.ts";

/** So many requests that were sent for the first time do not all hang for what they ask for; those in line that are patient need not either. */
const FEW_HUNG = 8;

/** What hears of what has become of attempts. */
export interface ReportOptions {
  /** What makes the client's semaphore as large as it should be. */
  readonly adaptiveLimit?: AdaptiveLimit | undefined;
  /** Told of responses that may be the first to state limits. */
  readonly onStatement?: ((lane: Lane, answer: StatedAnswer) => void) | undefined;
}

/** Whose lanes they are. */
export interface ReportReader {
  /** How many requests may be in flight at once. */
  readonly capacity: number;
  /** The time that retries are counted in. */
  readonly workingTime: WorkingTime;
  /** What origins that do not answer are kept from. */
  readonly silentLanes: SilentLanes;
  /** The time on the client's clock. */
  now(): number;
  /** Something has happened in a lane. */
  examine(lane: Lane): void;
}

/** Writes into a lane what an attempt tells of it, and has the lane looked at where others may go then, or need not wait any more. */
export class AttemptReports {
  /** Whether there is a limit that has to know what becomes of attempts. */
  isAdaptive: boolean;
  readonly #options: ReportOptions;
  readonly #reader: ReportReader;
  readonly #wakeUps: WakeUps;

  /** Reports to a reader, whose wake-ups may have become needless. */
  constructor(options: ReportOptions, reader: ReportReader, wakeUps: WakeUps) {
    this.#options = options;
    this.isAdaptive = options.adaptiveLimit !== undefined;
    this.#reader = reader;
    this.#wakeUps = wakeUps;
  }

  /** Tells what an attempt says of its origin. */
  judge(lane: Lane, ticket: number, result: CircuitResult, startedAtMs: number): void {
    if (result === "success") {
      const { workingTime, silentLanes } = this.#reader;
      const nowMs = this.#reader.now();
      lane.succeeded++;
      lane.succeededAtMs = startedAtMs;
      lane.slowestMs = Math.max(lane.slowestMs, nowMs - startedAtMs);
      lane.answeredAtMs = nowMs;
      silentLanes.servedAtMs = nowMs;
      if (workingTime.outages > 0 && !lane.isDown) workingTime.work(nowMs);
      if (lane.limit.current < lane.limit.most) {
        lane.limit.gain(this.#reader.capacity, startedAtMs, nowMs);
      }
      lane.quota?.noteSuccess();
    } else if (result === "failure") {
      lane.failed++;
      lane.failedAtMs = startedAtMs;
      this.#noteFailure(lane);
    }
    if (result !== "success") lane.warmUp?.noteFailure();
    lane.breaker?.settle(ticket, result, startedAtMs);
    if (lane.isClear) return;
    if (lane.unavailability !== undefined && result !== "ignored") {
      lane.reconsiderPause(result === "success", startedAtMs, this.#reader.now());
    }
    if (result === "failure" && lane.sleeping.size > 0) wakeHopeless(lane, this.#reader.now());
    this.#reader.examine(lane);
  }

  #noteFailure(lane: Lane): void {
    const nowMs = this.#reader.now();
    if (lane.isSilent || !lane.hasAnswered) this.#noteUnanswered(lane, nowMs);
    // What adapts itself finds out by itself.
    if (lane.limit.isAdaptive) return;
    lane.strain ??= new Strain(lane, nowMs);
    lane.strain.note(lane, nowMs);
  }

  #noteUnanswered(lane: Lane, nowMs: number): void {
    if (!noteUnanswered(lane, nowMs)) return;
    // There may be too few at once for the breaker to take notice, and each would hold a permit for as long as this one.
    const areOthersServed = this.#reader.silentLanes.servedAtMs >= lane.silentSinceMs;
    const isPatient = (lane.head?.waiter.errand.patienceMs ?? 0) > 0;
    const isDark = lane.isAbandoned || (isPatient && lane.hung >= FEW_HUNG);
    if (lane.isSilent && isDark && areOthersServed) lane.breaker?.trip();
  }

  /**
   * Tells the limits that adapt themselves what has become of an attempt, which still holds its permit.
   *
   * @param lane Where it went.
   * @param startedAtMs When it began.
   * @param isDropped Whether it was refused because of too much load, or took too long.
   */
  sample(lane: Lane, startedAtMs: number, isDropped: boolean): void {
    if (!this.isAdaptive) return;
    const nowMs = this.#reader.now();
    const latencyMs = Math.max(0, nowMs - startedAtMs);
    const hasGrown = lane.limit.sample(latencyMs, lane.inFlight, isDropped, nowMs);
    if (hasGrown && lane.queued > 0) this.#reader.examine(lane);
    this.#options.adaptiveLimit?.record(latencyMs, isDropped ? "dropped" : "success");
  }

  /**
   * The headers of an attempt have come.
   *
   * @param lane Where it went.
   * @param startedAtMs When it began.
   * @param receipt What it counts in.
   * @param response What has come; `undefined` if it is no response.
   */
  answered(lane: Lane, startedAtMs: number, receipt?: Receipt, response?: Response): void {
    const isFirst = !lane.hasAnswered;
    lane.isAbandoned = false;
    lane.answeredAtMs = this.#reader.now();
    let mayGoOn = lane.answered(startedAtMs);
    if (lane.isSilent) {
      this.#reader.silentLanes.noteAnswer(lane);
      mayGoOn = true;
    }
    if (receipt !== undefined) {
      this.close(receipt);
      mayGoOn = true;
    }
    if (
      response !== undefined && (lane.learner !== undefined || lane.isPreparing || isFirst || !response.ok) &&
      isOf(lane, response)
    ) {
      mayGoOn = true;
      this.#learn(lane, response, receipt);
    }
    if (mayGoOn && lane.queued > 0) this.#reader.examine(lane);
  }

  #learn(lane: Lane, { headers, ok }: Response, receipt: Receipt | undefined): void {
    const answer: StatedAnswer = {
      headers,
      isOk: ok,
      nowMs: this.#reader.now(),
      receipt,
      inFlight: lane.inFlight,
      openOfKey: (receipt?.line?.open ?? 0) + 1,
    };
    if (lane.learner !== undefined) lane.learner.learn(lane, answer);
    else this.#options.onStatement?.(lane, answer);
  }

  /** An attempt's response does not matter any more: what it counted in may let others go. */
  forgo(lane: Lane, receipt: Receipt): void {
    this.close(receipt);
    if (lane.queued > 0) this.#reader.examine(lane);
  }

  /** Closes the receipt of an attempt whose lane the caller looks at. */
  close(receipt: Receipt): void {
    receipt.close(this.#reader.now());
    const line = receipt.line as KeyLine<Place<Lane>> | undefined;
    if (line?.isBlocked === true && line.tokenNotice === undefined) this.#wakeUps.unblock(line);
  }
}

/** Whether a response is of the lane's origin, and not of another one that a redirect has led to. */
function isOf({ key }: Lane, { url }: Response): boolean {
  return url === "" || url.startsWith(key);
}
