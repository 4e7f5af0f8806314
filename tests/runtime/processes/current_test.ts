import { assertEquals, assertStringIncludes } from "@std/assert";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { currentProcesses } from "../../../src/runtime/processes/current.ts";
import { bundleProgram, startProgram } from "../../support/program.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { runtime, test } from "../../support/test.ts";

const RUN_TWICE = `[]\n0 ["again","--flag","a b"]\n`;

test("currentProcesses() makes temporary folders, each another one", async () => {
  const files = currentFiles();
  const processes = currentProcesses();
  const [first = "", second = ""] = [await processes.makeTempFolder(), await processes.makeTempFolder()];
  assertStringIncludes(first, "slipstream-");
  assertEquals([first === second, await files.list(first), await files.list(second)], [false, [], []]);
  assertEquals([await files.removeFolder(first), await files.removeFolder(second)], [true, true]);
});

test("currentProcesses() runs the program again, with other arguments", async () => {
  await using folder = await tempFolder();
  await bundleProgram(folder, "run_self");
  assertEquals(await startProgram(folder, runtime, "run_self", ".").ended, RUN_TWICE);
});

if (runtime === "bun") {
  test("currentProcesses() runs a program again that was compiled into an executable", async () => {
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const { execPath } = await import("node:process");
    await using folder = await tempFolder();
    await bundleProgram(folder, "run_self");
    const program = `${folder.path}/run_self`;
    await promisify(execFile)(execPath, ["build", "--compile", `${program}.js`, "--outfile", program]);
    assertEquals((await promisify(execFile)(program, [folder.path])).stdout, RUN_TWICE);
  });
}
