/**
 * A list of event listeners.
 *
 * @module
 */

import "./dispose_symbols.ts";

/** A registration of a listener. */
export interface Observer<E> {
  /** The listener, called with each event. */
  readonly listener: (event: E) => void;
}

/**
 * Called when a listener has thrown, or its promise has rejected.
 *
 * @param observer The registration of the listener.
 * @param error The error.
 * @param isLeftOut Whether the failed call belongs to an event that left out an observer: see {@linkcode Observers.notify}.
 */
export type OnObserverFailure<E> = (observer: Observer<E>, error: unknown, isLeftOut: boolean) => void;

/**
 * Notifies listeners of events. All listeners get an event before any of them gets the next one, also if a listener causes the
 * next event.
 */
export class Observers<E> {
  readonly #observers = new Set<Observer<E>>();
  readonly #pending: Telling<E>[] = [];
  readonly #onFailure: OnObserverFailure<E>;

  /** Creates an empty list. Without `onFailure`, errors of listeners are dropped, because a listener must not disturb what it observes. */
  constructor(onFailure: OnObserverFailure<E> = ignore) {
    this.#onFailure = onFailure;
  }

  /** How many listeners there are. */
  get size(): number {
    return this.#observers.size;
  }

  /** Adds a listener, and returns a disposable that removes it. A listener added twice is called twice. */
  add(listener: (event: E) => void): Disposable {
    const observer = { listener };
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  /** Calls all listeners with an event, except the one that is left out. */
  notify(event: E, leftOut?: Observer<E>): void {
    this.#pending.push({ event, leftOut });
    // A listener of another event has caused this one: the outer call gets to this event after that one.
    if (this.#pending.length > 1) return;
    for (let telling = this.#pending[0]; telling !== undefined; telling = this.#pending[0]) {
      this.#tell(telling);
      this.#pending.shift();
    }
  }

  #tell({ event, leftOut }: Telling<E>): void {
    for (const observer of [...this.#observers]) {
      // An earlier listener may have removed this one.
      if (observer === leftOut || !this.#observers.has(observer)) continue;
      const fail = (error: unknown): void => this.#onFailure(observer, error, leftOut !== undefined);
      try {
        const { listener } = observer;
        const told: unknown = listener(event);
        // An async listener fails later; unhandled, its rejection would end the process.
        if (told instanceof Promise) told.catch(fail);
      } catch (error) {
        fail(error);
      }
    }
  }
}

interface Telling<E> {
  readonly event: E;
  readonly leftOut: Observer<E> | undefined;
}

function ignore(): void {}
