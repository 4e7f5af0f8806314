/**
 * A request, as far as the lanes know it.
 *
 * @module
 */

import type { Allowance } from "./allowance.ts";
import type { Receipt } from "./receipt.ts";

/** A request, as far as the lanes know it. */
export interface Errand {
  /** The priority; a higher number goes first. */
  readonly priority: number;
  /** The limits of the request's batch; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /** Whether a batch, which is patient, has begun the request. */
  readonly isOfBatch: boolean;
  /** The key by which the request shares limits with others; `undefined` if only its origin's limits hold. */
  readonly limitKey: string | undefined;
  /** The receipt of the attempt that was just admitted; the code that sends the attempt takes it. */
  receipt: Receipt | undefined;
  /** How many attempts were made so far. */
  readonly attempts: number;
  /** Whether the request was sent before, or continues the work of an earlier one. */
  readonly wasTakenOn: boolean;
  /**
   * Whether the request belongs to a batch and its latest attempt failed late, so that the next one may hold a permit for long.
   */
  readonly isCostly: boolean;
  /** When the request has no more use for a response, on the client's clock; `Infinity` for never. */
  readonly deadlineAtMs: number;
  /** How old an outage may be for the request to wait for its end, in milliseconds; 0 if it does not wait. */
  readonly patienceMs: number;
  /** When the batch began, on the client's clock; `-Infinity` without a batch. */
  readonly batchBeganAtMs: number;
  /** Whether the request also waits for an origin from which nothing has ever come. */
  readonly waitsForUnanswered: boolean;
  /** Whether one of the request's signals has aborted and is about to notify it. */
  readonly isAborted: boolean;
  /** Whether the batch counts the request among those that wait. */
  isAsleep: boolean;
  /**
   * Answers those callers of a shared request with an error that belong to no batch. Does so only if other callers, which are
   * patient, wait for it too.
   *
   * @returns Whether there are such patient callers, for which the request goes on.
   */
  refuseSingles(error: Error): boolean;
  /** Returns the facts of the request for an error: method and URL, without secrets. */
  describe(): { readonly url: string; readonly method: string; readonly attempts: number };
}

/** Notes that a request has to wait: until it goes on, it takes no place in its batch, which may pull another one. */
export function fallAsleep(errand: Pick<Errand, "allowance" | "isAsleep">): void {
  if (errand.isAsleep) return;
  errand.isAsleep = true;
  errand.allowance?.fallAsleep();
}

/** Notes that a request goes on that may have waited. */
export function wakeUp(errand: Pick<Errand, "allowance" | "isAsleep">): void {
  if (errand.isAsleep) errand.allowance?.wakeUp();
  errand.isAsleep = false;
}
