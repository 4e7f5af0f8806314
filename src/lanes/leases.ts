/**
 * Permits of requests that may die.
 *
 * @module
 */

import type { Admission } from "./admission.ts";

/** How long an attempt has beyond its time until it counts as dead, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * Admissions that end after a while by themselves, unless they are prolonged: where the runtime ends a request's I/O and timers with
 * the request, its attempt never ends, and others must have its permit.
 */
export class Leases {
  readonly #admissions: Set<Admission> = new Set();

  /** Lends an admission to a request that is about to go on with it. */
  lend(admission: Admission, nowMs: number): void {
    admission.expiresAtMs = nowMs + GRACE_MS;
    this.#admissions.add(admission);
  }

  /** An attempt goes on, and will say so again within this time, in milliseconds: it is alive. */
  static prolong(admission: Admission, forMs: number, nowMs: number): void {
    if (admission.expiresAtMs === Infinity) return;
    admission.expiresAtMs = Math.max(admission.expiresAtMs, nowMs + forMs + GRACE_MS);
  }

  /** An admission has been given back. */
  end(admission: Admission): void {
    this.#admissions.delete(admission);
  }

  /** Gives those back whose time is over. */
  expire(nowMs: number): void {
    for (const admission of this.#admissions) {
      if (nowMs >= admission.expiresAtMs) admission.release();
    }
  }
}
