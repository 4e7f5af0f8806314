/**
 * Runs a worker in workerd on this machine.
 *
 * @module
 */

import { Miniflare } from "miniflare";
import { runCommand } from "../support/command.ts";

/** A running worker, and methods to send requests to it. */
export interface WorkerRig extends AsyncDisposable {
  /** The URL of the worker. */
  readonly url: string;
  /** Sends a request for a path, and returns the response. */
  fetch(path: string, signal?: AbortSignal): Promise<Response>;
  /** Sends a request for a path, and returns the parsed JSON of the response. */
  ask(path: string, signal?: AbortSignal): Promise<unknown>;
}

/** Bundles a module for workers, in the same way as for browsers. */
export async function bundleWorker(file: string): Promise<string> {
  const output = await Deno.makeTempFile({ suffix: ".js" });
  try {
    const args = ["bundle", "--quiet", "--platform", "browser", "--output", output, file];
    const { success, output: said } = await runCommand(Deno.execPath(), args, { quiet: true });
    if (!success) throw new Error(`Cannot bundle ${file}: ${said}`);
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(output);
  }
}

/** Starts a worker with the given script. */
export async function serveWorker(script: string): Promise<WorkerRig> {
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    compatibilityDate: "2026-04-01",
    modules: [{ type: "ESModule", path: "worker.js", contents: script }],
  });
  const base = await miniflare.ready;
  const fetchPath = (path: string, signal?: AbortSignal): Promise<Response> =>
    fetch(new URL(path, base), signal === undefined ? {} : { signal });
  return {
    url: base.href,
    fetch: fetchPath,
    ask: async (path, signal) => await (await fetchPath(path, signal)).json(),
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}
