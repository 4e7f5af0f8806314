/**
 * How many jobs may run at once.
 *
 * @module
 */

import type { ClientStats } from "../client/stats.ts";
import type { Clock, TimerHandle } from "../primitives/clock.ts";

/** Options of {@linkcode JobRoom}. */
export interface JobRoomOptions {
  /** How many may send at once. */
  readonly concurrency: number;
  /** Whether a request may wait for a rate limit, which more requests would only wait for too. */
  readonly isRated: boolean;
  readonly clock: Clock;
  readonly stats: () => ClientStats;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
}

/** How many more may sleep or wait for an origin in trouble while others go on. */
const MAX_WAITING = 1_000;
/** How often it is looked at what the others wait for when there is no room, in milliseconds. */
const LOOK_MS = 25;

/**
 * There is room for twice as many as may send at once: what one has received is written while the next one sends. Those that sleep after
 * a failure, or wait for an origin in trouble, leave their permits free. When that is so, as many more may begin; it is looked at now and
 * then, because to be told of each request would cost them all. Dispose it to stop that.
 */
export class JobRoom implements Disposable {
  readonly #options: JobRoomOptions;
  #room: number;
  #timer: TimerHandle | undefined;

  /** There is room. */
  constructor(options: JobRoomOptions) {
    this.#options = options;
    this.#room = 2 * options.concurrency;
  }

  /** Whether one more may begin, beside so many that have not ended. */
  has(outstanding: number): boolean {
    if (outstanding < this.#room) return true;
    this.#timer ??= this.#options.clock.setTimeout(() => this.#look(), LOOK_MS);
    return false;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    const { concurrency, stats, onRoom } = this.#options;
    this.#room = 2 * concurrency + Math.min(this.#held(stats()), MAX_WAITING);
    onRoom();
  }

  /** How many wait for something else than a permit or a token. */
  #held({ inFlight, queued, origins }: ClientStats): number {
    const { concurrency, isRated } = this.#options;
    if (inFlight >= concurrency) return 0;
    const isInTrouble = Object.values(origins).some(({ healthy }) => !healthy);
    return isRated && !isInTrouble ? 0 : queued;
  }
}
