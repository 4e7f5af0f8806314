/**
 * A token bucket.
 *
 * @module
 */

import { hasAborted } from "./abort_across_requests.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import {
  argumentError,
  assertClock,
  assertFunction,
  assertOptions,
  assertPositive,
  assertPositiveInteger,
  assertSignal,
} from "./argument_checks.ts";
import type { Bucket } from "./bucket.ts";
import { type Clock, systemClock, timerDelay, type TimerHandle } from "./clock.ts";
import "./dispose_symbols.ts";
import { type LinkedItem, LinkedQueue } from "./linked_queue.ts";
import { TokenLevel } from "./token_level.ts";

/** The rate of a {@linkcode TokenBucket}. */
export interface TokenBucketRate {
  /** How many tokens come in each interval: a positive number. They come evenly, not at its ends. */
  readonly limit: number;
  /** How long the interval is, in milliseconds: a positive number. */
  readonly intervalMs: number;
  /**
   * How many tokens the bucket holds, thus how many may be taken at once after a rest: a positive integer. A server that
   * counts strictly in intervals may see up to `burst + limit` in the first one; where that matters, set a small burst.
   *
   * @default {Math.max(1, Math.floor(limit))}
   */
  readonly burst?: number | undefined;
}

/** Options of {@linkcode TokenBucket}. */
export interface TokenBucketOptions extends TokenBucketRate {
  /**
   * The source of time.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
}

/** Options of {@linkcode TokenBucket.take}. */
export interface TakeOptions {
  /** Ends the wait: the caller leaves the queue and rejects at once, with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

const TAKEN: Promise<void> = /* @__PURE__ */ Promise.resolve();

/**
 * Lets through at most `limit` units of work an interval, after a burst.
 *
 * In any stretch of `t` milliseconds at most `burst + t · limit / intervalMs` tokens are granted. While callers wait, the
 * lateness of the timer that serves them is made up for, up to 5 ms, so that the bound for a stretch in which they do is
 * `burst + (t + 5) · limit / intervalMs`; without that, no rate above `burst` per 1 to 2 ms could be kept.
 *
 * The bucket starts full and fills as time passes, fractions included, with no timer; only while a caller waits is one timer
 * armed, and it keeps the process alive. Callers are served in the order in which they came; none overtakes, however little
 * they ask for. A clock that goes back neither takes tokens away nor gives any, and delays the next one by no more than its
 * usual distance.
 *
 * In workers at the edge (workerd) an incoming request that only waits for the timer of another one is taken for hung and ended. There,
 * make a bucket in the request that uses it, or share it by giving it to clients as their `rateLimit`, which see to that.
 *
 * @example Ten at once, then ten a second
 * ```ts
 * import { TokenBucket } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const bucket = new TokenBucket({ limit: 10, intervalMs: 1_000 });
 * for (let index = 0; index < 10; index++) await bucket.take();
 *
 * assertEquals(bucket.tryTake(), false);
 * ```
 */
export class TokenBucket implements Bucket {
  readonly #clock: Clock;
  readonly #waiters: LinkedQueue<Waiter> = new LinkedQueue();
  readonly #level: TokenLevel;
  #timer: TimerHandle | undefined;
  #isArmed = false;
  /** What a listener of `notify` may take while it is called, ahead of callers that wait. */
  #granted = 0;
  #isNotifying = false;

  /**
   * Creates a full bucket.
   *
   * @param options Options.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: TokenBucketOptions) {
    assertOptions("create token bucket", options);
    const { clock = systemClock } = options;
    assertClock("create token bucket", "clock", clock);
    const { tokensPerMs, burst } = toRate("create token bucket", options);
    this.#clock = clock;
    this.#level = new TokenLevel(tokensPerMs, burst, clock.now());
  }

  /** How many tokens the bucket holds now, with the fraction. A new caller comes after those that wait, and after a pause. */
  get available(): number {
    this.#observe();
    return this.#level.tokens;
  }

  /** How many tokens there are at most. */
  get burst(): number {
    return this.#level.burst;
  }

  /** How many callers wait, however many tokens they want. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Until when grants are held back, on the bucket's clock; `-Infinity` before the first pause. */
  get pausedUntilMs(): number {
    return this.#level.pausedUntilMs;
  }

