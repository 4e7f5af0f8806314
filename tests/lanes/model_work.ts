/**
 * The work of a run: requests and batches of all kinds, and how their callers use the answers.
 *
 * @module
 */

import type { BatchOptions, FetchRequest, RequestOptions, RequestSpec } from "../../src/client/request.ts";
import type { Outcome } from "../../src/client/outcome.ts";
import { type BatchJob, type Job, MOST_PAUSE_MS, type World } from "./model_world.ts";

/** Draws a signal of the world, which other requests may share; `undefined` for none. */
function drawSignal(world: World, probability: number): AbortController | undefined {
  const { dice, controllers } = world;
  return controllers.length > 0 && dice.chance(probability) ? dice.pick(controllers) : undefined;
}

function drawUrl(world: World, mayBeShared = true): { id: string; url: string; isShared: boolean } {
  const { dice, plan } = world;
  const isShared = mayBeShared && dice.chance(0.2);
  const id = isShared ? `s${dice.int(0, 2)}` : `r${++world.lastId}`;
  const isRelative = plan.baseUrls.length > 0 && dice.chance(0.7);
  return {
    id,
    isShared,
    url: isRelative ? id : `${isShared ? plan.origins[0]! : dice.pick(plan.origins)}/${id}`,
  };
}

interface JobParts {
  readonly id: string;
  readonly isShared: boolean;
  readonly given: FetchRequest;
  readonly options: RequestOptions & { readonly method?: string | undefined };
  readonly controllers: readonly AbortController[];
  readonly batch?: BatchJob | undefined;
  readonly streams?: boolean | undefined;
}

function addJob(world: World, parts: JobParts): Job {
  const { id, isShared, given, options, controllers, batch, streams = false } = parts;
  const { plan, clock } = world;
  const totalTimeoutMs = options.totalTimeoutMs ?? plan.totalTimeoutMs ?? Infinity;
  const job: Job = {
    id,
    isShared,
    given,
    batch,
    streams,
    method: options.method ?? "GET",
    isRepeatable: options.idempotent ?? options.method !== "POST",
    timeoutMs: options.timeoutMs ?? plan.timeoutMs,
    endsByMs: clock.now() + totalTimeoutMs,
    maxRetries: options.maxRetries ?? plan.maxRetries,
    signals: controllers,
    attempts: 0,
    isSettled: false,
    isLoose: false,
    isDead: world.isClosed || controllers.some(({ signal }) => signal.aborted),
    mustEndWith: undefined,
  };
  world.jobs.set(isShared ? `${id}#${++world.lastId}` : id, job);
  if (isShared) world.jobs.set(id, { ...job, isSettled: true });
  return job;
}

function drawOptions(world: World, isShared: boolean): RequestOptions {
  const { dice } = world;
  if (isShared || dice.chance(0.5)) return {};
  return {
    priority: dice.maybe(0.3, () => dice.int(-1, 2)),
    timeoutMs: dice.maybe(0.2, () => dice.int(20, 500)),
    totalTimeoutMs: dice.maybe(0.2, () => dice.int(20, 3_000)),
    maxRetries: dice.maybe(0.2, () => dice.int(0, 2)),
    onOpen: dice.maybe(0.2, () => dice.pick(["fail", "wait"])),
    patienceMs: dice.maybe(0.1, () => dice.pick([0, 200, 2_000])),
    notFoundIsFinal: dice.maybe(0.1, () => false),
    idempotent: dice.maybe(0.1, () => dice.chance(0.5)),
  };
}

/** Makes a single request, and checks its answer. */
export function startSingle(world: World): void {
  const { dice, client } = world;
  const { id, url, isShared } = drawUrl(world);
  const controller = drawSignal(world, 0.5);
  const signal = controller?.signal;
  const method = dice.pick(["GET", "GET", "GET", "GET", "PUT", "POST"]);
  const options = drawOptions(world, isShared);
  const controllers = controller === undefined ? [] : [controller];
  const given: FetchRequest = method === "GET" && dice.chance(0.7) ? url : { url, method, ...options };
  const own = typeof given === "string" && dice.chance(0.5) ? options : {};
  const told = typeof given === "string" ? own : options;
  const job = addJob(world, {
    id,
    isShared,
    given,
    options: { ...told, method: typeof given === "string" ? "GET" : method },
    controllers,
  });
  const as = dice.pick(["json", "json", "text", "bytes"] as const);
  const all = signal === undefined && Object.keys(own).length === 0 ? undefined : { ...own, signal };
  const promise: Promise<unknown> = client[as as "json"](given, all);
  promise.then((value) => {
    settle(world, job, undefined);
    if (as === "json") checkValue(world, job, value);
  }, (error: unknown) => settle(world, job, { error }));
}

