/**
 * Listeners, and how they are called.
 *
 * @module
 */

import "./dispose_symbols.ts";

/** What is told of events. */
export interface Observer<E> {
  /** What is called. */
  readonly listener: (event: E) => void;
}

/**
 * Hears what an observer has thrown, or rejected with.
 *
 * @param observer Which one it was.
 * @param error What it has thrown.
 * @param isLeftOut Whether an observer was left out of what has failed: see {@linkcode Observers.notify}.
 */
export type OnObserverFailure<E> = (observer: Observer<E>, error: unknown, isLeftOut: boolean) => void;

/** Tells events to listeners, each event to all before the next, also when a listener causes that next one. */
export class Observers<E> {
  readonly #observers = new Set<Observer<E>>();
  readonly #pending: Telling<E>[] = [];
  readonly #onFailure: OnObserverFailure<E>;

  /** Begins with none; without `onFailure`, what they throw goes nowhere: no observer changes what it observes. */
  constructor(onFailure: OnObserverFailure<E> = ignore) {
    this.#onFailure = onFailure;
  }

  /** How many listen. */
  get size(): number {
    return this.#observers.size;
  }

  /** Adds a listener, until what is returned is disposed. A listener added twice hears everything twice. */
  add(listener: (event: E) => void): Disposable {
    const observer = { listener };
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  /** Tells an event to all, but for one that is left out. */
  notify(event: E, leftOut?: Observer<E>): void {
    this.#pending.push({ event, leftOut });
    // Else a listener of an event that is being told has caused this one: it is told when that one has been.
    if (this.#pending.length > 1) return;
    for (let telling = this.#pending[0]; telling !== undefined; telling = this.#pending[0]) {
      this.#tell(telling);
      this.#pending.shift();
    }
  }

  #tell({ event, leftOut }: Telling<E>): void {
    for (const observer of [...this.#observers]) {
      // One that was disposed while the others were told is told nothing more.
      if (observer === leftOut || !this.#observers.has(observer)) continue;
      const fail = (error: unknown): void => this.#onFailure(observer, error, leftOut !== undefined);
      try {
        const { listener } = observer;
        const told: unknown = listener(event);
        // An async function fails later, and would end the process.
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
