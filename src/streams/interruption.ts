/**
 * Waits that end when their caller aborts or leaves, or closes the client.
 *
 * @module
 */

import type { ClosingTarget, StreamRequest, StreamSurroundings } from "../policies/opener.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { timerDelay, type TimerHandle } from "../primitives/clock.ts";

interface Wait {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** When a wait has taken too long, and what it rejects with then. */
export interface WaitLimit {
  /** On the client's clock. */
  readonly untilMs: number;
  /** Makes the error. */
  readonly error: () => Error;
}

/** Interrupts the waits of one stream, of which there is one at a time. */
export class Interruption implements AbortTarget, ClosingTarget {
  readonly #surroundings: StreamSurroundings;
  readonly #signals: StreamRequest["signals"];
  #wait: Wait | undefined;
  #timer: TimerHandle;

  /** Nothing is waited for yet. */
  constructor(surroundings: StreamSurroundings, signals: StreamRequest["signals"]) {
    this.#surroundings = surroundings;
    this.#signals = signals;
  }

  /**
   * Waits for a time.
   *
   * @param delayMs How long, in milliseconds.
   * @returns Rejects with the reason of a signal or of the closing, at once.
   */
  async delay(delayMs: number): Promise<void> {
    const { clock } = this.#surroundings;
    const untilMs = clock.now() + delayMs;
    try {
      await this.#begin((end) => this.#arm(untilMs, end));
    } finally {
      clock.clearTimeout(this.#timer);
    }
  }

  #arm(untilMs: number, onTime: () => void): void {
    const { clock } = this.#surroundings;
    const leftMs = untilMs - clock.now();
    // One timer has a longest delay.
    const look = (): void => clock.now() < untilMs ? this.#arm(untilMs, onTime) : onTime();
    this.#timer = clock.setTimeout(look, timerDelay(leftMs));
  }

  /**
   * Waits for something that knows of no signal: a function of the caller's, or a schema.
   *
   * @param work What to wait for.
   * @param limit How long, if not for ever.
   * @returns What it brings. Rejects with the reason of a signal or of the closing, at once; what the work does then is of no interest.
   */
  async settle<T>(work: PromiseLike<T>, limit?: WaitLimit): Promise<T> {
    const settled = Promise.resolve(work);
    // It may fail when it is not waited for any more, or never was.
    settled.catch(() => {});
    try {
      await this.#begin((end) => {
        settled.then(end, end);
        if (limit !== undefined) this.#arm(limit.untilMs, () => this.#end()?.reject(limit.error()));
      });
    } finally {
      if (limit !== undefined) this.#surroundings.clock.clearTimeout(this.#timer);
    }
    return await settled;
  }

  /** Throws the reason of a signal or of the closing, between two steps of a long work. */
  throwIfStopped(): void {
    for (const signal of this.#signals) signal.throwIfAborted();
    const { closing } = this.#surroundings.closings;
    if (closing !== undefined) throw closing.reason;
  }

  #begin(start: (end: () => void) => void): Promise<void> {
    const { closings } = this.#surroundings;
    return new Promise((resolve, reject) => {
      this.throwIfStopped();
      const wait = this.#wait = { resolve, reject };
      for (const signal of this.#signals) addAbortListener(signal, this);
      closings.add(this);
      // What ends late does not end the next wait.
      start(() => this.#wait === wait ? this.#end()?.resolve() : undefined);
    });
  }

  /** The stream is left: what waits rejects. */
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
    this.#surroundings.closings.delete(this);
    for (const signal of this.#signals) removeAbortListener(signal, this);
    return wait;
  }
}
