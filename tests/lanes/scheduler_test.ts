import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { CircuitOpenError, HttpError } from "../../mod.ts";
import { Admission } from "../../src/lanes/admission.ts";
import { AdmissionWaiter } from "../../src/lanes/admission_waiter.ts";
import type { Runnable } from "../../src/lanes/claimant.ts";
import type { Errand } from "../../src/lanes/errand.ts";
import { KeyLine } from "../../src/lanes/key_line.ts";
import { KeyedLines } from "../../src/lanes/keyed_lines.ts";
import { Lane, type LaneOptions, type Sleeper } from "../../src/lanes/lane.ts";
import { LimitBook } from "../../src/lanes/limit_book.ts";
import type { Scheduler, SchedulerOptions } from "../../src/lanes/scheduler.ts";
import { type Place, Waiter } from "../../src/lanes/waiter.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import type { Bucket } from "../../src/primitives/bucket.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { microtasks } from "../support/microtasks.ts";
import { rejection, watch } from "../support/settled.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";
import { mortalDeadlines } from "./mortal_deadlines.ts";
import { schedulerOn } from "./scheduler_on.ts";

/** A request in line that records how it ended. If `mustBeRun`, the code that admits it has to run it. */
class Guest extends Waiter<Lane> implements Runnable {
  at: Lane | undefined = undefined;
  ticket = -1;
  error: Error | undefined = undefined;
  hasRun = false;
  readonly #mustBeRun: boolean;

  constructor(errand: Errand, lanes: readonly Lane[], isUrgent: boolean, mustBeRun: boolean) {
    super(errand, lanes, isUrgent);
    this.#mustBeRun = mustBeRun;
  }

  onAdmitted(lane: Lane, ticket: number): Runnable | undefined {
    this.at = lane;
    this.ticket = ticket;
    return this.#mustBeRun ? this : undefined;
  }

  onRefused(error: Error): void {
    this.error = error;
  }

  run(): void {
    this.hasRun = true;
  }
}

interface GuestOptions {
  readonly errand?: Errand;
  readonly isUrgent?: boolean;
  readonly mustBeRun?: boolean;
}

function setUp(
  { capacity = 1, ...options }: Partial<SchedulerOptions> & { readonly capacity?: number } = {},
) {
  const clock = new ManualClock();
  const semaphore = options.semaphore ?? new Semaphore(capacity);
  const scheduler = schedulerOn(clock, { ...options, semaphore });
  /** A lane without a warm-up, whose breaker opens at the first failure. */
  const lane = (name = "a", given: Partial<LaneOptions> = {}): Lane => {
    const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 100, clock });
    const made = new Lane({ key: `http://${name}.test`, breaker, bucket: undefined, ...given });
    scheduler.adopt(made);
    return made;
  };
  /** Puts a request in line, or admits it at once. */
  const wait = (lanes: Lane | readonly Lane[], options: GuestOptions = {}): Guest => {
    const { errand = patient(), isUrgent = false, mustBeRun = false } = options;
    const guest = new Guest(errand, lanes instanceof Lane ? [lanes] : lanes, isUrgent, mustBeRun);
    scheduler.wait(guest, clock.now());
    return guest;
  };
  return { clock, scheduler, semaphore, lane, wait };
}

function patient(settings: Partial<Settings> = {}): Errand {
  return fakeCall({ settings: { onOpen: "wait", ...settings } });
}

function single(priority = 0): Errand {
  return fakeCall({ settings: { priority } });
}

function open(scheduler: Scheduler, lane: Lane): void {
  scheduler.reports.judge(lane, lane.breaker!.enter(), "failure", scheduler.now());
}

function pause(scheduler: Scheduler, lane: Lane, forMs: number): void {
  lane.pauseFor(
    { untilMs: scheduler.now() + forMs, isNamed: true, status: 503, headers: new Headers() },
    scheduler.now(),
    false,
  );
  scheduler.examine(lane);
}

function namesOf(guests: readonly Guest[]): (string | undefined)[] {
  return guests.map(({ at }) => at?.key);
}

function admitted(guests: readonly Guest[]): number[] {
  return guests.flatMap(({ at }, index) => at === undefined ? [] : [index]);
}

test("Scheduler.tryEnter() takes a permit and gives the breaker's ticket", () => {
  const { scheduler, semaphore, lane } = setUp({ capacity: 2 });
  const a = lane();
  assertEquals(scheduler.tryEnter(a, 0), a.breaker!.enter());
  const { attempts, inFlight } = a;
  assertEquals([attempts, inFlight, scheduler.inFlight, semaphore.inUse, scheduler.round.isIdle], [
    1,
    1,
    1,
    1,
    true,
  ]);
  scheduler.tryEnter(a, 0);
  assert(!scheduler.round.isIdle);
});

test("Scheduler.tryEnter() admits no request while any condition holds it up, and takes no permit or token for it", () => {
  const cases: Record<string, (made: ReturnType<typeof setUp>) => Lane> = {
    permit: ({ semaphore, lane }) => {
      semaphore.tryAcquire(2);
      return lane();
    },
    limit: ({ lane }) => lane("a", { maxInFlight: 0 }),
    pause: ({ scheduler, lane }) => {
      const paused = lane();
      pause(scheduler, paused, 10);
      return paused;
    },
    breaker: ({ scheduler, lane }) => {
      const opened = lane();
      open(scheduler, opened);
      return opened;
    },
    "warm-up": ({ lane }) => lane("a", { key: "https://a.test", warmsUp: () => true }),
    token: ({ lane, clock }) => {
      const bucket = new TokenBucket({ limit: 1, intervalMs: 1_000, burst: 1, clock });
      bucket.tryTake();
      return lane("a", { bucket });
    },
    line: ({ lane, wait, semaphore }) => {
      const [paused, other] = [lane(), lane("b")];
      semaphore.tryAcquire(2);
      wait(other);
      return paused;
    },
  };
  for (const [name, prepare] of Object.entries(cases)) {
    const made = setUp({ capacity: 2 });
    const lane = prepare(made);
    const before = made.semaphore.inUse;
    assertEquals([name, made.scheduler.tryEnter(lane, 0)], [name, -1]);
    assertEquals([name, made.semaphore.inUse, lane.inFlight, lane.attempts], [name, before, 0, 0]);
  }
});

test("Scheduler.tryEnter() refuses a lane that already holds its share of the permits", () => {
  const { scheduler, lane, wait } = setUp({ capacity: 4 });
  const [a, b] = [lane("a"), lane("b")];
  const tickets = [a, b, a, a].map((lane) => scheduler.tryEnter(lane, 0));
  assertEquals(tickets.map((ticket) => ticket >= 0), [true, true, true, false]);
  // No other lane wants the permit, so that the lane's own line gets it.
  assertStrictEquals(wait(a).at, a);
});

