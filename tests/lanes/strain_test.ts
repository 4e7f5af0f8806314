import { assert, assertEquals } from "@std/assert";
import { LaneLimit } from "../../src/lanes/lane_limit.ts";
import { Strain } from "../../src/lanes/strain.ts";
import { test } from "../support/test.ts";

/** A lane with twenty attempts in flight, and the results that it records. */
class Origin {
  readonly limit: LaneLimit;
  inFlight: number;
  succeeded = 0;
  failed = 0;
  succeededAtMs = -Infinity;
  failedAtMs = -Infinity;
  rescuedAtMs = -Infinity;
  nowMs = 0;
  #strain: Strain | undefined;

  constructor(most = 20, inFlight = 20) {
    this.limit = new LaneLimit(most);
    this.inFlight = inFlight;
  }

  get strain(): Strain {
    return this.#strain ??= new Strain(this, this.nowMs);
  }

  /** Makes attempts fail, each of which took this long. */
  fail(times = 1, tookMs = 0): this {
    for (let nth = 0; nth < times; nth++) {
      this.nowMs++;
      this.failed++;
      this.failedAtMs = this.nowMs - tookMs;
      this.strain.note(this, this.nowMs);
    }
    return this;
  }

  /** Makes attempts succeed that began this long ago. */
  succeed(times = 1, startedMs = 0): this {
    this.nowMs++;
    this.succeeded += times;
    this.succeededAtMs = this.nowMs - startedMs;
    for (let nth = 0; nth < times; nth++) this.#strain?.noteServed(this.succeededAtMs);
    return this;
  }

  /** Sends requests as soon as the strain allows them, and makes them end as `serves` says. Returns the gap after the last one. */
  send(times: number, serves: boolean): number {
    for (let nth = 0; nth < times; nth++) {
      this.nowMs = Math.max(this.nowMs, this.strain.blockedUntilMs(this.nowMs));
      this.strain.noteSent(this.nowMs);
      if (serves) {
        this.succeeded++;
        this.succeededAtMs = this.nowMs;
        this.strain.noteServed(this.nowMs);
      } else {
        this.failed++;
        this.failedAtMs = this.nowMs;
        this.strain.note(this, this.nowMs);
      }
    }
    return this.strain.blockedUntilMs(this.nowMs) - this.nowMs;
  }

  refresh(): void {}

  rescue(): this {
    this.rescuedAtMs = this.nowMs;
    return this.succeed();
  }
}

test("Strain.note() halves the limit once per limit's worth of attempts when half of them fail and retries succeed", () => {
  const origin = new Origin().fail().rescue().succeed(8).fail(9);
  assertEquals(origin.limit.current, 20);
  origin.fail();
  assertEquals(origin.limit.current, 10);
  origin.succeed(5).fail(4);
  assertEquals(origin.limit.current, 10);
  origin.fail();
  assertEquals(origin.limit.current, 5);
});

test("Strain.note() goes by the requests in flight where there is no limit, and by at least ten attempts", () => {
  for (const [inFlight, left] of [[40, 20], [3, 1]] as const) {
    const origin = new Origin(Infinity, inFlight).fail().rescue();
    origin.fail(Math.max(10, inFlight) - 3);
    assertEquals(origin.limit.current, Infinity);
    origin.fail();
    assertEquals(origin.limit.current, left);
  }
});

test("Strain.note() lowers no limit in an outage, nor after successes of attempts that were sent before it", () => {
  assertEquals(new Origin().rescue().fail(200).limit.current, 20);
  assertEquals(new Origin().rescue().fail().succeed(5, 1_000).fail(14).limit.current, 20);
});

test("Strain.note() lowers no limit for requests that always fail: no retry has succeeded, or none lately", () => {
  const never = new Origin();
  const longAgo = new Origin().rescue();
  longAgo.nowMs += 10_001;
  for (const origin of [never, longAgo]) {
    for (let nth = 0; nth < 20; nth++) origin.fail(5).succeed(4);
    assertEquals(origin.limit.current, 20);
  }
});

test("Strain.note() goes back at once when the first attempt beyond what was not too much fails", () => {
  const origin = new Origin().fail().rescue().succeed(8).fail(10);
  assertEquals(origin.limit.current, 10);
  origin.succeed(5).fail(5);
  assertEquals(origin.limit.current, 5);
  for (; origin.limit.current < 10;) origin.limit.gain(100, 0);
  origin.fail();
  assertEquals(origin.limit.current, 9);
  origin.fail();
  assertEquals(origin.limit.current, 9);
});

