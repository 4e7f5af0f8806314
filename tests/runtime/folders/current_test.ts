import { assertEquals } from "@std/assert";
import { denoFolders } from "../../../src/runtime/folders/deno.ts";
import { currentFolders } from "../../../src/runtime/folders/current.ts";
import { asIn, NODE_GLOBALS, testElsewhere } from "../../support/globals.ts";
import { runtime, test } from "../../support/test.ts";

interface ProcessGlobal {
  readonly env: Record<string, string | undefined>;
}

const { env } = (globalThis as unknown as { process: ProcessGlobal }).process;

test("currentFolders() reads variables, and has the process's permissions", () => {
  const folders = currentFolders()!;
  env.SLIPSTREAM_TEST_FOLDER = "value";
  assertEquals(folders.env("SLIPSTREAM_TEST_FOLDER"), "value");
  delete env.SLIPSTREAM_TEST_FOLDER;
  assertEquals(folders.env("SLIPSTREAM_TEST_FOLDER"), undefined);
  assertEquals([typeof folders.system, folders.mayUse("/tmp/x")], ["string", true]);
});

testElsewhere("currentFolders() are those of the user on Node, and undefined in a browser", async () => {
  await asIn(NODE_GLOBALS, () => {
    const folders = currentFolders()!;
    assertEquals([folders.system, folders.env("SOME"), folders.mayUse("/x")], ["linux", "value", true]);
  });
  await asIn({ ...NODE_GLOBALS, process: undefined }, () => assertEquals(currentFolders(), undefined));
});

if (runtime === "deno") {
  Deno.test({
    name: "denoFolders asks nobody, and takes what is not granted, or not all of it, as refused",
    permissions: { read: ["/tmp"], write: ["/tmp/here"], env: ["SOME"] },
    fn: () => {
      assertEquals([denoFolders.env("SOME"), denoFolders.env("OTHER")], [undefined, null]);
      assertEquals(
        ["/tmp/here", "/tmp/here/below", "/tmp/there", "/elsewhere"].map(denoFolders.mayUse),
        [true, true, false, false],
      );
    },
  });
}
