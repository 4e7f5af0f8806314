import { assertEquals } from "@std/assert";
import {
  isIdempotentMethod,
  isNotFoundStatus,
  isOverloadStatus,
  isRetryableStatus,
  isSafeMethod,
  isServerTrouble,
  isSuccessStatus,
  verdictOn,
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

const RETRYABLE: readonly number[] = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529];
const SERVER_ERRORS: readonly number[] = STATUSES.slice(500, 600);

test("S1: isRetryableStatus() holds for 408 425 429 500 502 503 504 520–524 529, and for nothing else", () => {
  assertEquals(STATUSES.filter(isRetryableStatus), RETRYABLE);
});

test("S14: verdictOn() counts 5xx and 408 as failures, 429 as neither, and other 4xx as successes", () => {
  assertEquals(STATUSES.filter((status) => verdictOn(status) === "failure"), [408, ...SERVER_ERRORS]);
  assertEquals(STATUSES.filter((status) => verdictOn(status) === "ignored"), [429]);
});

test("isOverloadStatus() holds for 429 503 504 529, and for nothing else", () => {
  assertEquals(STATUSES.filter(isOverloadStatus), [429, 503, 504, 529]);
});

test("S15: isServerTrouble() holds for any 5xx and for statuses that are retried", () => {
  assertEquals(STATUSES.filter(isServerTrouble), [408, 425, 429, ...SERVER_ERRORS]);
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
