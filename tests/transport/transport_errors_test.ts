import { assertEquals, assertInstanceOf } from "@std/assert";
import { isNetworkError, isSlipstreamError, NetworkError } from "../../src/errors.ts";
import {
  isOwnFailure,
  markOwn,
  ProxyError,
  ResolverError,
  TransportError,
} from "../../src/transport/transport_errors.ts";
import { test } from "../support/test.ts";

test("ProxyError has the failure of each proxy, also as data", () => {
  const error = new ProxyError("a.test", [
    { proxy: "http://one.test:80", failure: "refused with 403", status: 403 },
    { proxy: "http://two.test:80", failure: "could not be reached" },
  ]);
  assertInstanceOf(error, TransportError);
  assertInstanceOf(error, NetworkError);
  assertEquals([error.name, error.hop], ["ProxyError", "proxy"]);
  assertEquals(
    error.message,
    "Cannot reach a.test through a proxy: http://one.test:80 refused with 403; http://two.test:80 could not be reached",
  );
  const { context } = JSON.parse(JSON.stringify(error));
  assertEquals(context.proxies, error.failures);
});

test("ResolverError names the host and the reason", () => {
  const error = new ResolverError("a.test", "not-found", "the name has no address");
  assertEquals([error.name, error.hop, error.host, error.reason], [
    "ResolverError",
    "resolver",
    "a.test",
    "not-found",
  ]);
  assertEquals(error.message, "Cannot resolve a.test: the name has no address");
  assertEquals([isSlipstreamError(error), isNetworkError(error)], [true, true]);
});

test("isOwnFailure() recognizes marked errors, and no others", () => {
  const error = new TransportError("x", { hop: "origin" });
  for (const value of [error, new Error("x"), null, undefined, "x"]) assertEquals(isOwnFailure(value), false);
  assertEquals(isOwnFailure(markOwn(error)), true);
  assertEquals(Object.keys(error).includes("own"), false);
});
