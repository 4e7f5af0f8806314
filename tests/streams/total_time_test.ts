import { assertEquals } from "@std/assert";
import { NetworkError, TimeoutError } from "../../src/errors.ts";
import { leavesTime, totalLimit, totalTimeout } from "../../src/streams/total_time.ts";
import type { StreamRequest } from "../../src/policies/opener.ts";
import { test } from "../support/test.ts";

function requestOf(totalTimeoutMs: number, failure?: Error): StreamRequest {
  const describe = () => ({ url: "https://a.test/laps", method: "GET", attempts: 2 });
  return { settings: { totalTimeoutMs }, describe, failure } as unknown as StreamRequest;
}

test("totalTimeout() says which operation took too long, and what failed before", () => {
  const failure = new NetworkError("gone");
  const { name, message, kind, timeoutMs, attempts, cause } = totalTimeout(requestOf(500, failure));
  assertEquals([cause, totalTimeout(requestOf(500)).cause], [failure, undefined]);
  assertEquals([name, kind, timeoutMs, attempts], ["TimeoutError", "total", 500, 2]);
  assertEquals(message, "GET https://a.test/laps took longer than 'totalTimeoutMs': 500");
});

test("totalLimit() counts from the start of the request, and is absent without a limit", () => {
  assertEquals(totalLimit(requestOf(Infinity), 100), undefined);
  const limit = totalLimit(requestOf(500), 100)!;
  assertEquals([limit.untilMs, limit.error().name], [600, "TimeoutError"]);
});

test("leavesTime() is true for errors of the network but for that of the total time", () => {
  const timeout = (kind: TimeoutError["kind"]) => new TimeoutError("late", { kind, timeoutMs: 1 });
  const errors = [new NetworkError("gone"), timeout("attempt"), timeout("total"), new Error("other")];
  assertEquals(errors.map(leavesTime), [true, true, false, false]);
});
