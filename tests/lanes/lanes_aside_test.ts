import { assertEquals } from "@std/assert";
import { Lane } from "../../src/lanes/lane.ts";
import { LanesAside } from "../../src/lanes/lanes_aside.ts";
import { test } from "../support/test.ts";

/** Creates lanes, each with a waiting request or without. */
function lanesWith(...waiting: readonly boolean[]): Lane[] {
  return waiting.map((isWaiting, index) => {
    const lane = new Lane({ key: `http://${index}.test`, breaker: undefined, bucket: undefined });
    if (isWaiting) lane.urgent.push({ previous: undefined, next: undefined } as never);
    return lane;
  });
}

test("LanesAside.recall() gives each lane in which requests still wait once, and no more lanes than asked for", () => {
  const aside = new LanesAside();
  const [idle, ...waiting] = lanesWith(false, true, true, true);
  for (const lane of [idle!, ...waiting, waiting[0]!]) aside.add(lane);
  assertEquals(aside.recall(1), waiting.slice(0, 1));
  assertEquals([aside.areThere, aside.recall(Infinity), aside.areThere], [true, waiting.slice(1), false]);
});

test("LanesAside.delete() takes out a lane that need not wait any more", () => {
  const aside = new LanesAside();
  const [one, other] = lanesWith(true, true);
  aside.add(one!);
  aside.add(other!);
  aside.delete(one!);
  assertEquals(aside.areThere, true);
  aside.delete(other!);
  assertEquals([aside.areThere, aside.recall(Infinity)], [false, []]);
});
