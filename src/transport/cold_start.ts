/**
 * One request ahead of a burst: where HTTP/2 is agreed upon with the first response, all others then use its connection, in place of
 * opening one each.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Clock, TimerHandle } from "../primitives/clock.ts";

/** The longest that a burst waits for the request ahead of it, in milliseconds; a server may be slow to answer. */
const MAX_WAIT_MS = 500;
/** After so long without a response, connections count as closed, in milliseconds. */
const IDLE_MS = 60_000;
const MAX_ORIGINS = 1_024;

interface Origin {
  warmUntilMs: number;
  /** Those that wait for the request ahead of them; `undefined` when there is none. */
  waiting: Set<() => void> | undefined;
  timer: TimerHandle;
}

/** Knows which origins have a connection. */
export class ColdStart {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #origins = new Map<string, Origin>();

  /**
   * Begins without a connection to any origin.
   *
   * @param clock The source of time.
   * @param idleMs How long idle connections stay open.
   */
  constructor(clock: Clock, idleMs: number = IDLE_MS) {
    this.#clock = clock;
    this.#idleMs = Math.min(idleMs, IDLE_MS);
  }

  /**
   * Waits as long as another request goes ahead.
   *
   * @param name The origin.
   * @param signal Ends the wait.
   * @returns Whether this request goes ahead: then {@linkcode ColdStart.leave} must follow its end. A promise only if it has to wait.
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

  /** The request ahead was answered, or has failed. */
  leave(name: string, isAnswered: boolean): void {
    const origin = this.#originOf(name);
    if (isAnswered) this.answered(name);
    this.#clock.clearTimeout(origin.timer);
    this.#release(origin);
  }

  /** An origin has answered, and has a connection. */
  answered(name: string): void {
    this.#originOf(name).warmUntilMs = this.#clock.now() + this.#idleMs;
  }

  /** Lets all go that wait, and leaves no timer. */
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
