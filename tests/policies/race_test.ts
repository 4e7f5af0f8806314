import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { buildPipeline } from "../../src/client/pipeline.ts";
import type { Admission } from "../../src/lanes/admission.ts";
import type { Call } from "../../src/policies/call.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import type { Target } from "../../src/policies/journey.ts";
import { Hedger } from "../../src/policies/hedger.ts";
import type { RaceField } from "../../src/policies/hedging.ts";
import { Race } from "../../src/policies/race.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";
import { FakeOrigin, hanging, json, late, type Reply, status } from "./fake_origin.ts";

const clockOf = () => new ManualClock();

function setUp(replies: Reply | Reply[], clock = clockOf()) {
  const origin = new FakeOrigin(replies, { clock });
  const { environment, lanes } = buildPipeline(
    { fetch: origin.fetch },
    { clock, reporter: { active: false, emit: () => {} } },
    { inBackground() {} },
  );
  const { scheduler } = environment;
  const hedger = new Hedger({ afterMs: 60, maxExtraRatio: 1 }, clock);
  const target = fakeTarget({ lane: lanes.get("https://a.test") });
  const field: RaceField = { rivals: () => [target], isDecisive: (_, status) => status === 200 };
  // The origin has answered before.
  scheduler.reports.answered(target.lane, 0);
  const admit = (call: Call): Admission => scheduler.seconds.tryAdmit(call, target.lane)!;
  const race = (call: Call) => new Race(hedger, environment, call, field);
  return { clock, origin, scheduler, target, admit, race, hedger, environment };
}

test("Race.run() gives only the decisive ending, or all failures in order", async () => {
  const clock = clockOf();
  const won = setUp([late(clock, 500, json(1)), late(clock, 10, json(2))], clock);
  const call = fakeCall();
  const endings = await clock.run(won.race(call).run({ target: won.target, admission: won.admit(call) }));
  assertEquals(endings.map(({ reply }) => [reply?.status, reply?.body]), [[200, "2"]]);
  assertEquals([call.attempts, call.pending, call.isInFlight, won.scheduler.inFlight], [
    2,
    undefined,
    false,
    0,
  ]);

  const lost = setUp([late(clock, 100, status(500)), late(clock, 10, status(503))], clock);
  const failing = fakeCall();
  const failures = await clock.run(
    lost.race(failing).run({ target: lost.target, admission: lost.admit(failing) }),
  );
  assertEquals(failures.map(({ reply }) => reply?.status), [503, 500]);
  for (const { reply } of failures) reply?.openBody?.discard();
  await clock.advance(0);
  assertEquals([lost.scheduler.inFlight, failing.pending, clock.pending], [0, undefined, 0]);
});

test("Race.run() sends nothing for a call that was stopped before, and gives its permit back", async () => {
  const { origin, scheduler, target, admit, race } = setUp(json(1));
  const call = fakeCall();
  const admission = admit(call);
  call.cancel("gone");
  const [ending] = await race(call).run({ target, admission });

  assertEquals([ending?.error, origin.calls, scheduler.inFlight], ["gone", 0, 0]);
  assertEquals(target.lane.attempts, 0, "what was never sent is no attempt");
});

/** Creates an attempt that was sent on the straight way. */
function sent(call: Call, { admit, clock }: ReturnType<typeof setUp>) {
  call.attempts = 1;
  call.attemptedAtMs = clock.now();
  call.controller = new AbortController();
  return admit(call);
}

test("Race.run() takes over an attempt that is under way, and sends another one beside it at once", async () => {
  const clock = clockOf();
  for (const isFirst of [true, false]) {
    const made = setUp(late(clock, 30, json("second")), clock);
    const { origin, target, admit, race, scheduler } = made;
    const call = fakeCall();
    const admission = sent(call, made);
    const first = new Promise<Response>((resolve) =>
      clock.setTimeout(() => resolve(Response.json("first")), isFirst ? 10 : 50)
    );
    const opening = { admission, answer: first, rival: admit(call) };
    const [ending] = await clock.run(race(call).run({ target, opening }));

    assertEquals(ending?.reply?.body, isFirst ? '"first"' : '"second"');
    assertEquals([call.attempts, origin.calls, call.controller!.signal.aborted], [2, 1, !isFirst]);
    await clock.advance(100);
    assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
  }
});

test("Race.run() stops the attempt of a call that was stopped while nothing could reach the attempt", async () => {
  const made = setUp(hanging());
  const { clock, target, admit, race, scheduler, origin } = made;
  const call = fakeCall();
  const admission = sent(call, made);
  const { signal } = call.controller!;
  const answer = new Promise<Response>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason))
  );
  const rival = admit(call);
  call.cancel("gone");
  const [ending] = await race(call).run({ target, opening: { admission, answer, rival } });

  assertEquals([ending?.error, signal.reason, origin.calls], ["gone", "gone", 0]);
  await clock.advance(0);
  assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
});

test("Race sends a second attempt to a target that admits it, and says where the answer came from", async () => {
  const clock = clockOf();
  const made = setUp([hanging(), late(clock, 10, json(2))], clock);
  const { target, admit, environment, hedger, scheduler } = made;
  const call = fakeCall();
  const asked: boolean[] = [];
  const other: Target = { ...target, url: "https://a.test/other" };
  const field: RaceField = {
    rivals: (toNextMirror) => {
      asked.push(toNextMirror);
      return [other];
    },
    isDecisive: (where) => where === other,
  };
  const race = new Race(hedger, environment, call, field);
  const [ending] = await clock.run(race.run({ target, admission: admit(call) }));

  assert(ending !== undefined);
  assertStrictEquals(ending.target, other);
  assertStrictEquals(call.target, other);
  assertEquals(asked, [false]);
  await clock.advance(0);
  assertEquals([scheduler.inFlight, clock.pending], [0, 0]);
});

test("Race records how long attempts take; a first attempt that loses counts as slow, whatever time it took", async () => {
  const answered: number[] = [];
  const slow: number[] = [];
  class Noting extends Hedger {
    override get notesLatencies(): boolean {
      return true;
    }

    override noteAnswer(_lane: unknown, _status: number, latencyMs: number): void {
      answered.push(latencyMs);
    }

    override noteLatency(_lane: unknown, latencyMs: number): void {
      slow.push(latencyMs);
    }
  }
  const clock = new ManualClock({ nowMs: 5_000 });
  const { environment, target, admit } = setUp([hanging(), late(clock, 10, json(2))], clock);
  const elapsed: unknown[] = [];
  const emit = (event: ClientEvent): void => {
    if (event.type === "hedge") elapsed.push([event.state, event.elapsedMs]);
  };
  const field: RaceField = { rivals: () => [target], isDecisive: () => true };
  const call = fakeCall();
  const told = { ...environment, reporter: { active: true, emit } };
  const race = new Race(new Noting({ afterMs: 60 }, clock), told, call, field);
  await clock.run(race.run({ target, admission: admit(call) }));
  assertEquals([answered, slow, elapsed], [[10], [70], [["sent", 60], ["won", 70]]]);
});
