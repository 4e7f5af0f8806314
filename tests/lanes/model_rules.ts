/**
 * The rules that must hold at every moment of a run.
 *
 * @module
 */

import type { Lane } from "../../src/lanes/lane.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ledgerOf } from "../../src/primitives/semaphore.ts";
import { keyOf } from "./model_plan.ts";
import type { Exchange } from "./model_server.ts";
import { type BatchJob, MOST_PAUSE_MS, type World } from "./model_world.ts";

/** How many milliseconds of a timer's lateness a bucket may forgive while a request waits for it. */
const FORGIVEN_MS = 5;
const ROUNDING = 1e-6;

/**
 * A 503 may concern only a part of its origin once this many requests have ended since, and a third of them were
 * served. The client remembers that for `PART_KNOWN_MS`.
 */
const FEWEST_OF_PART = 5;
const PART_KNOWN_MS = 10_000;

/** A pause that an origin has asked for. */
interface AskedPause {
  /** When the client learned of it. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Whether requests that the origin serves meanwhile show that the pause concerns only a part of it. */
  readonly isRefutable: boolean;
}

/** The level that a bucket should have. */
interface Level {
  tokens: number;
  atMs: number;
}

/** Checks the rules of a world. */
export class Rules {
  readonly #world: World;
  readonly #levels: Map<string, Level> = new Map();
  readonly #pauses: Map<string, AskedPause[]> = new Map();
  #lookedAt = 0;
  #toConfirm: Exchange[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Checks a request that the client sends. */
  onSend(exchange: Exchange): void {
    this.#checkJob(exchange);
    this.#checkPermits(exchange);
    this.#checkPause(exchange);
    this.#checkBreaker(exchange);
    this.takeToken(exchange.origin);
    this.#takeWindows(exchange);
  }

