/**
 * Other processes on Deno.
 *
 * @module
 */

import { denoRuntime, isGranted } from "../deno.ts";
import { type Processes, TEMP_PREFIX } from "./contract.ts";

/** The processes that the Deno process may start. */
export const denoProcesses: Processes = {
  async makeTempFolder() {
    const dir = denoRuntime.env("TMPDIR") ?? denoRuntime.env("TEMP") ?? denoRuntime.env("TMP") ?? "/tmp";
    if (!isGranted({ name: "read", path: dir }) || !isGranted({ name: "write", path: dir })) return undefined;
    return await Deno.makeTempDir({ dir, prefix: TEMP_PREFIX });
  },
  async runSelf(args, folder) {
    const program = Deno.execPath();
    if (!isGranted({ name: "run", command: program })) return undefined;
    // A comma separates folders in these flags, and two commas stand for one in a name.
    const path = folder.replaceAll(",", ",,");
    const permissions = ["--no-prompt", `--allow-read=${path}`, `--allow-write=${path}`];
    const self = Deno.build.standalone ? [] : ["run", "--quiet", ...permissions, Deno.mainModule];
    const { code, stdout } = await new Deno.Command(program, {
      args: [...self, ...args],
      stdin: "null",
      stderr: "inherit",
    }).output();
    return { exitCode: code, stdout: new TextDecoder().decode(stdout) };
  },
};
