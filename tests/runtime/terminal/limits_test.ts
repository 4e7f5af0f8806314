import { assertEquals } from "@std/assert";
import { openFilesLimit } from "../../../src/runtime/terminal/limits.ts";
import { test } from "../../support/test.ts";

const listOf = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\n` +
  `Max processes             63000                63000                processes\n` +
  `Max open files            ${soft}                 1048576              files\n`;

test("openFilesLimit() reads the soft limit of open files", async () => {
  assertEquals(await openFilesLimit(() => Promise.resolve(listOf("1024"))), 1_024);
  assertEquals(await openFilesLimit(() => Promise.resolve(listOf("unlimited"))), Infinity);
});

test("openFilesLimit() knows nothing where there is no list, or another one", async () => {
  assertEquals(await openFilesLimit(() => Promise.reject(new Error("no /proc"))), undefined);
  assertEquals(await openFilesLimit(() => Promise.resolve("Max processes 1 1\n")), undefined);
  assertEquals(await openFilesLimit(() => Promise.resolve("")), undefined);
});
