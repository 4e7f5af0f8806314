import { assert, assertEquals, assertFalse, assertInstanceOf, assertNotStrictEquals } from "@std/assert";
import {
  CircuitOpenError,
  DataNotFoundError,
  type ErrorJson,
  HttpError,
  InvalidDataError,
  isCircuitOpenError,
  isDataNotFoundError,
  isHttpError,
  isInvalidDataError,
  isNetworkError,
  isOfflineError,
  isOverloadError,
  isSlipstreamError,
  isTimeoutError,
  isWriteError,
  messageOf,
  NetworkError,
  OfflineError,
  OverloadError,
  SlipstreamError,
  TimeoutError,
  WriteError,
} from "../src/errors.ts";
import { foreignError } from "./support/foreign_error.ts";
import { test } from "./support/test.ts";

const headers = new Headers({ "x-served-by": "a" });

const SAMPLES: Readonly<Record<string, SlipstreamError>> = {
  SlipstreamError: new SlipstreamError("base"),
  NetworkError: new NetworkError("network"),
  HttpError: new HttpError("http", { status: 503, headers }),
  TimeoutError: new TimeoutError("timeout", { kind: "attempt", timeoutMs: 5 }),
  CircuitOpenError: new CircuitOpenError("open", { retryAfterMs: 7 }),
  OfflineError: new OfflineError("offline"),
  OverloadError: new OverloadError("busy", { limit: "maxQueue", max: 2, queued: 2, waitedMs: 0 }),
  DataNotFoundError: new DataNotFoundError("gone", { status: 410 }),
  InvalidDataError: new InvalidDataError("invalid", { reason: "not-json" }),
  WriteError: new WriteError("write", { path: "/file" }),
};

const GUARDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  SlipstreamError: isSlipstreamError,
  NetworkError: isNetworkError,
  HttpError: isHttpError,
  TimeoutError: isTimeoutError,
  CircuitOpenError: isCircuitOpenError,
  OfflineError: isOfflineError,
  OverloadError: isOverloadError,
  DataNotFoundError: isDataNotFoundError,
  InvalidDataError: isInvalidDataError,
  WriteError: isWriteError,
};

/** The base classes of each error class. */
const ANCESTORS: Readonly<Record<string, readonly string[]>> = {
  SlipstreamError: [],
  NetworkError: ["SlipstreamError"],
  HttpError: ["SlipstreamError", "NetworkError"],
  TimeoutError: ["SlipstreamError", "NetworkError"],
  CircuitOpenError: ["SlipstreamError", "NetworkError"],
  OfflineError: ["SlipstreamError", "NetworkError"],
  OverloadError: ["SlipstreamError", "NetworkError"],
  DataNotFoundError: ["SlipstreamError"],
  InvalidDataError: ["SlipstreamError"],
  WriteError: ["SlipstreamError"],
};

function guardsThatHold(value: unknown): string[] {
  return Object.keys(GUARDS).filter((name) => GUARDS[name]!(value));
}

/** Returns an error as a second copy of the module would create it: of another class, but with the same brand. */
function ofAnotherCopy(error: SlipstreamError): object {
  const prototype: object = Object.getPrototypeOf(error);
  const foreign = {};
  // The brand is a property with a string key, which is the same in every copy and every realm.
  Object.defineProperty(foreign, "~slipstream", Object.getOwnPropertyDescriptor(prototype, "~slipstream")!);
  return Object.create(foreign);
}

test("S17: the error guards tell each class and its ancestors, and nothing else", () => {
  for (const [name, error] of Object.entries(SAMPLES)) {
    assertEquals(guardsThatHold(error).sort(), [name, ...ANCESTORS[name]!].sort());
  }
});

test("S17: the error guards know an error of another copy of this module", () => {
  for (const [name, error] of Object.entries(SAMPLES)) {
    const foreign = ofAnotherCopy(error);
    assertFalse(foreign instanceof SlipstreamError);
    assertEquals(guardsThatHold(foreign).sort(), [name, ...ANCESTORS[name]!].sort());
  }
});

test("S17: the error guards refuse every other value without throwing", () => {
  const lookalike = Object.assign(new Error("x"), { name: "HttpError", status: 503 });
  const values = [undefined, null, 0, "HttpError", Symbol("x"), {}, [], new Error("x"), lookalike];
  for (const value of [...values, Object.create(null), HttpError, () => {}]) {
    assertEquals(guardsThatHold(value), []);
  }
});

