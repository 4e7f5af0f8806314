/**
 * First in, first out within a priority.
 *
 * @module
 */

import { BinaryHeap, type HeapItem } from "./binary_heap.ts";
import { type LinkedItem, LinkedQueue } from "./linked_queue.ts";

/** What an item of a {@linkcode PriorityQueue} has to carry. */
export interface PriorityItem<T> extends LinkedItem<T> {
  /** Higher goes first. It must not change while the item is queued. */
  readonly priority: number;
}

/** The items of one priority. */
class Level<T extends LinkedItem<T>> implements HeapItem {
  readonly priority: number;
  readonly items: LinkedQueue<T> = new LinkedQueue();
  heapIndex = -1;

  constructor(priority: number) {
    this.priority = priority;
  }
}

/**
 * A queue by priority, and by age within a priority, from whose middle items can leave. With one priority in use it
 * costs what a linked list does; with many, O(log of their number) whenever one comes into use or goes out of it.
 */
export class PriorityQueue<T extends PriorityItem<T>> {
  readonly #levels = new Map<number, Level<T>>();
  readonly #order: BinaryHeap<Level<T>> = new BinaryHeap((a, b) => a.priority > b.priority);
  /** The level used last, to save a look-up. It is in `#levels`, if it is set. */
  #recent: Level<T> | undefined;
  /** How many items there are. Only the queue writes it. */
  size = 0;

  /** The first item, which stays. */
  peek(): T | undefined {
    return this.#order.peek()?.items.peek();
  }

  /** Adds an item that is in no queue. */
  push(item: T): void {
    this.#levelOf(item.priority).items.push(item);
    this.size++;
  }

  /** Removes an item of this queue. */
  remove(item: T): void {
    const level = this.#levelOf(item.priority);
    level.items.remove(item);
    this.size--;
    // The only level stays although it is empty: under steady load it is needed again at once.
    if (level.items.size === 0 && this.#order.size > 1) this.#drop(level);
  }

  /** Calls a function for each item, in order; it must not change the queue. */
  forEach(look: (item: T) => void): void {
    this.find((item) => {
      look(item);
      return false;
    });
  }

  /** The first item that a test accepts. */
  find(test: (item: T) => boolean): T | undefined {
    // Nearly always all of them have one priority.
    const levels = this.#order.size < 2
      ? [this.#order.peek()]
      : [...this.#levels.values()].sort((a, b) => b.priority - a.priority);
    for (const level of levels) {
      for (let item = level?.items.peek(); item !== undefined; item = item.next) {
        if (test(item)) return item;
      }
    }
    return undefined;
  }

  /** Whether items of several priorities may be in it. */
  get isMixed(): boolean {
    return this.#order.size > 1;
  }

  /**
   * The item that came first of those with a lower priority.
   *
   * @param limit The priority that it must be below.
   * @param isBefore Whether an item came before another one.
   * @param test Which items will do.
   */
  oldestBelow(limit: number, isBefore: (a: T, b: T) => boolean, test: (item: T) => boolean): T | undefined {
    let oldest: T | undefined;
    for (const { priority, items } of this.#levels.values()) {
      if (priority >= limit) continue;
      let item = items.peek();
      while (item !== undefined && !test(item)) item = item.next;
      if (item !== undefined && (oldest === undefined || isBefore(item, oldest))) oldest = item;
    }
    return oldest;
  }

  #levelOf(priority: number): Level<T> {
    if (this.#recent?.priority === priority) return this.#recent;
    const known = this.#levels.get(priority);
    if (known !== undefined) return this.#recent = known;
    const empty = this.size === 0 ? this.#order.peek() : undefined;
    if (empty !== undefined) this.#drop(empty);
    const level = new Level<T>(priority);
    this.#levels.set(priority, level);
    this.#order.push(level);
    return this.#recent = level;
  }

  #drop(level: Level<T>): void {
    this.#order.remove(level);
    this.#levels.delete(level.priority);
    if (this.#recent === level) this.#recent = undefined;
  }
}
