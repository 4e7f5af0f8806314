import { assert } from "@std/assert";
import { leadingNumbers } from "../../../src/primitives/leading_numbers.ts";
import { test } from "../../support/test.ts";
import { fc } from "../property.ts";

test("leadingNumbers() is never more than there are", () => {
  const value = fc.oneof(
    { arbitrary: fc.double(), weight: 40 },
    fc.constantFrom(null, "None", "1", undefined, true),
  );
  fc.assert(fc.property(fc.array(value, { maxLength: 60 }), (values) => {
    const leading = leadingNumbers(values, null);
    assert(leading <= values.length && values.slice(0, leading).every((one) => typeof one === "number"));
    if (leading > 0 && leading < values.length) assert(typeof values[leading] !== "number");
  }));
});
