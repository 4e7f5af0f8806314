/**
 * The terminal of Deno.
 *
 * @module
 */

import { denoRuntime, isGranted } from "../deno.ts";
import { folderOf, namesOpenFiles } from "../files/open_file_names.ts";
import { unlessMissing } from "../unless_missing.ts";
import type { FileKind, Terminal, TerminalFiles } from "./contract.ts";
import { openFilesLimit } from "./limits.ts";
import { ignoresHangup, onEndSignals, type SignalSource, STATUS } from "./end_signals.ts";
import { readLines } from "./lines.ts";
import { addHost } from "./no_proxy.ts";
import { StreamOutput } from "./stream_output.ts";

const LIMITS = "/proc/self/limits";

/** Returns the terminal of the Deno process. */
export function denoTerminal(): Terminal {
  const isDumb = denoRuntime.env("TERM") === "dumb";
  const signals: SignalSource = {
    add: Deno.addSignalListener,
    remove: Deno.removeSignalListener,
    ignoresHangup: ignoresHangup(() =>
      isGranted({ name: "read", path: STATUS }) ? Deno.readTextFileSync(STATUS) : undefined
    ),
  };
  return {
    args: Deno.args,
    stdout: output(Deno.stdout, (error) => error instanceof Deno.errors.BrokenPipe),
    // A message that can't be written is no reason to stop.
    stderr: output(Deno.stderr, () => true),
    noColor: isDumb || Deno.noColor,
    isDumb,
    files: denoFiles,
    stdinLines: (signal) => readLines(Deno.stdin.readable, signal),
    stdinBytes: () => Deno.stdin.readable,
    onInterrupt: (listener) => onEndSignals(listener, signals),
    async descriptorLimit() {
      if (!isGranted({ name: "read", path: LIMITS })) return undefined;
      return await openFilesLimit(() => Deno.readTextFile(LIMITS));
    },
    bypassProxy(host) {
      if (!isGranted({ name: "env" })) return;
      for (const name of ["NO_PROXY", "no_proxy"]) Deno.env.set(name, addHost(Deno.env.get(name), host));
    },
    exit: (code) => Deno.exit(code),
  };
}

/**
 * Returns the bytes of a file as a stream, before the file is open. Opening a pipe waits for a writer; a consumer that stops
 * reading before does not have to wait as well.
 */
function openStream(path: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const end = Deno.open(path).then((file) => file.readable.pipeTo(writable));
  // Pass the error to the reader; if the reader has stopped already, nothing needs the error.
  end.catch((error) => writable.abort(error)).catch(() => {});
  return readable;
}

const denoFiles: TerminalFiles = {
  lines: (path, signal) => readLines(openStream(path), signal),
  async kind(path, { follow = false, prompts = true } = {}) {
    if (!prompts && !isGranted({ name: "read", path })) return "other";
    return await unlessMissing(kindAt(path, follow), ["ENOENT", "ENOTDIR"]);
  },
  names: (path) => Array.fromAsync(Deno.readDir(path), ({ name }) => name),
  realPath: (path) => Deno.realPath(path),
  async makeFolder(path, { recursive = false } = {}) {
    try {
      await Deno.mkdir(path, { recursive });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  },
  createFile: (path, bytes) => Deno.writeFile(path, bytes, { createNew: true }),
  async open(path, mode) {
    const file = await Deno.open(
      path,
      mode === "new" ? { write: true, createNew: true } : { append: true, create: true },
    );
    return {
      async write(bytes) {
        for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
      },
      close: () => Promise.resolve(file.close()),
    };
  },
  async *read(path) {
    const file = await Deno.open(path);
    yield* file.readable;
  },
  size: async (path) => (await unlessMissing(Deno.stat(path)))?.size,
  async truncate(path, bytes) {
    // Open the file first, because `Deno.truncate()` refuses links.
    const file = await Deno.open(path, { write: true });
    try {
      await file.truncate(bytes);
    } finally {
      file.close();
    }
  },
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => unlessMissing(Deno.remove(path)),
  async removeFolder(path) {
    // `Deno.remove()` removes a file as well.
    if (!(await Deno.lstat(path)).isDirectory) throw new Error(`${path} is no folder`);
    await Deno.remove(path);
  },
};

async function kindAt(path: string, follow: boolean): Promise<FileKind> {
  const kind = kindOf(await Deno.lstat(path));
  if (kind !== "link" || !follow) return kind;
  return namesOpenFiles(await Deno.realPath(folderOf(path))) ? "other" : kindOf(await Deno.stat(path));
}

function kindOf(info: Deno.FileInfo): FileKind {
  if (info.isSymlink) return "link";
  if (info.isDirectory) return "folder";
  return info.isFile ? "file" : "other";
}

function output(stream: typeof Deno.stdout, isClosed: (error: unknown) => boolean): StreamOutput {
  return new StreamOutput({
    isTerminal: stream.isTerminal(),
    columns: () => Deno.consoleSize().columns,
    async writeAll(bytes) {
      for (let written = 0; written < bytes.length;) written += await stream.write(bytes.subarray(written));
    },
    isClosed,
  });
}
