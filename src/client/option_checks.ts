/**
 * What options may be: checked once, before they have any effect, with messages that name the option and the rule.
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
  isUrl,
  members,
  object,
  optionalAny,
  plain,
  positiveInteger,
  unless,
} from "./option_rules.ts";
import { CLIENT_WIDE, SETTINGS } from "./settings.ts";

/**
 * Checks the options of a client. What a primitive is made of is checked by the primitive itself.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkClientOptions(options: unknown): void {
  check(clientSchema, options, "create client");
}

/**
 * Checks the options of a request or a batch, or a whole request.
 *
 * @param options The options.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 */
export function checkRequestOptions(options: unknown): void {
  check(requestSchema, options, "fetch");
}

function check(schema: v.GenericSchema, options: unknown, purpose: string): void {
  const result = v.safeParse(schema, options, { abortEarly: true });
  if (result.success) return;
  const [issue] = result.issues;
  const name = v.getDotPath(issue);
  const value = issue.path === undefined ? options : issue.path[issue.path.length - 1]!.value;
  // Headers and URLs may hold credentials.
  const received = typeof value === "string" && /^(headers|baseUrls)/.test(name ?? "")
    ? "a string"
    : describe(value);
  if (name === null) {
    throw new TypeError(`Cannot ${purpose} as the options ${issue.message}: received ${received}`);
  }
  // For an object with too many members, valibot names the member.
  if (issue.type === "strict_object" && issue.expected === "never") {
    throw new TypeError(`Cannot ${purpose} as '${name}' is not an option`);
  }
  const message = `Cannot ${purpose} as '${name}' ${issue.message}: received ${received}`;
  const outOfRange = issue.kind === "validation" || issue.expected?.includes("number");
  throw typeof value === "number" && outOfRange ? new RangeError(message) : new TypeError(message);
}

function describe(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  if (value === null || typeof value !== "object") {
    return typeof value === "function" ? "a function" : String(value);
  }
  return Array.isArray(value) ? "an array" : `an object of ${value.constructor?.name ?? "no class"}`;
}

function isFalse(value: unknown): boolean {
  return value === false;
}

const headers = object("a record of strings, or Headers");

/** What both clients and requests have. */
const shared = {
  signal: v.optional(v.instance(AbortSignal, "must be an AbortSignal")),
  headers: v.optional(headers),
};

/** The rules of settings, by their names. */
function rulesOf(names: readonly (keyof Settings)[]): Record<string, v.GenericSchema> {
  return Object.fromEntries(names.map((name) => [name, v.optional(SETTINGS[name].rule)]));
}

const mirror = unless(
  isUrl,
  v.strictObject({
    url: v.custom(isUrl, "must be a string or a URL"),
    headers: v.optional(headers),
  }, "must be a string, a URL or { url, headers }"),
);

const clientSchema = v.strictObject({
  ...shared,
  ...rulesOf(CLIENT_WIDE),
  baseUrls: v.optional(
    unless(isUrl, v.array(mirror, "must be a URL, or an array of URLs and { url, headers }")),
  ),
  sensitiveHeaders: v.optional(
    v.array(
      v.pipe(v.string("must be a header name"), v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, "must be a header name")),
      "must be an array of header names",
    ),
  ),
  fetch: v.optional(callable),
  clock: v.optional(
    v.custom(
      (value) => hasMethods(value, "now", "wallNow", "setTimeout", "clearTimeout"),
      "must have the methods of a Clock",
    ),
  ),
  random: v.optional(callable),
  concurrency: v.optional(unless((value) => value instanceof Semaphore, positiveInteger)),
  perOrigin: v.optional(
    v.strictObject({ concurrency: v.optional(positiveInteger) }, "must be { concurrency }"),
  ),
  maxWaiting: v.optional(count),
  pauseOn429: v.optional(v.picklist(["origin", "request"], "must be 'origin' or 'request'")),
  rateLimit: v.optional(
    unless(
      (value) => typeof value === "function" || hasMethods(value, "tryTake", "notify"),
      v.strictObject(
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
        v.strictObject({
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
}, "must be an object");

const requestSchema = v.strictObject({
  ...shared,
  ...rulesOf(Object.keys(SETTINGS) as (keyof Settings)[]),
  concurrency: v.optional(positiveInteger),
  ordered: v.optional(flag),
  prefetch: v.optional(count),
  url: v.optional(v.custom(isUrl, "must be a string or a URL")),
  method: v.optional(v.string("must be a string")),
  body: v.optional(v.any()),
  key: v.optional(v.string("must be a string")),
}, "must be an object");
