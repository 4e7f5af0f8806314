/**
 * A map for keys that come and go by the million.
 *
 * @module
 */

const SMALLEST = 64;

/**
 * Maps text to values as `Map` does, without an order. It allocates nothing for an entry, and keeps nothing of one that was
 * deleted: the tables that a `Map` outgrows, V8 links to one another, so that a dead one that was promoted holds all later
 * ones, with what was in them, until the next major collection.
 *
 * Open addressing with linear probing; deleting moves entries back (Knuth, The Art of Computer Programming 3, 6.4, algorithm
 * R), so that there are no tombstones.
 */
export class StringMap<V> {
  #keys: (string | undefined)[] = emptySlots(SMALLEST);
  #values: (V | undefined)[] = emptySlots(SMALLEST);
  #size = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** The value of a key. */
  get(key: string): V | undefined {
    return this.#values[this.#slotOf(key)];
  }

  /** Gives a key a value. */
  set(key: string, value: V): void {
    let slot = this.#slotOf(key);
    if (this.#keys[slot] === undefined) {
      if (2 * ++this.#size > this.#keys.length) {
        this.#grow();
        slot = this.#slotOf(key);
      }
      this.#keys[slot] = key;
    }
    this.#values[slot] = value;
  }

  /**
   * Removes an entry.
   *
   * @returns Whether there was one.
   */
  delete(key: string): boolean {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let hole = this.#slotOf(key);
    if (keys[hole] === undefined) return false;
    this.#size--;
    for (let slot = (hole + 1) & mask; keys[slot] !== undefined; slot = (slot + 1) & mask) {
      // An entry may fill the hole unless its own place lies behind it.
      const home = hash(keys[slot]!) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      keys[hole] = keys[slot];
      this.#values[hole] = this.#values[slot];
      hole = slot;
    }
    keys[hole] = undefined;
    this.#values[hole] = undefined;
    return true;
  }

  /** Where a key is, or belongs. */
  #slotOf(key: string): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let slot = hash(key) & mask;
    while (keys[slot] !== undefined && keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = emptySlots(2 * keys.length);
    this.#values = emptySlots(2 * keys.length);
    for (const [index, key] of keys.entries()) {
      if (key === undefined) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[index];
    }
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}

/** FNV-1a (Fowler, Noll, Vo) over UTF-16 units, its upper bits folded in. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  }
  return bits ^ (bits >>> 15);
}
