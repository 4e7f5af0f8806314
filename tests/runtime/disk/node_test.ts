import { assertEquals, assertThrows } from "@std/assert";
import { nodeDisk } from "../../../src/runtime/disk/node.ts";
import { asIn, NODE_22, testElsewhere } from "../../support/globals.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

test("nodeDisk() gives a new file the permissions of others in its folder", async () => {
  await using folder = await tempFolder();
  const fs = await import("node:fs/promises");
  await folder.write("other", "");
  const file = await nodeDisk().create(`${folder.path}/file`);
  await file.close();

  const [mode, usual] = await Promise.all(["file", "other"].map((name) => fs.stat(`${folder.path}/${name}`)));
  assertEquals(mode!.mode, usual!.mode);
});

testElsewhere("nodeDisk() says from which version on a runtime has files", async () => {
  await asIn({ process: NODE_22 }, () => {
    assertThrows(() => nodeDisk(), TypeError, "or is older than Node.js 20.16 and 22.3, or Bun 1.2.6");
  });
});
