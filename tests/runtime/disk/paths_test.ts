import { assertEquals } from "@std/assert";
import { pathsOf } from "../../../src/runtime/disk/paths.ts";
import { test } from "../../support/test.ts";

const paths = pathsOf(false, () => "/home/me");

test("Paths.resolve() makes a POSIX path absolute, and takes out all that leads nowhere", () => {
  const cases = {
    "/a/b.json": "/a/b.json",
    "/a/...": "/a/...",
    "/a/.b": "/a/.b",
    "a": "/home/me/a",
    "": "/home/me",
    ".": "/home/me",
    "..": "/home",
    "/": "/",
    "//a///b/": "/a/b",
    "/a/./b/../c": "/a/c",
    "/a/b/..": "/a",
    "/../../a": "/a",
    "../x/./y": "/home/x/y",
  };
  for (const [path, expected] of Object.entries(cases)) assertEquals(paths.resolve(path), expected, path);
});

test("Paths.join() puts the folder and the name of a POSIX path together again", () => {
  for (const path of ["/a", "/a/b", "/a/b/c.json"]) {
    assertEquals(paths.join(paths.dirname(path), paths.basename(path)), path);
  }
});
