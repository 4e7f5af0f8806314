/**
 * The flags that shape a client, the same for every command that fetches.
 *
 * @module
 */

import type { ClientOptions } from "../client/options.ts";
import { type Flags, UsageError } from "./args.ts";
import { optional, parseCount, parseDuration, parseRate } from "./values.ts";

/** Flags for the limits, the retries and the timeout. */
export const CLIENT_FLAGS = {
  concurrency: { kind: "value", value: "N", help: "at most N at once (20)" },
  rate: { kind: "value", value: "RATE", help: "at most so many a second, or 100/min, 5/500ms (no limit)" },
  burst: { kind: "value", value: "N", help: "how many of --rate may start at once after a pause" },
  retries: { kind: "value", value: "N", help: "how often a failure is tried again (3)" },
  timeout: { kind: "value", value: "TIME", help: "how long one attempt may take: 5000, 5s, 2min (30s)" },
} as const;

/** What those flags mean for a client. */
export type ClientFlagOptions = Pick<
  ClientOptions,
  "concurrency" | "rateLimit" | "maxRetries" | "timeoutMs"
>;

/**
 * Checks the values of {@linkcode CLIENT_FLAGS}.
 *
 * @param flags What was given.
 * @returns The options of a client; `undefined` for what was not given.
 * @throws {UsageError} If a value is wrong.
 */
export function clientFlagOptions(flags: Flags<typeof CLIENT_FLAGS>): ClientFlagOptions {
  const rate = optional("rate", flags.rate, parseRate);
  const burst = optional("burst", flags.burst, parseCount);
  if (burst !== undefined && rate === undefined) throw new UsageError("'--burst' needs '--rate'");
  return {
    concurrency: optional("concurrency", flags.concurrency, parseCount),
    rateLimit: rate === undefined ? undefined : { ...rate, burst },
    maxRetries: optional("retries", flags.retries, (flag, text) => parseCount(flag, text, 0)),
    timeoutMs: optional("timeout", flags.timeout, parseDuration),
  };
}
