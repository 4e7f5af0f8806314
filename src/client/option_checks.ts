/**
 * What options may be: checked once, before they have any effect, with messages that name the option and the rule.
 *
 * @module
 */

import * as v from "valibot";
import { Semaphore } from "../primitives/semaphore.ts";
import { TokenBucket } from "../primitives/token_bucket.ts";

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

/** A number, by a rule that its message says. */
function number(rule: string, isInRange: (value: number) => boolean): v.GenericSchema {
  return v.pipe(v.number(`must be ${rule}`), v.check(isInRange, `must be ${rule}`));
}

/** Something of which only the kind is checked here. */
function object(what: string): v.GenericSchema {
  return v.custom<object>((value) => typeof value === "object" && value !== null, `must be ${what}`);
}

/** An object with members of these names; what they hold is checked by whom they are for. */
function members(what: string, ...names: string[]): v.GenericSchema {
  return v.strictObject(
    Object.fromEntries(names.map((name) => [name, v.optional(v.any())])),
    `must be ${what}`,
  );
}

/** Takes what passes the test as it is, and checks everything else. */
function unless(isGood: (value: unknown) => boolean, otherwise: v.GenericSchema): v.GenericSchema {
  return v.lazy((value) => isGood(value) ? v.any() : otherwise);
}

function isUrl(value: unknown): boolean {
  return typeof value === "string" || value instanceof URL;
}

function isFalse(value: unknown): boolean {
  return value === false;
}

function hasMethods(value: unknown, ...names: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

function isStandardSchema(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return hasMethods((value as { readonly "~standard"?: unknown })["~standard"], "validate");
}

const positiveMs = number("a positive number of milliseconds, or Infinity", (value) => value > 0);
const positiveInteger = number("a positive integer", (value) => Number.isInteger(value) && value > 0);
const count = number("a whole number of at least 0", (value) => Number.isInteger(value) && value >= 0);
const atLeast0Ms = number("a number of milliseconds of at least 0", (value) => value >= 0);
const flag = v.boolean("must be true or false");
const callable = v.function("must be a function");
const headers = object("a record of strings, or Headers");

/** What both clients and requests have. */
const shared = {
  signal: v.optional(v.instance(AbortSignal, "must be an AbortSignal")),
  timeoutMs: v.optional(positiveMs),
  totalTimeoutMs: v.optional(positiveMs),
  maxRetries: v.optional(count),
  maxBodyBytes: v.optional(number("a positive number of bytes, or Infinity", (value) => value > 0)),
  validate: v.optional(flag),
  notFoundIsFinal: v.optional(flag),
  headers: v.optional(headers),
};

const mirror = unless(
  isUrl,
  v.strictObject({
    url: v.custom(isUrl, "must be a string or a URL"),
    headers: v.optional(headers),
  }, "must be a string, a URL or { url, headers }"),
);

const isAdapter = (value: unknown): boolean => hasMethods(value, "get", "set", "delete");

const cacheOptions = v.strictObject({
  adapter: v.custom(
    (value) => isAdapter(value) || (Array.isArray(value) && value.length > 0 && value.every(isAdapter)),
    "must have the methods of a CacheAdapter, or be a non-empty array of such",
  ),
  mode: v.optional(v.picklist(["http", "ttl"], "must be 'http' or 'ttl'")),
  ttlMs: v.optional(unless((value) => typeof value === "function", atLeast0Ms)),
  negative: v.optional(
    v.strictObject(
      { 404: v.optional(atLeast0Ms), 410: v.optional(atLeast0Ms) },
      "must be { 404?: ms, 410?: ms }",
    ),
  ),
  staleWhileRevalidateMs: v.optional(atLeast0Ms),
  staleIfErrorMs: v.optional(atLeast0Ms),
  partition: v.optional(v.custom((value) => typeof value === "function", "must be a function")),
}, "must be a CacheAdapter, { adapter, mode, ttlMs, … }, or false");

const clientSchema = v.strictObject({
  ...shared,
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
  rateLimit: v.optional(
    unless(
      (value) => value instanceof TokenBucket,
      v.strictObject({
        limit: v.any(),
        intervalMs: v.any(),
        burst: v.optional(v.any()),
        per: v.optional(v.picklist(["client", "origin"], "must be 'client' or 'origin'")),
      }, "must be { limit, intervalMs, burst, per }, or a TokenBucket"),
    ),
  ),
  backoff: v.optional(
    members("options of a backoff", "factor", "baseMs", "maxMs", "jitter", "jitterMs", "random"),
  ),
  retryBudget: v.optional(
    unless(
      isFalse,
      members("options of a retry budget, or false", "ratio", "minPerSecond", "windowMs", "clock"),
    ),
  ),
  maxRetryAfterMs: v.optional(atLeast0Ms),
  circuitBreaker: v.optional(
    unless(
      isFalse,
      members(
        "options of a circuit breaker, or false",
        "threshold",
        "failureRatio",
        "minimumRequests",
        "windowMs",
        "cooldownMs",
        "onOpen",
        "clock",
        "name",
        "isFailure",
      ),
    ),
  ),
  cache: v.optional(
    unless((value) => value === false || isAdapter(value), cacheOptions),
  ),
  offline: v.optional(flag),
}, "must be an object");

const requestSchema = v.strictObject({
  ...shared,
  schema: v.optional(v.custom(isStandardSchema, "must be a Standard Schema")),
  as: v.optional(v.picklist(["json", "text", "bytes"], "must be 'json', 'text' or 'bytes'")),
  cache: v.optional(
    v.picklist(
      ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
      "must be 'default', 'no-store', 'reload', 'no-cache', 'force-cache' or 'only-if-cached'",
    ),
  ),
  readCache: v.optional(flag),
  writeCache: v.optional(flag),
  priority: v.optional(number("a number", () => true)),
  idempotent: v.optional(flag),
  concurrency: v.optional(positiveInteger),
  ordered: v.optional(flag),
  prefetch: v.optional(count),
  url: v.optional(v.custom(isUrl, "must be a string or a URL")),
  method: v.optional(v.string("must be a string")),
  body: v.optional(v.any()),
  key: v.optional(v.string("must be a string")),
}, "must be an object");
