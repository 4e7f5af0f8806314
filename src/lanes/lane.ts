/**
 * The lane of an origin: everything that decides whether a request may go there now, and who waits for it.
 *
 * @module
 */

import { type Bucket, isFull } from "../primitives/bucket.ts";
import type { CircuitBreaker } from "../primitives/circuit_breaker.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Deadline } from "../primitives/deadline_queue.ts";
import type { LatencyWindow } from "../primitives/latency_window.ts";
import type { LimitEstimator } from "../primitives/limit_estimator.ts";
import { type LinkedItem, LinkedQueue } from "../primitives/linked_queue.ts";
import type { Claimant, Runnable } from "./claimant.ts";
import type { Errand } from "./errand.ts";
import type { Pause } from "./pause.ts";
import type { KeyLine } from "./key_line.ts";
import type { KeyedLines } from "./keyed_lines.ts";
import type { LimitBook } from "./limit_book.ts";
import { Quota } from "./quota.ts";
import type { Receipt } from "./receipt.ts";
import { SearchableQueue } from "./searchable_queue.ts";
import type { Line, Place, Waiter, WaitingLine } from "./waiter.ts";

/** A wait shorter than this, in milliseconds, is none: where it does not move the clock it would never end. */
const SHORTEST_WAIT_MS = 1e-3;

/** After so long without an attempt, connections count as closed, in milliseconds. */
const IDLE_MS = 60_000;

/** The longest that a burst waits for the request ahead of it, in milliseconds; a server may be slow to answer. */
const WARM_UP_MS = 500;

/** While requests of a batch wait, no cooldown is longer than this, or than the first one, in milliseconds. */
const PATIENT_COOLDOWN_MS = 500;

/** Or this share of how old the outage is, so that who waits learns of its end soon, as things go. */
const PATIENT_SHARE = 0.1;

/** A limit that was too much before is tried again after so many times as many successes, twice that each time. */
const FIRST_CAUTION = 4;
const MOST_CAUTION = 128;

/** How long it is until a sleeping request may find out again how its origin is, in milliseconds; twice that each time. */
const FIRST_TEST_GAP_MS = 250;
const LONGEST_TEST_GAP_MS = 1_000;

/** So often an origin must have answered well for that. */
const FEW = 20;

/** And so long ago at most, in milliseconds. */
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

/** An answer that may state limits. */
export interface StatedAnswer {
  readonly headers: Headers;
  readonly isOk: boolean;
  readonly nowMs: number;
  /** What the attempt counts in; closed. */
  readonly receipt: Receipt | undefined;
}

/** Learns the limits of lanes from their answers. */
export interface Learner {
  /** An answer of a lane. */
  learn(lane: Lane, answer: StatedAnswer): void;
  /** Begins a book of limits; so many requests are under way. */
  begin(underWay: number, nowMs: number): LimitBook;
}

/** One origin, as one client sees it. */
export class Lane implements Claimant, Line<Lane> {
  readonly key: string;
  readonly breaker: CircuitBreaker | undefined;
  readonly bucket: Bucket | undefined;
  /** The most that may be in flight while all is well. */
  maxInFlight: number;
  attempts = 0;
  succeeded = 0;
  failed = 0;
  bytes = 0;
  /** Attempts that hold a permit. */
  inFlight = 0;
  /** How many there may be; lowered by 429s, and raised again by successes. */
  limit: number;
  /** What `maxInFlight` follows, where it adapts itself. */
  estimator: LimitEstimator | undefined;
  /** How long its answers take, where that is needed. */
  latencies: LatencyWindow | undefined = undefined;
  /** How much it takes in what time, where it has answered 429. */
  quota: Quota | undefined;
  /** Whether it wants to know of each answer: of the first one, where connections may be shared, and where answers state limits. */
  listens = true;
  /** Learns from each answer what the limits are, where answers state them. */
  learner: Learner | undefined;
  /** The limits that the origin has stated. */
  book: LimitBook | undefined;
  /** Whether no request may go yet, because what learns the limits is being loaded. */
  isPreparing = false;
  /** What the breaker says to all while it is closed. */
  ticket = 0;
  /** Whether nothing but `limit`, `warmUntilMs` and the bucket has to be asked: no pause, a closed breaker, no waiter. */
  isClear = true;
  /** What it asked for; forgotten at the first look after it has passed. */
  pause: Pause | undefined;
  /** Until when connections count as open, on the client's clock; `Infinity` where that does not matter. */
  warmUntilMs: number;
  /** When the breaker opened first since it was closed; absent while it is closed. */
  outageSinceMs: number | undefined;
  /** The outage that the headers of a probe have ended, and how many had succeeded by then; absent when its body has come whole. */
  doubtedOutage: { readonly sinceMs: number; readonly succeeded: number } | undefined;
  /** Whether anything has ever come from there, if only an error status. */
  hasAnswered = false;
  /** When the first attempt failed, while nothing has ever come from there. */
  failingSinceMs: number | undefined;
  /** Whether it is not waited for: nothing has ever come from there, and attempts have failed for a while. */
  isAbandoned = false;
  /** When the latest attempt that succeeded began, on the client's clock. */
  succeededAtMs: number = -Infinity;
  /** When the latest retry succeeded, on the client's clock. */
  rescuedAtMs: number = -Infinity;
  /** When the latest probe was sent, on the client's clock. */
  probedAtMs: number = -Infinity;
  /** Whether a mirror refers to it, so that it must never be made anew. */
  isKept = false;

