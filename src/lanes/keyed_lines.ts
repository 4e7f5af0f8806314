/**
 * The requests that wait for a lane, in lines by their limit keys.
 *
 * @module
 */

import { BinaryHeap } from "../primitives/binary_heap.ts";
import type { KeyLine } from "./key_line.ts";
import { SearchableQueue } from "./searchable_queue.ts";
import { isOlder, type Line, type Place, type WaitingLine } from "./waiter.ts";

/** The number of keys from which on quiet lines are forgotten. */
const MANY_KEYS = 1_024;

/**
 * One line for each key, and one for requests without a key. Together they act as one line, by priority and then by age, which
 * passes over requests that a limit of their key blocks.
 */
export class KeyedLines<L extends Line<L>> implements WaitingLine<Place<L>> {
  readonly #plain: SearchableQueue<Place<L>> = new SearchableQueue();
  readonly #lines: Map<string, KeyLine<Place<L>>> = new Map();
  /** The lines in which requests wait. */
  readonly #busy: Set<KeyLine<Place<L>>> = new Set();
  /** Those of them that no limit blocks. The line whose first request goes first is on top. */
  readonly #free: BinaryHeap<KeyLine<Place<L>>> = new BinaryHeap((a, b) =>
    isAhead(a.waiting.peek()!, b.waiting.peek()!)
  );
  /** How many requests wait with each priority. */
  readonly #priorities: Map<number, number> = new Map();
  readonly #create: (key: string) => KeyLine<Place<L>>;
  readonly #isQuiet: (line: KeyLine<Place<L>>) => boolean;
  #sweepAt = MANY_KEYS;
  size = 0;

  /**
   * Creates the lines of a lane.
   *
   * @param create Creates the line of a new key.
   * @param isQuiet Whether a new line would be in the same state as this one, which is not in use.
   */
  constructor(create: (key: string) => KeyLine<Place<L>>, isQuiet: (line: KeyLine<Place<L>>) => boolean) {
    this.#create = create;
    this.#isQuiet = isQuiet;
  }

  /** Returns the line of a key. */
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

  /** Returns all remembered lines. */
  values(): IterableIterator<KeyLine<Place<L>>> {
    return this.#lines.values();
  }

  /** Whether new lines would be in the same state. */
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
    // The heap orders a line by its first request, which may change.
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

  /** Adds a line to the free ones, or removes it, as its state requires. One function for all lines. */
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

  /** Returns the first place that a test accepts, of those that no limit blocks. */
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

  /** Calls a function for all places, including those that a limit blocks. */
  forEach(look: (place: Place<L>) => void): void {
    this.#plain.forEach(look);
    for (const { waiting } of this.#busy) waiting.forEach(look);
  }
}

function isAhead<L extends Line<L>>(a: Place<L>, b: Place<L>): boolean {
  return a.priority === b.priority ? isOlder(a, b) : a.priority > b.priority;
}
