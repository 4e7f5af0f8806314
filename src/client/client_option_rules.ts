/**
 * The rules of a client's options.
 *
 * @module
 */

import * as v from "valibot";
import { isCachePlan } from "../policies/cache_plan.ts";
import type { Settings } from "../policies/settings.ts";
import { Semaphore } from "../primitives/semaphore.ts";
import {
  atLeast0Ms,
  callable,
  count,
  flag,
  hasMethods,
  isErrorStatus,
  isUrl,
  members,
  number,
  object,
  optionalAny,
  plain,
  positiveInteger,
  strict,
  unless,
} from "./option_rules.ts";
import { CLIENT_WIDE, SETTINGS } from "./settings.ts";

function isFalse(value: unknown): boolean {
  return value === false;
}

const headers = object("a record of strings, or Headers");

/** The rules of what both clients and requests have. */
export const sharedEntries: Readonly<Record<string, v.GenericSchema>> = {
  signal: v.optional(v.instance(AbortSignal, "must be an AbortSignal")),
  headers: v.optional(headers),
};

/** The rules of settings, by their names. */
export function rulesOf(names: readonly (keyof Settings)[]): Record<string, v.GenericSchema> {
  return Object.fromEntries(names.map((name) => [name, v.optional(SETTINGS[name].rule)]));
}

const errorStatus = number("an integer from 400 to 599", isErrorStatus);

const mirror = unless(
  isUrl,
  strict({
    url: v.custom(isUrl, "must be a string or a URL"),
    headers: v.optional(headers),
    path: v.optional(callable),
    moveOn: v.optional(v.array(errorStatus, "must be an array of statuses from 400 to 599")),
  }, "must be a string, a URL or { url, headers, path, moveOn }"),
);

/** The rules of a client's options. */
export const clientEntries: Readonly<Record<string, v.GenericSchema>> = {
  ...sharedEntries,
  ...rulesOf(CLIENT_WIDE),
  baseUrls: v.optional(
    unless(isUrl, v.array(mirror, "must be a URL, or an array of URLs and { url, headers, path, moveOn }")),
  ),
  clientHeadersTo: v.optional(v.picklist(["all", "mirrors"], "must be 'all' or 'mirrors'")),
  sensitiveHeaders: v.optional(
    v.array(
      v.pipe(v.string("must be a header name"), v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, "must be a header name")),
      "must be an array of header names",
    ),
  ),
  fetch: v.optional(callable),
  transport: v.optional(
    v.custom(
      (value) => hasMethods(value, "fetch", "isOwnFailure", "connectionStats"),
      "must be a transport: createTransport() of @slipstream/fetch/transport makes one",
    ),
  ),
  use: v.optional(v.array(callable, "must be an array of functions")),
  clock: v.optional(
    v.custom(
      (value) => hasMethods(value, "now", "wallNow", "setTimeout", "clearTimeout"),
      "must have the methods of a Clock",
    ),
  ),
  random: v.optional(callable),
  concurrency: v.optional(unless((value) => value instanceof Semaphore, positiveInteger)),
  perOrigin: v.optional(
    strict({ concurrency: v.optional(positiveInteger) }, "must be { concurrency }"),
  ),
  maxWaiting: v.optional(count),
  pauseOn429: v.optional(v.picklist(["origin", "request"], "must be 'origin' or 'request'")),
  rateLimit: v.optional(
    unless(
      (value) => typeof value === "function" || hasMethods(value, "tryTake", "notify"),
      strict(
        {
          limit: v.any(),
          intervalMs: v.any(),
          burst: v.optional(v.any()),
          per: v.optional(v.picklist(["client", "origin"], "must be 'client' or 'origin'")),
        },
        "must be { limit, intervalMs, burst, per }, a bucket, or a function that gives an origin its bucket",
      ),
    ),
  ),
  backoff: v.optional(
    members("options of a backoff", "factor", "baseMs", "maxMs", "jitter", "jitterMs", "random"),
  ),
  retryBudget: v.optional(
    unless(
      (value) => isFalse(value) || hasMethods(value, "deposit", "tryWithdraw"),
      members(
        "options of a retry budget, a RetryBudget, or false",
        "ratio",
        "minPerSecond",
        "windowMs",
        "clock",
      ),
    ),
  ),
  maxRetryAfterMs: v.optional(atLeast0Ms),
  circuitBreaker: v.optional(
    unless(
      isFalse,
      plain(
        "options of a circuit breaker, because each origin has one of its own, or false",
        strict({
          ...optionalAny(
            "threshold",
            "failureRatio",
            "minimumRequests",
            "windowMs",
            "cooldownMs",
            "maxCooldownMs",
            "probeTimeoutMs",
            "clock",
          ),
          ...rulesOf(["onOpen", "patienceMs"]),
          isFailure: v.optional(callable),
        }, "must be options of a circuit breaker, or false"),
      ),
    ),
  ),
  cache: v.optional(
    v.custom(
      (value) => isFalse(value) || isCachePlan(value),
      "must be a plan: httpCache(adapter) or ttlCache(adapter, { ttlMs }) of @slipstream/fetch/cache, or false",
    ),
  ),
  offline: v.optional(flag),
};
