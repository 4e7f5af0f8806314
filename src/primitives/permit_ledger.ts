/**
 * The account of a capacity: how much of it is in use, and the queue of waiters.
 *
 * @module
 */

import { hasAborted } from "./abort_across_requests.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import { type PriorityItem, PriorityQueue } from "./priority_queue.ts";

/** A waiter in the queue of a {@linkcode PermitLedger}. */
export abstract class PermitWaiter implements PriorityItem<PermitWaiter>, AbortTarget {
  /** @inheritdoc */
  previous: PermitWaiter | undefined = undefined;
  /** @inheritdoc */
  next: PermitWaiter | undefined = undefined;
  /** The ledger whose queue the waiter stands in. */
  readonly ledger: PermitLedger;
  /** How much of the capacity it waits for. */
  readonly weight: number;
  /** @inheritdoc */
  readonly priority: number;
  /** The signal whose abort ends the wait. */
  readonly signal: AbortSignal | undefined;

  /** Creates a waiter that is not in the queue yet. */
  constructor(ledger: PermitLedger, weight: number, priority = 0, signal?: AbortSignal) {
    this.ledger = ledger;
    this.weight = weight;
    this.priority = priority;
    this.signal = signal;
  }

  /** Called when the ledger has taken the waiter's weight for it. Must not run foreign code before it returns. */
  abstract grant(): void;

  /** Called instead of `grant` when its signal has aborted. */
  abstract reject(reason: unknown): void;

  /** Rejects the waiter, removes it from the queue, and admits waiters behind it that now fit. */
  onAbort(signal: AbortSignal): void {
    this.reject(signal.reason);
    this.ledger.waiters.remove(this);
    this.ledger.admit();
  }
}

/** Keeps account of a capacity, and grants it to waiters in the order of the queue. Callers check weights beforehand. */
export class PermitLedger {
  /** How much may be in use at once. Code that changes it must call `admit` afterwards. */
  capacity: number;
  /** How much is in use. Only the ledger writes it. */
  inUse = 0;
  /** The queue of waiters. Only the ledger changes it, and a waiter that leaves it on an abort. */
  readonly waiters: PriorityQueue<PermitWaiter> = new PriorityQueue();
  /** Listeners called after a waiter was queued: they may hold permits that they can give back early. Absent if there are none. */
  onShortage: Set<() => void> | undefined = undefined;

  /** Creates a ledger whose whole capacity is free. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Takes `weight` and returns `true`, if so much is free and there is no waiter; a weight of 0 always succeeds. */
  take(weight: number): boolean {
    if (weight === 0) return true;
    if (this.waiters.size > 0 || this.inUse + weight > this.capacity) return false;
    this.inUse += weight;
    return true;
  }

  /** Gives `weight` back and admits waiters. An arrow function, so that all permits share one bound function. */
  readonly give = (weight: number): void => {
    this.inUse -= weight;
    if (this.waiters.size > 0) this.admit();
  };

  /** Puts a waiter into the queue, after `take` has refused it. */
  enqueue(waiter: PermitWaiter): void {
    this.waiters.push(waiter);
    if (waiter.signal !== undefined) addAbortListener(waiter.signal, waiter);
    // A light waiter of a higher priority may fit where the waiters that it overtakes are too heavy.
    if (this.waiters.peek() === waiter) this.admit();
    if (this.onShortage !== undefined) { for (const listener of [...this.onShortage]) listener(); }
  }

  /** Grants free capacity to the waiters at the head of the queue, as far as they fit. */
  admit(): void {
    for (let head = this.waiters.peek(); head !== undefined; head = this.waiters.peek()) {
      const { signal } = head;
      const isAborted = signal !== undefined && hasAborted(signal);
      if (!isAborted && this.inUse + head.weight > this.capacity) return;
      this.waiters.remove(head);
      if (signal !== undefined) removeAbortListener(signal, head);
      if (isAborted) {
        // The signal calls its targets one by one, and has not reached this waiter yet.
        head.reject(signal.reason);
      } else {
        this.inUse += head.weight;
        head.grant();
      }
    }
  }
}
