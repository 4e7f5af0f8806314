import { assertEquals } from "@std/assert";
import { objectTag } from "../../src/primitives/object_tag.ts";
import { test } from "../support/test.ts";

test("objectTag() tells plain records from the platform's objects, of any class or realm", () => {
  const foreign = { [Symbol.toStringTag]: "Request" };
  const cases: [unknown, string][] = [
    [{}, "Object"],
    [Object.create(null), "Object"],
    [new (class Own {})(), "Object"],
    [[], "Array"],
    [new Map(), "Map"],
    [new Request("https://a.test"), "Request"],
    [new Response(), "Response"],
    [foreign, "Request"],
    [Promise.resolve(), "Promise"],
    [null, "Null"],
    [undefined, "Undefined"],
    ["a", "String"],
  ];
  for (const [value, tag] of cases) assertEquals(objectTag(value), tag);
});
