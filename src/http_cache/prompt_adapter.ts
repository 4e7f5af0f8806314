/**
 * A cache adapter that answers in time, or is passed over.
 *
 * @module
 */

import { isPromise, withResult } from "../cache/with_result.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, MaybePromise } from "../cache/cache.ts";
import { isOwnAdapter } from "../cache/own_adapters.ts";
import type { Environment } from "../policies/policy.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";

/** What the adapter is told with a call. */
export interface TimedCallOptions extends CacheCallOptions {
  /** Where the time of the client comes from that calls. */
  readonly environment: Pick<Environment, "clock" | "deadlines" | "idleDeadlines">;
  /** How long the caller can wait for what is read, in milliseconds; then it is a miss, and no fault. @default {Infinity} */
  readonly patienceMs?: number | undefined;
  /** Whether an entry is what the caller wants of a key: what is not, is a miss, so that the next tier is asked. It may throw. */
  readonly isWanted?: ((entry: CacheEntry, key: string) => boolean) | undefined;
}

/** For so long an adapter that did not answer is not asked again, in milliseconds. */
const PASSED_OVER_MS = 10_000;
/** The end of the time of a call, in milliseconds, which begins when the rest is over, however late this program notices. */
const LAST_MS = 50;
/** Changes have so many times as long as reads, because no request waits for them. */
const PATIENCE_WITH_CHANGES = 10;
/** Of so many entries it is remembered that they could not be replaced or removed. */
const MAX_DOUBTFUL = 100_000;

/** The keys of what an adapter must not give out, and how many changes of each are late, and may still happen. */
type DoubtfulKeys = Map<string, number>;

const doubtfulKeys = new WeakMap<CacheAdapter, DoubtfulKeys>();

/** What could not be removed by way of one plan must not be given out by another one of the same adapter. */
function doubtfulKeysOf(adapter: CacheAdapter): DoubtfulKeys {
  let keys = doubtfulKeys.get(adapter);
  if (keys === undefined) doubtfulKeys.set(adapter, keys = new Map());
  return keys;
}

/**
 * Wraps an adapter, which may be one of several tiers. A call that takes too long rejects, and for a while the adapter is passed over:
 * it has nothing, and takes nothing. Then one call finds out whether it answers again. An entry that could be neither replaced nor
 * removed, for whatever reason, is not given out until a change of it has succeeded. What it does to the entries that it is given reaches
 * no caller.
 */
export class PromptAdapter implements CacheAdapter {
  readonly name: string;
  readonly maxEntryBytes: number;
  readonly keep: CacheAdapter["keep"];
  readonly #adapter: CacheAdapter;
  readonly #timeoutMs: number;
  #isInTrouble = false;
  #passedOverUntilMs = 0;
  readonly #doubtful: DoubtfulKeys;

  /** Wraps an adapter, which has so many milliseconds for a read. */
  constructor(adapter: CacheAdapter, timeoutMs: number) {
    this.name = adapter.name;
    this.maxEntryBytes = adapter.maxEntryBytes;
    this.keep = adapter.keep;
    this.#adapter = adapter;
    this.#timeoutMs = timeoutMs;
    this.#doubtful = doubtfulKeysOf(adapter);
  }

  get(key: string, options: TimedCallOptions): MaybePromise<CacheEntry | undefined> {
    if (this.#doubtful.has(key) || this.#isPassedOver(options)) return undefined;
    const { environment: { deadlines }, patienceMs = Infinity } = options;
    const limit = { deadlines, timeoutMs: this.#timeoutMs };
    const answer = this.#inTime(() => this.#adapter.get(key, options), options, limit);
    if (!isPromise(answer)) return ifWanted(answer, key, options);
    const wanted = answer.then((entry) => ifWanted(entry, key, options));
    return patienceMs < this.#timeoutMs ? missAfter(wanted, patienceMs, deadlines) : wanted;
  }

  set(key: string, entry: CacheEntry, options: TimedCallOptions): MaybePromise<boolean> {
    return this.#change(
      key,
      options,
      () => this.#adapter.set(key, isOwnAdapter(this.#adapter) ? entry : copyOf(entry), options),
      (taken) => taken === true,
    );
  }

  delete(key: string, options: TimedCallOptions): MaybePromise<boolean> {
    return this.#change(key, options, () => this.#adapter.delete(key, options), () => true);
  }

  #change(
    key: string,
    options: TimedCallOptions,
    call: () => MaybePromise<boolean>,
    isDone: (result: boolean) => boolean,
  ): MaybePromise<boolean> {
    if (this.#isPassedOver(options)) {
      this.#doubt(key);
      return false;
    }
    const deadlines = options.environment.idleDeadlines;
    const timeoutMs = this.#timeoutMs * PATIENCE_WITH_CHANGES;
    return withResult(() => this.#inTime(call, options, { deadlines, timeoutMs, key }), (result) => {
      if ("error" in result) {
        this.#doubt(key);
        throw result.error;
      }
      // What is late may still put back what was there.
      if (isDone(result.value) && this.#doubtful.get(key) === 0) this.#doubtful.delete(key);
      return result.value;
    });
  }

