/**
 * The rules of a client's options.
 *
 * @module
 */

import { isToken } from "../http/headers.ts";
import { isUrl } from "../http/url.ts";
import { isCachePlan } from "../policies/cache_plan.ts";
import type { Settings } from "../policies/settings.ts";
import type { AdaptiveLimit } from "../primitives/adaptive_limit.ts";
import { isPromptFunction, isSignal } from "../primitives/argument_checks.ts";
import { CIRCUIT_NUMBERS } from "../primitives/circuit_options.ts";
import { Semaphore } from "../primitives/semaphore.ts";
import {
  arrayOf,
  atLeast0Ms,
  both,
  callable,
  count,
  errorStatus,
  flag,
  hasMethods,
  isBucket,
  isFalse,
  members,
  number,
  oneOf,
  optionalAny,
  plain,
  positiveInteger,
  positiveMs,
  prompt,
  required,
  type Rule,
  rule,
  strict,
  unless,
} from "./option_rules.ts";
import { CLIENT_WIDE, SETTINGS } from "./settings.ts";

/** Tells whether a value is an `AdaptiveLimit`, without loading its class, which few clients use. */
export function isAdaptiveLimit(value: unknown): value is AdaptiveLimit {
  return hasMethods(value, "record", "tryAcquire") &&
    (value as Partial<AdaptiveLimit>).semaphore instanceof Semaphore;
}

const headers = rule(
  "must be a record of strings, or Headers",
  (value) => typeof value === "object" && value !== null,
);

/** The rules of the options that both clients and requests have. */
export const sharedEntries: Readonly<Record<string, Rule>> = {
  signal: rule("must be an AbortSignal", isSignal),
  headers,
};

/** The rules of settings, by their names. */
export function rulesOf(names: readonly (keyof Settings)[]): Record<string, Rule> {
  return Object.fromEntries(names.map((name) => [name, SETTINGS[name].rule]));
}

const HEDGE = "must be { afterMs } or { percentile, minimumSamples }, with { maxExtraRatio, to }, or false";

const given = rule("must be a number", (value) => value !== undefined);

/** The rule of a mirror. */
export const mirror: Rule = unless(
  isUrl,
  strict({
    url: required(rule("must be a string or a URL", isUrl)),
    headers,
    path: prompt,
    moveOn: arrayOf(errorStatus, "must be an array of statuses from 400 to 599"),
  }, "must be a string, a URL or { url, headers, path, moveOn }"),
);

const share = (value: number): boolean => value >= 0 && value <= 1;

/** The rule of `hedge`: either `afterMs` or `percentile`, with the options that go with it. */
const hedge = both(
  strict({
    afterMs: number("a positive number of milliseconds", (value) => value > 0 && value < Infinity),
    percentile: number("a number between 0 and 1", (value) => value > 0 && value < 1),
    minimumSamples: positiveInteger,
    maxExtraRatio: number("a number from 0 to 1", share),
    to: oneOf("same", "nextMirror"),
  }, HEDGE),
  rule(HEDGE, (value) => {
    const { afterMs, percentile, minimumSamples } = value as Record<string, unknown>;
    return (afterMs === undefined) !== (percentile === undefined) &&
      (afterMs === undefined || minimumSamples === undefined);
  }),
);

const LIMIT = "a positive integer, Infinity, or { min, initial, max, algorithm, windowMs }";
const fixedLimit = number(
  LIMIT,
  (value) => value === Infinity || (Number.isSafeInteger(value) && value > 0),
);
const adaptiveLimit = members(LIMIT, "min", "initial", "max", "algorithm", "windowMs");

/** A number, or the rules of an adaptive limit. */
const originLimit: Rule = (value) => typeof value === "number" ? fixedLimit(value) : adaptiveLimit(value);

const RATE =
  "must be { limit, intervalMs, burst, spread, per }, an array of these, a bucket, or a function that gives an origin its bucket";