  /** The lanes of a request that can go nowhere else. */
  readonly alone: readonly [Lane] = [this];
  /** Requests that go before all others: those that were sent and told to come again. */
  readonly urgent: LinkedQueue<Place<Lane>> = new LinkedQueue();
  /** All other requests that wait. */
  readonly waiting: WaitingLine<Place<Lane>>;
  /** The same, where some have limits of their own. */
  readonly keyed: KeyedLines<Lane> | undefined;
  entered = 0;
  /** How often in a row the highest priority has gone first while others waited. */
  favours = 0;
  /** Requests that sleep in a backoff after a failure here. */
  readonly sleeping: LinkedQueue<Sleeper> = new LinkedQueue();

  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  /** When it is worth looking again at what it is blocked by. Only the scheduler writes it. */
  wakeUp: Deadline | undefined = undefined;
  /** Takes a notice of the bucket back. Only the scheduler writes it. */
  tokenNotice: Disposable | undefined = undefined;
  /** When the patience of those who wait ends first, on the client's clock. */
  patienceEndMs: number = Infinity;
  /** The most that those who wait let a cooldown last, in milliseconds. */
  cooldownCapMs: number = Infinity;
  readonly #warmsUp: (() => boolean) | undefined;
  readonly #clock: Clock | undefined;
  #warmingUntilMs = 0;
  #probePart = 0;
  #testAtMs = -Infinity;
  #testGapMs = FIRST_TEST_GAP_MS;
  /** Successes since the limit was changed. */
  #gained = 0;
  /** The most that was not too much, when the limit was lowered last. */
  #ceiling = Infinity;
  /** How many times as many successes it takes to grow beyond that. */
  #caution = FIRST_CAUTION;
  #claim: (lane: Lane, nowMs: number) => Runnable | undefined = nothing;

  /** Creates the lane of an origin that was never asked. */
  constructor({ key, breaker, bucket, maxInFlight = Infinity, clock, warmsUp, keyed }: LaneOptions) {
    this.key = key;
    this.breaker = breaker;
    this.bucket = bucket;
    this.maxInFlight = maxInFlight;
    this.limit = maxInFlight;
    this.#warmsUp = warmsUp;
    this.#clock = clock;
    this.keyed = keyed;
    this.waiting = keyed ?? new SearchableQueue();
    if (keyed !== undefined) this.isClear = false;
    this.warmUntilMs = warmsUp !== undefined && key.startsWith("https:") ? -Infinity : Infinity;
  }

