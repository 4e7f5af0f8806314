/**
 * The requests in line for one lane with the same limit key.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { HeapItem } from "../primitives/binary_heap.ts";
import type { Deadline } from "../primitives/deadline_queue.ts";
import type { PriorityItem } from "../primitives/priority_queue.ts";
import type { LimitBook } from "./limit_book.ts";
import { SearchableQueue } from "./searchable_queue.ts";

/** What requests of one origin with the same key have in common: limits of their own, and a line for those that wait for these. */
export class KeyLine<T extends PriorityItem<T>> implements HeapItem {
  readonly key: string;
  /** The key's own bucket. */
  readonly bucket: Bucket | undefined;
  /** What the origin has said of the key's limits. */
  book: LimitBook | undefined = undefined;
  /** All that wait, but for those that are urgent. */
  readonly waiting: SearchableQueue<T> = new SearchableQueue();
  /** How many wait, the urgent ones among them. */
  queued = 0;
  /** How many have been sent, and were not answered yet. */
  open = 0;
  /** Where it is among the lines that no limit holds. Only these write it. */
  heapIndex = -1;
  /** Told when `isBlocked` has changed. */
  onBlocked: ((line: KeyLine<T>) => void) | undefined = undefined;
  #isBlocked = false;
  /** When it is worth looking again. Only the scheduler writes it. */
  wakeUp: Deadline | undefined = undefined;
  /** Takes a notice of the bucket back. Only the scheduler writes it. */
  tokenNotice: Disposable | undefined = undefined;

  /** Creates the line of a key, which is empty. */
  constructor(key: string, bucket: Bucket | undefined) {
    this.key = key;
    this.bucket = bucket;
  }

  /** Whether a limit of the key's holds them, so that those with other keys go first. Only the scheduler writes it. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  set isBlocked(isBlocked: boolean) {
    if (isBlocked === this.#isBlocked) return;
    this.#isBlocked = isBlocked;
    this.onBlocked?.(this);
  }

  /** Whether requests have to do with it now. */
  get isInUse(): boolean {
    return this.queued > 0 || this.open > 0;
  }
}
