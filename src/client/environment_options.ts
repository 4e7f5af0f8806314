/**
 * Client options from environment variables.
 *
 * @module
 */

import { assertOptions } from "../primitives/argument_checks.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { ClientOptions } from "./options.ts";

/** Environment variables by name. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The options that are numbers, and the variables that set them. */
const NUMBERS = {
  concurrency: "SLIPSTREAM_CONCURRENCY",
  maxWaiting: "SLIPSTREAM_MAX_WAITING",
  maxQueue: "SLIPSTREAM_MAX_QUEUE",
  maxQueueMs: "SLIPSTREAM_MAX_QUEUE_MS",
  maxRetries: "SLIPSTREAM_MAX_RETRIES",
  timeoutMs: "SLIPSTREAM_TIMEOUT_MS",
  idleTimeoutMs: "SLIPSTREAM_IDLE_TIMEOUT_MS",
  totalTimeoutMs: "SLIPSTREAM_TOTAL_TIMEOUT_MS",
  maxRetryAfterMs: "SLIPSTREAM_MAX_RETRY_AFTER_MS",
  maxBodyBytes: "SLIPSTREAM_MAX_BODY_BYTES",
} as const;

/** The options that are switches, and the variables that set them. */
const FLAGS = {
  offline: "SLIPSTREAM_OFFLINE",
  validate: "SLIPSTREAM_VALIDATE",
  notFoundIsFinal: "SLIPSTREAM_NOT_FOUND_IS_FINAL",
} as const;

/** The numbers of the circuit breaker, and the variables that set them. */
const BREAKER_NUMBERS = {
  threshold: "SLIPSTREAM_BREAKER_THRESHOLD",
  failureRatio: "SLIPSTREAM_BREAKER_FAILURE_RATIO",
  minimumRequests: "SLIPSTREAM_BREAKER_MINIMUM_REQUESTS",
  windowMs: "SLIPSTREAM_BREAKER_WINDOW_MS",
  cooldownMs: "SLIPSTREAM_BREAKER_COOLDOWN_MS",
  maxCooldownMs: "SLIPSTREAM_BREAKER_MAX_COOLDOWN_MS",
  patienceMs: "SLIPSTREAM_PATIENCE_MS",
} as const;

/**
 * Reads client options from the environment:
 *
 * - numbers: `SLIPSTREAM_CONCURRENCY`, `SLIPSTREAM_PER_ORIGIN_CONCURRENCY`, `SLIPSTREAM_MAX_WAITING`, `SLIPSTREAM_MAX_QUEUE`,
 *   `SLIPSTREAM_MAX_QUEUE_MS`, `SLIPSTREAM_MAX_RETRIES`, `SLIPSTREAM_TIMEOUT_MS`, `SLIPSTREAM_IDLE_TIMEOUT_MS`, `SLIPSTREAM_TOTAL_TIMEOUT_MS`, `SLIPSTREAM_MAX_RETRY_AFTER_MS`,
 *   `SLIPSTREAM_MAX_BODY_BYTES`; of the circuit breaker `SLIPSTREAM_PATIENCE_MS`, and `SLIPSTREAM_BREAKER_` with `THRESHOLD`, `FAILURE_RATIO`,
 *   `MINIMUM_REQUESTS`, `WINDOW_MS`, `COOLDOWN_MS`, `MAX_COOLDOWN_MS`;
 * - as `1`/`0` or `true`/`false`: `SLIPSTREAM_OFFLINE`, `SLIPSTREAM_VALIDATE`, `SLIPSTREAM_NOT_FOUND_IS_FINAL`,
 *   `SLIPSTREAM_BREAKER` and `SLIPSTREAM_RETRY_BUDGET`, which can only turn theirs off, and `SLIPSTREAM_CI`, which turns the
 *   cache off;
 * - words: `SLIPSTREAM_ON_OPEN` (`fail` or `wait`), `SLIPSTREAM_PAUSE_ON_429` (`origin` or `request`);
 * - `SLIPSTREAM_BASE_URLS`, separated by commas.
 *
 * @param env The variables; by default those of the process, as far as they may be read without a prompt.
 * @returns The options that are set, to be spread into those of `createClient`.
 * @throws {TypeError} If a variable is not what its option takes.
 *
 * @example Options of the environment over one's own
 * ```ts
 * import { clientOptionsFromEnv } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { concurrency: 10, ...clientOptionsFromEnv({ SLIPSTREAM_CONCURRENCY: "50", SLIPSTREAM_CI: "1" }) };
 * assertEquals(options, { concurrency: 50, cache: false });
 * ```
 */
