/**
 * Several caches as one, ordered from the fastest to the slowest.
 *
 * @module
 */

import { shapeError } from "../primitives/argument_checks.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, MaybePromise, SweepResult } from "./cache.ts";
import { isPromise, type Result, withResult, withResults } from "./with_result.ts";
import { isAdapter } from "./is_adapter.ts";
import { KeptValues } from "./kept_values.ts";
import { Changes } from "./tiered/changes.ts";
import { Faults, joined } from "./tiered/faults.ts";

/**
 * Makes one cache of several.
 *
 * A read asks one tier after the other. An entry that is found is copied to the faster tiers, unless it was written or deleted
 * meanwhile, also through another tiered cache over the same slowest tier; the caller does not wait for that. Writes and removals
 * go to all tiers at once. A write succeeds if one tier accepts it; every other tier has its older entry removed. The cache goes
 * on without a tier that fails.
 *
 * An operation is synchronous if the tiers that it asks are. `clear` and `sweep` call those tiers that have the method.
 *
 * @param tiers The caches, the fastest first.
 * @returns The adapter. It accepts entries up to the largest size that any tier accepts.
 * @throws {TypeError} If `tiers` is no array of adapters, or empty.
 *
 * @example Memory in front of something slower
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { memoryCache, tieredCache, ttlCache } from "@slipstream/fetch/cache";
 * import { assertEquals } from "@std/assert";
 *
 * const disk = memoryCache({ maxBytes: 1_000_000_000 }); // or filesystemCache("cache")
 * let requests = 0;
 * await using client = createClient({
 *   cache: ttlCache(tieredCache([memoryCache(), disk]), { ttlMs: 60_000 }), // or ttlCache([memoryCache(), disk], …)
 *   fetch: () => Promise.resolve(new Response(`[${++requests}]`)),
 * });
 * assertEquals(await client.json("https://example.com/a"), [1]);
 * assertEquals(await client.json("https://example.com/a"), [1]);
 * ```
 */
export function tieredCache(tiers: readonly CacheAdapter[]): CacheAdapter {
  if (!Array.isArray(tiers) || tiers.length === 0 || !tiers.every(isAdapter)) {
    throw shapeError(
      "create tiered cache",
      "tiers",
      "a non-empty array of cache adapters (name, get, set, delete)",
      tiers,
    );
  }
  return new Tiers([...tiers]);
}

/**
 * Wraps each tier of a tiered cache, or the cache itself if it is not tiered. The new cache still notices writes that go through
 * the old one, because the two share their record of changes.
 *
 * @param cache The cache.
 * @param wrap Returns the wrapper of a tier.
 * @returns The cache of the wrapped tiers.
 */
export function mapTiers(cache: CacheAdapter, wrap: (tier: CacheAdapter) => CacheAdapter): CacheAdapter {
  return cache instanceof Tiers ? cache.map(wrap) : wrap(cache);
}

/** An entry, and the index of the tier that had it. */
interface Hit {
  readonly entry: CacheEntry;
  readonly tier: number;
}

class Tiers implements CacheAdapter {
  readonly name = "tiered";
  readonly maxEntryBytes: number;
  readonly keep: "bytes" | "parsed";
  readonly clear?: () => MaybePromise<void>;
  readonly sweep?: () => MaybePromise<SweepResult>;
  readonly #tiers: readonly CacheAdapter[];
  readonly #changes: Changes;

  constructor(tiers: readonly CacheAdapter[], changes: Changes = changesOf(tiers)) {
    this.#tiers = tiers;
    this.#changes = changes;
    this.maxEntryBytes = Math.max(...tiers.map(limitOf));
    this.keep = tiers.some(keepsParsed) ? "parsed" : "bytes";
    if (tiers.some((tier) => tier.clear !== undefined)) this.clear = () => this.#clear();
    if (tiers.some((tier) => tier.sweep !== undefined)) this.sweep = () => this.#sweep();
  }

