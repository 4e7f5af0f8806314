/**
 * The outage of an origin: how long it has lasted, and how patience shortens the cooldowns of the breaker.
 *
 * @module
 */

import type { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import type { Errand } from "./errand.ts";

/** A request, as far as its patience matters. */
type PatientErrand = Pick<Errand, "patienceMs" | "batchBeganAtMs">;

/** The patience of a batch that begins in an old outage, in milliseconds. */
const LATE_PATIENCE_MS = 10_000;

/**
 * The longest cooldown while patient requests wait, as a share of the outage's age, and of the patience that is left; or the
 * breaker's first cooldown, if longer. So the end of an outage is noticed after a tenth of the time that it has lasted, or
 * sooner.
 */
const PATIENT_SHARE = 0.1;

/**
 * The outage of an origin, from when the breaker opens until it is closed again. All times are on the client's clock, in
 * milliseconds.
 */
export class Outage {
  /** When the breaker first opened since it was last closed; `undefined` while it is closed. */
  sinceMs: number | undefined;
  /** Whether the headers of a probe prove nothing: they have ended this outage before, and no response has come whole since. */
  isDoubtful = false;
  /** The earliest end of patience of the waiting requests. */
  patienceEndMs: number = Infinity;
  /** The longest cooldown while requests wait. */
  cooldownCapMs: number = Infinity;
  readonly #breaker: CircuitBreaker | undefined;
  /**
   * The outage that the headers of a probe have ended, and the number of successes by then; `undefined` once a probe's body has
   * come whole.
   */
  #doubted: { readonly sinceMs: number; readonly succeeded: number } | undefined;

  /** Creates the state of an origin without an outage. */
  constructor(breaker: CircuitBreaker | undefined) {
    this.#breaker = breaker;
  }

  /**
   * Begins an outage, because the breaker has opened. If only headers have come since the last outage, that outage goes on.
   *
   * @param atMs When the breaker opened.
   * @param succeeded How many attempts have succeeded in the lane.
   */
  begin(atMs: number, succeeded: number): void {
    this.isDoubtful = this.#doubted?.succeeded === succeeded;
    this.sinceMs = this.isDoubtful ? this.#doubted!.sinceMs : atMs;
  }

  /** Ends the outage, because the breaker has closed. */
  end(): void {
    this.sinceMs = undefined;
  }

  /** Notes that only the headers of a probe have ended the outage that began then. */
  doubt(sinceMs: number, succeeded: number): void {
    this.#doubted = { sinceMs, succeeded };
  }

  /** Notes that the body of a probe has come whole, so that the outage is certainly over. */
  settle(): void {
    this.#doubted = undefined;
  }

  /**
   * Sets the earliest end of patience of the waiting requests. While any of them is patient, a cooldown grows at most with the
   * age of the outage. It never lasts longer than the patience, so that a last probe is due at its end.
   *
   * @param patienceEndMs The earliest end; `Infinity` if no waiting request is patient.
   */
  limitCooldown(patienceEndMs: number): void {
    this.patienceEndMs = patienceEndMs;
    if (this.#breaker === undefined || patienceEndMs === Infinity) {
      this.cooldownCapMs = Infinity;
      return;
    }
    const { openedAtMs, cooldownMs } = this.#breaker;
    const ageMs = openedAtMs - (this.sinceMs ?? openedAtMs);
    const leftMs = patienceEndMs - openedAtMs;
    const longestMs = Math.max(cooldownMs, PATIENT_SHARE * Math.min(ageMs, leftMs));
    this.cooldownCapMs = Math.max(0, Math.min(longestMs, leftMs));
  }

  /**
   * Shortens the cooldown for a request that begins to wait: if it is patient, to the end of its patience at most, unless its
   * last probe has been made.
   *
   * @param errand The request.
   * @param probedAtMs When the latest probe was sent.
   */
  shortenCooldown(errand: PatientErrand, probedAtMs: number): void {
    if (this.sinceMs === undefined || errand.patienceMs === 0) return;
    const endMs = this.patienceEnd(errand, this.sinceMs);
    if (probedAtMs < endMs) this.limitCooldown(Math.min(this.patienceEndMs, endMs));
  }

  /**
   * Returns when the patience of a request ends, in this outage or one that begins now. A batch that begins late in an outage has
   * some patience of its own: the origin may be back soon, or may only look down because of what others asked for.
   */
  patienceEnd({ patienceMs, batchBeganAtMs }: PatientErrand, nowMs: number): number {
    const lateEndMs = batchBeganAtMs + Math.min(patienceMs, LATE_PATIENCE_MS);
    return Math.max((this.sinceMs ?? nowMs) + patienceMs, lateEndMs);
  }
}
