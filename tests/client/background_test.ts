import { assertEquals } from "@std/assert";
import { Background } from "../../src/client/background.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

test("Background.end() waits for all work, also for work that other work starts", async () => {
  const background = new Background();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  background.keep(first.promise.then(() => background.keep(second.promise)));
  const ended = watch(background.end());
  first.resolve();
  await first.promise;
  await Promise.resolve();
  assertEquals(ended.state, "pending");
  second.reject(new Error("of no matter"));
  await background.end();
  await Promise.resolve();
  assertEquals(ended.state, "fulfilled");
});

test("Background.cancel() stops the calls that are under way, and no others", async () => {
  const background = new Background();
  const [under, over] = [fakeCall(), fakeCall()];
  const never = Promise.withResolvers<void>();
  background.keep(Promise.resolve(), over);
  await background.end();
  background.keep(never.promise, under);
  background.keep(never.promise.then(() => {}));
  background.cancel("enough");
  assertEquals([under, over].map(({ cancelled, reason }) => [cancelled, reason]), [
    [true, "enough"],
    [false, undefined],
  ]);
  never.resolve();
  await background.end();
});

test("Background.cancelWaiting() stops waiting calls whose callers have been answered, and cancel() the rest", async () => {
  const background = new Background();
  const never = Promise.withResolvers<void>();
  const refresh = fakeCall({ isBackground: true });
  const [asleep, sent, over] = [fakeCall(), fakeCall(), fakeCall()];
  sent.isInFlight = true;
  for (const call of [refresh, asleep, sent]) background.keep(never.promise.then(() => {}), call);
  background.keep(Promise.reject(new Error("of no matter")), over);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  background.cancelWaiting("closed");
  assertEquals([refresh, asleep, sent, over].map(({ cancelled }) => cancelled), [false, true, false, false]);
  background.cancel("enough");
  assertEquals([refresh, asleep, sent, over].map(({ reason }) => reason), [
    "enough",
    "closed",
    "enough",
    undefined,
  ]);
  never.resolve();
  await background.end();
});
