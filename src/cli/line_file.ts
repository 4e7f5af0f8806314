/**
 * A file of lines that is its own journal: what is there after a crash is whole lines, and one that is cut.
 *
 * @module
 */

import type { FileWriter, TerminalFiles } from "../runtime/terminal/contract.ts";
import { UsageError } from "./args.ts";
import { errorLine } from "./error_record.ts";

/** What the lines of an earlier run are. */
export interface EarlierLines {
  /** What each of them begins with: what begins otherwise is no torn line, and is not cut. */
  readonly begin: string;
  /** Called with every whole line that is there and stays; what it throws says that the file is another one. */
  readonly onLine: (line: string) => void;
}

/** Writes lines in the order of the calls, and none behind one that could not be written: that may be torn. */
export class LineFile implements AsyncDisposable {
  readonly #writer: FileWriter;
  /** The lines that wait while others are being written, and when they are there. */
  #waiting: { text: string; readonly written: Promise<void> } | undefined;
  #tail: Promise<void> = Promise.resolve();

  private constructor(writer: FileWriter) {
    this.#writer = writer;
  }

  /**
   * Opens a file, and cuts what is in it: all of it, or as much as a crash has torn.
   *
   * @param flag The flag that names it.
   * @param path The file.
   * @param files The file system.
   * @param earlier What is there already; without it the file begins anew.
   * @throws {UsageError} If it can't be written.
   */
  static async open(
    flag: string,
    path: string,
    files: TerminalFiles,
    earlier?: EarlierLines,
  ): Promise<LineFile> {
    try {
      // What is no plain file, such as a pipe, can't be cut.
      if (await files.kind(path, { follow: true }) === "file") {
        await files.truncate(path, earlier === undefined ? 0 : await readWhole(path, files, earlier));
      }
      return new LineFile(await files.open(path, "append"));
    } catch (cause) {
      throw new UsageError(`'--${flag}' must be a file that can be written: ${errorLine(cause)}`, { cause });
    }
  }

  /** Writes a line, with its end. Those that come while others are being written go together. */
  write(line: string): Promise<void> {
    if (this.#waiting !== undefined) this.#waiting.text += line;
    else {
      const written = this.#tail.then(() => this.#flush());
      this.#waiting = { text: line, written };
      this.#tail = written;
    }
    return this.#waiting.written;
  }

  async #flush(): Promise<void> {
    const { text = "" } = this.#waiting ?? {};
    this.#waiting = undefined;
    await this.#writer.write(new TextEncoder().encode(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail.catch(() => {}); // the callers have heard of it
    await this.#writer.close();
  }
}

/** Reads the lines that have an end, and gives the number of their bytes. */
async function readWhole(
  path: string,
  files: TerminalFiles,
  { begin, onLine }: EarlierLines,
): Promise<number> {
  const decoder = new TextDecoder();
  let rest = "";
  let bytes = 0;
  let whole = 0;
  for await (const chunk of files.read(path)) {
    const end = chunk.lastIndexOf(0x0a);
    if (end !== -1) whole = bytes + end + 1;
    bytes += chunk.length;
    // Only what is new is looked through: a line may come in thousands of pieces.
    const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
    rest += first;
    for (const next of more) {
      onLine(rest);
      rest = next;
    }
  }
  if (!rest.startsWith(begin.slice(0, rest.length))) throw new TypeError("it ends with what is no such line");
  return whole;
}
