/**
 * Caches with faults: they are slow, or hang, throw, forget or lie.
 *
 * @module
 */

import type { CacheAdapter, CacheEntry, MaybePromise } from "../../src/cache/cache.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import type { TierPlan, TierTrouble } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** The longest time that a slow cache takes, in milliseconds. */
const SLOW_MS = 120;

/** The error that a cache throws, or rejects with. */
export class TierError extends Error {}

/** Creates a cache that has its fault with the probability in its plan. */
export function tierOf(stage: Stage, plan: TierPlan, keepsParsed: boolean): CacheAdapter {
  const memory = memoryCache(keepsParsed ? { keep: "parsed" } : {});
  return plan.trouble === undefined ? memory : new TroubledTier(stage, memory, plan, plan.trouble);
}

class TroubledTier implements CacheAdapter {
  readonly name: string;
  readonly maxEntryBytes: number;
  readonly keep: CacheAdapter["keep"];
  readonly #stage: Stage;
  readonly #memory: CacheAdapter;
  readonly #plan: TierPlan;
  readonly #trouble: TierTrouble;
  /** The entry that was stored last, under any key. */
  #latest: { readonly key: string; readonly entry: CacheEntry } | undefined;

  constructor(stage: Stage, memory: CacheAdapter, plan: TierPlan, trouble: TierTrouble) {
    this.name = `tier that ${trouble}`;
    this.maxEntryBytes = memory.maxEntryBytes;
    this.keep = memory.keep;
    this.#stage = stage;
    this.#memory = memory;
    this.#plan = plan;
    this.#trouble = trouble;
  }

  get(key: string): MaybePromise<CacheEntry | undefined> {
    return this.#ask(() => this.#isNow("lies") ? this.#latest?.entry : this.#memory.get(key));
  }

  set(key: string, entry: CacheEntry): MaybePromise<boolean> {
    return this.#ask(() => {
      this.#latest = { key, entry };
      if (this.#isNow("forgets")) return this.#then(this.#memory.delete(key), true);
      if (this.#isNow("refuses")) return false;
      // A lying cache stores the entry, and reports that it has not.
      return this.#then(this.#memory.set(key, entry), !this.#isNow("lies"));
    });
  }

  delete(key: string): MaybePromise<boolean> {
    return this.#ask(() => {
      // A lying cache may return another entry, but not a removed one: no client could then keep its promises about changes.
      if (this.#latest?.key === key) this.#latest = undefined;
      return this.#memory.delete(key);
    });
  }

  #isNow(trouble: TierTrouble): boolean {
    return this.#trouble === trouble && this.#stage.dice.chance(this.#plan.probability);
  }

  #then<T>(work: MaybePromise<unknown>, value: T): MaybePromise<T> {
    return work instanceof Promise ? work.then(() => value) : value;
  }

  #ask<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#isNow("throws")) throw new TierError("thrown by a cache");
    if (this.#isNow("rejects")) return Promise.reject(new TierError("rejected by a cache"));
    if (this.#isNow("hangs")) return new Promise(() => {});
    if (this.#trouble !== "slow" && this.#trouble !== "late") return work();
    const { clock, dice } = this.#stage;
    // A slow cache does its work either at once, or at the end of the delay.
    const isAtOnce = dice.chance(0.5);
    const done = isAtOnce ? work() : undefined;
    const delayMs = this.#trouble === "late" && this.#isNow("late") ? 1_500 : dice.int(0, SLOW_MS);
    return clock.sleep(delayMs).then(() => isAtOnce ? done as T : work());
  }
}
