/**
 * The flags that shape a client, the same for every command that fetches.
 *
 * @module
 */

import type { ClientOptions } from "../client/options.ts";
import { type Flags, UsageError } from "./args.ts";
import { optional, parseChoice, parseCount, parseDuration, parseRate, type Rate } from "./values.ts";

/** Flags for limits, retries, timeouts, the circuit breaker, and how long to wait for an origin that is down. */
export const CLIENT_FLAGS = {
  concurrency: { kind: "value", value: "N", help: "at most N requests at once (20)" },
  rate: {
    kind: "value",
    value: "RATE",
    help: "at most RATE requests a second; also 100/min, 5/500ms (no limit)",
  },
  burst: {
    kind: "value",
    value: "N",
    help: "how many requests may start at once after a pause (the number in --rate)",
  },
  retries: { kind: "value", value: "N", help: "the most retries of a failed request (3)" },
  timeout: { kind: "value", value: "TIME", help: "the longest time for one attempt: 5, 250ms, 2min (30s)" },
  patience: { kind: "value", value: "TIME", help: "how long to wait for an origin that is down (30s)" },
  "on-open": {
    kind: "value",
    value: "WHAT",
    help: "while an origin is down: wait, or fail at once (wait; fail with --retries 0)",
  },
  breaker: {
    kind: "value",
    value: "N",
    help: "an origin is down after N failures in a row, or never: off (by share of failures)",
  },
} as const;

/** The options of a client that those flags set. */
export type ClientFlagOptions =
  & Pick<ClientOptions, "maxRetries" | "timeoutMs" | "circuitBreaker">
  & {
    readonly concurrency: number | undefined;
    readonly rateLimit: Rate & { readonly burst: number | undefined } | undefined;
  };

/** What requests do while an origin is down. */
export type OnOpen = "wait" | "fail";

/**
 * Turns the values of {@linkcode CLIENT_FLAGS} into options of a client.
 *
 * @param flags The values of the flags.
 * @returns The options; `undefined` for a flag that is absent.
 * @throws {UsageError} If a value is wrong.
 */
export function clientFlagOptions(flags: Flags<typeof CLIENT_FLAGS>): ClientFlagOptions {
  const rate = optional("rate", flags.rate, parseRate);
  const burst = optional("burst", flags.burst, parseCount);
  if (burst !== undefined && rate === undefined) throw new UsageError("'--burst' needs '--rate'");
  const maxRetries = optional("retries", flags.retries, (flag, text) => parseCount(flag, text, { least: 0 }));
  return {
    concurrency: optional("concurrency", flags.concurrency, parseCount),
    rateLimit: rate === undefined ? undefined : { ...rate, burst },
    maxRetries,
    timeoutMs: optional("timeout", flags.timeout, parseDuration),
    circuitBreaker: breakerOptions(flags, maxRetries),
  };
}

/** Returns the value of `--on-open`, for requests that set `onOpen` themselves. */
export function onOpenFlag({ "on-open": onOpen }: Flags<typeof CLIENT_FLAGS>): OnOpen | undefined {
  return optional("on-open", onOpen, (flag, text) => parseChoice(flag, text, ["wait", "fail"] as const));
}

function breakerOptions(
  flags: Flags<typeof CLIENT_FLAGS>,
  maxRetries: number | undefined,
): ClientFlagOptions["circuitBreaker"] {
  const { breaker } = flags;
  const patienceMs = optional("patience", flags.patience, parseDuration);
  const onOpen = onOpenFlag(flags);
  const isSaid = patienceMs !== undefined || onOpen !== undefined;
  if (breaker === "off") {
    if (isSaid) throw new UsageError("'--patience' and '--on-open' need a breaker: '--breaker' is off");
    return false;
  }
  if (patienceMs !== undefined && onOpen === "fail") {
    throw new UsageError("'--patience' and '--on-open fail' exclude each other");
  }
  if (patienceMs !== undefined && onOpen === undefined && maxRetries === 0) {
    throw new UsageError("'--patience' needs '--on-open wait' where '--retries' is 0");
  }
  if (breaker === undefined) return isSaid ? { patienceMs, onOpen } : undefined;
  return {
    threshold: parseCount("breaker", breaker, { rule: "a positive integer or off" }),
    patienceMs,
    onOpen,
  };
}
