/**
 * The race of a hedged request: a slow attempt and a second one beside it, of which the first answer wins.
 *
 * @module
 */

import { isTimeoutError } from "../errors.ts";
import type { Admission } from "../lanes/admission.ts";
import type { Claimant } from "../lanes/claimant.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { Attempt, type AttemptWatcher } from "./attempt.ts";
import type { Call, Pending } from "./call.ts";
import type { Target } from "./journey.ts";
import type { HedgeEvent } from "./event.ts";
import type { Ending, RaceField, RaceStart } from "./hedging.ts";
import type { Environment } from "./policy.ts";
import { scopeFor } from "./middleware_chain.ts";
import type { Reply } from "./reply.ts";

/** A second attempt that has been admitted. */
export interface Rival {
  readonly target: Target;
  readonly admission: Admission;
}

/** The rules for all races of a client. */
export interface RaceRules {
  /** Whether second attempts go to the next mirror. */
  readonly toNextMirror: boolean;
  /** Whether the budget allows one more second attempt now. */
  readonly hasBudget: boolean;
  /** Whether the rules need to know latencies. */
  readonly notesLatencies: boolean;
  /** Counts a request that may be hedged, for the budget. */
  deposit(nowMs: number): void;
  /** Returns how long an attempt has to bring its headers, in milliseconds. */
  delayMs(lane: Lane): number;
  /** Returns how long to wait before the next try to send a second attempt, in milliseconds. */
  againMs(lane: Lane, elapsedMs: number): number;
  /** Records how long the headers of a response took. */
  noteAnswer(lane: Lane, status: number, latencyMs: number, nowMs: number): void;
  /** Records how long a slow attempt had taken when it was aborted. */
  noteLatency(lane: Lane, latencyMs: number, nowMs: number): void;
  /** Admits a second attempt, if it may be sent now. */
  tryAdmit(
    scheduler: Scheduler,
    call: Call,
    targets: readonly Target[],
    nowMs: number,
    claimant?: Claimant,
  ): Rival | undefined;
}

/**
 * The attempts of one call that are in flight at once. The first decisive headers win, and the call gets the body that follows.
 * The race aborts the other attempt, which says nothing about its origin. Headers of a failure wait for the other attempt.
 */
export class Race implements AttemptWatcher, Claimant, DeadlineTarget, Pending {
  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  readonly #rules: RaceRules;
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #field: RaceField;
  #first: Attempt | undefined;
  #second: Attempt | undefined;
  #winner: Attempt | undefined;
  readonly #failures: Ending[] = [];
  /** Fires when the first attempt is slow. */
  #timer: Deadline | undefined;
  #resolve: ((endings: readonly Ending[]) => void) | undefined;

  /** Creates a race in which no attempt was sent. */
  constructor(rules: RaceRules, environment: Environment, call: Call, field: RaceField) {
    this.#rules = rules;
    this.#environment = environment;
    this.#call = call;
    this.#field = field;
  }

