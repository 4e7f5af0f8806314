import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ClientOptions, createClient, fetchJson, fetchMany, fetchStream } from "../../mod.ts";
import { checkRequestOptions } from "../../src/client/option_checks.ts";
import { memoryCache } from "../../src/http_cache/mod.ts";
import { Semaphore, TokenBucket } from "../../src/primitives/mod.ts";
import { test } from "../support/test.ts";
import { rejection } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";

/** Values of the wrong type for each option, by the name that the error has to contain. */
const WRONG_TYPES: Record<string, readonly unknown[]> = {
  baseUrls: [
    42,
    true,
    {},
    [42],
    [null],
    [{}],
    [{ url: 42 }],
    ["no url"],
    "no url",
    [{ url: "//x" }],
    [{ url: "https://a.test", path: "x" }],
    [{ url: "https://a.test", moveOn: 403 }],
  ],
  headers: ["accept: text", 5, true, null, { accept: 5 }, { "bad name": "x" }, { "x-a": "line\nbreak" }],
  sensitiveHeaders: ["x-api-key", [5], 5, ["bad name"]],
  fetch: ["fetch", {}, 5, null],
  clock: [{}, 5, null, { now: () => 0 }, Date],
  random: [0.5, {}, null],
  signal: [{}, { aborted: false }, 5, null],
  concurrency: ["4", true, null, {}, []],
  rateLimit: [5, true, null, "5/s", {}, { limit: "5", intervalMs: 1_000 }, { limit: 5 }, {
    intervalMs: 1_000,
  }],
  maxRetries: ["3", true, null, {}],
  backoff: [5, true, null, "full", { factor: "2" }, { jitter: "wild" }, { baseMs: null }, { base: 5 }],
  retryBudget: [5, true, null, { ratio: "1" }, { retries: 5 }],
  retryOn: [503, "503", true, null, {}, ["503"], [[503]]],
  maxRetryAfterMs: ["60", true, null],
  timeoutMs: ["30", true, null, {}],
  totalTimeoutMs: ["30", true, null, {}],
  maxBodyBytes: ["1", true, null, {}],
  circuitBreaker: [5, true, null, "on", { threshold: "5" }, { onOpen: "hang" }, { limit: 5 }],
  cache: [true, 5, null, "memory", {}, () => {}, { name: "ttlCache" }],
  offline: [1, "yes", null],
  validate: [1, "no", null],
  notFoundIsFinal: [1, "no", null],
};

/** Numbers that are out of range. */
const OUT_OF_RANGE: Record<string, readonly unknown[]> = {
  baseUrls: [200, 403.5, 600, NaN].map((status) => [{ url: "https://a.test", moveOn: [status] }]),
  concurrency: [0, -1, 1.5, NaN],
  rateLimit: [
    { limit: 0, intervalMs: 1_000 },
    { limit: -5, intervalMs: 1_000 },
    { limit: NaN, intervalMs: 1_000 },
    { limit: 5, intervalMs: 0 },
    { limit: 5, intervalMs: -1 },
    { limit: 5, intervalMs: 1_000, burst: 0 },
    { limit: 5, intervalMs: 1_000, burst: 1.5 },
  ],
  maxRetries: [-1, 1.5, NaN],
  backoff: [{ factor: 0 }, { factor: 0.5 }, { baseMs: -1 }, { maxMs: -1 }, { jitterMs: -1 }, { factor: NaN }],
  retryBudget: [{ ratio: -1 }, { minPerSecond: -1 }, { windowMs: 0 }, { ratio: NaN }],
  retryOn: [[200], [503, 399], [404.5], [600], [NaN]],
  maxRetryAfterMs: [-1, NaN],
  timeoutMs: [0, -1, NaN],
  totalTimeoutMs: [0, -1, NaN],
  maxBodyBytes: [0, -1, NaN],
  circuitBreaker: [
    { threshold: 0 },
    { threshold: 1.5 },
    { cooldownMs: 0 },
    { cooldownMs: -1 },
    { failureRatio: 0, minimumRequests: 5, windowMs: 1_000 },
    { failureRatio: 1.5, minimumRequests: 5, windowMs: 1_000 },
    { failureRatio: 0.5, minimumRequests: 0, windowMs: 1_000 },
    { failureRatio: 0.5, minimumRequests: 5, windowMs: 0 },
  ],
};

