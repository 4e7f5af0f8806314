/**
 * The lane of an origin: everything that decides whether a request may go there now, and the requests that wait for it.
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
import { LaneLimit } from "./lane_limit.ts";
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

/** The gap between two tests of an origin by sleeping requests, in milliseconds. */
const TEST_GAP_MS = 250;

/**
 * An origin counts as silent when nothing has come from it for this time in milliseconds, and for this many times the time of its
 * slowest answer.
 */
export const SILENT_MS = 5_000;
const SLOWER = 2;

/**
 * After a pause has shown that a limit is too much, the lane tries it again only after this many times the length of the pause.
 */
const COST_FACTOR = 16;

/** How many successes an origin must have had before a sleeping request may test it. */
const FEW = 20;

/** How long ago the latest of these successes may be, in milliseconds. */
const RECENTLY_MS = 10_000;

/** The step between the places in line where probes are chosen. Multiples of the golden ratio spread evenly over the line. */
const PROBE_STEP = 0.618_033_988_749_895;

/** The parts of a lane. */
export interface LaneOptions {
  /** The origin, such as `https://cdn.example.com`. */
  readonly key: string;
  readonly breaker: CircuitBreaker | undefined;
  /** The origin's own bucket. */
  readonly bucket: Bucket | undefined;
  /** How many requests may be in flight to the origin at once. @default {Infinity} */
  readonly maxInFlight?: number | undefined;
  /** The clock that tells whether a pause is over while no request asks; without it, such a pause counts as going on. */
  readonly clock?: Clock | undefined;
  /**
   * Tells whether one request should go ahead of the first burst: requests may share a connection to the origin, and otherwise
   * nothing would limit how many connections the burst opens.
   */
  readonly warmsUp?: (() => boolean) | undefined;
  /** The lines of requests that have limits of their own; without it, all requests wait in one line. */
  readonly keyed?: KeyedLines<Lane> | undefined;
}

/** A response that may state limits. */
export interface StatedAnswer {
  readonly headers: Headers;
  /** Whether the origin has served the request, if only with a 404. */
  readonly isOk: boolean;
  readonly nowMs: number;
  /** The receipt of the attempt; closed. */
  readonly receipt: Receipt | undefined;
  /**
   * How many requests were in flight in the lane when the response came, and how many of its limit key were unanswered, each
   * including this one.
   */
  readonly inFlight: number;
  readonly openOfKey: number;
}

/** Learns the limits of lanes from their responses. */
export interface Learner {
  /** Learns from a response of a lane. */
  learn(lane: Lane, answer: StatedAnswer): void;
  /** Begins a book of limits while `underWay` requests are in flight. */
  begin(underWay: number, nowMs: number): LimitBook;
}

