import { assertEquals } from "@std/assert";
import { Permit } from "../../src/primitives/permit.ts";
import { test } from "../support/test.ts";

test("Permit.release() gives its weight back once, however often and however it is released", () => {
  const given: number[] = [];
  const permit = new Permit(3, (weight) => void given.push(weight));
  assertEquals(permit.weight, 3);
  permit.release();
  permit.release();
  permit[Symbol.dispose]();

  assertEquals(given, [3]);
});

test("Permit is given back at the end of a `using` block", () => {
  const given: number[] = [];
  {
    using permit = new Permit(1, (weight) => void given.push(weight));
    assertEquals([permit.weight, given.length], [1, 0]);
  }

  assertEquals(given, [1]);
});

test("Permit.release() does nothing more when its own callback calls it again", () => {
  let calls = 0;
  const permit: Permit = new Permit(1, () => {
    calls++;
    permit.release();
  });
  permit.release();

  assertEquals(calls, 1);
});
