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

/** A file whose writes end when the test says so. */
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

test("WriteQueue.add() makes few writes of many chunks, one at a time, and waits for the one before", async () => {
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
  assert(writes.length <= 4, String(writes.length));
});

test("WriteQueue.add() writes little where much time has passed, unless something is being written", async () => {
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
  // It counts from the end of what was written last.
  assertEquals([queue.add(chunk), sizes()], [undefined, [2]]);
  now += 20;
  await queue.add(chunk);
  assertEquals(sizes(), [2, 3]);
  writes[1]!.end.resolve();
  await eventLoopTurn();
  // A clock that was put back by an hour leaves nothing waiting for an hour.
  now -= 3_600_000;
  await queue.add(chunk);
  assertEquals(sizes(), [2, 3, 1]);
  writes[2]!.end.resolve();
  await queue.flush();
});

test("WriteQueue.add() and flush() tell of a write that failed, and write nothing more", async () => {
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
