/**
 * The world of one run of the model: a client, its servers, and all requests and batches that it was given.
 *
 * @module
 */

import type { Batch } from "../../src/client/batch.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/create_client.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import type { FetchRequest } from "../../src/client/request.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { AdaptiveLimit } from "../../src/primitives/adaptive_limit.ts";
import type { Bucket } from "../../src/primitives/bucket.ts";
import type { Permit } from "../../src/primitives/permit.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ForeignBucket } from "./model_bucket.ts";
import { ModelClock } from "./model_clock.ts";
import type { Dice } from "../support/dice.ts";
import { Eyes, watch } from "./model_eyes.ts";
import { CountedController } from "./model_signal.ts";
import { keyOf, type Plan } from "./model_plan.ts";
import { type Exchange, ModelServer } from "./model_server.ts";

/** How long a caller who reads a body may pause, in milliseconds. */
export const MOST_PAUSE_MS = 100;

/** A request, as its caller sees it. */
export interface Job {
  /** The last part of its URL. */
  readonly id: string;
  readonly method: string;
  /** Whether the client may send it twice. */
  readonly isRepeatable: boolean;
  /** Whether other jobs ask for the same URL, so that the server can't tell their requests apart. */
  readonly isShared: boolean;
  readonly batch: BatchJob | undefined;
  readonly timeoutMs: number;
  readonly endsByMs: number;
  readonly maxRetries: number;
  readonly signals: readonly AbortController[];
  readonly given: FetchRequest;
  /** Whether its caller reads the body. */
  readonly streams: boolean;
  attempts: number;
  /** Whether its caller has the answer. */
  isSettled: boolean;
  /** Whether the client may send nothing more for it. */
  isDead: boolean;
  /** Whether the model can't predict how it ends. */
  isLoose: boolean;
  /** The reason that it has to reject with. */
  mustEndWith: { readonly reason: unknown } | undefined;
}

/** A batch, as its caller sees it. */
export interface BatchJob {
  readonly kind: "settle" | "all" | "stream" | "record";
  readonly concurrency: number;
  readonly window: number;
  readonly mostHeld: number;
  readonly isOrdered: boolean;
  readonly signal: AbortController | undefined;
  readonly pulled: Job[];
  /** How many of the outcomes the caller has taken. */
  taken: number;
  /** Whether the client is waiting for the source's next request. */
  isAsked: boolean;
  hasEnded: boolean;
  hasFailed: { readonly reason: unknown } | undefined;
  isClosed: boolean;
  /** The client's own batch, once it has asked its source for an iterator. */
  batch: Batch | undefined;
  /** The stream that the client returned, which knows how many outcomes it holds. */
  stream: { readonly held: number } | undefined;
  isSettled: boolean;
  isDead: boolean;
  /** Whether the model can't predict how it ends. */
  isLoose: boolean;
  /** Whether it must have ended once all due timers have run. */
  mustEnd: boolean;
  /** The reason that it has to reject with. */
  mustEndWith: { readonly reason: unknown } | undefined;
}

/** All that belongs to one run. */
export class World {
  readonly clock: ModelClock = new ModelClock();
  readonly eyes: Eyes = new Eyes();
  readonly server: ModelServer;
  readonly adaptiveLimit: AdaptiveLimit | undefined;
  readonly semaphore: Semaphore;
  readonly client: Client;
  readonly controllers: CountedController[] = [];
  readonly jobs: Map<string, Job> = new Map();
  readonly batches: BatchJob[] = [];
  readonly events: ClientEvent[] = [];
  readonly violations: string[] = [];
  /** Returns the bucket that the tokens for an origin come from, if the model can see it. */
  readonly bucketOf: (origin: string) => Bucket | undefined;
  readonly clientSignal: CountedController | undefined;
  /**
   * The largest capacity of the semaphore at this moment: requests that were admitted before it shrank are still
   * sent.
   */
  #capacity: { atMs: number; most: number } = { atMs: 0, most: 0 };
  /** How many permits other users of the semaphore hold. */
  heldByOthers = 0;
  isClosed = false;
  closeReason: Error = new Error("the client was closed");
  hasClosed = false;
  /** The promises that must settle before the run is over. */
  readonly endings: Set<string> = new Set();
  lastId = 0;
  /** Whether foreign code is calling back into the client. */
  isMeddling = false;
  /** The batch that is about to ask its source for an iterator. */
  opening: Batch | undefined;

