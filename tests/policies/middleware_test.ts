import { assertEquals, assertThrows } from "@std/assert";
import { createClient } from "../../mod.ts";
import {
  asNetworkFailure,
  isNetworkFailure,
  type Middleware,
  middlewareAround,
  MiddlewareFailure,
  type Next,
} from "../../src/policies/middleware.ts";
import { test } from "../support/test.ts";

test("asNetworkFailure() marks an error, and returns that same error", () => {
  const error = new TypeError("refused");
  assertEquals(isNetworkFailure(error), false);
  assertEquals(asNetworkFailure(error), error);
  assertEquals(isNetworkFailure(error), true);
  assertEquals(Object.keys(error), []);
});

test("isNetworkFailure() accepts any thrown value", () => {
  for (const thrown of [undefined, null, "x", 1, {}, new Error("x")]) {
    assertEquals(isNetworkFailure(thrown), false);
  }
});

test("MiddlewareFailure keeps the thrown value, of whatever type", () => {
  for (const thrown of [undefined, null, new Error("x")]) {
    assertEquals(new MiddlewareFailure(thrown).thrown, thrown);
  }
});

test("middlewareAround() separates middleware around attempts from middleware around hops, in order", () => {
  const make = (around?: "attempt" | "hop"): Middleware =>
    Object.assign((request: Request, next: Next) => next(request), around === undefined ? {} : { around });
  const [a, b, c, d] = [make(), make("hop"), make("attempt"), make("hop")];
  assertEquals(middlewareAround([a, b, c, d], "attempt"), [a, c]);
  assertEquals(middlewareAround([a, b, c, d], "hop"), [b, d]);
  assertEquals(middlewareAround([a], "hop"), undefined);
  assertEquals(middlewareAround([], "attempt"), undefined);
  assertEquals(middlewareAround(undefined, "attempt"), undefined);
});

test("middlewareAround() refuses another value, so that no middleware is left out silently", () => {
  const wrong = Object.assign((request: Request, next: Next) => next(request), { around: "hops" });
  assertThrows(
    () => createClient({ use: [wrong as unknown as Middleware] }),
    TypeError,
    `Cannot create client as 'use[0].around' must be 'attempt' or 'hop': received "hops"`,
  );
});
