/**
 * The arithmetic of a token bucket: how full it is.
 *
 * @module
 */

import { SHORTEST_WAIT_MS } from "./clock.ts";

/** How much of a timer's lateness the bucket makes up for while callers wait, in milliseconds. */
const FORGIVEN_LATENESS_MS = 5;

/** The tolerance for rounding errors: a bucket that lacks no more than this grants the tokens, and carries the shortage on. */
const ROUNDING_TOKENS = 1e-9;

/**
 * Computes how many tokens a bucket holds. It reads no clock: all members refer to the moment that was last passed to `observe`.
 */
export class TokenLevel {
  #tokensPerMs: number;
  #burst: number;
  #tokens: number;
  #nowMs: number;
  #pausedUntilMs = -Infinity;

  /** Creates a full bucket. */
  constructor(tokensPerMs: number, burst: number, nowMs: number) {
    this.#tokensPerMs = tokensPerMs;
    this.#burst = burst;
    this.#tokens = burst;
    this.#nowMs = nowMs;
  }

  /** The capacity in tokens. The level may exceed it by the tokens that make up for a timer's lateness. */
  get burst(): number {
    return this.#burst;
  }

  /** How many tokens the bucket holds. */
  get tokens(): number {
    return Math.max(0, this.#tokens);
  }

  /** When the pause ends; until then no tokens may be taken. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /**
   * Moves time on, and adds the tokens of the time that has passed.
   *
   * @param nowMs The moment.
   * @param isServing Whether a caller has waited until now. Then the bucket may have filled up only because the timer is late,
   * and it may hold more than its burst.
   */
  observe(nowMs: number, isServing: boolean): void {
    const elapsedMs = nowMs - this.#nowMs;
    const isPausing = this.#nowMs < this.#pausedUntilMs;
    this.#nowMs = nowMs;
    if (elapsedMs < 0) {
      // The clock went back: the rest of a pause keeps its length.
      this.#pausedUntilMs += elapsedMs;
      return;
    }
    const forgivenMs = isServing && !isPausing ? FORGIVEN_LATENESS_MS : 0;
    const capacity = this.#burst + forgivenMs * this.#tokensPerMs;
    this.#tokens = Math.min(capacity, this.#tokens + elapsedMs * this.#tokensPerMs);
  }

  /** Returns whether the bucket holds `n` tokens and no pause is in force. */
  has(n: number): boolean {
    return this.#nowMs >= this.#pausedUntilMs && this.#tokens >= n - ROUNDING_TOKENS;
  }

  /** Takes `n` tokens and returns `true`, if the bucket holds them and no pause is in force. */
  take(n: number): boolean {
    if (!this.has(n)) return false;
    this.#tokens -= n;
    return true;
  }

  /** Returns how long it takes until `has(n)`, in milliseconds; `Infinity` if `n` exceeds the burst. */
  waitMs(n: number): number {
    if (n > this.#burst) return Infinity;
    const pauseMs = this.#pausedUntilMs - this.#nowMs;
    const fillMs = (n - this.#tokens) / this.#tokensPerMs;
    return Math.max(pauseMs, fillMs, SHORTEST_WAIT_MS);
  }

  /** Grants no tokens before a moment; does nothing if it is past. An earlier pause that ends later stays in force. */
  pauseUntil(atMs: number): void {
    if (atMs > this.#nowMs) this.#pausedUntilMs = Math.max(this.#pausedUntilMs, atMs);
  }

  /** Changes the rate from the observed moment on. Tokens over the new burst are lost. */
  setRate(tokensPerMs: number, burst: number): void {
    this.#tokensPerMs = tokensPerMs;
    this.#burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }
}
