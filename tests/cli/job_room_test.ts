import { assertEquals } from "@std/assert";
import { JobRoom, type JobRoomOptions } from "../../src/cli/job_room.ts";
import type { ClientStats } from "../../src/client/stats.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

const NONE: ClientStats = createClient().stats();
const ORIGIN = { attempts: 1, succeeded: 1, failed: 0, bytes: 0, breaker: "closed", healthy: true } as const;

const RATE = { limit: 4, intervalMs: 1_000 };

function setUp(
  stats: Partial<ClientStats>,
  { rate, isTimed = false, stranded = 0 }: Partial<Pick<JobRoomOptions, "rate" | "isTimed">> & {
    readonly stranded?: number;
  } = {},
) {
  const clock = new ManualClock();
  const told = { rooms: 0, looks: 0 };
  const room = new JobRoom({
    concurrency: 10,
    rate,
    isTimed,
    clock,
    stranded: () => stranded,
    stats: () => {
      told.looks++;
      return { ...NONE, ...stats };
    },
    onRoom: () => told.rooms++,
  });
  const roomAfterLook = async () => {
    room.has(20);
    await clock.advance(25);
    return [21, 25, 27, 1_019, 1_020].filter((outstanding) => room.has(outstanding));
  };
  return { clock, told, room, roomAfterLook };
}

test("JobRoom.has() has room for twice the concurrency, and reads no statistics before that is full", async () => {
  const { clock, told, room } = setUp({});
  assertEquals([room.has(1), room.has(19), clock.pending], [true, true, 0]);
  assertEquals([room.has(20), room.has(20), clock.pending], [false, false, 1]);
  await clock.advance(25);
  assertEquals([told, clock.pending], [{ rooms: 1, looks: 1 }, 0]);
  room.has(20);
  room[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});

test("JobRoom.has() has room for as many jobs as leave their permits free, up to a thousand", async () => {
  const roomOf = (stats: Partial<ClientStats>) => setUp(stats).roomAfterLook();
  assertEquals(await roomOf({ inFlight: 10, queued: 7 }), []);
  assertEquals(await roomOf({ inFlight: 9, queued: 7 }), [21, 25]);
  assertEquals(await roomOf({ inFlight: 0, queued: 5_000 }), [21, 25, 27, 1_019]);
});

test("JobRoom.has() has room beside jobs that wait for one that sleeps, up to a thousand of both", async () => {
  const roomOf = (stats: Partial<ClientStats>, stranded: number) =>
    setUp(stats, { stranded }).roomAfterLook();
  assertEquals(await roomOf({ inFlight: 9, queued: 1 }, 6), [21, 25]);
  assertEquals(await roomOf({ inFlight: 0, queued: 400 }, 5_000), [21, 25, 27, 1_019]);
  // The job that they wait for is in flight.
  assertEquals(await roomOf({ inFlight: 9 }, 6), []);
});

test("JobRoom.has() with a rate limit has room beside jobs that wait for a failing origin, and not for tokens", async () => {
  for (const healthy of [true, false]) {
    const stats = { inFlight: 0, queued: 7, origins: { "https://h": { ...ORIGIN, healthy } } };
    assertEquals(await setUp(stats, { rate: RATE }).roomAfterLook(), healthy ? [] : [21, 25]);
  }
});

test("JobRoom.has() has no room for a job whose timeout would run while it waits for its permit", async () => {
  const { clock, room } = setUp({ inFlight: 0, queued: 3 }, { isTimed: true });
  assertEquals([room.has(9), room.has(10)], [true, false]);
  await clock.advance(25);
  assertEquals([room.has(12), room.has(13)], [true, false]);
});

test("JobRoom.has() has room for as few jobs as possible whose timeout would run while they wait for tokens", () => {
  const roomOf = (rate: JobRoomOptions["rate"], stats: Partial<ClientStats>) => {
    const { room } = setUp(stats, { rate, isTimed: true });
    using _room = room;
    return [0, 1, 3, 4, 5, 9, 10].filter((outstanding) => room.has(outstanding));
  };
  assertEquals(roomOf(RATE, {}), [0]);
  assertEquals(roomOf(RATE, { inFlight: 3 }), [0, 1, 3]);
  assertEquals(roomOf({ limit: 100, intervalMs: 1_000 }, {}), [0, 1, 3, 4]);
  assertEquals(roomOf({ limit: 1, intervalMs: 60_000 }, { inFlight: 20 }), [0, 1, 3, 4, 5, 9]);
  // Jobs that have already been sent take no tokens either.
  const { room } = setUp({}, { rate: RATE, isTimed: true, stranded: 3 });
  using _room = room;
  assertEquals([3, 4].map((outstanding) => room.has(outstanding)), [true, false]);
  // Jobs that wait for a failing origin take no tokens.
  const origins = { "https://h": { ...ORIGIN, healthy: false } };
  assertEquals(roomOf(RATE, { queued: 4, origins }), [0, 1, 3, 4]);
});
