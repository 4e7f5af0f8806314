/**
 * A stream of bytes, split into lines of text.
 *
 * @module
 */

/**
 * Splits UTF-8 into lines, at `\n` or `\r\n`. A byte order mark at the start is left out. Text after the last line break is a line if it
 * isn't empty.
 *
 * @param stream The bytes; cancelled when the consumer stops early.
 * @param signal Ends the lines early, without an error, even while a read waits.
 * @returns The lines without their line breaks.
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): AsyncIterableIterator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  // Cancelling ends a pending read. If the stream fails to close, that changes nothing here.
  const cancel = () => void reader.cancel().catch(() => {});
  if (signal.aborted) return cancel();
  signal.addEventListener("abort", cancel);
  try {
    let rest = "";
    while (true) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      // Only the new chunk is searched for line breaks: a line may come in thousands of chunks.
      const [first = "", ...more] = text.split("\n");
      rest += first;
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
