import { assertEquals } from "@std/assert";
import { isToken } from "../../src/http/token.ts";
import { test } from "../support/test.ts";

test("isToken() accepts one or more of the characters of RFC 9110 §5.6.2, and nothing else", () => {
  for (let unit = 0; unit < 0x180; unit++) {
    const character = String.fromCharCode(unit);
    const isOne = /[A-Za-z0-9]/.test(character) || "!#$%&'*+-.^_`|~".includes(character);
    assertEquals([isToken(character), isToken(`a${character}b`)], [isOne, isOne], `U+${unit.toString(16)}`);
  }
  assertEquals(["", "a b", " a", "a\n", "x-api-key", "GET"].map(isToken), [
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});
