import { assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientEvent, createClient } from "../../mod.ts";
import { LazyHedging, loadHedging } from "../../src/client/lazy_hedging.ts";
import { Reply } from "../../src/policies/reply.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { FakeOrigin, hanging, json } from "../policies/fake_origin.ts";
import { test } from "../support/test.ts";
import { rejection } from "../support/settled.ts";

const clock = new ManualClock();
const events: ClientEvent[] = [];
const context = { clock, reporter: { active: true, emit: (event: ClientEvent) => events.push(event) } };
const reply = () =>
  Promise.resolve(new Reply({ status: 200, headers: new Headers(), url: "" }, { from: "network" }));

// Must be the first test, before any other has loaded the module.
test("LazyHedging makes the first requests wait for its module, so that they are hedged too", async () => {
  const hedging = new LazyHedging({ afterMs: 1 }, context);
  assertEquals([hedging.isAwaited, hedging.loaded, hedging.StraightHedges], [true, undefined, undefined]);
  let isSent = false;
  const handle = hedging.policy(() => {
    isSent = true;
    return reply();
  });
  const pending = handle(fakeCall());
  assertEquals(isSent, false);
  await pending;
  assertEquals([hedging.isAwaited, isSent, events.length], [false, true, 0]);
  assertEquals([hedging.loaded === undefined, hedging.StraightHedges === undefined], [false, false]);
});

test("LazyHedging has its module at once if it was loaded before, and an instance for each client", async () => {
  await loadHedging();
  const [first, second] = [1, 2].map((afterMs) => new LazyHedging({ afterMs }, context));
  assertEquals([first!.isAwaited, first!.loaded === second!.loaded], [false, false]);
  assertStrictEquals((await loadHedging()).Hedger, (await loadHedging()).Hedger);
});

test("LazyHedging.policy starts nothing for a call that was stopped while the module was loading", async () => {
  const hedging = new LazyHedging({ afterMs: 1 }, context);
  const call = fakeCall();
  call.cancelled = true;
  call.reason = "gone";
  let isSent = false;
  const handle = hedging.policy(() => {
    isSent = true;
    return reply();
  });
  assertEquals([await rejection(handle(call)), isSent], ["gone", false]);
});

test("createClient({ hedge }) hedges its very first requests", async () => {
  const origin = new FakeOrigin([hanging(), json("second")]);
  const client = createClient({ fetch: origin.fetch, hedge: { afterMs: 1 } });
  assertEquals(await client.json("https://a.test/"), "second");
  await client.close();
});
