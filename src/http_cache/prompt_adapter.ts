/**
 * A cache adapter with a time limit: if it does not answer in time, the cache does without it for a while.
 *
 * @module
 */

import { isPromise, withResult } from "../cache/with_result.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, MaybePromise } from "../cache/cache.ts";
import { isOwnAdapter } from "../cache/own_adapters.ts";
import type { Environment } from "../policies/policy.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { type DoubtfulKeys, doubtfulKeysOf } from "./doubtful_keys.ts";

/** The options of each call to the adapter. */
export interface TimedCallOptions extends CacheCallOptions {
  /** The clock and the deadlines of the client that calls. */
  readonly environment: Pick<Environment, "clock" | "deadlines" | "idleDeadlines">;
  /** How long the caller can wait for a read, in milliseconds; after that it is a miss, and no fault. @default {Infinity} */
  readonly patienceMs?: number | undefined;
  /** Whether the caller can use an entry of a key. If not, it is a miss, so that the next tier is asked. It may throw. */
  readonly isWanted?: ((entry: CacheEntry, key: string) => boolean) | undefined;
}

/** How long an adapter that did not answer in time is passed over, in milliseconds. */
const PASSED_OVER_MS = 10_000;
/**
 * The last part of a call's time limit, in milliseconds. It starts only when the timer of the first part has fired, so that a
 * busy program, whose timer is late, still gives the adapter this time.
 */
const LAST_MS = 50;
/** How many times as long as a read a change (a write or a removal) may take: no request waits for it. */
const PATIENCE_WITH_CHANGES = 10;

/**
 * Wraps an adapter, which may be one of several tiers. A call that takes too long rejects. For a while, the adapter is then
 * passed over: every read is a miss, and every change is refused. After that, one call tests whether the adapter answers again.
 * An entry that could be neither replaced nor removed, for whatever reason, is not given out until a change of it has succeeded.
 * An adapter that is not of this package gets copies of entries, so that callers do not see its changes to them.
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

  /** Wraps an adapter, which may take `timeoutMs` for a read. */
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
      this.#doubtful.add(key);
      return false;
    }
    const deadlines = options.environment.idleDeadlines;
    const timeoutMs = this.#timeoutMs * PATIENCE_WITH_CHANGES;
    return withResult(() => this.#inTime(call, options, { deadlines, timeoutMs, key }), (result) => {
      if ("error" in result) {
        this.#doubtful.add(key);
        throw result.error;
      }
      if (isDone(result.value)) this.#doubtful.settle(key);
      return result.value;
    });
  }

  #isPassedOver({ environment: { clock } }: TimedCallOptions): boolean {
    if (!this.#isInTrouble) return false;
    const nowMs = clock.now();
    if (nowMs < this.#passedOverUntilMs) return true;
    // Let this one call through as a test, and pass the adapter over for the others meanwhile.
    this.#passedOverUntilMs = nowMs + PASSED_OVER_MS;
    return false;
  }

  /** Gives the result of a call, or rejects if that takes too long. */
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
          // If the program was busy until now, the adapter's answer may have arrived without having been read. Wait a little
          // longer.
          isLast = true;
          deadline = deadlines.add({ isTimeout: true, onDeadline }, lastMs);
          return;
        }
        isLate = true;
        if (key !== undefined) this.#doubtful.addLate(key);
        this.#isInTrouble = true;
        this.#passedOverUntilMs = clock.now() + PASSED_OVER_MS;
        reject(new Error(`The cache '${this.name}' did not answer within ${timeoutMs} ms`));
      };
      let deadline = deadlines.add({ isTimeout: true, onDeadline }, timeoutMs - lastMs);
      const end = (): void => {
        deadlines.remove(deadline);
        if (!isLate) this.#isInTrouble = false;
        else if (key !== undefined) this.#doubtful.endLate(key);
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

/**
 * Copies an entry for an adapter that may change it, or transfer its bytes to another thread: callers and other tiers still need
 * the original.
 */
function copyOf({ meta, body, ...others }: CacheEntry): CacheEntry {
  return { meta: structuredClone(meta), body: body.slice(), ...others };
}

/** Returns the entry that was read, with a body of plain bytes, if the caller can use it. */
function ifWanted(
  entry: CacheEntry | undefined,
  key: string,
  { isWanted }: TimedCallOptions,
): CacheEntry | undefined {
  if (!entry || (isWanted !== undefined && !isWanted(entry, key))) return undefined;
  const { body } = entry;
  // The `slice()` of a `Buffer`, which many stores return, copies nothing.
  if (!(body instanceof Uint8Array) || body.constructor === Uint8Array) return entry;
  return { ...entry, body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) };
}

/** Gives the entry that is read, or `undefined` if that takes longer. */
function missAfter(
  answer: Promise<CacheEntry | undefined>,
  patienceMs: number,
  deadlines: Deadlines,
): Promise<CacheEntry | undefined> {
  return new Promise((resolve, reject) => {
    const deadline = deadlines.add({ isTimeout: true, onDeadline: () => resolve(undefined) }, patienceMs);
    answer.then(resolve, reject).finally(() => deadlines.remove(deadline));
  });
}

/** The time limit of a call to the adapter. */
interface Limit {
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
  /** The key that the call changes; absent for a read. */
  readonly key?: string | undefined;
}
