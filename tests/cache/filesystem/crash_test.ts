import { assert, assertEquals } from "@std/assert";
import { test } from "../../support/test.ts";
import { isInstalled } from "../../support/program.ts";
import { crash, MIXTURES } from "./crash.ts";

const ROUNDS = 4;

// A machine may have only one of the runtimes.
const installed = { deno: await isInstalled("deno"), bun: await isInstalled("bun") };

for (const mixture of MIXTURES.filter((names) => names.every((name) => installed[name]))) {
  test(`filesystemCache() survives kill -9 of two writers under a reader: ${mixture.join(", ")}`, async () => {
    const { reads, entries, unreadable, unswept, swept } = await crash(ROUNDS, mixture);
    assertEquals({ corrupt: reads.corrupt, errors: reads.errors }, { corrupt: 0, errors: 0 });
    assertEquals({ unreadable, unswept }, { unreadable: 0, unswept: 0 });
    assert(entries > 0 && reads.hits > 0 && swept <= entries, JSON.stringify({ entries, reads, swept }));
  });
}