test("Strain.note() restores nothing of a limit that was lowered for another reason", () => {
  const origin = new Origin().fail();
  origin.limit.halve(20, false);
  origin.limit.halve(8, false);
  for (; origin.limit.current < 10;) origin.limit.gain(100, 0);
  origin.fail();
  assertEquals(origin.limit.current, 10);
});

test("Strain.note() lowers no limit while less than half of the attempts fail", () => {
  const origin = new Origin();
  for (let nth = 0; nth < 50; nth++) origin.fail(4).rescue().succeed(5);
  assertEquals(origin.limit.current, 20);
});

test("Strain.note() keeps lowering while a quarter of the attempts fail, once it has lowered the limit", () => {
  const origin = new Origin();
  const limits = (succeeded: number): number => {
    for (let nth = 0; nth < 6; nth++) origin.succeed(succeeded).fail();
    return origin.limit.current;
  };
  assertEquals(limits(3), 20);
  origin.rescue();
  while (origin.limit.current === 20) origin.fail();
  assertEquals(limits(4), 10);
  assertEquals(limits(2), 5);
});

test("Strain.note() neither lowers nor restores a limit that is lower for another reason", () => {
  for (const inFlight of [20, 10, 2]) {
    const origin = new Origin();
    origin.limit.halve(inFlight, false);
    const before = origin.limit.current;
    for (let nth = 0; nth < 100; nth++) origin.succeed().fail();
    assertEquals(origin.limit.current, before);
  }
});

test("Strain.note() restores the limit if attempts fail one by one as well, and does not try again for a minute", () => {
  const origin = new Origin();
  /** Returns the limits that occur while every other attempt fails. */
  const limits = (times: number): ReadonlySet<number> => {
    const seen = new Set<number>();
    for (let nth = 0; nth < times; nth++) seen.add(origin.fail().rescue().limit.current);
    return seen;
  };
  assertEquals([...limits(30)], [20, 10, 5, 2, 1]);
  assertEquals([...limits(500)], [20]);
  assertEquals(origin.limit.isNew, true);
  origin.nowMs += 60_000;
  assertEquals([...limits(15)], [20, 10]);
});

test("Strain.note() halves the limit when attempts fail late, though others sent with them have succeeded soon", () => {
  for (const succeeded of [20, 30]) {
    const origin = new Origin().fail().rescue();
    origin.nowMs += 1_000;
    origin.succeed(succeeded - 1).nowMs += 4_500;
    origin.fail(succeeded - 2, 5_000);
    assertEquals(origin.limit.current, 20);
    origin.fail(1, 5_000);
    assertEquals(origin.limit.current, 10, `${succeeded}`);
  }
});

test("Strain.note() halves the limit for late failures only if a retry succeeded shortly before they began", () => {
  for (const isRescued of [true, false]) {
    for (const [afterMs, left] of [[9_000, 10], [11_000, 20]] as const) {
      const origin = new Origin().fail();
      if (isRescued) origin.rescue();
      origin.nowMs += afterMs + 100;
      origin.succeed(5).nowMs += 29_900;
      origin.fail(20, 30_000);
      assertEquals(origin.limit.current, isRescued ? left : 20, `${isRescued} ${afterMs}`);
    }
  }
});

test("Strain.note() learns nothing from attempts that began before the limit was lowered to its present value", () => {
  const origin = new Origin().fail().rescue().succeed(5);
  origin.nowMs += 5_000;
  origin.fail(19, 5_000);
  assertEquals(origin.limit.current, 10);
  origin.succeed().fail(100, 5_000);
  assertEquals(origin.limit.current, 10);
  origin.nowMs += 5_000;
  origin.succeed(5).fail(10, 1_000);
  assertEquals(origin.limit.current, 5);
});

test("Strain.note() keeps lowering while all attempts fail late, once it has lowered the limit", () => {
  const origin = new Origin().fail().rescue().succeed(5);
  origin.nowMs += 5_000;
  origin.fail(19, 5_000);
  const limits: number[] = [];
  for (let nth = 0; nth < 4; nth++) {
    origin.nowMs += 5_000;
    limits.push(origin.fail(10, 4_000).limit.current);
  }
  // A single attempt fails as well: the number in flight is not the cause.
  assertEquals(limits, [5, 2, 1, 20]);
});

