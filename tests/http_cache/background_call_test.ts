import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { startInBackground } from "../../src/http_cache/background_call.ts";
import { Call, type CallContext } from "../../src/policies/call.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { Reply } from "../../src/policies/reply.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall, fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function setUp() {
  const clock = new ManualClock();
  const events: string[] = [];
  const emit = (event: ClientEvent) =>
    void events.push(
      event.type === "settled" ? `settled ${event.ok ? event.from : event.error}` : event.type,
    );
  const kept: { readonly work: Promise<unknown>; readonly call: Call | undefined }[] = [];
  const environment = {
    clock,
    reporter: { active: true, emit },
    inBackground: (work: Promise<unknown>, call?: Call) => void kept.push({ work, call }),
  };
  return { environment, events, kept };
}

/** The call of a client, which may be closed. */
function originalOf(closing: { readonly reason: unknown } | undefined): Call {
  const { context } = fakeCall({ settings: { timeoutMs: 7 } });
  const own: CallContext = {
    ...context,
    streams: true,
    owner: { ...context.owner, nextId: () => 7, closing },
  };
  return Object.assign(new Call(own, "https://a.test/x", { onSettled() {} }), {
    lane: fakeLane(),
    limitKey: "key",
  });
}

const reply = () => new Reply(new Response("x"), { from: "network", body: "x" });

test("startInBackground() runs a call of its own for the same request, without retries, and reports it", async () => {
  const { environment, events, kept } = setUp();
  const original = originalOf(undefined);
  let seen: Call | undefined;
  startInBackground(environment, original, (call) => {
    seen = call;
    return Promise.resolve(reply());
  });
  assert(seen !== undefined && seen !== original);
  assertStrictEquals(kept[0]?.call, seen);
  assertStrictEquals(seen.lane, original.lane);
  assertStrictEquals(seen.request, original.request);
  assertEquals([seen.id, seen.settings.timeoutMs, seen.settings.maxRetries, seen.limitKey], [7, 7, 0, "key"]);
  assert(seen.priority < original.priority);
  // Nobody reads its body, so that it must arrive as a whole.
  assertEquals([seen.context.streams, original.context.streams], [false, true]);
  await kept[0]?.work;
  assertEquals([seen.isBackground, seen.settled, events], [true, true, ["queued", "settled network"]]);
});

test("startInBackground() discards the body that is not read, and its failure affects no other call", async () => {
  const { environment, events, kept } = setUp();
  let discarded = 0;
  const openBody = { discard: () => void discarded++ } as unknown as NonNullable<Reply["openBody"]>;
  const open = new Reply(new Response("x"), { from: "network", openBody });
  startInBackground(environment, fakeCall(), () => Promise.resolve(open));
  startInBackground(environment, fakeCall(), () => Promise.reject(new Error("no")));
  await Promise.all(kept.map(({ work }) => work));
  assertEquals([discarded, events], [1, ["queued", "queued", "settled network", "settled Error: no"]]);
});

test("startInBackground() starts nothing for a closed client", () => {
  const { environment, events, kept } = setUp();
  startInBackground(environment, originalOf({ reason: "closed" }), () => {
    throw new Error("it was started");
  });
  assertEquals([events.length, kept.length], [0, 0]);
});