/** Calls the drop-in `fetch`, and then reads the body, cancels it, or leaves it unread. */
export function startFetch(world: World): void {
  const { dice, client, clock } = world;
  const { id, url, isShared } = drawUrl(world);
  const controller = drawSignal(world, 0.5);
  const method = dice.pick(["GET", "GET", "PUT"]);
  const job = addJob(world, {
    id,
    isShared,
    given: url,
    options: { method },
    controllers: controller === undefined ? [] : [controller],
    streams: true,
  });
  const isBase = !url.includes(":");
  const answer = client.fetch(isBase ? url : dice.pick([url, new URL(url)]), {
    method,
    signal: controller?.signal ?? null,
  });
  answer.then(async (response) => {
    settle(world, job, undefined);
    const fate = dice.pick(["read", "read", "read late", "cancel", "unread", "read a part"]);
    if (fate === "read late") await clock.sleep(dice.int(1, 2_000));
    if (fate === "read" || fate === "read late") await response.text();
    if (fate === "cancel") await response.body?.cancel();
    if (fate === "read a part" && response.body !== null) {
      const reader = response.body.getReader();
      await reader.read();
      await clock.sleep(dice.int(1, MOST_PAUSE_MS));
      await reader.cancel();
    }
  }, (error: unknown) => settle(world, job, { error })).catch(() => {
    // A body may break off for any reason.
  });
}

function settle(world: World, job: Job, failure: { readonly error: unknown } | undefined): void {
  if (job.isSettled) world.fail(`${job.id} was answered twice`);
  const { mustEndWith } = job;
  job.isSettled = true;
  if (mustEndWith === undefined) return;
  if (failure === undefined) world.fail(`${job.id} has a value although it was aborted`);
  else if (failure.error !== mustEndWith.reason) {
    world.fail(`${job.id} has not rejected with the reason of its abort but with ${failure.error}`);
  }
}

function checkValue(world: World, { id }: Job, value: unknown): void {
  if (value === undefined || value === null) return;
  const { u } = value as { readonly u?: unknown };
  if (u !== id) world.fail(`${id} has got the value of ${u}`);
}

/** Begins a batch, and checks its outcomes. */
export function startBatch(world: World): void {
  const { dice, client } = world;
  const kind = dice.pick(["settle", "settle", "all", "stream", "stream", "record"] as const);
  const controller = drawSignal(world, 0.4);
  const concurrency = dice.maybe(0.4, () => dice.int(1, 4));
  const prefetch = dice.maybe(0.3, () => dice.int(0, 3));
  const isOrdered = dice.chance(0.4);
  const atOnce = Math.min(concurrency ?? Infinity, world.mostCapacity);
  const window = kind === "stream" ? atOnce + (prefetch ?? atOnce) : Infinity;
  const common = drawOptions(world, false);
  const job: BatchJob = {
    kind,
    concurrency: concurrency ?? Infinity,
    window: atOnce + (prefetch ?? atOnce),
    mostHeld: window + world.plan.maxWaiting,
    isOrdered,
    signal: controller,
    pulled: [],
    taken: 0,
    isAsked: false,
    hasEnded: false,
    hasFailed: undefined,
    isClosed: false,
    batch: undefined,
    stream: undefined,
    isSettled: false,
    isLoose: false,
    isDead: world.isClosed || (controller?.signal.aborted ?? false),
    mustEnd: false,
    mustEndWith: undefined,
  };
  world.batches.push(job);
  const options: BatchOptions = {
    ...common,
    concurrency,
    prefetch,
    ordered: isOrdered,
    signal: controller?.signal,
  };
  const size = dice.int(0, 14);
  if (kind === "record") return startRecord(world, job, size, options);
  const source = dice.chance(0.6)
    ? syncSource(world, job, size, options)
    : asyncSource(world, job, size, options);
  if (kind === "stream") {
    consume(world, job, client.stream(source, options)).catch((error) =>
      world.fail(`a consumer threw ${error}`)
    );
  } else if (kind === "settle") {
    client.settle(source, options).then(
      (outcomes) => checkOutcomes(world, job, outcomes),
      (error) => checkRejection(world, job, error),
    );
  } else {
    client.all(source, options).then(
      (values) => {
        endBatch(world, job);
        if (values.length !== job.pulled.length) {
          world.fail(`all() has ${values.length} of ${job.pulled.length} values`);
        }
        if ((options.as ?? "json") === "json") {
          job.pulled.forEach((one, index) => checkValue(world, one, values[index]));
        }
      },
      (error) => checkRejection(world, job, error, true),
    );
  }
}

