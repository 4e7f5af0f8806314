import { assert, assertEquals } from "@std/assert";
import {
  type ClientOptions,
  createClient,
  type ExtendOptions,
  isSlipstreamError,
  type RequestOptions,
} from "../../../mod.ts";
import { ManualClock } from "../../../src/testing/manual_clock.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

type Predicate = (value: unknown) => boolean;

const isNumber = (isGood: (value: number) => boolean): Predicate => (value) =>
  typeof value === "number" && isGood(value);
const isPositive = isNumber((value) => value > 0);
const isAtLeast0 = isNumber((value) => value >= 0);
const isCount = isNumber((value) => Number.isInteger(value) && value >= 0);
const isPositiveInteger = isNumber((value) => Number.isSafeInteger(value) && value > 0);
const isFlag: Predicate = (value) => typeof value === "boolean";
const isFunction: Predicate = (value) => typeof value === "function";
const isOneOf = (...words: string[]): Predicate => (value) => words.includes(value as string);
const isStatus = isNumber((value) => Number.isInteger(value) && value >= 400 && value < 600);
const isRetryOn: Predicate = (value) => isFunction(value) || (Array.isArray(value) && value.every(isStatus));

/** The valid values of request options, written independently of the sources. */
const REQUEST: Readonly<Record<string, Predicate>> = {
  timeoutMs: isPositive,
  idleTimeoutMs: isPositive,
  totalTimeoutMs: isPositive,
  maxRetries: isCount,
  retryOn: isRetryOn,
  maxBodyBytes: isPositive,
  validate: isFlag,
  notFoundIsFinal: isFlag,
  as: isOneOf("json", "text", "bytes"),
  onProgress: isFunction,
  cache: isOneOf("default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"),
  readCache: isFlag,
  writeCache: isFlag,
  priority: isNumber((value) => !Number.isNaN(value)),
  idempotent: isFlag,
  onOpen: isOneOf("fail", "wait"),
  patienceMs: isAtLeast0,
  hedge: (value) => value === false,
};

/** The valid values of batch options, including the request options. */
const BATCH: Readonly<Record<string, Predicate>> = {
  ...REQUEST,
  batchTimeoutMs: isPositive,
  concurrency: isPositiveInteger,
  ordered: isFlag,
  prefetch: isCount,
};

/** The valid values of client options. */
const CLIENT: Readonly<Record<string, Predicate>> = {
  ...Object.fromEntries(
    [
      "timeoutMs",
      "idleTimeoutMs",
      "totalTimeoutMs",
      "maxRetries",
      "retryOn",
      "maxBodyBytes",
      "validate",
      "notFoundIsFinal",
    ].map((name) => [name, REQUEST[name]!]),
  ),
  // No drawn object is a valid set of hedge options.
  hedge: (value) => value === false,
  limitKey: isFunction,
  maxQueue: isNumber((value) => value === Infinity || (Number.isInteger(value) && value >= 0)),
  maxQueueMs: isNumber((value) => value > 0),
  maxWaiting: isCount,
  maxRetryAfterMs: isAtLeast0,
  offline: isFlag,
  pauseOn429: isOneOf("origin", "request"),
  clientHeadersTo: isOneOf("all", "mirrors"),
  random: isFunction,
  use: (value) => Array.isArray(value) && value.every(isFunction),
};

/** The valid values of the options of `extend()`. */
const EXTENSION: Readonly<Record<string, Predicate>> = Object.fromEntries(
  Object.entries(CLIENT).filter(([name]) =>
    !["limitKey", "maxQueue", "maxQueueMs", "maxWaiting", "maxRetryAfterMs", "pauseOn429", "random"].includes(
      name,
    )
  ),
);

/** Draws values: nearly right ones, wrong ones, and anything else. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    1,
    1.5,
    -1,
    20,
    399,
    400,
    599,
    600,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    "1",
    "",
    true,
  ),
  fc.constantFrom<unknown>(
    "json",
    "text",
    "bytes",
    "default",
    "no-store",
    "fail",
    "wait",
    "origin",
    "all",
    "request",
  ),
  fc.constantFrom<unknown>(
    null,
    5n,
    Symbol("s"),
    () => undefined,
    [],
    [500],
    [500, "a"],
    [() => undefined],
    new Date(),
  ),
  fc.constantFrom<unknown>(
    { constructor: null },
    { constructor: { name: Symbol("s") } },
    { constructor: { name: Object.create(null) } },
    { toString: null, valueOf: null },
    Object.create(null),
    [Symbol("s")],
    new Proxy({}, {}),
  ),
  fc.double(),
  fc.anything(),
);

/** Asserts that an error is a refusal whose message names the option. */
function assertRefused(error: unknown, name: string): void {
  assert(error instanceof TypeError || error instanceof RangeError, `${name}: ${error}`);
  const { message } = error;
  assert(message.startsWith("Cannot ") && message.includes(`'${name}`), `${name}: ${message}`);
}

