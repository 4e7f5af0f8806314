/**
 * What a client knows of each origin: its breaker, its bucket, its pause, its numbers.
 *
 * @module
 */

import type { CircuitBreaker, CircuitResult } from "../primitives/circuit_breaker.ts";
import type { TokenBucket } from "../primitives/token_bucket.ts";

/** The response that made an origin pause. */
export interface Pause {
  /** When it ends, on the client's clock. */
  readonly untilMs: number;
  readonly status: number;
  readonly headers: Headers;
}

/** A wait shorter than this, in milliseconds, is none. */
const SHORTEST_WAIT_MS = 1e-3;

/** One origin, as one client sees it. */
export class Origin {
  /** Such as `https://cdn.example.com`. */
  readonly key: string;
  readonly breaker: CircuitBreaker | undefined;
  /** The origin's own bucket, when the rate limit is per origin. */
  readonly bucket: TokenBucket | undefined;
  attempts = 0;
  succeeded = 0;
  failed = 0;
  bytes = 0;
  /** Whether connections to it are encrypted, so that they may be HTTP/2. */
  readonly isSecure: boolean;
  /** When the latest attempt that was answered began, on the client's clock; or when no answer was waited for any longer. */
  contactAtMs: number = -Infinity;
  /** Resolves when the request that was sent ahead of a burst has been answered; absent when there is none. */
  scouting: PromiseWithResolvers<void> | undefined;
  /** What it asked for; forgotten when somebody asks after it has passed. */
  pause: Pause | undefined;

  /** Creates the record. */
  constructor(key: string, breaker: CircuitBreaker | undefined, bucket: TokenBucket | undefined) {
    this.key = key;
    this.isSecure = key.startsWith("https:");
    this.breaker = breaker;
    this.bucket = bucket;
  }

  /** An attempt that began then has been answered: nobody need wait for a first answer any more. */
  answered(atMs: number): void {
    this.contactAtMs = atMs;
    this.scouting?.resolve();
  }

  /** Counts how an attempt went, here and in the breaker; `ignored` says nothing of the origin. */
  settle(ticket: number, result: CircuitResult): void {
    if (result === "success") this.succeeded++;
    else if (result === "failure") this.failed++;
    this.breaker?.settle(ticket, result);
  }

  /** Makes everybody wait for this origin; a shorter wait than the one in force changes nothing. */
  pauseFor(pause: Pause): void {
    if (this.pause !== undefined && this.pause.untilMs >= pause.untilMs) return;
    this.pause = pause;
  }

  /** How long it asked to wait, from now, in milliseconds. */
  pauseLeftMs(nowMs: number): number {
    if (this.pause === undefined) return 0;
    const leftMs = this.pause.untilMs - nowMs;
    // What rounding leaves over would be waited for for ever, where a wait that short does not move the clock.
    if (leftMs > SHORTEST_WAIT_MS) return leftMs;
    this.pause = undefined;
    return 0;
  }

  /** Whether it would be the same if it were met anew. */
  get isQuiet(): boolean {
    const { pause, breaker, bucket } = this;
    return pause === undefined && (breaker?.isQuiet ?? true) &&
      (bucket === undefined || bucket.available >= bucket.burst);
  }

  /** Whether an attempt would be sent now. */
  isHealthy(nowMs: number): boolean {
    return (this.breaker === undefined || this.breaker.retryAfterMs === 0) && this.pauseLeftMs(nowMs) === 0;
  }
}

/** From how many origins on the quiet ones are forgotten; a crawler may meet any number. */
const MANY_ORIGINS = 1_024;
/** How many origins are remembered, quiet or not. */
const MAX_ORIGINS = 8_192;

/** The origins of one client. */
export class Origins {
  readonly #origins = new Map<string, Origin>();
  readonly #create: (key: string) => Origin;
  #sweepAt = MANY_ORIGINS;

  /** Creates the collection; `create` makes the record of an origin that is met for the first time. */
  constructor(create: (key: string) => Origin) {
    this.#create = create;
  }

  /** The record of an origin. */
  get(key: string): Origin {
    let origin = this.#origins.get(key);
    if (origin === undefined) {
      if (this.#origins.size >= this.#sweepAt) this.#sweep();
      origin = this.#create(key);
      this.#origins.set(key, origin);
    }
    return origin;
  }

  /** All that are remembered, oldest first. */
  values(): IterableIterator<Origin> {
    return this.#origins.values();
  }

  /** Forgets those that would be the same if they were met anew; of far too many, the oldest. Calls keep their record. */
  #sweep(): void {
    for (const [key, origin] of this.#origins) {
      if (origin.isQuiet) this.#origins.delete(key);
    }
    for (const key of this.#origins.keys()) {
      if (this.#origins.size < MAX_ORIGINS) break;
      this.#origins.delete(key);
    }
    // The next sweep comes when it is worth its while.
    this.#sweepAt = Math.min(MAX_ORIGINS, Math.max(MANY_ORIGINS, 2 * this.#origins.size));
  }
}