  #doubt(key: string, late = 0): void {
    const known = this.#doubtful.get(key);
    if (known !== undefined) this.#doubtful.set(key, known + late);
    else if (this.#doubtful.size < MAX_DOUBTFUL) this.#doubtful.set(key, Math.max(late, 0));
  }

  #isPassedOver({ environment: { clock } }: TimedCallOptions): boolean {
    if (!this.#isInTrouble) return false;
    const nowMs = clock.now();
    if (nowMs < this.#passedOverUntilMs) return true;
    // The others wait for what becomes of this one.
    this.#passedOverUntilMs = nowMs + PASSED_OVER_MS;
    return false;
  }

  /** What a call answers, if that comes in time. */
  #inTime<T>(call: () => MaybePromise<T>, options: TimedCallOptions, limit: Limit): MaybePromise<T> {
    const { clock } = options.environment;
    const answer = clock.hold === undefined ? call() : clock.hold(call);
    if (!isPromise(answer)) {
      this.#isInTrouble = false;
      return answer;
    }
    const { deadlines, timeoutMs, key } = limit;
    return new Promise((resolve, reject) => {
      const lastMs = Math.min(LAST_MS, timeoutMs / 2);
      let isLast = false;
      let isLate = false;
      const onDeadline = (): void => {
        if (!isLast) {
          // If this program was busy until now, the adapter's result may be there, and was not seen yet.
          isLast = true;
          deadline = deadlines.add({ onDeadline }, lastMs);
          return;
        }
        isLate = true;
        if (key !== undefined) this.#doubt(key, 1);
        this.#isInTrouble = true;
        this.#passedOverUntilMs = clock.now() + PASSED_OVER_MS;
        reject(new Error(`The cache '${this.name}' did not answer within ${timeoutMs} ms`));
      };
      let deadline = deadlines.add({ onDeadline }, timeoutMs - lastMs);
      const end = (): void => {
        deadlines.remove(deadline);
        if (!isLate) this.#isInTrouble = false;
        else if (key !== undefined) this.#doubt(key, -1);
      };
      answer.then((value) => {
        end();
        resolve(value);
      }, (error) => {
        end();
        reject(error);
      });
    });
  }
}

/** An entry for an adapter that may change it, or move its bytes to another thread, while callers and other tiers still need them. */
function copyOf({ meta, body, ...others }: CacheEntry): CacheEntry {
  return { meta: structuredClone(meta), body: body.slice(), ...others };
}

/** What was read, if it is of use. */
function ifWanted(
  entry: CacheEntry | undefined,
  key: string,
  { isWanted }: TimedCallOptions,
): CacheEntry | undefined {
  return !entry || isWanted === undefined || isWanted(entry, key) ? entry : undefined;
}

/** What is read, or nothing if that takes longer. */
function missAfter(
  answer: Promise<CacheEntry | undefined>,
  patienceMs: number,
  deadlines: Deadlines,
): Promise<CacheEntry | undefined> {
  return new Promise((resolve, reject) => {
    const deadline = deadlines.add({ onDeadline: () => resolve(undefined) }, patienceMs);
    answer.then(resolve, reject).finally(() => deadlines.remove(deadline));
  });
}

/** How long a call may take, and of what. */
interface Limit {
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
  /** The key that it changes. */
  readonly key?: string | undefined;
}
