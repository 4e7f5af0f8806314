/**
 * A first-in first-out queue that also removes items from its middle.
 *
 * @module
 */

/** The links that an item of a {@linkcode LinkedQueue} must have. Only the queue writes them. */
export interface LinkedItem<T> {
  /** The item before this one; `undefined` for the first item, and for an item in no queue. */
  previous: T | undefined;
  /** The item after this one; `undefined` for the last item, and for an item in no queue. */
  next: T | undefined;
}

/** A doubly linked list of items that carry the links themselves: every operation takes O(1) and allocates nothing. */
export class LinkedQueue<T extends LinkedItem<T>> {
  /** The first item. Only the queue writes it. */
  head: T | undefined = undefined;
  #tail: T | undefined;
  /** How many items the queue holds. Only the queue writes it; a field, because callers read it very often. */
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
