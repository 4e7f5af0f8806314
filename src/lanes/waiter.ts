/**
 * What waits for a lane.
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

/** The requests that wait, by priority, and by age within a priority. */
export type WaitingLine<P extends PriorityItem<P>> = Pick<
  SearchableQueue<P>,
  "size" | "isMixed" | "push" | "remove" | "peek" | "find" | "oldestBelow" | "forEach"
>;

/** A line that waiters stand in: those that are urgent before all others, and these by priority. */
export interface Line<L extends Line<L>> {
  readonly urgent: LinkedQueue<Place<L>>;
  readonly waiting: WaitingLine<Place<L>>;
  /** How many places there are. */
  readonly queued: number;
  /** Whether there is no waiter, among other things. */
  isClear: boolean;
  /** How many have ever got in line. */
  entered: number;
  /** The line of a limit key; `undefined` where keys mean nothing. */
  lineOf(key: string): KeyLine<Place<L>> | undefined;
  /** Works out anew whether it is clear. */
  refresh(): void;
  /** What those in line wait for, as an error says it. */
  obstacle(nowMs: number): string;
}

/** A waiter's place in the queue of one lane. */
export class Place<L extends Line<L>> implements PriorityItem<Place<L>> {
  previous: Place<L> | undefined = undefined;
  next: Place<L> | undefined = undefined;
  readonly lane: L;
  priority: number;
  /** Whether it stands before all that were never sent. */
  isUrgent: boolean;
  /** The line of its limit key in this lane. */
  readonly line: KeyLine<Place<L>> | undefined;
  /** How many had got in line there before, or at the same time. */
  order = 0;
  #waiter: Waiter<L> | undefined;

  /** Creates a place, which is in no queue yet; a waiter is its own first one. */
  constructor(lane: L, { priority, limitKey }: Errand, isUrgent: boolean, waiter?: Waiter<L>) {
    this.lane = lane;
    this.priority = priority;
    this.isUrgent = isUrgent;
    this.line = limitKey === undefined ? undefined : lane.lineOf(limitKey);
    this.#waiter = waiter;
  }

  /** Whose place it is. */
  get waiter(): Waiter<L> {
    return this.#waiter ?? this as unknown as Waiter<L>;
  }

  /** Takes its place in the queue. */
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

/**
 * A request in line for one lane, or for any of several: those of the mirrors that could answer it. It holds nothing else.
 */
export abstract class Waiter<L extends Line<L>> extends Place<L> {
  readonly errand: Errand;
  /** The lanes that would do, the preferred one first. */
  readonly lanes: readonly L[];
  /** Whether it is in line. */
  isWaiting = false;
  /** Whether its admission is not wanted any more. Only the scheduler writes it. */
  isCancelled = false;
  /** When it looks whether it may go, where no other timer does. Only the scheduler writes it. */
  poll: Deadline | undefined = undefined;
  /** When it has stood in line for too long. Only the scheduler writes it. */
  limit: Deadline | undefined = undefined;
  /** Its places in all lines but the first. */
  readonly #others: readonly Place<L>[] | undefined;

  /** Creates a waiter, which is not in line yet. */
  constructor(errand: Errand, lanes: readonly L[], isUrgent: boolean) {
    super(lanes[0]!, errand, isUrgent);
    this.errand = errand;
    this.lanes = lanes;
    if (lanes.length > 1) {
      this.#others = lanes.slice(1).map((lane) => new Place<L>(lane, errand, isUrgent, this));
    }
  }

  /** Its place in one of its lanes. */
  placeIn(lane: L): Place<L> | undefined {
    return lane === this.lane ? this : this.#others?.find((place) => place.lane === lane);
  }

  /** Takes its places in all lines. */
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

  /** Goes before others from now on; only while it is in no line. */
  raise(priority: number): void {
    this.priority = priority;
    if (this.#others !== undefined) { for (const place of this.#others) place.priority = priority; }
  }

  /** What it waits for, as an error says it: in several lines, for the first of several things. */
  purpose(nowMs: number): string {
    return [...new Set(this.lanes.map((lane) => lane.obstacle(nowMs)))].join(" or ");
  }

  /**
   * Called when it has been admitted, with everything that it needs; it is in no line any more.
   *
   * @param lane The lane that admits it.
   * @param ticket What the lane's breaker said.
   * @returns Itself if the code that admits it has to run it.
   */
  abstract onAdmitted(lane: L, ticket: number): Runnable | undefined;

  /** Called when it is of no use to wait any longer; it is in no line any more. */
  abstract onRefused(error: Error): void;
}

/** Whether one place was taken before another one in the same lane. */
export function isOlder<L extends Line<L>>(a: Place<L>, b: Place<L>): boolean {
  return a.order < b.order;
}