test("Scheduler.admit() gives an admission at once if there is nothing to wait for", () => {
  const { scheduler, semaphore, lane } = setUp();
  const a = lane();
  const admission = scheduler.admit(single(), [a], false);
  assertInstanceOf(admission, Admission);
  assertEquals([admission.isProbe, a.inFlight, semaphore.inUse], [false, 1, 1]);
  admission.judge("success");
  admission.release();
  assertEquals([a.succeeded, a.inFlight, scheduler.inFlight, semaphore.inUse], [1, 0, 0, 0]);
});

test("Scheduler.admit() gives a promise otherwise, which resolves when another request gives its permit back", async () => {
  const { scheduler, lane } = setUp();
  const a = lane();
  const first = scheduler.admit(single(), [a], false);
  const second = scheduler.admit(single(), [a], false);
  assertInstanceOf(first, Admission);
  assertInstanceOf(second, AdmissionWaiter);
  first.release();
  const admission = await second.admission;
  assertEquals([admission.lane.key, a.inFlight, a.queued], [a.key, 1, 0]);
});

test("Scheduler.admit() sends a single request as a probe when one is due, and refuses others while it is in flight", async () => {
  const { scheduler, lane, clock } = setUp({ capacity: 5 });
  const a = lane();
  open(scheduler, a);
  await clock.advance(100);
  const probe = scheduler.admit(single(), [a], false);
  assertInstanceOf(probe, Admission);
  assert(probe.isProbe);
  const beside = scheduler.admit(single(), [a], false);
  assertInstanceOf(beside, AdmissionWaiter);
  assertInstanceOf(await rejection(beside.admission), CircuitOpenError);
  assertEquals(a.inFlight, 1);
});

test("Scheduler.admit() prefers the first lane that admits now, in the order of the mirrors", () => {
  const { scheduler, lane } = setUp({ capacity: 3 });
  const [a, b] = [lane("a"), lane("b")];
  const keyOf = (): string => (scheduler.admit(single(), [a, b], false) as Admission).lane.key;
  assertEquals(keyOf(), a.key);
  pause(scheduler, a, 10);
  assertEquals(keyOf(), b.key);
});

test("Scheduler.admit() makes a request that has slept wait for room in its batch, and counts it as active when it goes on", () => {
  const { scheduler, lane } = setUp({ capacity: 5 });
  const allowance = fakeAllowance(1, 1);
  allowance.asleep = 2;
  const sleepers = [1, 2].map(() => Object.assign(fakeCall({ allowance }), { isAsleep: true }));
  const a = lane();
  const waiting = scheduler.admit(sleepers[0]!, [a], false);
  assertInstanceOf(waiting, AdmissionWaiter);
  allowance.active = 0;
  assertInstanceOf(scheduler.admit(sleepers[1]!, [lane("b")], false), Admission);
  assertEquals([allowance.active, allowance.asleep, sleepers.map(({ isAsleep }) => isAsleep)], [1, 1, [
    true,
    false,
  ]]);
});

test("Scheduler.wait() serves a lane in the order in which requests came", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  const guests = Array.from({ length: 4 }, () => wait(a));
  for (const expected of [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]) {
    assertEquals(admitted(guests), expected);
    scheduler.release(a);
  }
  assertEquals([a.inFlight, scheduler.inFlight], [0, 0]);
});

test("Scheduler.wait() serves urgent requests of a lane first, and then by priority", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  wait(a);
  const [plain, high, low, urgent] = [
    wait(a),
    wait(a, { errand: patient({ priority: 2 }) }),
    wait(a, { errand: patient({ priority: -2 }) }),
    wait(a, { isUrgent: true }),
  ];
  for (const expected of [urgent, high, plain, low]) {
    assertEquals(expected.at, undefined);
    scheduler.release(a);
    assertStrictEquals(expected.at, a);
  }
});

test("Scheduler.wait() serves the lane whose first request has the highest priority, in whatever order they came", () => {
  const { scheduler, lane, wait } = setUp();
  const lanes = ["a", "b", "c", "d"].map((name) => lane(name));
  wait(lanes[0]!);
  const guests = [0, 3, 1, 2].map((priority, index) =>
    wait(lanes[index]!, { errand: patient({ priority }) })
  );
  let busy = lanes[0]!;
  for (const expected of [1, 3, 2, 0]) {
    assertEquals(guests[expected]!.at, undefined);
    scheduler.release(busy);
    busy = lanes[expected]!;
    assertStrictEquals(guests[expected]!.at, busy);
  }
});

test("Scheduler counts a waiting request as asleep in its batch, and as active once it is admitted", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  const allowance = fakeAllowance(3, 5);
  const errands = [1, 2, 3].map(() => fakeCall({ allowance }));
  for (const errand of errands) wait(a, { errand });
  assertEquals([allowance.active, allowance.asleep], [1, 2]);
  scheduler.release(a);
  assertEquals([allowance.active, allowance.asleep], [2, 1]);
  assertEquals(errands.map(({ isAsleep }) => isAsleep), [false, false, true]);
});

test("Scheduler passes over requests whose batch has no room, and admits them when it has", () => {
  const { scheduler, lane, wait } = setUp({ capacity: 3 });
  const a = lane();
  const allowance = fakeAllowance(1, 1);
  pause(scheduler, a, 10);
  const guests = [wait(a, { errand: fakeCall({ allowance }) }), wait(a)];
  allowance.active = 1;
  assertEquals(a.pauseLeftMs(10), 0);
  scheduler.examine(a);
  assertEquals([admitted(guests), allowance.hasRefused], [[1], true]);

  allowance.active = 0;
  scheduler.makeRoom(allowance);
  assertEquals([admitted(guests), allowance.active, allowance.hasRefused], [[0, 1], 1, false]);
});

test("Scheduler passes over requests that have aborted but have not been told yet", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  wait(a);
  const aborted = Object.defineProperty(patient(), "isAborted", { value: true });
  const guests = [wait(a, { errand: aborted }), wait(a)];
  scheduler.release(a);
  assertEquals(admitted(guests), [1]);
});

test("Scheduler.raise() moves a waiting request forward in line, and never back", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  wait(a);
  const guests = [1, 1, 1].map((priority) => wait(a, { errand: patient({ priority }) }));
  scheduler.raise(guests[0]!, 0);
  scheduler.raise(guests[2]!, 5);
  scheduler.release(a);
  assertEquals(admitted(guests), [2]);
  scheduler.release(a);
  assertEquals(admitted(guests), [0, 2]);
  // A request that is no longer in line keeps its priority.
  scheduler.raise(guests[2]!, 9);
  assertEquals([a.queued, guests[2]!.priority], [1, 5]);
});

