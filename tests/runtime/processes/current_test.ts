import { assertEquals, assertStringIncludes } from "@std/assert";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { currentProcesses } from "../../../src/runtime/processes/current.ts";
import { test } from "../../support/test.ts";

test("currentProcesses() makes temporary folders, each another one", async () => {
  const files = currentFiles();
  const processes = currentProcesses();
  const [first = "", second = ""] = [await processes.makeTempFolder(), await processes.makeTempFolder()];
  assertStringIncludes(first, "slipstream-");
  assertEquals([first === second, await files.list(first), await files.list(second)], [false, [], []]);
  assertEquals([await files.removeFolder(first), await files.removeFolder(second)], [true, true]);
});