/** Whether a message names the option that is wrong, or the part of it. */
function isNamed(message: string, name: string, value: unknown): boolean {
  if (message.includes(name)) return true;
  return typeof value === "object" && value !== null && /^Cannot .+ '[\w.]+' /.test(message);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => typeof part === "function" ? `function ${part.name}` : part);
}

function problemsOf(type: ErrorConstructor, table: Record<string, readonly unknown[]>): string[] {
  const problems: string[] = [];
  for (const [name, values] of Object.entries(table)) {
    for (const value of values) {
      const shown = `${name}: ${Number.isNaN(value) ? "NaN" : show(value)}`;
      try {
        createClient({ [name]: value } as ClientOptions);
        problems.push(`${shown} passes`);
      } catch (error) {
        const { message } = error as Error;
        if (!(error instanceof type)) problems.push(`${shown} should be a ${type.name}: ${error}`);
        else if (!isNamed(message, name, value)) problems.push(`${shown} is not named: ${message}`);
        else if (!/^Cannot .+ as .+/.test(message)) problems.push(`${shown} has no reason: ${message}`);
      }
    }
  }
  return problems;
}

test("createClient() names an option of the wrong type, at construction", () => {
  assertEquals(problemsOf(TypeError as ErrorConstructor, WRONG_TYPES), []);
});

test("createClient() names an option that is out of range, at construction", () => {
  assertEquals(problemsOf(RangeError as ErrorConstructor, OUT_OF_RANGE), []);
});

test("createClient() reports the rule and the value that it got", () => {
  const cases: readonly (readonly [ClientOptions, RegExp])[] = [
    [{ concurrency: 0 }, /'concurrency' must be .*positive integer.*: received 0$/],
    [{ timeoutMs: -5 }, /'timeoutMs' must be .*positive.*: received -5$/],
    [{ retryOn: [503, 200] }, /'retryOn.1' must be .*400 to 599: received 200$/],
    [{ maxRetries: 1.5 }, /'maxRetries' must be .*: received 1.5$/],
    [{ rateLimit: { limit: 5, intervalMs: 0 } }, /'.*intervalMs' must be .*: received 0$/],
    [{ circuitBreaker: { threshold: 0 } }, /'.*threshold' must be .*: received 0$/],
    [{ backoff: { factor: 0 } }, /'.*factor' must be .*: received 0$/],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => createClient(options), RangeError);
    assert(message.test(error.message), error.message);
  }
});

test("createClient() refuses an option that does not exist", () => {
  for (const name of ["concurency", "retries", "baseUrl", "Timeout"]) {
    const error = assertThrows(() => createClient({ [name]: 1 } as ClientOptions), TypeError);
    assert(error.message.includes(`'${name}'`), error.message);
  }
});

test("createClient() refuses options of an option that do not exist", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["rateLimit", { limit: 5, intervalMs: 1_000, brust: 3 }, "brust"],
    ["rateLimit", { limit: 5, intervalMs: 1_000, per: "host" }, "per"],
    ["backoff", { jiter: "full" }, "jiter"],
    ["backoff", { random: null }, "random"],
    ["concurrency", { constructor: { name: Symbol("s") } }, "concurrency"],
    ["concurrency", { constructor: null }, "concurrency"],
    ["retryBudget", { retries: 5 }, "retries"],
    ["circuitBreaker", { treshold: 3 }, "treshold"],
    ["baseUrls", [{ url: "https://a.test", header: {} }], "header"],
    ["baseUrls", [{ url: "https://a.test", headers: { "bad name": "x" } }], "header"],
  ];
  const problems: string[] = [];
  for (const [name, value, part] of cases) {
    try {
      createClient({ [name]: value } as ClientOptions);
      problems.push(`${name}.${part} passes`);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) {
        problems.push(`${name}.${part}: ${error}`);
      } else if (!error.message.includes(part)) {
        problems.push(`${name}.${part} is not named: ${error.message}`);
      }
    }
  }
  assertEquals(problems, []);
});

