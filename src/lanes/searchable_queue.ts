/**
 * A priority queue that can be searched for an item that may go.
 *
 * @module
 */

import { type PriorityItem, PriorityQueue } from "../primitives/priority_queue.ts";

/** A priority queue from which an item other than the first may be taken. */
export class SearchableQueue<T extends PriorityItem<T>> extends PriorityQueue<T> {
  /** Whether the queue has items of several priorities. */
  get isMixed(): boolean {
    return this.levels.size > 1;
  }

  /** Calls a function for each item, in order; it must not change the queue. */
  forEach(look: (item: T) => void): void {
    this.find((item) => {
      look(item);
      return false;
    });
  }

  /** Returns the first item that a test accepts. */
  find(test: (item: T) => boolean): T | undefined {
    // Nearly always the first item will do, or all items have one priority.
    const first = this.peek();
    if (first === undefined || test(first)) return first;
    const levels = this.isMixed
      ? [...this.levels.values()].sort((a, b) => b.priority - a.priority)
      : this.levels.values();
    for (const level of levels) {
      for (let item = level.head === first ? first.next : level.head; item !== undefined; item = item.next) {
        if (test(item)) return item;
      }
    }
    return undefined;
  }

  /**
   * Returns the oldest item with a lower priority.
   *
   * @param limit The priority that it must be below.
   * @param isBefore Whether an item came before another one.
   * @param test Which items will do.
   */
  oldestBelow(limit: number, isBefore: (a: T, b: T) => boolean, test: (item: T) => boolean): T | undefined {
    let oldest: T | undefined;
    for (const level of this.levels.values()) {
      if (level.priority >= limit) continue;
      let item = level.head;
      while (item !== undefined && !test(item)) item = item.next;
      if (item !== undefined && (oldest === undefined || isBefore(item, oldest))) oldest = item;
    }
    return oldest;
  }
}