  constructor(
    readonly plan: Plan,
    readonly dice: Dice,
    onSend: (world: World, exchange: Exchange) => void,
    readonly meddle: (world: World) => void,
  ) {
    const { clock } = this;
    const weather = new Map(plan.origins.map((origin, index) => [origin, plan.weather[index]!]));
    this.server = new ModelServer({
      clock,
      dice,
      weather,
      deafness: plan.deafness,
      keyOf: plan.learns ? (id) => keyOf(id, plan.keys) : undefined,
      onSend: (exchange) => onSend(this, exchange),
    });
    for (let index = 0; index < plan.signals; index++) this.controllers.push(new CountedController());
    this.clientSignal = plan.hasSignal ? new CountedController() : undefined;
    this.adaptiveLimit = plan.adaptive && new AdaptiveLimit({ ...plan.adaptive, clock });
    this.semaphore = this.adaptiveLimit?.semaphore ?? new Semaphore(plan.concurrency);
    const resize = this.semaphore.resize.bind(this.semaphore);
    this.semaphore.resize = (capacity) => {
      this.#capacity = { atMs: clock.now(), most: this.capacity };
      resize(capacity);
    };
    const { rate, bucketOf } = this.#rate();
    this.bucketOf = bucketOf;
    watch(this.eyes);
    this.eyes.onBatch = (batch) => void (this.opening = batch);
    this.client = createClient(this.#options(rate));
    if (plan.listens === "always") this.listen();
  }

  #options(rateLimit: ClientOptions["rateLimit"]): ClientOptions {
    const { plan, clock, dice } = this;
    return {
      clock,
      rateLimit,
      limitKey: plan.keys === 0
        ? undefined
        : ({ url }) => keyOf(url.slice(url.lastIndexOf("/") + 1), plan.keys),
      learnLimits: plan.learns
        ? [
          { limits: "x-limit", counts: "x-limit-count", per: "origin" },
          { limits: "x-key-limit", counts: "x-key-limit-count", per: "key" },
        ]
        : undefined,
      maxQueue: plan.maxQueue,
      maxQueueMs: plan.maxQueueMs,
      random: dice.random,
      fetch: this.server.fetch,
      concurrency: this.adaptiveLimit ?? (plan.isSemaphoreShared ? this.semaphore : plan.concurrency),
      perOrigin: plan.perOrigin === undefined ? undefined : { concurrency: plan.perOrigin },
      circuitBreaker: plan.breaker,
      retryBudget: plan.retryBudget,
      maxRetries: plan.maxRetries,
      maxWaiting: plan.maxWaiting,
      pauseOn429: plan.pauseOn429,
      timeoutMs: plan.timeoutMs,
      totalTimeoutMs: plan.totalTimeoutMs,
      maxRetryAfterMs: plan.maxRetryAfterMs,
      backoff: {
        baseMs: plan.backoffMs,
        jitterMs: plan.backoffMs / 2,
        maxMs: Math.max(plan.backoffMs, 2_000),
      },
      baseUrls: plan.baseUrls.length === 0 ? undefined : plan.baseUrls,
      signal: this.clientSignal?.signal,
    };
  }