const rate = strict({
  limit: required(given),
  intervalMs: required(given),
  ...optionalAny("burst"),
  spread: flag,
  per: oneOf("client", "origin", "key"),
}, RATE);
const promptBucket = rule("must be a bucket whose 'tryTake' and 'canTake' are not async", isBucket);
const rates = both(arrayOf(rate, RATE), rule(RATE, (value) => (value as unknown[]).length > 0));

const LEARNT = "must be true, false, { limits, counts, per }, an array of these, or a function";
const headerName = rule(
  "must be a header name",
  (value) => typeof value === "string" && isToken(value),
);
const source = strict({
  limits: required(headerName),
  counts: headerName,
  per: oneOf("origin", "key"),
}, LEARNT);
const sources = both(arrayOf(source, LEARNT), rule(LEARNT, (value) => (value as unknown[]).length > 0));

/** The rules of a client's options. */
export const clientEntries: Readonly<Record<string, Rule>> = {
  ...sharedEntries,
  ...rulesOf(CLIENT_WIDE),
  baseUrls: unless(
    isUrl,
    arrayOf(mirror, "must be a URL, or an array of URLs and { url, headers, path, moveOn }"),
  ),
  clientHeadersTo: oneOf("all", "mirrors"),
  sensitiveHeaders: arrayOf(
    headerName,
    "must be an array of header names",
  ),
  fetch: callable,
  transport: rule(
    "must be a transport: createTransport() of @slipstream/fetch/transport makes one",
    (value) => hasMethods(value, "fetch", "isOwnFailure", "connectionStats"),
  ),
  use: arrayOf(callable, "must be an array of functions"),
  clock: rule(
    "must have the methods of a Clock",
    (value) => hasMethods(value, "now", "wallNow", "setTimeout", "clearTimeout"),
  ),
  random: prompt,
  concurrency: unless((value) => value instanceof Semaphore || isAdaptiveLimit(value), positiveInteger),
  perOrigin: strict({ concurrency: originLimit }, "must be { concurrency }"),
  maxWaiting: count,
  maxQueue: number(
    "a whole number of at least 0, or Infinity",
    (value) => value === Infinity || (Number.isInteger(value) && value >= 0),
  ),
  maxQueueMs: positiveMs,
  pauseOn429: oneOf("origin", "request"),
  rateLimit: unless(
    (value) => isPromptFunction(value) || isBucket(value),
    (value) => {
      if (hasMethods(value, "tryTake", "notify")) return promptBucket(value);
      return Array.isArray(value) ? rates(value) : rate(value);
    },
  ),
  limitKey: prompt,
  learnLimits: unless(
    (value) => isPromptFunction(value) || typeof value === "boolean",
    (value) => Array.isArray(value) ? sources(value) : source(value),
  ),
  hedge: unless(isFalse, plain("an object of options, or false", hedge)),
  backoff: members("options of a backoff", "factor", "baseMs", "maxMs", "jitter", "jitterMs", "random"),
  retryBudget: unless(
    (value) => isFalse(value) || hasMethods(value, "deposit", "tryWithdraw"),
    members(
      "options of a retry budget, a RetryBudget, or false",
      "ratio",
      "minPerSecond",
      "windowMs",
      "clock",
    ),
  ),
  maxRetryAfterMs: atLeast0Ms,
  circuitBreaker: unless(
    isFalse,
    plain(
      "options of a circuit breaker, because each origin has one of its own, or false",
      strict({
        ...optionalAny(...CIRCUIT_NUMBERS, "clock"),
        ...rulesOf(["onOpen", "patienceMs"]),
        isFailure: prompt,
      }, "must be options of a circuit breaker, or false"),
    ),
  ),
  cache: rule(
    "must be a plan: httpCache(adapter) or ttlCache(adapter, { ttlMs }) of @slipstream/fetch/cache, or false",
    (value) => isFalse(value) || isCachePlan(value),
  ),
  offline: flag,
};
