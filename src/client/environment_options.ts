/**
 * Client options from environment variables.
 *
 * @module
 */

import { currentRuntime } from "../runtime/current.ts";
import type { ClientOptions } from "./options.ts";

/** Environment variables by name. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The options that are numbers, and the variables that set them. */
const NUMBERS = {
  concurrency: "SLIPSTREAM_CONCURRENCY",
  maxRetries: "SLIPSTREAM_MAX_RETRIES",
  timeoutMs: "SLIPSTREAM_TIMEOUT_MS",
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

/**
 * Reads client options from the environment: `SLIPSTREAM_CONCURRENCY`, `SLIPSTREAM_MAX_RETRIES`, `SLIPSTREAM_TIMEOUT_MS`,
 * `SLIPSTREAM_TOTAL_TIMEOUT_MS`, `SLIPSTREAM_MAX_RETRY_AFTER_MS`, `SLIPSTREAM_MAX_BODY_BYTES`, `SLIPSTREAM_BASE_URLS`
 * (separated by commas), and as `1`/`0` or `true`/`false`: `SLIPSTREAM_OFFLINE`, `SLIPSTREAM_VALIDATE`,
 * `SLIPSTREAM_NOT_FOUND_IS_FINAL` and `SLIPSTREAM_CI`, which turns the cache off.
 *
 * @param env The variables; by default those of the process, as far as they may be read without asking anybody.
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
  const baseUrls = read("SLIPSTREAM_BASE_URLS");
  if (baseUrls !== undefined) {
    options.baseUrls = baseUrls.split(",").map((url) => url.trim()).filter((url) => url !== "");
  }
  const ci = read("SLIPSTREAM_CI");
  if (ci !== undefined && toFlag("SLIPSTREAM_CI", ci)) options.cache = false;
  return options;
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
