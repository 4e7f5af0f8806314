/**
 * A stream of bytes, as lines of text.
 *
 * @module
 */

/**
 * Splits UTF-8 into lines, at `\n` or `\r\n`. A byte order mark at the start is left out; what follows the last line break
 * is a line if it isn't empty.
 *
 * @param stream The bytes; cancelled when the consumer stops early.
 * @param signal Ends the lines early, without an error, also while a read waits.
 * @returns The lines without their ends.
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): AsyncIterableIterator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  // A cancelled stream answers a pending read with its end; that it may fail to close changes nothing here.
  const cancel = () => void reader.cancel().catch(() => {});
  if (signal.aborted) return cancel();
  signal.addEventListener("abort", cancel);
  try {
    let rest = "";
    while (true) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      // Only what is new is looked through: a line may come in thousands of pieces.
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
