import { assert, assertEquals } from "@std/assert";
import { fitCapacity } from "../../src/cli/capacity.ts";
import { test } from "../support/test.ts";

test("fitCapacity() warns of nothing where the descriptors suffice, or their number is unknown", () => {
  const plenty = { descriptors: 1_024, requests: 256, writesFiles: false };
  for (const concurrency of [1, 20, 256]) assertEquals(fitCapacity(concurrency, plenty), { concurrency });
  assertEquals(
    fitCapacity(20_000, { descriptors: undefined, requests: Infinity, writesFiles: true }),
    { concurrency: 20_000 },
  );
});

test("fitCapacity() leaves a descriptor for each file, because a file can't wait for one as a connection can", () => {
  const few = { descriptors: 1_024, requests: Infinity };
  assertEquals(fitCapacity(600, { ...few, writesFiles: false }), { concurrency: 600 });
  assertEquals(fitCapacity(492, { ...few, writesFiles: true }), { concurrency: 492 });
  assertEquals(fitCapacity(600, { ...few, writesFiles: true }), {
    concurrency: 492,
    warning:
      "--concurrency 600 may need 1,240 open files and sockets, and the limit is 1,024 (ulimit -n): 492 at once",
  });
  assertEquals(fitCapacity(1_000, { ...few, writesFiles: false }), {
    concurrency: 1_000,
    warning: "--concurrency 1000 may need 1,040 open files and sockets, and the limit is 1,024 (ulimit -n)",
  });
});

test("fitCapacity() allows one request at a time where there are hardly any descriptors", () => {
  for (const descriptors of [0, 12, 40, 41, 43]) {
    const { concurrency, warning } = fitCapacity(20, { descriptors, requests: Infinity, writesFiles: true });
    assertEquals([concurrency, warning?.endsWith(`is ${descriptors} (ulimit -n): 1 at once`)], [1, true]);
  }
});

test("fitCapacity() warns of how many requests the runtime sends at once, and counts no descriptors for more", () => {
  assertEquals(fitCapacity(500, { descriptors: 100_000, requests: 256, writesFiles: true }), {
    concurrency: 256,
    warning: "--concurrency 500 is more than this runtime sends at once: 256",
  });
  const { concurrency, warning } = fitCapacity(500, { descriptors: 300, requests: 256, writesFiles: true });
  assertEquals(concurrency, 130);
  assert(warning?.startsWith("--concurrency 500 may need 552 open files and sockets, "), warning);
});
