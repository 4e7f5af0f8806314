/**
 * A binary heap whose items know their own positions.
 *
 * @module
 */

/** The member that an item of a {@linkcode BinaryHeap} must have. */
export interface HeapItem {
  /** The item's index in its heap, -1 if it is in none. Only the heap writes it. */
  heapIndex: number;
}

/** A priority queue from which any item can be removed, in O(log n). */
export class BinaryHeap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  /** Creates an empty heap, ordered by `isBefore`, which must be a strict order. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** How many items there are. */
  get size(): number {
    return this.#items.length;
  }

  /** Returns the first item without removing it. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item that is in no heap. */
  push(item: T): void {
    this.#raise(item, this.#items.length);
  }

  /**
   * Removes an item.
   *
   * @returns Whether it was there.
   */
  remove(item: T): boolean {
    const index = item.heapIndex;
    if (this.#items[index] !== item) return false;
    item.heapIndex = -1;
    const last = this.#items.pop()!;
    if (last === item) return true;
    if (this.#isBefore(last, item)) this.#raise(last, index);
    else this.#sink(last, index);
    return true;
  }

  /** Puts `item` into the hole at `index`, or above. */
  #raise(item: T, index: number): void {
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex]!;
      if (!this.#isBefore(item, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  /** Puts `item` into the hole at `index`, or below. */
  #sink(item: T, index: number): void {
    const size = this.#items.length;
    for (let childIndex = 2 * index + 1; childIndex < size; childIndex = 2 * index + 1) {
      let child = this.#items[childIndex]!;
      const right = this.#items[childIndex + 1];
      if (right !== undefined && this.#isBefore(right, child)) {
        child = right;
        childIndex++;
      }
      if (!this.#isBefore(child, item)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(item, index);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
