/**
 * Starts the server of the benchmarks.
 *
 * @module
 */

/** A running server. */
export interface BenchServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:8000`. */
  readonly url: string;
}

/** Starts `serve.ts` in a process of its own. */
export async function startServer(): Promise<BenchServer> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net=127.0.0.1", new URL("./serve.ts", import.meta.url).href],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: port = "" } = await reader.read();
  return {
    url: `http://127.0.0.1:${port.trim()}`,
    async [Symbol.asyncDispose]() {
      await process.stdin.close();
      await reader.cancel();
      await process.status;
    },
  };
}
