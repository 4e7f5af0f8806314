/**
 * The limits that an origin has stated, and the requests that count in them.
 *
 * @module
 */

import type { LimitReading } from "../http/limit_reading.ts";
import { CountedWindow } from "./counted_window.ts";
import { MAX_PAUSE_MS } from "./pause.ts";
import { type AnswerFacts, RESET_GRAIN_MS, ResetWindow } from "./reset_window.ts";

/** How long other requests wait for the very first response, at most, in milliseconds; a server may be slow to answer. */
const FIRST_ANSWER_MS = 1_000;

/** How many responses are remembered from before a counted limit was stated. */
const MOST_EARLY = 256;

/**
 * The most limits that are read from one response, and the most quotas that are kept, the latest ones; a server may make up
 * names.
 */
const MOST_LIMITS = 32;

/** How long attempts count, at most, that were in flight when a book was begun, in milliseconds. */
const STRANGE_MS = 30_000;

/** A response, as far as a book uses it. */
export interface BookedAnswer extends Omit<AnswerFacts, "pending"> {
  /** Whether the request was in flight before the book was begun. */
  readonly isStranger: boolean;
}

/** Several limits that hold together, for an origin or for one limit key there. A request may go if all of them allow it. */
export class LimitBook {
  readonly #counted: Map<string, CountedWindow> = new Map();
  readonly #resets: Map<string, ResetWindow> = new Map();
  readonly #maxWaitMs: number;
  /**
   * How many attempts count that were in flight when the book was begun. They have no receipt, so the book may miss their end.
   */
  #strangers: number;
  /** Until when these attempts count, on the client's clock. The origin has counted them before its next reset. */
  #strangeUntilMs: number;
  /** The times of the latest answers, while no counted limit has been stated. */
  readonly #early: number[] = [];
  /** The end of the latest wait that was reported to listeners, on the client's clock. */
  #toldUntilMs = -Infinity;
  /** How many attempts have been sent since and not answered. */
  #pending = 0;
  /** Until when other requests wait for the one that was sent first, on the client's clock; `-Infinity` once they need not. */
  #askingUntilMs: number;

  /**
   * Begins a book. If nothing is in flight, the first request goes ahead of the others: its response says how many may follow.
   *
   * @param maxWaitMs How long the book believes that a quota, or a limit, is used up, in milliseconds.
   * @param underWay How many requests are in flight.
   * @param nowMs The time on the client's clock.
   */
  constructor(maxWaitMs: number, underWay: number, nowMs: number) {
    this.#maxWaitMs = maxWaitMs;
    this.#strangers = underWay;
    this.#strangeUntilMs = nowMs + STRANGE_MS;
    this.#askingUntilMs = underWay === 0 ? Infinity : -Infinity;
  }

