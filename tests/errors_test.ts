import { assert, assertEquals, assertFalse, assertInstanceOf, assertNotStrictEquals } from "@std/assert";
import {
  CircuitOpenError,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  isCircuitOpenError,
  isDataNotFoundError,
  isHttpError,
  isInvalidDataError,
  isNetworkError,
  isOfflineError,
  isSlipstreamError,
  isTimeoutError,
  NetworkError,
  OfflineError,
  SlipstreamError,
  TimeoutError,
} from "../src/errors.ts";
import { test } from "./support/test.ts";

const headers = new Headers({ "x-served-by": "a" });

const SAMPLES: Readonly<Record<string, SlipstreamError>> = {
  SlipstreamError: new SlipstreamError("base"),
  NetworkError: new NetworkError("network"),
  HttpError: new HttpError("http", { status: 503, headers }),
  TimeoutError: new TimeoutError("timeout", { kind: "attempt", timeoutMs: 5 }),
  CircuitOpenError: new CircuitOpenError("open", { retryAfterMs: 7 }),
  OfflineError: new OfflineError("offline"),
  DataNotFoundError: new DataNotFoundError("gone", { status: 410 }),
  InvalidDataError: new InvalidDataError("invalid", { reason: "not-json" }),
};

const GUARDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  SlipstreamError: isSlipstreamError,
  NetworkError: isNetworkError,
  HttpError: isHttpError,
  TimeoutError: isTimeoutError,
  CircuitOpenError: isCircuitOpenError,
  OfflineError: isOfflineError,
  DataNotFoundError: isDataNotFoundError,
  InvalidDataError: isInvalidDataError,
};

/** Each class, and what it is besides itself. */
const ANCESTORS: Readonly<Record<string, readonly string[]>> = {
  SlipstreamError: [],
  NetworkError: ["SlipstreamError"],
  HttpError: ["SlipstreamError", "NetworkError"],
  TimeoutError: ["SlipstreamError", "NetworkError"],
  CircuitOpenError: ["SlipstreamError", "NetworkError"],
  OfflineError: ["SlipstreamError", "NetworkError"],
  DataNotFoundError: ["SlipstreamError"],
  InvalidDataError: ["SlipstreamError"],
};

function guardsThatHold(value: unknown): string[] {
  return Object.keys(GUARDS).filter((name) => GUARDS[name]!(value));
}

/** The error as a second copy of the module would make it: other classes, and the brands of their prototypes. */
function ofAnotherCopy(error: SlipstreamError): object {
  const prototype: object = Object.getPrototypeOf(error);
  const foreign = {};
  for (const symbol of Object.getOwnPropertySymbols(prototype)) {
    // Only a registered symbol is the same one in another realm.
    if (Symbol.keyFor(symbol) === undefined) continue;
    Object.defineProperty(foreign, symbol, Object.getOwnPropertyDescriptor(prototype, symbol)!);
  }
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
