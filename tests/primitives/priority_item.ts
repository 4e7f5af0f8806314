/**
 * An item for tests of queues by priority.
 *
 * @module
 */

import type { PriorityItem } from "../../src/primitives/priority_queue.ts";

/** An item that records its order of arrival. */
export class Item implements PriorityItem<Item> {
  previous: Item | undefined;
  next: Item | undefined;

  constructor(readonly priority: number, readonly sequence: number = 0) {}
}
