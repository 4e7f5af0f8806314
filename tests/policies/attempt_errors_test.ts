import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  attemptTimeout,
  denialOf,
  isRefused,
  mistakeOf,
  networkError,
  ResponseError,
  statusError,
  tooLarge,
} from "../../src/policies/attempt_errors.ts";
import { foreignError } from "../support/foreign_error.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget, SECRET_URL } from "./fake_call.ts";

test("networkError() names method, URL and the innermost cause, and no secret", () => {
  const call = fakeCall({ request: { method: "PUT" } });
  call.attempts = 2;
  const error = new TypeError(`fetch ${SECRET_URL} failed`, {
    cause: new Error("outer", { cause: new Error(`cannot reach ${SECRET_URL}`) }),
  });
  const told = networkError(call, fakeTarget(), error);
  assertEquals([told.name, told.method, told.attempts], ["NetworkError", "PUT", 2]);
  assert(told.message.startsWith("PUT https://a.test/x"), told.message);
  assert(told.message.includes("cannot reach"), told.message);
  for (let each: unknown = told; each instanceof Error; each = each.cause) {
    assert(!each.message.includes("secret"), each.message);
  }
});

test("networkError() names the innermost cause of an error of another realm, and no secret", () => {
  const thrown = foreignError(
    `new TypeError("fetch failed", { cause: new Error("cannot reach ${SECRET_URL}") })`,
  );
  const told = networkError(fakeCall(), fakeTarget(), thrown);
  assert(told.message.includes("cannot reach"), told.message);
  const { cause } = told.cause as Error;
  for (const { message } of [told, cause as Error]) assert(!message.includes("secret"), message);
});

test("networkError() accepts any thrown value", () => {
  for (const thrown of [undefined, null, "reset", { code: 7 }, Symbol("s")]) {
    const told = networkError(fakeCall(), fakeTarget(), thrown);
    assert(told.message.startsWith("GET https://a.test/x"), told.message);
  }
});

test("attemptTimeout() names the attempt's timeout and its target", () => {
  const call = fakeCall({ settings: { timeoutMs: 250 } });
  const error = attemptTimeout(call, fakeTarget({ url: "https://mirror.test/y?token=secret" }));
  assertEquals([error.name, error.kind, error.timeoutMs], ["TimeoutError", "attempt", 250]);
  assert(error.message.includes("https://mirror.test/y") && error.message.includes("250"), error.message);
  assert(!`${error.message}${error.url}`.includes("secret"));
  assert(attemptTimeout(call, undefined).message.includes("https://a.test/x"));
});

test("tooLarge() names the allowed size", () => {
  const error = tooLarge(fakeCall({ settings: { maxBodyBytes: 99 } }), fakeTarget());
  assertEquals([error.name, error.reason], ["InvalidDataError", "too-large"]);
  assert(error.message.includes("99") && !error.message.includes("secret"), error.message);
});

test("statusError() has the status and the headers of the response", () => {
  const response = new Response(null, { status: 503, headers: { "retry-after": "1" } });
  const error = statusError(fakeCall(), fakeTarget(), response);
  assertEquals([error.name, error.status, error.headers?.get("retry-after")], ["HttpError", 503, "1"]);
  assertStrictEquals(response.bodyUsed, false);
});

test("denialOf() finds the error that reports a missing permission, and no others", () => {
  const denied = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
  assertStrictEquals(denialOf(denied), denied);
  // The form of Node, from version 25 on.
  const cause = Object.assign(new Error("connect ERR_ACCESS_DENIED"), { code: "ERR_ACCESS_DENIED" });
  assertStrictEquals(denialOf(new TypeError("fetch failed", { cause })), cause);
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const others = [new Error("NotCapable"), { name: "NotCapable" }, undefined, { cause }];
  for (const other of [...others, new TypeError("fetch failed", { cause: refused })]) {
    assertStrictEquals(denialOf(other), undefined);
  }
});

test("mistakeOf() finds errors that no network causes, and tells what is wrong with a method without its object", () => {
  const mistakes = [
    new ReferenceError("x is not defined"),
    new ResponseError(),
    foreignError('new ReferenceError("x")'),
  ];
  for (const error of mistakes) assertStrictEquals(mistakeOf(error), error);
  const failed = Object.assign(new Error("1 is not 2"), { name: "AssertionError" });
  assertStrictEquals(mistakeOf(failed), failed);
  const unbound = new TypeError("Failed to execute 'fetch' on 'Window': Illegal invocation");
  const told = mistakeOf(unbound);
  assertEquals([told?.name, told?.cause], ["TypeError", unbound]);
  assert(told?.message.includes("'fetch' needs its object"), told?.message);
  for (
    const other of [
      new TypeError("fetch failed"),
      new Error("Illegal invocation"),
      "Illegal invocation",
      null,
    ]
  ) {
    assertStrictEquals(mistakeOf(other), undefined);
  }
});

test("isRefused() asks the runtime about a TypeError for options that were not checked before", () => {
  const error = new TypeError("fetch failed");
  const refused = { method: "PUT", init: { referrerPolicy: "no such policy" as ReferrerPolicy } };
  const isStrict = (() => {
    try {
      return new Request("https://a.test", refused.init) === undefined;
    } catch {
      return true;
    }
  })();
  for (const thrown of [error, foreignError("new TypeError('fetch failed')")]) {
    assertEquals(isRefused(fakeCall({ request: refused }), thrown), isStrict);
  }
  assertEquals(isRefused(fakeCall({ request: refused }), new RangeError("other")), false);
  assertEquals(isRefused(fakeCall({ request: { method: "PUT" } }), error), false);
  for (const body of ["text", new Blob(["a"]), new ReadableStream(), new Uint8Array(2)]) {
    const request = { method: "PUT", body, init: { keepalive: true, redirect: "manual" as const } };
    assertEquals(isRefused(fakeCall({ request }), error), false);
    if (body instanceof ReadableStream) assertEquals(body.locked, false);
  }
});
