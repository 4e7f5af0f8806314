/**
 * A queue by priority that is first-in first-out within a priority.
 *
 * @module
 */

import { BinaryHeap, type HeapItem } from "./binary_heap.ts";
import { type LinkedItem, LinkedQueue } from "./linked_queue.ts";

/** The members that an item of a {@linkcode PriorityQueue} must have. */
export interface PriorityItem<T> extends LinkedItem<T> {
  /** The item's priority: higher goes first. It must not change while the item is queued. */
  readonly priority: number;
}

/** The items of one priority. */
export class Level<T extends LinkedItem<T>> extends LinkedQueue<T> implements HeapItem {
  /** The priority of all items of the level. */
  readonly priority: number;
  /** The level's index in the heap of levels. Only that heap writes it. */
  heapIndex = -1;

  /** Creates a level without items. */
  constructor(priority: number) {
    super();
    this.priority = priority;
  }
}

/**
 * A queue by priority, and by age within a priority, that also removes items from its middle. With one priority in use it costs
 * as much as a linked list. With many, the first item of a priority and the removal of the last one cost O(log n) for n
 * priorities.
 */
export class PriorityQueue<T extends PriorityItem<T>> {
  /** The levels by priority, in no order. Only the queue changes them. */
  protected readonly levels: Map<number, Level<T>> = new Map();
  readonly #order: BinaryHeap<Level<T>> = new BinaryHeap((a, b) => a.priority > b.priority);
  /** The level used last, to save a look-up. If set, it is one of `levels`. */
  #recent: Level<T> | undefined;
  /** How many items the queue holds. Only the queue writes it. */
  size = 0;

  /** Returns the first item without removing it. */
  peek(): T | undefined {
    return this.#order.peek()?.head;
  }

  /** Adds an item that is in no queue. */
  push(item: T): void {
    this.#levelOf(item.priority).push(item);
    this.size++;
  }

  /** Removes an item of this queue. */
  remove(item: T): void {
    const level = this.#levelOf(item.priority);
    level.remove(item);
    this.size--;
    // Keep the only level although it is empty: under steady load the next item needs it again at once.
    if (level.size === 0 && this.size > 0) this.#drop(level);
  }

  #levelOf(priority: number): Level<T> {
    if (this.#recent?.priority === priority) return this.#recent;
    let level = this.levels.get(priority);
    if (level === undefined) {
      const first = this.#order.peek();
      if (first?.size === 0) this.#drop(first);
      level = new Level(priority);
      this.levels.set(priority, level);
      this.#order.push(level);
    }
    return this.#recent = level;
  }

  #drop(level: Level<T>): void {
    this.#order.remove(level);
    this.levels.delete(level.priority);
    this.#recent = undefined;
  }
}
