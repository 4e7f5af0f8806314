/**
 * Permits of requests that may die.
 *
 * @module
 */

import type { Admission } from "./admission.ts";

/** How long an attempt has beyond its time until it counts as dead, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * Admissions that end after a while by themselves: where the runtime ends a request's I/O and timers with the request, its attempt
 * never ends, and others must have its permit.
 */
export class Leases {
  readonly #admissions: Set<Admission> = new Set();

  /** Lends an admission to an attempt that may take so long, in milliseconds. */
  lend(admission: Admission, timeoutMs: number, nowMs: number): void {
    admission.expiresAtMs = nowMs + timeoutMs + GRACE_MS;
    this.#admissions.add(admission);
  }

  /** An attempt goes on, and may do so for as long again, in milliseconds: it is alive. */
  static prolong(admission: Admission, timeoutMs: number, nowMs: number): void {
    if (admission.expiresAtMs === Infinity) return;
    admission.expiresAtMs = Math.max(admission.expiresAtMs, nowMs + timeoutMs + GRACE_MS);
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