test("createClient() refuses base URLs that are not HTTP, and an empty list of them", () => {
  const problems: string[] = [];
  for (const baseUrls of ["ftp://a.test/", "file:///data", ["https://a.test", "data:text/plain,x"], []]) {
    try {
      createClient({ baseUrls });
      problems.push(`${baseUrls} passes`);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) {
        problems.push(`${baseUrls}: ${error}`);
      }
    }
  }
  assertEquals(problems, []);
});

test("createClient() says where options of a request belong", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["as", "give it to each request"],
    ["priority", "give it to each request"],
    ["method", "put 'method' into the request: { url, method }"],
    ["url", "put 'url' into the request: { url }"],
    ["ordered", "give it to stream()"],
    ["onOpen", "put it into 'circuitBreaker'"],
  ];
  for (const [name, advice] of cases) {
    const error = assertThrows(() => createClient({ [name]: "x" } as ClientOptions), TypeError);
    assertEquals(error.message, `Cannot create client as '${name}' is not an option here: ${advice}`);
  }
});

test("createClient() suggests the option that may have been meant", () => {
  const cases: Readonly<Record<string, string>> = {
    concurency: "concurrency",
    retries: "maxRetries",
    baseUrl: "baseUrls",
    baseURL: "baseUrls",
    prefixUrl: "baseUrls",
    hooks: "use",
    agent: "transport",
    Timeout: "timeoutMs",
    HEADERS: "headers",
  };
  for (const [name, meant] of Object.entries(cases)) {
    const error = assertThrows(() => createClient({ [name]: 1 } as ClientOptions), TypeError);
    assertEquals(
      error.message,
      `Cannot create client as '${name}' is not an option: did you mean '${meant}'?`,
    );
  }
});

/** Returns the message about one option of a request. */
function saidOf(name: string, value: unknown, kind: "call" | "fetch" | "batch" | "request"): string {
  const { message } = assertThrows(() => checkRequestOptions({ [name]: value }, kind), TypeError);
  return message.replace(`Cannot fetch as '${name}' is not an option`, "");
}

test("checkRequestOptions() refuses options that belong into the request itself", () => {
  for (const kind of ["call", "batch"] as const) {
    assertEquals(saidOf("method", "POST", kind), " here: put 'method' into the request: { url, method }");
    assertEquals(saidOf("body", "{}", kind), " here: put 'body' into the request: { url, body }");
    assertEquals(saidOf("key", "a", kind), " here: put 'key' into the request: { url, key }");
    assertEquals(saidOf("url", "https://a.test", kind), " here: put 'url' into the request: { url }");
  }
  checkRequestOptions({ url: "https://a.test", method: "POST", body: "{}", key: "a" }, "request");
});

test("checkRequestOptions() says for client.fetch() that these members belong into its second argument", () => {
  for (const name of ["method", "body", "redirect"]) {
    assertEquals(saidOf(name, "x", "fetch"), " here: give it to client.fetch(url, init)");
  }
  assertEquals(saidOf("ordered", true, "fetch"), " here: give it to stream()");
  checkRequestOptions({ timeoutMs: 5, headers: { a: "b" } }, "fetch");
});

test("checkRequestOptions() refuses options of a batch for a single request", () => {
  for (const kind of ["call", "request"] as const) {
    assertEquals(
      saidOf("concurrency", 1, kind),
      " here: give it to createClient(), or to all(), settle(), stream() or record()",
    );
    assertEquals(saidOf("prefetch", 1, kind), " here: give it to stream()");
    assertEquals(saidOf("ordered", true, kind), " here: give it to stream()");
  }
  checkRequestOptions({ concurrency: 1, prefetch: 1, ordered: true }, "batch");
});