test("Scheduler.leave() takes a request out of line for good, and admits those behind it", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  wait(a);
  const guests = [wait(a), wait(a)];
  scheduler.leave(guests[0]!);
  scheduler.leave(guests[0]!);
  assertEquals([a.queued, guests[0]!.isWaiting, guests[0]!.isCancelled], [1, false, true]);
  scheduler.release(a);
  assertEquals(admitted(guests), [1]);
});

test("Scheduler.round.hold() admits no request until its work is done, even if the work throws", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  wait(a);
  const guests = [wait(a), wait(a), wait(a)];
  scheduler.round.hold(() => {
    scheduler.release(a);
    scheduler.round.hold(() => scheduler.leave(guests[0]!));
    assertEquals(admitted(guests), []);
  });
  assertEquals(admitted(guests), [1]);
  const work = (): never => {
    scheduler.release(a);
    throw new Error("not done");
  };
  assertThrows(() => scheduler.round.hold(work), Error, "not done");
  scheduler.round.dispatch();
  assertEquals(admitted(guests), [1, 2]);
});

test("Scheduler.succeed() passes the permit on to the next request in line, and returns it for its caller to run", () => {
  const { scheduler, semaphore, lane, wait } = setUp();
  const a = lane();
  const ticket = scheduler.tryEnter(a, 0);
  const guest = wait(a, { mustBeRun: true });
  assertStrictEquals(scheduler.succeed({ lane: a, ticket, attemptedAtMs: 0 }, 0), guest);
  assertEquals([guest.at?.key, guest.hasRun, semaphore.inUse, a.inFlight], [a.key, false, 1, 1]);
  assertEquals([a.attempts, a.succeeded], [2, 1]);
  assertEquals(scheduler.succeed({ lane: a, ticket: guest.ticket, attemptedAtMs: 0 }, 0), undefined);
  assertEquals([semaphore.inUse, a.inFlight, scheduler.inFlight], [0, 0, 0]);
});

test("Scheduler.dispatch() itself runs the requests that it admits", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  wait(a);
  const guest = wait(a, { mustBeRun: true });
  scheduler.release(a);
  assert(guest.hasRun);
});

test("Scheduler.onRelease is called once for each permit that comes back, after the permit is free", () => {
  const { scheduler, semaphore, lane } = setUp({ capacity: 2 });
  const a = lane();
  const inUse: number[] = [];
  scheduler.onRelease = () => inUse.push(semaphore.inUse);
  const ticket = scheduler.tryEnter(a, 0);
  scheduler.tryEnter(a, 0);
  scheduler.release(a);
  scheduler.succeed({ lane: a, ticket, attemptedAtMs: 0 }, 0);
  assertEquals(inUse, [1, 0]);
});

test("a request that waits for a pause is admitted when it ends, and no timer is left", async () => {
  const { scheduler, semaphore, lane, wait, clock } = setUp({ capacity: 2 });
  const a = lane();
  pause(scheduler, a, 50);
  const guests = [wait(a), wait(a), wait(a)];
  await clock.advance(49);
  assertEquals([admitted(guests), semaphore.inUse], [[], 0]);
  await clock.advance(1);
  assertEquals([admitted(guests), semaphore.inUse], [[0, 1], 2]);
  scheduler.release(a);
  assertEquals([admitted(guests), clock.pending], [[0, 1, 2], 0]);
});

test("a request that waits for a pause fails at once when the pause grows too long", () => {
  const { scheduler, lane, wait } = setUp();
  const a = lane();
  pause(scheduler, a, 50);
  const guest = wait(a);
  pause(scheduler, a, 60_001);
  assertInstanceOf(guest.error, HttpError);
  assertEquals([guest.error.retryAfterMs, a.queued], [60_001, 0]);
});

test("single requests in line are refused when the breaker opens, and patient ones wait for a probe", async () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 3 });
  const a = lane();
  for (let nth = 0; nth < 3; nth++) scheduler.tryEnter(a, 0);
  const hasty = wait(a, { errand: single() });
  const guests = [wait(a), wait(a), wait(a)];
  open(scheduler, a);
  for (let nth = 0; nth < 3; nth++) scheduler.release(a);
  assertInstanceOf(hasty.error, CircuitOpenError);
  assertEquals([admitted(guests), a.queued], [[], 3]);

  await clock.advance(100);
  const [probe] = admitted(guests);
  assertEquals([admitted(guests).length, a.breaker!.state], [1, "half-open"]);
  scheduler.reports.judge(a, guests[probe!]!.ticket, "success", 100);
  assertEquals(admitted(guests), [0, 1, 2]);
});

test("a probe is a request that was never sent, while one is in line", async () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 5 });
  const a = lane();
  open(scheduler, a);
  const sent = (isUrgent: boolean): GuestOptions => {
    return { errand: Object.assign(patient(), { attempts: 1 }), isUrgent };
  };
  const guests = [wait(a, sent(true)), wait(a, sent(false)), wait(a, sent(false)), wait(a)];
  await clock.advance(100);
  assertEquals(admitted(guests), [3]);
});

test("one probe in four is a request that was sent once, if there is one", async () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 5 });
  const a = lane();
  open(scheduler, a);
  const guests = [0, 1, 0, 0, 0].map((attempts) =>
    wait(a, { errand: Object.assign(patient(), { attempts }) })
  );
  const probes: number[] = [];
  for (let count = 1; count <= 3; count++) {
    await clock.advance(a.breaker!.retryAfterMs);
    const probe = guests.find(({ at }, index) => at !== undefined && !probes.includes(index))!;
    probes.push(guests.indexOf(probe));
    scheduler.reports.judge(a, probe.ticket, "failure", clock.now());
    scheduler.toAdmission(probe.errand, a, probe.ticket, clock.now()).release();
  }
  assertEquals(probes.map((index) => guests[index]!.errand.attempts), [0, 1, 0]);
});

test("requests that wait for a breaker fail when their patience ends, after a last probe", async () => {
  const { scheduler, lane, wait, clock } = setUp();
  const a = lane();
  open(scheduler, a);
  const guests = [1, 2, 3, 4, 5].map(() => wait(a, { errand: patient({ patienceMs: 250 }) }));
  const fail = (): void => {
    const last = guests.findLast(({ at, hasRun }) => at !== undefined && !hasRun)!;
    last.hasRun = true;
    scheduler.reports.judge(a, last.ticket, "failure", scheduler.now());
    scheduler.release(a);
  };
  // The third cooldown would end at 300 ms: the last probe goes when the patience ends, at 250 ms.
  for (const [index, cooldownMs] of [100, 100, 50].entries()) {
    await clock.advance(cooldownMs - 1);
    assertEquals(admitted(guests).length, index);
    await clock.advance(1);
    assertEquals([admitted(guests).length, guests.every(({ error }) => error === undefined)], [
      index + 1,
      true,
    ]);
    fail();
  }
  const refused = guests.filter(({ at }) => at === undefined);
  assertEquals([refused.length, a.queued, clock.pending], [2, 0, 0]);
  for (const { error } of refused) assertInstanceOf(error, CircuitOpenError);
});

