/**
 * Other processes on Bun.
 *
 * @module
 */

import { bunRuntime } from "../bun.ts";
import { nodeModule } from "../node_module.ts";
import { type Processes, TEMP_PREFIX } from "./contract.ts";

/** The part of `node:fs/promises` that is used here. */
interface FileSystem {
  mkdtemp(prefix: string): Promise<string>;
}

interface BunGlobal {
  /** Whether the program was compiled into an executable, which then runs without the path of a script. */
  readonly isStandaloneExecutable?: boolean;
  spawn(command: readonly string[], options: {
    readonly stdin: "ignore";
    readonly stdout: "pipe";
    readonly stderr: "inherit";
  }): { readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>; readonly exited: Promise<number> };
}

/** Returns the processes that the Bun process may start. */
export function bunProcesses(): Processes {
  const { Bun: bun, process } = globalThis as unknown as {
    Bun: BunGlobal;
    process: { readonly execPath: string; readonly argv: readonly string[] };
  };
  return {
    async makeTempFolder() {
      const { mkdtemp } = nodeModule<FileSystem>("node:fs/promises")!;
      const dir = bunRuntime.env("TMPDIR") ?? bunRuntime.env("TEMP") ?? bunRuntime.env("TMP") ?? "/tmp";
      return await mkdtemp(`${dir}/${TEMP_PREFIX}`);
    },
    async runSelf(args) {
      const [, script = ""] = process.argv;
      const self = bun.isStandaloneExecutable ? [] : [script];
      const child = bun.spawn([process.execPath, ...self, ...args], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      });
      const [stdout, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
      return { exitCode, stdout };
    },
  };
}
