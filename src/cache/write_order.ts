/**
 * The order of writes to one slot.
 *
 * @module
 */

/**
 * Makes the writes to one slot happen one after the other, in the order in which they were asked for: one that takes longer
 * to prepare would otherwise overwrite a later one. Writes to different slots don't wait for each other.
 */
export class WriteOrder {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs a write, at once or after those that were asked for before, whatever became of them. */
  run<T>(slot: string, write: () => Promise<T>): Promise<T> {
    const before = this.#last.get(slot);
    const result = before === undefined ? write() : before.then(write);
    const forget = () => {
      if (this.#last.get(slot) === settled) this.#last.delete(slot);
    };
    const settled = result.then(forget, forget);
    this.#last.set(slot, settled);
    return result;
  }

  /** Whether a write to a slot is in flight, or waits. */
  has(slot: string): boolean {
    return this.#last.has(slot);
  }

  /** Resolves when the writes that have been asked for are over. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
