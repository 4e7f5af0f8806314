/**
 * A file of lines that is its own journal: after a crash it holds whole lines, and at most one torn line at its end.
 *
 * @module
 */

import { currentDisk } from "../runtime/disk/current.ts";
import type { FileWriter, TerminalFiles } from "../runtime/terminal/contract.ts";
import { UsageError } from "./args.ts";
import { errorLine } from "./error_record.ts";

/** How to recognise and read the lines of an earlier run. */
export interface EarlierLines {
  /** The text that every line begins with. A file whose unfinished last line begins otherwise is another file, and is not truncated. */
  readonly begin: string;
  /**
   * Called with every whole line, all of which stay; a very long line comes without its middle. It throws if the file is another
   * one.
   */
  readonly onLine: (line: string) => void;
}

/** How much remains of either end of a very long line, in UTF-16 units. */
const END_LENGTH = 2 ** 20;

/** Writes lines in the order of the calls. After a failed write it writes no more, because the last line may be torn. */
export class LineFile implements AsyncDisposable {
  readonly #writer: FileWriter;
  /** The lines that wait for the write in progress, and the promise of their own write. */
  #waiting: { text: string; readonly written: Promise<void> } | undefined;
  #tail: Promise<void> = Promise.resolve();

  private constructor(writer: FileWriter) {
    this.#writer = writer;
  }

  /**
   * Opens a file and truncates it: to nothing, or to the whole lines of an earlier run. A new file gets the folders that it
   * lacks.
   *
   * @param flag The flag that names the file, for errors.
   * @param path The file.
   * @param files The file system.
   * @param earlier The lines of an earlier run; without it the file begins empty.
   * @throws {UsageError} If the file can't be written, or is not the output of an earlier run.
   */
  static async open(
    flag: string,
    path: string,
    files: TerminalFiles,
    earlier?: EarlierLines,
  ): Promise<LineFile> {
    try {
      // Only a plain file can be truncated, and not a pipe.
      if (await files.kind(path, { follow: true }) === "file") {
        await files.truncate(path, earlier === undefined ? 0 : await readWhole(path, files, earlier));
      }
      return new LineFile(await openToAppend(path, files));
    } catch (cause) {
      throw new UsageError(`'--${flag}' must be a file that can be written: ${errorLine(cause)}`, { cause });
    }
  }

  /** Writes a line, with its line break. Lines that come during a write are written together after it. */
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
    await this.#tail.catch(() => {}); // the callers of `write` have the error
    await this.#writer.close();
  }
}

async function openToAppend(path: string, files: TerminalFiles): Promise<FileWriter> {
  try {
    return await files.open(path, "append");
  } catch (error) {
    const { folder } = currentDisk().resolve(path);
    // The program may have a permission for the file alone, which does not let it look at the folder.
    const kind = await files.kind(folder, { follow: true }).catch(() => "other");
    if (kind !== undefined) throw error;
    await files.makeFolder(folder, { recursive: true });
    return await files.open(path, "append");
  }
}

/** Reads all whole lines, and returns their size in bytes. */
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
    // Only the new chunk is searched for line breaks: a line may come in thousands of chunks.
    const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
    rest = withoutMiddle(rest + first);
    for (const next of more) {
      onLine(rest);
      rest = next;
    }
  }
  if (!rest.startsWith(begin.slice(0, rest.length))) throw new TypeError("it ends with what is no such line");
  return whole;
}

/** Shortens a very long text: a whole line may take a lot of memory, or be longer than an engine can make it. */
function withoutMiddle(text: string): string {
  return text.length <= 4 * END_LENGTH ? text : text.slice(0, END_LENGTH) + text.slice(-END_LENGTH);
}
