/**
 * The reports of attempts to their lanes.
 *
 * @module
 */

import { verdictOn } from "../http/classify.ts";
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

/**
 * If the first attempts of this many requests hang, they do not hang for what they ask for. Then patient requests in line wait
 * for a probe instead of hanging as well.
 */
const FEW_HUNG = 8;

/** The options of reports. */
export interface ReportOptions {
  /** Adapts the capacity of the client's semaphore. */
  readonly adaptiveLimit?: AdaptiveLimit | undefined;
  /** Called with responses that may be the first to state limits. */
  readonly onStatement?: ((lane: Lane, answer: StatedAnswer) => void) | undefined;
}

/** The scheduler, as far as reports use it. */
export interface ReportReader {
  /** How many requests may be in flight at once. */
  readonly capacity: number;
  /** The working time in which retries are counted. */
  readonly workingTime: WorkingTime;
  /** Keeps silent origins from holding the permits that others need. */
  readonly silentLanes: SilentLanes;
  /** Returns the time on the client's clock. */
  now(): number;
  /** Looks at a lane in which something has changed. */
  examine(lane: Lane): void;
}

/**
 * Records in a lane what an attempt says about it. Then has the lane examined, where requests may go or need not wait any longer.
 */
export class AttemptReports {
  /** Whether any adaptive limit needs the outcomes of attempts. */
  isAdaptive: boolean;
  readonly #options: ReportOptions;
  readonly #reader: ReportReader;
  readonly #wakeUps: WakeUps;

  /** Creates reports to a scheduler, whose wake-ups for limit keys they may cancel. */
  constructor(options: ReportOptions, reader: ReportReader, wakeUps: WakeUps) {
    this.#options = options;
    this.isAdaptive = options.adaptiveLimit !== undefined;
    this.#reader = reader;
    this.#wakeUps = wakeUps;
  }

  /** Records the verdict of an attempt on its origin. */
  judge(lane: Lane, ticket: number, result: CircuitResult, startedAtMs: number): void {
    if (result === "success") {
      const { workingTime, silentLanes } = this.#reader;
      const nowMs = this.#reader.now();
      lane.succeeded++;
      lane.succeededAtMs = startedAtMs;
      lane.slowestMs = Math.max(lane.slowestMs, nowMs - startedAtMs);
      lane.answeredAtMs = nowMs;
      silentLanes.servedAtMs = nowMs;
      silentLanes.servedBeganAtMs = Math.max(silentLanes.servedBeganAtMs, startedAtMs);
      if (workingTime.outages > 0 && !lane.isDown) workingTime.work(nowMs);
      if (lane.limit.current < lane.limit.most) {
        lane.limit.gain(this.#reader.capacity, nowMs);
      }
      lane.quota?.noteSuccess(startedAtMs);
      lane.strain?.noteServed(startedAtMs);
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
    // An adaptive limit finds out by itself.
    if (lane.limit.isAdaptive) return;
    lane.strain ??= new Strain(lane, nowMs);
    lane.strain.note(lane, nowMs);
  }

  #noteUnanswered(lane: Lane, nowMs: number): void {
    if (!noteUnanswered(lane, nowMs)) return;
    // The breaker may see too few attempts at once to open, and each would hold a permit for as long as this one.
    const areOthersServed = this.#reader.silentLanes.servedAtMs >= lane.silentSinceMs;
    const isPatient = (lane.head?.waiter.errand.patienceMs ?? 0) > 0;
    const isDark = lane.isAbandoned || (isPatient && lane.hung >= FEW_HUNG);
    if (lane.isSilent && isDark && areOthersServed) lane.breaker?.trip();
  }

  /**
   * Reports an attempt, which still holds its permit, to the adaptive limits.
   *
   * @param lane The lane of the attempt.
   * @param startedAtMs When the attempt began.
   * @param isDropped Whether the origin refused it under too much load, or it took too long.
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
   * Records that the headers of an attempt have come.
   *
   * @param lane The lane of the attempt.
   * @param startedAtMs When the attempt began.
   * @param receipt The receipt of the attempt.
   * @param response The response; `undefined` if the `fetch` gave something else.
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

  #learn(lane: Lane, { headers, status }: Response, receipt: Receipt | undefined): void {
    const answer: StatedAnswer = {
      headers,
      // Some services answer too many requests with 403.
      isOk: status !== 403 && verdictOn(status) === "success",
      nowMs: this.#reader.now(),
      receipt,
      inFlight: lane.inFlight,
      openOfKey: (receipt?.line?.open ?? 0) + 1,
    };
    if (lane.learner !== undefined) lane.learner.learn(lane, answer);
    else this.#options.onStatement?.(lane, answer);
  }

  /** Closes the receipt of an attempt whose response does not matter any more, which may let other requests go. */
  forgo(lane: Lane, receipt: Receipt): void {
    this.close(receipt);
    if (lane.queued > 0) this.#reader.examine(lane);
  }

  /** Closes the receipt of an attempt; the caller examines its lane. */
  close(receipt: Receipt): void {
    receipt.close(this.#reader.now());
    const line = receipt.line as KeyLine<Place<Lane>> | undefined;
    if (line?.isBlocked === true && line.tokenNotice === undefined) this.#wakeUps.unblock(line);
  }
}

/** Whether a response comes from the lane's origin, and not from another one after a redirect. */
function isOf({ key }: Lane, { url }: Response): boolean {
  return url === "" || url.startsWith(key);
}
