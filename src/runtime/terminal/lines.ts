/**
 * A stream of bytes, split into lines of text.
 *
 * @module
 */

/** The longest line, in UTF-16 units. A line may hold the body of a request; a longer one comes from a file that has no lines. */
const MAX_LINE_LENGTH = 2 ** 26;

/**
 * Splits text into lines, at `\n` or `\r\n`. The text is UTF-8, or UTF-16 if it begins with that byte order mark. A byte order
 * mark at the start is left out. Text after the last line break is a line if it isn't empty.
 *
 * @param stream The bytes; cancelled when the consumer stops early.
 * @param signal Ends the lines early, without an error, even while a read waits.
 * @returns The lines without their line breaks.
 * @throws {RangeError} If a line has more than 67,108,864 characters.
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): AsyncIterableIterator<string> {
  const reader = stream.getReader();
  let decoder: TextDecoder | undefined;
  // Cancelling ends a pending read. If the stream fails to close, that changes nothing here.
  const cancel = () => void reader.cancel().catch(() => {});
  if (signal.aborted) return cancel();
  signal.addEventListener("abort", cancel);
  try {
    let rest = "";
    while (true) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      decoder ??= decoderFor(value);
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      // Only the new chunk is searched for line breaks: a line may come in thousands of chunks.
      const [first = "", ...more] = text.split("\n");
      rest += first;
      if (rest.length > MAX_LINE_LENGTH) {
        throw new RangeError(`a line has more than ${MAX_LINE_LENGTH} characters`);
      }
      for (const next of more) {
        yield rest.endsWith("\r") ? rest.slice(0, -1) : rest;
        rest = next;
      }
      if (done) break;
    }
    if (rest !== "") yield rest;
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Returns the decoder of a text whose first chunk is this one. Programs on Windows write UTF-16, with a byte order mark. */
function decoderFor([first, second]: Iterable<number> = []): TextDecoder {
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le");
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be");
  return new TextDecoder();
}
