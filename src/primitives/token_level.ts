/**
 * How full a token bucket is.
 *
 * @module
 */

import { SHORTEST_WAIT_MS } from "./clock.ts";

/** How much of a timer's lateness is caught up with while callers wait, in milliseconds. */
const FORGIVEN_LATENESS_MS = 5;

/** What rounding may cost: a bucket this short of the tokens asked for has them. The shortage is carried on. */
const ROUNDING_TOKENS = 1e-9;

/**
 * The arithmetic of a token bucket. Time is what `observe` was told last: every question is about that moment.
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

  /** How many tokens there are at most, but for what is made good of a timer's lateness. */
  get burst(): number {
    return this.#burst;
  }

  /** How many tokens there are. */
  get tokens(): number {
    return Math.max(0, this.#tokens);
  }

  /** Until when none may be taken. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /**
   * Moves time on.
   *
   * @param nowMs The moment.
   * @param isServing Whether a caller has waited until now, so that a late timer may be what kept the bucket filling.
   */
  observe(nowMs: number, isServing: boolean): void {
    const elapsedMs = nowMs - this.#nowMs;
    const isPausing = this.#nowMs < this.#pausedUntilMs;
    this.#nowMs = nowMs;
    if (elapsedMs < 0) {
      // The clock went back: a pause keeps the length that it had left.
      this.#pausedUntilMs += elapsedMs;
      return;
    }
    const forgivenMs = isServing && !isPausing ? FORGIVEN_LATENESS_MS : 0;
    const capacity = this.#burst + forgivenMs * this.#tokensPerMs;
    this.#tokens = Math.min(capacity, this.#tokens + elapsedMs * this.#tokensPerMs);
  }

  /** Whether `n` tokens are there and no pause holds. */
  has(n: number): boolean {
    return this.#nowMs >= this.#pausedUntilMs && this.#tokens >= n - ROUNDING_TOKENS;
  }

  /** Takes `n` tokens, if they are there and no pause holds. */
  take(n: number): boolean {
    if (!this.has(n)) return false;
    this.#tokens -= n;
    return true;
  }

  /** How long it takes until `n` tokens are there and no pause holds; `Infinity` if they never are. */
  waitMs(n: number): number {
    if (n > this.#burst) return Infinity;
    const pauseMs = this.#pausedUntilMs - this.#nowMs;
    const fillMs = (n - this.#tokens) / this.#tokensPerMs;
    return Math.max(pauseMs, fillMs, SHORTEST_WAIT_MS);
  }

  /** Lets no tokens be taken before a moment, unless that is so already. */
  pauseUntil(atMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, atMs);
  }

  /** Changes the rate from now on. Tokens over the new burst are lost. */
  setRate(tokensPerMs: number, burst: number): void {
    this.#tokensPerMs = tokensPerMs;
    this.#burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }
}
