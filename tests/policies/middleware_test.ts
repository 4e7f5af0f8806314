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

test("asNetworkFailure() marks an error, which stays the same", () => {
  const error = new TypeError("refused");
  assertEquals(isNetworkFailure(error), false);
  assertEquals(asNetworkFailure(error), error);
  assertEquals(isNetworkFailure(error), true);
  assertEquals(Object.keys(error), []);
});

test("isNetworkFailure() takes anything that was thrown", () => {
  for (const thrown of [undefined, null, "x", 1, {}, new Error("x")]) {
    assertEquals(isNetworkFailure(thrown), false);
  }
});

test("MiddlewareFailure keeps what was thrown, whatever it is", () => {
  for (const thrown of [undefined, null, new Error("x")]) {
    assertEquals(new MiddlewareFailure(thrown).thrown, thrown);
  }
});

test("middlewareAround() tells apart what is around attempts and hops, in order", () => {
  const make = (around?: "attempt" | "hop"): Middleware =>
    Object.assign((request: Request, next: Next) => next(request), around === undefined ? {} : { around });
  const [a, b, c, d] = [make(), make("hop"), make("attempt"), make("hop")];
  assertEquals(middlewareAround([a, b, c, d], "attempt"), [a, c]);
  assertEquals(middlewareAround([a, b, c, d], "hop"), [b, d]);
  assertEquals(middlewareAround([a], "hop"), undefined);
  assertEquals(middlewareAround([], "attempt"), undefined);
  assertEquals(middlewareAround(undefined, "attempt"), undefined);
});

test("middlewareAround() refuses another place, so that nothing is left out in silence", () => {
  const wrong = Object.assign((request: Request, next: Next) => next(request), { around: "hops" });
  assertThrows(
    () => createClient({ use: [wrong as unknown as Middleware] }),
    TypeError,
    `Cannot create client as 'use[0].around' must be 'attempt' or 'hop': received "hops"`,
  );
});
