import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import {
  optional,
  parseBaseUrl,
  parseCount,
  parseDuration,
  parseHeaders,
  parseHeaderValue,
  parseRate,
} from "../../src/cli/values.ts";
import { test } from "../support/test.ts";

test("parseCount() accepts integers from 1, or from 0", () => {
  assertEquals([parseCount("n", "1"), parseCount("n", "007"), parseCount("n", "0", { least: 0 })], [1, 7, 0]);
});

for (
  const text of ["0", "-1", "1.5", "1e3", "0x10", "", " ", "abc", "9007199254740993", "Infinity", "NaN", "１"]
) {
  test(`parseCount() refuses ${JSON.stringify(text)} and names flag, rule and value`, () => {
    const error = assertThrows(() => parseCount("concurrency", text), UsageError);
    assertEquals(
      error.message,
      `'--concurrency' must be a positive integer: received ${JSON.stringify(text)}`,
    );
  });
}

test("parseCount() says when 0 is allowed", () => {
  const error = assertThrows(() => parseCount("retries", "-1", { least: 0 }), UsageError);
  assertEquals(error.message, `'--retries' must be an integer of at least 0: received "-1"`);
});

test("parseDuration() accepts seconds and units", () => {
  const texts = ["0.25", "250ms", "5s", "1.5min", "2m", "1h"];
  assertEquals(texts.map((text) => parseDuration("t", text)), [250, 250, 5_000, 90_000, 120_000, 3_600_000]);
});

for (const text of ["0", "0s", "-5s", "5 s", "5d", "s", "1e3", "5S", "1.", ".5s", "", "9".repeat(400)]) {
  test(`parseDuration() refuses ${JSON.stringify(text.slice(0, 10))}`, () => {
    assertThrows(() => parseDuration("timeout", text), UsageError, "'--timeout' must be a positive duration");
  });
}

test("parseRate() accepts a number per second and other intervals", () => {
  assertEquals(
    ["20", "20/s", "100/min", "2.5/h", "5/500ms", "1/2.5s"].map((text) => parseRate("rate", text)),
    [
      { limit: 20, intervalMs: 1_000 },
      { limit: 20, intervalMs: 1_000 },
      { limit: 100, intervalMs: 60_000 },
      { limit: 2.5, intervalMs: 3_600_000 },
      { limit: 5, intervalMs: 500 },
      { limit: 1, intervalMs: 2_500 },
    ],
  );
});

for (const text of ["0", "0/s", "-1/s", "20/", "20/0s", "20/5", "20/day", "/s", "20 /s", "20/s/s", "fast"]) {
  test(`parseRate() refuses ${JSON.stringify(text)}`, () => {
    const error = assertThrows(() => parseRate("rate", text), UsageError, "'--rate' must be a positive rate");
    assertStringIncludes(error.message, JSON.stringify(text));
  });
}

test("parseHeaders() reads names and values, and joins values of the same name", () => {
  assertEquals(
    parseHeaders("header", ["Accept:application/json", "X-A: 1 ", "x-a:\t2", "X-Empty:", "X-C: a:b"]),
    {
      accept: "application/json",
      "x-a": "1, 2",
      "x-empty": "",
      "x-c": "a:b",
    },
  );
});

test("parseHeaders() reads a long run of spaces inside a value in linear time", () => {
  const spaces = " ".repeat(500_000);
  assertEquals(parseHeaders("header", [`X-A:${spaces}1${spaces}2${spaces}`]), { "x-a": `1${spaces}2` });
});

test("parseHeaders() joins cookies as servers read them, however the name is written", () => {
  const cookies = ["Cookie: a=1", "X: 1", "cookie: b=2; c=3", "COOKIE:d=4"];
  assertEquals(parseHeaders("header", cookies), { cookie: "a=1; b=2; c=3; d=4", x: "1" });
});

for (
  const text of [
    "Authorization Bearer s3cret",
    ": s3cret",
    "A B: s3cret",
    "X: s3cret\r\nY: 1",
    "X: s3cret\u{1f600}",
    "",
  ]
) {
  test(`parseHeaders() refuses ${JSON.stringify(text)} without showing its value`, () => {
    const error = assertThrows(
      () => parseHeaders("header", [text]),
      UsageError,
      "'--header' must be 'Name: value'",
    );
    assertFalse(error.message.includes("s3cret"), error.message);
  });
}

test("parseBaseUrl() accepts http and https URLs only", () => {
  for (const text of ["https://cdn.example.com/x", "cdn.example.com/x"]) {
    assertEquals(parseBaseUrl("base-url", text).href, "https://cdn.example.com/x");
  }
  assertEquals(parseBaseUrl("base-url", "localhost:8000/a").href, "http://localhost:8000/a");
  for (const text of ["cdn", "ftp://h", "file:///etc", "/x", ""]) {
    assertThrows(
      () => parseBaseUrl("base-url", text),
      UsageError,
      "'--base-url' must be an http or https URL",
    );
  }
});

test("parseBaseUrl() accepts no query and no fragment", () => {
  for (
    const text of [
      "https://h/a?b=1",
      "https://h/?",
      "h.test#c",
      "h.test/a#",
      "https://u:s3cret@h/?token=s3cret",
    ]
  ) {
    const error = assertThrows(() => parseBaseUrl("base-url", text), UsageError);
    assertStringIncludes(error.message, "'--base-url' must be a URL without query and fragment: received");
    assertFalse(error.message.includes("s3cret"), error.message);
  }
});

test("parseHeaderValue() accepts a value that a header can hold", () => {
  for (const text of ["robot/1 (ü)", "", "a\tb"]) assertEquals(parseHeaderValue("agent", text), text);
  for (const text of ["a\r\nb", "a\0b", "€"]) {
    assertThrows(
      () => parseHeaderValue("agent", text),
      UsageError,
      "'--agent' must be a text in latin-1 letters",
    );
  }
});

test("optional() omits undefined values", () => {
  assertEquals(optional("n", undefined, parseCount), undefined);
  assertEquals(optional("n", "5", parseCount), 5);
});

test("S17: parseBaseUrl() shows no secret of a URL that it refuses", () => {
  for (
    const text of [
      "ftp://user:s3cret@h/",
      "https://user:s3cret/x@h/",
      "//user:s3cret@h/?token=s3cret",
      "x?sig=s3cret",
    ]
  ) {
    const error = assertThrows(() => parseBaseUrl("base-url", text), UsageError);
    assertFalse(error.message.includes("s3cret"), error.message);
  }
});
