/**
 * The scheduler: the one place where requests wait for their turn, and where they are admitted.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import type { PermitLedger } from "../primitives/permit_ledger.ts";
import { ledgerOf, type Semaphore } from "../primitives/semaphore.ts";
import { WorkingTime } from "../primitives/working_time.ts";
import { Admission, type AdmissionOwner } from "./admission.ts";
import { AdmissionWaiter, type WaitingRoom } from "./admission_waiter.ts";
import type { Allowance } from "./allowance.ts";
import { AttemptReports, type ReportOptions } from "./attempt_reports.ts";
import type { Runnable } from "./claimant.ts";
import { type Errand, fallAsleep, wakeUp } from "./errand.ts";
import type { KeyLine } from "./key_line.ts";
import { Lane } from "./lane.ts";
import type { LanesAside } from "./lanes_aside.ts";
import { Leases } from "./leases.ts";
import { type CrowdedRoom, LoadShedder, type LoadShedding } from "./load_shedder.ts";
import { firstOf, isFirstOf, noteFavour } from "./next_in_line.ts";
import { type PermitHolder, PermitHolders } from "./permit_holders.ts";
import { PermitRound, type RoundOwner } from "./permit_round.ts";
import { Polls } from "./polls.ts";
import { Receipt } from "./receipt.ts";
import { type SecondAttemptOwner, SecondAttempts } from "./second_attempts.ts";
import { SilentLanes } from "./silent_lanes.ts";
import { SmallShare } from "./small_share.ts";
import { refusalOf, refuseSome } from "./refusal.ts";
import { wakeGivenUp } from "./sleepers.ts";
import { Tokens } from "./tokens.ts";
import type { Turns } from "./turns.ts";
import type { Place, Waiter } from "./waiter.ts";
import { WakeUps } from "./wake_ups.ts";

/** The options and collaborators of a scheduler. */
export interface SchedulerOptions extends ReportOptions {
  /** The semaphore that bounds the requests in flight; other clients may share it. */
  readonly semaphore: Semaphore;
  /** The token bucket of all requests whose origin has no bucket of its own; other clients may share it. */
  readonly bucket: Bucket | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** The longest pause of an origin that requests wait out, in milliseconds. */
  readonly maxRetryAfterMs: number;
  /** The working time in which retries are counted, if other clients share it. */
  readonly workingTime?: WorkingTime | undefined;
  /** The limits beyond which single requests are refused: too many in line, or a wait that is too long. */
  readonly shedding?: LoadShedding | undefined;
  /** Whether a timer lives only as long as the incoming request that has set it, so that each waiter needs its own. */
  readonly timersBelongToRequests: boolean;
}

/**
 * Admits requests. It admits a request at the moment at which all conditions hold together: a permit is free in the client and in
 * the lane, the lane's breaker lets it pass, no pause is on, a token is at hand. Until then the request holds none of them. Lanes
 * and batches take turns at the permits. Within a lane the order is by priority, and first come, first served.
 */
export class Scheduler implements AdmissionOwner, CrowdedRoom, RoundOwner, SecondAttemptOwner, WaitingRoom {
  readonly #ledger: PermitLedger;
  readonly #options: SchedulerOptions;
  readonly #tokens: Tokens;
  /** The round of those that want a permit. */
  readonly round: PermitRound;
  /** Admits second attempts. */
  readonly seconds: SecondAttempts;
  /** The claimants of the round, and the lanes that have left it to others. */
  readonly #turns: Turns;
  readonly #aside: LanesAside;
  /** How many permits are out. */
  inFlight = 0;
  /** How many requests are in line. */
  inLine = 0;
  /** Refuses single requests under load; absent if any number may wait for any time. */
  readonly #shedder: LoadShedder | undefined;
  /** Called when an attempt has given its permit back; set once a listener needs it. */
  onRelease: (() => void) | undefined = undefined;
  readonly #holders: PermitHolders;
  readonly #wakeUps: WakeUps;
  /** The leases of permits; absent on runtimes where attempts always end. */
  readonly #leases: Leases | undefined;
  readonly #polls: Polls | undefined;
  /** Takes the reports of what became of attempts. */
  readonly reports: AttemptReports;
  /** The working time in which retries are counted. */
  readonly workingTime: WorkingTime;
  /** Keeps silent origins from holding the permits that others need. */
  readonly silentLanes: SilentLanes;
  /** The permits of requests that are retried after a late failure. */
  readonly #costly: SmallShare = new SmallShare(this);

