/**
 * The requests that wait for a lane, by their limit keys.
 *
 * @module
 */

import { BinaryHeap } from "../primitives/binary_heap.ts";
import type { KeyLine } from "./key_line.ts";
import { SearchableQueue } from "./searchable_queue.ts";
import { isOlder, type Line, type Place, type WaitingLine } from "./waiter.ts";

/** From how many keys on those are forgotten that would be the same if they were met anew. */
const MANY_KEYS = 1_024;

/**
 * One line for each key, and one for requests without a key. Together they are as one line, by priority and then by age, in which
 * those are passed over that a limit of their key's holds.
 */
export class KeyedLines<L extends Line<L>> implements WaitingLine<Place<L>> {
  readonly #plain: SearchableQueue<Place<L>> = new SearchableQueue();
  readonly #lines: Map<string, KeyLine<Place<L>>> = new Map();
  /** Lines in which requests wait. */
  readonly #busy: Set<KeyLine<Place<L>>> = new Set();
  /** The lines among these that no limit holds. On top is the one whose first request goes first. */
  readonly #free: BinaryHeap<KeyLine<Place<L>>> = new BinaryHeap((a, b) =>
    isAhead(a.waiting.peek()!, b.waiting.peek()!)
  );
  /** How many wait with each priority. */
  readonly #priorities: Map<number, number> = new Map();
  readonly #create: (key: string) => KeyLine<Place<L>>;
  readonly #isQuiet: (line: KeyLine<Place<L>>) => boolean;
  #sweepAt = MANY_KEYS;
  size = 0;

  /**
   * Creates the lines of a lane.
   *
   * @param create Makes the line of a key that is met for the first time.
   * @param isQuiet Whether a line that is not in use would be the same if it were made anew.
   */
  constructor(create: (key: string) => KeyLine<Place<L>>, isQuiet: (line: KeyLine<Place<L>>) => boolean) {
    this.#create = create;
    this.#isQuiet = isQuiet;
  }

  /** The line of a key. */
  lineOf(key: string): KeyLine<Place<L>> {
    let line = this.#lines.get(key);
    if (line === undefined) {
      if (this.#lines.size >= this.#sweepAt) this.#sweep();
      line = this.#create(key);
      line.onBlocked = this.#onBlocked;
      this.#lines.set(key, line);
    }
    return line;
  }

  /** All lines that are remembered. */
  values(): IterableIterator<KeyLine<Place<L>>> {
    return this.#lines.values();
  }

  /** Whether requests with a key have to do with it now. */
  get isInUse(): boolean {
    return [...this.#lines.values()].some((line) => line.isInUse);
  }

  /** Whether all would be the same if they were met anew. */
  get isQuiet(): boolean {
    return [...this.#lines.values()].every((line) => !line.isInUse && this.#isQuiet(line));
  }

  #sweep(): void {
    for (const [key, line] of this.#lines) {
      if (!line.isInUse && this.#isQuiet(line)) this.#lines.delete(key);
    }
    this.#sweepAt = Math.max(MANY_KEYS, 2 * this.#lines.size);
  }

  push(place: Place<L>): void {
    this.size++;
    const { line, priority } = place;
    this.#priorities.set(priority, (this.#priorities.get(priority) ?? 0) + 1);
    if (line === undefined) return this.#plain.push(place);
    // Its place there is by its first, which may change.
    this.#free.remove(line);
    line.waiting.push(place);
    this.#busy.add(line);
    this.#onBlocked(line);
  }

  remove(place: Place<L>): void {
    this.size--;
    const { line, priority } = place;
    const left = this.#priorities.get(priority)! - 1;
    if (left > 0) this.#priorities.set(priority, left);
    else this.#priorities.delete(priority);
    if (line === undefined) return this.#plain.remove(place);
    this.#free.remove(line);
    line.waiting.remove(place);
    if (line.waiting.size === 0) this.#busy.delete(line);
    this.#onBlocked(line);
  }

  /** Sees to it that a line is among the free ones if it should be. One function for all lines. */
  readonly #onBlocked = (line: KeyLine<Place<L>>): void => {
    this.#free.remove(line);
    if (!line.isBlocked && line.waiting.size > 0) this.#free.push(line);
  };

  peek(): Place<L> | undefined {
    return this.find(() => true);
  }

  get isMixed(): boolean {
    return this.#priorities.size > 1;
  }

  /** The first one that a test accepts, of those that no limit holds. */
  find(test: (place: Place<L>) => boolean): Place<L> | undefined {
    let first = this.#plain.find(test);
    const top = this.#free.peek()?.waiting.peek();
    if (top === undefined) return first;
    if (test(top)) return first === undefined || isAhead(top, first) ? top : first;
    for (const { waiting, isBlocked } of this.#busy) {
      if (isBlocked) continue;
      const place = waiting.find(test);
      if (place === undefined) continue;
      if (first === undefined || isAhead(place, first)) first = place;
    }
    return first;
  }

  oldestBelow(
    limit: number,
    isBefore: (a: Place<L>, b: Place<L>) => boolean,
    test: (place: Place<L>) => boolean,
  ): Place<L> | undefined {
    let oldest = this.#plain.oldestBelow(limit, isBefore, test);
    for (const { waiting, isBlocked } of this.#busy) {
      if (isBlocked) continue;
      const place = waiting.oldestBelow(limit, isBefore, test);
      if (place !== undefined && (oldest === undefined || isBefore(place, oldest))) oldest = place;
    }
    return oldest;
  }

  /** Calls a function for all of them, also those that a limit holds. */
  forEach(look: (place: Place<L>) => void): void {
    this.#plain.forEach(look);
    for (const { waiting } of this.#busy) waiting.forEach(look);
  }
}

function isAhead<L extends Line<L>>(a: Place<L>, b: Place<L>): boolean {
  return a.priority === b.priority ? isOlder(a, b) : a.priority > b.priority;
}
