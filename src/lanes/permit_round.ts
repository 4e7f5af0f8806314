/**
 * The round for permits: who gets the next permit of a client.
 *
 * @module
 */

import type { PermitLedger } from "../primitives/permit_ledger.ts";
import type { Allowance } from "./allowance.ts";
import type { Claimant, Runnable } from "./claimant.ts";
import { Lane } from "./lane.ts";
import { LanesAside } from "./lanes_aside.ts";
import { PermitTurn } from "./permit_turn.ts";
import type { Tokens } from "./tokens.ts";
import { Turns } from "./turns.ts";

/** The scheduler, as far as the round uses it. */
export interface RoundOwner {
  /** Returns the time on the client's clock. */
  now(): number;
  /** Lets up to so many lanes claim again that have left the permits to others. */
  recall(most: number): void;
}

/**
 * Hands the permits of a client to claimants, one by one: to lanes with a request that could go, batches that could pull one, and
 * second attempts. Each of them decides by itself whether it can use the permit.
 */
export class PermitRound {
  readonly ledger: PermitLedger;
  readonly turns: Turns = new Turns();
  /** The lanes that have left the round, because their requests leave the permits to others. */
  readonly aside: LanesAside = new LanesAside();
  /** The client's place in the queue for a permit of a semaphore that other clients share. */
  readonly turn: PermitTurn;
  /** Permits that were taken and are about to be used. Only the scheduler writes it. */
  inHand = 0;
  /** Whether `dispatch()` was called while it could not admit any request. */
  isAsked = false;
  #isPicking = false;
  /** How many callers of `hold()` want no request to be admitted at present. */
  #holds = 0;
  readonly #tokens: Tokens;
  readonly #owner: RoundOwner;

  /** Creates a round without claimants. */
  constructor(ledger: PermitLedger, tokens: Tokens, owner: RoundOwner) {
    this.ledger = ledger;
    this.#tokens = tokens;
    this.#owner = owner;
    this.turn = new PermitTurn(ledger, () => {
      this.inHand++;
      this.dispatch();
    });
  }

  /** How many permits there are. */
  get capacity(): number {
    return this.ledger.capacity;
  }

  /** Whether a permit is free that no request waits for. */
  get isIdle(): boolean {
    const { waiters, inUse, capacity } = this.ledger;
    return this.turns.size === 0 && waiters.size === 0 && inUse < capacity;
  }

  /** Whether no permit is about to be used, and requests may be admitted at once. */
  get isAtRest(): boolean {
    return !this.#isPicking && this.#holds === 0 && this.inHand === 0;
  }

  /** Whether all permits are out, and one is wanted by others than a batch. */
  isWantedBeside(allowance: Allowance | undefined): boolean {
    const { inUse, capacity } = this.ledger;
    return inUse >= capacity && this.isWantedByOthers(allowance);
  }

  /**
   * Whether a permit is wanted by another client that shares the semaphore, or by a batch or lane that need not stand aside
   * itself: a lane whose origin answers, and whose first request is not retried after a late failure. The given batch does not
   * count.
   */
  isWantedByOthers(allowance?: Allowance): boolean {
    if (this.ledger.waiters.size > (this.turn.isQueued ? 1 : 0)) return true;
    for (let claimant = this.turns.head; claimant !== undefined; claimant = claimant.next) {
      const isOwn = allowance !== undefined && claimant.allowance === allowance;
      const mayStandAside = claimant instanceof Lane &&
        (claimant.isSilent || claimant.head?.waiter.errand.isCostly);
      if (!isOwn && !mayStandAside) return true;
    }
    return false;
  }

  /** Lets a claimant take part. */
  join(claimant: Claimant): void {
    this.turns.join(claimant);
  }

  /** Takes a claimant out of the round. */
  quit(claimant: Claimant): void {
    if (!claimant.isClaiming) return;
    this.turns.quit(claimant);
    if (this.turns.size > 0) return;
    this.#tokens.forget();
    this.turn.leave();
  }

  /** Admits no request while a function runs that takes many out of line; otherwise permits would go to the next of them. */
  hold(work: () => void): void {
    this.#holds++;
    try {
      work();
    } finally {
      this.#holds--;
    }
    this.dispatch();
  }

  /** Gives a permit back that was taken from the ledger or from those in hand. */
  giveBack(): void {
    if (this.#isPicking) this.inHand++;
    else this.ledger.give(1);
  }

  /** Admits requests that may go, one by one, until none may. */
  dispatch(): void {
    // The call that is picking goes on until no request is left.
    this.isAsked = this.#isPicking || this.#holds > 0;
    if (this.isAsked) return;
    if (this.#tokens.isOut) this.#tokens.remind();
    for (let hasCome = false;; hasCome = true) {
      let isUsed = this.#admitAll();
      if (this.aside.areThere && this.turns.size === 0) {
        this.#owner.recall(Infinity);
        isUsed = this.#admitAll() || isUsed;
      }
      const { inUse, capacity } = this.ledger;
      const isWanted = this.turns.size > 0 || (this.aside.areThere && inUse >= capacity);
      // Lanes that have left a permit to others go behind these: otherwise the permit would come again at once, for ever.
      const priority = hasCome && !isUsed ? -Infinity : 0;
      const come = isWanted && !this.#tokens.isOut ? this.turn.queue(priority) : 0;
      if (come === 0) return;
      this.inHand += come;
    }
  }

  /** Returns whether it has admitted a request. */
  #admitAll(): boolean {
    const ledger = this.ledger;
    let isUsed = false;
    while (this.turns.size > 0 && !this.#tokens.isOut && (this.inHand > 0 || ledger.take(1))) {
      if (this.inHand === 0) this.inHand++;
      const runnable = this.pick(this.#owner.now());
      if (runnable !== undefined) runnable.run();
      else if (this.inHand > 0) break;
      isUsed = true;
    }
    while (this.inHand > 0) {
      this.inHand--;
      ledger.give(1);
    }
    return isUsed;
  }

  /**
   * Lets claimants claim, one after the other, until one has used the permit in hand, or all have claimed.
   *
   * @returns An admitted request that the caller must run.
   */
  pick(nowMs: number): Runnable | undefined {
    this.#isPicking = true;
    try {
      while (this.turns.size > 0 && this.inHand > 0 && !this.#tokens.isOut) {
        const isAlone = this.turns.size === 1;
        const claimant = isAlone ? this.turns.head! : this.turns.next(this.ledger.capacity);
        const before = this.inHand;
        const runnable = claimant.claim(nowMs);
        const isUsed = runnable !== undefined || this.inHand < before;
        // Without a token for it, the claimant has not had its turn.
        if (!isAlone && !isUsed && this.#tokens.isOut) {
          this.turns.takeBack();
        } else if (!isAlone && claimant.isClaiming) {
          this.turns.remove(claimant);
          this.turns.push(claimant);
        }
        if (isUsed) return runnable;
      }
      return undefined;
    } finally {
      this.#isPicking = false;
    }
  }
}
