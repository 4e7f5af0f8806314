import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Background } from "../../src/client/background.ts";
import { EventHub } from "../../src/client/events.ts";
import type { Call } from "../../src/policies/call.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { Reply } from "../../src/policies/reply.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { watch } from "../support/settled.ts";
import { fakeCall, fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function setUp() {
  const clock = new ManualClock();
  const hub = new EventHub(clock);
  const events: ClientEvent["type"][] = [];
  hub.on(({ type }) => void events.push(type));
  let id = 6;
  const { owner } = fakeCall().context;
  const background = new Background({ ...owner, nextId: () => ++id, now: () => clock.now() }, hub);
  return { background, events };
}

const reply = () => new Reply(new Response("x"), { from: "network", body: "x" });

test("Background.start() runs a call of its own for the same request, without retries, and tells of it", async () => {
  const { background, events } = setUp();
  const original = Object.assign(fakeCall({ settings: { timeoutMs: 7 } }), { lane: fakeLane() });
  let seen: Call | undefined;
  background.start(original, (call) => {
    seen = call;
    return Promise.resolve(reply());
  });
  await background.end();
  assert(seen !== undefined && seen !== original);
  assertStrictEquals(seen.lane, original.lane);
  assertEquals([seen.id, seen.settings.timeoutMs, seen.settings.maxRetries], [7, 7, 0]);
  assertEquals([seen.isBackground, seen.settled, events], [true, true, ["queued", "settled"]]);
});

test("Background.start() gets rid of the body that nobody reads, and hurts nobody by failing", async () => {
  const { background, events } = setUp();
  let discarded = 0;
  const openBody = { discard: () => void discarded++ } as unknown as NonNullable<Reply["openBody"]>;
  const open = new Reply(new Response("x"), { from: "network", openBody });
  background.start(fakeCall(), () => Promise.resolve(open));
  background.start(fakeCall(), () => Promise.reject(new Error("no")));
  await background.end();
  assertEquals([discarded, events.length], [1, 4]);
});

test("Background.end() waits for all work, also for what other work leaves behind", async () => {
  const { background } = setUp();
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

test("Background.cancel() stops the calls that are under way", async () => {
  const { background } = setUp();
  const started = Promise.withResolvers<Call>();
  const never = Promise.withResolvers<Reply>();
  background.start(fakeCall(), (call) => {
    started.resolve(call);
    return never.promise;
  });
  const call = await started.promise;
  background.cancel("enough");
  assertEquals([call.cancelled, call.reason], [true, "enough"]);
  never.resolve(reply());
  await background.end();
});

test("Background.cancelWaiting() stops what only waits of the calls whose callers have been answered, cancel() the rest", async () => {
  const { background } = setUp();
  const never = Promise.withResolvers<Reply>();
  let refresh: Call | undefined;
  background.start(fakeCall(), (call) => {
    refresh = call;
    return never.promise;
  });
  const [asleep, sent, over] = [fakeCall(), fakeCall(), fakeCall()];
  sent.isInFlight = true;
  for (const call of [asleep, sent]) background.keep(never.promise, call);
  background.keep(Promise.reject(new Error("of no matter")), over);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  background.cancelWaiting("closed");
  assertEquals([refresh, asleep, sent, over].map((call) => call!.cancelled), [false, true, false, false]);
  background.cancel("enough");
  assertEquals([refresh, asleep, sent, over].map((call) => call!.reason), [
    "enough",
    "closed",
    "enough",
    undefined,
  ]);
  never.resolve(reply());
  await background.end();
});
