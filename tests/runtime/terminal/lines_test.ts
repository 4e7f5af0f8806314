import { assertEquals, assertRejects } from "@std/assert";
import { readLines } from "../../../src/runtime/terminal/lines.ts";
import { test } from "../../support/test.ts";

const never = new AbortController().signal;

function streamOf(chunks: readonly (string | readonly number[])[], cancelled?: () => void) {
  const queue = chunks.map((chunk) =>
    typeof chunk === "string" ? new TextEncoder().encode(chunk) : Uint8Array.from(chunk)
  );
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = queue.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: () => cancelled?.(),
  }, { highWaterMark: 0 });
}

test("readLines() splits at line feeds, with or without carriage returns", async () => {
  const lines = await Array.fromAsync(readLines(streamOf(["a\r\nb", "b\n\nc\rd\n", "e"]), never));
  assertEquals(lines, ["a", "bb", "", "c\rd", "e"]);
});

test("readLines() joins characters that chunks split, and drops a byte order mark", async () => {
  const lines = await Array.fromAsync(
    readLines(streamOf([[0xef, 0xbb, 0xbf, 0x78, 0xc3], [0xa9, 0x0a]]), never),
  );
  assertEquals(lines, ["xé"]);
});

test("readLines() reads UTF-16 that begins with a byte order mark", async () => {
  const text = "\uFEFFhttps://h/é\r\nb\n";
  for (const isLittle of [true, false]) {
    const bytes = Array.from(text).flatMap((letter) => {
      const unit = letter.charCodeAt(0);
      return isLittle ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff];
    });
    const lines = await Array.fromAsync(readLines(streamOf([bytes.slice(0, 5), bytes.slice(5)]), never));
    assertEquals(lines, ["https://h/é", "b"]);
  }
});

test("readLines() refuses a line that never ends, and stops to read it", async () => {
  const chunk = "x".repeat(2 ** 20);
  let chunks = 0;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      chunks++;
      controller.enqueue(new TextEncoder().encode(chunk));
    },
  }, { highWaterMark: 0 });
  const lines = Array.fromAsync(readLines(endless, never));
  await assertRejects(() => lines, RangeError, "a line has more than 67108864 characters");
  assertEquals(chunks, 65);
});

test("readLines() joins a line that arrives byte by byte, in linear time", async () => {
  const chunks = function* () {
    const letter = new TextEncoder().encode("x");
    // A quadratic reader would take longer than a test may.
    for (let count = 0; count < 500_000; count++) yield letter;
    yield new TextEncoder().encode("\r\ny");
  };
  const stream = ReadableStream.from<Uint8Array<ArrayBuffer>>(chunks());
  const lines = await Array.fromAsync(readLines(stream, never));
  assertEquals(lines.map((line) => line.length), [500_000, 1]);
});

test("readLines() returns no lines for an empty stream", async () => {
  assertEquals(await Array.fromAsync(readLines(streamOf([]), never)), []);
  assertEquals(await Array.fromAsync(readLines(streamOf(["\n"]), never)), [""]);
});

test("readLines() cancels the stream when its consumer stops", async () => {
  let cancelled = 0;
  for await (const line of readLines(streamOf(["a\nb\n", "c\n"], () => cancelled++), never)) {
    assertEquals(line, "a");
    break;
  }
  assertEquals(cancelled, 1);
});

test("readLines() ends when its signal aborts while a read waits, and cancels the stream", async () => {
  const controller = new AbortController();
  let cancelled = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (stream) => stream.enqueue(new TextEncoder().encode("a\nrest")),
    cancel: () => void cancelled++,
  });
  const lines = readLines(stream, controller.signal);
  assertEquals(await lines.next(), { done: false, value: "a" });
  const next = lines.next();
  controller.abort();
  assertEquals([await next, cancelled], [{ done: true, value: undefined }, 1]);
});

test("readLines() reads nothing when its signal has already aborted", async () => {
  let cancelled = 0;
  const lines = readLines(streamOf(["a\n"], () => cancelled++), AbortSignal.abort());
  assertEquals([await Array.fromAsync(lines), cancelled], [[], 1]);
});
