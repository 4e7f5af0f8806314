/**
 * Starts the servers of the benchmarks, each in a process of its own.
 *
 * @module
 */

import type { SceneName } from "./scenes.ts";

/** A running server. */
export interface BenchServer extends AsyncDisposable {
  /** The URL of the server, such as `http://127.0.0.1:8000`. */
  readonly url: string;
}

/** A running service with faults. */
export interface FaultsServer<C extends string> extends AsyncDisposable {
  /** The URLs of each contender's origins. */
  readonly origins: Readonly<Record<C, readonly string[]>>;
}

/** Starts `serve.ts`. */
export async function startServer(): Promise<BenchServer> {
  const { firstLine, stop } = await startProcess("serve.ts");
  return { url: `http://127.0.0.1:${firstLine}`, [Symbol.asyncDispose]: stop };
}

/** Starts `serve_faults.ts`, with one scene for each contender. */
export async function startFaultsServer<C extends string>(
  scene: SceneName,
  contenders: readonly C[],
): Promise<FaultsServer<C>> {
  const { firstLine, stop } = await startProcess("serve_faults.ts", scene, ...contenders);
  return { origins: JSON.parse(firstLine), [Symbol.asyncDispose]: stop };
}

/** A process that runs until its standard input is closed. */
interface ServerProcess {
  readonly firstLine: string;
  readonly stop: () => Promise<void>;
}

async function startProcess(script: string, ...args: readonly string[]): Promise<ServerProcess> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-net=127.0.0.1", new URL(script, import.meta.url).href, ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    printed += read.value;
    if (printed.includes("\n")) break;
  }
  return {
    firstLine: printed.trim(),
    async stop() {
      await process.stdin.close();
      await reader.cancel();
      await process.status;
    },
  };
}