  /** Says who has its requests admitted; called once, by the scheduler. */
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
      this.book === undefined && this.keyed === undefined && !this.isPreparing &&
      (this.breaker === undefined || this.breaker.state === "closed");
  }

  /**
   * Until when no request may go, tokens and permits apart.
   *
   * @param nowMs The time on the client's clock.
   * @returns A time that is not after `nowMs` when the way is free; `Infinity` until something happens.
   */
  blockedUntilMs(nowMs: number): number {
    if (this.inFlight >= this.limit || this.isPreparing) return Infinity;
    let untilMs = nowMs + this.pauseLeftMs(nowMs);
    const { breaker } = this;
    if (breaker !== undefined && breaker.state !== "closed") {
      untilMs = Math.max(untilMs, nowMs + breaker.refusesForMs(this.cooldownCapMs));
    }
    if (this.quota !== undefined) untilMs = Math.max(untilMs, this.quota.blockedUntilMs(nowMs));
    if (this.book !== undefined) untilMs = Math.max(untilMs, this.book.blockedUntilMs(nowMs));
    if (this.#isWarmingUp(nowMs)) untilMs = Math.max(untilMs, this.#warmingUntilMs);
    return untilMs;
  }

  obstacle(nowMs: number): string {
    const { breaker, pause, key } = this;
    if (breaker !== undefined && breaker.state !== "closed") return `the circuit breaker of ${key}`;
    if (pause !== undefined && pause.untilMs > nowMs) return `the end of the pause that ${key} asked for`;
    if (this.quota !== undefined && this.quota.blockedUntilMs(nowMs) > nowMs) return `the quota of ${key}`;
    if (this.book !== undefined && this.book.blockedUntilMs(nowMs) > nowMs) return `the limit of ${key}`;
    if (this.tokenNotice !== undefined) return `a token of ${key}`;
    if (this.inFlight >= this.limit) return `a permit of ${key}`;
    if (this.#isWarmingUp(nowMs)) return `the first answer of ${key}`;
    return "a permit or a token";
  }

  #isWarmingUp(nowMs: number): boolean {
    return nowMs >= this.warmUntilMs && nowMs < this.#warmingUntilMs - SHORTEST_WAIT_MS;
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
   * Makes everybody wait for this origin; a shorter wait than the one in force changes nothing.
   *
   * @param pause What the origin asked for.
   * @param nowMs The time on the client's clock.
   * @param isOverloaded Whether it asked because too much was sent. Once a pause, that halves the limit, until it is known how
   * much the origin takes in what time. A limit that adapts itself has heard of it already.
   */
  pauseFor(pause: Pause, nowMs: number, isOverloaded: boolean): void {
    if (isOverloaded && this.pause === undefined) {
      // What the origin has stated says it all, if that is used up.
      const isExplained = this.book !== undefined && this.book.blockedUntilMs(nowMs) > nowMs;
      if (!isExplained) this.#noteOverload(nowMs);
    }
    if (this.pause !== undefined && this.pause.untilMs >= pause.untilMs) return;
    this.pause = pause;
    this.isClear = false;
  }

  #noteOverload(nowMs: number): void {
    const atOnce = this.limit === Infinity ? this.inFlight : this.limit;
    this.quota ??= new Quota();
    this.quota.notePause(nowMs, atOnce);
    if (this.estimator === undefined) this.#halve(atOnce, this.quota.isKnown);
  }

  /** Learns from each answer what the limits are, from now on. */
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

  #halve(atOnce: number, isQuotaKnown: boolean): void {
    this.limit = isQuotaKnown
      ? this.maxInFlight
      : Math.max(1, Math.floor(Math.min(this.limit, this.inFlight) / 2));
    this.#gained = 0;
    this.#ceiling = atOnce - 1;
    this.#caution = Math.min(MOST_CAUTION, 2 * this.#caution);
  }

  /** Follows an estimator from now on. */
  follow(estimator: LimitEstimator): void {
    this.estimator = estimator;
    this.#adapt(estimator.limit);
  }

  /**
   * Tells the estimator what has become of an attempt, which still counts as in flight.
   *
   * @returns Whether more may be in flight now.
   */
  sample(latencyMs: number, isDropped: boolean, nowMs: number): boolean {
    const { estimator, limit } = this;
    if (!estimator?.note(latencyMs, this.inFlight, isDropped, nowMs)) return false;
    this.#adapt(estimator.limit);
    return this.limit > limit;
  }

  /** What has lowered the limit for another reason still holds. */
  #adapt(most: number): void {
    this.limit = this.limit === this.maxInFlight ? most : Math.min(this.limit, most);
    this.maxInFlight = most;
  }

  /** An attempt found no room in this process: no more than the others must be in flight, until more succeed. */
  shrink(): void {
    this.limit = Math.max(1, Math.min(this.limit, this.inFlight - 1));
    this.#gained = 0;
    this.#ceiling = this.limit;
  }

  /**
   * A success, after which more may be in flight: the limit grows by one for as many successes as it is large, up to what was
   * too much; beyond that for many times as many, and twice that each time that it was too much again.
   */
  gain(capacity: number): void {
    if (this.limit >= this.maxInFlight) return;
    if (++this.#gained < (this.limit < this.#ceiling ? this.limit : this.#caution * this.limit)) return;
    this.#gained = 0;
    this.limit++;
    // Above what the client may have in flight a limit means nothing.
    if (this.limit >= capacity) this.limit = this.maxInFlight;
  }

  /**
   * An attempt is about to be sent there.
   *
   * @param nowMs The time on the client's clock.
   * @param cooldownCapMs The most that those who waited let a cooldown last, in milliseconds.
   * @returns The ticket of the breaker.
   */
  enter(nowMs: number, cooldownCapMs: number): number {
    if (nowMs >= this.warmUntilMs) this.#warmUp(nowMs);
    this.quota?.noteSent(nowMs);
    if (this.breaker === undefined) return 0;
    if (this.breaker.state !== "closed") this.probedAtMs = nowMs;
    return this.breaker.enter(cooldownCapMs);
  }

  /** The first goes ahead; the others come when it was answered, or when it was waited for long enough. */
  #warmUp(nowMs: number): void {
    if (this.#warmingUntilMs === 0 && this.#warmsUp?.()) {
      this.#warmingUntilMs = nowMs + WARM_UP_MS;
    } else {
      this.#warmingUntilMs = 0;
      this.warmUntilMs = nowMs + IDLE_MS;
    }
  }

  /** The request that went ahead has ended without an answer: another one goes ahead. */
  stopWarmUp(): void {
    this.#warmingUntilMs = 0;
  }

  /**
   * An attempt that began then has been answered: no request need wait for a first answer any more.
   *
   * @returns Whether some may have waited for it.
   */
  answered(atMs: number): boolean {
    this.hasAnswered = true;
    this.listens = this.warmUntilMs !== Infinity || this.learner !== undefined || this.keyed !== undefined;
    if (this.warmUntilMs === Infinity) return false;
    const wasWarmingUp = this.#warmingUntilMs > 0;
    this.warmUntilMs = Math.max(this.warmUntilMs, atMs + IDLE_MS);
    this.#warmingUntilMs = 0;
    return wasWarmingUp;
  }

  /**
   * Since when there has been an outage, for a breaker that opens now: an origin of which only headers have come since the last one
   * has not been back.
   */
  outageBegins(nowMs: number): number {
    const { doubtedOutage } = this;
    return doubtedOutage?.succeeded === this.succeeded ? doubtedOutage.sinceMs : nowMs;
  }

  /**
   * Says when the patience of those who wait here ends first. While any of them is patient, cooldowns grow with the age of the
   * outage at most, and none lasts longer than their patience, so that a last probe is due then.
   *
   * @param patienceEndMs On the client's clock; `Infinity` if none of them is patient.
   */
  limitCooldown(patienceEndMs: number): void {
    const { breaker } = this;
    this.patienceEndMs = patienceEndMs;
    if (breaker === undefined || patienceEndMs === Infinity) {
      this.cooldownCapMs = Infinity;
      return;
    }
    const { openedAtMs, cooldownMs } = breaker;
    const ageMs = openedAtMs - (this.outageSinceMs ?? openedAtMs);
    const longestMs = Math.max(PATIENT_COOLDOWN_MS, cooldownMs, PATIENT_SHARE * ageMs);
    this.cooldownCapMs = Math.max(0, Math.min(longestMs, patienceEndMs - openedAtMs));
  }

  /**
   * Chooses who finds out whether the origin is back: another request each time, since the first in line may be asking for
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
    return !this.isInUse && this.quota === undefined && this.limit === this.maxInFlight &&
      (this.estimator?.isNew ?? true) && (breaker?.isQuiet ?? true) &&
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
    return this.breaker !== undefined && this.breaker.state !== "closed" && this.breaker.retryAfterMs > 0;
  }
}

/** A request that sleeps in a backoff, and may be told that there is nothing to wait for. */
export interface Sleeper extends LinkedItem<Sleeper> {
  readonly errand: Errand;
  /** Ends the sleep: what it waits for will not come. */
  giveUp(): void;
}

function nothing(): undefined {}
