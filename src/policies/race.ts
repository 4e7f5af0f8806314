/**
 * An attempt that gets company when it is slow, and the first of the two that answers.
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

/** What a second attempt is sent with. */
export interface Rival {
  readonly target: Target;
  readonly admission: Admission;
}

/** What all races of a client go by. */
export interface RaceRules {
  /** Whether second attempts go to the next mirror. */
  readonly toNextMirror: boolean;
  /** Whether there may be one more second attempt now. */
  readonly hasBudget: boolean;
  /** Whether it is of any use to note latencies. */
  readonly notesLatencies: boolean;
  /** Counts a request that may be hedged. */
  deposit(nowMs: number): void;
  /** How long an attempt has to bring its headers, in milliseconds. */
  delayMs(lane: Lane): number;
  /** How long to wait until a second attempt is tried again, in milliseconds. */
  againMs(lane: Lane, elapsedMs: number): number;
  /** Notes how long the headers of a response took. */
  noteAnswer(lane: Lane, status: number, latencyMs: number, nowMs: number): void;
  /** Notes how long an attempt had been slow when it was cut short. */
  noteLatency(lane: Lane, latencyMs: number, nowMs: number): void;
  /** Has a second attempt admitted, if it may be sent now. */
  tryAdmit(
    scheduler: Scheduler,
    call: Call,
    targets: readonly Target[],
    nowMs: number,
    claimant?: Claimant,
  ): Rival | undefined;
}

/**
 * The attempts of one call that are in flight at once. The first decisive headers win: the other attempt is aborted then, which says
 * nothing of its origin, and the body that follows is the call's. Headers of a failure wait for the other attempt.
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
  /** When the first has been slow. */
  #timer: Deadline | undefined;
  #resolve: ((endings: readonly Ending[]) => void) | undefined;

  /** Creates a race in which nothing was sent. */
  constructor(rules: RaceRules, environment: Environment, call: Call, field: RaceField) {
    this.#rules = rules;
    this.#environment = environment;
    this.#call = call;
    this.#field = field;
  }

  /** Sends the first attempt, or goes on with it; see `Hedging.race`. */
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

  /** The first was in flight when it was slow, and another one has been admitted. */
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
    return this.#environment.scheduler.permitsOfSecond(this.#first!.target.lane);
  }

  /** A permit is free, for which the first attempt, which is slow, had to wait. */
  claim(nowMs: number): undefined {
    const { scheduler } = this.#environment;
    const call = this.#call;
    scheduler.quit(this);
    if (call.cancelled || this.#timer === undefined) return;
    const rivals = this.#field.rivals(this.#rules.toNextMirror);
    const rival = this.#rules.tryAdmit(scheduler, call, rivals, nowMs, this);
    if (rival === undefined) return;
    // Not while permits are being handed out.
    queueMicrotask(() => {
      if (this.#timer === undefined) return rival.admission.withdraw();
      this.#stopWaiting();
      this.#send(rival);
    });
  }

  #stopWaiting(): void {
    this.#environment.scheduler.quit(this);
    if (this.#timer !== undefined) this.#environment.deadlines.remove(this.#timer);
    this.#timer = undefined;
  }

  /** The first attempt is slow. */
  onDeadline(): void {
    this.#timer = undefined;
    const call = this.#call;
    if (call.cancelled) return;
    const nowMs = this.#environment.clock.now();
    const rivals = this.#field.rivals(this.#rules.toNextMirror);
    const { scheduler } = this.#environment;
    scheduler.quit(this);
    const rival = this.#rules.tryAdmit(scheduler, call, rivals, nowMs);
    if (rival !== undefined) return this.#send(rival);
    const { startedAtMs, target: { lane } } = this.#first!;
    this.#wait(this.#rules.againMs(lane, nowMs - startedAtMs), nowMs);
    if (this.#rules.hasBudget) scheduler.awaitTurn(this);
  }

  #send({ target, admission }: Rival): void {
    const call = this.#call;
    if (call.cancelled) return admission.withdraw();
    const second = this.#second = new Attempt(this.#environment, call, target, admission);
    second.watcher = this;
    // Both end with the call.
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

  /** How long it would have taken is not known, but that it was slow is. */
  #noteElapsed({ target, startedAtMs }: Attempt): void {
    const nowMs = this.#environment.clock.now();
    this.#rules.noteLatency(target.lane, nowMs - startedAtMs, nowMs);
  }

  /** One of the two has failed, and the other may do better. */
  #waitFor(other: Attempt, { target, reply }: Ending): void {
    other.verdict.isSecondFailure = other.target.lane === target.lane;
    // Its permit may be one that others wait for.
    reply?.openBody?.discard();
  }

  #finish(endings: readonly Ending[]): void {
    this.#resolve!(endings);
    this.#resolve = undefined;
  }

  /** Stops both: the call does not want their result any more. */
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

/** What an attempt is aborted with when the one beside it has answered. */
function lost(): DOMException {
  return new DOMException("The attempt beside this one has answered first", "AbortError");
}
