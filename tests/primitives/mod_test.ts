import { assertEquals } from "@std/assert";
import * as primitives from "../../src/primitives/mod.ts";
import { test } from "../support/test.ts";

test("the primitives' door exports what it is documented to, and nothing else", () => {
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
