import { assertEquals } from "@std/assert";
import type { ServerSentEvent } from "../../mod.ts";
import { EventParser } from "../../src/streams/event_parser.ts";
import { LineSplitter } from "../../src/streams/line_splitter.ts";
import { test } from "../support/test.ts";
import { pieces, toBytes } from "./chunked.ts";

function parserWith({ lastEventId = "", maxEventBytes = 1_000 } = {}): EventParser {
  return new EventParser({ lastEventId, maxEventBytes });
}

/** Returns the events of a stream that arrives in pieces of a size. */
function parse(text: string, size = Infinity, parser: EventParser = parserWith()): ServerSentEvent[] {
  const splitter = new LineSplitter({ maxLineBytes: 1_000, endsAtCr: true });
  const bytes = toBytes(text);
  return pieces(bytes, Math.min(size, Math.max(1, bytes.length)))
    .flatMap((chunk) => [...splitter.push(chunk)])
    .map((line) => parser.push(line))
    .filter((event) => event !== undefined);
}

const message = (data: string, id = "", event = "message"): ServerSentEvent => ({ event, data, id });

/** Streams and their events: the examples of the HTML standard, and cases of its web platform tests. */
const CASES: readonly [text: string, events: ServerSentEvent[]][] = [
  ["data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]],
  [
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
    [message("first event", "1"), message("second event")],
  ],
  ["data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]],
  ["data:test\n\ndata: test\n\n", [message("test"), message("test")]],
  ["data:  two\n\n", [message(" two")]],
  ["data:a:b\n\n", [message("a:b")]],
  ["event: add\ndata: 1\n\ndata: 2\n\n", [message("1", "", "add"), message("2")]],
  ["event: add\n\ndata: 2\n\n", [message("2")]],
  ["event\ndata: 1\n\n", [message("1")]],
  ["event: a\nevent: b\ndata: 1\n\n", [message("1", "", "b")]],
  ["id: 1\n\ndata: a\n\n", [message("a", "1")]],
  ["id: 1\ndata: a\n\ndata: b\n\nid:\ndata: c\n\n", [message("a", "1"), message("b", "1"), message("c")]],
  ["id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [message("a", "1"), message("b", "1")]],
  ["Data: a\nDATA: a\n data: a\ndata : a\nfoo: a\n\n", []],
  [":\n:data: a\n::\n\n", []],
  ["data: a\r\rdata: b\r\n\r\ndata: c\n\n", [message("a"), message("b"), message("c")]],
  ["data: a\n\rdata: b\r\n\ndata: c\n\r\n", [message("a"), message("b"), message("c")]],
  ["\uFEFFdata: a\n\n\uFEFFdata: b\n\n", [message("a")]],
  ["data: \0\n\n", [message("\0")]],
  ["data: ä€𝄞\n\n", [message("ä€𝄞")]],
  ["data: a\n\ndata: not dispatched", [message("a")]],
  ["data: a\n\ndata: not dispatched\n", [message("a")]],
  ["", []],
  ["\n\n\n", []],
];

test("EventParser.push() interprets streams as the HTML standard says, wherever their chunks begin", () => {
  for (const [text, events] of CASES) {
    for (const size of [Infinity, 1, 2, 3, 5, 7]) {
      assertEquals(parse(text, size), events, `${JSON.stringify(text)} by ${size}`);
    }
  }
});

test("EventParser.retryMs is the value of the last retry field with digits only", () => {
  for (
    const [text, retryMs] of [
      ["retry: 1000\n", 1_000],
      ["retry:0\n", 0],
      ["retry: 10\nretry: x\nretry: 1.5\nretry: -1\nretry:\nretry\nretry: 1e3\nretry: ٣\nretry:  5\n", 10],
      ["retry: 1\nretry: 2\n", 2],
      ["data: 5\n\n", undefined],
    ] as const
  ) {
    const parser = parserWith();
    parse(text, Infinity, parser);
    assertEquals(parser.retryMs, retryMs, text);
  }
});

test("EventParser.lastEventId is that of the last complete event, also of one without data", () => {
  const parser = parserWith({ lastEventId: "0" });
  assertEquals(parser.lastEventId, "0");
  assertEquals(parse("data: a\n\n", Infinity, parser), [message("a", "0")]);
  parse("id: 1\n\n", Infinity, parser);
  assertEquals(parser.lastEventId, "1");
  parse("data: b\nid: 2\n", Infinity, parser);
  assertEquals(parser.lastEventId, "1");
});

test("EventParser.reset() forgets an incomplete event, and its id", () => {
  const parser = parserWith();
  parse("id: 1\ndata: a\n\nid: 2\nevent: x\ndata: lost\n", Infinity, parser);
  parser.reset();
  assertEquals(parse("data: b\n\n", Infinity, parser), [message("b", "1")]);
});

test("EventParser.isTooLarge counts the bytes of an event's data, however many lines it has", () => {
  for (
    const [text, isTooLarge] of [
      [`data: ${"x".repeat(12)}\n`, false],
      [`data: ${"x".repeat(13)}\n`, true],
      ["data: €€€€\n", false],
      ["data: €€€€x\n", true],
      ["data: 12345\ndata: 678901\n", false],
      ["data: 12345\ndata: 6789012\n", true],
      ["data\n".repeat(13), false],
      ["data\n".repeat(14), true],
      ["data: 123456\n\n".repeat(9), false],
    ] as const
  ) {
    const parser = parserWith({ maxEventBytes: 12 });
    parse(text, Infinity, parser);
    assertEquals(parser.isTooLarge, isTooLarge, text);
    if (isTooLarge) assertEquals(parse("\ndata: a\n\n", Infinity, parser), []);
  }
});

test("EventParser.push() ignores everything after an event that is too large", () => {
  const parser = parserWith({ maxEventBytes: 4 });
  assertEquals(parse("id: 1\ndata: abcd\n\nid: 2\ndata: abcde\n\nid: 3\ndata: f\n\n", Infinity, parser), [
    message("abcd", "1"),
  ]);
  assertEquals([parser.isTooLarge, parser.lastEventId], [true, "1"]);
});

test("EventParser.push() takes linear time in the number of lines of an event", () => {
  // More than a third of the limit, from which bytes are counted and not only characters.
  const parser = parserWith({ maxEventBytes: 3_000_000 });
  for (let line = 0; line < 700_000; line++) parser.push("data: ä");
  assertEquals(parser.push("")?.data.length, 1_399_999);
});

test("EventParser.push() counts the bytes of an event to the last one, and anew for each event", () => {
  for (const line of ["x", "ä", "€", "😀"]) {
    const bytes = new TextEncoder().encode(`${line}\n${line}\n${line}`).length;
    const parser = parserWith({ maxEventBytes: bytes });
    for (let event = 0; event < 3; event++) {
      for (let times = 0; times < 3; times++) parser.push(`data: ${line}`);
      assertEquals(parser.push("")?.data, `${line}\n${line}\n${line}`);
    }
    for (let times = 0; times < 4; times++) parser.push(`data: ${line}`);
    assertEquals([parser.push(""), parser.isTooLarge], [undefined, true]);
  }
});
