import { assertEquals, assertThrows } from "@std/assert";
import { attempt, attemptAll, isPromise } from "../../src/cache/attempt.ts";
import { test } from "../support/test.ts";

const error = new Error("broken");
const throwing = () => {
  throw error;
};

test("attempt() goes on at once after a synchronous call, and later after an asynchronous one", async () => {
  assertEquals(attempt(() => 1, (result) => result), { value: 1 });
  assertEquals(attempt(throwing, (result) => result), { error });
  const later = attempt(() => Promise.resolve(1), (result) => result);
  assertEquals([isPromise(later), await later], [true, { value: 1 }]);
  assertEquals(await attempt(() => Promise.reject(error), (result) => result), { error });
});

test("attempt() lets what comes next throw, once", () => {
  let calls = 0;
  assertThrows(
    () =>
      attempt(() => 1, () => {
        calls += 1;
        throw error;
      }),
    Error,
    "broken",
  );
  assertEquals(calls, 1);
});

test("attemptAll() makes all calls at once and waits only if one takes time", async () => {
  assertEquals(attemptAll([() => 1, throwing], (results) => results), [{ value: 1 }, { error }]);
  const log: string[] = [];
  const slow = Promise.withResolvers<number>();
  const all = attemptAll([() => slow.promise, () => log.push("second")], (results) => results);
  assertEquals(log, ["second"]);
  slow.resolve(5);
  assertEquals([isPromise(all), await all], [true, [{ value: 5 }, { value: 1 }]]);
  assertEquals(attemptAll([], (results) => results), []);
});
