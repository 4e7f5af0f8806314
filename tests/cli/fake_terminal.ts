/**
 * A terminal that a test types on and reads from.
 *
 * @module
 */

import type {
  EndSignal,
  FileKind,
  FileWriter,
  Terminal,
  TerminalFiles,
  TerminalOutput,
} from "../../src/runtime/terminal/contract.ts";

/** The error that {@linkcode FakeTerminal.exit} throws. */
export class Exit extends Error {
  /** Keeps the exit code. */
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** An output stream that records its writes. */
export class FakeOutput implements TerminalOutput {
  isTerminal = false;
  width = 100;
  /** How many more writes the reader accepts before it leaves. */
  writesLeft: number = Infinity;
  readonly writes: string[] = [];

  /** Everything that was written. */
  get text(): string {
    return this.writes.join("");
  }

  columns(): number {
    return this.width;
  }

  write(data: string | Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (this.writesLeft <= 0) return Promise.resolve(false);
    this.writesLeft--;
    this.writes.push(typeof data === "string" ? data : new TextDecoder().decode(data));
    return Promise.resolve(true);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text files in memory; paths are absolute, or below `/`. */
export class FakeFiles implements TerminalFiles {
  readonly contents: Map<string, string> = new Map<string, string>();
  readonly folders: Set<string> = new Set<string>(["/"]);
  /** Called before a file is created; an error stands for a full disk. */
  beforeCreate: (path: string) => void = () => {};

  async *lines(path: string, signal: AbortSignal): AsyncIterableIterator<string> {
    for (const line of (this.contents.get(path) ?? "").split("\n")) {
      if (signal.aborted) return;
      yield await Promise.resolve(line);
    }
  }

  kind(path: string): Promise<FileKind | undefined> {
    return Promise.resolve(this.folders.has(path) ? "folder" : this.contents.has(path) ? "file" : undefined);
  }

  names(path: string): Promise<readonly string[]> {
    const begin = path.endsWith("/") ? path : `${path}/`;
    const below = [...this.contents.keys()].filter((each) => each.startsWith(begin));
    return Promise.resolve(below.map((each) => each.slice(begin.length)));
  }

  realPath(path: string): Promise<string> {
    return Promise.resolve(path);
  }

  makeFolder(path: string): Promise<void> {
    if (!this.contents.has(path)) this.folders.add(path);
    return Promise.resolve();
  }

  createFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((resolve) => {
      this.beforeCreate(path);
      if (this.contents.has(path)) throw new Error(`${path} exists`);
      this.contents.set(path, new TextDecoder().decode(bytes));
      resolve();
    });
  }

  async open(path: string, mode: "new" | "append"): Promise<FileWriter> {
    if (mode === "new" || !this.contents.has(path)) await this.createFile(path, new Uint8Array());
    return {
      write: (bytes) =>
        Promise.resolve(void this.contents.set(path, this.contents.get(path) + decoder.decode(bytes))),
      close: () => Promise.resolve(),
    };
  }

  async *read(path: string): AsyncIterable<Uint8Array<ArrayBuffer>> {
    const text = this.contents.get(path);
    if (text === undefined) throw new Error(`${path} is missing`);
    yield await Promise.resolve(encoder.encode(text));
  }

  size(path: string): Promise<number | undefined> {
    const text = this.contents.get(path);
    return Promise.resolve(text === undefined ? undefined : encoder.encode(text).length);
  }

  truncate(path: string, bytes: number): Promise<void> {
    const text = encoder.encode(this.contents.get(path) ?? "");
    return Promise.resolve(void this.contents.set(path, decoder.decode(text.subarray(0, bytes))));
  }

  rename(from: string, to: string): Promise<void> {
    this.contents.set(to, this.contents.get(from) ?? "");
    this.contents.delete(from);
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.contents.delete(path);
    return Promise.resolve();
  }

  async removeFolder(path: string): Promise<void> {
    const isEmpty = ![...this.folders].some((each) => each.startsWith(`${path}/`)) &&
      (await this.names(path)).length === 0;
    if (!isEmpty || !this.folders.delete(path)) throw new Error(`${path} is not an empty folder`);
  }
}

/** A terminal without a runtime; its files may be real ones. */
export class FakeTerminal<F extends TerminalFiles = FakeFiles> implements Terminal {
  readonly args: readonly string[] = [];
  readonly stdout: FakeOutput = new FakeOutput();
  readonly stderr: FakeOutput = new FakeOutput();
  readonly files: F;
  noColor = false;
  /** The lines of the input; they may be asynchronous. */
  stdin: Iterable<string> | AsyncIterable<string> = [];
  /** How many descriptors the system allows. */
  descriptors: number | undefined = undefined;
  readonly #interruptListeners = new Set<(signal: EndSignal) => void>();

  /** By default its files are in memory. */
  constructor(files?: F) {
    this.files = files ?? new FakeFiles() as unknown as F;
  }

  async *stdinLines(signal: AbortSignal): AsyncIterableIterator<string> {
    const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
    const abort = () => resolve(undefined);
    signal.addEventListener("abort", abort);
    try {
      const lines = asyncIterator(this.stdin);
      for (let next = await lines.next(); next.done !== true;) {
        yield next.value;
        const result = await Promise.race([lines.next(), aborted]);
        if (result === undefined) return;
        next = result;
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async *stdinBytes(): AsyncIterable<Uint8Array<ArrayBuffer>> {
    for await (const line of this.stdin) yield encoder.encode(line);
  }

  descriptorLimit(): Promise<number | undefined> {
    return Promise.resolve(this.descriptors);
  }

  onInterrupt(listener: (signal: EndSignal) => void): Disposable {
    this.#interruptListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#interruptListeners.delete(listener) };
  }

  bypassProxy(): void {}

  exit(code: number): never {
    throw new Exit(code);
  }

  /** Presses Ctrl-C, or sends another signal. */
  interrupt(signal: EndSignal = "SIGINT"): void {
    for (const listener of this.#interruptListeners) listener(signal);
  }

  /** How many listeners Ctrl-C has. */
  get interruptListeners(): number {
    return this.#interruptListeners.size;
  }
}

async function* asyncIterator(
  lines: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string, undefined> {
  yield* lines;
}
