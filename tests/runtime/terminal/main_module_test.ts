import { pathToFileURL } from "node:url";
import { assertEquals } from "@std/assert";
import { isMainModule } from "../../../src/runtime/terminal/main_module.ts";
import { asIn, NODE_22, NODE_GLOBALS, testElsewhere } from "../../support/globals.ts";
import { test } from "../../support/test.ts";

test("isMainModule() believes a runtime that tells", () => {
  assertEquals(isMainModule({ url: "file:///a.js", main: true }), true);
  assertEquals(isMainModule({ url: "file:///a.js", main: false }), false);
});

/** A Node that was started with files, where `/bin/slipstream` is a link to `/a b/main.js`. */
const nodeWith = (...files: string[]) => ({
  ...NODE_22,
  argv: ["/bin/node", ...files],
  getBuiltinModule(name: string) {
    if (name === "node:url") return { pathToFileURL };
    return {
      realpathSync(path: string) {
        if (path === "/missing") throw new Error("ENOENT");
        return path === "/bin/slipstream" ? "/a b/main.js" : path;
      },
    };
  },
});

testElsewhere("isMainModule() compares the file of the program on a Node that does not tell", async () => {
  const cases: readonly (readonly [isMain: boolean, ...files: string[]])[] = [
    [true, "/a b/main.js"],
    [true, "/bin/slipstream"],
    [false, "/a b/other.js", "/a b/main.js"],
    [false, "/missing"],
    [false],
  ];
  for (const [isMain, ...files] of cases) {
    await asIn({ ...NODE_GLOBALS, process: nodeWith(...files) }, () => {
      assertEquals(isMainModule({ url: "file:///a%20b/main.js" }), isMain, files.join(" "));
    });
  }
});

testElsewhere("isMainModule() is false where there are no programs", async () => {
  await asIn({ ...NODE_GLOBALS, process: undefined }, () => {
    assertEquals(isMainModule({ url: "https://h/a.js" }), false);
  });
});