test("Strain.note() halves the limit when all attempts hang, also without earlier signs, and soon tries more again", () => {
  for (const origin of [new Origin(6, 6), new Origin(6, 6).fail().rescue()]) {
    origin.nowMs += 30_000;
    origin.fail(4, 30_000);
    assertEquals(origin.limit.current, 6);
    origin.fail(1, 30_000);
    assertEquals(origin.limit.current, 3);
    const succeedAt = (nowMs: number): void => {
      for (let nth = 0; nth < 1_000; nth++) origin.limit.gain(100, nowMs);
    };
    succeedAt(origin.nowMs + 29_000);
    assertEquals(origin.limit.current, 5);
    succeedAt(origin.nowMs + 30_000);
    assertEquals(origin.limit.current, 6);
  }
});

test("Strain.note() lowers no limit the first time that all attempts hang, if as many had gone well for long", () => {
  for (const [before, otherFailures, left] of [[80, 0, 20], [79, 0, 10], [80, 1, 10]] as const) {
    const origin = new Origin().succeed(before);
    if (otherFailures > 0) origin.fail(otherFailures).succeed();
    origin.nowMs += 3_000;
    origin.fail(20, 3_000);
    assertEquals(origin.limit.current, left, `${before} ${otherFailures}`);
  }
  const again = new Origin();
  for (const [before, left] of [[1_000, 20], [0, 10], [39, 5], [20, 5]] as const) {
    if (before > 0) again.succeed(before);
    again.nowMs += 3_000;
    again.fail(20, 3_000);
    assertEquals(again.limit.current, left, `${before}`);
  }
});

test("Strain.note() keeps the places of attempts free that still hang after the limit was lowered", () => {
  const origin = new Origin(20, 20);
  origin.nowMs += 30_000;
  origin.fail(5, 30_000);
  const limits: number[] = [];
  for (const inFlight of [15, 9, 4, 1]) {
    origin.inFlight = inFlight;
    limits.push(origin.fail(1, 30_000).limit.current);
  }
  assertEquals(limits, [10, 8, 3, 1]);
});

test("Strain.note() ignores a few hanging attempts beside others that succeed, or one by one", () => {
  const beside = new Origin();
  beside.nowMs += 30_000;
  for (let nth = 0; nth < 9; nth++) {
    // An attempt that began later has succeeded.
    beside.succeed().fail(1, 30_000);
  }
  const alone = new Origin();
  for (let nth = 0; nth < 9; nth++) {
    alone.nowMs += 30_000;
    alone.fail(4, 30_000).succeed().fail(1, 1_000);
  }
  assertEquals([beside.limit.current, alone.limit.current], [20, 20]);
});

test("Strain.note() goes back when the first attempt beyond what was not too much fails late", () => {
  const origin = new Origin().fail().rescue().succeed(8).fail(10);
  origin.succeed(5).fail(5);
  for (; origin.limit.current < 10;) origin.limit.gain(100, origin.nowMs);
  origin.nowMs += 5_000;
  origin.fail(1, 5_000);
  assertEquals(origin.limit.current, 9);
});

test("Strain.note() goes back once for all attempts that were sent before it did, whether they hang or fail soon", () => {
  for (const [firstMs, restMs] of [[5_000, 5_000], [0, 5_000], [5_000, 0]] as const) {
    const origin = new Origin().fail().rescue().succeed(8).fail(10);
    origin.succeed(5).fail(5);
    for (; origin.limit.current < 10;) origin.limit.gain(100, origin.nowMs);
    origin.nowMs += 5_000;
    origin.fail(1, firstMs).fail(8, restMs);
    assertEquals(origin.limit.current, 9, `${firstMs} ${restMs}`);
  }
});

/** An origin that serves a request each so many milliseconds, and refuses two others, although they go one by one. */
function paced(everyMs: number): Origin {
  const origin = new Origin();
  while (!origin.strain.isPacing) {
    origin.nowMs += everyMs - 3;
    origin.fail(2).rescue();
  }
  return origin;
}

test("Strain sends requests at the pace at which they were served, if most are refused although they go one by one", () => {
  const origin = paced(100);
  assert(origin.strain.blockedUntilMs(origin.nowMs) > origin.nowMs);
  const gapMs = origin.send(1, true);
  assert(gapMs >= 90 && gapMs <= 110, `${gapMs}`);
  // It tries shorter gaps, as a pace does.
  assert(origin.send(4, true) < 0.6 * gapMs);
  origin.send(1, false);
  assertEquals(origin.strain.isPacing, true);
});

test("Strain lets as many requests be in flight at a pace as without a limit", () => {
  const origin = paced(100);
  assertEquals(origin.limit.current, 20);
  origin.send(1, false);
  assertEquals(origin.limit.current, 20);
});

