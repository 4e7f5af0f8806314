import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { RequestOptions } from "../../src/client/request.ts";
import { clientSettings, SETTINGS, withOptions } from "../../src/client/settings.ts";
import { test } from "../support/test.ts";

const DEFAULTS = clientSettings({});

test("clientSettings() gives the documented defaults", () => {
  assertEquals(DEFAULTS, {
    as: "json",
    schema: undefined,
    validate: true,
    timeoutMs: 30_000,
    idleTimeoutMs: undefined,
    totalTimeoutMs: Infinity,
    maxRetries: undefined,
    retryOn: undefined,
    onProgress: undefined,
    maxBodyBytes: Infinity,
    cache: "default",
    readCache: true,
    writeCache: true,
    priority: 0,
    notFoundIsFinal: true,
    idempotent: undefined,
    hedge: undefined,
    onOpen: undefined,
    patienceMs: undefined,
  });
});

test("clientSettings() takes the client's options, zero and false included, and the default for undefined", () => {
  const options = {
    validate: false,
    notFoundIsFinal: false,
    maxRetries: 0,
    timeoutMs: 1,
    totalTimeoutMs: 2,
    maxBodyBytes: 3,
  };
  assertEquals(clientSettings(options), { ...DEFAULTS, ...options });
  const absent = Object.fromEntries(Object.keys(options).map((name) => [name, undefined]));
  assertEquals(clientSettings(absent), DEFAULTS);
});

test("withOptions() gives the settings themselves without options", () => {
  assertStrictEquals(withOptions(DEFAULTS, {}), DEFAULTS);
  assertStrictEquals(withOptions(DEFAULTS, { timeoutMs: 30_000, as: "json" }), DEFAULTS);
});

test("withOptions() changes nothing for options without settings", () => {
  const { signal } = new AbortController();
  for (
    const options of [{}, { signal }, { headers: { "x-a": "1" } }, { as: undefined, maxRetries: undefined }]
  ) {
    assertEquals(withOptions(DEFAULTS, options), DEFAULTS);
  }
});

test("withOptions() lays each option over the settings, zero and false included, and leaves them as they were", () => {
  const schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ value: 1 }) } } as const;
  const options: RequestOptions = {
    as: "bytes",
    schema,
    validate: false,
    timeoutMs: 1,
    totalTimeoutMs: 2,
    maxRetries: 0,
    maxBodyBytes: 3,
    cache: "reload",
    readCache: false,
    writeCache: false,
    priority: -1,
    notFoundIsFinal: false,
    idempotent: false,
    onOpen: "wait",
    patienceMs: 0,
  };
  const before = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    assertEquals(withOptions(DEFAULTS, { [name]: value }), { ...DEFAULTS, [name]: value }, name);
  }
  assertEquals(withOptions(DEFAULTS, options), { ...DEFAULTS, ...options } as typeof DEFAULTS);
  assertEquals(DEFAULTS, before);
});

test("withOptions() lets the request's own option win over the batch's", () => {
  const batch = withOptions(DEFAULTS, { maxRetries: 1, timeoutMs: 10 });
  const { maxRetries, timeoutMs } = withOptions(batch, { maxRetries: 2 });
  assertEquals([maxRetries, timeoutMs], [2, 10]);
});

test("SETTINGS has a rule for each setting, which accepts its default", () => {
  for (const [name, { rule, default: value }] of Object.entries(SETTINGS)) {
    assert(value === undefined || rule(value) === undefined, name);
    assert(rule(Symbol()) !== undefined, name);
  }
});