/** One origin, as one client sees it. */
export class Lane implements Claimant, Line<Lane> {
  readonly key: string;
  readonly breaker: CircuitBreaker | undefined;
  readonly bucket: Bucket | undefined;
  /** The limit on attempts in flight to the origin. */
  readonly limit: LaneLimit;
  /** Lets one request go ahead of a burst; absent where connections can't be shared. */
  readonly warmUp: WarmUp | undefined;
  /** The state of the origin's outage, and its consequences for waiting requests. */
  readonly outage: Outage;
  attempts = 0;
  succeeded = 0;
  failed = 0;
  bytes = 0;
  /** How many attempts hold a permit. */
  inFlight = 0;
  /** The latencies of the origin's responses, where hedging needs them. */
  latencies: LatencyWindow | undefined = undefined;
  /** The rate that the origin accepts; present once it has answered 429. */
  quota: Quota | undefined;
  /** Finds out whether the origin fails because too much is in flight; present once an attempt has failed. */
  strain: Strain | undefined;
  /**
   * Whether the lane needs to hear of each response: of the first one where connections may be shared, and of all where responses
   * state limits.
   */
  listens = true;
  /** Learns limits from each response, where responses state them. */
  learner: Learner | undefined;
  /** The limits that the origin has stated. */
  book: LimitBook | undefined;
  /** Whether no request may go yet, because the code that learns limits is being loaded. */
  isPreparing = false;
  /** The breaker's ticket for all attempts while it is closed. */
  ticket = 0;
  /** Whether only `limit`, `warmUp` and the bucket need a check: there is no pause and no waiter, and the breaker is closed. */
  isClear = true;
  /** The pause that the origin asked for; removed at the first check after its end. */
  pause: Pause | undefined;
  /** Finds out how much of the origin its pauses concern; present once a 503 has asked for a pause. */
  unavailability: Unavailability | undefined = undefined;
  /** Whether anything has ever come from the origin, even an error status. */
  hasAnswered = false;
  /** When something last came from the origin, on the client's clock: the headers of an attempt, or the end of a plain one. */
  answeredAtMs: number = -Infinity;
  /** The longest time of a successful attempt, in milliseconds. */
  slowestMs = 0;
  /** When the first attempt failed after `answeredAtMs`, on the client's clock. */
  failingSinceMs: number = -Infinity;
  /** Whether the origin is silent, so that attempts wait in vain, and since when. Only `SilentLanes` writes it. */
  isSilent = false;
  silentSinceMs: number = -Infinity;
  /** How many first attempts of requests hung without an answer since something last came, and when the latest was counted. */
  #hung = 0;
  #hungAtMs = -Infinity;
  /** Whether requests do not wait for the origin: nothing has ever come from it, and attempts have failed for a while. */
  isAbandoned = false;
  /** When the latest attempt that succeeded began, on the client's clock. */
  succeededAtMs: number = -Infinity;
  /** When the latest attempt that failed began, on the client's clock. */
  failedAtMs: number = -Infinity;
  /** The reason of the latest failed attempt, for the errors of requests that are not sent; empty until an attempt fails. */
  failureReason = "";
  /** When the latest retry succeeded, on the client's clock. */
  rescuedAtMs: number = -Infinity;
  /** The record of retries; created with the first retry of a request that may wait. */
  retries: RetryRecord | undefined = undefined;
  /** When the latest probe was sent, on the client's clock. */
  probedAtMs: number = -Infinity;
  /** How many probes were sent. */
  probes = 0;
  /** Whether a mirror refers to the lane, so that the client must never create another one for this origin. */
  isKept = false;

  /** The lanes of a request that can go only here. */
  readonly alone: readonly [Lane] = [this];
  /** The requests that go before all others: the origin told them to come again. */
  readonly urgent: LinkedQueue<Place<Lane>> = new LinkedQueue();
  /** All other waiting requests. */
  readonly waiting: WaitingLine<Place<Lane>>;
  /** The same object as `waiting`, where some requests have limits of their own. */
  readonly keyed: KeyedLines<Lane> | undefined;
  entered = 0;
  /** How often in a row the highest priority has gone first while others waited. */
  favours = 0;
  /** Second attempts that found too much in flight here; they claim again when there is room. */
  readonly refused: Claimant[] = [];
  /** The requests that sleep in a backoff after a failure here. */
  readonly sleeping: LinkedQueue<Sleeper> = new LinkedQueue();

  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  /** The next scheduled look at a blocked lane. Only the scheduler writes it. */
  wakeUp: Deadline | undefined = undefined;
  /** Cancels the awaited notice of the bucket. Only the scheduler writes it. */
  tokenNotice: Disposable | undefined = undefined;
  readonly #clock: Clock | undefined;
  /** Whether the latest pause began because too much was sent. */
  #isOverloaded = false;
  #probePart = 0;
  #testAtMs = -Infinity;
  #claim: (lane: Lane, nowMs: number) => Runnable | undefined = nothing;

  /** Creates the lane of an origin that has had no request. */
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

  /** Sets the function that admits the lane's requests; called once, by the scheduler. */
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

  /** How many requests wait here; a request with several lanes waits in each. */
  get queued(): number {
    return this.urgent.size + this.waiting.size;
  }

  /** Returns the line of a limit key. */
  lineOf(key: string): KeyLine<Place<Lane>> | undefined {
    return this.keyed?.lineOf(key);
  }

  /** The first place in line, except those that a limit of their key blocks. */
  get head(): Place<Lane> | undefined {
    let place = this.urgent.head;
    while (place?.line?.isBlocked === true) place = place.next;
    return place ?? this.waiting.peek();
  }

  /** Computes `isClear` anew. */
  refresh(): void {
    this.isClear = this.queued === 0 && this.pause === undefined && this.quota === undefined &&
      this.book === undefined && this.keyed === undefined && !this.isPreparing && !this.isSilent &&
      !this.isDown && this.strain?.isPacing !== true;
  }

