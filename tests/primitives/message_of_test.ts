import { assertEquals } from "@std/assert";
import { messageOf } from "../../src/primitives/message_of.ts";
import { foreignError } from "../support/foreign_error.ts";
import { test } from "../support/test.ts";

test("messageOf() is the message of an error, and the text of anything else that was thrown", () => {
  const thrown = [new TypeError("down"), new Error(""), "down", 5, null, undefined, { message: "down" }];
  assertEquals(thrown.map(messageOf), ["down", "", "down", "5", "null", "undefined", "[object Object]"]);
  assertEquals(messageOf(foreignError("new RangeError('down')")), "down");
});
