/**
 * The verdict of an attempt on its origin, for the breaker and the adaptive limits.
 *
 * @module
 */

import { InvalidDataError, type NetworkError, type TimeoutError } from "../errors.ts";
import { isOverloadStatus, isSuccessStatus, verdictOn } from "../http/classify.ts";
import { RedirectError } from "../http/redirect.ts";
import type { Admission } from "../lanes/admission.ts";
import {
  denialOf,
  innermostMessage,
  isRefused,
  isUntrusted,
  markExhaustion,
  markFinal,
  mistakeOf,
  networkError,
  statusError,
  tooLongOf,
} from "./attempt_errors.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";
import { MiddlewareFailure } from "./middleware.ts";
import type { Environment } from "./policy.ts";

/** A failed attempt that took at least this long has cost much, in milliseconds. */
export const LATE_MS = 1_000;

/** The URLs in a message of the runtime. */
const ANY_URL = /https?:\/\/[^\s)"']+/gi;

/** Judges one attempt; only the first verdict counts. */
export class AttemptVerdict {
  /** Whether another attempt beside this one has failed at the same origin already: the two count as one failure. */
  isSecondFailure = false;
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #target: Target;
  readonly #admission: Admission;

  /** Creates a judge that has not judged yet; the parameters are those of the attempt. */
  constructor(environment: Environment, call: Call, target: Target, admission: Admission) {
    this.#environment = environment;
    this.#call = call;
    this.#target = target;
    this.#admission = admission;
  }

  /** Judges an attempt whose whole response has come. */
  succeed(): void {
    this.#admission.sample(false);
    this.#tell("success");
  }

  /**
   * Judges a probe by its headers: they prove that the origin is back, however long the body takes. But if all bodies break off
   * or stall, the outage goes on, and patience must end at the same time as without these headers.
   */
  judgeByHeaders(): void {
    const { lane } = this.#target;
    const { sinceMs } = lane.outage;
    this.#tell("success");
    if (sinceMs !== undefined) lane.outage.doubt(sinceMs, lane.succeeded);
  }

  /** Judges a response by its status, if the caller reads its body or its body does not count. */
  judgeStatus(response: Response): void {
    const verdict = verdictOn(response.status);
    // The time of the body depends on its reader.
    if (isSuccessStatus(response.status)) this.#admission.sample(false);
    else if (isOverloadStatus(response.status)) this.#admission.sample(true);
    const { isFailure } = this.#environment;
    const isExcused = verdict === "failure" && isFailure !== undefined &&
      !isFailure(statusError(this.#call, this.#target, response));
    this.#judge(isExcused ? "success" : verdict, `HTTP ${response.status}`);
  }

  /** Judges an attempt that has taken too long. */
  judgeTimeout(error: TimeoutError): void {
    this.#admission.sample(true);
    const verdict = this.#environment.isFailure?.(error) === false ? "success" : "failure";
    this.#judge(verdict, `no answer for ${error.timeoutMs} ms`);
  }

  /**
   * Judges an attempt that has failed.
   *
   * @param error The error that was thrown, by `fetch` or on the way to the value.
   * @returns The error of the call.
   */
  judgeFailure(error: unknown): unknown {
    if (error instanceof MiddlewareFailure) {
      this.#admission.judge("ignored");
      return error.thrown;
    }
    const invalid = error instanceof InvalidDataError ? error : tooLongOf(this.#call, this.#target, error);
    if (invalid !== undefined) {
      this.#tell("success");
      return invalid;
    }
    const final = denialOf(error) ?? mistakeOf(error);
    if (final !== undefined || isRefused(this.#call, error)) {
      this.#admission.judge("ignored");
      return final ?? error;
    }
    return this.#judgeNetworkError(error);
  }

  #judgeNetworkError(error: unknown): NetworkError {
    const { runtime, isFailure, isOwnFailure } = this.#environment;
    const told = networkError(this.#call, this.#target, error);
    if (isUntrusted(error)) markFinal(told);
    if (error instanceof RedirectError || runtime.isRedirectFailure(error)) {
      markFinal(told);
      this.#admission.judge("ignored");
    } else if (runtime.isOutOfDescriptors(error)) {
      markExhaustion(told);
      const { lane } = this.#target;
      lane.limit.shrink(lane.inFlight);
      this.#admission.judge("ignored");
    } else if (isOwnFailure?.(error) || this.#call.prepared?.body instanceof ReadableStream) {
      // Such a failure may pass, but is not the origin's; or the request's own stream may have broken off, which not every
      // runtime tells.
      this.#admission.judge("ignored");
    } else {
      // Callers of other requests see the reason, and their URLs differ.
      const reason = innermostMessage(told.cause).replace(ANY_URL, this.#target.lane.key);
      this.#judge(isFailure?.(told) === false ? "success" : "failure", reason);
    }
    return told;
  }

  /**
   * Counts a single request only once, however often it is retried, where a breaker goes by the share of failures: its retries of
   * a bad URL must not outweigh all other requests. The many requests of a batch count each.
   *
   * @param reason The reason of a failure, in words.
   */
  #judge(verdict: "failure" | "ignored" | "success", reason: string): void {
    const { journey, patienceMs } = this.#call;
    if (verdict === "failure") this.#target.lane.failureReason = reason;
    const isRepeated = verdict === "failure" && !this.#environment.countsInARow &&
      (this.isSecondFailure || (journey.round > 1 && patienceMs === 0 && !this.#admission.isProbe));
    if (isRepeated) this.#target.lane.failed++;
    journey.isCostly = verdict === "failure" &&
      this.#environment.clock.now() - this.#admission.startedAtMs >= LATE_MS;
    this.#tell(isRepeated ? "ignored" : verdict);
  }

  /** Reports the verdict to the lane. Records a success as the call's own, because it says nothing about other requests. */
  #tell(verdict: "failure" | "ignored" | "success"): void {
    this.#admission.judge(verdict);
    if (verdict === "success") this.#call.journey.answeredAtMs = this.#target.lane.succeededAtMs;
  }
}
