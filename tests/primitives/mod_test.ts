import { assertEquals } from "@std/assert";
import * as primitives from "../../src/primitives/mod.ts";
import { test } from "../support/test.ts";

test("the entry point of the primitives exports what it documents, and nothing else", () => {
  assertEquals(Object.keys(primitives).sort(), [
    "AdaptiveLimit",
    "CircuitBreaker",
    "CircuitOpenError",
    "DeadlineQueue",
    "MAX_TIMER_MS",
    "Permit",
    "RetryBudget",
    "Semaphore",
    "SingleFlight",
    "TaskGroup",
    "TokenBucket",
    "backoff",
    "systemClock",
  ]);
});
