import { assertEquals, assertThrows } from "@std/assert";
import { isPromise, withResult, withResults } from "../../src/cache/with_result.ts";
import { test } from "../support/test.ts";

const error = new Error("broken");
const throwing = () => {
  throw error;
};

test("withResult() continues at once after a synchronous call, and later after an asynchronous one", async () => {
  assertEquals(withResult(() => 1, (result) => result), { value: 1 });
  assertEquals(withResult(throwing, (result) => result), { error });
  const later = withResult(() => Promise.resolve(1), (result) => result);
  assertEquals([isPromise(later), await later], [true, { value: 1 }]);
  assertEquals(await withResult(() => Promise.reject(error), (result) => result), { error });
});

test("withResult() passes on an error of the continuation, once", () => {
  let calls = 0;
  assertThrows(
    () =>
      withResult(() => 1, () => {
        calls += 1;
        throw error;
      }),
    Error,
    "broken",
  );
  assertEquals(calls, 1);
});

test("withResults() makes all calls at once, and waits only if one is asynchronous", async () => {
  assertEquals(withResults([() => 1, throwing], (results) => results), [{ value: 1 }, { error }]);
  const log: string[] = [];
  const slow = Promise.withResolvers<number>();
  const all = withResults([() => slow.promise, () => log.push("second")], (results) => results);
  assertEquals(log, ["second"]);
  slow.resolve(5);
  assertEquals([isPromise(all), await all], [true, [{ value: 5 }, { value: 1 }]]);
  assertEquals(withResults([], (results) => results), []);
});
