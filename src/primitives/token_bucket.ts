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
  assertOnlyOptions,
  assertOptions,
  assertPositive,
  assertPositiveInteger,
  assertSignal,
} from "./argument_checks.ts";
import type { Bucket } from "./bucket.ts";
import { type Clock, LOST_AFTER_MS, systemClock, timerDelay, type TimerHandle } from "./clock.ts";
import "./dispose_symbols.ts";
import { type LinkedItem, LinkedQueue } from "./linked_queue.ts";
import { TokenLevel } from "./token_level.ts";

/** The rate of a {@linkcode TokenBucket}. */
export interface TokenBucketRate {
  /** How many tokens are added per interval: a positive number. They are added evenly, not all at the end of the interval. */
  readonly limit: number;
  /** The length of the interval, in milliseconds: a positive number. */
  readonly intervalMs: number;
  /**
   * The capacity of the bucket, and so how many tokens callers can take at once after a rest: a positive integer. A server that
   * counts requests per fixed interval may see up to `burst + limit` in the first one; if that matters, set a small burst.
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
  /** Ends the wait: the call leaves the queue and rejects at once with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

const TAKEN: Promise<void> = /* @__PURE__ */ Promise.resolve();

/**
 * Lets through at most `limit` units of work per interval, after a burst.
 *
 * In any stretch of `t` milliseconds, the bucket grants at most `burst + t · limit / intervalMs` tokens. While callers wait, it
 * also makes up for the lateness of the timer that serves them, up to 5 ms. The bound for that stretch is therefore
 * `burst + (t + 5) · limit / intervalMs`. Without this, no rate above `burst` per 1 to 2 ms could be kept.
 *
 * The bucket starts full and fills as time passes, fractions included, without a timer. Only while a caller waits, one timer is
 * armed, which keeps the process alive. Callers are served in the order of arrival; no caller overtakes another, however few
 * tokens it wants. If the clock goes back, the bucket neither loses nor gains tokens, and the next token is delayed by no more
 * than the usual time between two tokens.
 *
 * Workers at the edge (workerd) end an incoming request as hung if it only waits for a timer of another incoming request.
 * There, create the bucket in the request that uses it. Or share it by passing it to clients as their `rateLimit`: the clients
 * prevent this.
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
  /** When the timer was armed, and when it should fire; `Infinity` while it is not armed. */
  #armedAtMs = -Infinity;
  #dueMs = Infinity;
  /** How many tokens the listener of `notify` that is running may take ahead of callers that wait; 0 while none runs. */
  #granted = 0;
  #isNotifying = false;

  /**
   * Creates a full bucket.
   *
   * @param options Options.
   * @throws {TypeError} If an option does not exist, or is of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: TokenBucketOptions) {
    assertOnlyOptions("create token bucket", options, ["limit", "intervalMs", "burst", "clock"]);
    const { clock = systemClock } = options;
    assertClock("create token bucket", "clock", clock);
    const { tokensPerMs, burst } = toRate("create token bucket", options);
    this.#clock = clock;
    this.#level = new TokenLevel(tokensPerMs, burst, clock.now());
  }

  /** How many tokens the bucket holds now, with the fraction. Callers that wait, or a pause, may still delay a new caller. */
  get available(): number {
    this.#observe();
    return this.#level.tokens;
  }

  /** The capacity of the bucket, in tokens. */
  get burst(): number {
    return this.#level.burst;
  }

  /** How many callers wait; a caller counts as one however many tokens it wants. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** When the latest pause ends, on the bucket's clock; `-Infinity` before the first pause. */
  get pausedUntilMs(): number {
    return this.#level.pausedUntilMs;
  }