test("a patient request that comes late in an outage waits no more than a tenth of its age for a probe", async () => {
  const { scheduler, lane, wait, clock } = setUp();
  const a = lane();
  open(scheduler, a);
  for (const cooldownMs of [100, 200, 400, 800]) {
    await clock.advance(cooldownMs);
    scheduler.reports.judge(a, a.breaker!.enter(), "failure", clock.now());
  }
  assertEquals([a.breaker!.retryAfterMs, clock.now()], [1_600, 1_500]);
  const guest = wait(a);
  await clock.advance(149);
  assertEquals(guest.at, undefined);
  await clock.advance(1);
  assertStrictEquals(guest.at, a);
});

test("a probe that a listener of the breaker aborts is not sent, and another one goes", async () => {
  const { scheduler, semaphore, lane, wait, clock } = setUp({ capacity: 5 });
  const a = lane();
  open(scheduler, a);
  const first = wait(a);
  let heard = 0;
  a.breaker!.on(({ to }) => {
    if (to === "half-open" && heard++ === 0) scheduler.leave(first);
  });
  await clock.advance(100);
  assertEquals([heard, first.at, semaphore.inUse, a.inFlight, scheduler.inFlight], [1, undefined, 0, 0, 0]);
  const second = wait(a);
  assertEquals([second.at?.key, a.breaker!.state, a.inFlight], [a.key, "half-open", 1]);
});

test("judge() and succeed() both raise a lane's limit, and tell its quota that a pause has helped", () => {
  const ways: ((made: ReturnType<typeof setUp>, lane: Lane) => void)[] = [
    ({ scheduler }, lane) => scheduler.reports.judge(lane, lane.ticket, "success", 0),
    ({ scheduler }, lane) => scheduler.succeed({ lane, ticket: lane.ticket, attemptedAtMs: 0 }, 0),
  ];
  for (const succeed of ways) {
    const made = setUp({ capacity: 9 });
    const a = made.lane();
    for (let nth = 0; nth < 3; nth++) made.scheduler.tryEnter(a, 0);
    a.pauseFor({ untilMs: 10, isNamed: true, status: 429, headers: new Headers() }, 0, true);
    assertEquals([a.limit.current, a.quota?.fruitlessPauses], [1, 1]);
    succeed(made, a);
    assertEquals([a.limit.current, a.quota?.fruitlessPauses], [2, 0]);
  }
});

test("a lane that holds many permits gives them up one by one to other lanes, until each has its share", () => {
  const { scheduler, lane, wait } = setUp({ capacity: 4 });
  const [slow, fast] = [lane("slow"), lane("fast")];
  for (let nth = 0; nth < 20; nth++) wait(slow);
  assertEquals(slow.inFlight, 4);
  for (let nth = 0; nth < 20; nth++) wait(fast);
  const held: [number, number][] = [];
  for (let nth = 0; nth < 2; nth++) {
    scheduler.release(slow);
    held.push([slow.inFlight, fast.inFlight]);
  }
  for (let nth = 0; nth < 12; nth++) {
    scheduler.release(fast);
    held.push([slow.inFlight, fast.inFlight]);
  }
  assertEquals(held.slice(0, 2), [[3, 1], [2, 2]]);
  assertEquals(held.slice(2), Array(12).fill([2, 2]));
});

test("a lane may hold all permits while no other lane wants any", () => {
  const { scheduler, lane, wait } = setUp({ capacity: 4 });
  const [a, b] = [lane("a"), lane("b")];
  wait(b);
  for (let nth = 0; nth < 8; nth++) wait(a);
  scheduler.release(b);
  assertEquals([a.inFlight, a.queued], [4, 4]);
});

test("a request that waits for a pause is in no queue of a shared semaphore, and blocks no one else there", () => {
  const { scheduler, semaphore, lane, wait } = setUp();
  const a = lane();
  pause(scheduler, a, 1_000);
  wait(a);
  assertEquals([semaphore.waiting, semaphore.inUse], [0, 0]);
  const permit = semaphore.tryAcquire();
  assert(permit !== undefined);
});

test("a request that can go stands once in the queue of a shared semaphore, and takes turns with its other users", async () => {
  const { scheduler, semaphore, lane, wait } = setUp();
  const other = await semaphore.acquire();
  const a = lane();
  const guests = [wait(a), wait(a)];
  assertEquals([semaphore.waiting, admitted(guests)], [1, []]);
  const next = semaphore.acquire();
  other[Symbol.dispose]();
  assertEquals([admitted(guests), semaphore.inUse, semaphore.waiting], [[0], 1, 2]);
  scheduler.succeed({ lane: a, ticket: guests[0]!.ticket, attemptedAtMs: 0 }, 0);
  const permit = await next;
  assertEquals([admitted(guests), semaphore.waiting], [[0], 1]);
  permit[Symbol.dispose]();
  assertEquals([admitted(guests), semaphore.waiting], [[0, 1], 0]);
});

test("requests go ahead of a heavy waiter of a lower priority, however many permits come at once", async () => {
  const capacity = 10_000;
  const { semaphore, lane, wait } = setUp({ capacity });
  const all = await semaphore.acquire(capacity);
  const a = lane();
  const guests = Array.from({ length: capacity }, () => wait(a));
  const heavy = watch(semaphore.acquire(capacity, { priority: -1 }));
  all.release();
  await microtasks(5);

  assertEquals([admitted(guests).length, semaphore.inUse, heavy.state], [capacity, capacity, "pending"]);
});

test("requests to a silent origin leave a free permit to a heavy waiter of a lower priority, and go after it", async () => {
  const { scheduler, semaphore, lane, wait } = setUp({ capacity: 3 });
  const silent = lane("silent");
  const others = await semaphore.acquire(2);
  const guests = [wait(silent), wait(silent), wait(silent)];
  Object.assign(silent, { isSilent: true, isClear: false });
  scheduler.silentLanes.count(1);
  const heavy = watch(semaphore.acquire(2, { priority: -1 }));
  // One of two permits is free, which the heavy waiter can't use yet.
  semaphore.resize(4);
  assertEquals([admitted(guests), semaphore.inUse], [[0], 3]);
  const well = wait(lane("well"));
  assertEquals([well.at?.key, semaphore.inUse], ["http://well.test", 4]);
  scheduler.release(well.at!);
  others.release();
  await microtasks(5);
  assertEquals([admitted(guests), heavy.state, semaphore.inUse], [[0, 1], "fulfilled", 4]);
  heavy.value!.release();

  assertEquals([admitted(guests), semaphore.waiting], [[0, 1, 2], 0]);
});

