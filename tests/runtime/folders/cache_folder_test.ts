import { assertEquals } from "@std/assert";
import { cacheFolder } from "../../../src/runtime/folders/cache_folder.ts";
import type { UserFolders } from "../../../src/runtime/folders/contract.ts";
import { currentFolders } from "../../../src/runtime/folders/current.ts";
import { test } from "../../support/test.ts";

type Variables = Readonly<Record<string, string | null>>;

function folderOn(system: string, variables: Variables, mayUse: UserFolders["mayUse"] = () => true) {
  return cacheFolder("program/part", { system, env: (name) => variables[name], mayUse });
}

test("cacheFolder() is the system's usual folder", () => {
  assertEquals(folderOn("linux", { HOME: "/home/a" }), "/home/a/.cache/program/part");
  assertEquals(folderOn("freebsd", { HOME: "/home/a/" }), "/home/a/.cache/program/part");
  assertEquals(folderOn("darwin", { HOME: "/Users/a" }), "/Users/a/Library/Caches/program/part");
  const local = "C:\\Users\\a\\AppData\\Local";
  assertEquals(folderOn("windows", { LOCALAPPDATA: local, HOME: "/home/a" }), `${local}/program/part`);
});

test("cacheFolder() is below XDG_CACHE_HOME on every system, if that is an absolute path", () => {
  for (const system of ["linux", "darwin", "windows"]) {
    const variables = { HOME: "/home/a", LOCALAPPDATA: "C:\\a" };
    assertEquals(folderOn(system, { ...variables, XDG_CACHE_HOME: "/x/" }), "/x/program/part");
    for (const ignored of ["", "x", "./x", "~/x", "C:x"]) {
      assertEquals(folderOn(system, { ...variables, XDG_CACHE_HOME: ignored }), folderOn(system, variables));
    }
  }
  assertEquals(folderOn("windows", { XDG_CACHE_HOME: "D:\\x\\" }), "D:\\x/program/part");
});

test("cacheFolder() is undefined without a home, without a permission, and in edge workers", () => {
  assertEquals(folderOn("linux", {}), undefined);
  assertEquals(folderOn("linux", { HOME: "" }), undefined);
  assertEquals(folderOn("linux", { HOME: "home" }), undefined);
  assertEquals(folderOn("linux", { HOME: null }), undefined);
  assertEquals(folderOn("linux", { HOME: "/home/a", XDG_CACHE_HOME: null }), undefined);
  assertEquals(folderOn("windows", { HOME: "/home/a" }), undefined);
  assertEquals(folderOn("linux", { HOME: "/home/a", DENO_DEPLOYMENT_ID: "x" }), undefined);
  assertEquals(
    folderOn("linux", { HOME: "/home/a", DENO_DEPLOYMENT_ID: null }),
    "/home/a/.cache/program/part",
  );
  const asked: string[] = [];
  assertEquals(folderOn("linux", { HOME: "/home/a" }, (path) => asked.push(path) === 0), undefined);
  assertEquals(asked, ["/home/a/.cache/program/part"]);
  assertEquals(cacheFolder("program/part", undefined), cacheFolder("program/part", currentFolders()));
});
