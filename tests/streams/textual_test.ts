import { assertEquals, assertThrows } from "@std/assert";
import { checkTextual } from "../../src/streams/textual.ts";
import { test } from "../support/test.ts";

test("checkTextual() refuses bytes, and says what is not possible", () => {
  checkTextual("json", "read lines");
  checkTextual("text", "read lines");
  const error = assertThrows(() => checkTextual("bytes", "read lines"), TypeError);
  assertEquals(error.message, "Cannot read lines as 'as' must be 'json' or 'text': received 'bytes'");
});
