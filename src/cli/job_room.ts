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
  /** How many requests may be in flight at once. */
  readonly concurrency: number;
  /** The rate limit. Requests beyond it wait for a token, so that more jobs would only wait as well. */
  readonly rate: Rate | undefined;
  /** Whether each request has a total timeout, which runs while the request waits to be sent. */
  readonly isTimed: boolean;
  readonly clock: Clock;
  readonly stats: () => ClientStats;
  /** How many finished jobs wait only for their turn behind an earlier job that has not ended. */
  readonly stranded: () => number;
  /** Called when there may be room again. */
  readonly onRoom: () => void;
}

/** How many more jobs may begin at most, in place of jobs that wait for a backoff, an origin in trouble, or their turn. */
const MAX_WAITING = 1_000;
/** How often the room looks again at the client's counts while it is full, in milliseconds. */
const LOOK_MS = 25;

/**
 * Decides whether one more job may begin. There is room for twice as many jobs as requests may be in flight: while some write
 * what they have received, others send. A job that waits for a backoff, for an origin in trouble, or for its turn behind an
 * earlier job holds no permit, so that one more job may begin in its place. The room finds out by looking at the client's counts
 * now and then, because an event for each request would slow all of them down. Disposing the room stops that.
 *
 * With a total timeout, which runs from the beginning of a job, no job begins that would have to wait for a permit, and as few as
 * possible that wait for a token.
 */
export class JobRoom implements Disposable {
  readonly #options: JobRoomOptions;
  /** How many jobs there is room for while none waits without a permit. */
  readonly #least: number;
  /**
   * How many jobs may wait for tokens: as many as the rate allows in the time of two looks; 0 where it does not matter how long a
   * job waits.
   */
  readonly #maxAwaiting: number;
  #room: number;
  #timer: TimerHandle | undefined;

  /** Creates an empty room. */
  constructor(options: JobRoomOptions) {
    const { concurrency, isTimed, rate } = options;
    this.#options = options;
    this.#least = isTimed ? concurrency : 2 * concurrency;
    this.#maxAwaiting = isTimed && rate !== undefined
      ? Math.ceil(2 * LOOK_MS * rate.limit / rate.intervalMs)
      : 0;
    this.#room = this.#least;
  }

  /** Returns whether one more job may begin while so many have not ended. If not, the room looks again later. */
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

  /** Returns whether so few jobs wait for a token that one more may begin. */
  #hasTokens(outstanding: number): boolean {
    const stats = this.#options.stats();
    return outstanding - this.#options.stranded() < stats.inFlight + this.#maxAwaiting + this.#held(stats);
  }

  /** Returns how many jobs wait for something other than a permit or a token. */
  #held({ inFlight, queued, origins }: ClientStats): number {
    const { concurrency, rate } = this.#options;
    if (inFlight >= concurrency) return 0;
    const isInTrouble = Object.values(origins).some(({ healthy }) => !healthy);
    return rate !== undefined && !isInTrouble ? 0 : queued;
  }
}