function startRecord(world: World, job: BatchJob, size: number, options: BatchOptions): void {
  const requests = Object.fromEntries(
    Array.from({ length: size }, (_, index) => [`k${index}`, pull(world, job, options)]),
  );
  job.hasEnded = true;
  world.client.record(requests, options).then(
    (outcomes) => checkOutcomes(world, job, Object.values(outcomes)),
    (error) => checkRejection(world, job, error),
  );
}

/** Draws the next request of a source. */
function pull(world: World, batch: BatchJob, options: BatchOptions): FetchRequest {
  const { dice } = world;
  const { id, url, isShared } = drawUrl(world, options.timeoutMs === undefined);
  const isBad = dice.chance(0.03);
  const controller = drawSignal(world, 0.15);
  const method = dice.pick(["GET", "GET", "GET", "GET", "PUT", "POST"]);
  const isPlain = dice.chance(0.6);
  const own = isPlain ? {} : drawOptions(world, isShared);
  const spec: RequestSpec = { url, method, signal: controller?.signal, ...own };
  const given = isBad ? "http://[" : isPlain ? url : spec;
  const job = addJob(world, {
    id: isBad ? `bad${++world.lastId}` : id,
    isShared,
    given,
    options: { ...options, ...(isPlain ? {} : withoutUndefined(spec)) },
    controllers: isPlain || controller === undefined ? [] : [controller],
    batch,
  });
  batch.pulled.push(job);
  if (batch.kind !== "record") {
    const held = batch.pulled.length - batch.taken;
    if (batch.kind === "stream" && held > batch.mostHeld + 1) {
      world.fail(`a stream holds ${held} requests: ${batch.mostHeld}`);
    }
  }
  return given;
}

function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function noteAsked(world: World, batch: BatchJob): void {
  if (batch.isDead && !world.isMeddling) world.fail(`the source of a ${batch.kind} is asked after its end`);
  if (batch.isAsked) world.fail(`the source of a ${batch.kind} is asked while it is being asked`);
  if (batch.hasEnded) world.fail(`the source of a ${batch.kind} is asked although it has ended`);
}

function syncSource(
  world: World,
  batch: BatchJob,
  size: number,
  options: BatchOptions,
): Iterable<FetchRequest> {
  const { dice } = world;
  const throwsAt = dice.chance(0.1) ? dice.int(0, size) : Infinity;
  return {
    [Symbol.iterator]: () => {
      batch.batch = world.opening;
      return {
        next: (): IteratorResult<FetchRequest> => {
          noteAsked(world, batch);
          if (batch.pulled.length === throwsAt) throw failSource(batch);
          if (batch.pulled.length === size) return endSource(batch);
          const value = pull(world, batch, options);
          batch.isAsked = true;
          world.maybeMeddle();
          batch.isAsked = false;
          return { done: false, value };
        },
        return: () => closeSource(batch),
      };
    },
  };
}

function asyncSource(
  world: World,
  batch: BatchJob,
  size: number,
  options: BatchOptions,
): AsyncIterable<FetchRequest> {
  const { dice, clock } = world;
  const throwsAt = dice.chance(0.1) ? dice.int(0, size) : Infinity;
  return {
    [Symbol.asyncIterator]: () => {
      batch.batch = world.opening;
      return {
        next: async (): Promise<IteratorResult<FetchRequest>> => {
          noteAsked(world, batch);
          batch.isAsked = true;
          try {
            if (dice.chance(0.5)) await clock.sleep(dice.int(1, 300));
            if (batch.pulled.length === throwsAt) throw failSource(batch);
            if (batch.pulled.length === size || batch.isClosed) return endSource(batch);
            // The batch ignores requests that its source gives after the batch has ended.
            if (batch.isDead) return { done: false, value: "http://a.test/late" };
            const value = pull(world, batch, options);
            world.maybeMeddle();
            return { done: false, value };
          } finally {
            batch.isAsked = false;
          }
        },
        return: async () => {
          if (dice.chance(0.5)) await clock.sleep(dice.int(1, 100));
          return closeSource(batch);
        },
      };
    },
  };
}

