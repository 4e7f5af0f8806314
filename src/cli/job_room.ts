/**
 * How many jobs may run at once.
 *
 * @module
 */

import type { ClientStats } from "../client/stats.ts";
import type { Clock, TimerHandle } from "../primitives/clock.ts";
import type { Rate } from "./values.ts";

/** Options of {@linkcode JobRoom}. */
export interface JobRoomOptions {
  /** How many may send at once. */
  readonly concurrency: number;
  /** The rate limit that a request may wait for, which more requests would only wait for too. */
  readonly rate: Rate | undefined;
  /** Whether a request has so much time in all, which runs while it waits to be sent. */
  readonly isTimed: boolean;
  readonly clock: Clock;
  readonly stats: () => ClientStats;
  /** How many jobs have been sent, and only wait for an earlier one that has not ended. */
  readonly stranded: () => number;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
}

/** How many more may sleep, wait for an origin in trouble, or wait for one of these, while others go on. */
const MAX_WAITING = 1_000;
/** How often it is looked at what the others wait for when there is no room, in milliseconds. */
const LOOK_MS = 25;

/**
 * There is room for twice as many as may send at once: what one has received is written while the next one sends. Those that sleep after
 * a failure, or wait for an origin in trouble, leave their permits free, and so do those that must not be written before them. When that
 * is so, as many more may begin; it is looked at now and then, because to be told of each request would cost them all. Dispose it to stop
 * that.
 *
 * Where the time of a request runs from its beginning, none begins that would have to wait for its permit, and as few as may be for a token.
 */
export class JobRoom implements Disposable {
  readonly #options: JobRoomOptions;
  /** How many jobs there is room for, as long as none sleeps. */
  readonly #least: number;
  /** How many may wait for tokens: as many as come from one look to the one after the next; 0 where it does not matter how long they wait. */
  readonly #maxAwaiting: number;
  #room: number;
  #timer: TimerHandle | undefined;

  /** There is room. */
  constructor(options: JobRoomOptions) {
    const { concurrency, isTimed, rate } = options;
    this.#options = options;
    this.#least = isTimed ? concurrency : 2 * concurrency;
    this.#maxAwaiting = isTimed && rate !== undefined
      ? Math.ceil(2 * LOOK_MS * rate.limit / rate.intervalMs)
      : 0;
    this.#room = this.#least;
  }

  /** Whether one more may begin, beside so many that have not ended. */
  has(outstanding: number): boolean {
    if (outstanding < this.#room && (this.#maxAwaiting === 0 || this.#hasTokens(outstanding))) return true;
    this.#timer ??= this.#options.clock.setTimeout(() => this.#look(), LOOK_MS);
    return false;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    const { stats, stranded, onRoom } = this.#options;
    const held = this.#held(stats());
    this.#room = this.#least + (held === 0 ? 0 : Math.min(held + stranded(), MAX_WAITING));
    onRoom();
  }

  /** Whether those that have not been sent can be soon. */
  #hasTokens(outstanding: number): boolean {
    const stats = this.#options.stats();
    return outstanding - this.#options.stranded() < stats.inFlight + this.#maxAwaiting + this.#held(stats);
  }

  /** How many wait for something else than a permit or a token. */
  #held({ inFlight, queued, origins }: ClientStats): number {
    const { concurrency, rate } = this.#options;
    if (inFlight >= concurrency) return 0;
    const isInTrouble = Object.values(origins).some(({ healthy }) => !healthy);
    return rate !== undefined && !isInTrouble ? 0 : queued;
  }
}
