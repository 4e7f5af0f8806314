import { assertEquals } from "@std/assert";
import { LeftMirrors } from "../../src/client/left_mirrors.ts";
import type { Mirror } from "../../src/policies/mirror.ts";
import { test } from "../support/test.ts";

function mirror(base: string, isOff?: () => boolean): Mirror {
  return { base, isOff } as Mirror;
}

test("LeftMirrors.add() says whether the round has another mirror to ask, and keeps the order for the next round", () => {
  const [a, b, c] = ["a", "b", "c"].map((base) => mirror(base)) as [Mirror, Mirror, Mirror];
  const all = [a, b, c];
  const left = new LeftMirrors();

  assertEquals(left.avoided, undefined);
  assertEquals([b, a, c].map((each) => left.add(each, all)), [true, true, false]);
  assertEquals(left.avoided, [b, a, c]);
  assertEquals(left.add(b, all), true);
  assertEquals(left.avoided, [a, c, b]);
});

test("LeftMirrors.add() ends a round when a mirror is left again because the others could not be asked", () => {
  const all = [mirror("a"), mirror("b"), mirror("c")] as const;
  const left = new LeftMirrors();

  assertEquals([all[0], all[0], all[0], all[0]].map((each) => left.add(each, all)), [
    true,
    false,
    true,
    false,
  ]);
});

test("LeftMirrors.add() does not count a mirror that is switched off, or the only one", () => {
  let isOff = true;
  const a = mirror("a");
  const b = mirror("b", () => isOff);

  assertEquals(new LeftMirrors().add(a, [a]), false);
  assertEquals(new LeftMirrors().add(a, [a, b]), false);
  isOff = false;
  assertEquals(new LeftMirrors().add(a, [a, b]), true);
});
