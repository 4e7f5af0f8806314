/**
 * Origins from which nothing comes must not hold what others could use.
 *
 * @module
 */

import type { Deadline, Deadlines, DeadlineTarget } from "../primitives/deadline_queue.ts";
import type { Allowance } from "./allowance.ts";
import type { Lane } from "./lane.ts";

/** So long an attempt waits before its origin, from which nothing has ever come, counts as silent, in milliseconds. */
const SILENT_MS = 5_000;
/** How long it is until those that wait are looked at again, in milliseconds. */
const AGAIN_MS = 1_000;
/** Silent origins may hold one of so many permits while others have use for them. */
const PERMITS_FOR_ONE = 4;

/** An attempt to reach an origin from which nothing has ever come. */
export interface UnansweredAttempt {
  readonly lane: Lane;
  /** When it was sent, on the client's clock. */
  readonly sentAtMs: number;
  /** What its batch may have in flight; absent for a single request. */
  readonly allowance: Allowance | undefined;
  /** Whether it is still waited for. */
  readonly isPending: boolean;
  /** Whether it may be sent again, and was not for this reason. */
  readonly mayGiveWay: boolean;
  /** Ends it; its request gets in line again. */
  giveWay(): void;
}

/** What there is to know of permits. */
export interface PermitView {
  /** How many permits there are. */
  readonly capacity: number;
  /** The time on the client's clock. */
  now(): number;
  /** Whether there is no permit left, and somebody wants one that waits for no silent origin, and is not this batch. */
  isWantedBeside(allowance: Allowance | undefined): boolean;
}

/**
 * Keeps requests to silent origins, such as hosts behind a firewall that drops everything, from taking all permits until they time out.
 * While other origins serve requests that want them, a quarter of the permits is left to silent ones: no more are sent there, and what is
 * in flight beyond that is ended, the latest first, and sent again in its turn, once for each request. The others have their whole time.
 */
export class SilentLanes implements DeadlineTarget {
  readonly #view: PermitView;
  readonly #deadlines: Deadlines;
  /** In the order in which they were sent. */
  #attempts: UnansweredAttempt[] = [];
  #timer: Deadline | undefined;
  /** How many permits silent lanes hold. */
  #inFlight = 0;
  /** When an origin has served a request last, on the client's clock. */
  servedAtMs: number = -Infinity;
  /** When an attempt has given way last to find out whether others are served. */
  #scoutedAtMs = -Infinity;
  /** How long it is until the next one may. */
  #scoutGapMs = SILENT_MS;
  /** Lanes whose requests wait until others have no use for the permits. */
  readonly #aside = new Set<Lane>();
  /** Whether there are any; no getter, as it is asked after each request. */
  hasAside = false;

  /** Begins without attempts; the deadlines are such as keep no process alive. */
  constructor(view: PermitView, deadlines: Deadlines) {
    this.#view = view;
    this.#deadlines = deadlines;
  }

  /** An attempt is being sent to an origin from which nothing has ever come. */
  watch(attempt: UnansweredAttempt): void {
    this.#attempts.push(attempt);
    this.#timer ??= this.#deadlines.add(this, SILENT_MS, attempt.sentAtMs);
  }

  /** Forgets attempts that have ended, or were answered. */
  tidy(): void {
    this.#attempts = this.#attempts.filter(({ isPending, lane }) => isPending && !lane.hasAnswered);
    if (this.#attempts.length > 0 || this.#timer === undefined) return;
    this.#deadlines.remove(this.#timer);
    this.#timer = undefined;
  }

  /** A permit is taken, or given back, for a silent lane. */
  count(permits: 1 | -1): void {
    this.#inFlight += permits;
  }

  /**
   * Something has come from a lane for the first time.
   *
   * @returns Whether it counted as silent, so that others may go now.
   */
  noteAnswer(lane: Lane): boolean {
    this.tidy();
    if (!lane.isSilent) return false;
    this.#inFlight -= lane.inFlight;
    lane.isSilent = false;
    this.#aside.delete(lane);
    this.hasAside = this.#aside.size > 0;
    lane.refresh();
    return true;
  }

  /** Whether silent lanes hold as much as they may have while others want permits; and a batch, of what it may have in flight. */
  areFull(allowance: Allowance | undefined): boolean {
    return this.#inFlight >= this.#room(allowance);
  }

  #room(allowance: Allowance | undefined): number {
    const permits = Math.min(this.#view.capacity, allowance?.concurrency ?? Infinity);
    return Math.max(1, Math.floor(permits / PERMITS_FOR_ONE));
  }

  /** Has a lane wait. */
  setAside(lane: Lane): void {
    this.#aside.add(lane);
    this.hasAside = true;
  }

  /** Lanes that have waited, which may claim again: so many of them at the most. */
  recall(most: number): readonly Lane[] {
    const recalled: Lane[] = [];
    for (const lane of this.#aside) {
      if (recalled.length >= most) break;
      this.#aside.delete(lane);
      if (lane.queued > 0) recalled.push(lane);
    }
    this.hasAside = this.#aside.size > 0;
    return recalled;
  }

  /** Some attempt may have waited for long enough. */
  onDeadline(): void {
    this.#timer = undefined;
    this.tidy();
    const [first] = this.#attempts;
    if (first === undefined) return;
    const nowMs = this.#view.now();
    const silent = this.#attempts.filter(({ sentAtMs }) => nowMs - sentAtMs >= SILENT_MS);
    const dueMs = silent.length > 0 ? AGAIN_MS : first.sentAtMs + SILENT_MS - nowMs;
    this.#timer = this.#deadlines.add(this, dueMs, nowMs);
    for (const { lane } of silent) this.#silence(lane);
    this.#makeRoom(silent, nowMs);
  }

  #silence(lane: Lane): void {
    if (lane.isSilent) return;
    lane.isSilent = true;
    lane.isClear = false;
    this.#inFlight += lane.inFlight;
  }

  /** Has attempts give way that are more than silent origins may have. */
  #makeRoom(silent: readonly UnansweredAttempt[], nowMs: number): void {
    let left = silent.length;
    for (const attempt of silent.toReversed()) {
      const { allowance, sentAtMs } = attempt;
      if (left <= this.#room(allowance)) return;
      if (!attempt.isPending || !attempt.mayGiveWay) continue;
      if (this.servedAtMs >= sentAtMs) {
        const isWanted = this.#view.isWantedBeside(undefined) ||
          (allowance !== undefined && isFull(allowance));
        if (!isWanted) continue;
        // It may be the network itself that is silent: one makes room to find that out. All of its own batch may be for the same origin.
      } else if (!this.#view.isWantedBeside(allowance) || !this.#tryScout(nowMs)) continue;
      left--;
      attempt.giveWay();
    }
  }

  /** Whether one may give way although nobody is known to be served: the longer that goes on, the more seldom. */
  #tryScout(nowMs: number): boolean {
    if (this.servedAtMs >= this.#scoutedAtMs) this.#scoutGapMs = SILENT_MS;
    else if (nowMs - this.#scoutedAtMs < this.#scoutGapMs) return false;
    else this.#scoutGapMs *= 2;
    this.#scoutedAtMs = nowMs;
    return true;
  }
}

/** Whether a batch would pull further requests if it had places for them. */
function isFull({ hasMore, active, concurrency, asleep, maxWaiting }: Allowance): boolean {
  return hasMore && active >= concurrency && asleep < maxWaiting;
}
