import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { type Corners, cornersSchema } from "../../src/f1/corners.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

const CORNERS: Readonly<Record<string, unknown>> = {
  CornerNumber: [1, 2],
  X: [42.4, 820.8],
  Y: [8329.2, 7879],
  Angle: [-246.6, -101.2],
  Distance: [697.7, 803.4],
  Rotation: 92.0,
};

test("cornersSchema accepts one rotation beside the columns", () => {
  const corners = v.parse(cornersSchema, CORNERS);
  assertEquals(corners, CORNERS);
  assertType<Equal<typeof corners, Corners>>();
});

test("cornersSchema accepts a season that has no rotation", () => {
  const { Rotation: _, ...rest } = CORNERS;
  assertEquals(v.parse(cornersSchema, rest), rest as Corners);
});

test("cornersSchema takes a rotation that is a missing value for none", () => {
  for (const Rotation of ["None", "nan", null, ""]) {
    assertEquals(v.parse(cornersSchema, { ...CORNERS, Rotation }).Rotation, undefined);
  }
});

test("cornersSchema refuses a rotation for each corner, and a corner without a place", () => {
  assertEquals(v.is(cornersSchema, { ...CORNERS, Rotation: [92, 92] }), false);
  assertEquals(v.is(cornersSchema, { ...CORNERS, X: [42.4, "None"] }), false);
});

test("cornersSchema accepts corners whose distance could not be measured", () => {
  assertEquals(v.parse(cornersSchema, { ...CORNERS, Distance: [null, "None"] }).Distance, [null, null]);
});