function failSource(batch: BatchJob): Error {
  batch.hasEnded = true;
  batch.hasFailed = { reason: new Error("the source threw") };
  return batch.hasFailed.reason as Error;
}

function endSource(batch: BatchJob): IteratorResult<FetchRequest> {
  batch.hasEnded = true;
  return { done: true, value: undefined };
}

function closeSource(batch: BatchJob): IteratorResult<FetchRequest> {
  batch.isClosed = true;
  return { done: true, value: undefined };
}

function endBatch(world: World, batch: BatchJob): void {
  if (batch.isSettled) world.fail(`a ${batch.kind} has ended twice`);
  batch.isSettled = true;
  batch.isDead = true;
  for (const job of batch.pulled) job.isSettled = true;
  if (batch.mustEndWith !== undefined) world.fail(`a ${batch.kind} has a value although it was aborted`);
  if (!batch.hasEnded || batch.hasFailed !== undefined) {
    world.fail(`a ${batch.kind} has a value although its source has not ended`);
  }
}

function checkRejection(world: World, batch: BatchJob, error: unknown, isAll = false): void {
  if (batch.isSettled) world.fail(`a ${batch.kind} has ended twice`);
  batch.isSettled = true;
  batch.isDead = true;
  for (const job of batch.pulled) job.isDead = true;
  const { mustEndWith, hasFailed, signal } = batch;
  if (mustEndWith !== undefined) {
    if (error !== mustEndWith.reason) {
      world.fail(`a ${batch.kind} has not rejected with its reason but with ${error}`);
    }
  } else if (
    !isAll && error !== hasFailed?.reason &&
    error !== (signal?.signal.aborted ? signal.signal.reason : NOTHING) &&
    !(world.isClosed && error === world.closeReason)
  ) {
    world.fail(`a ${batch.kind} has rejected with ${error}`);
  }
}

const NOTHING = {};

function checkOutcomes(world: World, batch: BatchJob, outcomes: readonly Outcome<unknown>[]): void {
  endBatch(world, batch);
  if (outcomes.length !== batch.pulled.length) {
    world.fail(`a ${batch.kind} has ${outcomes.length} outcomes of ${batch.pulled.length} requests`);
  }
  batch.pulled.forEach((_, index) => checkOutcome(world, batch, outcomes[index], index));
}

function checkOutcome(
  world: World,
  batch: BatchJob,
  outcome: Outcome<unknown> | undefined,
  index: number,
): void {
  const job = batch.pulled[index];
  if (outcome === undefined || job === undefined) {
    return world.fail(`a ${batch.kind} has no outcome ${index}`);
  }
  if (outcome.index !== index) {
    world.fail(`outcome ${index} of a ${batch.kind} says that it is ${outcome.index}`);
  }
  if (outcome.request !== job.given) world.fail(`outcome ${index} of a ${batch.kind} is for another request`);
  if (outcome.ok) checkValue(world, job, outcome.value);
}

async function consume(
  world: World,
  batch: BatchJob,
  stream: AsyncIterableIterator<Outcome<unknown>>,
): Promise<void> {
  const { dice, clock } = world;
  batch.stream = stream as unknown as { readonly held: number };
  const leavesAt = dice.chance(0.25) ? dice.int(0, 8) : Infinity;
  const slowness = dice.pick([0, 0, 0, 30, 400]);
  const seen = new Set<number>();
  if (dice.chance(0.1)) await clock.sleep(dice.int(1, 100));
  try {
    for (;;) {
      if (seen.size === leavesAt) {
        batch.isDead = true;
        for (const job of batch.pulled) job.isDead = true;
        await stream.return!();
        batch.isSettled = true;
        return;
      }
      const { done, value: outcome } = await stream.next();
      if (done) break;
      batch.taken++;
      if (seen.has(outcome.index)) world.fail(`a stream has yielded outcome ${outcome.index} twice`);
      if (batch.isOrdered && outcome.index !== seen.size) {
        world.fail(`a stream has yielded ${outcome.index} out of order`);
      }
      seen.add(outcome.index);
      checkOutcome(world, batch, outcome, outcome.index);
      batch.pulled[outcome.index]!.isSettled = true;
      if (slowness > 0) await clock.sleep(dice.int(1, slowness));
    }
  } catch (error) {
    return checkRejection(world, batch, error);
  }
  if (seen.size !== batch.pulled.length) {
    world.fail(`a stream has yielded ${seen.size} outcomes of ${batch.pulled.length} requests`);
  }
  endBatch(world, batch);
}
