import { assert, assertEquals } from "@std/assert";
import { WeakCollection } from "../../src/primitives/weak_collection.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { collectGarbage } from "../support/garbage.ts";
import { test } from "../support/test.ts";

test("WeakCollection iterates over its values in the order in which they were added", () => {
  const collection = new WeakCollection<{ readonly nth: number }>();
  const values = [1, 2, 3].map((nth) => ({ nth }));
  const refs = values.map((value) => collection.add(value));
  assertEquals([...collection], values);
  collection.delete(refs[1]!);
  assertEquals([[...collection], collection.size], [[values[0]!, values[2]!], 2]);
});

test("WeakCollection may lose a value during an iteration", () => {
  const collection = new WeakCollection<{ readonly nth: number }>();
  const values = [1, 2, 3].map((nth) => ({ nth }));
  const refs = values.map((value) => collection.add(value));
  const seen: number[] = [];
  for (const { nth } of collection) {
    seen.push(nth);
    collection.delete(refs[1]!);
  }
  assertEquals(seen, [1, 3]);
});

test("WeakCollection keeps no value alive, and forgets collected ones", async () => {
  const collection = new WeakCollection<{ readonly nth: number }>();
  const kept = { nth: -1 };
  collection.add(kept);
  for (let nth = 0; nth < 2_000; nth++) {
    collection.add({ nth });
    if (nth % 100 > 0) continue;
    await eventLoopTurn();
    collectGarbage();
  }
  assert(collection.size < 500, `${collection.size} are left`);
  assertEquals([...collection][0], kept);
});
