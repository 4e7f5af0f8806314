/**
 * The order of writes to one slot.
 *
 * @module
 */

/**
 * Runs the writes to one slot one after the other, in the order of the calls. Otherwise a write that takes longer to prepare
 * could overwrite a later one. Writes to different slots don't wait for each other.
 */
export class WriteOrder {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs a write, at once or after the earlier writes to its slot, whether these succeed or fail. */
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

  /** Returns whether a write to a slot is in flight or waits. */
  has(slot: string): boolean {
    return this.#last.has(slot);
  }

  /** Resolves when all writes of earlier calls are over. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