test("a permit that comes for a request that has left goes to another one", async () => {
  const { scheduler, semaphore, lane, wait } = setUp();
  const other = await semaphore.acquire();
  const guest = wait(lane());
  scheduler.leave(guest);
  other[Symbol.dispose]();
  assertEquals([semaphore.inUse, semaphore.waiting, guest.at], [0, 0, undefined]);
});

test("a larger semaphore admits waiting requests, and a smaller one lets those in flight end first", () => {
  const { scheduler, semaphore, lane, wait } = setUp({ capacity: 1 });
  const a = lane();
  const guests = Array.from({ length: 6 }, () => wait(a));
  semaphore.resize(3);
  assertEquals([admitted(guests), scheduler.capacity], [[0, 1, 2], 3]);
  semaphore.resize(1);
  scheduler.release(a);
  scheduler.succeed({ lane: a, ticket: guests[1]!.ticket, attemptedAtMs: 0 }, 0);
  assertEquals([admitted(guests), a.inFlight], [[0, 1, 2], 1]);
  scheduler.release(a);
  assertEquals([admitted(guests), a.inFlight], [[0, 1, 2, 3], 1]);
});

test("a request that can't go takes no token", () => {
  const hindrances: Record<string, (made: ReturnType<typeof setUp>, lane: Lane) => void> = {
    breaker: ({ scheduler }, lane) => open(scheduler, lane),
    pause: ({ scheduler }, lane) => pause(scheduler, lane, 10),
    limit: (_, lane) => lane.limit.current = 0,
    permit: ({ semaphore }) => semaphore.tryAcquire(),
  };
  for (const own of [true, false]) {
    for (const [name, hinder] of Object.entries(hindrances)) {
      const bucket = new TokenBucket({ limit: 3, intervalMs: 1_000, burst: 3, clock: new ManualClock() });
      const made = setUp(own ? {} : { bucket });
      const a = made.lane("a", own ? { bucket } : {});
      hinder(made, a);
      const guest = made.wait(a);
      assertEquals([name, guest.at, bucket.available], [name, undefined, 3]);
    }
  }
});

test("tokens go to waiting requests in the order in which they came, and these hold nothing else meanwhile", async () => {
  for (const own of [true, false]) {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ limit: 1, intervalMs: 1_000, burst: 1, clock });
    const options = { clock, deadlines: new DeadlineQueue(clock), capacity: 5 };
    const { semaphore, lane, wait } = setUp(own ? options : { ...options, bucket });
    const a = lane("a", own ? { bucket } : {});
    const guests = [wait(a), wait(a), wait(a)];
    assertEquals([admitted(guests), semaphore.inUse, semaphore.waiting], [[0], 1, 0]);
    await clock.advance(999);
    assertEquals(admitted(guests), [0]);
    await clock.advance(1);
    assertEquals([admitted(guests), semaphore.inUse], [[0, 1], 2]);
    await clock.advance(1_000);
    assertEquals([admitted(guests), clock.pending], [[0, 1, 2], 0]);
  }
});

test("a bucket is asked for nothing more once no request waits for a token", () => {
  for (const own of [true, false]) {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ limit: 1, intervalMs: 1_000, burst: 1, clock });
    const options = { clock, deadlines: new DeadlineQueue(clock), capacity: 5 };
    const { scheduler, semaphore, lane, wait } = setUp(own ? options : { ...options, bucket });
    const a = lane("a", own ? { bucket } : {});
    const [, second, third] = [wait(a), wait(a), wait(a)];
    assertEquals([bucket.waiting, clock.pending], [1, 1]);
    scheduler.leave(second);
    assertEquals(bucket.waiting, 1);
    scheduler.leave(third);
    assertEquals([bucket.waiting, clock.pending, semaphore.inUse], [0, 0, 1]);
  }
});

test("a lane without tokens of its own holds up no other lane", () => {
  const bucket = new TokenBucket({ limit: 1, intervalMs: 1_000, burst: 1, clock: new ManualClock() });
  const { lane, wait } = setUp({ capacity: 5 });
  const [limited, free] = [lane("limited", { bucket }), lane("free")];
  const guests = [wait(limited), wait(limited), wait(free)];
  assertEquals(admitted(guests), [0, 2]);
});

test("a request of two lanes goes to the lane that is free first, and leaves both lines", async () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 5 });
  const [a, b] = [lane("a"), lane("b")];
  pause(scheduler, a, 200);
  pause(scheduler, b, 100);
  const guests = [wait([a, b]), wait([a, b])];
  assertEquals([a.queued, b.queued], [2, 2]);
  await clock.advance(100);
  assertEquals(namesOf(guests), [b.key, b.key]);
  assertEquals([a.queued, b.queued, a.inFlight, b.inFlight, clock.pending], [0, 0, 0, 2, 0]);
});

test("a request of two lanes goes to the lane that it prefers, even if the other lane's turn comes first", () => {
  const { scheduler, semaphore, lane, wait } = setUp();
  const [a, b] = [lane("a"), lane("b")];
  const permit = semaphore.tryAcquire()!;
  const ahead = wait(b);
  const guests = [wait([a, b]), wait([b, a])];
  // The lane b is now first in the round. At the head of its line is the request that prefers a.
  scheduler.leave(ahead);
  permit[Symbol.dispose]();
  assertEquals(namesOf(guests), [a.key, undefined]);
  scheduler.release(a);
  assertEquals(namesOf(guests), [a.key, b.key]);
});

test("an aborted request of two lanes leaves both lines", () => {
  const { scheduler, lane, wait, clock } = setUp();
  const [a, b] = [lane("a"), lane("b")];
  pause(scheduler, a, 100);
  pause(scheduler, b, 200);
  const guest = wait([a, b]);
  scheduler.leave(guest);
  assertEquals([a.queued, b.queued, guest.at, clock.pending], [0, 0, undefined, 0]);
});

test("a request of two lanes is refused only if it may wait for neither", () => {
  const { scheduler, semaphore, lane, wait } = setUp();
  const [a, b] = [lane("a"), lane("b")];
  semaphore.tryAcquire();
  const guest = wait([a, b], { errand: single() });
  open(scheduler, a);
  assertEquals([guest.error, a.queued, b.queued], [undefined, 1, 1]);
  open(scheduler, b);
  assertInstanceOf(guest.error, CircuitOpenError);
  assertEquals([a.queued, b.queued], [0, 0]);
});

