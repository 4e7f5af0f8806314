import { assertEquals, assertStrictEquals } from "@std/assert";
import { PriorityQueue } from "../../src/primitives/priority_queue.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";
import { Item } from "./priority_item.ts";

test("PriorityQueue gives higher priorities first, and first in first out within one", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seededRandom(seed);
    const queue = new PriorityQueue<Item>();
    const model: Item[] = [];
    for (let step = 0; step < 400; step++) {
      if (random() < 0.55 || model.length === 0) {
        const item = new Item(Math.floor(random() * 5) - 2, step);
        queue.push(item);
        model.push(item);
      } else {
        const index = random() < 0.5 ? 0 : Math.floor(random() * model.length);
        queue.remove(model.splice(index, 1)[0]!);
      }
      model.sort((a, b) => b.priority - a.priority || a.sequence - b.sequence);
      assertStrictEquals(queue.peek(), model[0]);
      assertEquals(queue.size, model.length);
    }
  }
});

test("PriorityQueue still works after it has been emptied at one priority and filled at another", () => {
  const queue = new PriorityQueue<Item>();
  for (const priority of [1, -1, 1, 1, 0]) {
    const item = new Item(priority);
    queue.push(item);
    assertStrictEquals(queue.peek(), item);
    queue.remove(item);
    assertEquals([queue.size, queue.peek()], [0, undefined]);
  }
});

test("PriorityQueue orders infinite and fractional priorities", () => {
  const queue = new PriorityQueue<Item>();
  const order: number[] = [];
  for (const priority of [0.5, -Infinity, Infinity, 0, 1e-9]) queue.push(new Item(priority));
  for (let item = queue.peek(); item !== undefined; item = queue.peek()) {
    order.push(item.priority);
    queue.remove(item);
  }

  assertEquals(order, [Infinity, 0.5, 1e-9, 0, -Infinity]);
});
