import { assertEquals, assertStrictEquals } from "@std/assert";
import { ItemStream } from "../../src/client/item_stream.ts";
import { test } from "../support/test.ts";
import { rejection, watch } from "../support/settled.ts";

interface Rig {
  readonly stream: ItemStream<number>;
  readonly stop: { reason?: unknown };
  /** How often the source was loaded, read and closed. */
  readonly counts: { loads: number; reads: number; closes: number };
}

/** Creates a stream over portions, or over promises of them. */
function rig(portions: readonly (readonly number[] | Promise<readonly number[]> | Error)[]): Rig {
  const counts = { loads: 0, reads: 0, closes: 0 };
  const stop: { reason?: unknown } = {};
  const source = {
    read() {
      const portion = portions[counts.reads++];
      return portion instanceof Error ? Promise.reject(portion) : Promise.resolve(portion);
    },
    close: () => void counts.closes++,
  };
  const stream = new ItemStream<number>({
    load() {
      counts.loads++;
      return Promise.resolve(source);
    },
    stopped: () => "reason" in stop ? { reason: stop.reason } : undefined,
  });
  return { stream, stop, counts };
}

test("ItemStream.next() gives the items of all portions in order, and then its end", async () => {
  const { stream, counts } = rig([[1, 2], [], [3]]);
  assertEquals(counts.loads, 0);
  assertEquals(await Array.fromAsync(stream), [1, 2, 3]);
  assertEquals(await stream.next(), { done: true, value: undefined });
  assertEquals(counts, { loads: 1, reads: 4, closes: 1 });
});

test("ItemStream.next() keeps the order of calls that do not wait for each other", async () => {
  const { stream } = rig([[1, 2], [3], [4, 5]]);
  const results = await Promise.all(Array.from({ length: 7 }, () => stream.next()));
  assertEquals(results.map(({ value }) => value), [1, 2, 3, 4, 5, undefined, undefined]);
});

test("ItemStream.next() rejects once with the error of the source, after the items before it", async () => {
  const failure = new Error("broken");
  const { stream, counts } = rig([[1], failure, [2]]);
  assertEquals(await stream.next(), { done: false, value: 1 });
  assertStrictEquals(await rejection(stream.next()), failure);
  assertEquals(await stream.next(), { done: true, value: undefined });
  assertEquals(counts, { loads: 1, reads: 2, closes: 1 });
});

test("ItemStream.next() drops held items as soon as the caller has stopped it", async () => {
  const { stream, stop, counts } = rig([[1, 2, 3]]);
  await stream.next();
  stop.reason = "enough";
  assertEquals(await rejection(stream.next()), "enough");
  assertEquals(await stream.next(), { done: true, value: undefined });
  assertEquals(counts.closes, 1);
});

test("ItemStream.next() loads nothing when it was stopped before", async () => {
  const { stream, stop, counts } = rig([[1]]);
  stop.reason = undefined;
  assertEquals(await rejection(stream.next()), undefined);
  assertEquals(counts, { loads: 0, reads: 0, closes: 0 });
});

test("ItemStream.return() closes the source, and ends a waiting next()", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly number[]>();
  const { stream, counts } = rig([[1, 2], promise]);
  await stream.next();
  await stream.next();
  const waiting = watch(stream.next());
  await Promise.resolve();
  assertEquals(await stream.return(), { done: true, value: undefined });
  assertEquals(counts.closes >= 1, true);
  resolve([3]);
  assertEquals(await stream.next(), { done: true, value: undefined });
  assertEquals(waiting.value, { done: true, value: undefined });
});

test("ItemStream.return() before the first next() loads nothing", async () => {
  const { stream, counts } = rig([[1]]);
  await stream.return();
  assertEquals(await stream.next(), { done: true, value: undefined });
  assertEquals(counts.loads, 0);
});

test("ItemStream.return() while the source is being loaded reads no item", async () => {
  const { stream, counts } = rig([[1]]);
  const first = stream.next();
  await Promise.resolve();
  await stream.return();
  assertEquals([await first, counts.reads], [{ done: true, value: undefined }, 0]);
});

test("ItemStream ends with its scope, and when its loop is left", async () => {
  const scoped = rig([[1, 2]]);
  {
    await using stream = scoped.stream;
    await stream.next();
  }
  const left = rig([[1, 2]]);
  for await (const _ of left.stream) break;
  assertEquals([scoped.counts.closes, left.counts.closes], [1, 1]);
});
