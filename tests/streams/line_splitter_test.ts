import { assertEquals } from "@std/assert";
import { LineSplitter } from "../../src/streams/line_splitter.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";
import { pieces, toBytes } from "./chunked.ts";

function split(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  { maxLineBytes = 1_000, endsAtCr = false } = {},
): string[] {
  const splitter = new LineSplitter({ maxLineBytes, endsAtCr });
  const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  const last = splitter.end();
  return last === undefined ? lines : [...lines, last];
}

/** Cuts a text in every way: in one piece, at each place, at each two places, and into pieces of all small sizes. */
function* cuts(text: string | Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>[]> {
  const bytes = toBytes(text);
  yield [bytes];
  for (let first = 0; first <= bytes.length; first++) {
    yield [bytes.slice(0, first), bytes.slice(first)];
    for (let second = first; second <= bytes.length; second++) {
      yield [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
    }
  }
  for (const size of [1, 2, 3, 4, 5]) yield pieces(bytes, size);
}

test("LineSplitter.push() gives the same lines wherever the chunks begin", () => {
  const cases: [text: string, lines: string[], linesAtCr: string[]][] = [
    ["a\nb\nc", ["a", "b", "c"], ["a", "b", "c"]],
    ["a\r\nb\r\n", ["a", "b"], ["a", "b"]],
    ["\n\n", ["", ""], ["", ""]],
    ["a\r\n\r\nb", ["a", "", "b"], ["a", "", "b"]],
    ["a\rb\r\rc\n", ["a\rb\r\rc"], ["a", "b", "", "c"]],
    ["a\n\rb\r", ["a", "\rb\r"], ["a", "", "b"]],
    ["\r\r\n\n\r", ["\r", "", "\r"], ["", "", "", ""]],
    ["ä€𝄞\nz𝄞", ["ä€𝄞", "z𝄞"], ["ä€𝄞", "z𝄞"]],
    ["\uFEFFa\n\uFEFFb", ["a", "\uFEFFb"], ["a", "\uFEFFb"]],
    ["\uFEFF\uFEFFa", ["\uFEFFa"], ["\uFEFFa"]],
    ["\uFEFF", [], []],
    ["", [], []],
    ["a\0b\n\0", ["a\0b", "\0"], ["a\0b", "\0"]],
    ["a\u2028b\u0085c\vd\fe\n", ["a\u2028b\u0085c\vd\fe"], ["a\u2028b\u0085c\vd\fe"]],
  ];
  for (const [text, lines, linesAtCr] of cases) {
    for (const chunks of cuts(text)) {
      assertEquals(split(chunks), lines, JSON.stringify(text));
      assertEquals(split(chunks, { endsAtCr: true }), linesAtCr, JSON.stringify(text));
    }
  }
});

test("LineSplitter.push() turns invalid UTF-8 into U+FFFD, as the decoder does with the whole text", () => {
  for (
    const bytes of [
      [0xff, 0x0a, 0x61],
      [0xe2, 0x82, 0x0a, 0xac, 0x0a],
      [0xf0, 0x9d, 0x84, 0x0a, 0x61, 0xc3],
      [0xc0, 0x80, 0x0a, 0xed, 0xa0, 0x80, 0x0a],
      [0xef, 0xbb, 0x0a],
    ].map((list) => new Uint8Array(list))
  ) {
    const text = new TextDecoder().decode(bytes);
    const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
    for (const chunks of cuts(bytes)) assertEquals(split(chunks), lines);
  }
});

test("LineSplitter.push() agrees with a regular expression on random texts in random chunks", () => {
  const random = seededRandom(7);
  const alphabet = ["a", "b", "\n", "\r", "\r\n", "ä", "€", "𝄞", "\uFEFF", "\0"];
  const pick = (size: number) => Math.floor(random() * size);
  for (let round = 0; round < 500; round++) {
    const text = "x" + Array.from({ length: pick(40) }, () => alphabet[pick(alphabet.length)]).join("");
    let bytes = toBytes(text);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    while (bytes.length > 0) {
      const size = pick(9);
      chunks.push(bytes.slice(0, size));
      bytes = bytes.slice(size);
    }
    for (const [endsAtCr, ends] of [[false, /\r?\n/], [true, /\r\n|\n|\r/]] as const) {
      const expected = text.split(ends);
      if (expected.at(-1) === "") expected.pop();
      assertEquals(split(chunks, { endsAtCr }), expected, JSON.stringify(text));
    }
  }
});

test("LineSplitter.push() stops at the first line that is too long, after the lines before it", () => {
  // One byte more than a line may have. An end does not count, and a character counts with all of its bytes.
  for (const [tooLong, fits] of [["12345", "1234"], ["€€", "€"], ["123\r4", "12\r3"]] as const) {
    for (const end of ["\n", "\r\n"]) {
      const text = ["1234", fits, tooLong, "z"].join(end) + end;
      const begins = toBytes(["1234", fits, ""].join(end)).length;
      for (const chunks of cuts(text)) {
        const splitter = new LineSplitter({ maxLineBytes: 4, endsAtCr: false });
        const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
        assertEquals([lines, splitter.tooLongAt, splitter.end()], [["1234", fits], begins, undefined]);
      }
    }
  }
});

test("LineSplitter.push() stops at a line that is too long where a CR also ends lines", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["1234", "12", "12345", "1"].join(end);
    for (const chunks of cuts(text)) {
      const splitter = new LineSplitter({ maxLineBytes: 4, endsAtCr: true });
      const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
      assertEquals([lines, splitter.tooLongAt], [["1234", "12"], 6 + 2 * end.length]);
    }
  }
});

test("LineSplitter.end() refuses a last line that is too long by a CR", () => {
  const splitter = new LineSplitter({ maxLineBytes: 4, endsAtCr: false });

  assertEquals([...splitter.push(toBytes("a\n1234\r"))], ["a"]);
  assertEquals([splitter.tooLongAt, splitter.end(), splitter.tooLongAt], [undefined, undefined, 2]);
});

test("LineSplitter.push() holds at most one line of an endless text", () => {
  const splitter = new LineSplitter({ maxLineBytes: 1_000_000, endsAtCr: false });
  const chunk = toBytes("x".repeat(1_000));
  let chunks = 0;
  while (splitter.tooLongAt === undefined) {
    assertEquals([...splitter.push(chunk)], []);
    chunks++;
  }
  assertEquals([chunks, splitter.tooLongAt, [...splitter.push(toBytes("a\nb\n"))]], [1_001, 0, []]);
});

test("LineSplitter.push() handles a line byte by byte in linear time", () => {
  const splitter = new LineSplitter({ maxLineBytes: 10_000_000, endsAtCr: true });
  const byte = toBytes("x");
  for (let count = 0; count < 300_000; count++) splitter.push(byte);
  assertEquals(splitter.push(toBytes("\n"))[0]?.length, 300_000);
});

test("LineSplitter.end() returns no line for a byte order mark alone, and one for a second mark", () => {
  for (
    const [text, line] of [["\uFEFF", undefined], ["\uFEFF\uFEFF", "\uFEFF"], ["\n\uFEFF", "\uFEFF"]] as const
  ) {
    const splitter = new LineSplitter({ maxLineBytes: 10, endsAtCr: false });
    splitter.push(new TextEncoder().encode(text));
    assertEquals(splitter.end(), line);
  }
});