  /**
   * Returns until when no request may go, regardless of tokens and the client's permits.
   *
   * @param nowMs The time on the client's clock.
   * @returns A time not after `nowMs` if a request may go; `Infinity` if only an event can tell.
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
    if (this.strain !== undefined) untilMs = Math.max(untilMs, this.strain.blockedUntilMs(nowMs));
    if (this.warmUp !== undefined) untilMs = Math.max(untilMs, this.warmUp.blockedUntilMs(nowMs));
    return untilMs;
  }

  obstacle(nowMs: number): string {
    const { pause, key } = this;
    if (this.isDown) return `the circuit breaker of ${key}`;
    if (pause !== undefined && pause.untilMs > nowMs) return `the end of the pause that ${key} asked for`;
    if (this.quota !== undefined && this.quota.blockedUntilMs(nowMs) > nowMs) return `the quota of ${key}`;
    if (this.book !== undefined && this.book.blockedUntilMs(nowMs) > nowMs) return `the limit of ${key}`;
    if (this.strain !== undefined && this.strain.blockedUntilMs(nowMs) > nowMs) return `the pace of ${key}`;
    if (this.tokenNotice !== undefined) return `a token of ${key}`;
    if (this.inFlight >= this.limit.current) return `a permit of ${key}`;
    if ((this.warmUp?.blockedUntilMs(nowMs) ?? 0) > nowMs) return `the first answer of ${key}`;
    if (this.isSilent) return `a permit that no other origin needs, because ${key} is silent`;
    return "a permit or a token";
  }

  /** How long an attempt must wait before the origin may count as silent, in milliseconds. */
  get silentAfterMs(): number {
    return Math.max(SILENT_MS, SLOWER * this.slowestMs);
  }

  /** Counts a first attempt that has hung without an answer. */
  noteHung(nowMs: number): void {
    this.#hung = this.hung + 1;
    this.#hungAtMs = nowMs;
  }

  /** How many first attempts have hung since something last came. */
  get hung(): number {
    return this.answeredAtMs > this.#hungAtMs ? 0 : this.#hung;
  }

  /** Whether nothing has come from the origin for long enough to count as silent. */
  hasGoneSilent(nowMs: number): boolean {
    return nowMs - this.answeredAtMs >= this.silentAfterMs;
  }

  /** Whether the breaker is open or half-open. */
  get isDown(): boolean {
    return this.breaker !== undefined && this.breaker.state !== "closed";
  }

  /** Whether neither the breaker nor a pause keeps requests away. Otherwise another mirror is a better choice. */
  isHealthy(nowMs: number): boolean {
    return this.pauseLeftMs(nowMs) === 0 && (this.breaker?.retryAfterMs ?? 0) === 0;
  }

  /** Returns how long the origin's pause lasts from now, in milliseconds. */
  pauseLeftMs(nowMs: number): number {
    if (this.pause === undefined) return 0;
    const leftMs = this.pause.untilMs - nowMs;
    if (leftMs > SHORTEST_WAIT_MS) return leftMs;
    this.pause = undefined;
    this.refresh();
    return 0;
  }

  /**
   * Makes all requests wait for this origin; a pause that ends before the one in force changes nothing.
   *
   * @param pause The pause that the origin asked for.
   * @param nowMs The time on the client's clock.
   * @param isOverloaded Whether the origin asked because too much was sent. Then the limit is halved, once a pause, until the
   * lane knows what rate the origin accepts; and it falls to what the origin has not refused by the end of the pause. An adaptive
   * limit is only kept from growing back at once.
   */
  pauseFor(pause: Pause, nowMs: number, isOverloaded: boolean): void {
    if (this.pause !== undefined) {
      if (this.#isOverloaded) this.limit.exclude();
    } else {
      this.#isOverloaded = isOverloaded && !this.#isExplained(pause, nowMs);
      if (this.#isOverloaded) this.#noteOverload(nowMs, nowMs + COST_FACTOR * (pause.untilMs - nowMs));
    }
    if (this.pause !== undefined && this.pause.untilMs >= pause.untilMs) return;
    this.pause = pause;
    if (this.quota !== undefined) this.quota.pausedUntilMs = pause.untilMs;
    if (this.unavailability !== undefined) this.unavailability.pausedUntilMs = pause.untilMs;
    this.isClear = false;
  }

  /**
   * Reconsiders a pause after a 503, when an attempt has ended and been counted. Ends the pause if the origin turns out to serve
   * the others.
   *
   * @param isServed Whether the attempt has succeeded.
   * @param startedAtMs When the attempt began, on the client's clock.
   * @param nowMs The time on that clock.
   */
  reconsiderPause(isServed: boolean, startedAtMs: number, nowMs: number): void {
    if (this.pauseLeftMs(nowMs) === 0) return this.unavailability?.settle();
    if (this.unavailability?.note(this, isServed, startedAtMs, nowMs) !== true) return;
    this.pause = undefined;
    if (this.quota !== undefined) this.quota.pausedUntilMs = nowMs;
    this.refresh();
  }

  /**
   * Whether a stated limit that is used up explains a pause. It does not if requests could go again before the end of a pause
   * that the client has chosen.
   */
  #isExplained({ isNamed, untilMs }: Pause, nowMs: number): boolean {
    const usedUpUntilMs = this.book?.usedUpUntilMs(nowMs) ?? nowMs;
    return isNamed ? usedUpUntilMs > nowMs : usedUpUntilMs >= untilMs;
  }

  #noteOverload(nowMs: number, heldUntilMs: number): void {
    this.quota ??= new Quota();
    this.quota.notePause(nowMs, this.limit.atOnce(this.inFlight));
    // Without a success since the pause before, the origin refuses requests whatever is in flight.
    if (this.quota.fruitlessPauses > 1) this.limit.narrow(this.inFlight);
    else this.limit.halve(this.inFlight, this.quota.isKnown, heldUntilMs);
  }