/** Returns the error that a function throws, in an array; `undefined` if it does not throw. */
async function thrownBy(run: () => unknown): Promise<readonly [unknown] | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return [error];
  }
}

const fetch = (): Promise<Response> => Promise.resolve(Response.json([1]));

/** Checks that each option is accepted if its predicate accepts the value, and that the error names it otherwise. */
function checkOptions(
  predicates: Readonly<Record<string, Predicate>>,
  use: (options: Readonly<Record<string, unknown>>) => unknown,
): Promise<void> {
  const option = fc.tuple(fc.constantFrom(...Object.keys(predicates)), value);
  return fc.assert(fc.asyncProperty(option, async ([name, value]) => {
    const thrown = await thrownBy(() => use({ [name]: value }));
    if (value === undefined || predicates[name]!(value)) assertEquals(thrown, undefined, name);
    else assertRefused(thrown?.[0], name);
  }));
}

test("createClient() takes what an option may be, and names the option otherwise", async () => {
  await checkOptions(CLIENT, (options) => createClient(options as ClientOptions).close());
});

test("Client.extend() takes what an option may be, and names the option otherwise", async () => {
  await using client = createClient({ fetch });
  await checkOptions(EXTENSION, (options) => client.extend(options as ExtendOptions));
});

test("Client.outcome() takes what an option may be, and names the option otherwise", async () => {
  await using client = createClient({ fetch, clock: new ManualClock() });
  for (const place of ["options", "request"]) {
    await checkOptions(REQUEST, async (options) => {
      // The outcome itself does not matter: with "only-if-cached" the request fails.
      const url = "https://a.test/x";
      const outcome = place === "options"
        ? await client.outcome(url, options as RequestOptions)
        : await client.outcome({ url, ...options });
      if (!outcome.ok && !isSlipstreamError(outcome.error)) throw outcome.error;
    });
  }
});

test("Client.settle() takes what an option may be, and names the option otherwise", async () => {
  await using client = createClient({ fetch, clock: new ManualClock() });
  await checkOptions(BATCH, async (options) => {
    const [outcome] = await client.settle(["https://a.test/x"], options);
    assert(outcome!.ok || isSlipstreamError(outcome!.error));
  });
});

const isFinitePositive = isNumber((value) => Number.isFinite(value) && value > 0);
const isFiniteAtLeast0 = isNumber((value) => Number.isFinite(value) && value >= 0);
const isSafeCount = isNumber((value) => Number.isSafeInteger(value) && value > 0);

/** Options that are objects: a valid base for each, and the valid values of its parts. */
const PARTS: Readonly<Record<string, readonly [base: object, parts: Readonly<Record<string, Predicate>>]>> = {
  rateLimit: [{ limit: 10, intervalMs: 1_000 }, {
    // The rate, `limit` divided by `intervalMs`, must also be a positive finite number.
    limit: isNumber((value) => value < Infinity && value / 1_000 > 0),
    intervalMs: isNumber((value) => value < Infinity && 10 / value < Infinity && 10 / value > 0),
    burst: isSafeCount,
    spread: isFlag,
    per: isOneOf("client", "origin"),
  }],
  backoff: [{}, {
    factor: isNumber((value) => Number.isFinite(value) && value >= 1),
    baseMs: isFiniteAtLeast0,
    maxMs: isAtLeast0,
    jitter: isOneOf("additive", "full", "equal", "decorrelated", "none"),
    jitterMs: isFiniteAtLeast0,
    random: isFunction,
  }],
  retryBudget: [{}, { ratio: isFiniteAtLeast0, minPerSecond: isFiniteAtLeast0, windowMs: isFinitePositive }],
  circuitBreaker: [{ cooldownMs: 5 }, {
    minimumRequests: isSafeCount,
    windowMs: isFinitePositive,
    maxCooldownMs: isNumber((value) => value >= 5),
    failureRatio: isNumber((value) => value > 0 && value <= 1),
    probeTimeoutMs: isFinitePositive,
    isFailure: isFunction,
    onOpen: isOneOf("fail", "wait"),
    patienceMs: isAtLeast0,
  }],
  perOrigin: [{}, { concurrency: (value) => value === Infinity || isPositiveInteger(value) }],
};