test("checkRequestOptions() says which options are for clients, and which for client.fetch()", () => {
  for (const kind of ["call", "batch", "request"] as const) {
    assertEquals(saidOf("baseUrls", "https://a.test", kind), " here: give it to createClient()");
    assertEquals(saidOf("retryBudget", false, kind), " here: give it to createClient()");
    assertEquals(saidOf("redirect", "error", kind), " here: give it to client.fetch(url, init)");
    assertEquals(
      saidOf("baseURL", "https://a.test", kind),
      ": did you mean 'baseUrls'? If so, give it to createClient()",
    );
    assertEquals(saidOf("timeoutMS", 5, kind), ": did you mean 'timeoutMs'?");
    assertEquals(saidOf("retry", 5, kind), ": did you mean 'maxRetries'?");
    assertEquals(saidOf("hooks", {}, kind), ": did you mean 'use'? If so, give it to createClient()");
    assertEquals(saidOf("searchParams", {}, kind), ": did you mean 'query'?");
    assertEquals(saidOf("throwHttpErrors", false, kind), "");
  }
});

test("checkRequestOptions() accepts undefined for options that it refuses otherwise", () => {
  const undefineds = (...names: string[]) => Object.fromEntries(names.map((name) => [name, undefined]));
  checkRequestOptions(
    undefineds("url", "method", "body", "key", "concurrency", "ordered", "prefetch"),
    "call",
  );
  checkRequestOptions(undefineds("url", "method", "body", "key"), "batch");
  checkRequestOptions(undefineds("concurrency", "ordered", "prefetch"), "request");
});

test("checkRequestOptions() refuses a value that is no options object, without showing it", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["s3cret", "a string"],
    [new AbortController().signal, "an AbortSignal; give it as { signal }"],
    [new Headers({ authorization: "s3cret" }), "Headers; give them as { headers }"],
    [["s3cret"], "an array"],
    [new Request("https://a.test/s3cret"), "an object of Request"],
    [new Map([["timeoutMs", 5]]), "an object of Map"],
    [() => {}, "a function"],
    [0, "0"],
    [null, "null"],
  ];
  for (const kind of ["call", "batch"] as const) {
    for (const [options, received] of cases) {
      const { message } = assertThrows(() => checkRequestOptions(options, kind), TypeError);
      assertEquals(
        message,
        `Cannot fetch as the options must be an object such as { timeoutMs: 5000 }: received ${received}`,
      );
    }
  }
});

test("createClient() refuses options that are no object", () => {
  for (const options of [5, "x", null, true, () => {}, [], new Map(), new Headers()]) {
    assertThrows(() => createClient(options as unknown as ClientOptions), TypeError);
  }
});

test("createClient() refuses a client in place of options", async () => {
  const client = createClient({ fetch: () => Promise.resolve(Response.json(1)) });
  const message = "the options must be those of a new client, and no client; call its own methods";
  assertThrows(() => createClient(client), TypeError, message);
  await assertRejects(() => fetchJson("https://a.test/a", { client }), TypeError, message);
  assertEquals(client.stats().requests, 0);
});

test("createClient() never shows a secret in a message about an option", () => {
  const secrets: readonly unknown[] = [
    { headers: { authorization: "Bearer s3cret\n" } },
    { headers: "authorization: Bearer s3cret" },
    { headers: ["authorization: Bearer s3cret"] },
    { baseUrls: [{ url: "https://a.test", headers: "x-api-key: s3cret" }] },
    { baseUrls: "https://user:s3cret@a.test/?token=s3cret" },
    { baseUrls: "ftp://user:s3cret@a.test/" },
    { baseUrls: [{ url: "https://a.test", headers: { "x-api-key": "s3cret\n" } }] },
  ];
  for (const options of secrets) {
    const error = assertThrows(() => createClient(options as ClientOptions), TypeError);
    assert(!error.message.includes("s3cret"), error.message);
  }
});

