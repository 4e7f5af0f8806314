import { assertEquals, assertThrows } from "@std/assert";
import { isOptionLine, partsOfJson, partsOfLines } from "../../src/cli/request_parts.ts";
import { test } from "../support/test.ts";

test("isOptionLine() requires an indent, a name and an equals sign", () => {
  for (
    const line of ["  out=x", "\theader=a: b", "  Method=PUT", " user-agent=x", " method = PUT", "  json="]
  ) {
    assertEquals(isOptionLine(line), true, line);
  }
  for (
    const line of ["out=x", "  https://h/a=b", "  localhost/?a=b", "  # out=x", "  out", "  h:80/?a=b", ""]
  ) {
    assertEquals(isOptionLine(line), false, line);
  }
});

test("partsOfLines() refuses an unknown name in a line below a URL", () => {
  for (
    const [line, name] of [["Method=PUT", "Method"], ["METHOD=PUT", "METHOD"], ["method = PUT", "method "]]
  ) {
    const why = `Cannot fetch as '${name}' is unknown in a line below a URL: did you mean 'method'?`;
    assertEquals(assertThrows(() => partsOfLines([`  ${line}`]), TypeError).message, why);
  }
  assertThrows(() => partsOfLines(["  user-agent=x"]), TypeError, "method, header, data, json, out");
});

test("partsOfLines() keeps a body as it is, and sets its type unless a header does", () => {
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

test("partsOfJson() sends any value of `json` as JSON, texts too, but not beside a body", () => {
  for (const json of [null, false, "text", { a: 1 }]) {
    const { body, headers } = partsOfJson(JSON.stringify({ url: "u", json }));
    assertEquals([body, headers?.["content-type"]], [JSON.stringify(json), "application/json"]);
  }
  assertThrows(() => partsOfJson('{"url":"u","json":1,"body":"1"}'), TypeError, "'json' and 'body' exclude");
});

test("partsOfLines() refuses invalid JSON, and shows none of it", () => {
  for (const text of ["{bad: 's3cret'}", "", "1 2", "@file", "'s3cret'"]) {
    const { message } = assertThrows(() => partsOfLines([`  json=${text}`]), TypeError);
    assertEquals(message, "Cannot fetch as 'json' must be JSON");
  }
  for (const text of ["null", ' {"a": 1} ', '"s"']) assertEquals(partsOfLines([`  json=${text}`]).body, text);
});