for (const [option, [base, parts]] of Object.entries(PARTS)) {
  test(`createClient() takes what a part of '${option}' may be, and names the part otherwise`, async () => {
    const part = fc.tuple(fc.constantFrom(...Object.keys(parts)), value);
    await fc.assert(fc.asyncProperty(part, async ([name, value]) => {
      // `concurrency` may also be the rules of an adaptive limit, which have a test of their own.
      if (name === "concurrency" && typeof value === "object") return;
      const thrown = await thrownBy(() =>
        createClient({ fetch, [option]: { ...base, [name]: value } }).close()
      );
      const isMissing = value === undefined && Object.hasOwn(base, name) && option === "rateLimit";
      const isGood = value === undefined ? !isMissing : parts[name]!(value);
      if (isGood) return assertEquals(thrown, undefined, `${name}: ${thrown?.[0]}`);
      const [error] = thrown ?? [];
      assert(error instanceof TypeError || error instanceof RangeError, `${name}: ${error}`);
      assert(/^Cannot [a-z -]+ as '/.test(error.message) && error.message.includes(name), error.message);
    }));
  });
}

test("createClient() takes any parts of 'perOrigin.concurrency', or refuses them for a reason", async () => {
  const rules = fc.dictionary(fc.constantFrom("min", "initial", "max", "algorithm", "windowMs"), value, {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(rules, async (concurrency) => {
      await using client = createClient({ fetch });
      const thrown = await thrownBy(() => {
        const own = createClient({ fetch, perOrigin: { concurrency } });
        return own.json("https://a.test/x").finally(() => own.close());
      });
      if (thrown !== undefined) {
        const [error] = thrown;
        assert(error instanceof TypeError || error instanceof RangeError, `${error}`);
        assert(/^Cannot [a-z -]+ as '/.test(error.message), error.message);
      }
      assertEquals(await client.json("https://a.test/x"), [1]);
    }),
    { numRuns: 300 },
  );
});

test("createClient() refuses options that there are not, whatever they are called", async () => {
  const name = fc.oneof(
    fc.string(),
    fc.constantFrom("__proto__", "constructor", "toString", "timeout", "retries"),
  );
  await fc.assert(fc.asyncProperty(name, value, async (name, value) => {
    if (name in CLIENT || /^(fetch|clock|cache|signal|headers|baseUrls|transport|concurrency)$/.test(name)) {
      return;
    }
    if (name in PARTS || name === "sensitiveHeaders") return;
    const options = Object.fromEntries([[name, value]]);
    assertRefused((await thrownBy(() => createClient(options as ClientOptions).close()))?.[0], name);
  }));
});

test("Client.json() sends any 'json' and 'query', or names the option", async () => {
  const sent: string[] = [];
  await using client = createClient({
    fetch: (url, init) => {
      sent.push(`${url} ${init?.body ?? ""}`);
      return fetch();
    },
  });
  const option = fc.constantFrom("json", "query");
  await fc.assert(fc.asyncProperty(option, value, async (name, value) => {
    sent.length = 0;
    const thrown = await thrownBy(() => client.json("https://a.test/x", { [name]: value }));
    if (thrown !== undefined) assertRefused(thrown[0], name);
    assertEquals(sent.length, thrown === undefined ? 1 : 0);
    if (name === "json" && value !== undefined && thrown === undefined) {
      assertEquals(sent[0], `https://a.test/x ${JSON.stringify(value)}`);
    }
  }));
});

test("Client.json() takes anything for a request, or throws a TypeError, and sends nothing then", async () => {
  let requests = 0;
  await using client = createClient({
    fetch: () => {
      requests++;
      return fetch();
    },
  });
  const member = fc.dictionary(fc.constantFrom("url", "method", "headers", "body", "key", "signal"), value, {
    noNullPrototype: true,
  });
  const request = fc.oneof(value, member, member.map((rest) => ({ ...rest, url: "https://a.test/x" })));
  await fc.assert(fc.asyncProperty(request, async (request) => {
    requests = 0;
    const thrown = await thrownBy(() => client.json(request as string));
    if (thrown === undefined) return assertEquals(requests, 1);
    const [error] = thrown;
    assert(error instanceof TypeError || error instanceof RangeError, `${error}`);
    assert(error.message.startsWith("Cannot "), error.message);
    assertEquals(requests, 0);
  }));
});
