/**
 * The lane of an origin: everything that decides whether a request may go there now, and what waits for it.
 *
 * @module
 */

import { type Bucket, isFull } from "../primitives/bucket.ts";
import type { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import { type Clock, SHORTEST_WAIT_MS } from "../primitives/clock.ts";
import type { Deadline } from "../primitives/deadline_queue.ts";
import type { LatencyWindow } from "../primitives/latency_window.ts";
import { type LinkedItem, LinkedQueue } from "../primitives/linked_queue.ts";
import type { Claimant, Runnable } from "./claimant.ts";
import type { Errand } from "./errand.ts";
import type { KeyLine } from "./key_line.ts";
import type { KeyedLines } from "./keyed_lines.ts";
import { COST_FACTOR, LaneLimit } from "./lane_limit.ts";
import type { LimitBook } from "./limit_book.ts";
import { Outage } from "./outage.ts";
import type { Pause } from "./pause.ts";
import type { Unavailability } from "./unavailability.ts";
import { Quota } from "./quota.ts";
import type { Receipt } from "./receipt.ts";
import type { RetryRecord } from "./retry_record.ts";
import { SearchableQueue } from "./searchable_queue.ts";
import type { Strain } from "./strain.ts";
import type { Line, Place, Waiter, WaitingLine } from "./waiter.ts";
import { WarmUp } from "./warm_up.ts";

/** How long it is until a sleeping request may find out again how its origin is, in milliseconds; twice that each time. */
const FIRST_TEST_GAP_MS = 250;
const LONGEST_TEST_GAP_MS = 1_000;

/** So long nothing comes from an origin before it may count as silent, in milliseconds; and so many times as long as any answer took. */
export const SILENT_MS = 5_000;
const SLOWER = 2;

/** How often an origin must have answered well before a sleeping request may find that out. */
const FEW = 20;

/** How long ago the latest of these answers may be, in milliseconds. */
const RECENTLY_MS = 10_000;

/** The part of the line in which a probe is looked for, spread evenly over the probes: the golden ratio. */
const PROBE_STEP = 0.618_033_988_749_895;

/** What a lane is made of. */
export interface LaneOptions {
  /** Such as `https://cdn.example.com`. */
  readonly key: string;
  readonly breaker: CircuitBreaker | undefined;
  /** The origin's own bucket. */
  readonly bucket: Bucket | undefined;
  /** How many requests may be in flight there at once. @default {Infinity} */
  readonly maxInFlight?: number | undefined;
  /** Tells whether a pause is over that no request asks about any more; without it, none is. */
  readonly clock?: Clock | undefined;
  /**
   * Whether one request goes ahead of the first burst: requests may share a connection there, and nothing tells how many
   * would be opened otherwise.
   */
  readonly warmsUp?: (() => boolean) | undefined;
  /** Where requests wait that have limits of their own; without it, all wait in one line. */
  readonly keyed?: KeyedLines<Lane> | undefined;
}

/** A response that may state limits. */
export interface StatedAnswer {
  readonly headers: Headers;
  readonly isOk: boolean;
  readonly nowMs: number;
  /** What the attempt counts in; closed. */
  readonly receipt: Receipt | undefined;
  /** How many were in flight in its lane when it came, and how many of its key were unanswered; this one included. */
  readonly inFlight: number;
  readonly openOfKey: number;
}

/** Learns the limits of lanes from their responses. */
export interface Learner {
  /** A response of a lane. */
  learn(lane: Lane, answer: StatedAnswer): void;
  /** Begins a book of limits; so many requests are in flight. */
  begin(underWay: number, nowMs: number): LimitBook;
}

/** One origin, as one client sees it. */
export class Lane implements Claimant, Line<Lane> {
  readonly key: string;
  readonly breaker: CircuitBreaker | undefined;
  readonly bucket: Bucket | undefined;
  /** How many attempts may be in flight there. */
  readonly limit: LaneLimit;
  /** Lets one request go ahead of a burst; absent where connections can't be shared. */
  readonly warmUp: WarmUp | undefined;
  /** How long it has been away, and what that means for requests that wait. */
  readonly outage: Outage;
  attempts = 0;
  succeeded = 0;
  failed = 0;
  bytes = 0;
  /** Attempts that hold a permit. */
  inFlight = 0;
  /** How long its responses take, where that is needed. */
  latencies: LatencyWindow | undefined = undefined;
  /** How much it takes in what time, where it has answered 429. */
  quota: Quota | undefined;
  /** Whether it fails because too much is in flight, since an attempt has failed there. */
  strain: Strain | undefined;
  /** Whether it wants to know of each response: of the first one, where connections may be shared, and where responses state limits. */
  listens = true;
  /** Learns from each response what the limits are, where answers state them. */
  learner: Learner | undefined;
  /** The limits that the origin has stated. */
  book: LimitBook | undefined;
  /** Whether no request may go yet, because what learns the limits is being loaded. */
  isPreparing = false;
  /** What the breaker says to all while it is closed. */
  ticket = 0;
  /** Whether nothing but `limit`, `warmUp` and the bucket has to be asked: no pause, a closed breaker, no waiter. */
  isClear = true;
  /** What it asked for; forgotten at the first look after it has passed. */
  pause: Pause | undefined;
  /** What its pauses concern, since a 503 has asked for one. */
  unavailability: Unavailability | undefined = undefined;
  /** Whether anything has ever come from there, if only an error status. */
  hasAnswered = false;
  /** When something has come from there last, on the client's clock: the headers of an attempt, or the end of a plain one. */
  answeredAtMs: number = -Infinity;
  /** The longest time that an attempt that succeeded has taken, in milliseconds. */
  slowestMs = 0;
  /** When the first attempt failed after that. */
  failingSinceMs: number = -Infinity;
  /** Whether nothing comes from there, and attempts wait for that in vain; and since when. Only `SilentLanes` writes it. */
  isSilent = false;
  silentSinceMs: number = -Infinity;
  /** Whether one more request may go while it is silent, and when one did last, on the client's clock. */
  mayScout = false;
  scoutedAtMs: number = -Infinity;
  /** How many requests were sent for the first time, and not answered, since something has come; and when that was told last. */
  #hung = 0;
  #hungAtMs = -Infinity;
  /** Whether it is not waited for: nothing has ever come from there, and attempts have failed for a while. */
  isAbandoned = false;
  /** When the latest attempt that succeeded began, on the client's clock. */
  succeededAtMs: number = -Infinity;
  /** When the latest attempt that failed began, on the client's clock. */
  failedAtMs: number = -Infinity;
  /** What the latest attempt failed of there, for the errors of requests that are not sent; empty until one fails. */
  failureReason = "";
  /** When the latest retry succeeded, on the client's clock. */
  rescuedAtMs: number = -Infinity;
  /** What becomes of retries; made with the first one of a request that may wait. */
  retries: RetryRecord | undefined = undefined;
  /** When the latest probe was sent, on the client's clock. */
  probedAtMs: number = -Infinity;
  /** How many probes were sent. */
  probes = 0;
  /** Whether a mirror refers to it, so that it must never be made anew. */
  isKept = false;

  /** The lanes of a request that can go nowhere else. */
  readonly alone: readonly [Lane] = [this];
  /** Requests that go before all others: those that were sent and told to come again. */
  readonly urgent: LinkedQueue<Place<Lane>> = new LinkedQueue();
  /** All other requests that wait. */
  readonly waiting: WaitingLine<Place<Lane>>;
  /** The same as `waiting`, where some requests have limits of their own. */
  readonly keyed: KeyedLines<Lane> | undefined;
  entered = 0;
  /** How often in a row the highest priority has gone first while others waited. */
  favours = 0;
  /** Second attempts for which too much was in flight here; they claim again when that has changed. */
  readonly refused: Claimant[] = [];
  /** Requests that sleep in a backoff after a failure here. */
  readonly sleeping: LinkedQueue<Sleeper> = new LinkedQueue();

  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  /** When it is worth looking again at what it is blocked by. Only the scheduler writes it. */
  wakeUp: Deadline | undefined = undefined;
  /** Takes a notice of the bucket back. Only the scheduler writes it. */
  tokenNotice: Disposable | undefined = undefined;
  readonly #clock: Clock | undefined;
  #probePart = 0;
  #testAtMs = -Infinity;
  #testGapMs = FIRST_TEST_GAP_MS;
  #claim: (lane: Lane, nowMs: number) => Runnable | undefined = nothing;

  /** Creates the lane of an origin that was never asked. */
  constructor({ key, breaker, bucket, maxInFlight = Infinity, clock, warmsUp, keyed }: LaneOptions) {
    this.key = key;
    this.breaker = breaker;
    this.bucket = bucket;
    this.limit = new LaneLimit(maxInFlight);
    this.outage = new Outage(breaker);
    if (warmsUp !== undefined && key.startsWith("https:")) this.warmUp = new WarmUp(warmsUp);
    this.#clock = clock;
    this.keyed = keyed;
    this.waiting = keyed ?? new SearchableQueue();
    if (keyed !== undefined) this.isClear = false;
  }

  /** Says what has its requests admitted; called once, by the scheduler. */
  attach(claim: (lane: Lane, nowMs: number) => Runnable | undefined): void {
    this.#claim = claim;
  }

  claim(nowMs: number): Runnable | undefined {
    return this.#claim(this, nowMs);
  }

  get permits(): number {
    return this.inFlight;
  }

  get claimPriority(): number {
    return this.head?.waiter.priority ?? -Infinity;
  }

  /** How many requests wait here; one that has several lanes waits in each. */
  get queued(): number {
    return this.urgent.size + this.waiting.size;
  }

  /** The line of a limit key. */
  lineOf(key: string): KeyLine<Place<Lane>> | undefined {
    return this.keyed?.lineOf(key);
  }

  /** The first in line, but for those that a limit of their key's holds. */
  get head(): Place<Lane> | undefined {
    let place = this.urgent.head;
    while (place?.line?.isBlocked === true) place = place.next;
    return place ?? this.waiting.peek();
  }

  /** Works out anew whether everything but counts and tokens is in order. */
  refresh(): void {
    this.isClear = this.queued === 0 && this.pause === undefined && this.quota === undefined &&
      this.book === undefined && this.keyed === undefined && !this.isPreparing && !this.isSilent &&
      !this.isDown;
  }

  /**
   * Until when no request may go, tokens and permits apart.
   *
   * @param nowMs The time on the client's clock.
   * @returns A time that is not after `nowMs` when the way is free; `Infinity` until something happens.
   */
  blockedUntilMs(nowMs: number): number {
    if (this.inFlight >= this.limit.current || this.isPreparing) return Infinity;
    let untilMs = nowMs + this.pauseLeftMs(nowMs);
    const { breaker } = this;
    if (breaker !== undefined && breaker.state !== "closed") {
      untilMs = Math.max(untilMs, nowMs + breaker.refusesForMs(this.outage.cooldownCapMs));
    }
    if (this.quota !== undefined) untilMs = Math.max(untilMs, this.quota.blockedUntilMs(nowMs));
    if (this.book !== undefined) untilMs = Math.max(untilMs, this.book.blockedUntilMs(nowMs));
    if (this.warmUp !== undefined) untilMs = Math.max(untilMs, this.warmUp.blockedUntilMs(nowMs));
    return untilMs;
  }

  obstacle(nowMs: number): string {
    const { pause, key } = this;
    if (this.isDown) return `the circuit breaker of ${key}`;
    if (pause !== undefined && pause.untilMs > nowMs) return `the end of the pause that ${key} asked for`;
    if (this.quota !== undefined && this.quota.blockedUntilMs(nowMs) > nowMs) return `the quota of ${key}`;
    if (this.book !== undefined && this.book.blockedUntilMs(nowMs) > nowMs) return `the limit of ${key}`;
    if (this.tokenNotice !== undefined) return `a token of ${key}`;
    if (this.inFlight >= this.limit.current) return `a permit of ${key}`;
    if ((this.warmUp?.blockedUntilMs(nowMs) ?? 0) > nowMs) return `the first answer of ${key}`;
    if (this.isSilent) return `a permit that nobody else has use for, as nothing comes from ${key}`;
    return "a permit or a token";
  }

  /** How long an attempt waits there before the origin may count as silent, in milliseconds. */
  get silentAfterMs(): number {
    return Math.max(SILENT_MS, SLOWER * this.slowestMs);
  }

  /** A request that was sent for the first time was not answered for long. */
  noteHung(nowMs: number): void {
    this.#hung = this.hung + 1;
    this.#hungAtMs = nowMs;
  }

  /** How many such requests there were since something has come. */
  get hung(): number {
    return this.answeredAtMs > this.#hungAtMs ? 0 : this.#hung;
  }

  /** Whether nothing has come from there for so long. */
  hasGoneSilent(nowMs: number): boolean {
    return nowMs - this.answeredAtMs >= this.silentAfterMs;
  }

  /** Whether its breaker is not closed. */
  get isDown(): boolean {
    return this.breaker !== undefined && this.breaker.state !== "closed";
  }

  /** Whether a breaker or a pause keep requests away, so that a mirror is a better choice. */
  isHealthy(nowMs: number): boolean {
    return this.pauseLeftMs(nowMs) === 0 && (this.breaker?.retryAfterMs ?? 0) === 0;
  }

  /** How long it asked to wait, from now, in milliseconds. */
  pauseLeftMs(nowMs: number): number {
    if (this.pause === undefined) return 0;
    const leftMs = this.pause.untilMs - nowMs;
    if (leftMs > SHORTEST_WAIT_MS) return leftMs;
    this.pause = undefined;
    this.refresh();
    return 0;
  }

  /**
   * Makes all requests wait for this origin; a shorter wait than the one in force changes nothing.
   *
   * @param pause What the origin asked for.
   * @param nowMs The time on the client's clock.
   * @param isOverloaded Whether it asked because too much was sent. Once a pause, that halves the limit, until it is known how
   * much the origin takes in what time. A limit that adapts itself is only kept from growing back at once.
   */
  pauseFor(pause: Pause, nowMs: number, isOverloaded: boolean): void {
    if (isOverloaded && this.pause === undefined) {
      // What the origin has stated says it all, if that is used up.
      const isExplained = this.book !== undefined && this.book.blockedUntilMs(nowMs) > nowMs;
      if (!isExplained) {
        // A pause that concerns only a part costs little.
        const costMs = this.unavailability === undefined ? pause.untilMs - nowMs : 0;
        this.#noteOverload(nowMs, nowMs + COST_FACTOR * costMs);
      }
    }
    if (this.pause !== undefined && this.pause.untilMs >= pause.untilMs) return;
    this.pause = pause;
    if (this.quota !== undefined) this.quota.pausedUntilMs = pause.untilMs;
    if (this.unavailability !== undefined) this.unavailability.pausedUntilMs = pause.untilMs;
    this.isClear = false;
  }

  /**
   * An attempt has ended, and was counted: a pause that a 503 has asked for is over if it turns out that the others are served.
   *
   * @param isServed Whether it has succeeded.
   * @param startedAtMs When it began, on the client's clock.
   * @param nowMs The time on that clock.
   */
  reconsiderPause(isServed: boolean, startedAtMs: number, nowMs: number): void {
    if (this.pauseLeftMs(nowMs) === 0) return this.unavailability?.settle();
    if (this.unavailability?.note(this, isServed, startedAtMs, nowMs) !== true) return;
    this.pause = undefined;
    if (this.quota !== undefined) this.quota.pausedUntilMs = nowMs;
    this.refresh();
  }

  #noteOverload(nowMs: number, heldUntilMs: number): void {
    this.quota ??= new Quota();
    this.quota.notePause(nowMs, this.limit.atOnce(this.inFlight));
    this.limit.halve(this.inFlight, this.quota.isKnown, heldUntilMs);
  }

  /** Learns from each response what the limits are, from now on. */
  prepare(learner: Learner): void {
    this.learner = learner;
    this.listens = true;
    this.isPreparing = false;
    this.refresh();
  }

  /** Keeps to the limits of a book from now on. */
  keepBook(book: LimitBook): void {
    this.book = book;
    this.isClear = false;
  }

  /**
   * An attempt is about to be sent there.
   *
   * @param nowMs The time on the client's clock.
   * @param cooldownCapMs The longest cooldown that the requests in line allow, in milliseconds.
   * @returns The ticket of the breaker.
   */
  enter(nowMs: number, cooldownCapMs: number): number {
    this.warmUp?.noteSent(nowMs);
    this.quota?.noteSent(nowMs);
    if (this.breaker === undefined) return 0;
    if (this.breaker.state !== "closed") {
      this.probedAtMs = nowMs;
      this.probes++;
    }
    return this.breaker.enter(cooldownCapMs);
  }

  /**
   * An attempt that began then has been answered.
   *
   * @returns Whether some may have waited for a first response.
   */
  answered(startedAtMs: number): boolean {
    this.hasAnswered = true;
    this.listens = this.warmUp !== undefined || this.learner !== undefined || this.keyed !== undefined ||
      this.isPreparing;
    return this.warmUp?.noteAnswer(startedAtMs) ?? false;
  }

  /**
   * Chooses which request finds out whether the origin is back: another request each time, since the first in line may be asking for
   * something that always fails.
   *
   * @param isFit Whether a waiter may be it.
   */
  chooseProbe(isFit: (waiter: Waiter<Lane>) => boolean): Waiter<Lane> | undefined {
    this.#probePart = (this.#probePart + PROBE_STEP) % 1;
    let skipped = Math.floor(this.#probePart * this.waiting.size);
    let chosen: Waiter<Lane> | undefined;
    this.waiting.find(({ waiter }) => {
      if (isFit(waiter)) chosen = waiter;
      return skipped-- <= 0 && chosen !== undefined;
    });
    return chosen;
  }

  /**
   * Whether a request that sleeps may find out how the origin is, which was well not long ago, because no request asks it: one
   * at a time, and with a longer gap after each that was in vain.
   */
  tryTest(nowMs: number): boolean {
    const wasWell = this.succeeded >= FEW && nowMs - this.succeededAtMs <= RECENTLY_MS;
    if (!wasWell || this.inFlight > 0 || nowMs < this.#testAtMs) return false;
    this.#testGapMs = nowMs - this.succeededAtMs < this.#testGapMs
      ? FIRST_TEST_GAP_MS
      : Math.min(LONGEST_TEST_GAP_MS, 2 * this.#testGapMs);
    this.#testAtMs = nowMs + this.#testGapMs;
    return true;
  }

  /** Whether it would be the same if it were met anew. */
  get isQuiet(): boolean {
    const { breaker, bucket } = this;
    return !this.isInUse && this.quota === undefined && this.limit.isNew && (breaker?.isQuiet ?? true) &&
      (this.book === undefined || this.book.isQuiet(this.#clock?.now() ?? -Infinity)) &&
      (this.keyed === undefined || this.keyed.isQuiet) &&
      (bucket === undefined || isFull(bucket));
  }

  /**
   * Whether requests have to do with it now, or it keeps them away: if it were made anew, its limits would hold twice, or not
   * at all.
   */
  get isInUse(): boolean {
    if (this.isKept || this.inFlight > 0 || this.queued > 0 || this.sleeping.size > 0) return true;
    if (this.pause !== undefined && !(this.pause.untilMs <= (this.#clock?.now() ?? -Infinity))) return true;
    if (this.isPreparing || this.keyed?.isInUse === true) return true;
    if (this.book !== undefined && this.#clock !== undefined) {
      const nowMs = this.#clock.now();
      if (this.book.blockedUntilMs(nowMs) > nowMs) return true;
    }
    return (this.breaker?.retryAfterMs ?? 0) > 0;
  }
}

/** A request that sleeps in a backoff, and may be told that there is nothing to wait for. */
export interface Sleeper extends LinkedItem<Sleeper> {
  readonly errand: Errand;
  /** Ends the sleep: what it waits for will not come. */
  giveUp(): void;
}

function nothing(): undefined {}
