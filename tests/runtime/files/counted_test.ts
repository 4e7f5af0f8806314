import { assertEquals, assertRejects } from "@std/assert";
import { pendingRealWork } from "../../../src/primitives/real_work.ts";
import type { Files } from "../../../src/runtime/files/contract.ts";
import { countedFiles } from "../../../src/runtime/files/counted.ts";
import { test } from "../../support/test.ts";

const OPERATIONS = [
  ...[
    "read",
    "readStart",
    "create",
    "rename",
    "remove",
    "info",
    "touch",
    "list",
    "makeFolder",
    "removeFolder",
  ],
] as readonly (keyof Files)[];

for (const operation of OPERATIONS) {
  test(`countedFiles() counts ${operation}() while it is under way, and hands on what it is given and gives`, async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const calls: unknown[][] = [];
    const call = (answer: Promise<unknown>) => {
      const files = { [operation]: (...args: unknown[]) => (calls.push(args), answer) } as unknown as Files;
      return (countedFiles(files)[operation] as (...args: unknown[]) => Promise<unknown>)("path", "second");
    };
    const before = pendingRealWork();
    const result = call(promise);
    assertEquals(pendingRealWork() - before, 1);
    resolve("result");
    assertEquals([await result, pendingRealWork() - before], ["result", 0]);
    await assertRejects(() => call(Promise.reject(new Error("EIO"))), Error, "EIO");
    assertEquals(pendingRealWork() - before, 0);
    const takesTwo = ["readStart", "create", "rename", "touch"].includes(operation);
    assertEquals(calls[0], takesTwo ? ["path", "second"] : ["path"]);
  });
}
