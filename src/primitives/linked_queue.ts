/**
 * A first-in first-out queue from whose middle items can leave.
 *
 * @module
 */

/** What an item of a {@linkcode LinkedQueue} has to carry. Only the queue writes it. */
export interface LinkedItem<T> {
  /** The item that came before; `undefined` for the first, and for one that is in no queue. */
  previous: T | undefined;
  /** The item that came after; `undefined` for the last, and for one that is in no queue. */
  next: T | undefined;
}

/** A doubly linked list of items that carry the links themselves: every operation takes O(1) and allocates nothing. */
export class LinkedQueue<T extends LinkedItem<T>> {
  /** The first item. Only the queue writes it. */
  head: T | undefined = undefined;
  #tail: T | undefined;
  /** How many items there are. Only the queue writes it; a field, because it is asked for all the time. */
  size = 0;

  /** Adds an item that is in no queue, behind all others. */
  push(item: T): void {
    item.previous = this.#tail;
    if (this.#tail === undefined) this.head = item;
    else this.#tail.next = item;
    this.#tail = item;
    this.size++;
  }

  /** Removes an item of this queue. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
    this.size--;
  }
}
