import { assertEquals, assertThrows } from "@std/assert";
import { readArgs, UsageError } from "../../src/cli/args.ts";
import { CLIENT_FLAGS, clientFlagOptions } from "../../src/cli/client_flags.ts";
import { createClient } from "../../src/client/client.ts";
import { test } from "../support/test.ts";

const optionsOf = (...args: string[]) => clientFlagOptions(readArgs(args, CLIENT_FLAGS).flags);

test("clientFlagOptions() leaves everything to the client that was not given", async () => {
  const options = optionsOf();
  assertEquals(Object.values(options), [undefined, undefined, undefined, undefined]);
  await createClient(options).close();
});

test("clientFlagOptions() turns flags into options that a client takes", async () => {
  const options = optionsOf("--concurrency=5", "--rate=100/min", "--burst=3", "--retries=0", "--timeout=2s");
  assertEquals(options, {
    concurrency: 5,
    rateLimit: { limit: 100, intervalMs: 60_000, burst: 3 },
    maxRetries: 0,
    timeoutMs: 2_000,
  });
  await createClient(options).close();
});

test("clientFlagOptions() refuses a burst of no rate", () => {
  assertThrows(() => optionsOf("--burst", "3"), UsageError, "'--burst' needs '--rate'");
});
