import { assert, assertEquals } from "@std/assert";
import { kvCache } from "../../src/cache/kv.ts";
import { read, type ReadCounts } from "../support/kv_process.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";

const PROGRAM = "tests/support/kv_process.ts";
const SUM: ReadCounts = { whole: 0, missed: 0, failed: 0, wrong: 0 };

function start(...args: string[]): Deno.ChildProcess {
  const command = ["run", "--quiet", "--allow-all", "--unstable-kv", PROGRAM, ...args];
  return new Deno.Command(Deno.execPath(), { args: command, stdin: "null", stdout: "piped" }).spawn();
}

/** Starts a writer, and resolves once it is writing. */
async function startWriter(file: string, seed: number): Promise<AsyncDisposable> {
  const writer = start("write", file, `${seed}`);
  const output = writer.stdout.getReader();
  assertEquals(new TextDecoder().decode((await output.read()).value), "writing\n");
  return {
    async [Symbol.asyncDispose]() {
      writer.kill("SIGKILL");
      await writer.status;
      while (!(await output.read()).done);
    },
  };
}

/** Reads while two writers write, kills them in the middle, and reads what they have left. */
async function crash(file: string, round: number): Promise<ReadCounts[]> {
  const output = await readWhileWriting(file, round);
  using kv = await Deno.openKv(file);
  return [JSON.parse(output), await read(kv, 2)];
}

async function readWhileWriting(file: string, round: number): Promise<string> {
  await using _first = await startWriter(file, 2 * round);
  await using _second = await startWriter(file, 2 * round + 1);
  const { code, stdout } = await start("read", file, "40").output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout);
}

// Bun has no store in a file.
if (runtime === "deno") {
  test("kvCache() gives whole entries only, with two writers that are killed and a reader on one file", async () => {
    await using folder = await tempFolder();
    const file = `${folder.path}/store`;
    const total = { ...SUM };
    for (const counts of await crash(file, 0)) {
      for (const name of Object.keys(SUM) as (keyof ReadCounts)[]) total[name] += counts[name];
    }
    assertEquals([total.wrong, total.missed], [0, 0]);
    assert(total.whole > 20);
    using kv = await Deno.openKv(file);
    // A kill leaves whole entries or none.
    assertEquals((await kvCache(kv).sweep?.())?.removed, 0);
  });
}
