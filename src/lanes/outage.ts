/**
 * How long an origin has been away, and how patience shortens the cooldowns of its breaker.
 *
 * @module
 */

import type { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import type { Errand } from "./errand.ts";

/** How long a request waits out an outage. */
type PatientErrand = Pick<Errand, "patienceMs" | "batchBeganAtMs">;

/** While requests of a batch wait, no cooldown is longer than this, than the first one, or than the share below; in milliseconds. */
const PATIENT_COOLDOWN_MS = 500;

/** How patient a batch is that begins in an old outage, in milliseconds. */
const LATE_PATIENCE_MS = 10_000;

/** A share of how old the outage is, and of how much patience is left: its end is noticed after a tenth of the time that it has lasted, or sooner. */
const PATIENT_SHARE = 0.1;

/** An outage lasts from when the breaker opens until it is closed again. All times are on the client's clock, in milliseconds. */
export class Outage {
  /** When the breaker opened first since it was closed; absent while it is closed. */
  sinceMs: number | undefined;
  /** Whether headers have ended it before, and nothing has come whole after them: they prove nothing. */
  isDoubtful = false;
  /** When the patience of any that waits ends first. */
  patienceEndMs: number = Infinity;
  /** The longest cooldown while requests wait. */
  cooldownCapMs: number = Infinity;
  readonly #breaker: CircuitBreaker | undefined;
  /** The outage that the headers of a probe have ended, and how many had succeeded by then; absent when its body has come whole. */
  #doubted: { readonly sinceMs: number; readonly succeeded: number } | undefined;

  /** Begins without an outage. */
  constructor(breaker: CircuitBreaker | undefined) {
    this.#breaker = breaker;
  }

  /**
   * The breaker has opened: an origin of which only headers have come since the last outage has not been back.
   *
   * @param atMs When it opened.
   * @param succeeded How many attempts have succeeded there.
   */
  begin(atMs: number, succeeded: number): void {
    this.isDoubtful = this.#doubted?.succeeded === succeeded;
    this.sinceMs = this.isDoubtful ? this.#doubted!.sinceMs : atMs;
  }

  /** The breaker has been closed. */
  end(): void {
    this.sinceMs = undefined;
  }

  /** Only the headers of a probe have ended an outage that began then. */
  doubt(sinceMs: number, succeeded: number): void {
    this.#doubted = { sinceMs, succeeded };
  }

  /** The body of the probe has come whole: the outage is over without a doubt. */
  settle(): void {
    this.#doubted = undefined;
  }

  /**
   * Says when the patience of any that waits ends first. While any of them is patient, cooldowns grow with the age of the
   * outage at most, and none lasts longer than their patience, so that a last probe is due then.
   *
   * @param patienceEndMs When that is; `Infinity` if none of them is patient.
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
    const longestMs = Math.max(PATIENT_COOLDOWN_MS, cooldownMs, PATIENT_SHARE * Math.min(ageMs, leftMs));
    this.cooldownCapMs = Math.max(0, Math.min(longestMs, leftMs));
  }

  /**
   * A request waits: if it is patient, no cooldown lasts longer than its patience, unless the last probe has been made for it.
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
   * When the patience of a request ends, in this outage or one that begins now. That of a batch that begins late lasts for a while all the same:
   * the origin may be back soon, or have been taken for down because of what others asked for.
   */
  patienceEnd({ patienceMs, batchBeganAtMs }: PatientErrand, nowMs: number): number {
    const lateEndMs = batchBeganAtMs + Math.min(patienceMs, LATE_PATIENCE_MS);
    return Math.max((this.sinceMs ?? nowMs) + patienceMs, lateEndMs);
  }
}