  /**
   * Takes tokens, waiting for them if need be.
   *
   * An abort during the wait rejects at once, takes no tokens, and lets later callers move up.
   *
   * @param n How many: a number from 0 to the burst. 0 never waits.
   * @param options Options.
   * @returns A promise that resolves when the tokens are taken.
   * @throws {TypeError} If `n` is not a number, or `signal` no signal.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst, which could never be served.
   * @throws {unknown} The signal's reason, if it has aborted or aborts before the tokens are taken.
   */
  take(n = 1, options?: TakeOptions): Promise<void> {
    const signal = options?.signal;
    try {
      this.#assertTokens(n);
      assertSignal("take tokens", signal);
    } catch (error) {
      // A function that returns a promise reports every error as a rejection, bad arguments included.
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#takeNow(n) ? TAKEN : this.#wait(n, signal);
  }

  /**
   * Takes tokens if the bucket holds enough, no caller waits and no pause is in force.
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
   * Returns whether {@linkcode TokenBucket.tryTake} would take tokens now.
   *
   * @param n How many: a number from 0 to the burst.
   * @returns Whether the bucket holds enough, no caller waits and no pause is in force.
   * @throws {TypeError} If `n` is not a number.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst.
   */
  canTake(n = 1): boolean {
    this.#assertTokens(n);
    if (n === 0) return true;
    if (this.#waiters.size > 0 && n > this.#granted) return this.#leaveToOthers();
    this.#observe();
    return this.#level.has(n);
  }

  /**
   * Calls a listener once, as soon as the bucket holds enough tokens and no earlier caller waits; see {@linkcode Bucket}.
   *
   * @param listener Called synchronously, from a timer or from the call that moved the queue on. While it runs, and only then,
   * it may take the tokens ahead of callers that wait. If it calls `notify` again without having taken them, the bucket calls the
   * new listener on the timer's next turn. An error that it throws propagates to the code that called it; the bucket still serves
   * the callers behind it.
   * @param n How many tokens the listener wants: a number from 0 to the burst.
   * @returns A disposable that removes the listener.
   * @throws {TypeError} If `listener` is not a function, or `n` not a number.
   * @throws {RangeError} If `n` is negative, not finite, or over the burst.
   */
  notify(listener: () => void, n = 1): Disposable {
    assertFunction("await tokens", "listener", listener);
    this.#assertTokens(n);
    const waiter = new Waiter(n, undefined, listener, ignore, this.#abandon, true);
    this.#waiters.push(waiter);
    if (this.#waiters.size === 1) this.#arm();
    else this.#leaveToOthers();
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
   * Holds back all grants until a moment, as after a "too many requests" response. The bucket fills up meanwhile. A later call
   * can make the pause longer, but not shorter; a moment in the past does nothing.
   *
   * @param atMs The moment, on the time scale of the clock's `now()`.
   * @throws {TypeError} If `atMs` is not a number.
   * @throws {RangeError} If `atMs` is not finite.
   */
  pauseUntil(atMs: number): void {
    if (!Number.isFinite(atMs)) throw argumentError("pause token bucket", "atMs", "a finite number", atMs);
    // If the clock went back, the level has to move its earlier pause before it compares the two moments.
    this.#observe();
    // The timer stays as it is: if it fires during the pause, it is armed again for the end of the pause.
    this.#level.pauseUntil(atMs);
  }

  /**
   * Changes the rate from now on; the time until now counts at the old rate. Tokens over the new burst are lost; a larger burst
   * adds no tokens at once. A caller that waits for more tokens than the new burst goes on waiting, and so do all callers
   * behind it, until the burst grows again or its signal aborts.
   *
   * @param rate The new rate. If it has no `burst`, the default for its `limit` applies.
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
    if (this.#waiters.size > 0 && n > this.#granted) return this.#leaveToOthers();
    this.#observe();
    if (!this.#level.take(n)) return false;
    this.#granted = Math.max(0, this.#granted - n);
    return true;
  }

  /** Says no, because others wait; and arms the timer anew that they wait for, if it is lost. */
  #leaveToOthers(): false {
    const nowMs = this.#clock.now();
    if (nowMs < this.#armedAtMs || nowMs - this.#dueMs > LOST_AFTER_MS) {
      this.#observe();
      this.#arm();
    }
    return false;
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

  /** Serves waiters from the head of the queue as long as their tokens are there, and arms the timer for the rest. */
  #serve(): void {
    this.#observe();
    // A listener may call a method that ends up here: the outer call goes on serving when the listener returns.
    if (this.#isNotifying) return;
    // A listener that asks again without having taken tokens waits for the timer's next turn: it could keep this loop from
    // ending.
    let left = this.#waiters.size;
    try {
      for (let head = this.#waiters.head; head !== undefined && left > 0; head = this.#waiters.head) {
        left--;
        const { signal } = head;
        const isAborted = signal !== undefined && hasAborted(signal);
        if (head.isListener) {
          if (!this.#level.has(head.tokens)) break;
          if (this.#notifyHead(head)) left = this.#waiters.size;
          continue;
        }
        if (!isAborted && !this.#level.take(head.tokens)) break;
        this.#waiters.remove(head);
        if (signal !== undefined) removeAbortListener(signal, head);
        // If aborted, the signal calls its targets one by one, and has not reached this waiter yet.
        if (isAborted) head.reject(signal.reason);
        else head.resolve();
      }
    } finally {
      // Some waiters may be left: they are not due yet, or stand behind a listener that threw.
      this.#arm();
    }
  }

  /** Calls the listener at the head of the queue, and returns whether it has taken tokens. */
  #notifyHead(head: Waiter): boolean {
    this.#waiters.remove(head);
    head.isQueued = false;
    this.#isNotifying = true;
    this.#granted = head.tokens;
    try {
      head.resolve();
      return this.#granted < head.tokens;
    } finally {
      this.#isNotifying = false;
      this.#granted = 0;
    }
  }

  /** Arms the timer anew for the waiter at the head of the queue. */
  #arm(): void {
    this.#disarm();
    const head = this.#waiters.head;
    const waitMs = head === undefined ? Infinity : this.#level.waitMs(head.tokens);
    if (waitMs === Infinity) return;
    const delayMs = timerDelay(waitMs);
    this.#armedAtMs = this.#clock.now();
    this.#dueMs = this.#armedAtMs + delayMs;
    this.#timer = this.#clock.setTimeout(this.#onTimer, delayMs);
  }

  #disarm(): void {
    if (this.#dueMs === Infinity) return;
    this.#dueMs = Infinity;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    this.#dueMs = Infinity;
    this.#serve();
  };

  /** Removes a waiter that has given up. One function for all waiters, so that none costs a closure of its own. */
  readonly #abandon = (waiter: Waiter): void => {
    const isHead = this.#waiters.head === waiter;
    this.#waiters.remove(waiter);
    const head = this.#waiters.head;
    // If the new head wants as many tokens as the old one or more, the timer is right or too early for it: then it is armed
    // again.
    if (head === undefined) this.#disarm();
    else if (isHead && head.tokens < waiter.tokens) this.#serve();
  };
}

/** A call of `take` or a listener of `notify`, in the queue. */
class Waiter implements LinkedItem<Waiter>, AbortTarget {
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;
  /** Whether the listener has been neither called nor removed; without meaning for a call of `take`. */
  isQueued = true;
  readonly #abandon: (waiter: Waiter) => void;

  constructor(
    readonly tokens: number,
    readonly signal: AbortSignal | undefined,
    readonly resolve: () => void,
    readonly reject: (reason: unknown) => void,
    abandon: (waiter: Waiter) => void,
    /** Whether it is a listener of `notify`, which takes the tokens itself. */
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