test("createClient() accepts every option at the edge of its range, and undefined for each", async () => {
  const fetch = () => Promise.resolve(Response.json(1));
  const edges: readonly ClientOptions[] = [
    {},
    Object.fromEntries(Object.keys(WRONG_TYPES).map((name) => [name, undefined])),
    { concurrency: 1, maxRetries: 0, maxRetryAfterMs: 0, timeoutMs: 0.5, totalTimeoutMs: Infinity },
    { concurrency: new Semaphore(1), rateLimit: new TokenBucket({ limit: 1, intervalMs: 1 }) },
    { timeoutMs: Infinity, maxBodyBytes: Infinity, maxRetryAfterMs: Infinity },
    { retryBudget: false, circuitBreaker: false, cache: false, offline: false },
    { retryBudget: { ratio: 0, minPerSecond: 0 }, backoff: { factor: 1, baseMs: 0, maxMs: 0, jitterMs: 0 } },
    { circuitBreaker: { failureRatio: 1, minimumRequests: 1, windowMs: 1, onOpen: "wait" } },
    { rateLimit: { limit: 0.5, intervalMs: 60_000, burst: 1, per: "origin" } },
    { cache: planOf() },
    { cache: planOf({ mode: "http" }) },
    { headers: new Headers(), sensitiveHeaders: [], baseUrls: new URL("https://a.test") },
    { baseUrls: [{ url: new URL("https://a.test"), headers: new Headers({ a: "b" }) }, "https://b.test"] },
    { baseUrls: [{ url: "https://a.test", path: (path: string) => path, moveOn: [403, 404, 599] }] },
  ];
  for (const options of edges) {
    await using client = createClient({ ...options, fetch });
    assertEquals(await client.json("https://a.test/x"), 1);
  }
});

test("fetchJson(), fetchMany() and fetchStream() name a bad option of their client", async () => {
  const client = { concurrency: 0 };
  const errors = [
    await rejection(fetchJson("https://a.test/", { client })),
    await rejection(fetchMany(["https://a.test/"], { client })),
    await rejection((async () => await fetchStream(["https://a.test/"], { client }).next())()),
  ];
  for (const error of errors) {
    assert(error instanceof RangeError && error.message.includes("'concurrency'"), `${error}`);
  }
});

test("createClient() says what a cache must be when it gets an adapter, or the options of one", () => {
  const adapter = memoryCache();
  for (
    const cache of [adapter, [adapter], { adapter }, { adapter, mode: "http" }, { adapter, ttlMs: 1_000 }]
  ) {
    const error = assertThrows(() => createClient({ cache } as unknown as ClientOptions), TypeError);
    const advice =
      "'cache' must be a plan: httpCache(adapter) or ttlCache(adapter, { ttlMs }) of @slipstream/fetch/cache";
    assert(error.message.startsWith(`Cannot create client as ${advice}`), error.message);
  }
});

test("checkRequestOptions() refuses objects of the platform, which hold no options", () => {
  for (
    const options of [
      new Date(),
      new Error("x"),
      /x/,
      new Map(),
      new Uint8Array(1),
      new URL("https://a.test"),
    ]
  ) {
    assertThrows(
      () => checkRequestOptions(options, "call"),
      TypeError,
      "must be an object such as { timeoutMs: 5000 }: received",
    );
    assertThrows(
      () => createClient(options as ClientOptions),
      TypeError,
      "Cannot create client as the options must be an object",
    );
  }
  class Defaults {
    timeoutMs = 5;
  }
  checkRequestOptions(new Defaults(), "call");
  checkRequestOptions(Object.create(null), "call");
});

test("createClient() says that a value is a bigint, since the same number might be valid", () => {
  for (const name of ["concurrency", "timeoutMs", "maxRetries", "maxQueue", "maxBodyBytes"]) {
    const error = assertThrows(() => createClient({ [name]: 5n } as ClientOptions), TypeError);
    assert(error.message.endsWith(": received the bigint 5n"), error.message);
    assert(error.message.includes(`'${name}'`), error.message);
  }
  assertThrows(() => new Semaphore(5n as unknown as number), TypeError, "received the bigint 5n");
});

test("createClient() names 'concurrency' when it is a number that can't be a count", () => {
  for (const concurrency of [2 ** 53, 1e21, Number.MAX_VALUE]) {
    assertThrows(() => createClient({ concurrency }), RangeError, "'concurrency' must be a positive integer");
  }
});
