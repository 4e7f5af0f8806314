import { assert, assertEquals } from "@std/assert";
import type { ServerSentEvent } from "../../../mod.ts";
import { EventParser } from "../../../src/streams/event_parser.ts";
import { LineSplitter } from "../../../src/streams/line_splitter.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

const encoder = new TextEncoder();
const PIECES = [
  ..."\n\r: a\0",
  "\r\n",
  "data",
  "data: ",
  "event:",
  "id:",
  "retry:",
  "12",
  "\uFEFF",
  "ä€😀",
  "\n\n",
];
const stream = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => encoder.encode(pieces.join(""))),
  fc.uint8Array({ maxLength: 60 }),
);
/** Draws the places at which a stream is cut, modulo its length. */
const cuts = fc.array(fc.nat(), { maxLength: 8 });

function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array<ArrayBuffer>[] {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((one, other) =>
    one - other
  );
  return places.map((end, index) =>
    new Uint8Array(bytes.subarray(index === 0 ? 0 : places[index - 1]!, end))
  );
}

/** Parses events from the whole text at once, as the HTML standard defines them (§9.2.5 and 6). */
function referenceEvents(bytes: Uint8Array): ServerSentEvent[] {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\n|\r/);
  // The text after the last line end is no line.
  lines.pop();
  const events: ServerSentEvent[] = [];
  let [data, type, id] = ["", "", ""];
  for (const line of lines) {
    if (line === "") {
      if (data !== "") events.push({ event: type || "message", data: data.slice(0, -1), id });
      [data, type] = ["", ""];
      continue;
    }
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === "data") data += `${value}\n`;
    if (field === "event") type = value;
    if (field === "id" && !value.includes("\0")) id = value;
  }
  return events;
}

function parsed(chunks: readonly Uint8Array<ArrayBuffer>[], maxEventBytes = 1e6): ServerSentEvent[] {
  const parser = new EventParser({ lastEventId: "", maxEventBytes });
  const splitter = new LineSplitter({ maxLineBytes: 1e6, endsAtCr: true });
  return chunks.flatMap((chunk) => [...splitter.push(chunk)]).flatMap((line) => parser.push(line) ?? []);
}

test("EventParser.push() gives the events of the standard, however the stream is cut", () => {
  fc.assert(fc.property(stream, cuts, (bytes, cuts) => {
    assertEquals(parsed(pieces(bytes, cuts)), referenceEvents(bytes));
  }));
});

test("EventParser.push() gives the events up to the first that is too large, and none behind it", () => {
  const size = (event: ServerSentEvent): number => encoder.encode(event.data as string).length;
  fc.assert(fc.property(stream, cuts, fc.integer({ min: 1, max: 12 }), (bytes, cuts, max) => {
    const all = referenceEvents(bytes);
    const tooLarge = all.findIndex((event) => size(event) > max);
    const found = parsed(pieces(bytes, cuts), max);
    const expected = tooLarge === -1 ? all : all.slice(0, tooLarge);
    // An event without its end may be too large as well, but no event follows it in any case.
    assertEquals(found, expected);
  }));
});

test("LineSplitter gives the lines of the whole text, however it is cut", () => {
  fc.assert(fc.property(stream, cuts, fc.boolean(), (bytes, cuts, endsAtCr) => {
    const splitter = new LineSplitter({ maxLineBytes: 1e6, endsAtCr });
    const lines = pieces(bytes, cuts).flatMap((chunk) => [...splitter.push(chunk)]);
    const last = splitter.end();
    const text = new TextDecoder().decode(bytes);
    const expected = text.split(endsAtCr ? /\r\n|\n|\r/ : /\r?\n/);
    if (expected.at(-1) === "") expected.pop();
    assertEquals(last === undefined ? lines : [...lines, last], expected);
  }));
});

test("LineSplitter gives no line that is too long, nor one behind it, however the text is cut", () => {
  fc.assert(
    fc.property(stream, cuts, fc.integer({ min: 1, max: 10 }), fc.boolean(), (bytes, cuts, max, endsAtCr) => {
      const whole = new LineSplitter({ maxLineBytes: max, endsAtCr });
      const one = [...whole.push(new Uint8Array(bytes)), whole.end()];
      const splitter = new LineSplitter({ maxLineBytes: max, endsAtCr });
      const many = pieces(bytes, cuts).flatMap((chunk) => [...splitter.push(chunk)]);
      assertEquals([...many, splitter.end()], one);
      assertEquals(splitter.tooLongAt, whole.tooLongAt);
      if (splitter.tooLongAt === undefined) return;
      assert(splitter.tooLongAt <= bytes.length);
    }),
  );
});