test("Strain does not judge a pace by an attempt that began before it, nor by one that fails late", () => {
  const origin = paced(100);
  origin.inFlight = 1;
  for (let nth = 0; nth < 4; nth++) origin.fail(1, 50);
  origin.fail(1, 5_000);
  assertEquals(origin.strain.isPacing, true);
});

test("Strain restores the limit if a pace does not help, and does not try one again for a minute", () => {
  const origin = paced(100);
  origin.send(2, false);
  assertEquals([origin.strain.isPacing, origin.limit.isNew], [false, true]);
  assert(origin.strain.blockedUntilMs(origin.nowMs) <= origin.nowMs);
  for (let nth = 0; nth < 100; nth++) origin.fail().rescue();
  assertEquals([origin.strain.isPacing, origin.limit.isNew], [false, true]);
});

test("Strain.note() does not try again for eight times as long as it took to find out that lowering is useless", () => {
  const origin = new Origin();
  /** Makes every other attempt fail, one a second. */
  const until = (isReached: (limit: number) => boolean): number => {
    while (!isReached(origin.limit.current)) {
      origin.nowMs += 1_000;
      origin.fail().rescue();
    }
    return origin.nowMs;
  };
  const loweredAtMs = until((limit) => limit < 20);
  const restoredAtMs = until((limit) => limit === 20);
  const againAtMs = until((limit) => limit < 20);
  const times = (againAtMs - restoredAtMs) / (restoredAtMs - loweredAtMs);
  assert(times >= 8 && times < 9, `${times} times`);
});

test("Strain.noteOutage() halves the limit when few attempts, but some, have succeeded since the previous outage", () => {
  for (const [succeeded, left] of [[0, 20], [1, 10], [40, 10], [41, 20]] as const) {
    const origin = new Origin().fail(20);
    origin.strain.noteOutage(origin, origin.nowMs);
    assertEquals(origin.limit.current, 20);
    origin.strain.noteRecovery(origin, origin.nowMs);
    origin.succeed(succeeded);
    origin.strain.noteOutage(origin, origin.nowMs);
    assertEquals(origin.limit.current, left, `${succeeded}`);
  }
});

test("Strain.noteOutage() lowers nothing long after the previous outage ended, however few have succeeded since", () => {
  for (const [afterMs, left] of [[10_000, 10], [10_001, 20], [3_600_000, 20]] as const) {
    const origin = new Origin().fail(20);
    origin.strain.noteOutage(origin, origin.nowMs);
    origin.succeed().strain.noteRecovery(origin, origin.nowMs);
    origin.succeed(5);
    // An attempt that took long to fail may have been sent soon after the recovery.
    origin.failedAtMs = origin.nowMs - 1 + afterMs;
    origin.strain.noteOutage(origin, origin.failedAtMs + 30_000);
    assertEquals(origin.limit.current, left, `${afterMs}`);
  }
});

test("Strain.noteRecovery() halves the limit if the origin served only some of a rush after the breaker opened", () => {
  for (const [served, left] of [[0, 20], [1, 10], [8, 10], [41, 20]] as const) {
    const origin = new Origin().fail(20);
    origin.strain.noteOutage(origin, origin.nowMs);
    origin.succeed().strain.noteRecovery(origin, origin.nowMs);
    origin.fail(12).strain.noteOutage(origin, origin.nowMs);
    // Served attempts take longer than refused ones; the last success is the probe.
    origin.succeed(served).succeed();
    assertEquals(origin.limit.current, 20);
    origin.inFlight = 1;
    origin.strain.noteRecovery(origin, origin.nowMs);
    assertEquals(origin.limit.current, left, `${served}`);
  }
});

test("Strain.noteRecovery() halves no limit after a first outage, whatever was served during it", () => {
  const origin = new Origin().fail(20);
  origin.strain.noteOutage(origin, origin.nowMs);
  origin.succeed(9).strain.noteRecovery(origin, origin.nowMs);
  assertEquals(origin.limit.current, 20);
});

/** Lets an outage begin soon after the latest recovery, and end after this time; as many attempts succeeded in all. */
function relapse(origin: Origin, served: number, forMs: number): void {
  origin.succeed(served - 1).fail(12).strain.noteOutage(origin, origin.nowMs);
  origin.nowMs += forMs - 15;
  origin.succeed().strain.noteRecovery(origin, origin.nowMs);
}