test("S17: the classes of the errors inherit as their guards say, and from Error", () => {
  const { HttpError: http, TimeoutError: timeout, CircuitOpenError: open, OfflineError: offline } = SAMPLES;
  for (const error of [http, timeout, open, offline]) assertInstanceOf(error, NetworkError);
  for (const error of [SAMPLES.DataNotFoundError, SAMPLES.InvalidDataError]) {
    assertInstanceOf(error, SlipstreamError);
    assertFalse(error instanceof NetworkError);
  }
  for (const error of Object.values(SAMPLES)) assertInstanceOf(error, Error);
});

test("SlipstreamError.name is the name of the class", () => {
  for (const [name, error] of Object.entries(SAMPLES)) {
    assertEquals(error.name, name);
    assertEquals(String(error), `${name}: ${error.message}`);
  }
});

test("SlipstreamError carries what it is told of the request", () => {
  const cause = new TypeError("fetch failed");
  const context = { mirror: 2 };
  const error = new SlipstreamError("x", { url: "https://h/", method: "GET", attempts: 4, context, cause });
  assertEquals([error.url, error.method, error.attempts], ["https://h/", "GET", 4]);
  assertEquals(error.context, { mirror: 2 });
  assertEquals(error.cause, cause);
});

test("SlipstreamError says of nothing nothing, and has no cause that nobody gave", () => {
  const error = new SlipstreamError("x");
  assertEquals([error.url, error.method, error.attempts, error.context], [undefined, undefined, 0, {}]);
  assertFalse("cause" in error);
  assert("cause" in new SlipstreamError("x", { cause: null }));
});

test("SlipstreamError.context is never shared between two errors that were given none", () => {
  assertNotStrictEquals(new SlipstreamError("x").context, new SlipstreamError("y").context);
});

test("HttpError carries status, headers, the excerpt and the wait; without them, an empty excerpt and no wait", () => {
  const full = new HttpError("x", { status: 429, headers, body: "slow down", retryAfterMs: 0, attempts: 2 });
  assertEquals([full.status, full.body, full.retryAfterMs, full.attempts], [429, "slow down", 0, 2]);
  assertEquals(full.headers.get("x-served-by"), "a");
  const bare = new HttpError("x", { status: 500, headers });
  assertEquals([bare.body, bare.retryAfterMs], ["", undefined]);
});

test("TimeoutError, CircuitOpenError, DataNotFoundError and InvalidDataError carry their data", () => {
  const timeout = new TimeoutError("x", { kind: "total", timeoutMs: 250, url: "https://h/" });
  assertEquals([timeout.kind, timeout.timeoutMs, timeout.url], ["total", 250, "https://h/"]);
  assertEquals(new CircuitOpenError("x", { retryAfterMs: Infinity }).retryAfterMs, Infinity);
  assertEquals(new DataNotFoundError("x", { status: 404 }).status, 404);
  const issues = [{ message: "must be a number", path: "laps.0" }];
  const invalid = new InvalidDataError("x", { reason: "schema", issues });
  assertEquals([invalid.reason, invalid.issues], ["schema", issues]);
  assertEquals(new InvalidDataError("x", { reason: "truncated" }).issues, []);
});

test("SlipstreamError is told apart from an AbortError and a DOMException timeout by its guards", () => {
  assertFalse(isTimeoutError(new DOMException("x", "TimeoutError")));
  assertFalse(isNetworkError(new DOMException("x", "AbortError")));
});

test("DataNotFoundError carries headers and the excerpt as an HttpError does; without them, none and an empty one (S17)", () => {
  const full = new DataNotFoundError("x", { status: 404, headers, body: "no such lap" });
  assertEquals([full.headers.get("x-served-by"), full.body], ["a", "no such lap"]);
  const bare = new DataNotFoundError("x", { status: 404 });
  assertEquals([[...bare.headers], bare.body], [[], ""]);
});

test("InvalidDataError carries the position, if there is one (S17)", () => {
  assertEquals(new InvalidDataError("x", { reason: "not-json", position: 0 }).position, 0);
  assertEquals(new InvalidDataError("x", { reason: "schema" }).position, undefined);
});

