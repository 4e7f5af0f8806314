/**
 * A record of the keys that were changed while they were being read.
 *
 * @module
 */

interface KeyState {
  /** How many watches and writes use this state. */
  users: number;
  /** How many writes are in flight. */
  writes: number;
  /** How many writes have begun. */
  changes: number;
}

/** Records changes of keys. It holds a state only for keys that are being read or written. */
export class Changes {
  readonly #keys = new Map<string, KeyState>();
  #clears = 0;
  #clearing = 0;

  /**
   * Begins to watch a key.
   *
   * @returns A function that ends the watch, and returns whether no write of the key was in flight during it.
   */
  watch(key: string): () => boolean {
    const state = this.#use(key);
    const { changes } = state;
    const clears = this.#clears;
    const idle = state.writes === 0 && this.#clearing === 0;
    return () => {
      this.#release(key, state);
      return idle && state.changes === changes && this.#clears === clears;
    };
  }

  /** Begins a write of a key, and returns a function that ends it. */
  write(key: string): () => void {
    const state = this.#use(key);
    state.writes += 1;
    state.changes += 1;
    return () => {
      state.writes -= 1;
      this.#release(key, state);
    };
  }

  /** Begins a removal of all keys, and returns a function that ends it. */
  clear(): () => void {
    this.#clears += 1;
    this.#clearing += 1;
    return () => {
      this.#clearing -= 1;
    };
  }

  /** How many keys are being read or written. */
  get size(): number {
    return this.#keys.size;
  }

  #use(key: string): KeyState {
    const state = this.#keys.get(key) ?? { users: 0, writes: 0, changes: 0 };
    state.users += 1;
    this.#keys.set(key, state);
    return state;
  }

  #release(key: string, state: KeyState): void {
    state.users -= 1;
    if (state.users === 0) this.#keys.delete(key);
  }
}
