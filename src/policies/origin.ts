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
  /** What it asked for; forgotten when somebody asks after it has passed. */
  pause: Pause | undefined;

  /** Creates the record. */
  constructor(key: string, breaker: CircuitBreaker | undefined, bucket: TokenBucket | undefined) {
    this.key = key;
    this.breaker = breaker;
    this.bucket = bucket;
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
    if (this.pause.untilMs > nowMs) return this.pause.untilMs - nowMs;
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

/** How many origins a client remembers; a crawler may meet any number. */
const MAX_ORIGINS = 1_024;

/** The origins of one client. */
export class Origins {
  readonly #origins = new Map<string, Origin>();
  readonly #create: (key: string) => Origin;

  /** Creates the collection; `create` makes the record of an origin that is met for the first time. */
  constructor(create: (key: string) => Origin) {
    this.#create = create;
  }

  /** The record of an origin. */
  get(key: string): Origin {
    let origin = this.#origins.get(key);
    if (origin === undefined) {
      if (this.#origins.size >= MAX_ORIGINS) this.#forgetOldestQuiet();
      origin = this.#create(key);
      this.#origins.set(key, origin);
    }
    return origin;
  }

  /** All that are remembered, oldest first. */
  values(): IterableIterator<Origin> {
    return this.#origins.values();
  }

  /** Forgets the oldest origin that would be the same if it were met anew; requests under way keep their record. */
  #forgetOldestQuiet(): void {
    for (const [key, origin] of this.#origins) {
      if (!origin.isQuiet) continue;
      this.#origins.delete(key);
      return;
    }
  }
}
