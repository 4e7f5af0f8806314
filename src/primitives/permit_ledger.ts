/**
 * How much of a capacity is in use, and what waits for it.
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
  /** The ledger in whose queue it is. */
  readonly ledger: PermitLedger;
  /** How much it waits for. */
  readonly weight: number;
  /** @inheritdoc */
  readonly priority: number;
  /** What ends the wait. */
  readonly signal: AbortSignal | undefined;

  /** Creates a waiter, which is not queued yet. */
  constructor(ledger: PermitLedger, weight: number, priority = 0, signal?: AbortSignal) {
    this.ledger = ledger;
    this.weight = weight;
    this.priority = priority;
    this.signal = signal;
  }

  /** Called when its weight has been taken for it. It must not run foreign code before it returns. */
  abstract grant(): void;

  /** Called instead of `grant` when its signal has aborted. */
  abstract reject(reason: unknown): void;

  /** Leaves the queue. */
  onAbort(signal: AbortSignal): void {
    this.reject(signal.reason);
    this.ledger.waiters.remove(this);
    this.ledger.admit();
  }
}

/** Accounts for a capacity, and hands it on in the order of the queue. Weights have been checked before. */
export class PermitLedger {
  /** How much may be in use at once; code that changes it calls `admit` next. */
  capacity: number;
  /** How much is in use. Only the ledger writes it. */
  inUse = 0;
  /** The waiters. Only the ledger changes it, and a waiter that leaves. */
  readonly waiters: PriorityQueue<PermitWaiter> = new PriorityQueue();
  /** Called when a waiter has come: they may have permits that they can do without. Absent while there are none. */
  onShortage: Set<() => void> | undefined = undefined;

  /** Creates a ledger with everything free. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Takes `weight`, if it is free and there is no waiter. */
  take(weight: number): boolean {
    if (weight === 0) return true;
    if (this.waiters.size > 0 || this.inUse + weight > this.capacity) return false;
    this.inUse += weight;
    return true;
  }

  /** Gives `weight` back. An arrow function, so that all permits share it. */
  readonly give = (weight: number): void => {
    this.inUse -= weight;
    if (this.waiters.size > 0) this.admit();
  };

  /** Puts a waiter into the queue, after `take` has refused it. */
  enqueue(waiter: PermitWaiter): void {
    this.waiters.push(waiter);
    if (waiter.signal !== undefined) addAbortListener(waiter.signal, waiter);
    // It may fit where those behind it, of a lower priority, are too heavy.
    if (this.waiters.peek() === waiter) this.admit();
    if (this.onShortage !== undefined) { for (const listener of [...this.onShortage]) listener(); }
  }

  /** Hands on what is free, after a waiter has left or the capacity has changed. */
  admit(): void {
    for (let head = this.waiters.peek(); head !== undefined; head = this.waiters.peek()) {
      const { signal } = head;
      const isAborted = signal !== undefined && hasAborted(signal);
      if (!isAborted && this.inUse + head.weight > this.capacity) return;
      this.waiters.remove(head);
      if (signal !== undefined) removeAbortListener(signal, head);
      if (isAborted) {
        // The signal is calling its targets one by one, and has not come to this one yet.
        head.reject(signal.reason);
      } else {
        this.inUse += head.weight;
        head.grant();
      }
    }
  }
}