// S17: errors as data

/** Converts a value to JSON and back, as a log does. */
function logged(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("SlipstreamError.toJSON() says everything that each class carries, but no headers (S17)", () => {
  const about = { url: "https://h/x", method: "GET", attempts: 2 };
  const secret = new Headers({ "set-cookie": "hunter2", "retry-after": "1" });
  const issues = [{ message: "must be a number", path: "laps.0" }];
  for (
    const [error, fields] of [
      [new SlipstreamError("m", about), {}],
      [new NetworkError("m", about), {}],
      [new OfflineError("m", about), {}],
      [new WriteError("m", { ...about, path: "/file" }), { path: "/file" }],
      [new HttpError("m", { ...about, status: 503, headers: secret, body: "busy", retryAfterMs: 7 }), {
        status: 503,
        body: "busy",
        retryAfterMs: 7,
      }],
      [new DataNotFoundError("m", { ...about, status: 404, headers: secret, body: "no" }), {
        status: 404,
        body: "no",
      }],
      [new TimeoutError("m", { ...about, kind: "total", timeoutMs: 250 }), { kind: "total", timeoutMs: 250 }],
      [new CircuitOpenError("m", { ...about, retryAfterMs: 0 }), { retryAfterMs: 0 }],
      [new InvalidDataError("m", { ...about, reason: "schema", issues }), { reason: "schema", issues }],
      [new InvalidDataError("m", { ...about, reason: "not-json", position: 0 }), {
        reason: "not-json",
        position: 0,
      }],
    ] as const
  ) {
    assertEquals(logged(error), { name: error.name, message: "m", ...about, ...fields });
    assertEquals(error.toJSON(), logged(error));
  }
});

test("SlipstreamError.toJSON() begins with name and message, and leaves out what is empty (S17)", () => {
  assertEquals(
    JSON.stringify(new SlipstreamError("m")),
    '{"name":"SlipstreamError","message":"m","attempts":0}',
  );
  const bare = new HttpError("m", { status: 500, headers });
  assertEquals(logged(bare), { name: "HttpError", message: "m", status: 500, attempts: 0 });
  const empty = new InvalidDataError("m", { reason: "truncated", context: {}, issues: [] });
  assertEquals(logged(empty), { name: "InvalidDataError", message: "m", attempts: 0, reason: "truncated" });
});

test("SlipstreamError.toJSON() keeps a number that JSON does not know, as text (S17)", () => {
  const { retryAfterMs } = new CircuitOpenError("m", { retryAfterMs: Infinity }).toJSON();
  assertEquals(retryAfterMs, "Infinity");
});

test("SlipstreamError.toJSON() keeps numbers and errors that JSON would lose at any depth (S17)", () => {
  const inner = new TypeError("inner", { cause: -Infinity });
  const context = { waits: [Infinity, { ms: NaN }], bytes: 2n ** 64n, by: { mirror: inner } };
  const shown = {
    waits: ["Infinity", { ms: "NaN" }],
    bytes: "18446744073709551616",
    by: { mirror: { name: "TypeError", message: "inner", cause: "-Infinity" } },
  };
  assertEquals(new SlipstreamError("m", { context }).toJSON().context, shown);
  assertEquals(new SlipstreamError("m", { cause: context }).toJSON().cause, shown);
});

test("SlipstreamError.toJSON() has the causes, and theirs, whatever they are (S17)", () => {
  const refused = Object.assign(new TypeError("refused"), { code: "ECONNREFUSED", hostname: "internal" });
  const outer = new TimeoutError("m", {
    kind: "total",
    timeoutMs: 5,
    cause: new NetworkError("failed", {
      attempts: 1,
      context: { mirrors: [{ url: "https://a/" }] },
      cause: refused,
    }),
  });
  assertEquals((logged(outer) as { readonly cause: unknown }).cause, {
    name: "NetworkError",
    message: "failed",
    attempts: 1,
    context: { mirrors: [{ url: "https://a/" }] },
    cause: { name: "TypeError", message: "refused", code: "ECONNREFUSED" },
  });
});

test("SlipstreamError.toJSON() has each of the errors that a cause holds (S17)", () => {
  const cause = new AggregateError([new NetworkError("a"), new TypeError("b"), "c"], "3 mirrors failed");
  assertEquals(new SlipstreamError("m", { cause }).toJSON().cause, {
    name: "AggregateError",
    message: "3 mirrors failed",
    errors: [{ name: "NetworkError", message: "a", attempts: 0 }, { name: "TypeError", message: "b" }, "c"],
  });
});

test("SlipstreamError.toJSON() knows an error of another copy of this module, with all that it carries (S17)", () => {
  const original = new HttpError("m", { status: 503, headers, attempts: 3 });
  const foreign: object = Object.assign(ofAnotherCopy(original), {
    name: "HttpError",
    message: "m",
    status: 503,
    attempts: 3,
  });
  assertEquals(new SlipstreamError("x", { cause: foreign }).toJSON().cause, logged(original));
});

test("SlipstreamError.toJSON() takes anything for a cause or a context, and never throws (S17)", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const throwing = { toJSON: () => assert(false) };
  for (
    const [cause, expected] of [
      [null, null],
      ["reset", "reset"],
      [7, 7],
      [NaN, "NaN"],
      [7n, "7"],
      [Symbol("s"), "[object Symbol]"],
      [() => {}, "[object Function]"],
      [{ code: 7, nested: [1, "a"] }, { code: 7, nested: [1, "a"] }],
      [new Date(0), "1970-01-01T00:00:00.000Z"],
      [circular, "[object Object]"],
      [throwing, "[object Object]"],
      [{ size: 7n }, { size: "7" }],
      [Object.create(null), {}],
    ] as const
  ) {
    assertEquals(new SlipstreamError("m", { cause }).toJSON().cause, expected);
  }
  assertEquals(new SlipstreamError("m", { context: circular }).toJSON().context, "[object Object]");
});

