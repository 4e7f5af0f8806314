import { assertEquals, assertThrows } from "@std/assert";
import { isOptionLine, partsOfJson, partsOfLines } from "../../src/cli/request_parts.ts";
import { test } from "../support/test.ts";

test("isOptionLine() wants an indent, a name and an equals sign", () => {
  assertEquals(["  out=x", "\theader=a: b", "out=x", "  https://h/a=b", "  # out=x", ""].map(isOptionLine), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("partsOfLines() keeps a body as it stands, and says what it is unless somebody does", () => {
  assertEquals(partsOfLines(["  data= a=1 "]), {
    body: " a=1 ",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    out: undefined,
  });
  assertEquals(partsOfLines(["  json=[]", "  header=Content-Type: application/ld+json"]).headers, {
    "content-type": "application/ld+json",
    accept: "application/json",
  });
  assertEquals(partsOfLines([]), { out: undefined });
});

test("partsOfJson() sends a body that is no text as JSON, null and false too", () => {
  for (const body of [null, false, 0, [], { a: 1 }]) {
    assertEquals(partsOfJson(JSON.stringify({ url: "u", body })).body, JSON.stringify(body));
  }
  assertEquals(partsOfJson('{"url":"u","body":"text"}').body, "text");
  assertEquals(partsOfJson('{"url":"u"}').body, undefined);
  for (const line of ["[]", "null", "1", '{"url":1}', '{"url":"u","out":1}']) {
    assertThrows(() => partsOfJson(line), TypeError, "Cannot fetch as");
  }
  for (const headers of ["null", "[]", "1", '"x-a: 1"']) {
    const line = `{"url":"u","headers":${headers}}`;
    assertThrows(() => partsOfJson(line), TypeError, "Cannot fetch as 'headers' must be an object");
  }
});

test("partsOfLines() refuses JSON that is none, and shows nothing of it", () => {
  for (const text of ["{bad: 's3cret'}", "", "1 2", "@file", "'s3cret'"]) {
    const { message } = assertThrows(() => partsOfLines([`  json=${text}`]), TypeError);
    assertEquals(message, "Cannot fetch as 'json' must be JSON");
  }
  for (const text of ["null", ' {"a": 1} ', '"s"']) assertEquals(partsOfLines([`  json=${text}`]).body, text);
});