  /** Counts an attempt that is about to be sent. */
  noteSent(nowMs: number): void {
    this.#pending++;
    if (this.#askingUntilMs === Infinity) this.#askingUntilMs = nowMs + FIRST_ANSWER_MS;
    for (const window of this.#resets.values()) window.take(nowMs);
  }

  /** Takes the count of an attempt back that was not sent after all. */
  noteUnsent(): void {
    this.#pending--;
    for (const window of this.#resets.values()) window.giveBack();
  }

  /** Counts an attempt that has been answered, or has ended without a response. */
  noteAnswered(nowMs: number): void {
    this.#pending--;
    this.#askingUntilMs = -Infinity;
    for (const window of this.#counted.values()) window.note(nowMs, 1);
    if (this.#counted.size === 0 && this.#early.push(nowMs) > MOST_EARLY) this.#early.shift();
  }

  /** Notes that the origin has named another wait. */
  resetBy(atMs: number): void {
    for (const window of this.#resets.values()) window.resetBy(atMs);
  }

  /**
   * Returns until when nothing should be sent.
   *
   * @param nowMs The time on the client's clock.
   * @returns `nowMs` if a request may be sent; `Infinity` if that depends on an answer.
   */
  blockedUntilMs(nowMs: number): number {
    let untilMs = this.#pending === 0 ? nowMs : Math.max(nowMs, this.#askingUntilMs);
    for (const window of this.#counted.values()) {
      untilMs = Math.max(untilMs, window.blockedUntilMs(nowMs, this.#pending));
    }
    for (const window of this.#resets.values()) {
      untilMs = Math.max(untilMs, window.blockedUntilMs(nowMs, this.#pending));
    }
    return untilMs;
  }

  /** Returns until when a stated limit is used up, whatever is in flight; `nowMs` if none is. */
  usedUpUntilMs(nowMs: number): number {
    let untilMs = nowMs;
    for (const window of this.#counted.values()) untilMs = Math.max(untilMs, window.blockedUntilMs(nowMs, 0));
    for (const window of this.#resets.values()) untilMs = Math.max(untilMs, window.usedUpUntilMs(nowMs));
    return untilMs;
  }

  /**
   * Returns a wait that was not reported yet; each is returned once.
   *
   * @param nowMs The time on the client's clock.
   * @returns The length of the wait, in milliseconds; 0 if there is none.
   */
  takeNews(nowMs: number): number {
    const untilMs = this.blockedUntilMs(nowMs);
    if (untilMs <= Math.max(nowMs, this.#toldUntilMs) || untilMs === Infinity) return 0;
    this.#toldUntilMs = untilMs;
    return untilMs - nowMs;
  }

  /** Whether a new book would be in the same state. */
  isQuiet(nowMs: number): boolean {
    return this.#pending === 0 &&
      [...this.#counted.values()].every((window) => window.usedAt(nowMs) === 0) &&
      [...this.#resets.values()].every((window) => window.isOver(nowMs));
  }

  /**
   * Takes over what a response states. If it states counted limits, those that it does not name end. A quota holds until its
   * reset, and a little longer.
   *
   * @param readings The limits that the response states; senseless ones are passed over.
   * @param answer The response, which has been counted.
   */
  update(readings: readonly LimitReading[], answer: BookedAnswer): void {
    if (answer.isStranger && this.#strangers > 0) this.#strangers--;
    if (answer.nowMs > this.#strangeUntilMs) this.#strangers = 0;
    for (const window of this.#counted.values()) window.hear(answer.isOk);
    const named = new Set<string>();
    const quotas = new Set<string>();
    for (const reading of readings.slice(0, MOST_LIMITS)) {
      if (isQuota(reading)) this.#updateQuota(reading, answer, quotas);
      else if (isWindow(reading)) this.#updateWindow(reading, answer, named);
    }
    if (answer.isOk) {
      for (const [name, window] of this.#resets) {
        if (!quotas.has(name)) window.passOver(answer.number, this.#pending);
      }
    }
    if (named.size === 0) return;
    for (const name of this.#counted.keys()) if (!named.has(name)) this.#counted.delete(name);
  }

  #updateQuota(reading: QuotaReading, answer: BookedAnswer, named: Set<string>): void {
    const { name = "", limit, remaining, resetMs } = reading;
    named.add(name);
    const window = this.#resets.get(name) ?? new ResetWindow(this.#maxWaitMs);
    this.#resets.delete(name);
    this.#resets.set(name, window);
    if (this.#resets.size > MOST_LIMITS) this.#resets.delete(this.#resets.keys().next().value!);
    const most = isPositive(limit) ? limit : undefined;
    const leftMs = Math.min(Math.max(0, resetMs), MAX_PAUSE_MS);
    this.#strangeUntilMs = Math.min(this.#strangeUntilMs, answer.nowMs + Math.max(leftMs, RESET_GRAIN_MS));
    window.update({
      limit: most,
      // Of two numbers that contradict each other, believe the smaller one.
      remaining: Math.min(Math.max(0, remaining), most ?? Infinity),
      resetAtMs: answer.nowMs + leftMs,
    }, { ...answer, pending: this.#pending + this.#strangers });
  }

  #updateWindow(reading: WindowReading, answer: BookedAnswer, named: Set<string>): void {
    const { nowMs, isStranger } = answer;
    const { limit, windowMs, remaining } = reading;
    const name = `${reading.name ?? ""}:${windowMs}`;
    let most = Math.max(1, Math.floor(limit));
    const left = isNumber(remaining) ? most - remaining : 0;
    const used = Math.max(0, isNumber(reading.used) ? reading.used : 0, left);
    let window = this.#counted.get(name);
    if (window === undefined) {
      this.#counted.set(name, window = this.#begin(most, windowMs, nowMs, isStranger ? 1 : 0));
    }
    // If one response states a limit twice, the smaller one holds.
    if (named.has(name)) most = Math.min(most, window.limit);
    named.add(name);
    window.limit = most;
    // Other clients may use the same limit.
    const missing = Math.ceil(used - window.usedAt(nowMs) - this.#pending);
    if (missing > 0) window.note(nowMs, missing);
  }

  /** Begins a window with all that is known of the time before it was stated. */
  #begin(limit: number, windowMs: number, nowMs: number, unknown: number): CountedWindow {
    const window = new CountedWindow(limit, windowMs, this.#maxWaitMs);
    for (const atMs of this.#early) window.note(atMs, 1);
    if (this.#strangers + unknown > 0) window.note(nowMs, this.#strangers + unknown);
    return window;
  }
}

type QuotaReading = LimitReading & { readonly remaining: number; readonly resetMs: number };
type WindowReading = LimitReading & { readonly limit: number; readonly windowMs: number };

function isQuota(reading: LimitReading): reading is QuotaReading {
  return isNumber(reading.remaining) && isNumber(reading.resetMs);
}

function isWindow(reading: LimitReading): reading is WindowReading {
  return isPositive(reading.limit) && isPositive(reading.windowMs) && reading.windowMs <= MAX_PAUSE_MS;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isPositive(value: unknown): value is number {
  return isNumber(value) && value > 0;
}
