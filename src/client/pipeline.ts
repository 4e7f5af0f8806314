/**
 * Builds the pipeline of a client from its options: the parts that requests pass, in order.
 *
 * @module
 */

import {
  DEFAULT_SENSITIVE_HEADERS,
  type HeaderMap,
  isEmpty,
  sensitiveNames,
  toHeaderMap,
} from "../http/headers.ts";
import { Lanes } from "../lanes/lanes.ts";
import type { LoadShedding } from "../lanes/load_shedder.ts";
import { Scheduler } from "../lanes/scheduler.ts";
import { BudgetDrought } from "../policies/budget_drought.ts";
import { obeyCacheMode } from "../policies/cache_mode.ts";
import { policyOf } from "../policies/cache_plan.ts";
import type { Reporter } from "../policies/event.ts";
import { middlewareAround } from "../policies/middleware.ts";
import { lanesOf, type Mirror } from "../policies/mirror.ts";
import { mirrors } from "../policies/mirrors.ts";
import type { Counters, Environment, FetchFunction, Handler } from "../policies/policy.ts";
import { retry } from "../policies/retry.ts";
import { offline } from "../policies/without_network.ts";
import type { AdaptiveLimit } from "../primitives/adaptive_limit.ts";
import { backoff, BACKOFF_DEFAULTS } from "../primitives/backoff.ts";
import { type Clock, systemClock } from "../primitives/clock.ts";
import { DeadlineQueue } from "../primitives/deadline_queue.ts";
import { RetryBudget, workingTimeOf } from "../primitives/retry_budget.ts";
import { Semaphore } from "../primitives/semaphore.ts";
import { SeparateDeadlines } from "../primitives/separate_deadlines.ts";
import { currentRuntime } from "../runtime/current.ts";
import { toMirrors } from "./base_urls.ts";
import { isAdaptiveLimit } from "./client_option_rules.ts";
import { fetchAtImport, globalFetch } from "./global_fetch.ts";
import { clientBucket, laneFactory } from "./lane_factory.ts";
import { LazyHedging } from "./lazy_hedging.ts";
import { LearntLimits } from "./learnt_limits.ts";
import type { ClientOptions, LimitedRequest } from "./options.ts";

/** A clock whose timers do not keep the process alive. */
const LAZY_CLOCK: Clock = {
  ...systemClock,
  setTimeout(callback, delayMs) {
    const timer = systemClock.setTimeout(callback, delayMs);
    currentRuntime.unref(timer);
    return timer;
  },
};

/** The handlers that the requests of a client pass, and the parts that these share. */
export interface Pipeline {
  /** The outermost handler; single-flight and the total deadline come before it. */
  readonly handle: Handler;
  readonly environment: Environment;
  readonly lanes: Lanes;
  /** The caller's function that returns the limit key of a request. */
  readonly limitKey: ((request: LimitedRequest) => string | undefined) | undefined;
  /** The mirrors that complete relative URLs. */
  readonly mirrors: readonly Mirror[];
  /** The headers of every request. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** Whether a plain request passes no part but its lane. */
  readonly isStraight: boolean;
  /** The hedging, which sends second attempts beside slow ones; `undefined` for none. */
  readonly hedging: LazyHedging | undefined;
}

/**
 * The longest wait that a server may ask for by default, in milliseconds. The wait for the next minute's quota is almost a second
 * longer than a minute where its reset is stated as a time in whole seconds, rounded up.
 */
const MAX_RETRY_AFTER_MS = 60_999;

const NO_COUNTS: Readonly<Counters> = {
  retried: 0,
  hedged: 0,
  hedgesWon: 0,
  fresh: 0,
  stale: 0,
  shared: 0,
  bytes: 0,
};

/** Keeps work that outlives its call. */
type Keeper = Pick<Environment, "inBackground">;

/**
 * Builds the pipeline of a client.
 *
 * @param options The client's options, checked.
 * @param around The clock, and the reporter of events.
 * @param keeper Keeps work that outlives its call.
 * @param shared The pipeline of the client that this one extends; the two share limits and lanes.
 * @returns The pipeline.
 */