test("Strain.noteRecovery() sends requests at the pace at which they were served, once three outages in a row follow on rushes", () => {
  for (const [served, gapMs] of [[1, 1_000], [5, 800], [40, 100]] as const) {
    const origin = new Origin().fail(20);
    origin.strain.noteOutage(origin, origin.nowMs);
    origin.succeed().strain.noteRecovery(origin, origin.nowMs);
    for (let nth = 0; nth < 2; nth++) {
      relapse(origin, served, 4_000);
      assertEquals(origin.strain.isPacing, false);
    }
    relapse(origin, served, 4_000);
    assertEquals([origin.strain.isPacing, origin.limit.current], [true, 20]);
    const gap = origin.strain.blockedUntilMs(origin.nowMs) - origin.nowMs;
    assert(gap >= 0.95 * gapMs && gap <= 1.05 * gapMs, `${served}: ${gap}`);
  }
});

test("Strain.noteRecovery() begins no pace if an outage comes late, or after so much as an origin that counts would not serve", () => {
  for (const interruption of ["late", "served"]) {
    const origin = new Origin().fail(20);
    origin.strain.noteOutage(origin, origin.nowMs);
    origin.succeed().strain.noteRecovery(origin, origin.nowMs);
    for (let nth = 0; nth < 2; nth++) relapse(origin, 1, 4_000);
    if (interruption === "late") origin.nowMs += 10_001;
    relapse(origin, interruption === "served" ? 81 : 1, 4_000);
    for (let nth = 0; nth < 2; nth++) relapse(origin, 1, 4_000);
    assertEquals(origin.strain.isPacing, false, interruption);
    relapse(origin, 1, 4_000);
    assertEquals(origin.strain.isPacing, true, interruption);
  }
});

test("Strain.noteRecovery() begins no pace if the outages begin with failures that come late", () => {
  const origin = new Origin().fail(20);
  origin.strain.noteOutage(origin, origin.nowMs);
  origin.succeed().strain.noteRecovery(origin, origin.nowMs);
  for (let nth = 0; nth < 4; nth++) {
    origin.nowMs += 1_000;
    origin.fail(1, 1_000).strain.noteOutage(origin, origin.nowMs);
    origin.succeed().strain.noteRecovery(origin, origin.nowMs);
  }
  assertEquals(origin.strain.isPacing, false);
});

test("Strain.noteRecovery() begins a pace also after fewer at once have not helped, but not soon after one that has not", () => {
  const origin = new Origin().fail().rescue();
  while (!origin.limit.isLeast) origin.succeed().fail(1).rescue().fail(9);
  while (!origin.limit.isNew) origin.rescue().fail(1);
  for (let nth = 0; nth < 4; nth++) relapse(origin, 1, 4_000);
  assertEquals(origin.strain.isPacing, true);
  origin.send(8, false);
  assertEquals(origin.strain.isPacing, false);
  for (let nth = 0; nth < 6; nth++) relapse(origin, 1, 4_000);
  assertEquals(origin.strain.isPacing, false);
});

test("Strain.hasRelapsed() says for ten seconds that an outage which began soon after a recovery is over", () => {
  const origin = new Origin().fail(20);
  origin.strain.noteOutage(origin, origin.nowMs);
  origin.succeed().strain.noteRecovery(origin, origin.nowMs);
  assertEquals(origin.strain.hasRelapsed(origin.nowMs), false);
  relapse(origin, 1, 4_000);
  assertEquals([10_000, 10_001].map((ms) => origin.strain.hasRelapsed(origin.nowMs + ms)), [true, false]);
});

test("Strain keeps a pace at which two thirds of the requests are served, whatever is refused", () => {
  const origin = paced(100);
  for (let nth = 0; nth < 8; nth++) {
    origin.send(5, true);
    origin.send(2, false);
  }
  assertEquals(origin.strain.isPacing, true);
  origin.send(8, false);
  assertEquals(origin.strain.isPacing, false);
});

test("Strain gives a pace up that was of use for long, once half of the requests are refused at it", () => {
  const origin = paced(100);
  origin.send(1_000, true);
  for (let nth = 0; nth < 50 && origin.strain.isPacing; nth++) {
    origin.send(1, true);
    origin.send(1, false);
  }
  assertEquals(origin.strain.isPacing, false);
});

test("Strain begins with one fast failure alone, however late on its clock, or with all attempts so far if it was slow", () => {
  for (const [tookMs, left] of [[0, 20], [999, 20], [1_000, 10]] as const) {
    const origin = new Origin();
    origin.nowMs = 3_600_000;
    // Before the first failure the origin was well, except for results that Strain does not look at.
    origin.succeed(1).rescue();
    origin.failed += 19;
    origin.fail(1, tookMs);
    assertEquals(origin.limit.current, left, `${tookMs} ms`);
  }
});
