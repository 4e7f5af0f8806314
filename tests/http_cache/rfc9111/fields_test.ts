import { assertEquals } from "@std/assert";
import { storedFields } from "../../../src/http_cache/rfc9111/fields.ts";
import { test } from "../../support/test.ts";

test("storedFields() finds fields by their names, and gives null for others", () => {
  const fields = storedFields({ headers: [["etag", '"1"'], ["vary", ""]] });
  assertEquals(["etag", "vary", "date"].map((name) => fields.get(name)), ['"1"', "", null]);
});