export function buildPipeline(
  options: ClientOptions,
  around: { readonly clock: Clock; readonly reporter: Reporter },
  keeper: Keeper,
  shared?: Pipeline,
): Pipeline {
  const { environment, lanes, hedging } = shared === undefined
    ? buildLimits(options, around, keeper)
    : { ...shared, environment: extendEnvironment(shared.environment, options, keeper) };
  const headers = toHeaderMap(options.headers, "the client's headers");
  const isForMirrors = options.clientHeadersTo === "mirrors";
  const marked = sensitiveNames(options.sensitiveHeaders ?? DEFAULT_SENSITIVE_HEADERS);
  const sensitive = isForMirrors ? new Set([...marked, ...Object.keys(headers)]) : marked;
  const bases = toMirrors(options.baseUrls, { lanes, headers, sensitive });
  if (isForMirrors && bases.length === 0) {
    throw new TypeError(
      "Cannot create client as 'clientHeadersTo' must be 'all' where there are no 'baseUrls'",
    );
  }
  const { cache: plan = false, offline: isOffline = false, maxRetryAfterMs = MAX_RETRY_AFTER_MS } = options;
  const caching = plan !== false
    ? policyOf(plan, environment, { offline: isOffline, headers, sensitive, mirrors: bases })
    : isOffline
    ? offline
    : undefined;
  const retrying = retry(environment, {
    maxRetryAfterMs,
    lanesOf: (call) => call.lane === undefined ? lanesOf(bases) : [call.lane],
  })(mirrors(environment, { mirrors: bases, headers, sensitive, isForMirrors }));
  const sending = obeyCacheMode(hedging?.policy(retrying) ?? retrying, {
    runtime: environment.runtime,
    headers,
  });
  const isBare = environment.use === undefined && environment.useOnHops === undefined;
  const isStraight = caching === undefined && isBare && !environment.timersBelongToRequests &&
    (!isForMirrors || isEmpty(headers));
  return {
    handle: caching?.(sending) ?? sending,
    environment,
    lanes,
    limitKey: shared === undefined ? options.limitKey : shared.limitKey,
    mirrors: bases,
    headers,
    sensitive,
    hedging,
    isStraight,
  };
}

/**
 * Gives a `fetch` of the caller's own a copy of the headers. Many requests have theirs in common, and a function that adds a
 * header to one of them must not send it with the others, which may go to other origins.
 *
 * @param fetch The function of the caller.
 */
export function withOwnHeaders(fetch: FetchFunction): FetchFunction {
  return (input, init) => {
    const headers = init?.headers;
    // `Headers` and lists are the caller's own; those that requests have in common are plain objects.
    const areCommon = headers !== undefined && !(Symbol.iterator in headers);
    return fetch(input, areCommon ? { ...init, headers: { ...headers } } : init);
  };
}

/** Makes the environment of an extension: the client's, with numbers, middleware and background work of its own. */
function extendEnvironment(base: Environment, { use }: ClientOptions, keeper: Keeper): Environment {
  return { ...base, ...keeper, ...middlewareOf(use), counters: { ...NO_COUNTS } };
}

function middlewareOf(use: ClientOptions["use"]): Pick<Environment, "use" | "useOnHops"> {
  return { use: middlewareAround(use, "attempt"), useOnHops: middlewareAround(use, "hop") };
}