  #rate(): { rate: ClientOptions["rateLimit"]; bucketOf: (origin: string) => Bucket | undefined } {
    const { plan: { rate, windows }, clock, dice } = this;
    if (windows !== undefined) {
      return { rate: windows, bucketOf: (origin) => this.eyes.lanes.get(origin)?.bucket };
    }
    if (rate === undefined) return { rate: undefined, bucketOf: () => undefined };
    const { kind, limit, intervalMs, burst } = rate;
    const make = (): TokenBucket => new TokenBucket({ limit, intervalMs, burst, clock });
    const lane = (origin: string): Bucket | undefined => this.eyes.lanes.get(origin)?.bucket;
    if (kind === "client") return { rate: { limit, intervalMs, burst }, bucketOf: () => undefined };
    if (kind === "origin") return { rate: { limit, intervalMs, burst, per: "origin" }, bucketOf: lane };
    if (kind === "function") return { rate: make, bucketOf: lane };
    const bucket = kind === "shared" ? make() : new ForeignBucket(make(), clock, dice);
    return { rate: bucket, bucketOf: () => bucket };
  }

  /** Records a broken rule; the first five are kept. */
  fail(text: string): void {
    if (this.violations.length < 5) this.violations.push(`${this.clock.now()} ms: ${text}`);
  }

  /** Adds a listener to the client, which may call back into it. */
  listen(): Disposable {
    return this.client.on((event) => {
      this.events.push(event);
      this.maybeMeddle();
    });
  }

  /** Lets foreign code call back into the client, with the probability that the plan says. */
  maybeMeddle(): void {
    if (this.plan.mischief === 0 || this.isMeddling || !this.dice.chance(this.plan.mischief)) return;
    this.isMeddling = true;
    this.meddle(this);
    this.isMeddling = false;
  }

  /** Aborts one of the callers' signals. */
  abort(controller: AbortController, reason: unknown = new Error("aborted by its caller")): void {
    if (controller.signal.aborted) return;
    for (const job of this.jobs.values()) if (job.signals.includes(controller)) this.#kill(job, reason);
    for (const batch of this.batches) if (batch.signal === controller) this.#killBatch(batch, reason);
    controller.abort(reason);
  }

  /** How many permits may be out at this moment. */
  get capacity(): number {
    const { atMs, most } = this.#capacity;
    return atMs === this.clock.now() ? Math.max(most, this.semaphore.capacity) : this.semaphore.capacity;
  }

  /** How many permits may ever be out. */
  get mostCapacity(): number {
    return Math.max(this.semaphore.capacity, this.adaptiveLimit?.max ?? 0);
  }

  /** Whether the model can see the semaphore that the client uses. */
  get isSemaphoreKnown(): boolean {
    return this.plan.isSemaphoreShared || this.adaptiveLimit !== undefined;
  }

  /** Closes the client, also by its signal if `bySignal`. */
  close(bySignal: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const reason = this.closeReason;
    for (const job of this.jobs.values()) this.#kill(job, job.batch === undefined ? reason : undefined);
    for (const batch of this.batches) {
      batch.isDead = true;
      batch.mustEnd = true;
      if (this.isMeddling) this.#loosen(batch);
    }
    this.endings.add("close()");
    if (bySignal) this.clientSignal!.abort(reason);
    this.client.close(reason).then(() => {
      this.hasClosed = true;
      this.endings.delete("close()");
    });
  }

  /**
   * Marks a request for which nothing may be sent any more. If foreign code has called back, the request may have
   * ended in another way just before.
   */
  #kill(job: Job, reason: unknown): void {
    job.isDead = true;
    if (this.isMeddling) this.#loosen(job);
    else if (!job.isSettled && !job.isLoose && reason !== undefined) job.mustEndWith ??= { reason };
  }

  #killBatch(batch: BatchJob, reason: unknown): void {
    batch.isDead = true;
    batch.mustEnd = true;
    if (this.isMeddling) this.#loosen(batch);
    else if (!batch.isSettled && !batch.isLoose && !this.isClosed && !isOver(batch)) {
      batch.mustEndWith ??= { reason };
    }
    for (const job of batch.pulled) job.isDead = true;
  }

  #loosen(ending: Job | BatchJob): void {
    ending.isLoose = true;
    ending.mustEndWith = undefined;
  }

  /** How many listeners there are on each signal. */
  listeners(): [name: string, count: number][] {
    const own: [string, number][] = this.controllers.map((
      { listeners },
      index,
    ) => [`signal ${index}`, listeners]);
    return this.clientSignal === undefined
      ? own
      : [...own, ["the client's signal", this.clientSignal.listeners]];
  }

  /** Takes permits for another user of the semaphore. */
  borrow(weight: number, forMs: number): void {
    // A claim for more permits than a lowered limit allows waits until the limit rises, and blocks all claims behind
    // it.
    if (weight > Math.min(this.semaphore.capacity, this.plan.adaptive?.min ?? Infinity)) return;
    const ending = `the wait for ${weight} permits since ${this.clock.now()}`;
    this.endings.add(ending);
    this.semaphore.acquire(weight).then((permit: Permit) => {
      this.endings.delete(ending);
      this.heldByOthers += weight;
      this.clock.at(forMs, () => {
        this.heldByOthers -= weight;
        permit[Symbol.dispose]();
      });
    });
  }
}

/**
 * Whether all outcomes of a batch are there. An abort then changes nothing, even if the caller has not taken them
 * yet.
 */
function isOver({ batch, hasEnded }: BatchJob): boolean {
  return hasEnded && (batch === undefined || batch.allowance.active + batch.allowance.asleep === 0);
}
