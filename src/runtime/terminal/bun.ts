/**
 * The terminal of Bun.
 *
 * @module
 */

import { codeOf } from "../error_code.ts";
import { folderOf, namesOpenFiles } from "../files/open_file_names.ts";
import { nodeModule } from "../node_module.ts";
import { unlessMissing } from "../unless_missing.ts";
import type { EndSignal, FileKind, Terminal, TerminalFiles } from "./contract.ts";
import { openFilesLimit } from "./limits.ts";
import { ignoresHangup, onEndSignals, type SignalSource, STATUS } from "./end_signals.ts";
import { readLines } from "./lines.ts";
import { addHost } from "./no_proxy.ts";
import { StreamOutput } from "./stream_output.ts";

interface Stats {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

interface FileHandle {
  write(bytes: Uint8Array, offset: number): Promise<{ readonly bytesWritten: number }>;
  close(): Promise<void>;
}

/** The part of `node:fs/promises` that is used here. */
interface FileSystem {
  readFile(path: string, encoding: "utf8"): Promise<string>;
  lstat(path: string): Promise<Stats>;
  stat(path: string): Promise<Stats>;
  readdir(path: string): Promise<readonly string[]>;
  realpath(path: string): Promise<string>;
  mkdir(path: string, options: { readonly recursive: boolean }): Promise<unknown>;
  writeFile(path: string, bytes: Uint8Array, options: { readonly flag: "wx" }): Promise<void>;
  open(path: string, flags: "wx" | "a"): Promise<FileHandle>;
  truncate(path: string, bytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
  rmdir(path: string): Promise<void>;
}

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** The part of `node:fs` that is used here. */
interface StreamFileSystem {
  readFileSync(path: string, encoding: "utf8"): string;
  createReadStream(path: string): object;
}

/** The part of `node:stream` that is used here. */
interface Streams {
  readonly Readable: { toWeb(stream: object): ByteStream };
}

/** The part of `globalThis.Bun` that is used here. */
interface BunGlobal {
  readonly stdin: { stream(): ByteStream };
}

interface BunStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(bytes: Uint8Array<ArrayBuffer>, callback: (error?: Error | null) => void): boolean;
  on(event: "error", listener: () => void): unknown;
}

/** The part of `globalThis.process` that is used here. */
interface BunProcess {
  readonly argv: readonly string[];
  readonly env: Record<string, string | undefined>;
  readonly stdout: BunStream;
  readonly stderr: BunStream;
  on(event: EndSignal, listener: () => void): unknown;
  off(event: EndSignal, listener: () => void): unknown;
  exit(code: number): never;
}

/** Returns the terminal of the Bun process. */
export function bunTerminal(): Terminal {
  const { Bun: bun, process } = globalThis as unknown as { Bun: BunGlobal; process: BunProcess };
  const fs = nodeModule<FileSystem>("node:fs/promises");
  if (fs === undefined) throw new TypeError("Cannot use the terminal as this Bun is older than 1.2.6");
  const isDumb = process.env.TERM === "dumb";
  const signals: SignalSource = {
    add: process.on.bind(process),
    remove: process.off.bind(process),
    ignoresHangup: ignoresHangup(() => nodeModule<StreamFileSystem>("node:fs")!.readFileSync(STATUS, "utf8")),
  };
  return {
    args: process.argv.slice(2),
    stdout: output(process.stdout, (error) => codeOf(error) === "EPIPE"),
    // A message that can't be written is no reason to stop.
    stderr: output(process.stderr, () => true),
    noColor: isDumb || (process.env.NO_COLOR ?? "") !== "",
    isDumb,
    files: bunFiles(fs),
    stdinLines: (signal) => readLines(bun.stdin.stream(), signal),
    stdinBytes: () => bun.stdin.stream(),
    onInterrupt: (listener) => onEndSignals(listener, signals),
    descriptorLimit: () => openFilesLimit(() => fs.readFile("/proc/self/limits", "utf8")),
    bypassProxy(host) {
      for (const name of ["NO_PROXY", "no_proxy"]) process.env[name] = addHost(process.env[name], host);
    },
    exit: (code) => process.exit(code),
  };
}

/** Returns the bytes of a file as a stream. `Bun.file()` can't read devices, such as `/dev/null`. */
function openStream(path: string): ByteStream {
  const { Readable } = nodeModule<Streams>("node:stream")!;
  return Readable.toWeb(nodeModule<StreamFileSystem>("node:fs")!.createReadStream(path));
}

function bunFiles(fs: FileSystem): TerminalFiles {
  return {
    lines: (path, signal) => readLines(openStream(path), signal),
    kind: (path, { follow = false } = {}) => unlessMissing(kindAt(fs, path, follow), ["ENOENT", "ENOTDIR"]),
    names: (path) => fs.readdir(path),
    realPath: (path) => fs.realpath(path),
    async makeFolder(path, { recursive = false } = {}) {
      try {
        await fs.mkdir(path, { recursive });
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
    },
    createFile: (path, bytes) => fs.writeFile(path, bytes, { flag: "wx" }),
    async open(path, mode) {
      const file = await fs.open(path, mode === "new" ? "wx" : "a");
      return {
        async write(bytes) {
          for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
        },
        close: () => file.close(),
      };
    },
    read: openStream,
    size: async (path) => (await unlessMissing(fs.stat(path)))?.size,
    truncate: (path, bytes) => fs.truncate(path, bytes),
    rename: (from, to) => fs.rename(from, to),
    remove: (path) => fs.rm(path, { force: true }),
    removeFolder: (path) => fs.rmdir(path),
  };
}

async function kindAt(fs: FileSystem, path: string, follow: boolean): Promise<FileKind> {
  const kind = kindOf(await fs.lstat(path));
  if (kind !== "link" || !follow) return kind;
  return namesOpenFiles(await fs.realpath(folderOf(path))) ? "other" : kindOf(await fs.stat(path));
}

function kindOf(info: Stats): FileKind {
  if (info.isSymbolicLink()) return "link";
  if (info.isDirectory()) return "folder";
  return info.isFile() ? "file" : "other";
}

/** The streams whose errors have a listener. */
const heard = new WeakSet<BunStream>();

function output(stream: BunStream, isClosed: (error: unknown) => boolean): StreamOutput {
  // The callback of `write` gets the error as well. Without a listener, the event would end the process.
  if (!heard.has(stream)) stream.on("error", () => {});
  heard.add(stream);
  return new StreamOutput({
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns,
    writeAll: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => error ? reject(error) : resolve());
      }),
    isClosed,
  });
}
