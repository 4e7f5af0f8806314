import { assertEquals, assertThrows } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { CLIENT_FLAGS, clientFlagOptions } from "../../src/cli/client_flags.ts";
import { createClient } from "../../src/client/create_client.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { test } from "../support/test.ts";

const optionsOf = (...args: string[]) => clientFlagOptions(readArgs(args, CLIENT_FLAGS).flags);

test("clientFlagOptions() leaves options to the client whose flags were not given", async () => {
  const options = optionsOf();
  assertEquals(Object.values(options), [undefined, undefined, undefined, undefined, undefined]);
  await createClient(options).close();
});

test("clientFlagOptions() turns flags into options that a client accepts", async () => {
  const options = optionsOf("--concurrency=5", "--rate=100/min", "--burst=3", "--retries=0", "--timeout=2s");
  assertEquals(options, {
    concurrency: 5,
    rateLimit: { limit: 100, intervalMs: 60_000, burst: 3 },
    maxRetries: 0,
    timeoutMs: 2_000,
    circuitBreaker: undefined,
  });
  await createClient(options).close();
});

test("clientFlagOptions() sets what happens while an origin is down", async () => {
  const cases: readonly [string[], ClientOptions["circuitBreaker"]][] = [
    [["--patience=2min"], { patienceMs: 120_000, onOpen: undefined }],
    [["--on-open=fail"], { patienceMs: undefined, onOpen: "fail" }],
    [["--breaker=3", "--patience=500ms"], { threshold: 3, patienceMs: 500, onOpen: undefined }],
    [["--breaker=off"], false],
  ];
  for (const [args, expected] of cases) {
    const options = optionsOf(...args);
    assertEquals(options.circuitBreaker, expected);
    await createClient(options).close();
  }
  assertThrows(() => optionsOf("--breaker=0"), UsageError, "'--breaker' must be a positive integer or off");
  assertThrows(() => optionsOf("--on-open=never"), UsageError, "'--on-open' must be wait or fail");
  assertThrows(() => optionsOf("--patience=long"), UsageError, "'--patience' must be a positive duration");
  assertThrows(() => optionsOf("--breaker=off", "--patience=5s"), UsageError, "need a breaker");
});

test("clientFlagOptions() refuses patience where requests do not wait for an origin that is down", () => {
  for (
    const [message, ...args] of [
      ["'--patience' and '--on-open fail' exclude each other", "--on-open=fail"],
      ["'--patience' needs '--on-open wait' where '--retries' is 0", "--retries=0"],
    ] as const
  ) assertThrows(() => optionsOf("--patience=5s", ...args), UsageError, message);
  const waits = optionsOf("--patience=5s", "--retries=0", "--on-open=wait");
  assertEquals(waits.circuitBreaker, { patienceMs: 5_000, onOpen: "wait" });
});

test("clientFlagOptions() refuses a burst without a rate", () => {
  assertThrows(() => optionsOf("--burst", "3"), UsageError, "'--burst' needs '--rate'");
});
