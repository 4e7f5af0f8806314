/**
 * Sends one request ahead of a burst. If the first response negotiates HTTP/2, all others use its connection, instead of opening
 * one each.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Clock, TimerHandle } from "../primitives/clock.ts";

/** How long a burst waits at most for the request ahead of it, in milliseconds, because a server may be slow to answer. */
const MAX_WAIT_MS = 500;
/** How long after the last response of an origin its connections count as open, in milliseconds. */
const IDLE_MS = 60_000;
const MAX_ORIGINS = 1_024;

interface Origin {
  warmUntilMs: number;
  /** The functions that wake the requests waiting for the one ahead; `undefined` when no request is ahead. */
  waiting: Set<() => void> | undefined;
  timer: TimerHandle;
}

/** Tracks which origins have a connection. */
export class ColdStart {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #origins = new Map<string, Origin>();

  /**
   * Creates a tracker, which assumes that no origin has a connection.
   *
   * @param clock The source of time.
   * @param idleMs How long idle connections stay open, in milliseconds.
   */
  constructor(clock: Clock, idleMs: number = IDLE_MS) {
    this.#clock = clock;
    this.#idleMs = Math.min(idleMs, IDLE_MS);
  }

  /**
   * Waits while another request to the origin is ahead.
   *
   * @param name The origin.
   * @param signal The signal that ends the wait.
   * @returns Whether this request goes ahead; then the caller must call {@linkcode ColdStart.leave} at its end. The result is a
   * promise only if the request has to wait.
   * @throws {unknown} Rejects, with the reason of the signal.
   */
  enter(name: string, signal: AbortSignal | undefined): boolean | Promise<boolean> {
    const origin = this.#originOf(name);
    if (origin.warmUntilMs > this.#clock.now()) return false;
    if (origin.waiting !== undefined) return this.#wait(origin, signal);
    origin.waiting = new Set();
    origin.timer = this.#clock.setTimeout(() => this.#release(origin), MAX_WAIT_MS);
    return true;
  }

  /** Notes that the request ahead was answered or has failed, and wakes the waiting requests. */
  leave(name: string, isAnswered: boolean): void {
    const origin = this.#originOf(name);
    if (isAnswered) this.answered(name);
    this.#clock.clearTimeout(origin.timer);
    this.#release(origin);
  }

  /** Notes that an origin has answered, and so has a connection. */
  answered(name: string): void {
    this.#originOf(name).warmUntilMs = this.#clock.now() + this.#idleMs;
  }

  /** Wakes all waiting requests, and leaves no timer. */
  close(): void {
    for (const origin of this.#origins.values()) {
      this.#clock.clearTimeout(origin.timer);
      this.#release(origin);
    }
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    if (this.#origins.size >= MAX_ORIGINS) this.#forgetIdle();
    const origin: Origin = { warmUntilMs: -Infinity, waiting: undefined, timer: undefined };
    this.#origins.set(name, origin);
    return origin;
  }

  #forgetIdle(): void {
    for (const [name, { waiting }] of this.#origins) if (waiting === undefined) this.#origins.delete(name);
  }

  #release(origin: Origin): void {
    const { waiting } = origin;
    origin.waiting = undefined;
    for (const wake of waiting ?? []) wake();
  }

  #wait({ waiting }: Origin, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const target: AbortTarget = {
        onAbort() {
          waiting!.delete(wake);
          reject(signal!.reason);
        },
      };
      const wake = (): void => {
        if (signal !== undefined) removeAbortListener(signal, target);
        resolve(false);
      };
      waiting!.add(wake);
      if (signal !== undefined) addAbortListener(signal, target);
    });
  }
}