  #checkJob({ id, url, signal }: Exchange): void {
    const world = this.#world;
    const { plan } = world;
    if (world.isClosed) world.fail(`${url} was sent after close()`);
    const job = world.jobs.get(id);
    if (job === undefined) return;
    if (signal.aborted) world.fail(`${url} was sent with a signal that has aborted`);
    if (job.isShared) return;
    if (job.isSettled) world.fail(`${url} was sent although its caller has the answer`);
    else if (job.isDead) world.fail(`${url} was sent although it was aborted`);
    job.attempts++;
    if (!job.isRepeatable && job.attempts > 1) world.fail(`${url} was sent twice with ${job.method}`);
    const mirrors = Math.max(1, plan.baseUrls.length);
    // A failed probe does not count as a round, nor does a 429 while the origin serves others.
    const isCounted = plan.breaker === false &&
      plan.weather.every(({ quota, faults }) => !quota && faults === 0);
    // A request of a batch may go early once a round, to probe an origin that no other request asks.
    const early = job.batch === undefined ? 0 : job.maxRetries;
    if (isCounted && job.attempts > (job.maxRetries + 1) * mirrors + early) {
      world.fail(`${url} was sent ${job.attempts} times with ${job.maxRetries} retries`);
    }
    const { batch } = job;
    if (batch === undefined) return;
    const underWay = [...world.server.open].filter((other) => {
      const of = world.jobs.get(other.id);
      // A request whose total timeout has just passed may hear of it a moment later.
      const isLive = of !== undefined && !of.isShared && !of.isDead && world.clock.now() < of.endsByMs;
      return isLive && of.batch === batch && other.abortedAtMs === Infinity && !(other.status >= 300);
    });
    if (underWay.length > batch.concurrency) {
      world.fail(`${underWay.length} of a batch are under way: ${underWay.map((other) => other.id)}`);
    }
  }

  #checkPermits({ origin }: Exchange): void {
    const world = this.#world;
    const { plan, capacity } = world;
    const open = world.server.countOpen(this.#timeoutOf);
    if (open + world.heldByOthers > capacity) {
      world.fail(`${open} bodies and ${world.heldByOthers} permits of others exceed ${capacity}`);
    }
    const { lanes, limits } = world.eyes;
    const there = world.server.countOpen(this.#timeoutOf, origin);
    const sampled = limits.get(origin);
    const before = sampled?.atMs === world.clock.now() ? sampled.most : 0;
    const most = typeof plan.perOrigin === "number"
      ? plan.perOrigin
      : Math.max(before, lanes.get(origin)?.limit.most ?? Infinity, 1 + this.#countLasting(origin));
    if (there > most) world.fail(`${there} bodies at ${origin} exceed ${most}`);
  }

  /** Counts the bodies that have lasted for longer than an attempt may take: a lowered limit leaves a place beside them. */
  #countLasting(origin: string): number {
    const { server, clock } = this.#world;
    return [...server.open].filter((open) =>
      open.origin === origin && clock.now() - open.atMs >= this.#timeoutOf(open)
    ).length;
  }

  readonly #timeoutOf = ({ id }: Exchange): number =>
    this.#world.jobs.get(id)?.timeoutMs ?? this.#world.plan.timeoutMs;

  #checkPause({ origin, url, atMs }: Exchange): void {
    for (const { fromMs, untilMs, isRefutable } of this.#pauses.get(origin) ?? []) {
      if (atMs > fromMs && atMs < untilMs - 0.01 && !(isRefutable && this.#servesOthers(origin, fromMs))) {
        this.#world.fail(
          `${url} was sent although ${origin} has asked at ${fromMs} for a pause until ${untilMs}`,
        );
      }
    }
  }

  /** Whether an origin has served other requests lately or since, so that a 503 may concern only a part of it. */
  #servesOthers(asked: string, sinceMs: number): boolean {
    const lately = this.#world.server.sent.filter(({ origin, answeredAtMs }) =>
      origin === asked && answeredAtMs >= sinceMs - PART_KNOWN_MS && answeredAtMs < Infinity
    );
    const served = lately.filter(({ status }) => status > 0 && status < 500);
    return lately.length >= FEWEST_OF_PART && served.length >= FEWEST_OF_PART / 3;
  }

  #checkBreaker(exchange: Exchange): void {
    const { origin, url, atMs } = exchange;
    const world = this.#world;
    const state = world.eyes.lanes.get(origin)?.breaker?.state;
    if (state === undefined || state === "closed") return;
    const changedAtMs = world.eyes.changedAtMs.get(origin)!;
    if (state === "open") {
      // The client may have admitted the request just before the breaker opened.
      if (changedAtMs < atMs) world.fail(`${url} was sent although the breaker is open since ${changedAtMs}`);
      return;
    }
    const probes = world.server.sent.filter((other) =>
      other.origin === origin && other.atMs >= changedAtMs && !other.isAnswered &&
      other.abortedAtMs === Infinity &&
      other !== exchange && other.atMs > changedAtMs
    );
    if (probes.length > 0 && changedAtMs < atMs) {
      world.fail(`${url} was sent although ${probes.map((probe) => probe.url)} is a probe`);
    }
  }

  /** Takes a token from the bucket of an origin, for a request or for another user of the bucket. */
  takeToken(origin: string): void {
    const world = this.#world;
    const { rate } = world.plan;
    if (rate === undefined) return;
    const key = rate.kind === "origin" || rate.kind === "function" ? origin : "";
    const perMs = rate.limit / rate.intervalMs;
    const burst = rate.burst + FORGIVEN_MS * perMs;
    this.#take(key, burst, perMs);
  }

  /** Takes a token from each of several rates. */
  #takeWindows({ origin, id }: Exchange): void {
    const { windows, keys } = this.#world.plan;
    for (const [index, { limit, intervalMs, burst = 1, per }] of (windows ?? []).entries()) {
      const key = keyOf(id, keys);
      if (per === "key" && key === undefined) continue;
      const perMs = limit / intervalMs;
      const owner = per === "client" ? "" : per === "origin" ? origin : `${origin} ${key}`;
      this.#take(`${index} ${owner}`, burst + FORGIVEN_MS * perMs, perMs);
    }
  }

  #take(key: string, burst: number, perMs: number): void {
    const nowMs = this.#world.clock.now();
    const level = this.#levels.get(key) ?? { tokens: burst, atMs: 0 };
    level.tokens = Math.min(burst, level.tokens + (nowMs - level.atMs) * perMs) - 1;
    level.atMs = nowMs;
    this.#levels.set(key, level);
    if (level.tokens < -ROUNDING) {
      this.#world.fail(`${-level.tokens} tokens too many were taken for '${key}'`);
    }
  }

  /** Checks that the client did not know the stated limits that this request exceeds. */
  #checkStated(exchange: Exchange): void {
    const world = this.#world;
    const { keys } = world.plan;
    const key = keyOf(exchange.id, keys);
    const isKnown = (name: string, isMine: (other: Exchange) => boolean): boolean =>
      world.server.sent.some((other) =>
        other.origin === exchange.origin && other.stated[name] !== undefined && isMine(other) &&
        other.status > 0 && other.answeredAtMs < exchange.atMs && other.abortedAtMs > other.answeredAtMs
      );
    if (!isKnown("x-limit", () => true)) return;
    if (key !== undefined && !isKnown("x-key-limit", ({ id }) => keyOf(id, keys) === key)) return;
    world.fail(
      `${exchange.url} was sent at ${exchange.atMs} although the limits of ${exchange.origin} are known`,
    );
  }

  /** Checks the rules that hold after all due timers have run. */
  onQuiet(): void {
    this.#notePauses();
    this.#checkEndings();
    this.#checkAccounts();
    if (this.#world.isClosed) return;
    for (const lane of this.#world.eyes.lanes.values()) this.#checkLane(lane);
    for (const batch of this.#world.batches) this.#checkBatch(batch);
  }

  #notePauses(): void {
    const { server, plan, jobs } = this.#world;
    for (; this.#lookedAt < server.sent.length; this.#lookedAt++) {
      this.#toConfirm.push(server.sent[this.#lookedAt]!);
    }
    this.#toConfirm = this.#toConfirm.filter((exchange) => {
      const { answeredAtMs, abortedAtMs, status, origin } = exchange;
      if (answeredAtMs === Infinity) return exchange.isOpen;
      if (exchange.isOverLimit) this.#checkStated(exchange);
      // The client ignores an answer after an abort. The rules ignore requests without a job.
      if (abortedAtMs <= answeredAtMs || jobs.get(exchange.id) === undefined) return false;
      const isLong = status === 429 ? plan.pauseOn429 === "origin" : status === 503 && exchange.pauseMs > 0;
      if (!isLong) return false;
      const pauseMs = exchange.isUnnamed ? plan.backoffMs : exchange.pauseMs;
      if (pauseMs === 0) return false;
      const pauses = this.#pauses.get(origin) ?? [];
      pauses.push({ fromMs: answeredAtMs, untilMs: answeredAtMs + pauseMs, isRefutable: status === 503 });
      this.#pauses.set(origin, pauses);
      return false;
    });
  }

  #checkEndings(): void {
    const world = this.#world;
    const nowMs = world.clock.now();
    for (const job of world.jobs.values()) {
      if (job.isSettled || job.batch !== undefined) continue;
      if (job.mustEndWith !== undefined) world.fail(`${job.id} has not ended although it was aborted`);
      if (nowMs > job.endsByMs) world.fail(`${job.id} has not ended although its total time is over`);
    }
    for (const batch of world.batches) {
      if (batch.mustEnd && !batch.isSettled && batch.kind !== "stream") {
        world.fail(`a ${batch.kind} has not ended although it was aborted, or the client closed`);
      }
    }
    for (const exchange of world.server.open) {
      const timeoutMs = this.#timeoutOf(exchange);
      const job = world.jobs.get(exchange.id);
      // A caller may leave a body unread for a whole timeout, then wait as long for a chunk, and pause.
      const streams = job === undefined || job.isShared || job.streams;
      const endMs = streams ? exchange.activeAtMs + 2 * timeoutMs + MOST_PAUSE_MS : exchange.atMs + timeoutMs;
      if (exchange.abortedAtMs === Infinity && nowMs > endMs) {
        world.fail(`${exchange.url} is under way for longer than ${timeoutMs} ms`);
      }
    }
  }

  #checkAccounts(): void {
    const world = this.#world;
    const { semaphore, eyes: { scheduler, lanes } } = world;
    const open = world.server.countOpen(this.#timeoutOf);
    const inFlight = scheduler?.inFlight ?? 0;
    if (inFlight !== open) world.fail(`${inFlight} permits are out for ${open} bodies`);
    for (const lane of lanes.values()) {
      const there = world.server.countOpen(this.#timeoutOf, lane.key);
      if (lane.inFlight !== there) {
        world.fail(`${lane.inFlight} permits are out for ${there} bodies at ${lane.key}`);
      }
    }
    if (!world.isSemaphoreKnown) return;
    if (semaphore.inUse !== inFlight + world.heldByOthers) {
      world.fail(`${semaphore.inUse} permits are in use: ${inFlight} here, ${world.heldByOthers} by others`);
    }
    const { waiters, capacity, inUse } = ledgerOf(semaphore);
    const head = waiters.peek();
    if (head !== undefined && inUse + head.weight <= capacity) {
      world.fail(`the first who waits for a permit has not got it: ${inUse} of ${capacity} are in use`);
    }
  }

  get #isPermitFree(): boolean {
    const world = this.#world;
    if (!world.isSemaphoreKnown) return (world.eyes.scheduler?.inFlight ?? 0) < world.plan.concurrency;
    return world.semaphore.inUse < world.semaphore.capacity && world.semaphore.waiting === 0;
  }

  /** Whether the bucket would give a token now; `undefined` if the model can't know that. */
  #hasToken(lane: Lane | undefined): boolean | undefined {
    const world = this.#world;
    const { rate, windows } = world.plan;
    if (windows !== undefined) {
      return windows.some(({ per }) => per === "client") || lane === undefined
        ? undefined
        : lane.bucket?.canTake?.() ?? true;
    }
    if (rate === undefined) return true;
    // The model can't see the client's own bucket, and can't predict a foreign one.
    if (rate.kind === "client" || rate.kind === "foreign") return undefined;
    const bucket = world.bucketOf(lane?.key ?? "");
    if (!(bucket instanceof TokenBucket)) return undefined;
    return bucket.available >= 1 && bucket.waiting === 0;
  }

  /** Checks that no request waits while everything that it needs is free. */
  #checkLane(lane: Lane): void {
    const world = this.#world;
    const nowMs = world.clock.now();
    if (lane.queued === 0 || !this.#isPermitFree || lane.inFlight >= lane.limit.current) return;
    if (lane.pause !== undefined && lane.pause.untilMs - nowMs > 1e-3) return;
    if ((lane.quota?.blockedUntilMs(nowMs) ?? 0) > nowMs) return;
    if ((lane.strain?.blockedUntilMs(nowMs) ?? 0) > nowMs) return;
    if (lane.isPreparing || (lane.book?.blockedUntilMs(nowMs) ?? 0) > nowMs) return;
    const { breaker } = lane;
    if (breaker !== undefined && breaker.state !== "closed") {
      if (breaker.state !== "open" || breaker.refusesForMs(lane.outage.cooldownCapMs) > 0) return;
    }
    if (this.#hasToken(lane) !== true) return;
    // The lane wakes up within a rounding error.
    if (lane.wakeUp !== undefined && lane.wakeUp.atMs - nowMs < 1e-3) return;
    const hasRoom = ({ waiter, line }: NonNullable<Lane["head"]>): boolean => {
      const { allowance } = waiter.errand;
      const isHeld = (line?.book?.blockedUntilMs(nowMs) ?? nowMs) > nowMs ||
        line?.bucket?.canTake?.() === false;
      if (isHeld) return false;
      // The line wakes up within a rounding error.
      if (line?.wakeUp !== undefined && line.wakeUp.atMs - nowMs < 1e-3) return false;
      return allowance === undefined || allowance.active < allowance.concurrency;
    };
    let isWaiting = false;
    for (let place = lane.urgent.head; place !== undefined; place = place.next) {
      isWaiting ||= hasRoom(place);
    }
    lane.waiting.forEach((place) => isWaiting ||= hasRoom(place));
    if (isWaiting) world.fail(`${lane.queued} wait at ${lane.key} although everything is free`);
  }

  #checkBatch(job: BatchJob): void {
    const { batch } = job;
    // A stream whose consumer has not asked yet has no batch.
    if (batch === undefined || job.isDead || job.hasEnded || job.isAsked || job.isSettled || job.isClosed) {
      return;
    }
    if (!this.#isPermitFree || this.#hasToken(undefined) !== true) return;
    const { active, asleep, concurrency } = batch.allowance;
    const held = job.stream?.held ?? 0;
    if (active >= concurrency || asleep >= this.#world.plan.maxWaiting || active + held >= job.window) return;
    this.#world.fail(
      `a ${job.kind} does not ask its source: ${active} under way, ${asleep} asleep, ${held} held`,
    );
  }

  /** Checks what must hold when all work is over. */
  atEnd(): void {
    const world = this.#world;
    for (const job of world.jobs.values()) {
      if (!job.isSettled && job.batch === undefined) world.fail(`${job.method} ${job.id} has never ended`);
    }
    for (const batch of world.batches) {
      if (!batch.isSettled) world.fail(`a ${batch.kind} of ${batch.pulled.length} has never ended`);
    }
    for (const ending of world.endings) world.fail(`${ending} has never ended`);
    const { inFlight, queued, requests, succeeded, failed } = world.client.stats();
    if (inFlight !== 0 || queued !== 0) {
      world.fail(`at the end ${inFlight} are in flight, and ${queued} queued`);
    }
    if (requests !== succeeded + failed) {
      world.fail(`${requests} requests have ${succeeded} successes and ${failed} failures`);
    }
    if (world.semaphore.inUse !== 0) world.fail(`at the end ${world.semaphore.inUse} permits are in use`);
    this.#checkEvents();
  }

  #checkEvents(): void {
    const world = this.#world;
    if (world.plan.listens !== "always") return;
    const states = new Map<number, string>();
    /** Requests that others may share: their attempts may go on after they have settled. */
    const shared = new Set<number>();
    for (const event of world.events) {
      if (event.type === "breaker" || event.type === "warning" || event.type === "rateLimited") continue;
      const before = states.get(event.requestId);
      if (event.type === "queued") {
        if (before !== undefined) world.fail(`request ${event.requestId} was queued twice`);
        states.set(event.requestId, "queued");
        if (/\bs\d$/.test(event.url)) shared.add(event.requestId);
      } else if (before === undefined) {
        world.fail(`'${event.type}' of request ${event.requestId} came before 'queued'`);
      } else if (event.type === "settled") {
        if (before === "settled") world.fail(`request ${event.requestId} was settled twice`);
        states.set(event.requestId, "settled");
      } else if (
        before === "settled" && !shared.has(event.requestId) &&
        (event.type === "attempt" || event.type === "retry")
      ) {
        world.fail(`'${event.type}' of request ${event.requestId} came after 'settled'`);
      }
    }
    for (const [id, state] of states) if (state !== "settled") world.fail(`request ${id} was never settled`);
  }

  /** Checks that the closed client leaves no timer and no listener behind. */
  atClose(): void {
    const world = this.#world;
    if (world.clock.pending > 0) world.fail(`${world.clock.pending} timers are armed after close()`);
    for (const [signal, count] of world.listeners()) {
      if (count !== 0) world.fail(`${count} listeners are left on ${signal}`);
    }
  }
}
