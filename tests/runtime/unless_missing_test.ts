import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { unlessMissing } from "../../src/runtime/unless_missing.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";

const fs = await import("node:fs/promises");

function failure(code: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { code }));
}

test("unlessMissing() returns the result of the operation, and undefined for a missing file", async () => {
  assertEquals(await unlessMissing(Promise.resolve(0)), 0);
  assertEquals(await unlessMissing(failure("ENOENT")), undefined);
});

test("unlessMissing() rejects with every other error, also one without a code", async () => {
  for (const error of [new Error("no"), null, "no"]) {
    const thrown = await unlessMissing(Promise.reject(error)).catch((reason: unknown) => reason);
    assertStrictEquals(thrown, error);
  }
  await assertRejects(() => unlessMissing(failure("ELOOP")), Error, "ELOOP");
  assertEquals(await unlessMissing(failure("ELOOP"), ["ENOENT", "ELOOP"]), undefined);
});

test("unlessMissing() recognizes a missing file by the errors of the runtime's own functions", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/none`;
  assertEquals(await unlessMissing(fs.stat(path)), undefined);
  await assertRejects(() => unlessMissing(fs.readFile(folder.path)));
  if (runtime !== "deno") return;
  for (
    const missing of [
      () => Deno.stat(path),
      () => Deno.lstat(path),
      () => Deno.open(path),
      () => Deno.remove(path),
      () => Deno.readFile(path),
    ]
  ) {
    assertEquals(await unlessMissing<unknown>(missing()), undefined);
  }
  await assertRejects(() => unlessMissing(Deno.readFile(folder.path)));
});