test("SlipstreamError.toJSON() ends where causes lead in a circle, and shows one that comes twice twice (S17)", () => {
  const inner = new TypeError("inner");
  const outer = new SlipstreamError("outer", { cause: inner });
  inner.cause = outer;
  assertEquals(logged(outer), {
    name: "SlipstreamError",
    message: "outer",
    attempts: 0,
    cause: { name: "TypeError", message: "inner" },
  });
  const twice = new Error("twice");
  const { cause } = new SlipstreamError("m", { cause: new AggregateError([twice, twice], "both") }).toJSON();
  const shown = { name: "Error", message: "twice" };
  assertEquals(cause, { name: "AggregateError", message: "both", errors: [shown, shown] });
});

test("SlipstreamError.toJSON() takes no exponential time for errors that hold each other many times, and no stack for deep ones (S17)", () => {
  const fold = (times: number, wrap: (inner: Error) => Error): ErrorJson => {
    let error = new Error("innermost");
    for (let n = 0; n < times; n++) error = wrap(error);
    return new SlipstreamError("outermost", { cause: error }).toJSON();
  };
  const wraps: ((inner: Error) => Error)[] = [
    (inner) => new AggregateError([inner, inner], "all", { cause: inner }),
    (inner) => new SlipstreamError("m", { cause: inner, context: { mirrors: [inner, { inner }] } }),
  ];
  for (const wrap of wraps) {
    const told = JSON.stringify(fold(40, wrap));
    assert(told.includes("innermost") && told.length < 10_000_000, `${told.length}`);
  }
  let depth = 0;
  let json: unknown = fold(100_000, (inner) => new Error("m", { cause: inner }));
  while ((json = (json as ErrorJson).cause) !== undefined) depth++;
  assert(depth > 100, `${depth}`);
});

test("SlipstreamError.toJSON() ends where an error is in its own context (S17)", () => {
  const context: Record<string, unknown> = {};
  const error = new SlipstreamError("m", { context });
  context.mirrors = { first: error, attempts: 7 };
  assertEquals(error.toJSON().context, { mirrors: { attempts: 7 } });
});

test("messageOf() is the message of an error, and the text of anything else that was thrown", () => {
  const thrown = [new TypeError("down"), new Error(""), "down", 5, null, undefined, { message: "down" }];
  assertEquals(thrown.map(messageOf), ["down", "", "down", "5", "null", "undefined", "[object Object]"]);
  assertEquals(messageOf(foreignError("new RangeError('down')")), "down");
});
