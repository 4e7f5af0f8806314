/**
 * What the lanes know of a request.
 *
 * @module
 */

import type { Allowance } from "./allowance.ts";
import type { Receipt } from "./receipt.ts";

/** What the lanes know of a request. */
export interface Errand {
  /** Higher goes first. */
  readonly priority: number;
  /** What its batch may have in flight; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /** Whether it was begun by a batch, which waits for longer. */
  readonly isOfBatch: boolean;
  /** What it shares limits with others by; `undefined` if it has no limits but its origin's. */
  readonly limitKey: string | undefined;
  /** What the attempt counts in that it has just been admitted to; the code that sends it takes it over. */
  receipt: Receipt | undefined;
  /** Attempts made so far. */
  readonly attempts: number;
  /** Whether it was sent before, or goes on with what was. */
  readonly wasTakenOn: boolean;
  /** Whether it is of a batch, and its latest attempt has failed late, so that the next one may hold a permit for long. */
  readonly isCostly: boolean;
  /** When it has no more use for a response, on the client's clock; `Infinity` for never. */
  readonly deadlineAtMs: number;
  /** How old an outage may be that it waits out, in milliseconds; 0 for none. */
  readonly patienceMs: number;
  /** When its batch has begun, on the client's clock; `-Infinity` without one. */
  readonly batchBeganAtMs: number;
  /** Whether it also waits for an origin from which nothing has ever come. */
  readonly waitsForUnanswered: boolean;
  /** Whether one of its signals has aborted, and it is about to be told. */
  readonly isAborted: boolean;
  /** Whether its batch counts it among those that wait. */
  isAsleep: boolean;
  /**
   * Answers the callers that wait for it and are no part of a batch with an error, if there are others, which are patient.
   *
   * @returns Whether there are: it goes on for them.
   */
  refuseSingles(error: Error): boolean;
  /** The text that names it in an error: method and URL, without secrets. */
  describe(): { readonly url: string; readonly method: string; readonly attempts: number };
}

/** A request has to wait for something: until it goes on, it takes no place in its batch, which may pull another one. */
export function fallAsleep(errand: Pick<Errand, "allowance" | "isAsleep">): void {
  if (errand.isAsleep) return;
  errand.isAsleep = true;
  errand.allowance?.fallAsleep();
}

/** A request goes on that may have waited. */
export function wakeUp(errand: Pick<Errand, "allowance" | "isAsleep">): void {
  if (errand.isAsleep) errand.allowance?.wakeUp();
  errand.isAsleep = false;
}
