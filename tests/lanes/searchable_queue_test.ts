import { assertEquals, assertStrictEquals } from "@std/assert";
import { SearchableQueue } from "../../src/lanes/searchable_queue.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";
import { Item } from "../primitives/priority_item.ts";

test("SearchableQueue.find() and forEach() go through the items in the order in which they would leave", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const queue = new SearchableQueue<Item>();
    const model: Item[] = [];
    for (let step = 0; step < 100; step++) {
      if (random() < 0.6 || model.length === 0) {
        const item = new Item(Math.floor(random() * 3), step);
        queue.push(item);
        model.push(item);
      } else {
        queue.remove(model.splice(Math.floor(random() * model.length), 1)[0]!);
      }
      model.sort((a, b) => b.priority - a.priority || a.sequence - b.sequence);
      const seen: Item[] = [];
      queue.forEach((item) => void seen.push(item));
      assertEquals(seen.map(({ sequence }) => sequence), model.map(({ sequence }) => sequence));
      const wanted = Math.floor(random() * (step + 2));
      const isWanted = (item: Item): boolean => item.sequence >= wanted;
      assertStrictEquals(queue.find(isWanted), model.find(isWanted));
    }
  }
});

test("SearchableQueue.find() stops at the first item that passes, and takes nothing out", () => {
  const queue = new SearchableQueue<Item>();
  assertEquals(queue.find(() => true), undefined);
  const items = [new Item(0, 1), new Item(1, 2), new Item(0, 3)];
  for (const item of items) queue.push(item);
  const looked: number[] = [];
  const found = queue.find(({ sequence }) => {
    looked.push(sequence);
    return sequence === 1;
  });

  assertStrictEquals(found, items[0]);
  assertEquals([looked, queue.size], [[2, 1], 3]);
});

test("SearchableQueue.find() sorts the priorities only if the first item does not pass", () => {
  let lookUps = 0;
  class Watched extends SearchableQueue<Item> {
    constructor() {
      super();
      const { levels } = this;
      levels.values = () => {
        lookUps++;
        return Map.prototype.values.call(levels);
      };
    }
  }
  const queue = new Watched();
  for (let sequence = 0; sequence < 100; sequence++) queue.push(new Item(sequence % 10, sequence));
  assertEquals([queue.find(() => true)?.sequence, lookUps], [9, 0]);
  assertEquals([queue.find(({ sequence }) => sequence !== 9)?.sequence, lookUps], [19, 1]);
});

test("SearchableQueue.find() and forEach() find nothing in a queue that has been emptied", () => {
  const queue = new SearchableQueue<Item>();
  for (const priority of [1, 0]) {
    const item = new Item(priority);
    queue.push(item);
    queue.remove(item);
  }
  let looks = 0;
  queue.forEach(() => looks++);

  assertEquals([looks, queue.find(() => true)], [0, undefined]);
});

test("SearchableQueue.oldestBelow() tests no item that came after one that passes", () => {
  const queue = new SearchableQueue<Item>();
  for (let priority = 0; priority < 1_000; priority++) queue.push(new Item(priority, priority));
  let tests = 0;
  const oldest = queue.oldestBelow(500, (a, b) => a.sequence < b.sequence, ({ sequence }) => {
    tests++;
    return sequence >= 2;
  });
  assertEquals([oldest?.sequence, tests], [2, 3]);
});

test("SearchableQueue.oldestBelow() is the item that came first among those with a lower priority", () => {
  const queue = new SearchableQueue<Item>();
  const isBefore = (a: Item, b: Item) => a.sequence < b.sequence;
  const items = [5, 1, -1, 5, 1].map((priority, sequence) => new Item(priority, sequence));
  assertEquals([queue.isMixed, queue.oldestBelow(9, isBefore, () => true)], [false, undefined]);
  for (const item of items) queue.push(item);
  assertEquals(queue.isMixed, true);
  const of = (limit: number, test: (item: Item) => boolean = () => true) =>
    queue.oldestBelow(limit, isBefore, test)?.sequence;
  assertEquals([of(6), of(5), of(1), of(-1)], [0, 1, 2, undefined]);
  assertEquals(of(5, ({ sequence }) => sequence > 2), 4);
  for (const item of items) if (item.priority !== 5) queue.remove(item);
  assertEquals([queue.isMixed, of(5)], [false, undefined]);
});
