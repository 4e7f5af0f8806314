/**
 * When what is stale is brought up to date in the background.
 *
 * @module
 */

import { LruCache } from "@std/cache/lru-cache";
import type { Clock } from "../primitives/clock.ts";

/** After a failure so much time passes, in milliseconds; twice as much after each further one, up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** So many keys with failures are remembered. */
const MAX_KEYS = 1_000;

/** A refresh that takes longer may be lost, where the runtime ends work with the incoming request that has begun it, in milliseconds. */
const LOST_AFTER_MS = 1_000;

/** A refresh. */
interface UnderWay {
  readonly begunAtMs: number;
}

/** What is known of a key whose refreshes fail. */
interface Failing {
  readonly failures: number;
  /** When the next one may begin, on the client's clock. */
  readonly againAtMs: number;
}

/** Lets one refresh of a key run at a time, and after a failure none for a while: not each stale hit starts another. */
export class Refreshes {
  readonly #clock: Clock;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #failing: LruCache<string, Failing> = new LruCache(MAX_KEYS);

  /** Takes the clock that the pauses are measured by. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Begins a refresh, if it may begin now.
   *
   * @param key What is refreshed.
   * @returns Ends it, and is told whether it has succeeded; `undefined` if it may not begin.
   */
  tryBegin(key: string): ((succeeded: boolean) => void) | undefined {
    if (this.#underWay.has(key)) return undefined;
    return this.#begin(key);
  }

  /**
   * Begins a refresh in the place of one that may be lost.
   *
   * @param key What is refreshed.
   * @returns Ends it, and is told whether it has succeeded; `undefined` if there is none, or it may well go on.
   */
  tryTakeOver(key: string): ((succeeded: boolean) => void) | undefined {
    const before = this.#underWay.get(key);
    if (before === undefined || this.#clock.now() < before.begunAtMs + LOST_AFTER_MS) return undefined;
    return this.#begin(key);
  }

  #begin(key: string): ((succeeded: boolean) => void) | undefined {
    const failing = this.#failing.get(key);
    if (failing !== undefined && this.#clock.now() < failing.againAtMs) return undefined;
    const own: UnderWay = { begunAtMs: this.#clock.now() };
    this.#underWay.set(key, own);
    return (succeeded) => {
      if (this.#underWay.get(key) === own) this.#underWay.delete(key);
      if (succeeded) this.#failing.delete(key);
      else this.#noteFailure(key, failing?.failures ?? 0);
    };
  }

  #noteFailure(key: string, before: number): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** before, MAX_PAUSE_MS);
    this.#failing.set(key, { failures: before + 1, againAtMs: this.#clock.now() + pauseMs });
  }
}