  /** Sends the first attempt, or continues it; see `Hedging.race`. */
  run({ target, admission, opening }: RaceStart): Promise<readonly Ending[]> {
    const call = this.#call;
    if (admission !== undefined && call.cancelled) {
      admission.withdraw();
      return Promise.resolve([{ target, error: call.reason }]);
    }
    call.journey.scope ??= scopeFor(this.#environment);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const held = admission ?? opening!.admission!;
      const number = admission === undefined ? call.attempts : undefined;
      const first = this.#first = new Attempt(this.#environment, call, target, held, number);
      first.watcher = this;
      if (opening?.answer === undefined) this.#begin(first);
      else this.#join(first, opening.answer, { target, admission: opening.rival! });
    });
  }

  #begin(first: Attempt): void {
    const { startedAtMs, target: { lane } } = first;
    if (this.#call.attempts === 1) this.#rules.deposit(startedAtMs);
    this.#wait(this.#rules.delayMs(lane), startedAtMs);
    this.#follow(first, first.run());
  }

  /** Continues a first attempt that was slow in flight, and sends the second, which was admitted already. */
  #join(first: Attempt, answer: Promise<Response>, rival: Rival): void {
    this.#follow(first, first.resume(answer));
    this.#send(rival);
  }

  #wait(delayMs: number, nowMs: number): void {
    if (delayMs !== Infinity) this.#timer = this.#environment.deadlines.add(this, delayMs, nowMs);
  }

  get claimPriority(): number {
    return this.#call.priority;
  }

  get permits(): number | undefined {
    return this.#environment.scheduler.seconds.permitsOf(this.#first!.target.lane);
  }

  /** Sends a second attempt now that a permit is free; it was not admitted when the first one became slow. */
  claim(nowMs: number): undefined {
    const { scheduler } = this.#environment;
    const call = this.#call;
    scheduler.round.quit(this);
    if (call.cancelled || this.#timer === undefined) return;
    const rivals = this.#field.rivals(this.#rules.toNextMirror);
    const rival = this.#rules.tryAdmit(scheduler, call, rivals, nowMs, this);
    if (rival === undefined) return;
    // The scheduler is handing out permits at this moment.
    queueMicrotask(() => {
      if (this.#timer === undefined) return rival.admission.withdraw();
      this.#stopWaiting();
      this.#send(rival);
    });
  }

  #stopWaiting(): void {
    this.#environment.scheduler.round.quit(this);
    if (this.#timer !== undefined) this.#environment.deadlines.remove(this.#timer);
    this.#timer = undefined;
  }

  get isTimeout(): boolean {
    return true;
  }

  /** Sends a second attempt beside the first, which is slow, or tries again later. */
  onDeadline(): void {
    this.#timer = undefined;
    const call = this.#call;
    if (call.cancelled) return;
    const nowMs = this.#environment.clock.now();
    const rivals = this.#field.rivals(this.#rules.toNextMirror);
    const { scheduler } = this.#environment;
    scheduler.round.quit(this);
    const rival = this.#rules.tryAdmit(scheduler, call, rivals, nowMs);
    if (rival !== undefined) return this.#send(rival);
    const { startedAtMs, target: { lane } } = this.#first!;
    this.#wait(this.#rules.againMs(lane, nowMs - startedAtMs), nowMs);
    if (this.#rules.hasBudget) scheduler.seconds.awaitTurn(this);
  }

  #send({ target, admission }: Rival): void {
    const call = this.#call;
    if (call.cancelled) return admission.withdraw();
    const second = this.#second = new Attempt(this.#environment, call, target, admission);
    second.watcher = this;
    // From now on the call's cancellation stops both.
    call.pending = this;
    this.#environment.counters.hedged++;
    this.#report("sent");
    this.#follow(second, second.run());
  }

  #follow(attempt: Attempt, reply: Promise<Reply>): void {
    const { target } = attempt;
    reply.then(
      (reply) => this.#onEnd(attempt, { target, reply }),
      (error: unknown) => this.#onEnd(attempt, { target, error }),
    );
  }

  onHeaders(attempt: Attempt, status: number): void {
    const { target: { lane }, startedAtMs } = attempt;
    if (this.#rules.notesLatencies) {
      const nowMs = this.#environment.clock.now();
      this.#rules.noteAnswer(lane, status, nowMs - startedAtMs, nowMs);
    }
    if (attempt === this.#first) this.#stopWaiting();
    if (this.#second === undefined || !this.#field.isDecisive(attempt.target, status)) return;
    this.#decide(attempt);
  }

  #decide(winner: Attempt): void {
    const first = this.#first!;
    const second = this.#second!;
    this.#winner = winner;
    this.#call.journey.target = winner.target;
    winner.lead();
    if (winner === second) {
      this.#environment.counters.hedgesWon++;
      this.#noteElapsed(first);
      first.cancel(lost());
    } else {
      second.cancel(lost());
    }
    this.#report(winner === second ? "won" : "lost");
  }

  #onEnd(attempt: Attempt, ending: Ending): void {
    if (attempt === this.#first) this.#stopWaiting();
    if (isTimeoutError(ending.error) && !this.#call.cancelled) this.#noteElapsed(attempt);
    const isLoser = this.#winner !== undefined && this.#winner !== attempt;
    if (this.#resolve === undefined || isLoser) return ending.reply?.openBody?.discard();
    if (this.#winner === attempt || this.#call.cancelled) return this.#finish([ending]);
    this.#failures.push(ending);
    const other = attempt === this.#first ? this.#second : this.#first;
    if (other !== undefined && this.#failures.length === 1) return this.#waitFor(other, ending);
    this.#letGo();
    attempt.lead();
    if (this.#second !== undefined) this.#report("failed");
    this.#finish(this.#failures);
  }

  /** Records the time of an attempt that was cut short: its latency is unknown, but at least this long. */
  #noteElapsed({ target, startedAtMs }: Attempt): void {
    const nowMs = this.#environment.clock.now();
    this.#rules.noteLatency(target.lane, nowMs - startedAtMs, nowMs);
  }

  /** Waits for the other attempt, which may do better than the failed one. */
  #waitFor(other: Attempt, { target, reply }: Ending): void {
    other.verdict.isSecondFailure = other.target.lane === target.lane;
    // Another request may wait for the permit of the failed attempt.
    reply?.openBody?.discard();
  }

  #finish(endings: readonly Ending[]): void {
    this.#resolve!(endings);
    this.#resolve = undefined;
  }

  /** Stops both attempts, because the call does not want their result any more. */
  cancel(reason: unknown): void {
    this.#letGo();
    this.#first?.cancel(reason);
    this.#second?.cancel(reason);
  }

  #letGo(): void {
    if (this.#call.pending !== this) return;
    this.#call.pending = undefined;
    this.#call.isInFlight = false;
  }

  #report(state: HedgeEvent["state"]): void {
    const { reporter, clock } = this.#environment;
    if (!reporter.active) return;
    const atMs = clock.now();
    const { number, target: { lane } } = this.#second!;
    reporter.emit({
      type: "hedge",
      requestId: this.#call.id,
      atMs,
      attempt: number,
      origin: lane.key,
      state,
      elapsedMs: atMs - this.#first!.startedAtMs,
    });
  }
}

/** Returns the reason for which the race aborts the attempt that was not the first to answer. */
function lost(): DOMException {
  return new DOMException("The attempt beside this one has answered first", "AbortError");
}
