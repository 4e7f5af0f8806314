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

/** The common state of requests to one origin with the same limit key: their limits, and their line. */
export class KeyLine<T extends PriorityItem<T>> implements HeapItem {
  readonly key: string;
  /** The key's own bucket. */
  readonly bucket: Bucket | undefined;
  /** The limits of the key that the origin has stated. */
  book: LimitBook | undefined = undefined;
  /** All waiting requests except the urgent ones. */
  readonly waiting: SearchableQueue<T> = new SearchableQueue();
  /** How many requests wait, including the urgent ones. */
  queued = 0;
  /** How many requests have been sent and not answered. */
  open = 0;
  /** The index of the line in the heap of lines that no limit blocks. Only the heap writes it. */
  heapIndex = -1;
  /** Called when `isBlocked` has changed. */
  onBlocked: ((line: KeyLine<T>) => void) | undefined = undefined;
  #isBlocked = false;
  /** The next scheduled look at the blocked line. Only the scheduler writes it. */
  wakeUp: Deadline | undefined = undefined;
  /** Cancels the awaited notice of the bucket. Only the scheduler writes it. */
  tokenNotice: Disposable | undefined = undefined;

  /** Creates the empty line of a key. */
  constructor(key: string, bucket: Bucket | undefined) {
    this.key = key;
    this.bucket = bucket;
  }

  /** Whether a limit of the key blocks the line, so that requests with other keys go first. Only the scheduler writes it. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  set isBlocked(isBlocked: boolean) {
    if (isBlocked === this.#isBlocked) return;
    this.#isBlocked = isBlocked;
    this.onBlocked?.(this);
  }

  /** Whether requests of the key wait or are unanswered. */
  get isInUse(): boolean {
    return this.queued > 0 || this.open > 0;
  }
}
