import { assertEquals } from "@std/assert";
import { folderOf, namesOpenFiles } from "../../../src/runtime/files/open_file_names.ts";
import { test } from "../../support/test.ts";

test("namesOpenFiles() is true for folders whose names stand for open files, and for no others", () => {
  for (const folder of ["/dev", "/dev/fd", "/proc/self/fd", "/proc/12/fd", "/proc/self"]) {
    assertEquals([folder, namesOpenFiles(folder)], [folder, true]);
  }
  for (
    const folder of ["/", "/dev/shm", "/dev/fd/x", "/develop", "/home/dev", "/proc", "/procs/a", "dev", "."]
  ) {
    assertEquals([folder, namesOpenFiles(folder)], [folder, false]);
  }
});

test("folderOf() returns the folder of a path", () => {
  assertEquals(["/dev/stdout", "/a", "a", "a/b/c"].map(folderOf), ["/dev", "/", ".", "a/b"]);
});
