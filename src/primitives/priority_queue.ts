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
export class Level<T extends LinkedItem<T>> extends LinkedQueue<T> implements HeapItem {
  /** The priority of all of them. */
  readonly priority: number;
  /** Where it is among the levels. Only these write it. */
  heapIndex = -1;

  /** Creates a level without items. */
  constructor(priority: number) {
    super();
    this.priority = priority;
  }
}

/**
 * A queue by priority, and by age within a priority, from whose middle items can leave. With one priority in use it
 * costs what a linked list does; with many, O(log of their number) whenever one comes into use or goes out of it.
 */
export class PriorityQueue<T extends PriorityItem<T>> {
  /** The items by their priorities, in no order. Only the queue changes it. */
  protected readonly levels: Map<number, Level<T>> = new Map();
  readonly #order: BinaryHeap<Level<T>> = new BinaryHeap((a, b) => a.priority > b.priority);
  /** The level used last, to save a look-up. It is in `levels`, if it is set. */
  #recent: Level<T> | undefined;
  /** How many items there are. Only the queue writes it. */
  size = 0;

  /** The first item, which stays. */
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
    // The only level stays although it is empty: under steady load it is needed again at once.
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
