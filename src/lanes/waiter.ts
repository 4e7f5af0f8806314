/**
 * The requests that wait for a lane, and their places in its line.
 *
 * @module
 */

import type { LinkedQueue } from "../primitives/linked_queue.ts";
import type { PriorityItem } from "../primitives/priority_queue.ts";
import type { Deadline } from "../primitives/deadline_queue.ts";
import type { Runnable } from "./claimant.ts";
import type { Errand } from "./errand.ts";
import type { KeyLine } from "./key_line.ts";
import type { SearchableQueue } from "./searchable_queue.ts";

/** The waiting requests, by priority, and by age within a priority. */
export type WaitingLine<P extends PriorityItem<P>> = Pick<
  SearchableQueue<P>,
  "size" | "isMixed" | "push" | "remove" | "peek" | "find" | "oldestBelow" | "forEach"
>;

/** A line of waiters: first the urgent ones, then the others by priority. */
export interface Line<L extends Line<L>> {
  readonly urgent: LinkedQueue<Place<L>>;
  readonly waiting: WaitingLine<Place<L>>;
  /** How many places are taken. */
  readonly queued: number;
  /** Whether there is no waiter, among other conditions. */
  isClear: boolean;
  /** How many places were ever taken. */
  entered: number;
  /** Returns the line of a limit key; `undefined` where no request has a limit key. */
  lineOf(key: string): KeyLine<Place<L>> | undefined;
  /** Computes `isClear` anew. */
  refresh(): void;
  /** Returns the obstacle that requests in line wait for, in the words of an error. */
  obstacle(nowMs: number): string;
}

/** A waiter's place in the queue of one lane. */
export class Place<L extends Line<L>> implements PriorityItem<Place<L>> {
  previous: Place<L> | undefined = undefined;
  next: Place<L> | undefined = undefined;
  readonly lane: L;
  priority: number;
  /** Whether the place is before all requests that were never sent. */
  isUrgent: boolean;
  /** The line of the waiter's limit key in this lane. */
  readonly line: KeyLine<Place<L>> | undefined;
  /** The number of the place in the order of arrival. */
  order = 0;
  #waiter: Waiter<L> | undefined;

  /** Creates a place that is in no queue yet. Without a waiter, the place is the waiter itself. */
  constructor(lane: L, { priority, limitKey }: Errand, isUrgent: boolean, waiter?: Waiter<L>) {
    this.lane = lane;
    this.priority = priority;
    this.isUrgent = isUrgent;
    this.line = limitKey === undefined ? undefined : lane.lineOf(limitKey);
    this.#waiter = waiter;
  }

  /** The waiter that has the place. */
  get waiter(): Waiter<L> {
    return this.#waiter ?? this as unknown as Waiter<L>;
  }

  /** Enters the queue. */
  enter(): void {
    this.order = ++this.lane.entered;
    if (this.isUrgent) this.lane.urgent.push(this);
    else this.lane.waiting.push(this);
    if (this.line !== undefined) this.line.queued++;
    this.lane.isClear = false;
  }

  /** Leaves the queue. */
  leave(): void {
    if (this.isUrgent) this.lane.urgent.remove(this);
    else this.lane.waiting.remove(this);
    if (this.line !== undefined) this.line.queued--;
    if (this.lane.queued === 0) this.lane.refresh();
  }
}

/** A request in line for one lane, or for any of several: those of the mirrors that could answer it. It holds nothing else. */
export abstract class Waiter<L extends Line<L>> extends Place<L> {
  readonly errand: Errand;
  /** The lanes that the request may go to, the preferred one first. */
  readonly lanes: readonly L[];
  /** Whether the request is in line. */
  isWaiting = false;
  /** Whether the request does not want its admission any more. Only the scheduler writes it. */
  isCancelled = false;
  /**
   * The next time that the request checks whether it may go, on runtimes where no other timer does. Only the scheduler writes it.
   */
  poll: Deadline | undefined = undefined;
  /** The deadline of its wait in line, under load shedding. Only the scheduler writes it. */
  limit: Deadline | undefined = undefined;
  /** The waiter's places in all lines but the first. */
  readonly #others: readonly Place<L>[] | undefined;

  /** Creates a waiter that is not in line yet. */
  constructor(errand: Errand, lanes: readonly L[], isUrgent: boolean) {
    super(lanes[0]!, errand, isUrgent);
    this.errand = errand;
    this.lanes = lanes;
    if (lanes.length > 1) {
      this.#others = lanes.slice(1).map((lane) => new Place<L>(lane, errand, isUrgent, this));
    }
  }

  /** Returns the waiter's place in one of its lanes. */
  placeIn(lane: L): Place<L> | undefined {
    return lane === this.lane ? this : this.#others?.find((place) => place.lane === lane);
  }

  /** Enters all lines. */
  enterAll(): void {
    this.isWaiting = true;
    this.enter();
    if (this.#others !== undefined) { for (const place of this.#others) place.enter(); }
  }

  /** Leaves all lines. */
  leaveAll(): void {
    this.isWaiting = false;
    this.leave();
    if (this.#others !== undefined) { for (const place of this.#others) place.leave(); }
  }

  /** Raises the priority; only while the waiter is in no line. */
  raise(priority: number): void {
    this.priority = priority;
    if (this.#others !== undefined) { for (const place of this.#others) place.priority = priority; }
  }

  /**
   * Returns the obstacle that the request waits for, in the words of an error; in several lines, the obstacles of all of them.
   */
  purpose(nowMs: number): string {
    return [...new Set(this.lanes.map((lane) => lane.obstacle(nowMs)))].join(" or ");
  }

  /**
   * Called when the request has been admitted, with everything that it needs; it is in no line any more.
   *
   * @param lane The lane that admits it.
   * @param ticket The ticket of the lane's breaker.
   * @returns The waiter itself if the code that admits it has to run it.
   */
  abstract onAdmitted(lane: L, ticket: number): Runnable | undefined;

  /** Called when the request must not wait any longer; it is in no line any more. */
  abstract onRefused(error: Error): void;
}

/** Whether one place was taken before another one in the same lane. */
export function isOlder<L extends Line<L>>(a: Place<L>, b: Place<L>): boolean {
  return a.order < b.order;
}
