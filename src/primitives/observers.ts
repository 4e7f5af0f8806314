/**
 * Those who want to know what happens.
 *
 * @module
 */

/** Tells events to listeners, each event to all before the next, also when a listener causes that next one. */
export class Observers<E> {
  readonly #listeners = new Set<{ readonly listener: (event: E) => void }>();
  readonly #pending: E[] = [];

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Adds a listener, until what is returned is disposed. A listener added twice hears everything twice. */
  add(listener: (event: E) => void): Disposable {
    const entry = { listener };
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  /** Tells an event to all. What they throw, or reject with, goes nowhere. */
  notify(event: E): void {
    this.#pending.push(event);
    // Else a listener of an event that is being told has caused this one: it is told when that one has been.
    if (this.#pending.length > 1) return;
    for (let index = 0; index < this.#pending.length; index++) this.#tell(this.#pending[index]!);
    this.#pending.length = 0;
  }

  #tell(event: E): void {
    for (const entry of [...this.#listeners]) {
      if (!this.#listeners.has(entry)) continue;
      try {
        const told: unknown = entry.listener(event);
        // An async function fails later, and would end the process.
        if (told instanceof Promise) told.catch(() => {});
      } catch {
        // An observer must not change what it observes, and no code here could act on its error.
      }
    }
  }
}
