/**
 * What an attempt says of its origin: to its breaker, and to the limits that adapt themselves.
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
  networkError,
  ResponseError,
  statusError,
} from "./attempt_errors.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";
import { MiddlewareFailure } from "./middleware.ts";
import type { Environment } from "./policy.ts";

/** From how long on an attempt that fails has cost much, in milliseconds. */
export const LATE_MS = 1_000;

const ANY_URL = /https?:\/\/[^\s)"']+/gi;

/** Judges one attempt; its first word counts. */
export class AttemptVerdict {
  /** Whether one beside it has failed at the same origin already: the failure of the two is one. */
  isSecondFailure = false;
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #target: Target;
  readonly #admission: Admission;

  /** Has not judged yet; the parameters are those of the attempt. */
  constructor(environment: Environment, call: Call, target: Target, admission: Admission) {
    this.#environment = environment;
    this.#call = call;
    this.#target = target;
    this.#admission = admission;
  }

  /** The whole response has come. */
  succeed(): void {
    this.#admission.sample(false);
    this.#tell("success");
  }

  /**
   * A probe has proved by its headers that its origin is back; how long the rest takes says nothing of that. But if all bodies break
   * off or stall, the outage goes on, and patience with it must end.
   */
  judgeByHeaders(): void {
    const { lane } = this.#target;
    const { sinceMs } = lane.outage;
    this.#tell("success");
    if (sinceMs !== undefined) lane.outage.doubt(sinceMs, lane.succeeded);
  }

  /** A response whose body is read by the caller, or does not count. */
  judgeStatus(response: Response): void {
    const verdict = verdictOn(response.status);
    // How long the body takes is its reader's affair.
    if (isSuccessStatus(response.status)) this.#admission.sample(false);
    else if (isOverloadStatus(response.status)) this.#admission.sample(true);
    const { isFailure } = this.#environment;
    const isExcused = verdict === "failure" && isFailure !== undefined &&
      !isFailure(statusError(this.#call, this.#target, response));
    this.#judge(isExcused ? "success" : verdict, `HTTP ${response.status}`);
  }

  /** The attempt has taken too long. */
  judgeTimeout(error: TimeoutError): void {
    this.#admission.sample(true);
    const verdict = this.#environment.isFailure?.(error) === false ? "success" : "failure";
    this.#judge(verdict, `no answer for ${error.timeoutMs} ms`);
  }

  /**
   * The attempt has failed.
   *
   * @param error What was thrown, by `fetch` or on the way to the value.
   * @returns What the call fails of.
   */
  judgeFailure(error: unknown): unknown {
    if (error instanceof MiddlewareFailure) {
      this.#admission.judge("ignored");
      return error.thrown;
    }
    if (error instanceof InvalidDataError) {
      this.#tell("success");
      return error;
    }
    const denial = denialOf(error);
    if (denial !== undefined || error instanceof ResponseError || isRefused(this.#call, error)) {
      this.#admission.judge("ignored");
      return denial ?? error;
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
      // It may pass, but the origin has no part in it; or it may be the stream that was to be sent which has broken off, as
      // not every runtime tells.
      this.#admission.judge("ignored");
    } else {
      // It is shown to callers of other requests, whose URLs differ.
      const reason = innermostMessage(told.cause).replace(ANY_URL, this.#target.lane.key);
      this.#judge(isFailure?.(told) === false ? "success" : "failure", reason);
    }
    return told;
  }

  /**
   * Where a breaker goes by the share of failures, a single request counts once among them, however often it is tried: its retries of
   * a bad URL must not speak for all others. Those of a batch are many, and speak for themselves.
   *
   * @param reason What a failure consists in.
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

  /** Tells the lane. That it has served this call says nothing of others. */
  #tell(verdict: "failure" | "ignored" | "success"): void {
    this.#admission.judge(verdict);
    if (verdict === "success") this.#call.journey.answeredAtMs = this.#target.lane.succeededAtMs;
  }
}
