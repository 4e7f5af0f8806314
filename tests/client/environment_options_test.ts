import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { clientOptionsFromEnv, createClient } from "../../mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { test } from "../support/test.ts";

test("clientOptionsFromEnv() sets only options whose variables are set", () => {
  assertEquals(clientOptionsFromEnv({}), {});
  const blank = { SLIPSTREAM_CONCURRENCY: "", SLIPSTREAM_OFFLINE: "  ", SLIPSTREAM_BASE_URLS: undefined };
  assertEquals(Object.keys(clientOptionsFromEnv({ ...blank, CONCURRENCY: "5", PATH: "/bin" })), []);
});

test("clientOptionsFromEnv() reads every variable, and a client takes the result", async () => {
  const options = clientOptionsFromEnv({
    SLIPSTREAM_CONCURRENCY: "50",
    SLIPSTREAM_MAX_RETRIES: "0",
    SLIPSTREAM_TIMEOUT_MS: "1500.5",
    SLIPSTREAM_IDLE_TIMEOUT_MS: "20000",
    SLIPSTREAM_TOTAL_TIMEOUT_MS: "Infinity",
    SLIPSTREAM_MAX_RETRY_AFTER_MS: " 10 ",
    SLIPSTREAM_MAX_BODY_BYTES: "1e6",
    SLIPSTREAM_BASE_URLS: "https://a.test/x, https://b.test ,",
    SLIPSTREAM_OFFLINE: "0",
    SLIPSTREAM_VALIDATE: "FALSE",
    SLIPSTREAM_NOT_FOUND_IS_FINAL: "true",
    SLIPSTREAM_CI: "1",
    SLIPSTREAM_MAX_WAITING: "10",
    SLIPSTREAM_PER_ORIGIN_CONCURRENCY: "4",
    SLIPSTREAM_PAUSE_ON_429: "request",
    SLIPSTREAM_CLIENT_HEADERS_TO: "Mirrors",
    SLIPSTREAM_LEARN_LIMITS: "0",
    SLIPSTREAM_RETRY_BUDGET: "0",
    SLIPSTREAM_BREAKER: "1",
    SLIPSTREAM_BREAKER_THRESHOLD: "3",
    SLIPSTREAM_BREAKER_COOLDOWN_MS: "100",
    SLIPSTREAM_BREAKER_MAX_COOLDOWN_MS: "1000",
    SLIPSTREAM_BREAKER_PROBE_TIMEOUT_MS: "700",
    SLIPSTREAM_PATIENCE_MS: "5000",
    SLIPSTREAM_ON_OPEN: "Wait",
  });
  assertEquals(options, {
    maxWaiting: 10,
    perOrigin: { concurrency: 4 },
    pauseOn429: "request",
    clientHeadersTo: "mirrors",
    learnLimits: false,
    retryBudget: false,
    circuitBreaker: {
      threshold: 3,
      cooldownMs: 100,
      maxCooldownMs: 1_000,
      probeTimeoutMs: 700,
      patienceMs: 5_000,
      onOpen: "wait",
    },
    concurrency: 50,
    maxRetries: 0,
    timeoutMs: 1500.5,
    idleTimeoutMs: 20_000,
    totalTimeoutMs: Infinity,
    maxRetryAfterMs: 10,
    maxBodyBytes: 1_000_000,
    baseUrls: ["https://a.test/x", "https://b.test"],
    offline: false,
    validate: false,
    notFoundIsFinal: true,
    cache: false,
  });
  await createClient(options).close();
});

test("clientOptionsFromEnv() reads the breaker's failure ratio, and turns the breaker off", async () => {
  const options = clientOptionsFromEnv({
    SLIPSTREAM_BREAKER_FAILURE_RATIO: "0.5",
    SLIPSTREAM_BREAKER_MINIMUM_REQUESTS: "10",
    SLIPSTREAM_BREAKER_WINDOW_MS: "5000",
  });
  assertEquals(options, { circuitBreaker: { failureRatio: 0.5, minimumRequests: 10, windowMs: 5_000 } });
  await createClient(options).close();
  assertEquals(clientOptionsFromEnv({ SLIPSTREAM_BREAKER: "false", SLIPSTREAM_PATIENCE_MS: "1" }), {
    circuitBreaker: false,
  });
});

test("clientOptionsFromEnv() turns the cache off in CI, and only there", () => {
  assertEquals(clientOptionsFromEnv({ SLIPSTREAM_CI: "true" }), { cache: false });
  assertEquals(clientOptionsFromEnv({ SLIPSTREAM_CI: "0" }), {});
});

test("clientOptionsFromEnv() names the variable with a bad value", () => {
  for (
    const [name, value] of [
      ["SLIPSTREAM_CONCURRENCY", "many"],
      ["SLIPSTREAM_TIMEOUT_MS", "30s"],
      ["SLIPSTREAM_MAX_BODY_BYTES", "NaN"],
      ["SLIPSTREAM_OFFLINE", "yes"],
      ["SLIPSTREAM_VALIDATE", "2"],
      ["SLIPSTREAM_CI", "on"],
      ["SLIPSTREAM_ON_OPEN", "hope"],
      ["SLIPSTREAM_PAUSE_ON_429", "1"],
      ["SLIPSTREAM_CLIENT_HEADERS_TO", "origin"],
      ["SLIPSTREAM_LEARN_LIMITS", "never"],
      ["SLIPSTREAM_BREAKER", "3"],
      ["SLIPSTREAM_PATIENCE_MS", "30s"],
    ] as const
  ) {
    const error = assertThrows(() => clientOptionsFromEnv({ [name]: value }), TypeError, `'${name}' must be`);
    assertStringIncludes(error.message, `received '${value}'`);
  }
});

test("clientOptionsFromEnv() names a variable whose value is no text, as in variables that were parsed before", () => {
  for (
    const name of [
      "SLIPSTREAM_CONCURRENCY",
      "SLIPSTREAM_OFFLINE",
      "SLIPSTREAM_BASE_URLS",
      "SLIPSTREAM_ON_OPEN",
    ]
  ) {
    for (const value of [50, true, null, ["https://a.test"], {}] as never[]) {
      assertThrows(
        () => clientOptionsFromEnv({ [name]: value }),
        TypeError,
        `'${name}' must be a string: received`,
      );
    }
  }
});

test("clientOptionsFromEnv() reads the process's own variables when it is given none", () => {
  const names = ["SLIPSTREAM_CONCURRENCY", "SLIPSTREAM_OFFLINE", "SLIPSTREAM_BASE_URLS", "SLIPSTREAM_CI"];
  const own = Object.fromEntries(names.map((name) => [name, currentRuntime.env(name)]));
  assertEquals(clientOptionsFromEnv(), clientOptionsFromEnv(own));
});

test("clientOptionsFromEnv() refuses a value that can hold no variables", () => {
  for (const env of [null, 5, "SLIPSTREAM_OFFLINE=1", true, () => 1] as never[]) {
    assertThrows(
      () => clientOptionsFromEnv(env),
      TypeError,
      "Cannot read client options as the options must be an object: received",
    );
  }
});
