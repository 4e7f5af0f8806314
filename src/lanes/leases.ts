/**
 * Leases of permits, for requests that may die.
 *
 * @module
 */

import type { Admission } from "./admission.ts";

/** How long an attempt may be late with its sign of life before it counts as dead, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * Admissions that expire unless they are prolonged. Some runtimes end a request's I/O and timers with its incoming request. Then
 * an attempt never ends, and others must get its permit.
 */
export class Leases {
  readonly #admissions: Set<Admission> = new Set();

  /** Begins the lease of a request that is about to go on. */
  lend(admission: Admission, nowMs: number): void {
    admission.expiresAtMs = nowMs + GRACE_MS;
    this.#admissions.add(admission);
  }

  /** Prolongs the lease of a live attempt, which will prolong it again within this time in milliseconds. */
  static prolong(admission: Admission, forMs: number, nowMs: number): void {
    if (admission.expiresAtMs === Infinity) return;
    admission.expiresAtMs = Math.max(admission.expiresAtMs, nowMs + forMs + GRACE_MS);
  }

  /** Ends the lease of an admission that has been given back. */
  end(admission: Admission): void {
    this.#admissions.delete(admission);
  }

  /** Gives expired admissions back. */
  expire(nowMs: number): void {
    for (const admission of this.#admissions) {
      if (nowMs >= admission.expiresAtMs) admission.release();
    }
  }
}
