import { assertEquals } from "@std/assert";
import {
  isIdempotentMethod,
  isNotFoundStatus,
  isOriginFailure,
  isRetryableStatus,
  isSafeMethod,
  isSuccessStatus,
} from "../../src/http/classify.ts";
import { test } from "../support/test.ts";

const STATUSES: readonly number[] = Array.from({ length: 1_000 }, (_, status) => status);

test("S1: isIdempotentMethod() holds for GET HEAD OPTIONS PUT DELETE TRACE QUERY, and for nothing else", () => {
  const idempotent = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"];
  for (const method of idempotent) assertEquals(isIdempotentMethod(method), true, method);
  for (const method of ["POST", "PATCH", "CONNECT", "PROPFIND", "LOCK", "", "get", "GET ", "constructor"]) {
    assertEquals(isIdempotentMethod(method), false, method);
  }
});

test("S1: isRetryableStatus() holds for 408 429 500 502 503 504, and for nothing else", () => {
  assertEquals(STATUSES.filter(isRetryableStatus), [408, 429, 500, 502, 503, 504]);
});

test("S14: isOriginFailure() holds for 5xx, 408 and 429: every other 4xx is an answer", () => {
  const expected = [408, 429, ...STATUSES.filter((status) => status >= 500 && status < 600)];
  assertEquals(STATUSES.filter(isOriginFailure), expected);
});

test("S15: isNotFoundStatus() holds for 404 and 410", () => {
  assertEquals(STATUSES.filter((status) => isNotFoundStatus(status)), [404, 410]);
});

test("S9: isSuccessStatus() holds for 2xx, and for 304, which has no content", () => {
  assertEquals(STATUSES.filter(isSuccessStatus), [...STATUSES.slice(200, 300), 304]);
});

test("isSafeMethod() holds for GET HEAD OPTIONS QUERY TRACE, and for nothing else (RFC 9110 §9.2.1)", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"]) {
    assertEquals(isSafeMethod(method), true, method);
    assertEquals(isIdempotentMethod(method), true, method);
  }
  for (
    const method of ["PUT", "DELETE", "POST", "PATCH", "CONNECT", "FROB", "", "get", "GET ", "constructor"]
  ) {
    assertEquals(isSafeMethod(method), false, method);
  }
});
