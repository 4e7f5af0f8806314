import { assertEquals } from "@std/assert";
import { LeftMirrors } from "../../src/client/left_mirrors.ts";
import { NetworkError } from "../../src/errors.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Mirror } from "../../src/policies/mirror.ts";
import type { Target } from "../../src/policies/journey.ts";
import { test } from "../support/test.ts";

function mirror(base: string, isOff?: () => boolean): Mirror {
  return { base, isOff } as Mirror;
}

const call = { describe: () => ({ attempts: 7 }) } as Call;

/** Leaves a mirror because of an error of its own. Gives the base of the next one. */
function leave(
  left: LeftMirrors,
  from: Mirror,
  all: readonly Mirror[],
  error = new NetworkError(from.base),
): string | undefined {
  const ending = { mirror: from, target: { url: `https://${from.base}/` } as Target, error };
  return left.add(call, ending, all)?.base;
}

test("LeftMirrors.add() gives the next mirror to ask in the round, and keeps the order for the next round", () => {
  const [a, b, c] = ["a", "b", "c"].map((base) => mirror(base)) as [Mirror, Mirror, Mirror];
  const all = [a, b, c];
  const left = new LeftMirrors();

  assertEquals(left.avoided, undefined);
  assertEquals([b, a, c].map((each) => leave(left, each, all)), ["a", "c", undefined]);
  assertEquals(left.avoided, [b, a, c]);
  assertEquals(leave(left, b, all), "a");
  assertEquals(left.avoided, [a, c, b]);
});

test("LeftMirrors.add() ends a round when a mirror is left again because the others could not be asked", () => {
  const all = [mirror("a"), mirror("b"), mirror("c")] as const;
  const left = new LeftMirrors();

  assertEquals([all[0], all[0], all[0], all[0]].map((each) => leave(left, each, all)), [
    "b",
    undefined,
    "b",
    undefined,
  ]);
});

test("LeftMirrors.add() does not count a mirror that is switched off, or the only one", () => {
  let isOff = true;
  const a = mirror("a");
  const b = mirror("b", () => isOff);

  assertEquals(leave(new LeftMirrors(), a, [a]), undefined);
  assertEquals(leave(new LeftMirrors(), a, [a, b]), undefined);
  isOff = false;
  assertEquals(leave(new LeftMirrors(), a, [a, b]), "b");
});

test("LeftMirrors.add() makes the error at the end of a round say what happened at each mirror", () => {
  const [a, b] = [mirror("a"), mirror("b")];
  const left = new LeftMirrors();

  for (const round of [1, 2]) {
    const [first, last] = [new NetworkError(`a ${round}`), new NetworkError(`b ${round}`)];
    leave(left, a, [a, b], first);
    leave(left, b, [a, b], last);
    assertEquals(first.context, {});
    assertEquals(last.attempts, 7);
    assertEquals(last.context.mirrors, [
      { url: "https://a/", failure: `a ${round}` },
      { url: "https://b/", failure: `b ${round}` },
    ]);
    assertEquals((last.cause as AggregateError).errors, [first]);
  }
});
