import { assertEquals } from "@std/assert";
import { Changes } from "../../../src/cache/tiered/changes.ts";
import { test } from "../../support/test.ts";

test("Changes.watch() notices a write of its key that begins, ends or goes on meanwhile, and no other", () => {
  const changes = new Changes();
  const watch = (...during: (() => void)[]) => {
    const isUnchanged = changes.watch("a");
    for (const step of during) step();
    return isUnchanged();
  };
  assertEquals(watch(), true);
  // Whoever watches for longer does not keep others from seeing that a write has ended.
  const isUnchanged = changes.watch("a");
  changes.write("a")();
  assertEquals([watch(), isUnchanged()], [true, false]);
  assertEquals(watch(() => changes.write("b")()), true);
  assertEquals(watch(() => changes.write("a")()), false);
  assertEquals(watch(() => changes.clear()()), false);
  for (const begin of [() => changes.write("a"), () => changes.clear()]) {
    const end = begin();
    assertEquals([watch(), watch(end), watch()], [false, false, true]);
    let endLater = () => {};
    assertEquals(watch(() => endLater = begin()), false);
    endLater();
    assertEquals(watch(), true);
  }
});

test("Changes forgets keys that are not in use", () => {
  const changes = new Changes();
  const ends = [
    changes.watch("a"),
    changes.watch("a"),
    changes.write("a"),
    changes.write("b"),
    changes.clear(),
  ];
  assertEquals(changes.size, 2);
  for (const end of ends) end();
  assertEquals(changes.size, 0);
});
