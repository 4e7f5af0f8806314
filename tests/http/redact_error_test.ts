import { assertEquals, assertFalse, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { redactError } from "../../src/http/redact_error.ts";
import { foreignError } from "../support/foreign_error.ts";
import { test } from "../support/test.ts";

const SECRET = "https://a.test/x?token=hunter2";

test("redactError() returns an error without secrets unchanged", () => {
  const error = new TypeError("fetch failed", { cause: new Error("refused by https://a.test/x") });
  assertStrictEquals(redactError(error, "https://a.test/x"), error);
  const coded = Object.assign(new Error("reset"), { code: "ECONNRESET", path: "/tmp/x", errno: 7 });
  assertStrictEquals(redactError(coded, "https://a.test/x"), coded);
});

test("redactError() adds no property to a copy", () => {
  const shown = redactError(new Error(SECRET), SECRET) as Error;
  assertEquals(Object.keys(shown), []);
});

test("S17: redactError() removes secrets from the message and from every cause, and keeps name and code", () => {
  const inner = Object.assign(new Error(`no route to (${SECRET})`), { code: "EHOSTUNREACH" });
  const shown = redactError(new TypeError("fetch failed", { cause: inner }), SECRET) as Error;
  const cause = shown.cause as Error & { readonly code: string };
  assertEquals([shown.name, shown.message], ["TypeError", "fetch failed"]);
  assertEquals([cause.message, cause.code], ["no route to (https://a.test/x?token=***)", "EHOSTUNREACH"]);
});

test("S17: redactError() removes secrets from an error of another realm", () => {
  const error = foreignError(`new TypeError("fetch failed", { cause: new Error("no route to ${SECRET}") })`);
  const shown = redactError(error, SECRET) as Error;
  assertInstanceOf(shown, TypeError);
  assertEquals((shown.cause as Error).message, "no route to https://a.test/x?token=***");
});

test("S17: redactError() removes the secrets of any URL, such as a redirect's", () => {
  const error = new Error("sending to https://user:pw@b.test/?X-Amz-Signature=hunter2 failed");
  const shown = redactError(error, "https://a.test/") as Error;
  assertEquals(/hunter2|pw@/.test(shown.message), false);
});

test("S17: redactError() removes secrets from every property, such as the path that Bun sets", () => {
  const properties = { path: SECRET, code: "ConnectionReset", errno: 7, input: { url: SECRET } };
  for (const url of [SECRET, "https://other.test/", ""]) {
    const shown = redactError(Object.assign(new TypeError("The socket broke"), properties), url) as Error;
    const { path, code, errno, input } = shown as Error & Record<string, unknown>;
    assertEquals([path, code, errno, input], ["https://a.test/x?token=***", "ConnectionReset", 7, undefined]);
    assertInstanceOf(shown, TypeError);
    assertFalse(`${shown.stack}${JSON.stringify({ ...shown })}`.includes("hunter2"));
  }
});

test("S17: redactError() handles a path and a code that are not enumerable", () => {
  const error = Object.defineProperties(new Error("failed"), {
    path: { value: SECRET },
    code: { value: "E" },
  });
  const { path, code } = redactError(error, SECRET) as Error & {
    readonly path?: string;
    readonly code?: string;
  };
  assertEquals([path, code], ["https://a.test/x?token=***", "E"]);
});

test("S17: redactError() finds the request's own URL also where its form is not that of a URL in a text", () => {
  for (const url of ["data/x?token=hunter2", 'https://a.test/x?q="a b"&token=hunter2']) {
    const shown = redactError(new TypeError(`Invalid URL: '${url}'`), url) as Error;
    assertEquals(shown.message, `Invalid URL: '${url.replace("hunter2", "***")}'`);
  }
});

test("S17: redactError() removes secrets from errors within an error", () => {
  const error = new AggregateError(
    [new Error("a"), new Error(`no answer from ${SECRET}`)],
    "2 addresses failed",
  );
  const { errors, message } = redactError(error, SECRET) as AggregateError;
  assertEquals(errors.map((each: Error) => each.message), ["a", "no answer from https://a.test/x?token=***"]);
  assertEquals(message, "2 addresses failed");
  const only = redactError(
    new AggregateError([new Error(SECRET)], "1 address failed"),
    SECRET,
  ) as AggregateError;
  assertEquals(only.errors.map((each: Error) => each.message), ["https://a.test/x?token=***"]);
  const clean = new AggregateError([new Error("a"), "b"], "2 addresses failed");
  assertStrictEquals(redactError(clean, SECRET), clean);
});

test("redactError() handles circular causes", () => {
  const outer = new Error(`outer ${SECRET}`);
  const inner = new Error("inner", { cause: outer });
  outer.cause = inner;
  const shown = redactError(outer, SECRET) as Error;
  const cause = shown.cause as Error;
  assertEquals([shown.message, cause.message, cause.cause], [
    "outer https://a.test/x?token=***",
    "inner",
    undefined,
  ]);
});

test("redactError() keeps the name of an error, and that it is a TypeError", () => {
  const shown = redactError(new DOMException(`lost ${SECRET}`, "NetworkError"), SECRET) as Error;
  assertEquals([shown.name, shown.message], ["NetworkError", "lost https://a.test/x?token=***"]);
  class OwnError extends TypeError {
    override name = "OwnError";
  }
  const own = redactError(new OwnError(`lost ${SECRET}`), SECRET) as Error;
  assertEquals([own.name, own instanceof TypeError], ["OwnError", true]);
});

test("redactError() leaves values alone that are no errors, except for the secrets of a text", () => {
  const thrown = [7, null, undefined, { url: SECRET }];
  for (const each of thrown) assertStrictEquals(redactError(each, SECRET), each);
  assertEquals(redactError("thrown", SECRET), "thrown");
  assertEquals(redactError(`lost ${SECRET}`, SECRET), "lost https://a.test/x?token=***");
});

test("S17: redactError() finds a URL up to its end, also with brackets and quotes in it", () => {
  for (const path of ["x(1)", "it's", "(((", "a'(b)'c"]) {
    const message = `sending to https://a.test/${path}?token=hunter2, or (https://a.test/${path}) failed`;
    const shown = redactError(new Error(message), "") as Error;
    assertEquals(shown.message.includes("hunter2"), false, shown.message);
    assertEquals(shown.message.endsWith(` (https://a.test/${path}) failed`), true, shown.message);
  }
});

test("redactError() redacts an error once that many others hold", () => {
  let error = new Error(`GET ${SECRET}`);
  for (let level = 0; level < 100; level++) {
    error = new AggregateError([error, error], "all", { cause: error });
  }
  let shown = redactError(error, "") as AggregateError;
  for (let level = 0; level < 100; level++) {
    assertStrictEquals(shown.errors[0], shown.cause);
    assertStrictEquals(shown.errors[1], shown.cause);
    shown = shown.cause as AggregateError;
  }
  assertEquals(shown.message, "GET https://a.test/x?token=***");
});

test("redactError() leaves out what is more than 500 levels deep", () => {
  let error = new Error("innermost");
  for (let level = 0; level < 100_000; level++) error = new Error(`${level} ${SECRET}`, { cause: error });
  let count = 0;
  for (let shown: unknown = redactError(error, ""); shown instanceof Error; shown = shown.cause) {
    assertEquals(shown.message, `${99_999 - count} https://a.test/x?token=***`);
    count++;
  }
  assertEquals(count, 500);
});

test("redactError() takes linear time for a hostile message", () => {
  for (const text of ["a", "a(", "(", "a:", "a://", "a://(", "http", "'", "http://a.test/("]) {
    const error = new Error(`${text.repeat(300_000)} failed`);
    assertEquals((redactError(error, "") as Error).message.length, error.message.length);
  }
});