export function clientOptionsFromEnv(env?: EnvironmentVariables): ClientOptions {
  if (env !== undefined) assertOptions("read client options", env);
  const read = (name: string): string | undefined => {
    const value = env === undefined ? currentRuntime.env(name) : env[name];
    return value === undefined || value.trim() === "" ? undefined : value.trim();
  };
  const options: Mutable<ClientOptions> = {};
  for (const [option, name] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, string][]) {
    const value = read(name);
    if (value !== undefined) options[option] = toNumber(name, value);
  }
  for (const [option, name] of Object.entries(FLAGS) as [keyof typeof FLAGS, string][]) {
    const value = read(name);
    if (value !== undefined) options[option] = toFlag(name, value);
  }
  const perOrigin = read(PER_ORIGIN);
  if (perOrigin !== undefined) options.perOrigin = { concurrency: toNumber(PER_ORIGIN, perOrigin) };
  const pauseOn429 = read(PAUSE_ON_429);
  if (pauseOn429 !== undefined) {
    options.pauseOn429 = toWord(PAUSE_ON_429, pauseOn429, ["origin", "request"] as const);
  }
  const retryBudget = read(RETRY_BUDGET);
  if (retryBudget !== undefined && !toFlag(RETRY_BUDGET, retryBudget)) options.retryBudget = false;
  const circuitBreaker = breakerOptions(read);
  if (circuitBreaker !== undefined) options.circuitBreaker = circuitBreaker;
  const baseUrls = read("SLIPSTREAM_BASE_URLS");
  if (baseUrls !== undefined) {
    options.baseUrls = baseUrls.split(",").map((url) => url.trim()).filter((url) => url !== "");
  }
  const ci = read("SLIPSTREAM_CI");
  if (ci !== undefined && toFlag("SLIPSTREAM_CI", ci)) options.cache = false;
  return options;
}

const PER_ORIGIN = "SLIPSTREAM_PER_ORIGIN_CONCURRENCY";
const PAUSE_ON_429 = "SLIPSTREAM_PAUSE_ON_429";
const RETRY_BUDGET = "SLIPSTREAM_RETRY_BUDGET";
const BREAKER = "SLIPSTREAM_BREAKER";
const ON_OPEN = "SLIPSTREAM_ON_OPEN";

function breakerOptions(read: (name: string) => string | undefined): ClientOptions["circuitBreaker"] {
  const breaker = read(BREAKER);
  if (breaker !== undefined && !toFlag(BREAKER, breaker)) return false;
  const options: Record<string, unknown> = {};
  for (const [option, name] of Object.entries(BREAKER_NUMBERS)) {
    const value = read(name);
    if (value !== undefined) options[option] = toNumber(name, value);
  }
  const onOpen = read(ON_OPEN);
  if (onOpen !== undefined) options.onOpen = toWord(ON_OPEN, onOpen, ["fail", "wait"] as const);
  return Object.keys(options).length === 0 ? undefined : options;
}

function toWord<T extends string>(name: string, value: string, words: readonly T[]): T {
  const word = words.find((each) => each === value.toLowerCase());
  if (word !== undefined) return word;
  throw new TypeError(
    `Cannot read client options as '${name}' must be ${words.join(" or ")}: received '${value}'`,
  );
}

function toNumber(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isNaN(number)) return number;
  throw new TypeError(`Cannot read client options as '${name}' must be a number: received '${value}'`);
}

function toFlag(name: string, value: string): boolean {
  if (value === "1" || value.toLowerCase() === "true") return true;
  if (value === "0" || value.toLowerCase() === "false") return false;
  throw new TypeError(
    `Cannot read client options as '${name}' must be 1, 0, true or false: received '${value}'`,
  );
}
