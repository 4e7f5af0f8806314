import { assertEquals } from "@std/assert";
import { Allowance } from "../../src/lanes/allowance.ts";
import { SmallShare } from "../../src/lanes/small_share.ts";
import { test } from "../support/test.ts";

test("SmallShare is a quarter of the permits, or of a batch's concurrency, and at least one", () => {
  const rooms = (capacity: number): number[] => {
    const share = new SmallShare({ capacity });
    return [undefined, 1, 7, 8, 100].map((most) =>
      share.room(most === undefined ? undefined : new Allowance(most, 10, () => {}))
    );
  };
  assertEquals(rooms(20), [5, 1, 1, 2, 5]);
  assertEquals(rooms(3), [1, 1, 1, 1, 1]);
});

test("SmallShare is full when that many permits are held, and follows the number of permits", () => {
  const view = { capacity: 8 };
  const share = new SmallShare(view);
  share.inFlight = 1;
  assertEquals([share.isFull(undefined), share.isFull(new Allowance(4, 10, () => {}))], [false, true]);
  share.inFlight = 2;
  assertEquals(share.isFull(undefined), true);
  view.capacity = 12;
  assertEquals(share.isFull(undefined), false);
});
