/**
 * The terminal of Deno.
 *
 * @module
 */

import type { FileKind, Terminal, TerminalFiles } from "./contract.ts";
import { readLines } from "./lines.ts";
import { addHost } from "./no_proxy.ts";
import { StreamOutput } from "./stream_output.ts";

/** The terminal of the Deno process. */
export function denoTerminal(): Terminal {
  return {
    args: Deno.args,
    stdout: output(Deno.stdout),
    stderr: output(Deno.stderr),
    noColor: Deno.noColor,
    files: denoFiles,
    stdinLines: (signal) => readLines(Deno.stdin.readable, signal),
    onInterrupt(listener) {
      Deno.addSignalListener("SIGINT", listener);
      return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGINT", listener) };
    },
    bypassProxy(host) {
      // Asked first, because touching the environment without the permission would prompt for it.
      if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return;
      for (const name of ["NO_PROXY", "no_proxy"]) Deno.env.set(name, addHost(Deno.env.get(name), host));
    },
    exit: (code) => Deno.exit(code),
  };
}

const denoFiles: TerminalFiles = {
  async *lines(path, signal) {
    const file = await Deno.open(path);
    yield* readLines(file.readable, signal);
  },
  async kind(path) {
    try {
      return kindOf(await Deno.lstat(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw error;
    }
  },
  realPath: (path) => Deno.realPath(path),
  async makeFolder(path, { recursive = false } = {}) {
    try {
      await Deno.mkdir(path, { recursive });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  },
  createFile: (path, bytes) => Deno.writeFile(path, bytes, { createNew: true }),
  rename: (from, to) => Deno.rename(from, to),
  async remove(path) {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },
};

function kindOf(info: Deno.FileInfo): FileKind {
  if (info.isSymlink) return "link";
  if (info.isDirectory) return "folder";
  return info.isFile ? "file" : "other";
}

function output(stream: typeof Deno.stdout): StreamOutput {
  return new StreamOutput({
    isTerminal: stream.isTerminal(),
    columns: () => Deno.consoleSize().columns,
    async writeAll(bytes) {
      for (let written = 0; written < bytes.length;) written += await stream.write(bytes.subarray(written));
    },
    isClosed: (error) => error instanceof Deno.errors.BrokenPipe,
  });
}