test("Scheduler.workingTime stands still while any lane's breaker is not closed", async () => {
  const { scheduler, lane, clock } = setUp();
  const a = lane();
  open(scheduler, a);
  await clock.advance(100);
  assertEquals([scheduler.workingTime.at(100), scheduler.workingTime.outages], [0, 1]);
  scheduler.reports.judge(a, a.breaker!.enter(), "success", 100);
  assertEquals([scheduler.workingTime.at(110), scheduler.workingTime.outages], [10, 0]);
});

test("an outage is as old as its first opening, however many probes have failed since", async () => {
  const { scheduler, lane, clock } = setUp();
  const a = lane();
  open(scheduler, a);
  await clock.advance(100);
  scheduler.reports.judge(a, a.breaker!.enter(), "failure", 100);
  assertEquals([a.breaker!.state, a.outage.sinceMs], ["open", 0]);
  await clock.advance(200);
  scheduler.reports.judge(a, a.breaker!.enter(), "success", 300);
  assertEquals(a.outage.sinceMs, undefined);
});

/** Puts requests to sleep for a lane, and returns the indexes of those that were woken because they wait in vain. */
function fallAsleep(lane: Lane, errands: readonly Errand[]): number[] {
  const gone: number[] = [];
  for (const [index, errand] of errands.entries()) {
    const sleeper: Sleeper = {
      previous: undefined,
      next: undefined,
      errand,
      giveUp: () => {
        lane.sleeping.remove(sleeper);
        gone.push(index);
      },
    };
    lane.sleeping.push(sleeper);
  }
  return gone;
}

test("requests without a patience of their own give up an origin that has never answered after 4 s of failures", async () => {
  const { scheduler, lane, clock } = setUp();
  const a = lane("a", { breaker: undefined });
  const allowance = fakeAllowance();
  const gone = fallAsleep(a, [
    fakeCall({ allowance }),
    fakeCall({ allowance, settings: { patienceMs: 30_000 } }),
    fakeCall({ allowance }),
  ]);
  await clock.advance(1_000);
  scheduler.reports.judge(a, 0, "failure", 0);
  await clock.advance(3_999);
  scheduler.reports.judge(a, 0, "failure", 4_000);
  assertEquals([a.isAbandoned, gone], [false, []]);
  await clock.advance(1);
  scheduler.reports.judge(a, 0, "failure", 4_900);
  assertEquals([a.isAbandoned, gone], [true, [0, 2]]);
  scheduler.reports.answered(a, 5_000);
  assertEquals([a.isAbandoned, a.answeredAtMs, a.hasAnswered], [false, 5_000, true]);
});

test("an origin that has ever answered is not given up", async () => {
  const { scheduler, lane, clock } = setUp();
  const a = lane("a", { breaker: undefined });
  scheduler.reports.judge(a, 0, "failure", 0);
  scheduler.reports.answered(a, 0);
  const gone = fallAsleep(a, [fakeCall({ allowance: fakeAllowance() })]);
  await clock.advance(10_000);
  scheduler.reports.judge(a, 0, "failure", 0);
  assertEquals([a.isAbandoned, gone], [false, []]);
});

test("requests in line for an origin that is given up fail as well", async () => {
  const { scheduler, lane, wait, clock } = setUp();
  const a = lane();
  open(scheduler, a);
  const allowance = fakeAllowance(2);
  const guests = [wait(a, { errand: fakeCall({ allowance }) }), wait(a, { errand: fakeCall({ allowance }) })];
  await clock.advance(4_000);
  const [probe] = guests.filter(({ at }) => at !== undefined);
  scheduler.reports.judge(a, probe!.ticket, "failure", 4_000);
  const [other] = guests.filter(({ at }) => at === undefined);
  assertInstanceOf(other!.error, CircuitOpenError);
});

test("sleeping requests that would be refused on waking are woken at once, and the others sleep on", () => {
  const { scheduler, lane } = setUp();
  const a = lane();
  a.hasAnswered = true;
  const hopeless = patient({ totalTimeoutMs: 50 });
  const gone = fallAsleep(a, [patient(), hopeless, single()]);
  open(scheduler, a);
  assertEquals(gone, [1]);
});

test("the first request to a cold lane goes ahead, and the others follow when its headers come", async () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 5 });
  const cold = lane("a", { key: "https://a.test", warmsUp: () => true });
  const guests = [wait(cold), wait(cold), wait(cold)];
  assertEquals(admitted(guests), [0]);
  await clock.advance(30);
  scheduler.reports.answered(cold, 0);
  assertEquals([admitted(guests), clock.pending], [[0, 1, 2], 0]);
});

test("the others of a cold lane go after 500 ms, and one of them goes ahead if the first has failed", async () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 9 });
  const options = { breaker: undefined, warmsUp: () => true };
  const [slow, broken] = ["slow", "broken"].map((name) =>
    lane(name, { ...options, key: `https://${name}.test` })
  );
  const [late, failed] = [slow!, broken!].map((cold) => [wait(cold), wait(cold), wait(cold)]);
  scheduler.reports.judge(broken!, 0, "failure", 0);
  scheduler.release(broken!);
  assertEquals([admitted(late!), admitted(failed!)], [[0], [0, 1]]);
  await clock.advance(500);
  assertEquals([admitted(late!), admitted(failed!)], [[0, 1, 2], [0, 1, 2]]);
});

test("where timers belong to requests, each waiter has its own, and looks when its lane may be free", async () => {
  const clock = new ManualClock();
  const { scheduler, lane, wait } = setUp({
    capacity: 5,
    clock,
    deadlines: new SeparateDeadlines(clock),
    timersBelongToRequests: true,
  });
  const a = lane();
  pause(scheduler, a, 300);
  const guests = [wait(a), wait(a), wait(a)];
  assertEquals(clock.pending, 3);
  scheduler.leave(guests[0]!);
  await clock.advance(299);
  assertEquals(admitted(guests), []);
  await clock.advance(1);
  assertEquals([admitted(guests), clock.pending], [[1, 2], 0]);
});

test("where timers belong to requests, a request that waits for a token looks for it again and again", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ limit: 1, intervalMs: 1_000, burst: 1, clock });
  const { lane, wait } = setUp({
    capacity: 5,
    clock,
    bucket,
    deadlines: new SeparateDeadlines(clock),
    timersBelongToRequests: true,
  });
  const a = lane();
  const guests = [wait(a), wait(a)];
  await clock.advance(975);
  assertEquals([admitted(guests), bucket.waiting], [[0], 0]);
  await clock.advance(25);
  assertEquals([admitted(guests), clock.pending], [[0, 1], 0]);
});

