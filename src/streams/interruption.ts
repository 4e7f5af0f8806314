/**
 * Waits that end when the caller aborts, leaves the stream or closes the client.
 *
 * @module
 */

import type { ClosingTarget, StreamContext, StreamRequest } from "../policies/opener.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { timerDelay, type TimerHandle } from "../primitives/clock.ts";

interface Wait {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The time limit of a wait, and its error. */
export interface WaitLimit {
  /** When the wait has taken too long, on the client's clock. */
  readonly untilMs: number;
  /** Makes the error with which the wait then rejects. */
  readonly error: () => Error;
}

/** Interrupts the waits of one stream. There is one wait at a time. */
export class Interruption implements AbortTarget, ClosingTarget {
  readonly #context: StreamContext;
  readonly #signals: StreamRequest["signals"];
  #wait: Wait | undefined;
  #timer: TimerHandle;

  /** Creates an interruption without a wait. */
  constructor(context: StreamContext, signals: StreamRequest["signals"]) {
    this.#context = context;
    this.#signals = signals;
  }

  /**
   * Waits for a time.
   *
   * @param delayMs The time, in milliseconds.
   * @returns Rejects at once with the reason of a signal or of the closing.
   */
  async delay(delayMs: number): Promise<void> {
    const { clock } = this.#context;
    const untilMs = clock.now() + delayMs;
    try {
      await this.#begin((end) => this.#arm(untilMs, end));
    } finally {
      clock.clearTimeout(this.#timer);
    }
  }

  #arm(untilMs: number, onTime: () => void): void {
    const { clock } = this.#context;
    const leftMs = untilMs - clock.now();
    // A timer has a maximum delay, so a long wait takes several timers.
    const look = (): void => clock.now() < untilMs ? this.#arm(untilMs, onTime) : onTime();
    this.#timer = clock.setTimeout(look, timerDelay(leftMs));
  }

  /**
   * Waits for work that takes no signal: that of a caller's function, or of a schema.
   *
   * @param work The work.
   * @param limit The time limit; absent for none.
   * @returns The result of the work. Rejects at once with the reason of a signal or of the closing; the result is then ignored.
   */
  async settle<T>(work: PromiseLike<T>, limit?: WaitLimit): Promise<T> {
    const settled = Promise.resolve(work);
    // The work may fail after the wait has ended, or before it has begun: avoid an unhandled rejection.
    settled.catch(() => {});
    try {
      await this.#begin((end) => {
        settled.then(end, end);
        if (limit !== undefined) this.#arm(limit.untilMs, () => this.#end()?.reject(limit.error()));
      });
    } finally {
      if (limit !== undefined) this.#context.clock.clearTimeout(this.#timer);
    }
    return await settled;
  }

  /** Throws the reason of a signal or of the closing. For use between the steps of long work. */
  throwIfStopped(): void {
    for (const signal of this.#signals) signal.throwIfAborted();
    const { closing } = this.#context.closings;
    if (closing !== undefined) throw closing.reason;
  }

  #begin(start: (end: () => void) => void): Promise<void> {
    const { closings } = this.#context;
    return new Promise((resolve, reject) => {
      this.throwIfStopped();
      const wait = this.#wait = { resolve, reject };
      for (const signal of this.#signals) addAbortListener(signal, this);
      closings.add(this);
      // The work of an earlier wait may end late: it must not end this wait.
      start(() => this.#wait === wait ? this.#end()?.resolve() : undefined);
    });
  }

  /** Rejects the wait, because the caller has left the stream. */
  stop(): void {
    this.#end()?.reject(new DOMException("The stream was left", "AbortError"));
  }

  onAbort(signal: AbortSignal): void {
    this.#end()?.reject(signal.reason);
  }

  onClose(reason: unknown): void {
    this.#end()?.reject(reason);
  }

  #end(): Wait | undefined {
    const wait = this.#wait;
    if (wait === undefined) return undefined;
    this.#wait = undefined;
    this.#context.closings.delete(this);
    for (const signal of this.#signals) removeAbortListener(signal, this);
    return wait;
  }
}
