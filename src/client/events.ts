/**
 * The listeners of a client, which hear everything that happens.
 *
 * @module
 */

import type { ClientEvent, Reporter } from "../policies/event.ts";
import type { Clock } from "../primitives/clock.ts";

/** Receives events; it must not take long, and what it throws, or rejects with, becomes a warning to the other
 * listeners. */
export type ClientListener = (event: ClientEvent) => void;

/** Hands events to listeners in the order in which they came. */
export class EventHub implements Reporter {
  readonly #clock: Clock;
  #listeners: readonly ClientListener[] = [];
  /** What is being told, and what came up meanwhile. */
  readonly #queue: QueuedTelling[] = [];

  /** Creates the hub; the clock dates its own warnings. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  active = false;

  /** Adds a listener; disposing takes it away. A listener that was added twice hears everything twice. */
  on(listener: ClientListener): Disposable {
    if (typeof listener !== "function") {
      throw new TypeError(`Cannot listen as the listener must be a function: received ${typeof listener}`);
    }
    const own: ClientListener = (event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    this.active = true;
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((other) => other !== own);
        this.active = this.#listeners.length > 0;
      },
    };
  }

  emit(event: ClientEvent): void {
    this.#enqueue({ event, failed: undefined });
  }

  #enqueue(telling: QueuedTelling): void {
    this.#queue.push(telling);
    // What a listener causes comes after what it was told, for all of them.
    if (this.#queue.length > 1) return;
    for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
      this.#tell(entry);
      this.#queue.shift();
    }
  }

  /** A warning of a listener that threw is for the others: one that always throws would never be done. */
  #tell({ event, failed }: QueuedTelling): void {
    for (const listener of this.#listeners) {
      // One that was disposed while the others were told is told nothing more.
      if (listener === failed || !this.#listeners.includes(listener)) continue;
      try {
        const told: unknown = listener(event);
        // An async function fails later, and would end the process.
        if (told instanceof Promise) told.catch((error) => this.#onFailure(listener, error, failed));
      } catch (error) {
        this.#onFailure(listener, error, failed);
      }
    }
  }

  #onFailure(listener: ClientListener, error: unknown, failed: ClientListener | undefined): void {
    if (failed === undefined) this.#enqueue({ event: this.#warning(error), failed: listener });
  }

  #warning(error: unknown): ClientEvent {
    const message = "A listener of client.on() threw";
    return { type: "warning", atMs: this.#clock.now(), source: "listener", message, error };
  }
}

interface QueuedTelling {
  readonly event: ClientEvent;
  /** The listener that is not told. */
  readonly failed: ClientListener | undefined;
}