test("where attempts may die with their request, a permit that an attempt has not used for a second is taken back", async () => {
  const clock = new ManualClock();
  const { scheduler, semaphore, lane, wait } = setUp({
    clock,
    deadlines: new SeparateDeadlines(clock),
    timersBelongToRequests: true,
  });
  const a = lane();
  const dead = scheduler.admit(fakeCall(), [a], false);
  assertInstanceOf(dead, Admission);
  assertEquals(dead.expiresAtMs, 1_000);
  const guest = wait(a);
  await clock.advance(999);
  assertEquals(guest.at, undefined);
  await clock.advance(1);
  assertEquals([guest.at?.key, semaphore.inUse, a.inFlight], [a.key, 1, 1]);
  // The dead attempt comes back after all: it holds nothing any more.
  dead.release();
  assertEquals([semaphore.inUse, a.inFlight], [1, 1]);
});

test("where timers belong to requests, one that waits for a permit of its lane looks for a token as well", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ limit: 10, intervalMs: 1_000, burst: 1, clock });
  const { scheduler, lane, wait } = setUp({
    capacity: 5,
    clock,
    bucket,
    deadlines: new SeparateDeadlines(clock),
    timersBelongToRequests: true,
  });
  const a = lane("a", { maxInFlight: 1 });
  const guests = [wait(a), wait(a), wait(a)];
  await clock.advance(50);
  // The lane has a permit again before the bucket has a token.
  scheduler.release(a);
  await clock.advance(50);
  assertEquals(admitted(guests), [0, 1]);
  scheduler.release(a);
  await clock.advance(100);
  assertEquals(admitted(guests), [0, 1, 2]);
});

test("where requests may die in line, no permit goes to those that have missed their look", async () => {
  const clock = new ManualClock();
  const deadlines = mortalDeadlines(clock);
  const { scheduler, semaphore, lane, wait } = setUp({ clock, deadlines, timersBelongToRequests: true });
  const [a, b] = [lane("a"), lane("b")];
  scheduler.tryEnter(a, 0);
  deadlines.isDying = true;
  const dead = [wait(a), wait([b, a]), wait(a)];
  deadlines.isDying = false;
  const alive = [wait(a), wait(b)];
  await clock.advance(2_000);
  scheduler.release(a);
  // For another second they count only as late.
  assertEquals([admitted(dead), admitted(alive)], [[0], []]);
  await clock.advance(1);
  scheduler.release(a);
  assertEquals([admitted(dead), admitted(alive), a.queued, b.queued], [[0], [1], 1, 0]);
  scheduler.release(b);
  assertEquals([admitted(dead), admitted(alive), semaphore.inUse], [[0], [0, 1], 1]);
});

test("where requests may die in line, one that was only late gets in line again", async () => {
  const clock = new ManualClock();
  const deadlines = mortalDeadlines(clock);
  const { scheduler, lane, wait } = setUp({ clock, deadlines, timersBelongToRequests: true });
  const a = lane();
  scheduler.tryEnter(a, 0);
  deadlines.isDying = true;
  const [late, left] = [wait(a), wait(a)];
  deadlines.isDying = false;
  const other = wait(a);
  await clock.advance(2_001);
  scheduler.release(a);
  assertEquals([admitted([late, left, other]), a.queued], [[2], 0]);
  scheduler.leave(left);
  deadlines.revive();
  assertEquals([late.isWaiting, left.isWaiting, a.queued], [true, false, 1]);
  scheduler.release(a);
  assertEquals(admitted([late, left, other]), [0, 2]);
});

test("where requests may die in line, one that is handed a permit has a second to use it", async () => {
  const clock = new ManualClock();
  const deadlines = mortalDeadlines(clock);
  const { scheduler, semaphore, lane, wait } = setUp({ clock, deadlines, timersBelongToRequests: true });
  const a = lane();
  const admission = scheduler.admit(patient(), [a], false);
  assertInstanceOf(admission, Admission);
  deadlines.isDying = true;
  const dead = scheduler.admit(patient(), [a], false);
  deadlines.isDying = false;
  const other = wait(a);
  assertInstanceOf(dead, AdmissionWaiter);
  await clock.advance(10);
  admission.release();
  assertEquals((await dead.admission).expiresAtMs, 1_010);
  await clock.advance(2_000);
  assertEquals([other.at, semaphore.inUse], [a, 1]);
});

test("Scheduler.seconds.tryAdmit() admits a request that has to wait for nothing, with a permit and a token of its own", () => {
  const bucket = new TokenBucket({ limit: 1, intervalMs: 1e9, burst: 2 });
  const { scheduler, semaphore, lane } = setUp({ capacity: 5, bucket });
  const a = lane();
  const admissions = [1, 2, 3].map(() => scheduler.seconds.tryAdmit(single(), a));

  assertEquals(admissions.map((admission) => admission?.lane), [a, a, undefined]);
  assertEquals([semaphore.inUse, a.inFlight, Math.floor(bucket.available)], [2, 2, 0]);
  for (const admission of admissions) admission?.release();
  assertEquals([semaphore.inUse, a.queued], [0, 0]);
});

test("Scheduler.seconds.tryAdmit() puts no request in line, and goes before none that is in line", async () => {
  const { scheduler, semaphore, lane, wait } = setUp({ capacity: 1 });
  const [a, b] = [lane("a"), lane("b")];
  const admission = scheduler.seconds.tryAdmit(single(), a)!;
  assertEquals(scheduler.seconds.tryAdmit(single(), a), undefined);
  const guest = wait(b);
  assertEquals([scheduler.seconds.tryAdmit(single(), b), b.queued, a.queued], [undefined, 1, 0]);
  admission.release();
  assertEquals([namesOf([guest]), semaphore.inUse], [["http://b.test"], 1]);
  await Promise.resolve();
});

test("Scheduler.seconds.tryAdmit() refuses where a breaker is not closed, a pause is on, or a limit is reached", async () => {
  const { clock, scheduler, lane } = setUp({ capacity: 9 });
  const [opened, paused, narrow] = [lane("a"), lane("b"), lane("c", { maxInFlight: 1 })];
  open(scheduler, opened);
  pause(scheduler, paused, 50);
  assertEquals([opened, paused].map((each) => scheduler.seconds.tryAdmit(single(), each)), [
    undefined,
    undefined,
  ]);
  assertEquals(scheduler.seconds.tryAdmit(single(), narrow)?.lane, narrow);
  assertEquals(scheduler.seconds.tryAdmit(single(), narrow), undefined);
  await clock.advance(100);
  // A probe is due, but this request is none.
  assertEquals(scheduler.seconds.tryAdmit(single(), opened), undefined);
  assertEquals([opened.breaker!.state, scheduler.seconds.tryAdmit(single(), paused)?.lane], ["open", paused]);
});

test("Scheduler.seconds.tryAdmit() admits no request whose batch has no place left", () => {
  const { scheduler, lane } = setUp({ capacity: 9 });
  const a = lane();
  for (const [active, isAdmitted] of [[2, true], [3, false], [4, false]] as const) {
    const errand = fakeCall({ allowance: fakeAllowance(active, 3) });
    assertEquals(scheduler.seconds.tryAdmit(errand, a) !== undefined, isAdmitted);
  }
});