  /** Learns limits from each response from now on. */
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
   * Notes that an attempt is about to be sent, and enters the breaker.
   *
   * @param nowMs The time on the client's clock.
   * @param cooldownCapMs The longest cooldown that the requests in line allow, in milliseconds.
   * @returns The ticket of the breaker.
   */
  enter(nowMs: number, cooldownCapMs: number): number {
    this.warmUp?.noteSent(nowMs);
    if (this.quota?.noteSent(nowMs) === true) this.limit.forgetQuota();
    this.strain?.noteSent(nowMs);
    if (this.breaker === undefined) return 0;
    if (this.breaker.state !== "closed") {
      this.probedAtMs = nowMs;
      this.probes++;
    }
    return this.breaker.enter(cooldownCapMs);
  }

  /**
   * Notes the answer to an attempt that began at that time.
   *
   * @returns Whether requests may have waited for a first response.
   */
  answered(startedAtMs: number): boolean {
    this.hasAnswered = true;
    this.listens = this.warmUp !== undefined || this.learner !== undefined || this.keyed !== undefined ||
      this.isPreparing;
    return this.warmUp?.noteAnswer(startedAtMs) ?? false;
  }

  /**
   * Chooses the request that probes whether the origin is back: another request each time, since the first in line may be asking
   * for something that always fails.
   *
   * @param isFit Whether a waiter may be the probe.
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
   * Whether a sleeping request may test an origin that worked well not long ago, because no other request is in flight to it. One
   * tests at a time, with a gap after each test.
   */
  tryTest(nowMs: number): boolean {
    const wasWell = this.succeeded >= FEW && nowMs - this.succeededAtMs <= RECENTLY_MS;
    if (!wasWell || this.inFlight > 0 || nowMs < this.#testAtMs) return false;
    this.#testAtMs = nowMs + TEST_GAP_MS;
    return true;
  }

  /** Whether a new lane for the same origin would be in the same state. */
  get isQuiet(): boolean {
    const { breaker, bucket } = this;
    return !this.isInUse && this.quota === undefined && this.limit.isNew && (breaker?.isQuiet ?? true) &&
      (this.book === undefined || this.book.isQuiet(this.#clock?.now() ?? -Infinity)) &&
      (this.keyed === undefined || this.keyed.isQuiet) &&
      (bucket === undefined || isFull(bucket));
  }

  /**
   * Whether requests use the lane now, or it keeps them away. A second lane for the same origin would apply its limits twice, or
   * not at all.
   */
  get isInUse(): boolean {
    if (this.isKept || this.inFlight > 0 || this.queued > 0 || this.sleeping.size > 0) return true;
    if (this.pause !== undefined && !(this.pause.untilMs <= (this.#clock?.now() ?? -Infinity))) return true;
    if (this.isPreparing) return true;
    if (this.book !== undefined && this.#clock !== undefined) {
      const nowMs = this.#clock.now();
      if (this.book.blockedUntilMs(nowMs) > nowMs) return true;
    }
    return (this.breaker?.retryAfterMs ?? 0) > 0;
  }
}

/** A request that sleeps in a backoff, and may learn that there is nothing to wait for. */
export interface Sleeper extends LinkedItem<Sleeper> {
  readonly errand: Errand;
  /** Ends the sleep, because there is nothing to wait for any more. */
  giveUp(): void;
}

function nothing(): undefined {}
