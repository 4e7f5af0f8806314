import { assert, assertEquals } from "@std/assert";
import { WriteQueue } from "../../src/download/write_queue.ts";
import type { DiskFile } from "../../src/runtime/disk/contract.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { bytesOf } from "./origin.ts";

interface Written {
  readonly position: number;
  readonly bytes: number;
  readonly end: PromiseWithResolvers<void>;
}

/** Creates a file whose writes end when the test says so. */
function slowFile(content: Uint8Array) {
  const writes: Written[] = [];
  let atOnce = 0;
  const file: DiskFile = {
    id: "1",
    bytes: 0,
    modifiedAt: 0,
    async write(chunks, position) {
      assertEquals(++atOnce, 1);
      let at = position;
      for (const chunk of chunks) {
        content.set(chunk, at);
        at += chunk.length;
      }
      const end = Promise.withResolvers<void>();
      writes.push({ position, bytes: at - position, end });
      await end.promise;
      atOnce--;
    },
    read: () => Promise.resolve(0),
    close: () => Promise.resolve(),
  };
  return { file, writes };
}

test("WriteQueue.add() joins many chunks into few writes, one at a time, and waits for the one before", async () => {
  const data = bytesOf(3_000_000);
  const content = new Uint8Array(data.length + 10);
  const { file, writes } = slowFile(content);
  const queue = new WriteQueue(file, 10, () => 0);
  let waits = 0;
  for (let at = 0; at < data.length; at += 1_000) {
    const room = queue.add(data.subarray(at, at + 1_000));
    if (room === undefined) continue;
    waits++;
    if (waits > 1) writes.at(-1)!.end.resolve();
    await room;
  }
  writes.at(-1)!.end.resolve();
  const flushed = queue.flush();
  await eventLoopTurn();
  writes.at(-1)!.end.resolve();
  await flushed;

  assertEquals(content.subarray(10), data);
  assertEquals(writes.reduce((sum, { bytes }) => sum + bytes, 0), data.length);
  assert(writes.length <= 13, String(writes.length));
});

test("WriteQueue.add() writes small chunks if enough time has passed, unless a write is under way", async () => {
  const { file, writes } = slowFile(new Uint8Array(10));
  let now = 1_000;
  const queue = new WriteQueue(file, 0, () => now);
  const chunk = new Uint8Array(1);
  const sizes = () => writes.map(({ bytes }) => bytes);
  now += 19;
  assertEquals(queue.add(chunk), undefined);
  now += 1;
  await queue.add(chunk);
  assertEquals(sizes(), [2]);
  now += 500;
  assertEquals(queue.add(chunk), undefined);
  writes[0]!.end.resolve();
  await eventLoopTurn();
  // The time counts from the end of the last write.
  assertEquals([queue.add(chunk), sizes()], [undefined, [2]]);
  now += 20;
  await queue.add(chunk);
  assertEquals(sizes(), [2, 3]);
  writes[1]!.end.resolve();
  await eventLoopTurn();
  // A clock that is set back by an hour makes nothing wait for an hour.
  now -= 3_600_000;
  await queue.add(chunk);
  assertEquals(sizes(), [2, 3, 1]);
  writes[2]!.end.resolve();
  await queue.flush();
});

/** Fills a buffer as a stream does: the result is a new buffer of the same memory. */
function filled(room: Uint8Array<ArrayBuffer>, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(structuredClone(room.buffer, { transfer: [room.buffer] }));
  memory.set(bytes);
  return memory.subarray(0, bytes.length);
}

test("WriteQueue.room() lends memory whose bytes do not change until they have been written", async () => {
  const data = bytesOf(6_000_000);
  const content = new Uint8Array(data.length);
  const { file, writes } = slowFile(content);
  const late: DiskFile = {
    ...file,
    // Read the chunks as late as possible.
    async write(chunks, position) {
      await eventLoopTurn();
      const writing = file.write(chunks, position);
      writes.at(-1)!.end.resolve();
      await writing;
    },
  };
  const queue = new WriteQueue(late, 0, () => 0);
  const sizes = [100_000, 524_288, 300_000, 7, 65_535, 400_000, 65_536];
  for (let at = 0, index = 0; at < data.length; index++) {
    const bytes = data.subarray(at, at + sizes[index % sizes.length]!);
    // Some chunks do not use the lent buffer.
    await queue.add(index % 5 === 4 ? bytes : filled(queue.room(), bytes));
    at += bytes.length;
  }
  await queue.flush();
  assertEquals(content, data);
});

test("WriteQueue.room() returns the same buffer until it is used, and small chunks leave it free", async () => {
  const { file, writes } = slowFile(new Uint8Array(10));
  const queue = new WriteQueue(file, 0, () => 0);
  const room = queue.room();
  queue.add(new Uint8Array(1));
  assertEquals(queue.room() === room, true);
  const small = filled(room, Uint8Array.of(2, 3));
  queue.add(small);
  assertEquals(queue.room().buffer === small.buffer, true);
  const flushed = queue.flush();
  await eventLoopTurn();
  writes[0]!.end.resolve();
  await flushed;
});

test("WriteQueue.room() lends a few buffers again and again, and none that did not come back", async () => {
  const { file } = slowFile(new Uint8Array(0));
  const queue = new WriteQueue({ ...file, write: () => eventLoopTurn() }, 0, () => 0);
  const large = new Uint8Array(300_000);
  let fresh = 0;
  for (let count = 0; count < 50; count++) {
    const room = queue.room();
    // The end of a new buffer is zero.
    if (room.at(-1) === 0) fresh++;
    room[room.length - 1] = 1;
    await queue.add(filled(room, large));
  }
  assert(fresh <= 4, String(fresh));

  const kept = queue.room();
  structuredClone(kept.buffer, { transfer: [kept.buffer] });
  assertEquals(queue.room().length, kept.byteLength === 0 ? 524_288 : 0);
  await queue.flush();
});

test("WriteQueue.add() and flush() report a write that failed, and write nothing more", async () => {
  let writes = 0;
  const failure = new Error("full");
  const { file } = slowFile(new Uint8Array(0));
  const failing: DiskFile = {
    ...file,
    write() {
      writes++;
      return Promise.reject(failure);
    },
  };
  const queue = new WriteQueue(failing, 0, () => 0);
  await queue.add(new Uint8Array(2_000_000));

  assertEquals(await rejection(queue.add(new Uint8Array(2_000_000))!), failure);
  assertEquals(await rejection(queue.flush()), failure);
  assertEquals(writes, 1);
});