/** Creates a lane with a line for each key, whose bucket gets one token a second. */
function keyedLane({ clock, lane }: ReturnType<typeof setUp>, name = "a"): Lane {
  const makeLine = (key: string) =>
    new KeyLine<Place<Lane>>(key, new TokenBucket({ limit: 1, intervalMs: 1_000, clock }));
  return lane(name, { keyed: new KeyedLines<Lane>(makeLine, () => true) });
}

function keyedErrand(limitKey: string): Errand {
  return Object.assign(fakeCall({ settings: { onOpen: "wait" } }), { limitKey });
}

test("Scheduler passes over requests whose key has no token, and gives a key's next token to the first in its line", async () => {
  const made = setUp({ capacity: 10 });
  const a = keyedLane(made);
  const guests = ["x", "x", "y", "x", "y"].map((key) => made.wait(a, { errand: keyedErrand(key) }));
  assertEquals([admitted(guests), a.queued], [[0, 2], 3]);
  await made.clock.advance(999);
  assertEquals(admitted(guests), [0, 2]);
  await made.clock.advance(1);
  assertEquals(admitted(guests), [0, 1, 2, 4]);
  await made.clock.advance(1_000);
  assertEquals([admitted(guests), made.clock.pending], [[0, 1, 2, 3, 4], 0]);
});

test("Scheduler asks the limits that a key has at each mirror, for a request that may go to several", async () => {
  const made = setUp({ capacity: 10 });
  const [a, b] = [keyedLane(made), keyedLane(made, "b")];
  const guests = [1, 2, 3, 4].map(() => made.wait([a, b], { errand: keyedErrand("x") }));
  assertEquals(namesOf(guests), ["http://a.test", "http://b.test", undefined, undefined]);
  await made.clock.advance(1_000);
  assertEquals(namesOf(guests).slice(2).toSorted(), ["http://a.test", "http://b.test"]);
  assertEquals([a.queued, b.queued, made.clock.pending], [0, 0, 0]);
});

test("Scheduler.leave() of the last request of a blocked key leaves no timer, and does not hold later requests", async () => {
  const made = setUp({ capacity: 10 });
  const a = keyedLane(made);
  const guests = ["x", "x"].map((key) => made.wait(a, { errand: keyedErrand(key) }));
  assertEquals([made.clock.pending, a.lineOf("x")!.isBlocked], [1, true]);
  made.scheduler.leave(guests[1]!);
  assertEquals([made.clock.pending, a.lineOf("x")!.isBlocked, a.queued], [0, false, 0]);
  await made.clock.advance(1_000);
  assertEquals(admitted([made.wait(a, { errand: keyedErrand("x") })]), [0]);
});

test("Scheduler: where timers belong to requests, each looks by itself whether its key has a token", async () => {
  const clock = new ManualClock();
  const made = setUp({
    capacity: 10,
    timersBelongToRequests: true,
    deadlines: new SeparateDeadlines(clock),
    clock,
  });
  const a = keyedLane({ ...made, clock });
  const guests = ["x", "x", "y"].map((key) => made.wait(a, { errand: keyedErrand(key) }));
  assertEquals(admitted(guests), [0, 2]);
  await clock.advance(1_100);
  assertEquals(admitted(guests), [0, 1, 2]);
});

test("Scheduler.answered() admits requests that a stated limit has held until the first answer", () => {
  const { scheduler, lane, wait, clock } = setUp({ capacity: 10 });
  const a = lane();
  a.keepBook(new LimitBook(60_000, 0, 0));
  const guests = [wait(a), wait(a), wait(a)];
  assertEquals(admitted(guests), [0]);
  const { receipt } = guests[0]!.errand;
  scheduler.reports.answered(a, 0, receipt, new Response());
  assertEquals([admitted(guests), a.isClear], [[0, 1, 2], false]);
  scheduler.toAdmission(guests[0]!.errand, a, 0, 0).release();
  assertEquals([a.inFlight, clock.pending], [2, 0]);
});

test("Scheduler.release() of an attempt without an answer frees the place that it took in the lane's book", () => {
  const { scheduler, lane, wait } = setUp({ capacity: 10 });
  const a = lane();
  a.keepBook(new LimitBook(60_000, 0, 0));
  const guests = [wait(a), wait(a)];
  assertEquals(admitted(guests), [0]);
  scheduler.toAdmission(guests[0]!.errand, a, 0, 0).release();
  assertEquals(admitted(guests), [0, 1]);
});

test("Scheduler.release() admits requests of a key that were held by a request that was not sent after all", () => {
  const made = setUp({ capacity: 10 });
  const book = new LimitBook(60_000, 1, 0);
  const answer = { nowMs: 0, number: 0, latest: 0, isOk: true, isStranger: true };
  book.update([{ limit: 2, windowMs: 1_000 }], answer);
  const free = new KeyLine<Place<Lane>>("free", undefined);
  free.book = book;
  const keyed = new KeyedLines<Lane>(() => free, () => true);
  const b = made.lane("b", { keyed });
  const guests = [1, 2].map(() => made.wait(b, { errand: keyedErrand("free") }));
  assertEquals([admitted(guests), free.isBlocked], [[0], true]);
  made.scheduler.toAdmission(guests[0]!.errand, b, 0, 0).withdraw();
  assertEquals(admitted(guests), [0, 1]);
});

for (const where of ["client", "origin"]) {
  for (const fails of ["tryTake", "notify"]) {
    test(`Scheduler refuses requests that need a token of the bucket of a ${where} whose ${fails}() throws, and holds nothing`, async () => {
      let isBroken = true;
      const fault = new Error("no connection");
      const answer = <T>(value: T): T => {
        if (isBroken) throw fault;
        return value;
      };
      const broken: Bucket = {
        tryTake: () => fails === "tryTake" ? answer(true) : !isBroken,
        notify: () => answer({ [Symbol.dispose]() {} }),
      };
      const { clock, scheduler, semaphore, lane, wait } = setUp({
        bucket: where === "client" ? broken : undefined,
      });
      const made = where === "client" ? lane() : lane("a", { bucket: broken });
      assertEquals([scheduler.tryEnter(made, 0), semaphore.inUse], [-1, 0]);
      assertStrictEquals(wait(made).error, fault);
      pause(scheduler, made, 10);
      const guests = [wait(made), wait(made), wait(made)];
      await clock.advance(10);
      for (const { error } of guests) assertStrictEquals(error, fault);
      assertEquals([semaphore.inUse, scheduler.inFlight, made.queued, made.inFlight], [0, 0, 0, 0]);
      isBroken = false;
      assertStrictEquals(wait(made).at, made);
    });
  }
}
