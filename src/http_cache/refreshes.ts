/**
 * Decides when a stale entry may be refreshed in the background.
 *
 * @module
 */

import { LruCache } from "@std/cache/lru-cache";
import type { Clock } from "../primitives/clock.ts";

/** The pause after a first failure, in milliseconds; each further failure doubles it, up to the longest pause. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** How many keys with failures are remembered. */
const MAX_KEYS = 1_000;

/**
 * After this time a refresh counts as lost, in milliseconds, where the runtime ends work together with the incoming request that
 * has started it.
 */
const LOST_AFTER_MS = 1_000;

/** A refresh in flight. */
interface UnderWay {
  readonly begunAtMs: number;
}

/** The failed refreshes of a key. */
interface Failing {
  readonly failures: number;
  /** When the next refresh may begin, on the client's clock. */
  readonly againAtMs: number;
}

/**
 * Lets one refresh of a key run at a time, and none for a while after a failure, so that not every stale hit starts another one.
 */
export class Refreshes {
  readonly #clock: Clock;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #failing: LruCache<string, Failing> = new LruCache(MAX_KEYS);

  /** Creates a record of refreshes without any. The pauses are measured by the clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Begins a refresh, if it may begin now.
   *
   * @param key The key of the entry to refresh.
   * @returns A function that ends the refresh and takes whether it has succeeded; `undefined` if the refresh may not begin.
   */
  tryBegin(key: string): ((succeeded: boolean) => void) | undefined {
    if (this.#underWay.has(key)) return undefined;
    return this.#begin(key);
  }

  /**
   * Begins a refresh in the place of one that may be lost.
   *
   * @param key The key of the entry to refresh.
   * @returns A function that ends the refresh and takes whether it has succeeded; `undefined` if there is no earlier refresh, or
   * if that one is not lost.
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