  /** Creates a scheduler whose permits are all free. */
  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.workingTime = options.workingTime ?? new WorkingTime();
    const examine = (lane: Lane): void => this.examine(lane);
    this.#tokens = new Tokens(options.bucket, { examine, dispatch: () => this.round.dispatch() });
    this.#ledger = ledgerOf(options.semaphore);
    this.round = new PermitRound(this.#ledger, this.#tokens, this);
    this.seconds = new SecondAttempts(this, options.timersBelongToRequests);
    this.#turns = this.round.turns;
    this.#aside = this.round.aside;
    this.#wakeUps = new WakeUps({ ...options, examine });
    this.silentLanes = new SilentLanes(this.round, this.#aside);
    this.reports = new AttemptReports(options, this, this.#wakeUps);
    if (options.timersBelongToRequests) {
      this.#leases = new Leases();
      this.#polls = new Polls(options.deadlines, this.#leases, this.#wakeUps, this);
    }
    if (options.shedding !== undefined) {
      this.#shedder = new LoadShedder(options.shedding, options.deadlines, this);
    }
    this.#holders = new PermitHolders(this.#ledger);
  }

  /** How many requests may be in flight at once. */
  get capacity(): number {
    return this.#ledger.capacity;
  }

  /** How many requests may ever be in flight at once. */
  get mostCapacity(): number {
    return Math.max(this.capacity, this.#options.adaptiveLimit?.max ?? 0);
  }

  /** Returns the time on the client's clock. */
  now(): number {
    return this.#options.clock.now();
  }

  /** Whether a request to a lane needs a token. */
  hasBucket(lane: Lane): boolean {
    return this.#tokens.areNeeded(lane);
  }

  /** Attaches a lane, so that its waiting requests take part in the round, and follows its breaker. */
  adopt(lane: Lane): void {
    lane.attach(this.#claimLane);
    let openedAtMs: number;
    lane.breaker?.on(({ from, to, atMs }) => {
      if (to === "closed") {
        lane.outage.end();
        lane.strain?.noteRecovery(lane, atMs);
        this.workingTime.end(openedAtMs, atMs);
      } else if (from === "closed") {
        lane.outage.begin(atMs, lane.succeeded);
        lane.strain?.noteOutage(lane, atMs);
        this.workingTime.begin(openedAtMs = atMs);
      }
      lane.ticket = to === "closed" ? lane.breaker!.enter() : 0;
      lane.refresh();
      this.examine(lane);
    });
  }

  /**
   * Admits a request at once, if it has to wait for nothing, with the permit in hand or a free one.
   *
   * @param lane The lane of the request.
   * @param nowMs The time on the client's clock.
   * @returns The ticket of the lane's breaker; -1 if the request is not admitted.
   */
  tryEnter(lane: Lane, nowMs: number): number {
    if (!lane.isClear || lane.inFlight >= lane.limit.current || lane.warmUp?.isCold(nowMs)) return -1;
    if (this.#turns.busyLanes > 1 && lane.inFlight >= this.#turns.shareOf(lane, this.capacity)) return -1;
    return this.#grant(lane) ? lane.ticket : -1;
  }

  /** Takes a permit and a token together, and counts the attempt; or takes nothing. */
  #grant(lane: Lane, line?: KeyLine<Place<Lane>>): boolean {
    const { round } = this;
    if (round.inHand > 0) round.inHand--;
    else if (this.#turns.size > 0 || !this.#ledger.take(1)) return false;
    const isFree = lane.bucket === undefined && this.#options.bucket === undefined && line === undefined;
    if (!isFree && !this.#takesTokens(lane, line)) {
      round.giveBack();
      return false;
    }
    this.#enter(lane);
    return true;
  }

  #takesTokens(lane: Lane, line: KeyLine<Place<Lane>> | undefined): boolean {
    try {
      return this.#tokens.take(lane, line) === undefined;
    } catch {
      // The caller's own bucket has thrown. It is asked again for the request in line, which is refused then.
      return false;
    }
  }

  #enter(lane: Lane): void {
    this.inFlight++;
    lane.attempts++;
    if (lane.inFlight++ === 0) this.#turns.busyLanes++;
    if (lane.isSilent) this.silentLanes.count(1);
  }

  #exit(lane: Lane): void {
    this.inFlight--;
    if (--lane.inFlight === 0) this.#turns.busyLanes--;
    if (!lane.isSilent) return;
    this.silentLanes.count(-1);
    this.recall(1);
  }

  recall(most: number): void {
    for (const lane of this.#aside.recall(most)) this.#rouse(lane, this.now());
  }

  /**
   * Whether a request must leave the permits to others: its origin is silent, or it has failed late, and requests like it hold
   * their share of the permits.
   */
  #mustStandAside({ isSilent, isDown }: Lane, { isCostly, allowance }: Errand): boolean {
    const isTooMuch = (isSilent && this.silentLanes.areFull(allowance)) ||
      (isCostly && !isDown && this.#costly.isFull(allowance));
    return isTooMuch && this.round.isWantedByOthers();
  }

  /**
   * Admits a request, now or in its turn.
   *
   * @param errand The request.
   * @param lanes The lanes that it may go to, the preferred one first.
   * @param isUrgent Whether it goes before all requests that were never sent.
   * @returns The admission, or the request in line. The waiter's promise rejects with a `CircuitOpenError` if the request does
   * not wait for a breaker that is open. It rejects with an `HttpError` if an origin has asked for a longer wait than the request
   * may take.
   */
  admit(
    errand: Errand,
    lanes: readonly Lane[],
    isUrgent: boolean,
  ): Admission | AdmissionWaiter {
    const nowMs = this.now();
    const { allowance } = errand;
    // A request that has slept must not go while its batch has enough in flight.
    const mayGo = !errand.isAsleep || allowance === undefined || allowance.active < allowance.concurrency;
    for (const lane of mayGo ? lanes : []) {
      const admission = this.#tryAdmit(errand, lane, nowMs);
      if (admission === undefined) continue;
      wakeUp(errand);
      return admission;
    }
    const waiter = new AdmissionWaiter(this, errand, lanes, isUrgent);
    this.wait(waiter, nowMs);
    return waiter;
  }

  #tryAdmit(errand: Errand, lane: Lane, nowMs: number): Admission | undefined {
    const ticket = this.tryEnter(lane, nowMs);
    if (ticket !== -1) return this.#lend(errand, lane, ticket, nowMs, undefined);
    // A lane may not be clear because a probe is due, or a first request has to warm a connection up.
    const isClear = lane.isClear && lane.warmUp?.isCold(nowMs) !== true;
    if (isClear || lane.queued > 0 || this.#mustStandAside(lane, errand)) return undefined;
    return this.admitNow(errand, lane, nowMs);
  }

  admitNow(errand: Errand, lane: Lane, nowMs: number): Admission | undefined {
    const { limitKey } = errand;
    if (lane.blockedUntilMs(nowMs) > nowMs) return undefined;
    const line = limitKey === undefined ? undefined : lane.lineOf(limitKey);
    if (line?.book !== undefined && line.book.blockedUntilMs(nowMs) > nowMs) return undefined;
    if (!this.#grant(lane, line)) return undefined;
    const ticket = lane.enter(nowMs, lane.outage.cooldownCapMs);
    return this.#lend(errand, lane, ticket, nowMs, receiptOf(lane, line, nowMs));
  }

  /** Creates the admission of an admitted request. */
  toAdmission(errand: Errand, lane: Lane, ticket: number, nowMs: number): Admission {
    const { receipt } = errand;
    errand.receipt = undefined;
    return this.#lend(errand, lane, ticket, nowMs, receipt);
  }

  #lend(
    { isCostly }: Errand,
    lane: Lane,
    ticket: number,
    nowMs: number,
    receipt: Receipt | undefined,
  ): Admission {
    const admission = new Admission(this, lane, ticket, nowMs, receipt);
    if (isCostly) {
      admission.isCostly = true;
      this.#costly.inFlight++;
    }
    this.#leases?.lend(admission, nowMs);
    return admission;
  }

  /** Puts a request in line, or refuses it at once if it must not wait. */
  wait(waiter: Waiter<Lane>, nowMs: number): void {
    const { errand, lanes } = waiter;
    // A request without patience still goes as a probe, if one is due.
    const refusal = refusalOf(errand, lanes, nowMs, this.#options.maxRetryAfterMs);
    if (refusal !== undefined) return waiter.onRefused(refusal);
    if (errand.priority !== 0) this.#turns.hasPriorities = true;
    waiter.enterAll();
    this.inLine++;
    for (const lane of lanes) {
      lane.outage.shortenCooldown(errand, lane.probedAtMs);
      this.#rouse(lane, nowMs);
      if (lane.tokenNotice !== undefined) this.#tokens.remind(lane.bucket);
      const line = lane.keyed === undefined ? undefined : waiter.placeIn(lane)?.line;
      if (line?.tokenNotice !== undefined) this.#tokens.remind(line.bucket);
    }
    fallAsleep(errand);
    // The request may wait for a permit whose holder must time out.
    this.#options.deadlines.rearm?.(nowMs);
    this.#polls?.begin(waiter);
    this.round.dispatch();
    // The request may wait only for a limit of its lane, of which the ledger tells the holders nothing.
    if (this.#holders.size > 0 && waiter.isWaiting) this.#holders.hurry();
    if (this.#shedder !== undefined && waiter.isWaiting) this.#shedder.watch(waiter);
  }

  /** Registers a permit that is held for a body with a slow reader, so that it may come back early. */
  offer(holder: PermitHolder): void {
    // One incoming request can't receive a body that belongs to another one.
    if (!this.#options.timersBelongToRequests) this.#holders.add(holder);
  }

  /** Removes a holder whose permit comes back. */
  withdraw(holder: PermitHolder): void {
    if (this.#holders.size > 0) this.#holders.delete(holder);
  }

  /** Takes a request out of line that was cancelled. */
  leave(waiter: Waiter<Lane>): void {
    waiter.isCancelled = true;
    if (!waiter.isWaiting) return;
    this.#remove(waiter);
    // The round may have passed over this request, and over those behind it.
    for (const lane of waiter.lanes) {
      if (lane.queued > 0) this.#rouse(lane, this.now());
    }
    if (this.#turns.size === 0) this.#tokens.forget();
    else this.round.dispatch();
  }

  /** Lets a waiting request claim that the round had passed over. */
  reconsider(waiter: Waiter<Lane>): void {
    if (!waiter.isWaiting) return;
    for (const lane of waiter.lanes) this.#rouse(lane, this.now());
    this.round.dispatch();
  }

  /** Gives a waiting request a higher priority. */
  raise(waiter: Waiter<Lane>, priority: number): void {
    if (!waiter.isWaiting || priority <= waiter.priority) return;
    this.#turns.hasPriorities = true;
    waiter.leaveAll();
    waiter.raise(priority);
    waiter.enterAll();
    for (const lane of waiter.lanes) this.#rouse(lane, this.now());
  }

  /** Takes the permit of an attempt back when nothing of the attempt is on the wire any more. */
  release(lane: Lane, admission?: Admission): void {
    if (admission !== undefined) this.#leases?.end(admission);
    if (admission?.isCostly) this.#costly.inFlight--;
    if (admission?.receipt !== undefined) this.reports.close(admission.receipt);
    this.#exit(lane);
    this.#ledger.give(1);
    if (lane.queued > 0) this.#rouse(lane, this.now());
    if (admission?.isCostly) this.recall(1);
    admission?.place?.givePlaceBack();
    this.round.dispatch();
    this.onRelease?.();
  }

  /**
   * Ends a successful attempt on the straight way, and passes its permit on. Its lane was clear when it was sent.
   *
   * @param attempt The attempt.
   * @param nowMs The time on the client's clock.
   * @returns The request that was admitted with the permit, and that the caller must run; `undefined` if there is none, or it
   * runs by itself.
   */
  succeed(attempt: StraightAttempt, nowMs: number): Runnable | undefined {
    const lane = attempt.lane!;
    if (this.reports.isAdaptive) this.reports.sample(lane, attempt.attemptedAtMs, false);
    lane.succeeded++;
    lane.succeededAtMs = attempt.attemptedAtMs;
    lane.answeredAtMs = nowMs;
    if (nowMs - attempt.attemptedAtMs > lane.slowestMs) lane.slowestMs = nowMs - attempt.attemptedAtMs;
    this.silentLanes.servedAtMs = nowMs;
    if (attempt.attemptedAtMs > this.silentLanes.servedBeganAtMs) {
      this.silentLanes.servedBeganAtMs = attempt.attemptedAtMs;
    }
    if (this.workingTime.outages > 0 && !lane.isDown) this.workingTime.work(nowMs);
    if (lane.limit.current < lane.limit.most) {
      lane.limit.gain(this.#ledger.capacity, nowMs);
    }
    if (lane.breaker !== undefined) {
      lane.breaker.settle(attempt.ticket, "success", attempt.attemptedAtMs, nowMs);
    }
    if (!lane.isClear) {
      lane.quota?.noteSuccess(attempt.attemptedAtMs);
      lane.strain?.noteServed(attempt.attemptedAtMs);
      if (lane.unavailability !== undefined) lane.reconsiderPause(true, attempt.attemptedAtMs, nowMs);
      this.examine(lane);
    }
    this.inFlight--;
    if (--lane.inFlight === 0) this.#turns.busyLanes--;
    if (!lane.isClear && lane.queued > 0) this.#rouse(lane, nowMs);
    const { round } = this;
    const ledger = this.#ledger;
    // Other clients that wait for the semaphore are served first, and a permit beyond its capacity is withdrawn.
    const isOwn = ledger.inUse <= ledger.capacity && ledger.waiters.size === (round.turn.isQueued ? 1 : 0);
    if (isOwn && this.#turns.size > 0) {
      round.inHand++;
      const runnable = round.pick(nowMs);
      if (runnable !== undefined) {
        // The admission may have made room for further requests, which can use other permits.
        if (round.isAsked) round.dispatch();
        return runnable;
      }
      // A batch's source, which is the caller's code, may have made other attempts give permits back.
      while (round.inHand > 0) {
        round.inHand--;
        ledger.give(1);
      }
    } else {
      ledger.give(1);
    }
    if (this.#turns.size > 0 || this.#aside.areThere) round.dispatch();
    if (this.onRelease !== undefined) this.onRelease();
    return undefined;
  }

  /**
   * Refuses the requests, in line and asleep, that must not wait any longer, because a lane begins to pause or prolongs its
   * pause.
   */
  notePause(lane: Lane): void {
    wakeGivenUp(lane, this.now(), this.#options.maxRetryAfterMs);
    this.examine(lane);
  }

  /**
   * Looks at a lane in which something has changed: refuses requests that must not wait any longer, and lets the others claim.
   */
  examine(lane: Lane): void {
    if (lane.queued === 0) return this.#settleDown(lane);
    const nowMs = this.now();
    // A probe whose lease has expired has failed. The breaker notices that here, and its event examines the lane anew.
    lane.breaker?.refusesForMs();
    if (lane.pauseLeftMs(nowMs) > 0 || lane.isDown) {
      refuseSome(lane, nowMs, this.#options.maxRetryAfterMs, (waiter) => this.#remove(waiter));
    } else {
      lane.outage.limitCooldown(Infinity);
    }
    if (lane.queued === 0) return this.#settleDown(lane);
    this.#rouse(lane, nowMs);
    this.round.dispatch();
  }

  /** Lets a lane claim; or schedules its next look for when its obstacle may be gone. */
  #rouse(lane: Lane, nowMs: number): void {
    if (lane.tokenNotice !== undefined) return;
    const untilMs = lane.blockedUntilMs(nowMs);
    if (untilMs <= nowMs) {
      this.#wakeUps.drop(lane);
      // Nearly always the list is empty, and this runs for each request in line.
      if (lane.refused.length > 0) {
        for (const second of lane.refused.splice(0)) this.round.join(second);
      }
      return this.round.join(lane);
    }
    this.round.quit(lane);
    this.#wakeUps.set(lane, untilMs, nowMs);
  }

  /** Releases everything that a lane without waiting requests does not need. */
  #settleDown(lane: Lane): void {
    this.round.quit(lane);
    this.#wakeUps.drop(lane);
    lane.refused.length = 0;
    lane.tokenNotice?.[Symbol.dispose]();
    lane.tokenNotice = undefined;
    lane.outage.limitCooldown(Infinity);
    lane.refresh();
  }

  #remove(waiter: Waiter<Lane>): void {
    waiter.leaveAll();
    this.inLine--;
    if (waiter.limit !== undefined) this.#options.deadlines.remove(waiter.limit);
    if (waiter.poll !== undefined) this.#options.deadlines.remove(waiter.poll);
    for (const lane of waiter.lanes) {
      const line = waiter.placeIn(lane)?.line;
      if (line?.queued === 0) this.#wakeUps.unblock(line);
      if (lane.queued === 0) this.#settleDown(lane);
    }
  }

  /**
   * Takes a request out of line that seems to have died with its incoming request. If it is alive, it gets in line again at its
   * next look.
   */
  #drop(waiter: Waiter<Lane>, nowMs: number): void {
    waiter.poll = undefined;
    this.#remove(waiter);
    for (const lane of waiter.lanes) if (lane.queued > 0) this.#rouse(lane, nowMs);
  }

  #awaitToken(lane: Lane, bucket: Bucket): void {
    // A bucket's timer may die with another incoming request, so each waiter polls instead.
    if (this.#options.timersBelongToRequests) return this.round.quit(lane);
    if (bucket === lane.bucket) this.round.quit(lane);
    this.#tokens.await(lane, bucket);
  }

  /** Admits the first request of a lane, or takes the lane out of the round. One function for all lanes. */
  readonly #claimLane = (lane: Lane, nowMs: number): Runnable | undefined => {
    this.#rouse(lane, nowMs);
    if (!lane.isClaiming) return undefined;
    let waiter = firstOf(lane);
    if (waiter === undefined) {
      this.round.quit(lane);
      return undefined;
    }
    if (this.#polls?.isLost(waiter, nowMs)) {
      this.#drop(waiter, nowMs);
      return undefined;
    }
    if (this.#mustStandAside(lane, waiter.errand)) {
      waiter = lane.isSilent ? undefined : firstOf(lane, false);
    }
    if (waiter === undefined) {
      this.round.quit(lane);
      this.#aside.add(lane);
      return undefined;
    }
    for (const admitting of waiter.lanes) {
      if (admitting !== lane && !isFirstOf(admitting, waiter, nowMs)) continue;
      let isTaken: boolean;
      try {
        isTaken = this.#takeAll(admitting, waiter.placeIn(admitting)?.line, nowMs);
      } catch (error) {
        // The caller's own bucket has thrown, and must not keep other requests from going.
        this.#remove(waiter);
        if (admitting.queued > 0) this.#rouse(admitting, nowMs);
        waiter.onRefused(error as Error);
        return undefined;
      }
      if (isTaken) return this.#admit(waiter, admitting, nowMs);
    }
    return undefined;
  };

  /**
   * Takes everything that a request needs besides a permit. If something is missing, keeps the lane from asking again before it
   * can help.
   */
  #takeAll(lane: Lane, line: KeyLine<Place<Lane>> | undefined, nowMs: number): boolean {
    if (line?.book !== undefined) {
      const untilMs = line.book.blockedUntilMs(nowMs);
      if (untilMs > nowMs) {
        this.#wakeUps.block(lane, line, untilMs, nowMs);
        return false;
      }
    }
    const empty = this.#tokens.take(lane, line);
    if (empty === undefined) return true;
    if (empty === line?.bucket) this.#wakeUps.block(lane, line, empty, nowMs);
    else this.#awaitToken(lane, empty);
    return false;
  }

  #admit(waiter: Waiter<Lane>, lane: Lane, nowMs: number): Runnable | undefined {
    const { cooldownCapMs } = lane.outage;
    noteFavour(lane, waiter);
    this.round.inHand--;
    this.#enter(lane);
    const line = waiter.placeIn(lane)?.line;
    const receipt = receiptOf(lane, line, nowMs);
    waiter.errand.receipt = receipt;
    // Remove it before anything else: its admission may change the breaker, and waiters may be refused then.
    this.#remove(waiter);
    wakeUp(waiter.errand);
    const ticket = lane.enter(nowMs, cooldownCapMs);
    if (!waiter.isCancelled) return waiter.onAdmitted(lane, ticket);
    // A listener of the breaker's event has aborted the request.
    this.#exit(lane);
    this.round.inHand++;
    lane.breaker?.settle(ticket, "ignored");
    if (receipt !== undefined) {
      receipt.cancel();
      this.reports.close(receipt);
    }
    if (lane.queued > 0) this.#rouse(lane, nowMs);
    this.onRelease?.();
    return undefined;
  }

  /** Lets lanes and second attempts claim that a batch had no room for, because it has room again. */
  makeRoom(allowance: Allowance): void {
    for (let next = allowance.takeRefused(); next !== undefined; next = allowance.takeRefused()) {
      if (next instanceof Lane) this.#rouse(next, this.now());
      else this.round.join(next);
    }
    this.round.dispatch();
  }
}

/** Creates the receipt of an attempt; `undefined` if neither the origin has stated limits nor the request has a limit key. */
function receiptOf(lane: Lane, line: KeyLine<Place<Lane>> | undefined, nowMs: number): Receipt | undefined {
  return line === undefined && lane.book === undefined ? undefined : new Receipt(lane, line, nowMs);
}

/** An attempt on the straight way. */
export interface StraightAttempt {
  readonly lane: Lane | undefined;
  readonly ticket: number;
  readonly attemptedAtMs: number;
}