  map(wrap: (tier: CacheAdapter) => CacheAdapter): CacheAdapter {
    return new Tiers(this.#tiers.map((tier) => mapTiers(tier, wrap)), this.#changes);
  }

  get(key: string, options: CacheCallOptions = {}): MaybePromise<CacheEntry | undefined> {
    const faults = new Faults("get", options.onFault);
    const isUnchanged = this.#changes.watch(key);
    const finish = (hit: Hit | undefined) => {
      // An entry that was read before a write must not overwrite that write.
      if (isUnchanged() && hit !== undefined) return this.#copyUpward(key, hit, options);
      if (hit === undefined) faults.throwIfMany(this.#tiers.length);
      return hit?.entry;
    };
    const found = this.#find(key, options, faults, 0);
    return isPromise(found) ? found.then(finish) : finish(found);
  }

  set(key: string, entry: CacheEntry, options: CacheCallOptions = {}): MaybePromise<boolean> {
    return this.#write(key, () => {
      const faults = new Faults("set", options.onFault);
      return this.#askAll((tier) => tier.set(key, entryFor(tier, entry), options), faults, (results) => {
        const refusing = this.#tiers.filter((_, index) => !isTrue(results[index]));
        if (refusing.length === 0) return true;
        if (refusing.length === this.#tiers.length) {
          faults.throwIfMany(this.#tiers.length);
          return false;
        }
        // Remove their older entries: they would hide the new entry, or reappear when it is gone.
        const calls = refusing.map((tier) => () => tier.delete(key, options));
        return withResults(calls, (removals) => {
          for (const [index, removal] of removals.entries()) {
            if ("error" in removal) faults.add(refusing[index]!, removal.error, "delete");
          }
          return true;
        });
      });
    });
  }

  delete(key: string, options: CacheCallOptions = {}): MaybePromise<boolean> {
    return this.#write(key, () => {
      const faults = new Faults("delete", options.onFault);
      return this.#askAll((tier) => tier.delete(key, options), faults, (results) => {
        faults.throwIfMany(this.#tiers.length);
        return results.some(isTrue);
      });
    });
  }

  /** Finds an entry in the tiers from `index` on; skips a tier that fails. */
  #find(
    key: string,
    options: CacheCallOptions,
    faults: Faults,
    index: number,
  ): MaybePromise<Hit | undefined> {
    const tier = this.#tiers[index];
    if (tier === undefined) return undefined;
    return withResult(() => tier.get(key, options), (result) => {
      if ("value" in result && isEntry(result.value)) return { entry: result.value, tier: index };
      if (options.signal?.aborted === true) return undefined;
      if ("error" in result) faults.add(tier, result.error);
      return this.#find(key, options, faults, index + 1);
    });
  }

  /**
   * Copies an entry to the faster tiers, without waiting for asynchronous ones.
   *
   * @returns The entry. It shares its decoded values with the tiers that keep them.
   */
  #copyUpward(key: string, { entry, tier: found }: Hit, options: CacheCallOptions): CacheEntry {
    const faults = new Faults("set", options.onFault);
    const takers = this.#tiers.slice(0, found).filter((tier) => entry.body.length <= limitOf(tier));
    if (entry.decoded === undefined && takers.some(keepsParsed)) {
      entry = { ...entry, decoded: new KeptValues() };
    }
    for (const tier of takers) {
      const end = this.#changes.write(key);
      const copied = withResult(() => tier.set(key, entryFor(tier, entry), options), (result) => {
        end();
        if ("error" in result) faults.add(tier, result.error);
      });
      if (isPromise(copied)) options.waitUntil?.(copied);
    }
    return entry;
  }

  #write(key: string, run: () => MaybePromise<boolean>): MaybePromise<boolean> {
    const end = this.#changes.write(key);
    return withResult(run, (result) => {
      end();
      return valueOf(result);
    });
  }

  /** Calls all tiers at once, notes the faults of those that fail, and goes on with the results. */
  #askAll<T, U>(
    ask: (tier: CacheAdapter) => MaybePromise<T>,
    faults: Faults,
    next: (results: readonly Result<T>[]) => MaybePromise<U>,
  ): MaybePromise<U> {
    return withResults(this.#tiers.map((tier) => () => ask(tier)), (results) => {
      for (const [index, result] of results.entries()) {
        if ("error" in result) faults.add(this.#tiers[index]!, result.error);
      }
      return next(results);
    });
  }

  #clear(): MaybePromise<void> {
    const end = this.#changes.clear();
    return withResults(this.#tiers.map((tier) => () => tier.clear?.()), (results) => {
      end();
      valuesOf(results);
    });
  }

  #sweep(): MaybePromise<SweepResult> {
    return withResults(this.#tiers.map((tier) => () => tier.sweep?.()), (results) => {
      const sum = { removed: 0, freedBytes: 0 };
      for (const swept of valuesOf(results)) {
        sum.removed += swept?.removed ?? 0;
        sum.freedBytes += swept?.freedBytes ?? 0;
      }
      return sum;
    });
  }
}

/** The records of changes, by the slowest tier. */
const changesOver = new WeakMap<CacheAdapter, Changes>();

/** Returns the record that all tiered caches over a slowest tier share, because one may copy an entry that another one removes. */
function changesOf(tiers: readonly CacheAdapter[]): Changes {
  const slowest = tiers.at(-1)!;
  const changes = changesOver.get(slowest) ?? new Changes();
  changesOver.set(slowest, changes);
  return changes;
}

function isEntry(value: CacheEntry | null | undefined): value is CacheEntry {
  return value?.body instanceof Uint8Array;
}

function keepsParsed({ keep }: CacheAdapter): boolean {
  return keep === "parsed";
}

/** Returns an entry as a tier gets it: without decoded values if the tier does not keep them. */
function entryFor(tier: CacheAdapter, entry: CacheEntry): CacheEntry {
  return entry.decoded === undefined || keepsParsed(tier) ? entry : { meta: entry.meta, body: entry.body };
}

function isTrue(result: Result<unknown> | undefined): boolean {
  return result !== undefined && "value" in result && result.value === true;
}

function valueOf<T>(result: Result<T>): T {
  if ("error" in result) throw result.error;
  return result.value;
}

/** Returns the values of all calls; throws if a call has failed. */
function valuesOf<T>(results: readonly Result<T>[]): T[] {
  const errors = results.flatMap((result) => "error" in result ? [result.error] : []);
  if (errors.length > 0) throw joined(errors);
  return results.map(valueOf);
}

/** Returns the largest entry that an adapter accepts; an adapter that names none has no limit. */
function limitOf({ maxEntryBytes }: Partial<CacheAdapter>): number {
  return maxEntryBytes ?? Infinity;
}
