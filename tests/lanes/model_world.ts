/**
 * The world of one run of the model: a client, its servers, and all that was asked of it.
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

/** A request, as whoever made it sees it. */
export interface Job {
  /** The last part of its URL. */
  readonly id: string;
  readonly method: string;
  /** Whether it may be sent twice. */
  readonly isRepeatable: boolean;
  /** Whether others ask for the same, so that what is sent can't be told apart. */
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
  /** Whether nothing may be sent for it any more. */
  isDead: boolean;
  /** Whether it may end in more ways than one. */
  isLoose: boolean;
  /** What it has to reject with. */
  mustEndWith: { readonly reason: unknown } | undefined;
}

/** A batch, as whoever made it sees it. */
export interface BatchJob {
  readonly kind: "settle" | "all" | "stream" | "record";
  readonly concurrency: number;
  readonly window: number;
  readonly mostHeld: number;
  readonly isOrdered: boolean;
  readonly signal: AbortController | undefined;
  readonly pulled: Job[];
  /** How many of the outcomes the caller has. */
  taken: number;
  /** What the source is doing. */
  isAsked: boolean;
  hasEnded: boolean;
  hasFailed: { readonly reason: unknown } | undefined;
  isClosed: boolean;
  /** What is tested. */
  batch: Batch | undefined;
  /** The stream, which knows how much it holds. */
  stream: { readonly held: number } | undefined;
  isSettled: boolean;
  isDead: boolean;
  /** Whether it may end in more ways than one. */
  isLoose: boolean;
  /** Whether it must be over as soon as everything has run. */
  mustEnd: boolean;
  /** What it has to reject with. */
  mustEndWith: { readonly reason: unknown } | undefined;
}

/** Everything of one run. */
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
  /** Whom each token comes from. */
  readonly bucketOf: (origin: string) => Bucket | undefined;
  readonly clientSignal: CountedController | undefined;
  /** The most that the semaphore has held at this moment: what was admitted before it was made smaller is sent all the same. */
  #capacity: { atMs: number; most: number } = { atMs: 0, most: 0 };
  /** How many permits others hold of the semaphore. */
  heldByOthers = 0;
  isClosed = false;
  closeReason: Error = new Error("the client was closed");
  hasClosed = false;
  /** Everything that must come to an end. */
  readonly endings: Set<string> = new Set();
  lastId = 0;
  /** How deep in mischief. */
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

  /** What must not be. */
  fail(text: string): void {
    if (this.violations.length < 5) this.violations.push(`${this.clock.now()} ms: ${text}`);
  }

  /** Listens to the client, and meddles with it. */
  listen(): Disposable {
    return this.client.on((event) => {
      this.events.push(event);
      this.maybeMeddle();
    });
  }

  /** Where foreign code is called, it may call back. */
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

  /** How much may be in flight. */
  get capacity(): number {
    const { atMs, most } = this.#capacity;
    return atMs === this.clock.now() ? Math.max(most, this.semaphore.capacity) : this.semaphore.capacity;
  }

  /** How much may ever be in flight. */
  get mostCapacity(): number {
    return Math.max(this.semaphore.capacity, this.adaptiveLimit?.max ?? 0);
  }

  /** Whether the semaphore of the client is known. */
  get isSemaphoreKnown(): boolean {
    return this.plan.isSemaphoreShared || this.adaptiveLimit !== undefined;
  }

  /** Closes the client. */
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

  /** Nothing may be sent for a request any more. Where foreign code has meddled, it may have ended in another way just before. */
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

  /** Takes a permit of the semaphore for others. */
  borrow(weight: number, forMs: number): void {
    // Whoever wants more than a limit allows that has fallen waits until it rises, with all behind.
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

/** Whether all outcomes are there, so that nothing can be aborted, whether or not the caller has taken them. */
function isOver({ batch, hasEnded }: BatchJob): boolean {
  return hasEnded && (batch === undefined || batch.allowance.active + batch.allowance.asleep === 0);
}
