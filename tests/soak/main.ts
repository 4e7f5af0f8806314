/**
 * The soak test: makes many requests over real sockets to a server that fails one request in ten, on Deno and on Bun:
 *
 *     deno task soak [--requests 100000] [--only deno|bun]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { findBun } from "../support/bun.ts";
import { countsOf } from "./resources.ts";
import type { SoakResult } from "./soak.ts";
import { faultsOf } from "./verdict.ts";

const SERVER = new URL("./server_process.ts", import.meta.url).pathname;
const WORKER = new URL("./worker.ts", import.meta.url).pathname;
const DENO: readonly string[] = [Deno.execPath(), "run", "--allow-all", "--no-check", "--quiet"];

const { requests = "100000", only } = parseArgs(Deno.args, { string: ["requests", "only"] });
const total = Number(requests);
let isWell = true;
for (const runtime of ["deno", "bun"]) {
  if (only === undefined || only === runtime) isWell = await run(runtime) && isWell;
}
Deno.exit(isWell ? 0 : 1);

async function run(runtime: string): Promise<boolean> {
  const folder = Deno.makeTempDirSync({ prefix: "slipstream-soak-" });
  const server = new Deno.Command(DENO[0]!, {
    args: [...DENO.slice(1), SERVER],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  try {
    const url = await firstLine(server.stdout);
    const startedAtMs = performance.now();
    const result = await work(runtime === "deno" ? denoCommand() : await bunCommand(folder), url);
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    const { requests, accepted, faults: sent } = await countsOf(url);
    const faults = faultsOf(result, total);
    console.log(
      `${runtime}: ${total} requests, ${result.ok} ok, failed ${JSON.stringify(result.failed)}; ` +
        `${requests} arrived over ${accepted} connections, ${JSON.stringify(sent)}; ${seconds} s`,
    );
    for (const sample of result.samples) console.log(`  ${JSON.stringify(sample)}`);
    for (const fault of faults) console.log(`  WRONG: ${fault}`);
    return faults.length === 0;
  } finally {
    await server.stdin.close();
    await server.status;
    Deno.removeSync(folder, { recursive: true });
  }
}

function denoCommand(): readonly string[] {
  return [...DENO, "--v8-flags=--expose-gc", WORKER];
}

async function bunCommand(folder: string): Promise<readonly string[]> {
  const bun = await findBun();
  if (bun === undefined) {
    throw new Error("Cannot soak on Bun: it is not on the PATH, and npm does not have it");
  }
  const bundle = `${folder}/worker.js`;
  const args = ["bundle", "--quiet", WORKER, "-o", bundle];
  const { success } = await new Deno.Command(DENO[0]!, { args, stderr: "inherit" }).output();
  if (!success) throw new Error("Cannot soak on Bun: the worker can't be bundled");
  return [bun, bundle];
}

async function work([program, ...args]: readonly string[], url: string): Promise<SoakResult> {
  const every = Math.max(1_000, Math.round(total / 5_000) * 1_000);
  const command = new Deno.Command(program!, {
    args: [...args, url, String(total), String(every)],
    stderr: "inherit",
    env: { NO_PROXY: "127.0.0.1" },
  });
  const { code, stdout } = await command.output();
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1);
  if (code !== 0 || !line) throw new Error(`The worker has ended with ${code}`);
  return JSON.parse(line);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The server has ended");
    text += value;
  }
  return text.split("\n", 1)[0]!;
}
