/**
 * Client options from environment variables.
 *
 * @module
 */

import { assertOptions, shapeError } from "../primitives/argument_checks.ts";
import { CIRCUIT_NUMBERS } from "../primitives/circuit_options.ts";
import { commaList } from "../primitives/comma_list.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { BreakerOptions, ClientOptions } from "./options.ts";

/** Environment variables by name. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** The options that are numbers. The variable of `maxRetries` is `SLIPSTREAM_MAX_RETRIES`, and so on. */
const NUMBERS = [
  "concurrency",
  "maxWaiting",
  "maxQueue",
  "maxQueueMs",
  "maxRetries",
  "timeoutMs",
  "idleTimeoutMs",
  "totalTimeoutMs",
  "maxRetryAfterMs",
  "maxBodyBytes",
] as const satisfies readonly (keyof ClientOptions)[];

/** The options that are switches. */
const FLAGS = [
  "offline",
  "validate",
  "notFoundIsFinal",
  "learnLimits",
] as const satisfies readonly (keyof ClientOptions)[];

/** Parses the text of a variable, or throws. */
type Parse<T> = (value: string, name: string) => T;

/** Reads a variable, whose name begins with `SLIPSTREAM_`; `undefined` where it is not set, or empty. */
type Read = <T>(name: string, parse: Parse<T>) => T | undefined;

/**
 * Reads client options from the environment:
 *
 * - numbers: `SLIPSTREAM_CONCURRENCY`, `SLIPSTREAM_PER_ORIGIN_CONCURRENCY`, `SLIPSTREAM_MAX_WAITING`, `SLIPSTREAM_MAX_QUEUE`,
 *   `SLIPSTREAM_MAX_QUEUE_MS`, `SLIPSTREAM_MAX_RETRIES`, `SLIPSTREAM_TIMEOUT_MS`, `SLIPSTREAM_IDLE_TIMEOUT_MS`,
 *   `SLIPSTREAM_TOTAL_TIMEOUT_MS`, `SLIPSTREAM_MAX_RETRY_AFTER_MS`, `SLIPSTREAM_MAX_BODY_BYTES`; of the circuit breaker
 *   `SLIPSTREAM_PATIENCE_MS`, and `SLIPSTREAM_BREAKER_` with `THRESHOLD`, `FAILURE_RATIO`, `MINIMUM_REQUESTS`, `WINDOW_MS`,
 *   `COOLDOWN_MS`, `MAX_COOLDOWN_MS`, `PROBE_TIMEOUT_MS`;
 * - as `1`/`0` or `true`/`false`: `SLIPSTREAM_OFFLINE`, `SLIPSTREAM_VALIDATE`, `SLIPSTREAM_NOT_FOUND_IS_FINAL`,
 *   `SLIPSTREAM_LEARN_LIMITS`, `SLIPSTREAM_BREAKER` and `SLIPSTREAM_RETRY_BUDGET`, which can only turn the breaker and the budget
 *   off, and `SLIPSTREAM_CI`, which turns the cache off;
 * - words: `SLIPSTREAM_ON_OPEN` (`fail` or `wait`), `SLIPSTREAM_PAUSE_ON_429` (`origin` or `request`),
 *   `SLIPSTREAM_CLIENT_HEADERS_TO` (`mirrors` or `all`);
 * - `SLIPSTREAM_BASE_URLS`, separated by commas.
 *
 * @param env The variables; by default those of the process, as far as they may be read without a prompt.
 * @returns The options that are set, to be spread into those of `createClient`.
 * @throws {TypeError} If a variable is not of the kind in this list: a number, a switch, or a word. `createClient` refuses values
 * that the option does not take, such as a negative number.
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
  const read: Read = (rest, parse) => {
    const name = `SLIPSTREAM_${rest}`;
    const value = env === undefined ? currentRuntime.env(name) : env[name];
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw shapeError("read client options", name, "a string", value);
    const text = value.trim();
    return text === "" ? undefined : parse(text, name);
  };
  const concurrency = read("PER_ORIGIN_CONCURRENCY", toNumber);
  return given({
    ...Object.fromEntries(NUMBERS.map((option) => [option, read(upperCase(option), toNumber)])),
    ...Object.fromEntries(FLAGS.map((option) => [option, read(upperCase(option), toFlag)])),
    perOrigin: concurrency === undefined ? undefined : { concurrency },
    pauseOn429: read("PAUSE_ON_429", wordOf("origin", "request")),
    clientHeadersTo: read("CLIENT_HEADERS_TO", wordOf("mirrors", "all")),
    retryBudget: read("RETRY_BUDGET", toFlag) === false ? false : undefined,
    circuitBreaker: breakerOptions(read),
    baseUrls: read("BASE_URLS", commaList),
    cache: read("CI", toFlag) === true ? false : undefined,
  });
}

function breakerOptions(read: Read): BreakerOptions | false | undefined {
  if (read("BREAKER", toFlag) === false) return false;
  const options: BreakerOptions = given({
    // The variable of `cooldownMs` is `SLIPSTREAM_BREAKER_COOLDOWN_MS`.
    ...Object.fromEntries(
      CIRCUIT_NUMBERS.map((option) => [option, read(`BREAKER_${upperCase(option)}`, toNumber)]),
    ),
    patienceMs: read("PATIENCE_MS", toNumber),
    onOpen: read("ON_OPEN", wordOf("fail", "wait")),
  });
  return Object.keys(options).length === 0 ? undefined : options;
}

/** Returns only the options that are set, so that a caller can spread them over others. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Returns `MAX_RETRIES` for `maxRetries`. */
function upperCase(option: string): string {
  return option.replaceAll(/[A-Z]/g, "_$&").toUpperCase();
}

function wordOf<T extends string>(...words: readonly T[]): Parse<T> {
  return (value, name) => {
    const word = words.find((each) => each === value.toLowerCase());
    if (word === undefined) throw valueError(name, words.join(" or "), value);
    return word;
  };
}

function toNumber(value: string, name: string): number {
  const number = Number(value);
  if (Number.isNaN(number)) throw valueError(name, "a number", value);
  return number;
}

function toFlag(value: string, name: string): boolean {
  const word = value.toLowerCase();
  if (word === "1" || word === "true") return true;
  if (word === "0" || word === "false") return false;
  throw valueError(name, "1, 0, true or false", value);
}

function valueError(name: string, rule: string, value: string): TypeError {
  return new TypeError(`Cannot read client options as '${name}' must be ${rule}: received '${value}'`);
}
