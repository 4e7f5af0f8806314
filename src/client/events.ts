/**
 * Who listens to a client, and hears everything that happens.
 *
 * @module
 */

import type { ClientEvent, Reporter } from "../policies/event.ts";
import type { Clock } from "../primitives/clock.ts";

/** Receives events; it must not take long, and what it throws becomes a warning to the other listeners. */
export type ClientListener = (event: ClientEvent) => void;

/** Hands events to listeners in the order in which they came. */
export class EventHub implements Reporter {
  readonly #clock: Clock;
  #listeners: readonly ClientListener[] = [];

  /** Creates the hub; the clock dates its own warnings. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get active(): boolean {
    return this.#listeners.length > 0;
  }

  /** Adds a listener; disposing takes it away. A listener that was added twice hears everything twice. */
  on(listener: ClientListener): Disposable {
    if (typeof listener !== "function") {
      throw new TypeError(`Cannot listen as the listener must be a function: received ${typeof listener}`);
    }
    const own: ClientListener = (event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((other) => other !== own);
      },
    };
  }

  emit(event: ClientEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#warn(listener, error);
      }
    }
  }

  /** Tells the others. One that throws at that as well is not told of itself, so this ends. */
  #warn(failed: ClientListener, error: unknown): void {
    const warning: ClientEvent = {
      type: "warning",
      atMs: this.#clock.now(),
      source: "listener",
      message: "A listener of client.on() threw",
      error,
    };
    for (const listener of this.#listeners) {
      if (listener === failed) continue;
      try {
        listener(warning);
      } catch {
        // It will be told off when an event of its own makes it throw.
      }
    }
  }
}
