import { assertEquals, assertStrictEquals } from "@std/assert";
import { BinaryHeap, type HeapItem } from "../../src/primitives/binary_heap.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

interface Item extends HeapItem {
  readonly key: number;
}

function heap(): BinaryHeap<Item> {
  return new BinaryHeap<Item>((a, b) => a.key < b.key);
}

function item(key: number): Item {
  return { key, heapIndex: -1 };
}

test("BinaryHeap gives items in order, whatever is added and removed meanwhile", () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seededRandom(seed);
    const items = heap();
    const model: Item[] = [];
    for (let step = 0; step < 300; step++) {
      if (random() < 0.6 || model.length === 0) {
        const added = item(Math.floor(random() * 1_000) + step / 1_000);
        items.push(added);
        model.push(added);
      } else {
        const removed = model.splice(Math.floor(random() * model.length), 1)[0]!;
        assertEquals(items.remove(removed), true);
      }
      model.sort((a, b) => a.key - b.key);
      assertStrictEquals(items.peek(), model[0]);
      assertEquals(items.size, model.length);
    }
    for (const expected of model) {
      assertStrictEquals(items.peek(), expected);
      items.remove(expected);
    }
  }
});

test("BinaryHeap.remove() refuses an item that is not in the heap", () => {
  const items = heap();
  const other = heap();
  const a = item(1);
  const b = item(2);
  items.push(a);
  other.push(b);

  assertEquals(items.remove(b), false);
  assertEquals(items.remove(item(3)), false);
  assertEquals(items.remove(a), true);
  assertEquals(items.remove(a), false);
  assertEquals([items.size, other.size], [0, 1]);
});
