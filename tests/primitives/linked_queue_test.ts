import { assertEquals } from "@std/assert";
import { type LinkedItem, LinkedQueue } from "../../src/primitives/linked_queue.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

class Item implements LinkedItem<Item> {
  previous: Item | undefined;
  next: Item | undefined;

  constructor(readonly name: number) {}
}

function names(queue: LinkedQueue<Item>): number[] {
  const found: number[] = [];
  for (let item = queue.head; item !== undefined; item = item.next) found.push(item.name);
  return found;
}

test("LinkedQueue keeps the order, whichever items leave from its middle", () => {
  const random = seededRandom(1);
  const queue = new LinkedQueue<Item>();
  const model: Item[] = [];
  for (let step = 0; step < 2_000; step++) {
    if (random() < 0.55 || model.length === 0) {
      const item = new Item(step);
      queue.push(item);
      model.push(item);
    } else {
      const [item] = model.splice(Math.floor(random() * model.length), 1);
      queue.remove(item!);
      assertEquals([item!.previous, item!.next], [undefined, undefined]);
    }
    assertEquals(queue.size, model.length);
    if (step % 50 === 0) assertEquals(names(queue), model.map((item) => item.name));
  }
});

test("LinkedQueue accepts an item again that has left", () => {
  const queue = new LinkedQueue<Item>();
  const [a, b] = [new Item(1), new Item(2)];
  queue.push(a);
  queue.push(b);
  queue.remove(a);
  queue.push(a);

  assertEquals(names(queue), [2, 1]);
});