  /**
   * Takes tokens, waiting for them if need be.
   *
   * An abort while waiting rejects at once, takes no tokens, and lets later callers move up.
   *
   * @param n How many: a number from 0 to the burst. 0 never waits.
   * @param options Options.
   * @returns A promise that resolves when the tokens were taken.
   * @throws {TypeError} If `n` is not a number, or `signal` no signal.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst, which could never be served.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before the tokens were taken.
   */
  take(n = 1, options?: TakeOptions): Promise<void> {
    const signal = options?.signal;
    try {
      this.#assertTokens(n);
      assertSignal("take tokens", signal);
    } catch (error) {
      // Bad arguments reject, as everything does that goes wrong in a function that returns a promise.
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#takeNow(n) ? TAKEN : this.#wait(n, signal);
  }

  /**
   * Takes tokens if they are there, no caller waits and no pause holds.
   *
   * @param n How many: a number from 0 to the burst. 0 always succeeds.
   * @returns Whether they were taken.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst.
   */
  tryTake(n = 1): boolean {
    this.#assertTokens(n);
    return this.#takeNow(n);
  }

  /**
   * Whether {@linkcode TokenBucket.tryTake} would take tokens now.
   *
   * @param n How many: a number from 0 to the burst.
   * @returns Whether they are there, no caller waits and no pause holds.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst.
   */
  canTake(n = 1): boolean {
    this.#assertTokens(n);
    if (n === 0) return true;
    if (this.#waiters.size > 0 && n > this.#granted) return false;
    this.#observe();
    return this.#level.has(n);
  }

  /**
   * Calls a listener once, as soon as tokens are there and no earlier caller waits; see {@linkcode Bucket}.
   *
   * @param listener Called synchronously, from a timer or from what made the tokens free. Only while it runs, it may take
   * them ahead of callers that wait. What it throws goes to what has called it; those behind it are served all the same.
   * @param n How many tokens are wanted: a number from 0 to the burst.
   * @returns Takes the listener back when disposed.
   * @throws {TypeError} If `listener` is not a function, or `n` not a number.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst.
   */
  notify(listener: () => void, n = 1): Disposable {
    assertFunction("await tokens", "listener", listener);
    this.#assertTokens(n);
    const waiter = new Waiter(n, undefined, listener, ignore, this.#abandon, true);
    this.#waiters.push(waiter);
    if (this.#waiters.size === 1) this.#arm();
    return {
      [Symbol.dispose]: () => {
        if (waiter.isQueued) this.#abandon(waiter);
        waiter.isQueued = false;
      },
    };
  }

  /**
   * Holds back all grants for a while; see {@linkcode TokenBucket.pauseUntil}.
   *
   * @param delayMs How long from now, in milliseconds; 0 and less do nothing.
   * @throws {TypeError} If `delayMs` is not a number.
   * @throws {RangeError} If `delayMs` is not finite.
   */
  pauseFor(delayMs: number): void {
    if (!Number.isFinite(delayMs)) {
      throw argumentError("pause token bucket", "delayMs", "a finite number", delayMs);
    }
    if (delayMs > 0) this.pauseUntil(this.#clock.now() + delayMs);
  }

  /**
   * Holds back all grants until a moment, as after a "too many requests". The bucket fills up meanwhile. A pause can be made
   * longer but not shorter; a moment that is past does nothing.
   *
   * @param atMs The moment, in the terms of the clock's `now()`.
   * @throws {TypeError} If `atMs` is not a number.
   * @throws {RangeError} If `atMs` is not finite.
   */
  pauseUntil(atMs: number): void {
    if (!Number.isFinite(atMs)) throw argumentError("pause token bucket", "atMs", "a finite number", atMs);
    // If the clock went back, that has to be known before the moment is compared with anything.
    this.#observe();
    // Nothing is re-armed: a timer that fires during a pause is armed again for its end.
    this.#level.pauseUntil(atMs);
  }

  /**
   * Changes the rate from now on; the time until now counts at the old one. Tokens over the new burst are lost, a larger
   * burst begins empty. A caller that waits for more than the new burst goes on waiting, with all behind it, until the
   * burst grows again or its signal aborts.
   *
   * @param rate The new rate; its burst is what it says, or its default.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  setRate(rate: TokenBucketRate): void {
    assertOptions("set rate", rate);
    const { tokensPerMs, burst } = toRate("set rate", rate);
    this.#observe();
    this.#level.setRate(tokensPerMs, burst);
    this.#serve();
  }

  #assertTokens(n: number): void {
    const { burst } = this.#level;
    if (typeof n === "number" && n >= 0 && n <= burst) return;
    throw argumentError("take tokens", "n", `a number from 0 to the burst of ${burst}`, n);
  }

  #takeNow(n: number): boolean {
    if (n === 0) return true;
    if (this.#waiters.size > 0 && n > this.#granted) return false;
    this.#observe();
    if (!this.#level.take(n)) return false;
    this.#granted = Math.max(0, this.#granted - n);
    return true;
  }

  #observe(): void {
    this.#level.observe(this.#clock.now(), this.#waiters.size > 0);
  }

  #wait(n: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(n, signal, resolve, reject, this.#abandon, false);
      this.#waiters.push(waiter);
      if (signal !== undefined) addAbortListener(signal, waiter);
      if (this.#waiters.size === 1) this.#arm();
    });
  }

  /** Serves those whose tokens are there, and sees to the timer for the rest. */
  #serve(): void {
    this.#observe();
    // A listener may cause what serves again: the one that is called first goes on.
    if (this.#isNotifying) return;
    try {
      for (let head = this.#waiters.head; head !== undefined; head = this.#waiters.head) {
        const { signal } = head;
        const isAborted = signal !== undefined && hasAborted(signal);
        if (head.isListener) {
          if (!this.#level.has(head.tokens)) break;
          this.#notifyHead(head);
          continue;
        }
        if (!isAborted && !this.#level.take(head.tokens)) break;
        this.#waiters.remove(head);
        if (signal !== undefined) removeAbortListener(signal, head);
        // If aborted, the signal is calling its targets one by one, and has not come to this one yet.
        if (isAborted) head.reject(signal.reason);
        else head.resolve();
      }
    } finally {
      // For the rest: not due yet, or behind a listener that threw.
      this.#arm();
    }
  }

  #notifyHead(head: Waiter): void {
    this.#waiters.remove(head);
    head.isQueued = false;
    this.#isNotifying = true;
    this.#granted = head.tokens;
    try {
      head.resolve();
    } finally {
      this.#isNotifying = false;
      this.#granted = 0;
    }
  }

  /** Arms the timer anew for the first in the queue. */
  #arm(): void {
    this.#disarm();
    const head = this.#waiters.head;
    const waitMs = head === undefined ? Infinity : this.#level.waitMs(head.tokens);
    if (waitMs === Infinity) return;
    this.#isArmed = true;
    this.#timer = this.#clock.setTimeout(this.#onTimer, timerDelay(waitMs));
  }

  #disarm(): void {
    if (!this.#isArmed) return;
    this.#isArmed = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    this.#isArmed = false;
    this.#serve();
  };

  /** One function for all waiters, so that none costs a closure of its own. */
  readonly #abandon = (waiter: Waiter): void => {
    const isHead = this.#waiters.head === waiter;
    this.#waiters.remove(waiter);
    const head = this.#waiters.head;
    // A head that wants no less than the one before it waits for the timer, which is early for it, and armed again.
    if (head === undefined) this.#disarm();
    else if (isHead && head.tokens < waiter.tokens) this.#serve();
  };
}

/** A caller in the queue. */
class Waiter implements LinkedItem<Waiter>, AbortTarget {
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;
  /** Whether a listener is still to be called. */
  isQueued = true;
  readonly #abandon: (waiter: Waiter) => void;

  constructor(
    readonly tokens: number,
    readonly signal: AbortSignal | undefined,
    readonly resolve: () => void,
    readonly reject: (reason: unknown) => void,
    abandon: (waiter: Waiter) => void,
    /** Whether it is only told that tokens are there, and takes them itself. */
    readonly isListener: boolean,
  ) {
    this.#abandon = abandon;
  }

  onAbort(signal: AbortSignal): void {
    this.reject(signal.reason);
    this.#abandon(this);
  }
}

function ignore(): void {}

function toRate(action: string, rate: TokenBucketRate): { tokensPerMs: number; burst: number } {
  const { limit, intervalMs } = rate;
  assertPositive(action, "limit", limit);
  assertPositive(action, "intervalMs", intervalMs);
  const { burst = Math.min(Math.max(1, Math.floor(limit)), Number.MAX_SAFE_INTEGER) } = rate;
  assertPositiveInteger(action, "burst", burst);
  const tokensPerMs = limit / intervalMs;
  assertPositive(action, "limit / intervalMs", tokensPerMs);
  return { tokensPerMs, burst };
}