/** Creates the limits and timers that a client shares with its extensions. */
function buildLimits(
  options: ClientOptions,
  { clock, reporter }: { readonly clock: Clock; readonly reporter: Reporter },
  keeper: Keeper,
): Pick<Pipeline, "environment" | "lanes" | "hedging"> {
  const { maxRetryAfterMs = MAX_RETRY_AFTER_MS, random = Math.random, circuitBreaker } = options;
  const { timersBelongToRequests } = currentRuntime;
  const learning = options.learnLimits === false ? undefined : new LearntLimits(options.learnLimits ?? true, {
    clock,
    reporter,
    scheduler: () => scheduler,
    maxWaitMs: maxRetryAfterMs,
  });
  const Deadlines = timersBelongToRequests ? SeparateDeadlines : DeadlineQueue;
  const deadlines = new Deadlines(clock);
  const budget = toBudget(options.retryBudget, clock);
  const scheduler: Scheduler = new Scheduler({
    semaphore: toSemaphore(options.concurrency),
    adaptiveLimit: isAdaptiveLimit(options.concurrency) ? options.concurrency : undefined,
    bucket: clientBucket(options.rateLimit, clock),
    clock,
    deadlines,
    maxRetryAfterMs,
    shedding: toShedding(options),
    workingTime: budget && workingTimeOf(budget),
    onStatement: learning && ((lane, answer) => learning.hear(lane, answer)),
    timersBelongToRequests,
  });
  const { transport } = options;
  const hedging = options.hedge ? new LazyHedging(options.hedge, { clock, reporter }) : undefined;
  const environment: Environment = {
    fetch: options.fetch === undefined ? transport?.fetch ?? globalFetch() : withOwnHeaders(options.fetch),
    hasOwnFetch: options.fetch !== undefined,
    isOwnFailure: transport === undefined ? undefined : (error) => transport.isOwnFailure(error),
    ...middlewareOf(options.use),
    clock,
    deadlines,
    idleDeadlines: new Deadlines(clock === systemClock ? LAZY_CLOCK : clock),
    runtime: currentRuntime,
    timersBelongToRequests,
    scheduler,
    reporter,
    counters: { ...NO_COUNTS },
    hedging,
    budget,
    drought: new BudgetDrought(scheduler),
    ...toDelays(options.backoff, { random, maxRetryAfterMs }),
    keepsBackoff: options.backoff !== undefined,
    pauseOn429: options.pauseOn429 ?? "origin",
    countsInARow: circuitBreaker !== false && circuitBreaker?.threshold !== undefined,
    isFailure: toFailureTest(circuitBreaker),
    inBackground: keeper.inBackground,
  };
  const lanes = new Lanes(laneFactory(options, {
    clock,
    reporter,
    scheduler: () => scheduler,
    learning,
    warmsUp: toWarmUpTest(options),
  }));
  return { environment, lanes, hedging };
}

/** Makes the delays that the client chooses itself: before a retry, and for an origin that asks for a pause without saying how long. */
function toDelays(
  options: ClientOptions["backoff"],
  { random: clientRandom, maxRetryAfterMs }: {
    readonly random: () => number;
    readonly maxRetryAfterMs: number;
  },
): Pick<Environment, "backoff" | "unnamedPauseMs"> {
  const {
    random = clientRandom,
    factor = BACKOFF_DEFAULTS.factor,
    baseMs = BACKOFF_DEFAULTS.baseMs,
    maxMs = BACKOFF_DEFAULTS.maxMs,
  } = options ?? {};
  return {
    backoff: backoff({ ...options, random }),
    // A pause that the client chooses itself must not grow beyond the longest wait that it accepts.
    unnamedPauseMs: (count) =>
      Math.min(
        Math.max(maxRetryAfterMs, baseMs),
        Math.min(maxMs, baseMs * factor ** count) * (1 + random() / 20),
      ),
  };
}

/**
 * Returns a test whether one request goes ahead of a burst, because HTTP/2 is negotiated with the first one; `undefined` if none
 * ever does.
 */
function toWarmUpTest({ fetch, transport }: ClientOptions): (() => boolean) | undefined {
  if (transport !== undefined) return transport.negotiatesHttp2 ? () => true : undefined;
  if (!currentRuntime.negotiatesHttp2) return undefined;
  return () => fetch === undefined && globalThis.fetch === fetchAtImport;
}

function toBudget(option: ClientOptions["retryBudget"], clock: Clock): RetryBudget | undefined {
  if (option === false) return undefined;
  // A budget of another copy of this module works too, so do not ask for the class.
  if (option !== undefined && "tryWithdraw" in option) return option;
  return new RetryBudget({ ...option, clock: option?.clock ?? clock });
}

/** Wraps the caller's own `isFailure`: where it throws, the error counts as a failure. */
function toFailureTest(option: ClientOptions["circuitBreaker"]): Environment["isFailure"] {
  const { isFailure } = option || {};
  if (isFailure === undefined) return undefined;
  return (error) => {
    try {
      return Boolean(isFailure(error));
    } catch {
      // The caller must get the error of the request, not this one.
      return true;
    }
  };
}

function toShedding({ maxQueue = Infinity, maxQueueMs = Infinity }: ClientOptions): LoadShedding | undefined {
  return maxQueue === Infinity && maxQueueMs === Infinity ? undefined : { maxQueue, maxQueueMs };
}

function toSemaphore(option: number | Semaphore | AdaptiveLimit = 20): Semaphore {
  if (option instanceof Semaphore) return option;
  if (isAdaptiveLimit(option)) return option.semaphore;
  // Requests that the runtime would queue unseen wait here instead, where waiting uses up no timeout.
  return new Semaphore(Math.min(option, currentRuntime.maxConcurrentRequests));
}
